"""The README of a core says how long a prediction takes, waiting and all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catgrad import Formats, Spatial, dsp
from catgrad.export import Options, files
from catgrad.hardware import Hardware
from catgrad.hardware.exporting import description
from tests.export.cores import always, paced
from tests.export.tools import run

BENCH = """
module bench;
  reg clock = 0, resetn = 0, valid = 0;
  always #5 clock = !clock;
  wire x_ready, y_ready, found;
  integer cycle = 0, began, i;
  learner core (
    .aclk(clock), .aresetn(resetn),
    .s_axis_x_tdata({x}'d5), .s_axis_x_tvalid(valid), .s_axis_x_tready(x_ready),
    .s_axis_x_tlast(1'b1), {more}
    .m_axis_prediction_tvalid(found), .m_axis_prediction_tready(1'b1)
  );
  always @(posedge clock) cycle <= cycle + 1;
  initial begin
    repeat (4) @(negedge clock);
    resetn = 1;
    for (i = 0; i < 24; i = i + 1) begin
      repeat (50 + i) @(negedge clock);
      if (!x_ready) $fatal(1);
      valid = 1;
      began = cycle;
      @(negedge clock) valid = 0;
      while (!found) @(negedge clock);
      $display("%0d", cycle - began);
    end
    $finish;
  end
endmodule
"""


def sharing() -> Hardware:
    """A filter whose products share multipliers, four a block."""
    model = dsp.fir([0.3, 0.7, 0.9, 0.6, 0.2], bits=9)
    schedule = Spatial(clock=20e6, family="ecp5", interval=4)
    return dsp.Filter(model).hardware(Formats.uniform(12, 8), schedule)


@pytest.mark.parametrize("make", [sharing, paced, always])
def test_the_latency_of_the_readme_is_measured(make, tmp_path: Path) -> None:
    """From a transfer on AXI at any time, of x and y together, to the prediction."""
    core = description(make(), None, Options(streams="axi"), samples=1)
    texts = files(core)
    page = texts["README.md"]
    latency = int(
        re.search(r"^Latency (\d+) cycles, from the cycle in which a sample", page, re.M)[1]
    )
    waiting = re.search(
        r"Samples enter in one of \d+ cycles, which adds up to (\d+) cycles? of waiting\.", page
    )
    target = re.search(
        r"learned from enters at the earliest (\d) cycles? after its y was transferred\.", page
    )
    least = latency + (int(target[1]) if target else 0)
    most = least + (int(waiting[1]) if waiting else 0)
    (tmp_path / "learner.v").write_text(texts[core.simulated])
    y = f".s_axis_y_tdata({core.bits('y')}'d3), .s_axis_y_tvalid(valid)," if core.has("y") else ""
    y += " .s_axis_y_tready(y_ready), .s_axis_y_tlast(1'b1)," if core.has("y") else ""
    bench = BENCH.format(x=core.bits("x"), more=y)
    (tmp_path / "bench.v").write_text(bench)
    built = run("iverilog", "-g2005", "-o", "a.out", "bench.v", "learner.v", folder=tmp_path)
    assert built.returncode == 0, built.stdout
    done = run("vvp", "-n", "a.out", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    measured = list(map(int, re.findall(r"^\d+$", done.stdout, re.M)))
    assert len(measured) == 24
    assert (min(measured), max(measured)) == (least, most)
