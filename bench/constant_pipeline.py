"""A constant matrix as a pipeline on an ECP5, beside da4ml's: python bench/constant_pipeline.py.

The matrix of 16 x 16 of `bench/constant_weights.py`, a new input in every clock, inputs and outputs
in registers. da4ml's has a stage for each adder on the longest way; ours has those that the delay
model of the family asks for at a clock. Both are simulated, and then synthesised, placed and routed
by the same tools in the same way. They stand between registers that few pins suffice for, which are
not counted; see `Enclosed`.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from amaranth.back import verilog as backend
from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from constant_weights import VECTORS, WORK, Integers, mv16, row, theirs, unpacked
from place import ECP5_85F, TOP, Enclosed, place_and_route, synthesise

from catgrad.circuit import optimise
from catgrad.circuit.constants import ShiftAndAdd, shifts_and_adds
from catgrad.circuit.families import DELAYS
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.hdl.cells import window
from catgrad.hdl.layout import elements, layout_of
from catgrad.hdl.pipelined import pipelined
from catgrad.hdl.verilog import verilog


class Registered(wiring.Component):  # type: ignore[misc]  # Amaranth has no types
    """A pipeline between registers, its ports as packed arrays, called as da4ml calls them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._formats = pipeline.netlist.output("y").formats
        super().__init__(
            {
                "model_inp": In(layout_of(pipeline.netlist.input("x").formats)),
                "model_out": Out(layout_of(self._formats)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        x = Signal(self.model_inp.shape(), reset_less=True)
        y = Signal(self.model_out.shape(), reset_less=True)
        results = pipelined(m, self._pipeline, {"x": elements(x)})["y"]
        shown = [window(v, 0, f) for v, f in zip(results, self._formats, strict=True)]
        m.d.sync += [x.eq(self.model_inp), y.eq(Cat(*shown))]
        m.d.comb += self.model_out.eq(y)
        return m


class Network(wiring.Component):  # type: ignore[misc]
    """The Verilog module of this name, with so many bits in and out."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__({"model_inp": In(inputs), "model_out": Out(outputs)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        ports = {"i_model_inp": self.model_inp, "o_model_out": self.model_out}
        m.submodules.network = Instance("network", i_clk=ClockSignal(), **ports)
        return m


class Circuit(NamedTuple):
    """A pipeline in Verilog, and of each output: sign, bits before and after the binary point."""

    folder: Path
    files: list[Path]
    formats: list[list[int]]


def ours(how: ShiftAndAdd, clock: float, folder: Path) -> Circuit:
    """Ours for a clock in hertz."""
    netlist = optimise(shifts_and_adds(mv16().netlist(), how)[0])
    stages = pipeline(netlist, round(1e12 / clock), DELAYS["ecp5"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "network.v"
    path.write_text(verilog(Registered(stages), "network"))
    formats = [[int(s), w - s, 0] for w, s in netlist.output("y").formats]
    return Circuit(folder, [path], formats)


BENCH = """
module bench;
  reg clk = 0;
  reg [{inputs}-1:0] x [0:{vectors}-1];
  reg [{inputs}-1:0] model_inp;
  wire [{outputs}-1:0] model_out;
  integer i;
  network dut(.clk(clk), .model_inp(model_inp), .model_out(model_out));
  initial begin
    $readmemh("x.hex", x);
    for (i = 0; i < 2 * {vectors}; i = i + 1) begin
      model_inp = x[i % {vectors}];
      #1 clk = 1;
      #1 clk = 0;
      if (i >= {vectors}) $display("%b", model_out);
    end
  end
endmodule
"""


def latency(built: Circuit, x: Integers) -> int:
    """After how many cycles the Verilog shows what it should, in Icarus Verilog."""
    outputs = sum(map(sum, built.formats))
    bench = BENCH.format(inputs=8 * x.shape[1], outputs=outputs, vectors=len(x))
    (built.folder / "bench.v").write_text(bench)
    words = [int.from_bytes(row.tobytes(), "little") for row in x.astype(np.int8)]
    (built.folder / "x.hex").write_text("".join(f"{word:x}\n" for word in words))
    files = [str(path.resolve()) for path in built.files]
    compiler = ["iverilog", "-g2012", "-o", "bench.vvp", "-s", "bench", "bench.v", *files]
    subprocess.run(compiler, cwd=built.folder, check=True)
    done = subprocess.run(
        ["vvp", "-n", "bench.vvp"], cwd=built.folder, check=True, stdout=subprocess.PIPE, text=True
    )
    found = np.array([unpacked(line, built.formats) for line in done.stdout.split()])
    wanted = mv16()(x)
    cycles = [n for n in range(len(x)) if np.array_equal(found, np.roll(wanted, n, axis=0))]
    assert len(cycles) == 1, f"{built.folder.name} is wrong"
    return cycles[0] + 1


def measured(who: str, built: Circuit, x: Integers, seeds: Sequence[int]) -> None:
    """Verify, synthesise, place and route a pipeline, and print its row."""
    cycles = latency(built, x)
    enclosed = Enclosed(Network(8 * x.shape[1], sum(map(sum, built.formats))))
    top = backend.convert(enclosed.module(), name=TOP, ports=enclosed.pins, emit_src=False)
    source = "\n".join([*(path.read_text() for path in built.files), top])
    netlist = synthesise(ECP5_85F, built.folder, source)
    placed = place_and_route(ECP5_85F, built.folder, seeds, mhz=250)
    nets = netlist["netnames"].items()
    bits = [bit for name, n in nets if name.startswith("enclosing_") for bit in n["bits"]]
    around = {bit for bit in bits if isinstance(bit, int)}  # the others are constants
    row(
        who,
        cycles,
        f"{placed.clock:.0f} MHz",
        f"{placed.uses['logic cells'] - Enclosed.cells(ECP5_85F, netlist):,}",
        f"{placed.uses['flip-flops'] - len(around):,}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="A constant matrix as a pipeline on an ECP5.")
    parser.add_argument("--clock", type=float, default=200e6, help="what ours is made for, in Hz")
    parser.add_argument("--depth", type=int, default=6, help="of ours, in adders")
    parser.add_argument("--rounds", type=int, default=2000, help="how long ours is improved")
    parser.add_argument("--seeds", type=int, default=5, help="how many places to start from")
    given = parser.parse_args()
    x = np.random.default_rng(1).integers(-128, 128, (VECTORS, 16))
    seeds = range(1, given.seeds + 1)
    row("who", "cycles", "clock, median", "cells", "flip-flops")
    row(*["---"] * 5)
    how = ShiftAndAdd(given.depth, given.rounds)
    built = ours(how, given.clock, WORK / f"pipeline-{given.depth}-{given.clock / 1e6:g}")
    measured(f"ours, depth {given.depth}, for {given.clock / 1e6:g} MHz", built, x, seeds)
    for delay, said in ((-1, ""), (0, ", least depth")):
        found = theirs("da4ml", mv16(), delay, x, WORK / f"pipeline-da4ml-{delay}", 1)
        # There is no table in it, and the module of one asks for a file that is not there.
        files = [file for file in found.files if file.name != "lookup_table.v"]
        built = Circuit(found.folder, files, found.formats)
        measured(f"da4ml 0.6.0{said}", built, x, seeds)


if __name__ == "__main__":
    main()
