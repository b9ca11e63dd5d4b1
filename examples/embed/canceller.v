// A noise canceller, around the exported core `lms`: a design of its own that uses a learner.
//
//   noise ──┬── acoustic path ──(+)── microphone ──(-)── what is left: the voice
//           │                    │                  │
//           │                  voice                │
//           └── last 4 ── lms ── prediction ────────'
//
// The learner hears the noise alone, is told what the microphone hears, and learns what becomes of
// the noise on its way. The green light goes on when only the voice is left. While the button is
// held, nothing is learned.
//
// Everything here is a number of 16 bits, 14 of them after the binary point, as in the core.
module canceller #(
    parameter PACE = 40  // clock cycles from sample to sample, no fewer than the core needs
) (
    input  clk,
    input  button_n,
    output light_n
);
  // The core is reset for the first cycles.
  reg [3:0] count = 0;
  wire running = &count;
  always @(posedge clk) if (!running) count <= count + 1;

  // The button, through two registers, since it belongs to no clock.
  reg [1:0] button = 0;
  always @(posedge clk) button <= {button[0], !button_n};

  reg [7:0] pace = 0;
  wire sample = running && pace == PACE - 1;
  always @(posedge clk) pace <= !running || sample ? 0 : pace + 1;

  // White noise from -1/2 to 1/2: fourteen bits of a shift register with feedback, and the voice, a
  // square wave.
  reg [30:0] shift = 31'h2a5c31;
  integer step;
  always @(posedge clk)
    for (step = 0; step < 3; step = step + 1) shift = {shift[29:0], shift[30] ^ shift[27]};
  wire signed [15:0] noise = {{2{shift[13]}}, shift[13:0]};

  reg [6:0] phase = 0;
  wire signed [15:0] voice = phase[6] ? 16'sd2048 : -16'sd2048;

  // The last four of the noise, the newest first; and what the microphone hears of them.
  reg signed [15:0] heard[0:3];
  wire signed [15:0] path =
      (heard[0] >>> 1) + (heard[1] >>> 2) - (heard[2] >>> 3) + (heard[3] >>> 4);
  wire signed [15:0] microphone = path + voice;

  // A sample is four transfers of x and, where it is learned from, one of y.
  reg [2:0] sent = 4;
  wire x_valid = !sent[2];
  reg y_valid = 0, learn = 0;
  wire x_ready, y_ready, prediction_valid;
  wire signed [15:0] prediction;
  integer i;
  initial for (i = 0; i < 4; i = i + 1) heard[i] = 0;
  always @(posedge clk)
    if (sample) begin
      heard[0] <= noise;
      for (i = 1; i < 4; i = i + 1) heard[i] <= heard[i-1];
      phase <= phase + 1;
      sent <= 0;
      y_valid <= !button[1];
      learn <= !button[1];
    end else begin
      if (x_valid && x_ready) sent <= sent + 1;
      if (y_ready) y_valid <= 0;
    end

  lms lms_0 (
      .aclk(clk),
      .aresetn(running),
      .s_axis_x_tdata(heard[sent[1:0]]),
      .s_axis_x_tvalid(x_valid),
      .s_axis_x_tready(x_ready),
      .s_axis_x_tlast(sent == 3),
      .s_axis_x_tuser(learn),
      .s_axis_y_tdata(microphone),
      .s_axis_y_tvalid(y_valid),
      .s_axis_y_tready(y_ready),
      .s_axis_y_tlast(1'b1),
      .m_axis_prediction_tdata(prediction),
      .m_axis_prediction_tvalid(prediction_valid),
      .m_axis_prediction_tready(1'b1),
      .m_axis_prediction_tlast(),
      // Parameters and counters have ports that are not needed here.
      .load__payload(0),
      .load__valid(1'b0),
      .load__ready(),
      .fetch__payload(0),
      .fetch__valid(1'b0),
      .fetch__ready(),
      .fetched__payload(),
      .fetched__valid(),
      .fetched__ready(1'b0),
      .busy(),
      .samples(),
      .forward_saturations(),
      .learning_saturations()
  );

  // How much noise is left, on average over about 64 samples, with 6 more bits after the point.
  wire signed [15:0] left = microphone - prediction - voice;
  wire [15:0] size = left[15] ? -left : left;
  reg [21:0] level = 22'h3fffff;
  always @(posedge clk) if (prediction_valid) level <= level - (level >> 6) + {6'd0, size};

  assign light_n = !(level[21:6] < 16'd410);  // a fortieth
endmodule
