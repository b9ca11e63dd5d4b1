"""Building programs of S, core operations on single numbers, many operations at a time."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np

from catgrad.core.types import Operation
from catgrad.hypergraph import (
    FiniteFunction,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
)
from catgrad.kernel.kernel import IntArray


class ScalarProgram:
    """A program under construction: a growing list of wires, and of operations on them.

    Wires are named by arrays of their numbers. An operation on arrays of wires stands for one
    operation at each point of their shape, so building costs Python time for each call only.

    >>> from catgrad.core.operation import Add
    >>> from catgrad.core.types import Dtype, NdArrayType
    >>> program, T = ScalarProgram(), NdArrayType((), Dtype.int32)
    >>> x = program.wires(T, (2, 3))
    >>> [sums] = program.operate(Add(T), x)
    >>> program.build(x.reshape(-1), sums).H.X
    3
    """

    def __init__(self) -> None:
        self._count = 0
        self._labels: list[Labels] = []
        self._operations: list[Labels] = []
        self._reads: list[IntArray] = []
        self._writes: list[IntArray] = []

    def wires(self, label: Hashable, shape: tuple[int, ...]) -> IntArray:
        """int64[shape], new wires that carry `label`."""
        count = math.prod(shape)
        first, self._count = self._count, self._count + count
        self._labels.append(repeated(label, count))
        return np.arange(first, self._count).reshape(shape)

    def operate(self, operation: Operation, reads: IntArray) -> IntArray:
        """Add one operation at each point of `shape`.

        `reads`: int64[arity, *shape], the wires of the operands. Returns int64[coarity, *shape],
        the new wires of the results.
        """
        shape = reads.shape[1:]
        results = [self.wires(label, shape) for label in operation.target()]
        writes = np.array(results, dtype=np.int64).reshape(len(results), *shape)
        self._operations.append(repeated(operation, math.prod(shape)))
        self._reads.append(reads)
        self._writes.append(writes)
        return writes

    def build(self, source: IntArray, target: IntArray) -> OpenHypergraph:
        """The program from the wires `source` to the wires `target`, int64[n] and int64[m]."""
        H = Hypergraph(
            self._segments(self._reads),
            self._segments(self._writes),
            Labels.concatenate(self._labels),
            Labels.concatenate(self._operations),
        )
        return OpenHypergraph(self._function(source), self._function(target), H)

    def _function(self, wires: IntArray) -> FiniteFunction:
        return FiniteFunction(wires, self._count)

    def _segments(self, ports: list[IntArray]) -> SegmentedArray[FiniteFunction]:
        """One segment for each operation, from arrays int64[arity, *shape]."""
        none = np.empty(0, dtype=np.int64)
        sizes = [np.full(math.prod(wires.shape[1:]), len(wires)) for wires in ports]
        values = [np.moveaxis(wires, 0, -1).reshape(-1) for wires in ports]
        return SegmentedArray(
            np.concatenate([none, *sizes]), self._function(np.concatenate([none, *values]))
        )


def repeated(label: Hashable, count: int) -> Labels:
    """The same label over and over."""
    return Labels(np.repeat(Labels.of([label]).ids, count))
