"""Filters as pipelines, beside Verilog by hand: python bench/dsp.py [ROW...].

Each row is compiled for a clock, synthesised by Yosys, and placed and routed by nextpnr five times,
from five seeds; the clock in the table is the median. The figures by hand are of the same functions
on the same device (ECP5-85F of speed grade 6, or UP5K) by the same tools, with registers, delays,
multipliers and formats chosen by hand for the clock. Of the clock there should be 85% at least, of
the cells, flip-flops and multipliers 125% at most.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import scipy.signal
from amaranth.back import rtlil
from place import ECP5_85F, TOP, UP5K, Device, Enclosed, place_and_route, synthesise
from rich.console import Console
from rich.table import Table

from catgrad import (
    Dtype,
    Fixed,
    Formats,
    NdArrayType,
    Serial,
    ShiftAndAdd,
    Spatial,
    compile_hardware,
    dsp,
    layers,
)
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.elementwise import scale
from catgrad.bidirectional.functor import Dual
from catgrad.bidirectional.learning import MSE, Loss, Rule
from catgrad.bidirectional.linear import subtract
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import canonical, identity, twist
from catgrad.core.operation import Rounding
from catgrad.core.types import obj, op
from catgrad.hardware import Hardware, PipelineReport, SerialReport
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback

ONE = NdArrayType((1,), Dtype.float32)


@dataclass(frozen=True)
class Row:
    """A filter, the clock to compile it for, and what is known of the one by hand.

    The figures are the clock in MHz, cells, flip-flops and multipliers, as far as they are known;
    `interval` is in how many cycles a sample follows another; for `mhz` place and route is asked.
    """

    name: str
    hardware: Callable[[float], Hardware]
    clock: float
    by_hand: tuple[float, int | None, int | None, int]
    interval: int = 1
    device: Device = ECP5_85F
    mhz: float = 250


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


def without_multipliers(clock: float) -> Hardware:
    """The same filter, transposed, so that all products are of one number: shifts and adds."""
    model = dsp.fir(scipy.signal.firwin(63, 0.25), form="transposed", bits=15, data=Fixed(16, 15))
    schedule = Spatial(clock=clock, family="ecp5", constants=ShiftAndAdd(depth=5))
    return compile_hardware(model, layers.sgd(0), layers.mse, Formats.uniform(16, 15), schedule)


def sections(clock: float, look_ahead: int = 1) -> Hardware:
    """A low-pass filter of order 8 in sections whose outputs have the bits that they need."""
    sos = dsp.balanced(scipy.signal.butter(8, 0.2, output="sos"))
    model = dsp.biquads(sos, bits=16, data=Fixed(16, 15), look_ahead=look_ahead)
    schedule = Spatial(clock=clock, family="ecp5")
    return compile_hardware(model, layers.sgd(0), layers.mse, Formats.uniform(16, 15), schedule)


def taking_turns(clock: float, taps: int = 8) -> Hardware:
    """Delayed LMS of 16-bit data, weights and errors: a product of each tap, and one of its update.

    Both are on one multiplier block. Nothing between the error and the weights is rounded but the
    new weights themselves.
    """
    TAPS = NdArrayType((taps,), Dtype.float32)
    W = TAPS + ONE
    weights = layers.parameter(obj(W))
    model = window(taps) >> (identity(obj(ONE + TAPS)) @ weights) >> op(B.Compose(ONE, TAPS, ONE))
    data, stored, gradient = Fixed(16, 14), Fixed(16, 15), Fixed(32, 27)
    wires = {
        2: Dual(stored, gradient),
        3: Dual(stored, gradient),
        11: Dual(data, Fixed(16, 13)),
    }
    formats = Formats.uniform(16, 14, weights=stored, rounding=Rounding.TRUNCATE).with_wires(wires)
    schedule = Spatial(clock=clock, family="ice40up", delay=7, always=True, interval=2)
    rule, loss = canonical(lambda T: op(Follow(T, 2**-6))), canonical(lambda T: op(Error(T)))
    return compile_hardware(model, rule, loss, formats, schedule)


def one_multiplier(_clock: float) -> Hardware:
    """Four biquads whose 20 products follow each other on one multiplier block."""
    sos = dsp.balanced(scipy.signal.butter(8, 0.2, output="sos"))
    formats = Formats.uniform(16, 14)
    return dsp.Filter(dsp.biquads(sos, bits=14)).hardware(formats, Serial(family="ice40"))


ROWS = {
    "lms": Row("16-tap LMS, delayed by 12", adaptive, 165e6, (191, 1654, 1598, 32)),
    "fir": Row("63-tap symmetric FIR", symmetric, 220e6, (238, 1302, 2791, 25)),
    "fir_adders": Row(
        "the same without multipliers", without_multipliers, 200e6, (209, 2290, 3248, 0)
    ),
    "biquads": Row("4 biquads", sections, 105e6, (116, 642, None, 12)),
    "biquads_ahead": Row(
        "4 biquads, look-ahead by 2", partial(sections, look_ahead=2), 150e6, (172, None, None, 28)
    ),
    "lms8": Row(
        "8-tap LMS, delayed by 7", taking_turns, 65.5e6, (77, 1277, None, 8), 2, UP5K, mhz=70
    ),
    "biquads_serial": Row(
        "4 biquads on one multiplier", one_multiplier, 55e6, (55, 442, None, 1), 20, UP5K, mhz=60
    ),
}


def measure(name: str, row: Row, seeds: Sequence[int]) -> tuple[float, list[int | None]]:
    """The median clock in MHz, and cells, flip-flops and multipliers.

    A UP5K has fewer pins than a filter: there it is enclosed, which counts for nothing, and
    flip-flops are part of the cells.
    """
    folder = Path("build/dsp") / name
    hardware = row.hardware(row.clock)
    report = hardware.report()
    assert isinstance(report, PipelineReport | SerialReport)
    assert report.interval == row.interval
    source = hardware.verilog()
    if row.device is UP5K:
        enclosed = Enclosed(hardware.component())
        source = rtlil.convert(enclosed.module(), name=TOP, ports=enclosed.pins, emit_src=False)
    netlist = synthesise(row.device, folder, source)
    placed = place_and_route(row.device, folder, seeds, row.mhz)
    cells = placed.uses["logic cells"]
    if row.device is UP5K:
        cells -= Enclosed.cells(row.device, netlist)
    return placed.clock, [cells, placed.uses.get("flip-flops"), placed.uses["multipliers"]]


def ratios(mine: Sequence[float | None], by_hand: Sequence[float | None]) -> list[float | None]:
    """Of each figure, how much of that by hand it is; None where there is nothing to compare."""

    def ratio(ours: float | None, theirs: float | None) -> float | None:
        if ours is None or theirs is None:
            return None
        return ours / theirs if theirs else math.inf if ours else None

    return [ratio(ours, theirs) for ours, theirs in zip(mine, by_hand, strict=True)]


def is_close(ratios: Sequence[float | None]) -> bool:
    """Whether a filter is as good as asked for."""
    clock, *uses = ratios
    return clock is not None and clock >= 0.85 and all(r is None or r <= 1.25 for r in uses)


def main() -> None:
    parser = argparse.ArgumentParser(description=re.split(r"\n\n", __doc__ or "")[0])
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="all unless named")
    parser.add_argument("--seeds", type=int, default=5, help="how many places to start from")
    options = parser.parse_args()
    figures = ("MHz", "cells", "FF", "multipliers")
    table = Table("", "device", "cycles", *figures, "by hand", *figures, "close")
    for name in options.rows or ROWS:
        row = ROWS[name]
        clock, counts = measure(name, row, range(1, options.seeds + 1))
        found = ratios([clock, *counts], row.by_hand)
        table.add_row(
            row.name,
            row.device.name,
            str(row.interval),
            f"{clock:.1f}",
            *("-" if number is None else str(number) for number in counts),
            ", ".join("-" if number is None else str(number) for number in row.by_hand),
            *("" if ratio is None else f"{ratio:.2f}" for ratio in found),
            "yes" if is_close(found) else "no",
        )
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
