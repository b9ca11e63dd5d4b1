"""Exact reductions as trees of operations on two numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, Operation, obj
from catgrad.hypergraph import Labels
from catgrad.kernel.kernel import IntArray, Nest, Reduction
from catgrad.kernel.scalars import ScalarProgram


@dataclass(frozen=True)
class Maximum:
    """``T ● T → T``, the greater of two numbers; what `NMax` is made of in S."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T, self.T)

    def target(self) -> Labels:
        return obj(self.T)


Column = tuple[NdArrayType, IntArray]
"""Wires, all of one type."""

Combine = Callable[[NdArrayType, NdArrayType], Operation]

COMBINE: dict[Reduction, Combine] = {"sum": ops.Add, "max": lambda T, _: Maximum(T)}
"""The operation that joins two partial results, of these types."""


def reduce_terms(program: ScalarProgram, nest: Nest, terms: IntArray) -> IntArray:
    """Add the reduction of a nest to a program of S.

    `terms`: int64[terms, results], the wires to reduce. Returns int64[results].
    """
    if nest.reduction is None:
        return terms.reshape(-1)
    if nest.terms == 0:
        nothing = np.empty((0, nest.results), dtype=np.int64)
        return column(program, ops.Constant(nest.result, 0), nothing)[1]
    T, total = tree(program, COMBINE[nest.reduction], (nest.term, terms))
    if nest.result == T:
        return total
    # Pair by pair an unsigned format may grow by a bit that the whole sum never uses: 1 + 1 has two
    # bits, 1 + 1 + 1 then three, although it is 3. So nothing wraps here.
    exact = ops.Requantise(T, nest.result.fixed, ops.Rounding.TRUNCATE, ops.Overflow.WRAP)
    return column(program, exact, total[None])[1]


def tree(program: ScalarProgram, combine: Combine, terms: Column) -> Column:
    """Combine one term or more, in order, in as few levels as possible.

        a b c d e      the terms, int64[terms, results], all of one type
        └┬┘ └┬┘ │
         └─┬─┘  │      each level combines neighbours; a last one without a neighbour
           └──┬─┘      waits, or is combined with the one that waits already

    A level has one type, and the one that waits another, no wider: it stands for fewer terms.
    """
    waiting: Column | None = None
    T, level = terms
    while len(level):
        pairs, alone = level[: len(level) // 2 * 2], level[len(level) // 2 * 2 :]
        for last in alone:
            waiting = (T, last) if waiting is None else join(program, combine, (T, last), waiting)
        T, level = join(program, combine, (T, pairs[0::2]), (T, pairs[1::2]))
    assert waiting is not None
    return waiting


def join(program: ScalarProgram, combine: Combine, left: Column, right: Column) -> Column:
    """Two columns of partial results as one."""
    return column(program, combine(left[0], right[0]), np.stack([left[1], right[1]]))


def column(program: ScalarProgram, operation: Operation, reads: IntArray) -> Column:
    """Add operations with a single result."""
    [T] = operation.target()
    [wires] = program.operate(operation, reads)
    return T, wires
