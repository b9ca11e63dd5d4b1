"""Operations of C as programs of simpler ones, for those who have no better way to run them.

Whatever reads or writes by index is a comparison with all positions, followed by a sum in which one
term is not zero: so it needs no memory that can be addressed, and can become a circuit.
"""

from __future__ import annotations

from functools import singledispatch

from catgrad.combinators import identity, twist
from catgrad.core import operation as ops
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, obj, op
from catgrad.hypergraph import OpenHypergraph

SHORT = 64
"""How many positions are counted one by one."""


@singledispatch
def composite(_operation: object) -> OpenHypergraph | None:
    """The program of an operation, by overloading; None where it is simple.

    >>> T = NdArrayType((2, 3), Dtype.float32)
    >>> composite(ops.Negate(T)) is None, composite(ops.ArgMax(T, 0)) is None
    (True, False)
    """
    return None


@composite.register
def _(operation: ops.ArgMax) -> OpenHypergraph:
    """The least position at which the greatest number stands."""
    T, n = operation.T, operation.T.shape[operation.axis]
    position = T.with_dtype(operation.result().dtype)
    greatest = op(ops.ReduceMax(T, (operation.axis,))) >> op(ops.Repeat(T, (operation.axis,)))
    there = op(ops.Copy(T)) >> (identity(obj(T)) @ greatest) >> op(ops.Eq(T))
    if not isinstance(T.dtype, Fixed):
        there = there >> op(ops.Convert(T, Dtype.int32))
    positions = op(ops.Iota(position, operation.axis)) @ op(ops.Constant(position, n - 1))
    least = op(ops.ReduceMin(position, (operation.axis,)))
    return (there @ positions) >> op(ops.Select(position)) >> least


@composite.register
def _(operation: ops.Iota) -> OpenHypergraph | None:
    """The first half of the positions, and as many more as are left, each greater by that half."""
    T, axis, n = operation.T, operation.axis, operation.T.shape[operation.axis]
    if n <= SHORT:
        return None
    half = (n + 1) // 2
    first = NdArrayType((*T.shape[:axis], half, *T.shape[axis + 1 :]), T.dtype)
    slices = ops.Slice.along(first, axis, 0, n - half)
    rest = slices.result()
    step = half << T.dtype.fraction if isinstance(T.dtype, Fixed) else half
    form = Fixed.holding(step, step, T.dtype.fraction) if isinstance(T.dtype, Fixed) else T.dtype
    add = ops.Add(rest, rest.with_dtype(form))
    greater = (op(slices) @ op(ops.Constant(add.second, step))) >> op(add)
    return (
        op(ops.Iota(first, axis))
        >> op(ops.Copy(first))
        >> (identity(obj(first)) @ (greater >> exactly(add.result(), T.dtype)))
        >> op(ops.Concatenate((first, rest), axis))
    )


@composite.register
def _(operation: ops.OneHot) -> OpenHypergraph:
    """Each index compared with all positions."""
    index, dtype = operation.index + operation.n, operation.dtype
    last = len(index.shape) - 1
    position = index
    if isinstance(index.dtype, Fixed):
        position = index.with_dtype(Fixed.holding(0, max(operation.n - 1, 0), 0))
    compared = op(ops.Repeat(index, (last,))) @ op(ops.Iota(position, last))
    bits = compared >> op(ops.Eq(index, position))
    if isinstance(dtype, Fixed):
        return bits >> exactly(index.with_dtype(BIT), dtype)
    return bits >> op(ops.Convert(index, dtype))


@composite.register
def _(operation: ops.Gather) -> OpenHypergraph:
    """For each index the sum of all rows, of which the others are masked."""
    T, rows, grid = operation.T, operation.rows, _grid(operation)
    m, _, r = grid.shape
    table = NdArrayType(grid.shape[1:], T.dtype)
    spread = op(ops.Reshape(T, table)) >> op(ops.Repeat(grid, (0,)))
    total = ops.ReduceSum(grid, (1,))
    flat = NdArrayType((m, r), T.dtype)
    return (
        (spread @ _named(operation, grid))
        >> op(ops.Mask(grid))
        >> op(total)
        >> exactly(total.result(), T.dtype)
        >> op(ops.Reshape(flat, rows))
    )


@composite.register
def _(operation: ops.ScatterAdd) -> OpenHypergraph:
    """For each row of the table the sum of all rows, of which those for others are masked."""
    grid = _grid(operation)
    m, _, r = grid.shape
    flat = NdArrayType((m, r), grid.dtype)
    spread = op(ops.Reshape(operation.rows, flat)) >> op(ops.Repeat(grid, (1,)))
    total = ops.ReduceSum(grid, (0,))
    [table] = operation.target()
    named = _named(operation, grid)
    return (
        (named @ spread)
        >> twist(named.target, spread.target)
        >> op(ops.Mask(grid))
        >> op(total)
        >> op(ops.Reshape(total.result(), table))
    )


def _grid(operation: ops.Gather | ops.ScatterAdd) -> NdArrayType:
    """One number for each index, each row of the table, and each number in a row."""
    n, *rest = operation.T.shape
    row = NdArrayType(tuple(rest), operation.T.dtype)
    return NdArrayType((operation.index.size, n, row.size), row.dtype)


def _named(operation: ops.Gather | ops.ScatterAdd, grid: NdArrayType) -> OpenHypergraph:
    """``index → bits``: which row of the table each index names, all along that row."""
    m, n, _ = grid.shape
    bits = ops.bits_of(grid)
    assert isinstance(bits.dtype, Dtype | Fixed)
    index = NdArrayType((m,), operation.index.dtype)
    flat = op(ops.Reshape(operation.index, index))
    return flat >> op(ops.OneHot(index, n, bits.dtype)) >> op(ops.Repeat(bits, (2,)))


def exactly(T: NdArrayType, dtype: object) -> OpenHypergraph:
    """Change of a `Fixed` dtype to one that is known to hold every number that occurs."""
    if T.dtype == dtype or not isinstance(dtype, Fixed):
        return identity(obj(T))
    return op(ops.Requantise(T, dtype, ops.Rounding.TRUNCATE, ops.Overflow.WRAP))
