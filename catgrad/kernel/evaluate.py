"""Running programs of K and of S on NumPy arrays.

An opinion on what a program means that shares no code with the source that catgrad generates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from catgrad.core.types import Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.batches import IntArray, batches
from catgrad.kernel.kernel import Nest, verified
from catgrad.kernel.meaning import Numbers, meaning, numpy_dtype


def evaluate(f: OpenHypergraph, inputs: Sequence[ArrayLike]) -> list[Numbers]:
    """Run a program of kernels.

    One array for each input, with the shape of its type; fixed-point numbers as mantissas. The same
    for the outputs: int64 or, where a format is wider than 63 bits, Python integers (dtype object).

    Raises ``CatgradError`` when an input does not fit its type, or at an operation that is not a
    kernel as `Kernel.verify` wants it.
    """
    if len(inputs) != len(f.source):
        raise CatgradError(
            f"The program has {len(f.source)} inputs {f.source}, but {len(inputs)} arrays are "
            f"given; give one array for each input."
        )
    memories = [np.empty(T.size, dtype=numpy_dtype(T)) for T in f.H.w]
    for place, (wire, values) in enumerate(zip(f.s.table, inputs, strict=True)):
        memories[wire] = checked(place, f.H.w[wire], values).reshape(-1)
    for label, reads, writes in batches(f):
        nests = verified(label).nests
        for sources, targets in zip(reads.T, writes.T, strict=True):
            for nest in nests:
                results = run(nest, [memories[wire] for wire in sources])
                write(nest, results, memories[targets[nest.write.array]])
    return [memories[wire].reshape(f.H.w[wire].shape) for wire in f.t.table]


def run(nest: Nest, memories: Sequence[Numbers]) -> Numbers:
    """The results of one nest, flat."""
    operands = [memories[read.array][read.positions(nest.extents)] for read in nest.reads]
    [terms] = evaluate_scalars(nest.body, operands, nest.extents)
    terms = terms.astype(numpy_dtype(nest.result)).reshape(nest.results, nest.terms)
    match nest.reduction:
        case "sum":
            terms = terms.sum(axis=1, dtype=terms.dtype)
        case "product":
            terms = terms.prod(axis=1, dtype=terms.dtype)
        case "max":
            terms = terms.max(axis=1)
        case "min":
            terms = terms.min(axis=1)
    return terms.reshape(-1)


def write(nest: Nest, results: Numbers, memory: Numbers) -> None:
    """Put the results of a nest in their places; what meets is added up."""
    if nest.reduction == "sum":
        memory[...] = 0
    if nest.meeting > 1:
        np.add.at(memory, nest.writes(), results)
    else:
        memory[nest.writes()] = results


def evaluate_scalars(
    f: OpenHypergraph, inputs: Sequence[ArrayLike], shape: tuple[int, ...] = ()
) -> list[Numbers]:
    """Run a program of S, on single numbers or at every point of `shape` at once.

    One array of this shape for each input and for each output.
    """
    wires = Wires(f, shape)
    for wire, numbers in zip(f.s.table[:, None], inputs, strict=True):
        wires.put(wire, np.asarray(numbers))
    for operation, reads, writes in batches(f):
        result = meaning(operation, *map(wires.take, reads))
        for column in writes:
            wires.put(column, result)
    return [wires.take(wire).reshape(shape) for wire in f.t.table[:, None]]


class Wires:
    """The numbers on the wires of a program of S, at every point of a shape.

    Wires of one type share an array, so that many are read or written at once.
    """

    def __init__(self, f: OpenHypergraph, shape: tuple[int, ...]) -> None:
        types, self.kind = f.H.w.distinct()
        self.row = np.empty_like(self.kind)
        self.memories: list[Numbers] = []
        for kind, T in enumerate(types):
            wires = np.flatnonzero(self.kind == kind)
            self.row[wires] = np.arange(len(wires))
            self.memories.append(np.empty((len(wires), *shape), dtype=numpy_dtype(T)))

    def take(self, wires: IntArray) -> Numbers:
        """The numbers on wires of one type, an array with a first axis for the wires."""
        numbers: Numbers = self.memories[self.kind[wires[0]]][self.row[wires]]
        return numbers

    def put(self, wires: IntArray, numbers: Numbers) -> None:
        """Let wires of one type carry these numbers, broadcast to one for each wire and point."""
        self.memories[self.kind[wires[0]]][self.row[wires]] = numbers


def checked(place: int, T: NdArrayType, values: ArrayLike) -> Numbers:
    """An input as an array that has the shape and holds the numbers of its type."""
    array, dtype = np.asarray(values), numpy_dtype(T)
    if array.shape != T.shape:
        raise CatgradError(
            f"Input {place} of the program is {T}, but the array given for it has shape "
            f"{array.shape}; give one of shape {T.shape}."
        )
    integral = array.dtype.kind in "biuO"
    if not (integral if isinstance(T.dtype, Fixed) else np.can_cast(array, dtype, "same_kind")):
        raise CatgradError(
            f"Input {place} of the program is {T}, but the array given for it holds {array.dtype}; "
            f"give {'integer mantissas' if isinstance(T.dtype, Fixed) else dtype}."
        )
    if isinstance(T.dtype, Fixed) and array.size and not T.dtype.holds(array.min(), array.max()):
        raise CatgradError(
            f"Input {place} of the program is {T}, but the array given for it holds mantissas from "
            f"{array.min()} to {array.max()}; keep them from {T.dtype.min} to {T.dtype.max}."
        )
    return array.astype(dtype)
