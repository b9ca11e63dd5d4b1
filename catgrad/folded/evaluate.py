"""Running phases on NumPy arrays, one after another and in place, as a folded engine does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from catgrad.core.types import Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.folded.phase import Array, Phase, Phases, Reduction
from catgrad.kernel.evaluate import evaluate_scalars
from catgrad.kernel.meaning import Numbers, numpy_dtype, widened

REDUCE: dict[Reduction, Callable[..., Numbers]] = {"sum": np.sum, "max": np.max, "min": np.min}
"""The reductions, along an axis."""


GIVEN = ("state", "memory", "x", "y")
"""What a program is given."""


class Step(NamedTuple):
    """What one step gives: flat arrays of mantissas, and what it adds to the two counters."""

    predictions: list[Numbers]
    state: list[Numbers]
    early: int
    late: int
    memory: list[Numbers]


def evaluate(phases: Phases, arrays: Sequence[ArrayLike], train: bool = True) -> Step:
    """Run the phases once.

    `arrays` are those of the program, ``K ● M ● X ● Y'``, mantissas in any shape; where `train` is
    False those of ``Y'`` may be left out, the state stays as it is, and `late` is 0.

    Raises ``CatgradError`` when an array does not have the size of its type.
    """
    memories = loaded(phases, arrays, train)
    counters = [0, 0]
    for phase in phases.phases if train else phases.phases[: phases.forward]:
        outputs = run(phase, memories)
        for store in phase.stores:
            if train or not store.learning:
                positions = store.place.positions(phase.kept).reshape(-1)
                memories[store.place.array][positions] = outputs[store.output]
        for event in phase.events:
            if train or not event.learning:
                counters[event.learning] += int(outputs[event.output].sum())
    early, late = counters
    by_kind = {
        kind: [m for m, array in zip(memories, phases.arrays, strict=True) if array.kind == kind]
        for kind in ("prediction", "state", "memory")
    }
    return Step(by_kind["prediction"], by_kind["state"], early, late, by_kind["memory"])


def loaded(phases: Phases, arrays: Sequence[ArrayLike], train: bool) -> list[Numbers]:
    """All arrays of the phases, those of the program with the given numbers, the others 0."""
    given = [array for array in phases.arrays if array.kind in GIVEN]
    least = sum(train or array.kind != "y" for array in given)
    if not least <= len(arrays) <= len(given):
        raise CatgradError(
            f"The phases take {len(given)} arrays, but {len(arrays)} are given; give the state, "
            f"then x, then y."
        )
    memories = []
    remaining = iter(arrays)
    for array in phases.arrays:
        dtype = numpy_dtype(NdArrayType((), array.format))
        memory = np.zeros(array.size, dtype=dtype)
        if array.kind in GIVEN:
            numbers = np.asarray(next(remaining, memory)).reshape(-1)
            memory[...] = fitting(array, numbers)
        memories.append(memory)
    return memories


def fitting(array: Array, numbers: Numbers) -> Numbers:
    """The numbers of an array, as many as it holds."""
    if len(numbers) != array.size:
        raise CatgradError(
            f"Array {array.name} holds {array.size} numbers, but {len(numbers)} are given; give "
            f"one for each."
        )
    return numbers


def run(phase: Phase, memories: Sequence[Numbers]) -> list[Numbers]:
    """The outputs of the body of a phase at each of its results, flat."""
    points = math.prod(phase.kept)
    inputs = []
    if phase.factors:
        loops = phase.kept + phase.reduced
        read = [memories[f.array][f.positions(loops)].reshape(points, -1) for f in phase.factors]
        inputs.append(total(phase, read))
    inputs += [memories[o.array][o.positions(phase.kept)].reshape(-1) for o in phase.operands]
    return [
        np.broadcast_to(output, (points,))
        for output in evaluate_scalars(phase.body, inputs, (points,))
    ]


def total(phase: Phase, factors: Sequence[Numbers]) -> Numbers:
    """The exact reduction of the products of the factors, int64[points, terms] each."""
    assert isinstance(phase.total, Fixed)
    bits = phase.total.width
    product = widened(factors[0], bits)
    for factor in factors[1:]:
        product = product * widened(factor, bits)
    if phase.reduction is None:
        return product[:, 0]
    result: Numbers = REDUCE[phase.reduction](product, axis=1)
    return result
