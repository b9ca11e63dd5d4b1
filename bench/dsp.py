"""Filters as pipelines on an ECP5-85F, beside Verilog by hand: python bench/dsp.py [ROW...].

Each row is compiled for a clock, synthesised by Yosys, and placed and routed by nextpnr five times,
from five seeds; the clock in the table is the median. The figures by hand are of the same functions
on the same device by the same tools (speed grade 6), tuned for clock: an adaptive filter whose
registers, adaptation delay and multipliers are chosen by hand, and a symmetric filter likewise.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import scipy.signal
from rich.console import Console
from rich.table import Table

from boards.board import ADDERS_FILE, ECP5
from boards.toolchain import find
from catgrad import Dtype, Fixed, Formats, NdArrayType, Spatial, compile_hardware, dsp, layers
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.elementwise import scale
from catgrad.bidirectional.functor import Dual
from catgrad.bidirectional.learning import MSE, Loss, Rule
from catgrad.bidirectional.linear import subtract
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import canonical, identity, twist
from catgrad.core.operation import Rounding
from catgrad.core.types import obj, op
from catgrad.hardware import Hardware, PipelineReport
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback

ONE = NdArrayType((1,), Dtype.float32)


@dataclass(frozen=True)
class Row:
    """A filter, the clock to compile it for, and what is known of the one by hand.

    The figures are the clock in MHz, cells, flip-flops and multipliers.
    """

    name: str
    hardware: Callable[[float], Hardware]
    clock: float
    by_hand: tuple[float, int, int, int]


class Error(Loss):
    """In reverse a prediction and its target become the target less the prediction."""

    def rev(self) -> OpenHypergraph:
        T = obj(self.T)
        return twist(T, T) >> subtract(T)

    def value(self) -> OpenHypergraph:
        return MSE(self.T).value()


@dataclass(frozen=True)
class Follow(Rule):
    """``p + rate * g``: towards where an `Error` points, with no sign to be turned."""

    rate: float

    def rev(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda p, g: p + self.rate * g)


def window(taps: int) -> OpenHypergraph:
    """The last samples, the newest first."""
    S, W = NdArrayType((taps - 1,), Dtype.float32), NdArrayType((taps,), Dtype.float32)

    def body(before: Wire, x: Wire) -> tuple[Wire, Wire]:
        joined = call(B.Concatenate((ONE, S), 0), x, before)
        return call(B.Slice.along(W, 0, 0, taps - 1), joined), call(B.Reshape(W, ONE + W), joined)

    return feedback(program(obj(S, ONE), body), 0, "window")


def adaptive(clock: float, taps: int = 16) -> Hardware:
    """Delayed LMS of 16-bit data and 24-bit weights, of which a product takes the upper 18 bits.

    Nothing between the error and the weights is rounded but the new weights themselves.
    """
    TAPS = NdArrayType((taps,), Dtype.float32)
    W = TAPS + ONE
    weights = layers.parameter(obj(W)) >> scale(1.0)(obj(W))
    model = window(taps) >> (identity(obj(ONE + TAPS)) @ weights) >> op(B.Compose(ONE, TAPS, ONE))
    data, stored, gradient = Fixed(16, 14), Fixed(24, 22), Fixed(33, 28)
    wires = {
        2: Dual(stored, gradient),
        3: Dual(stored, gradient),
        12: Dual(Fixed(18, 16), gradient),
        13: Dual(data, Fixed(17, 14)),
    }
    formats = Formats.uniform(16, 14, weights=stored, rounding=Rounding.TRUNCATE).with_wires(wires)
    schedule = Spatial(clock=clock, family="ecp5", delay=12, always=True)
    rule, loss = canonical(lambda T: op(Follow(T, 2**-6))), canonical(lambda T: op(Error(T)))
    return compile_hardware(model, rule, loss, formats, schedule)


def symmetric(clock: float) -> Hardware:
    """A low-pass filter of 63 taps, whose equal coefficients share multipliers."""
    model = dsp.fir(scipy.signal.firwin(63, 0.25), form="symmetric", bits=15)
    schedule = Spatial(clock=clock, family="ecp5")
    return compile_hardware(model, layers.sgd(0), layers.mse, Formats.uniform(16, 15), schedule)


ROWS = {
    "lms": Row("16-tap LMS, delayed by 12", adaptive, 165e6, (191, 1654, 1598, 32)),
    "fir": Row("63-tap symmetric FIR", symmetric, 220e6, (238, 1302, 2791, 25)),
}


def place_and_route(name: str, hardware: Hardware, seeds: Sequence[int]) -> tuple[float, list[int]]:
    """The median clock in MHz, and cells, flip-flops and multipliers."""
    folder = Path("build/dsp") / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "learner.v").write_text(hardware.verilog())
    (folder / ADDERS_FILE.name).write_text(ADDERS_FILE.read_text())
    (folder / "synth.ys").write_text(
        f"read_verilog -sv learner.v\nhierarchy -top learner\n{ECP5.before_synthesis}\n"
        "synth_ecp5 -top learner -json learner.json\n"
    )
    subprocess.run([*find("yosys"), "-q", "synth.ys"], cwd=folder, check=True)
    clocks = []
    for seed in seeds:
        options = "--85k --speed 6 --package CABGA381 --lpf-allow-unconstrained --freq 250 -q"
        report = f"--json learner.json --seed {seed} --timing-allow-fail --report {seed}.json"
        command = [*find("nextpnr-ecp5"), *options.split(), *report.split()]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        result = json.loads((folder / f"{seed}.json").read_text())
        clocks += [clock["achieved"] for clock in result["fmax"].values()]
    kinds = ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D")
    return median(clocks), [result["utilization"][kind]["used"] for kind in kinds]


def main() -> None:
    parser = argparse.ArgumentParser(description=re.split(r"\n\n", __doc__ or "")[0])
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="all unless named")
    parser.add_argument("--seeds", type=int, default=5, help="how many places to start from")
    options = parser.parse_args()
    table = Table("", "MHz", "cells", "FF", "multipliers", "by hand", "clock", "cells", "FF")
    for name in options.rows or ROWS:
        row = ROWS[name]
        hardware = row.hardware(row.clock)
        report = hardware.report()
        assert isinstance(report, PipelineReport)
        assert report.interval == 1
        clock, counts = place_and_route(name, hardware, range(1, options.seeds + 1))
        ratios = [mine / theirs for mine, theirs in zip([clock, *counts], row.by_hand, strict=True)]
        table.add_row(
            row.name,
            f"{clock:.1f}",
            *map(str, counts),
            ", ".join(map(str, row.by_hand)),
            *(f"{ratio:.2f}" for ratio in ratios[:3]),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
