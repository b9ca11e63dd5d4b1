// The canceller stays noisy while the button is held, and cancels the noise once it may learn.
module canceller_tb;
  reg clk = 0;
  always #5 clk = !clk;

  reg button_n = 0;
  wire light_n;
  canceller canceller (
      .clk(clk),
      .button_n(button_n),
      .light_n(light_n)
  );

  initial begin
    repeat (40 * 300) @(posedge clk);
    $display("button held: level %0d, light %s", canceller.level[21:6], light_n ? "off" : "on");
    if (!light_n) $fatal(1, "the light is on before anything was learned");
    button_n = 1;
    repeat (40 * 2000) @(posedge clk);
    $display("after learning: level %0d, light %s", canceller.level[21:6], light_n ? "off" : "on");
    if (light_n) $fatal(1, "the noise was not cancelled");
    $display("PASS");
    $finish;
  end
endmodule
