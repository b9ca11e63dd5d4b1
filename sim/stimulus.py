"""From samples to the stimulus of the bench: every integer in a word, every choice made."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
from amaranth.lib import wiring
from numpy.typing import ArrayLike

from catgrad.circuit.format import Format, Integers, integers
from catgrad.errors import CatgradError
from catgrad.hdl.interface import check_initial
from sim import ports
from sim.bench import Look, Stimulus
from sim.trace import Samples
from sim.words import pack


def stimulus(
    design: wiring.Component,
    samples: Samples,
    stall: float,
    seed: int,
    budget: int | None,
    load: Sequence[int] | None,
    alone: bool,
) -> Stimulus:
    """What `sim.simulate` of these arguments does to the design, once they are found to fit it."""
    check_stall(stall)
    shows = ports.shows_parameters(design)
    if alone and shows:
        raise CatgradError(
            "A design whose port shows its parameters with each prediction needs no samples alone; "
            "leave out alone=True."
        )
    transfers = ports.transfers(design)
    x, y, writes = x_words(design, samples), y_words(design, samples), load_words(design, load)
    fetch = ports.places(design)
    spare = int(shows and "y.payload" in ports.pins(design))
    looks = len(samples) if alone else 1
    moves = len(x) + len(y) + len(samples) * transfers["prediction"]
    moves += len(writes) + looks * len(fetch)
    return Stimulus(
        widths=ports.widths(design),
        transfers=transfers,
        x=x,
        y=[*y, *[0] * spare],
        train=train_bits(samples, transfers["x"], seed),
        spare=spare,
        load=writes,
        fetch=fetch,
        look=Look.REST if alone else Look.PREDICTION if shows else Look.END,
        stall=stall,
        seed=seed,
        budget=generous_budget(design, len(samples), moves, stall) if budget is None else budget,
        tail=design.latency + design.interval + 8,
    )


def check_stall(stall: float) -> None:
    """CatgradError unless ports that stall with this probability move some day."""
    if not 0 <= stall < 1:
        raise CatgradError(
            f"stall is {stall}, but has to be at least 0 and below 1: a port that always stalls "
            "never moves."
        )


def x_words(design: wiring.Component, samples: Samples) -> list[int]:
    """The words of x: of every sample one, or one for each element."""
    x = checked("samples.x", samples.x, len(samples), ports.elements(design, "x"))
    fields = ports.fields(design, "x.payload")
    return pack(x.reshape(-1, len(fields)), fields)


def y_words(design: wiring.Component, samples: Samples) -> list[int]:
    """The words of y: those of each sample that is learned from."""
    fields = ports.fields(design, "y.payload")
    formats = ports.elements(design, "y") if fields else []
    shape = len(samples), len(formats)
    if samples.y is None and fields and samples.train.any():
        raise CatgradError(
            f"samples.y is None, but sample {samples.train.argmax()} has train = 1; give an array "
            f"of shape {shape}."
        )
    if samples.y is not None and not fields:
        raise CatgradError(
            "samples.y is given, but the design has no port y, as it does not learn from targets; "
            "give None."
        )
    if not fields:
        return []
    given = np.zeros(shape, np.int64) if samples.y is None else samples.y
    y = checked("samples.y", given, len(samples), formats)[samples.train]
    return pack(y.reshape(-1, len(fields)), fields)


def load_words(design: wiring.Component, load: Sequence[int] | None) -> list[int]:
    """The words that load these parameters; none if None."""
    if load is None:
        return []
    values = check_initial(load, tuple(ports.elements(design, "parameters")))
    writes = integers(list(zip(ports.places(design), values, strict=True))).reshape(-1, 2)
    return pack(writes, ports.fields(design, "load.payload"))


def train_bits(samples: Samples, transfers: int, seed: int) -> list[int]:
    """The pin train in each transfer of x: after the first one of a sample, noise."""
    random = Random(seed)
    return [
        int(train) if transfer == 0 else random.getrandbits(1)
        for train in samples.train
        for transfer in range(transfers)
    ]


def checked(name: str, values: ArrayLike, rows: int, formats: Sequence[Format]) -> Integers:
    """Payloads `(rows, elements)`; CatgradError if the array is not that, or does not fit."""
    array = integers(values)
    if array.shape != (rows, len(formats)):
        raise CatgradError(
            f"{name} has shape {array.shape}, but {rows} samples of {len(formats)} integers are "
            f"streamed; give an array of shape ({rows}, {len(formats)})."
        )
    least, greatest = integers([[f.min for f in formats], [f.max for f in formats]])
    for row, column in np.argwhere((array < least) | (array > greatest))[:1]:
        format = formats[column]
        raise CatgradError(
            f"{name}[{row}, {column}] is {array[row, column]}, but {format} holds {format.min} "
            f"to {format.max}; quantise the samples to the format of the port."
        )
    return array


def generous_budget(design: wiring.Component, samples: int, moves: int, stall: float) -> int:
    """Several times the cycles that a working design needs for so many samples and transfers."""
    compute = (samples + 1) * (design.latency + design.interval)
    return 256 + int(3 * (compute + moves * 4 / (1 - stall)))
