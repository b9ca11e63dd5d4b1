"""Boards that learn over a bad line: python bench/bad_line.py [--frames 10000] [--seed 1].

Bytes are lost, doubled, changed and invented on the way to a simulated board and back, the board is
reset and the host is stopped at any point. Every prediction has to be that of the integer program,
every sample has to count once, and at the end parameters and counters have to be those of a run
without any of this.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from boards.beside import Beside
from boards.checkpoint import Checkpoint
from boards.faulty import FaultyPort, Stopped
from boards.host import Device
from boards.serial import Front
from boards.top import Top
from boards.training import Training
from boards.verilated import VerilatedPort
from catgrad import (
    CatgradError,
    Dtype,
    Folded,
    Formats,
    NdArrayType,
    Spatial,
    compile_hardware,
    layers,
)
from catgrad.combinators import identity
from catgrad.hardware import Hardware
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.layout import shape_of
from sim import Samples

DIVISOR = 2
"""Clock cycles for each bit on the line; a board has a hundred, which would only take longer."""

SILENCE = 3000
"""Clock cycles after which the host sends a request again."""

SAMPLES = 1000
"""The samples of one run."""

EVERY = 40
"""Samples from checkpoint to checkpoint."""

ATTEMPTS = 40
"""How often a request is sent: so many losses in a row are not among those that may happen."""


@dataclass(frozen=True)
class Line:
    """How bad a line is; see `FaultyPort`."""

    damage: float
    board_reset: float
    host_reset: float


BAD = Line(damage=0.2, board_reset=0.005, host_reset=0.003)


@dataclass(frozen=True)
class Case:
    """A learner on a board, and what is in front of it, if anything."""

    top: Top
    hardware: Hardware
    front: Front | None = None


def filter_case() -> Case:
    """An adaptive filter in logic: its registers forget all at a reset."""
    float32 = Dtype.float32
    one, taps = NdArrayType((1,), float32), NdArrayType((4,), float32)
    model = layers.linear(NdArrayType((), float32), taps, one)
    hardware = compile_hardware(
        model, layers.sgd(2**-4), layers.mse, Formats.uniform(12, 8), Spatial(cycles=4)
    )
    [sample] = {shape_of(format) for format in hardware.netlist.input("x").formats}
    front = DelayLine(sample, 4)
    return Case(Top(hardware.component(), "filter", DIVISOR, front), hardware, front)


def engine_case() -> Case:
    """A network on a folded engine: its memories keep what they hold at a reset, even mid-step."""
    one, five, three, two = (NdArrayType((n,), Dtype.float32) for n in (1, 5, 3, 2))
    model = layers.dense(one, five, three, layers.relu) >> layers.dense(one, three, two, identity)
    hardware = compile_hardware(
        model, layers.sgd(2**-3), layers.mse, Formats.uniform(12, 8), Folded(lanes=2)
    )
    return Case(Top(hardware.component(), "engine", DIVISOR), hardware)


CASES: dict[str, Callable[[], Case]] = {"filter": filter_case, "engine": engine_case}


@dataclass
class Tally:
    """What happened, and how many integers were found equal."""

    frames: int = 0
    faults: int = 0
    board_resets: int = 0
    host_resets: int = 0
    resent: int = 0
    restored: int = 0
    samples: int = 0
    compared: int = 0
    cycles: int = 0


def campaign(
    case: Case, line: Line, frames: int, seed: int, directory: Path, length: int = SAMPLES
) -> Tally:
    """Runs of `length` samples over a bad line until so many frames have been sent.

    CatgradError, which names the seed, if anything differs from what it should be.
    """
    tally, number = Tally(), 0
    while tally.frames < frames:
        number += 1
        try:
            run(case, line, length, seed + 1000 * number, directory / f"{number}.npz", tally)
        except CatgradError as error:
            raise CatgradError(f"Seed {seed}, run {number}: {error}") from error
    return tally


def run(case: Case, line: Line, length: int, seed: int, file: Path, tally: Tally) -> None:
    """One run of a host that starts as often as it is stopped; then the comparison."""
    design, random = case.top.design, np.random.default_rng(seed)
    x, y = (
        np.stack([random.integers(f.min // 2, f.max // 2, length) for f in formats], axis=1)
        for formats in (design.x, design.y)
    )
    samples = Samples(x, y, random.random(length) < 0.7)
    first = np.array([random.integers(f.min // 4, f.max // 4) for f in design.parameters])
    board = VerilatedPort(case.top, SILENCE)
    port = FaultyPort(board, seed, line.damage, line.board_reset, line.host_reset)
    numbers = Random(seed)
    end: Checkpoint | None = None
    while end is None:
        training: Training | None = None
        try:
            device = Device(port, design, ATTEMPTS, numbers)
            reference = Beside(case.hardware, case.front)
            training = Training(device, samples, reference, file, EVERY)
            if file.exists():
                training.resume()
            else:
                training.begin(first)
            end = training.run()
        except Stopped:
            if port.frames > 100 * length:
                raise CatgradError(f"{port.frames} frames were sent and the run goes on.") from None
        finally:
            if training is not None:
                tally.resent += training.device.resent
                tally.restored += training.restored
                tally.compared += training.compared
    compare(case, samples, first, end)
    tally.frames += port.frames
    tally.faults += port.faults
    tally.board_resets += port.board_resets
    tally.host_resets += port.host_resets
    tally.samples += len(samples)
    tally.cycles += board.cycles
    board.close()


def compare(case: Case, samples: Samples, first: np.ndarray, end: Checkpoint) -> None:
    """CatgradError if a run has not ended where the integer program does."""
    alone = Beside(case.hardware, case.front)
    alone.begin(first)
    for i, row in enumerate(samples.x):
        alone.step(row, None if samples.y is None else samples.y[i], bool(samples.train[i]))
    if end.parameters.tolist() != alone.parameters.tolist():
        raise CatgradError(
            f"The parameters are {end.parameters.tolist()} at the end, and those of the integer "
            f"program {alone.parameters.tolist()}."
        )
    if end.counters != alone.counters or end.counters[0] != len(samples):
        raise CatgradError(
            f"The counters are {end.counters} after {len(samples)} samples, and those of the "
            f"integer program {alone.counters}."
        )


def main() -> int:
    """Print what happened; exit status 1 and one sentence if anything went wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--frames", type=int, default=10_000, help="at least so many for each case")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tallies: dict[str, Tally] = {}
    with TemporaryDirectory() as name:
        for case, make in CASES.items():
            folder = Path(name, case)
            folder.mkdir()
            try:
                tallies[case] = campaign(make(), BAD, arguments.frames, arguments.seed, folder)
            except CatgradError as error:
                print(error, file=sys.stderr)
                return 1
    table = Table("", *tallies)
    for field in Tally.__dataclass_fields__:
        table.add_row(field, *(f"{getattr(tally, field):,}" for tally in tallies.values()))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
