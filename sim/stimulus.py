"""From samples to the stimulus of the bench: every integer in a word, every choice made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.format import Integers, integers
from catgrad.errors import CatgradError
from catgrad.hdl.interface import check_initial
from catgrad.hdl.transducer import Transducer
from sim import ports
from sim.bench import Stimulus
from sim.trace import Samples
from sim.words import Field, pack


def stimulus(
    transducer: Transducer,
    samples: Samples,
    stall: float,
    seed: int,
    budget: int | None,
    load: Sequence[int] | None,
) -> Stimulus:
    """What `sim.simulate` of these arguments does to the design, once they are found to fit it."""
    if not 0 <= stall < 1:
        raise CatgradError(
            f"stall is {stall}, but has to be at least 0 and below 1: a port that always stalls "
            "never moves."
        )
    n, parameters = len(samples), ports.fields(transducer, "parameters")
    x = ports.fields(transducer, "x.payload")
    loads = [] if load is None else check_initial(load, tuple(format for _, format in parameters))
    writes = integers(list(enumerate(loads))).reshape(-1, 2)
    transfers = n + len(loads) + len(parameters)
    return Stimulus(
        widths=ports.widths(transducer),
        x=pack(checked("samples.x", samples.x, n, x), x),
        y=targets(transducer, samples),
        train=samples.train.astype(np.int64).tolist(),
        load=pack(writes, ports.fields(transducer, "load.payload")),
        fetch=range(len(parameters)),
        stall=stall,
        seed=seed,
        budget=generous_budget(transducer, transfers, stall) if budget is None else budget,
        tail=transducer.latency + transducer.interval + 8,
    )


def targets(transducer: Transducer, samples: Samples) -> list[int]:
    """The words of y: one for each sample that is learned from, and one too many."""
    fields = ports.fields(transducer, "y.payload")
    shape = len(samples), len(fields)
    if samples.y is None and fields and samples.train.any():
        raise CatgradError(
            f"samples.y is None, but sample {samples.train.argmax()} has train = 1; give an array "
            f"of shape {shape}."
        )
    if samples.y is not None and not fields:
        raise CatgradError(
            "samples.y is given, but the design has no port y, as no target enters its netlist; "
            "give None."
        )
    if not fields:
        return []
    y = np.zeros(shape, np.int64) if samples.y is None else samples.y
    return [*pack(checked("samples.y", y, len(samples), fields)[samples.train], fields), 0]


def checked(name: str, values: ArrayLike, rows: int, fields: Sequence[Field]) -> Integers:
    """Payloads `(rows, elements)`; CatgradError if the array is not that, or does not fit."""
    array = integers(values)
    if array.shape != (rows, len(fields)):
        raise CatgradError(
            f"{name} has shape {array.shape}, but {rows} samples of {len(fields)} integers are "
            f"streamed; give an array of shape ({rows}, {len(fields)})."
        )
    for column, (_, format) in enumerate(fields):
        outside = (array[:, column] < format.min) | (array[:, column] > format.max)
        for row in np.flatnonzero(outside)[:1]:
            raise CatgradError(
                f"{name}[{row}, {column}] is {array[row, column]}, but {format} holds {format.min} "
                f"to {format.max}; quantise the samples to the format of the port."
            )
    return array


def generous_budget(transducer: Transducer, transfers: int, stall: float) -> int:
    """Several times the cycles that a working design needs for so many transfers."""
    cycles = transducer.latency + transducer.interval + 4 / (1 - stall)
    return 256 + int(3 * transfers * cycles)
