// Sends bytes over a serial line to a design, with a pause after each request, and prints the
// bytes that come back.
`timescale 1ns / 1ps

module bench;
  localparam DIVISOR = `DIVISOR, COUNT = `COUNT, PAUSE = `PAUSE;
  localparam LAST = 256;  // Marks the last byte of a request.

  reg clk = 0;
  always #20 clk = !clk;

  reg rx = 1;
  wire clk_pin = clk, rx_pin = rx;
  wire tx;
  `DESIGN

  reg [8:0] bytes[0:COUNT-1];
  integer i, j;
  initial begin
    $readmemh("requests.hex", bytes);
    repeat (1000) @(negedge clk);
    for (i = 0; i < COUNT; i = i + 1) begin
      for (j = -1; j <= 8; j = j + 1) begin
        rx = j < 0 ? 0 : j == 8 ? 1 : bytes[i][j];
        repeat (DIVISOR) @(negedge clk);
      end
      if (bytes[i] & LAST) repeat (PAUSE) @(negedge clk);
    end
    $finish;
  end

  reg [7:0] answer;
  integer k;
  always @(negedge tx) begin
    repeat (DIVISOR / 2) @(negedge clk);
    for (k = 0; k < 8; k = k + 1) begin
      repeat (DIVISOR) @(negedge clk);
      answer[k] = tx;
    end
    repeat (DIVISOR) @(negedge clk);
    $display("%h", answer);
  end
endmodule
