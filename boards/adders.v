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
