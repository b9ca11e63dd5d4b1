"""Powers of which one operand is constant: products, or tables around them."""

from __future__ import annotations

import math
from dataclasses import replace

from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import Dtype, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.fixed.constants import exact_constant
from catgrad.fixed.exact import Exactly, Raised, RaisedTo, exactly
from catgrad.fixed.scaled import (
    LOG,
    RECIPROCAL_SQRT,
    SQRT,
    Scaled,
    constant,
    exponential,
    margined,
)
from catgrad.hypergraph import OpenHypergraph

MOST_FACTORS = 16
"""Of so many factors at most a power is a product; of more it goes through a logarithm."""

INVERSE = ops.Reciprocal(NdArrayType((), Dtype.float64))
"""``1 / x``, of arrays of any shape once their types are given."""

ROOTS: dict[float, Scaled] = {0.5: SQRT, -0.5: RECIPROCAL_SQRT}
"""Exponents that have a table of their own."""


@exactly.register
def _(operation: RaisedTo, at: Exactly) -> OpenHypergraph:
    """``x ** n`` for a constant n."""
    T, U = at.sources
    return (identity(obj(T)) @ op(ops.Discard(U))) >> power(T, operation.exponent, at)


@exactly.register
def _(operation: Raised, at: Exactly) -> OpenHypergraph:
    """``b ** y`` for a constant b, which is ``e ** (y * log(b))``."""
    U, T = at.sources
    b = operation.base
    if b <= 0:
        raise CatgradError(
            f"A power of the constant {b} has no fixed-point form, since {b} has no logarithm; "
            f"raise a positive number."
        )
    return (op(ops.Discard(U)) @ identity(obj(T))) >> _grown(T, math.log(b), at)


def power(T: NdArrayType, n: float, at: Exactly) -> OpenHypergraph:
    """``T → T ** n``: of few factors their product, rounded where it outgrows 62 bits."""
    if float(n).is_integer() and abs(n) <= MOST_FACTORS:
        f = forget(program(obj(T), lambda x: _product(x, abs(int(n)), at)))
        return f if n >= 0 else f >> op(replace(at, operation=INVERSE, sources=(f.target[0],)))
    if n in ROOTS:
        return ROOTS[n].program(T, margined(at.result), at.formats.table_bits)
    logarithm = LOG.program(T, margined(at.result), at.formats.table_bits)
    return logarithm >> _grown(logarithm.target[0], n, at)


def _grown(T: NdArrayType, factor: float, at: Exactly) -> OpenHypergraph:
    """``T → e ** (factor * T)``."""
    number = exact_constant(factor)
    f = forget(program(obj(T), lambda y: _times(y, constant(y, number), at)))
    return f >> exponential(f.target[0], margined(at.result), at.formats.table_bits)


def _product(x: Wire, n: int, at: Exactly) -> Wire:
    """``x ** n`` by squares: as many products as `n` has bits, and ones among them."""
    if n == 0:
        [one] = x.draft.apply(ops.Constant(x.T.with_dtype(exact_constant(1)[1]), 1))
        return one
    y = x
    for bit in bin(n)[3:]:
        y = _times(y, y, at)
        y = _times(y, x, at) if bit == "1" else y
    return y


def _times(x: Wire, y: Wire, at: Exactly) -> Wire:
    factors = (x.T, y.T)
    multiply = Exactly(ops.Multiply(*factors), factors, at.result, at.formats, computed=True)
    return call(multiply, x, y)
