"""The exact forms of what works number by number."""

from __future__ import annotations

from catgrad.bidirectional.elementwise import Masked
from catgrad.bidirectional.fixed_form import Wrap, Written
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import identity, twist
from catgrad.core import operation as ops
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, obj, op
from catgrad.fixed.constants import exact_constant
from catgrad.fixed.exact import Exactly, exactly
from catgrad.hypergraph import OpenHypergraph


@exactly.register(ops.Add)
@exactly.register(ops.Subtract)
@exactly.register(ops.Multiply)
@exactly.register(ops.Minimum)
@exactly.register(ops.Maximum)
@exactly.register(ops.Comparison)
def _(operation: ops.Elementwise, at: Exactly) -> OpenHypergraph:
    return op(type(operation)(*at.sources))


@exactly.register
def _(_operation: ops.Select, at: Exactly) -> OpenHypergraph:
    bits, T, U = at.sources
    return (as_bits(bits) @ identity(obj(T, U))) >> op(ops.Select(T, U))


@exactly.register
def _(_operation: ops.Mask, at: Exactly) -> OpenHypergraph:
    T, bits = at.sources
    return (identity(obj(T)) @ as_bits(bits)) >> op(ops.Mask(T))


@exactly.register
def _(_operation: Masked, at: Exactly) -> OpenHypergraph:
    """Mantissas are finite."""
    bits, T, zero = at.sources
    known = as_bits(bits) @ identity(obj(T)) @ op(ops.Discard(zero))
    return known >> twist(obj(T.with_dtype(BIT)), obj(T)) >> op(ops.Mask(T))


@exactly.register
def _(operation: Written, _at: Exactly) -> OpenHypergraph:
    return op(ops.Constant(operation.T.with_dtype(operation.form), operation.mantissa))


@exactly.register
def _(operation: Wrap, at: Exactly) -> OpenHypergraph:
    return op(ops.Modular(at.sources[0], operation.form, at.formats.rounding, Overflow.WRAP))


@exactly.register(ops.Negate)
@exactly.register(ops.Abs)
@exactly.register(ops.Sign)
def _(operation: ops.Negate | ops.Abs | ops.Sign, at: Exactly) -> OpenHypergraph:
    return op(type(operation)(at.sources[0]))


@exactly.register
def _(operation: ops.Constant, at: Exactly) -> OpenHypergraph:
    mantissa, form = exact_constant(operation.x, at.formats.data.fraction)
    return op(ops.Constant(operation.T.with_dtype(form), mantissa))


@exactly.register
def _(operation: ops.Convert, at: Exactly) -> OpenHypergraph:
    """To int32 toward zero, to bool whether not 0, to another floating-point dtype nothing."""
    [T] = at.sources
    if operation.dtype is Dtype.bool:
        return as_bits(T)
    if operation.dtype is Dtype.int32:
        return toward_zero(T)
    return identity(obj(T))


def as_bits(T: NdArrayType) -> OpenHypergraph:
    """1 where a number is not 0."""
    if T.dtype == BIT:
        return identity(obj(T))
    zero = op(ops.Constant(T, 0))
    return (identity(obj(T)) @ zero) >> op(ops.Ne(T))


def toward_zero(T: NdArrayType) -> OpenHypergraph:
    """The integer part of a number."""
    form = T.fixed
    if form.fraction <= 0:
        return identity(obj(T))

    def body(x: Wire) -> Wire:
        size = call(ops.Abs(T), x)
        whole = Fixed(max(size.T.fixed.width - form.fraction, 1), 0, signed=False)
        size = call(ops.Requantise(size.T, whole, Rounding.TRUNCATE, Overflow.SATURATE), size)
        sign = call(ops.Sign(T), x)
        return call(ops.Multiply(sign.T, size.T), sign, size)

    return forget(program(obj(T), body))
