"""Exact reductions as trees of operations on two numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, Operation
from catgrad.kernel.kernel import IntArray, Reduction
from catgrad.kernel.scalars import ScalarProgram

Column = tuple[NdArrayType, IntArray]
"""Wires, all of one type."""

Combine = Callable[[NdArrayType, NdArrayType], Operation]

COMBINE: dict[Reduction, Combine] = {
    "sum": ops.Add,
    "product": ops.Multiply,
    "max": ops.Maximum,
    "min": ops.Minimum,
}
"""The operation that joins two partial results, of these types."""

NOTHING: dict[Reduction, int] = {"sum": 0, "product": 1}
"""What a reduction makes of no terms."""


def reduce_terms(
    program: ScalarProgram, reduction: Reduction | None, terms: Column, result: NdArrayType
) -> IntArray:
    """Add a reduction to a program of S.

    `terms`: int64[terms, results], the wires to reduce, and their type. Returns int64[results],
    wires of type `result`, which holds the exact results.
    """
    T, wires = terms
    if reduction is not None:
        if len(wires) == 0:
            return column(program, ops.Constant(result, NOTHING[reduction]), wires)[1]
        T, wires = tree(program, COMBINE[reduction], terms)
    if result == T:
        return wires.reshape(-1)
    # Pair by pair an unsigned format may grow by a bit that the whole sum never uses: 1 + 1 has two
    # bits, 1 + 1 + 1 then three, although it is 3. So nothing wraps here.
    exact = ops.Requantise(T, result.fixed, ops.Rounding.TRUNCATE, ops.Overflow.WRAP)
    return column(program, exact, wires.reshape(1, -1))[1]


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
