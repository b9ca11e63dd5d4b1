"""What core programs mean, one operation after another: Python integers, or NumPy's own dtypes."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import singledispatch
from typing import Any

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import Fixed, NdArrayType
from catgrad.hypergraph import OpenHypergraph, order
from catgrad.special.definition import inline

Array = Any


def interpret(f: OpenHypergraph, arguments: Sequence[Array]) -> list[Array]:
    """The results of a program; arrays of mantissas are arrays of Python integers throughout."""
    f = inline(f)
    values: dict[int, Array] = {}
    for wire, x in zip(f.s.table.tolist(), arguments, strict=True):
        values[wire] = np.array(x, dtype=storage(f.H.w[wire]))
    for i in order(f).tolist():
        results = meaning(f.H.x[i], *(values[wire] for wire in f.H.s[i].table.tolist()))
        for wire, x in zip(f.H.t[i].table.tolist(), results, strict=True):
            T = f.H.w[wire]
            array = np.array(x, dtype=storage(T))
            assert array.shape == T.shape
            if isinstance(T.dtype, Fixed):
                assert all(T.dtype.min <= m <= T.dtype.max for m in array.flat)
            values[wire] = array
    return [values[wire] for wire in f.t.table.tolist()]


def storage(T: NdArrayType) -> Any:
    return object if isinstance(T.dtype, Fixed) else str(T.dtype)


@singledispatch
def meaning(operation: Any, *operands: Array) -> list[Array]:
    raise AssertionError(f"{operation} on {len(operands)} operands")


def number(form: Fixed) -> Any:
    return np.vectorize(lambda m: Fraction(int(m)) / Fraction(2) ** form.fraction, otypes=[object])


def mantissa(form: Fixed) -> Any:
    """The mantissa of a number that the format holds exactly."""

    def convert(x: Fraction) -> int:
        m = x * Fraction(2) ** form.fraction
        assert m.denominator == 1
        return int(m)

    return np.vectorize(convert, otypes=[object])


def elementwise(operation: Any, function: Any, *operands: Array) -> list[Array]:
    """A function of real numbers: on `Fixed` arrays, of the numbers that mantissas stand for."""
    sources, [T] = list(operation.source()), list(operation.target())
    if not isinstance(T.dtype, Fixed):
        return [function(*operands)]
    reals = [number(S.fixed)(x) for S, x in zip(sources, operands, strict=True)]
    if T.size == 0:
        return [np.empty(T.shape, dtype=object)]
    return [mantissa(T.fixed)(np.vectorize(function, otypes=[object])(*reals))]


@meaning.register
def _(_operation: ops.Copy, x: Array) -> list[Array]:
    return [x, x]


@meaning.register
def _(_operation: ops.Discard, _x: Array) -> list[Array]:
    return []


@meaning.register
def _(operation: ops.Add, x: Array, y: Array) -> list[Array]:
    return elementwise(operation, lambda a, b: a + b, x, y)


@meaning.register
def _(operation: ops.Subtract, x: Array, y: Array) -> list[Array]:
    return elementwise(operation, lambda a, b: a - b, x, y)


@meaning.register
def _(operation: ops.Multiply, x: Array, y: Array) -> list[Array]:
    return elementwise(operation, lambda a, b: a * b, x, y)


@meaning.register
def _(operation: ops.Gt, x: Array, y: Array) -> list[Array]:
    return elementwise(operation, lambda a, b: a > b, x, y)


@meaning.register
def _(_operation: ops.Divide, x: Array, y: Array) -> list[Array]:
    return [x / y]


@meaning.register
def _(_operation: ops.Power, x: Array, y: Array) -> list[Array]:
    return [x**y]


@meaning.register
def _(operation: ops.Negate, x: Array) -> list[Array]:
    return elementwise(operation, lambda a: -a, x)


@meaning.register
def _(_operation: ops.Invert, x: Array) -> list[Array]:
    return [~x]


@meaning.register
def _(_operation: ops.Mask, x: Array, bits: Array) -> list[Array]:
    return [np.where(bits == 1, x, np.zeros_like(x))]


@meaning.register
def _(operation: ops.Constant) -> list[Array]:
    return [np.full(operation.T.shape, operation.x, dtype=storage(operation.T))]


@meaning.register
def _(operation: ops.Broadcast, x: Array) -> list[Array]:
    return [np.broadcast_to(x, operation.N.shape + operation.T.shape)]


@meaning.register
def _(operation: ops.NCopy, x: Array) -> list[Array]:
    axes = (1,) * len(operation.T.shape)
    return [np.broadcast_to(x.reshape(x.shape + axes), operation.N.shape + operation.T.shape)]


def total(x: Array, axes: Sequence[int]) -> Array:
    return np.add.reduce(x, axis=tuple(axes), dtype=x.dtype)


@meaning.register
def _(operation: ops.Sum, x: Array) -> list[Array]:
    return [total(x, range(len(operation.N.shape)))]


@meaning.register
def _(operation: ops.NAdd, x: Array) -> list[Array]:
    return [total(x, range(len(operation.N.shape), x.ndim))]


@meaning.register
def _(operation: ops.NMax, x: Array) -> list[Array]:
    axes = range(len(operation.N.shape), x.ndim)
    return [np.maximum.reduce(x, axis=tuple(axes))]


@meaning.register
def _(operation: ops.NSplit, x: Array) -> list[Array]:
    return [x[..., i] for i in range(operation.k)]


@meaning.register
def _(_operation: ops.NConcatenate, *xs: Array) -> list[Array]:
    return [np.stack(xs, axis=-1)]


@meaning.register
def _(operation: ops.Reshape, x: Array) -> list[Array]:
    return [x.reshape(operation.Y.shape)]


@meaning.register
def _(operation: ops.Permute, x: Array) -> list[Array]:
    return [x.transpose(operation.p)]


def contract(x: Array, y: Array, rows: int, inner: int, columns: int) -> Array:
    """A product of matrices, as sums of products."""
    x, y = x.reshape(rows, inner, 1), y.reshape(1, inner, columns)
    return np.add.reduce(x * y, axis=1, dtype=x.dtype)


@meaning.register
def _(operation: ops.Compose, x: Array, y: Array) -> list[Array]:
    A, B, C = operation.A, operation.B, operation.C
    return [contract(x, y, A.size, B.size, C.size).reshape(A.shape + C.shape)]


@meaning.register
def _(operation: ops.MatrixMultiply, x: Array, y: Array) -> list[Array]:
    A, B, C = operation.A, operation.B, operation.C
    pairs = zip(x.reshape(-1, A.size, B.size), y.reshape(-1, B.size, C.size), strict=True)
    stacked = [contract(a, b, A.size, B.size, C.size) for a, b in pairs]
    return [np.array(stacked, dtype=x.dtype).reshape(operation.result.shape)]


def round_number(x: Fraction, rounding: Rounding) -> int:
    match rounding:
        case Rounding.TRUNCATE:
            return math.floor(x)
        case Rounding.HALF_UP:
            return math.floor(x + Fraction(1, 2))
        case Rounding.HALF_EVEN:
            return round(x)


def contain(q: int, form: Fixed, overflow: Overflow) -> int:
    if overflow is Overflow.SATURATE:
        return min(max(q, form.min), form.max)
    while q < form.min or q > form.max:
        steps = max(1, abs(q - form.min) >> form.width)
        q += (steps << form.width) * (1 if q < form.min else -1)
    return q


def quotients(operation: Any, x: Array) -> Array:
    scale = Fraction(2) ** operation.dtype.fraction
    reals = number(operation.T.fixed)(x) * scale
    return np.vectorize(lambda r: round_number(r, operation.rounding), otypes=[object])(reals)


@meaning.register
def _(operation: ops.Requantise, x: Array) -> list[Array]:
    form, overflow = operation.dtype, operation.overflow
    q = quotients(operation, x)
    return [np.vectorize(lambda m: contain(m, form, overflow), otypes=[object])(q)]


@meaning.register
def _(operation: ops.InRange, x: Array) -> list[Array]:
    form = operation.dtype
    q = quotients(operation, x)
    return [np.vectorize(lambda m: int(form.min <= m <= form.max), otypes=[object])(q)]


@meaning.register
def _(operation: ops.Lookup, x: Array) -> list[Array]:
    entries = operation.entries
    return [np.vectorize(lambda m: entries[m % len(entries)], otypes=[object])(x)]
