"""The exact forms of what moves numbers, and of what adds them up or chooses among them."""

from __future__ import annotations

from dataclasses import replace

from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import BIT, Fixed, obj, op
from catgrad.fixed.arithmetic import toward_zero
from catgrad.fixed.constants import exact_array, exact_constant
from catgrad.fixed.exact import Exactly, common, exactly
from catgrad.hypergraph import OpenHypergraph

################################################################################
# Places


@exactly.register
def _(_operation: ops.Copy, at: Exactly) -> OpenHypergraph:
    return op(ops.Copy(at.sources[0]))


@exactly.register
def _(_operation: ops.Discard, at: Exactly) -> OpenHypergraph:
    return op(ops.Discard(at.sources[0]))


@exactly.register
def _(operation: ops.NCopy, at: Exactly) -> OpenHypergraph:
    return op(ops.NCopy(at.sources[0], operation.T))


@exactly.register
def _(operation: ops.Broadcast, at: Exactly) -> OpenHypergraph:
    return op(ops.Broadcast(at.sources[0], operation.N))


@exactly.register
def _(operation: ops.Repeat, at: Exactly) -> OpenHypergraph:
    return op(ops.Repeat(operation.T.with_dtype(at.sources[0].dtype), operation.axes))


@exactly.register
def _(operation: ops.NSplit, at: Exactly) -> OpenHypergraph:
    return op(ops.NSplit(operation.T.with_dtype(at.sources[0].dtype), operation.k))


@exactly.register
def _(operation: ops.NConcatenate, at: Exactly) -> OpenHypergraph:
    form = shared(at)
    return widened(at, form) >> op(ops.NConcatenate(operation.T.with_dtype(form), operation.k))


@exactly.register
def _(operation: ops.Concatenate, at: Exactly) -> OpenHypergraph:
    form = shared(at)
    types = tuple(T.with_dtype(form) for T in operation.types)
    return widened(at, form) >> op(ops.Concatenate(types, operation.axis))


@exactly.register
def _(operation: ops.Reshape, at: Exactly) -> OpenHypergraph:
    return op(ops.Reshape(at.sources[0], operation.Y.with_dtype(at.sources[0].dtype)))


@exactly.register(ops.Permute)
@exactly.register(ops.Slice)
@exactly.register(ops.Window)
def _(operation: ops.Permute | ops.Slice | ops.Window, at: Exactly) -> OpenHypergraph:
    return op(replace(operation, T=at.sources[0]))


@exactly.register
def _(operation: ops.Pad, at: Exactly) -> OpenHypergraph:
    [T] = at.sources
    mantissa, form = exact_constant(operation.value, at.formats.data.fraction)
    both = common([T.fixed, form]) if mantissa else T.fixed
    value = mantissa << (both.fraction - form.fraction) if mantissa else 0
    return widened(at, both) >> op(replace(operation, T=T.with_dtype(both), value=value))


@exactly.register
def _(operation: ops.Array, at: Exactly) -> OpenHypergraph:
    mantissas, form = exact_array(operation.numbers, at.formats.data.fraction)
    return op(ops.Array(operation.T.with_dtype(form), mantissas))


@exactly.register
def _(operation: ops.Iota, _at: Exactly) -> OpenHypergraph:
    last = max(operation.T.shape[operation.axis] - 1, 0)
    return op(ops.Iota(operation.T.with_dtype(Fixed.holding(0, last, 0)), operation.axis))


def shared(at: Exactly) -> Fixed:
    """One format for all numbers of all operands."""
    formats = [T.fixed for T in at.sources]
    return formats[0] if len(set(formats)) == 1 else common(formats)


def widened(at: Exactly, form: Fixed) -> OpenHypergraph:
    """All operands, brought without loss to a format that holds them."""
    return OpenHypergraph.tensor_list(
        [identity(obj(T)) if T.dtype == form else op(ops.Requantise(T, form)) for T in at.sources]
    )


################################################################################
# Sums and choices


@exactly.register(ops.NAdd)
@exactly.register(ops.NMax)
def _(operation: ops.NAdd | ops.NMax, at: Exactly) -> OpenHypergraph:
    return op(type(operation)(operation.N.with_dtype(at.sources[0].dtype), operation.T))


@exactly.register
def _(operation: ops.Sum, at: Exactly) -> OpenHypergraph:
    return op(ops.Sum(operation.T.with_dtype(at.sources[0].dtype), operation.N))


@exactly.register(ops.ReduceSum)
@exactly.register(ops.ReduceMax)
@exactly.register(ops.ReduceMin)
@exactly.register(ops.ReduceProduct)
@exactly.register(ops.ArgMax)
def _(operation: ops.Reduce | ops.ArgMax, at: Exactly) -> OpenHypergraph:
    return op(replace(operation, T=at.sources[0]))


@exactly.register
def _(operation: ops.Fold, at: Exactly) -> OpenHypergraph:
    return op(replace(operation, T=operation.T.with_dtype(at.sources[0].dtype)))


@exactly.register
def _(operation: ops.MatrixMultiply, at: Exactly) -> OpenHypergraph:
    left, right = (T.dtype for T in at.sources)
    N, A, B, C = operation.N, operation.A, operation.B, operation.C
    return op(
        ops.MatrixMultiply(
            N.with_dtype(left), A.with_dtype(left), B.with_dtype(left), C.with_dtype(right)
        )
    )


@exactly.register
def _(operation: ops.Compose, at: Exactly) -> OpenHypergraph:
    left, right = (T.dtype for T in at.sources)
    A, B, C = operation.A, operation.B, operation.C
    return op(ops.Compose(A.with_dtype(left), B.with_dtype(left), C.with_dtype(right)))


################################################################################
# Indices, which are numbers of fraction 0


@exactly.register
def _(operation: ops.OneHot, at: Exactly) -> OpenHypergraph:
    whole = toward_zero(at.sources[0])
    return whole >> op(ops.OneHot(whole.target[0], operation.n, BIT))


@exactly.register
def _(_operation: ops.Gather, at: Exactly) -> OpenHypergraph:
    T, index = at.sources
    whole = toward_zero(index)
    return (identity(obj(T)) @ whole) >> op(ops.Gather(T, whole.target[0]))


@exactly.register
def _(operation: ops.ScatterAdd, at: Exactly) -> OpenHypergraph:
    index, rows = at.sources
    whole = toward_zero(index)
    T = operation.T.with_dtype(rows.dtype)
    return (whole @ identity(obj(rows))) >> op(ops.ScatterAdd(T, whole.target[0]))
