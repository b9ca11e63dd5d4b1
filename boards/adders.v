// Each adder and subtractor is a carry chain of its own. Left to themselves, synth_ice40 and
// synth_ecp5 merge chains of them into compressor trees, which take more look-up tables than the
// carry chains that they save: half as many again for a dot product on an ECP5.

(* techmap_celltype = "$add $sub" *)
module adder (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";

  (* force_downto *)
  input [A_WIDTH-1:0] A;
  (* force_downto *)
  input [B_WIDTH-1:0] B;
  (* force_downto *)
  output [Y_WIDTH-1:0] Y;

`ifdef ECP5
  wire _TECHMAP_FAIL_ = Y_WIDTH > 4;
`endif
  wire subtract = _TECHMAP_CELLTYPE_ == "$sub";
  wire [Y_WIDTH-1:0] propagate, carry;

  \$alu #(
    .A_SIGNED(A_SIGNED),
    .B_SIGNED(B_SIGNED),
    .A_WIDTH(A_WIDTH),
    .B_WIDTH(B_WIDTH),
    .Y_WIDTH(Y_WIDTH)
  ) _TECHMAP_REPLACE_ (
    .A(A),
    .B(B),
    .BI(subtract),
    .CI(subtract),
    .X(propagate),
    .CO(carry),
    .Y(Y)
  );
endmodule

`ifdef ECP5
// On ECP5 a chain begins in half a cell, which makes the first carry out of nothing, so that both of
// its ends can be open, see below.
(* techmap_celltype = "$add $sub" *)
module carry_chain (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";

  (* force_downto *)
  input [A_WIDTH-1:0] A;
  (* force_downto *)
  input [B_WIDTH-1:0] B;
  (* force_downto *)
  output [Y_WIDTH-1:0] Y;

  wire _TECHMAP_FAIL_ = Y_WIDTH <= 4;

  localparam subtract = _TECHMAP_CELLTYPE_ == "$sub";
  localparam [15:0] FIRST = subtract ? 16'h000f : 16'h0000;
  localparam [15:0] BIT = subtract ? 16'h99aa : 16'h66aa;
  localparam CELLS = Y_WIDTH / 2 + 1;

  wire [Y_WIDTH-1:0] wide_a, wide_b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(wide_a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(wide_b));
  wire [2*CELLS-1:0] a = {wide_a, 1'b1};
  wire [2*CELLS-1:0] b = {wide_b, 1'b1};
  wire [2*CELLS-1:0] y;
  wire [CELLS:0] carry;
  assign Y = y[Y_WIDTH:1];

  genvar i;
  generate
    for (i = 0; i < CELLS; i = i + 1) begin : cells
      (* chain_begins = (i == 0) ? 1 : 0, chain_ends = (i == CELLS - 1) ? 1 : 0 *)
      CCU2C #(
        .INIT0(i == 0 ? FIRST : BIT),
        .INIT1(BIT),
        .INJECT1_0("NO"),
        .INJECT1_1("NO")
      ) two_bits (
        .CIN(carry[i]), .COUT(carry[i+1]), .S0(y[2*i]), .S1(y[2*i+1]),
        .A0(a[2*i]), .B0(b[2*i]), .C0(1'b1), .D0(1'b1),
        .A1(a[2*i+1]), .B1(b[2*i+1]), .C1(1'b1), .D1(1'b1)
      );
    end
  endgenerate
endmodule
`endif

// Behind synthesis, which connects every port: nextpnr-ecp5 puts a whole cell before a chain whose
// carry in is connected, and one behind a chain whose carry out is.
`ifdef ECP5_ENDS
(* techmap_celltype = "CCU2C" *)
module end_of_chain (CIN, COUT, A0, B0, C0, D0, A1, B1, C1, D1, S0, S1);
  parameter INIT0 = 0;
  parameter INIT1 = 0;
  parameter INJECT1_0 = "";
  parameter INJECT1_1 = "";
  input CIN, A0, B0, C0, D0, A1, B1, C1, D1;
  output COUT, S0, S1;

  CCU2C #(
    .INIT0(INIT0),
    .INIT1(INIT1),
    .INJECT1_0(INJECT1_0),
    .INJECT1_1(INJECT1_1)
  ) _TECHMAP_REPLACE_ (
`ifdef BEGINS
    .CIN(1'bx), .COUT(COUT),
`else
    .CIN(CIN), .COUT(1'bx),
`endif
    .A0(A0), .B0(B0), .C0(C0), .D0(D0), .S0(S0),
    .A1(A1), .B1(B1), .C1(C1), .D1(D1), .S1(S1)
  );
endmodule
`endif

// A carry that only a register takes gets a look-up table, which is in the cell of the register.
`ifdef ICE40_ENDS
(* techmap_celltype = "SB_CARRY" *)
module carry_out (I0, I1, CI, CO);
  input I0, I1, CI;
  output CO;
  wire carry;

  SB_CARRY _TECHMAP_REPLACE_ (.I0(I0), .I1(I1), .CI(CI), .CO(carry));
  SB_LUT4 #(.LUT_INIT(16'hff00)) through (.I0(1'b0), .I1(1'b0), .I2(1'b0), .I3(carry), .O(CO));
endmodule
`endif
