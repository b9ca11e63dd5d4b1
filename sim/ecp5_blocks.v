// What the blocks of an ECP5 do of which Yosys has the ports alone, as far as they are used: with
// one clock, and the memory without resets and without registers behind it. No document of Lattice
// is behind this: it is what synthesis takes them for, in techlibs/lattice of Yosys. Whether the
// device agrees, only a board can say.
//
// - The memory follows brams_16kd.txt (widths, bytes, what a port reads that writes) and
//   brams_map_16kd.v (ports, and where initial values are).
// - The multiplier follows dsp_map_18x18.v: 18 by 18 bits to 36, either operand signed or not. Its
//   registers Yosys never uses. That they lie behind the operands, inside and behind the product,
//   on CLK0, CE0 and RST0, the latter synchronous, is read from the names and the default values
//   of its parameters in cells_bb_ecp5.v.
// - Not here: operand C, the chains from block to block, further clocks, enables and resets.

// A word of 9 bits is one of 2,048 bytes of 9 bits, one of 18 or 36 is two or four of them, and one
// of 1, 2 or 4 is a part of the low 8 bits of a byte. A port of 36 bits takes the data of both.
module ecp5_memory #(
  parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18,
  parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL",
  parameter [20479:0] INITIAL = 0
) (
  input CLKA, CEA, WEA, RSTA, CLKB, CEB, WEB, RSTB,
  input [13:0] ADA, ADB,
  input [17:0] DIA, DIB,
  output [17:0] DOA, DOB
);
  reg bits[0:18431];
  integer i;
  initial for (i = 0; i < 18432; i = i + 1) bits[i] = INITIAL[i/18*20 + i%18];

  function integer place(input integer width, input [13:0] address);
    place = width < 9 ? address / 8 * 9 + address % 8 : address / (width / 9 * 8) * width;
  endfunction

  // Each byte of a word of 18 or 36 bits has an enable, one of the low bits of the address.
  function enabled(input integer width, input integer index, input [13:0] address);
    enabled = index >= 0 && index < width && (width < 18 || address[index/9]);
  endfunction

  // What two ports give that meet at a bit, one of them to write it, synthesis must not rely on.
  task automatic access(
    input integer width, input integer other_width,
    input [13:0] address, input [13:0] other_address,
    input write, input other_write, input [127:0] mode, input [35:0] data, inout [35:0] seen
  );
    integer k, spot;
    reg write_k, clash;
    for (k = 0; k < width; k = k + 1) begin
      spot = place(width, address) + k;
      write_k = write && enabled(width, k, address);
      clash = other_write
        && enabled(other_width, spot - place(other_width, other_address), other_address);
      if (clash) seen[k] = 1'bx;
      else if (!write || mode == "READBEFOREWRITE") seen[k] = bits[spot];
      else if (mode == "WRITETHROUGH") seen[k] = write_k ? data[k] : bits[spot];
      if (write_k) bits[spot] <= clash ? 1'bx : data[k];
    end
  endtask

  reg [35:0] a = 0, b = 0, next_a, next_b;
  always @(posedge CLKA) if (CEA) begin
    next_a = a;
    access(DATA_WIDTH_A, DATA_WIDTH_B, ADA, ADB, WEA, CEB && WEB, WRITEMODE_A, {DIB, DIA}, next_a);
    a <= next_a;
  end
  always @(posedge CLKB) if (CEB) begin
    next_b = b;
    access(DATA_WIDTH_B, DATA_WIDTH_A, ADB, ADA, WEB, CEA && WEA, WRITEMODE_B, {DIA, DIB}, next_b);
    b <= next_b;
  end
  assign DOA = RSTA ? 18'bx : DATA_WIDTH_B == 36 ? b[17:0] : a[17:0];
  assign DOB = RSTB ? 18'bx : DATA_WIDTH_B == 36 ? b[35:18] : b[17:0];
endmodule

module ecp5_multiplier #(
  parameter REG_INPUTA_CLK = "NONE", REG_INPUTB_CLK = "NONE",
  parameter REG_PIPELINE_CLK = "NONE", REG_OUTPUT_CLK = "NONE"
) (
  input CLK0, CE0, RST0, SIGNEDA, SIGNEDB,
  input [17:0] A, B,
  output [35:0] P
);
  wire signed [18:0] a = {SIGNEDA & A[17], A};
  wire signed [18:0] b = {SIGNEDB & B[17], B};
  reg signed [18:0] a_held = 0, b_held = 0;
  reg [35:0] middle_held = 0, product_held = 0;
  wire signed [18:0] a_now = REG_INPUTA_CLK == "NONE" ? a : a_held;
  wire signed [18:0] b_now = REG_INPUTB_CLK == "NONE" ? b : b_held;
  wire [35:0] product = a_now * b_now;
  wire [35:0] middle = REG_PIPELINE_CLK == "NONE" ? product : middle_held;
  assign P = REG_OUTPUT_CLK == "NONE" ? middle : product_held;
  always @(posedge CLK0)
    if (RST0) {a_held, b_held, middle_held, product_held} <= 0;
    else if (CE0) begin
      a_held <= a;
      b_held <= b;
      middle_held <= product;
      product_held <= middle;
    end
endmodule
