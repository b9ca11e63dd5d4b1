"""Operations of C on one number: what an operation makes of arrays that are constant throughout."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from catgrad.core import exact
from catgrad.core import operation as ops
from catgrad.core.operation import Overflow, Rounding, Scalar
from catgrad.core.types import Dtype, Fixed, NdArrayType


def evaluate(operation: Any, *values: Scalar) -> Scalar | None:
    """The number that fills the result when each operand is filled with one of `values`.

    Numbers of `Fixed` types are mantissas. None where the result is not one number throughout, or
    not a finite one.

    >>> T = NdArrayType((3,), Fixed(4, 2))
    >>> evaluate(ops.Multiply(T), 5, -3), evaluate(ops.Sum(T, NdArrayType((9,), T.dtype)), 2)
    (-15, 18)
    """
    value: Scalar | None = _value(operation, *values)
    return value


def rounded(mantissa: int, shift: int, rounding: Rounding) -> int:
    """``mantissa / 2**shift`` as an integer."""
    if shift <= 0:
        return mantissa << -shift
    half = 1 << (shift - 1)
    match rounding:
        case Rounding.TRUNCATE:
            return mantissa >> shift
        case Rounding.HALF_UP:
            return (mantissa + half) >> shift
        case Rounding.HALF_EVEN:
            return (mantissa + half - 1 + ((mantissa >> shift) & 1)) >> shift


def contained(mantissa: int, form: Fixed, overflow: Overflow) -> int:
    """An integer brought into the range of a format."""
    match overflow:
        case Overflow.SATURATE:
            return min(max(mantissa, form.min), form.max)
        case Overflow.WRAP:
            return ((mantissa - form.min) & ((1 << form.width) - 1)) + form.min


@singledispatch
def _value(_operation: object, *_values: Scalar) -> Any:
    return None


@_value.register(ops.Reshape)
@_value.register(ops.Permute)
@_value.register(ops.NCopy)
@_value.register(ops.Broadcast)
@_value.register(ops.NConcatenate)
@_value.register(ops.NMax)
@_value.register(ops.ReduceMax)
@_value.register(ops.ReduceMin)
@_value.register(ops.Repeat)
@_value.register(ops.Slice)
@_value.register(ops.Concatenate)
@_value.register(ops.Window)
def _(_operation: object, *values: Scalar) -> Any:
    return values[0] if len(set(values)) == 1 else None


def _on_numbers(T: NdArrayType, function: Callable[..., Any], *values: Scalar) -> Any:
    """A NumPy function on numbers of an ordinary dtype, rounded as NumPy rounds them."""
    if not T.is_floating:
        try:
            with np.errstate(all="raise"):
                return int(function(*(np.array([x]).astype(str(T.dtype)) for x in values))[0])
        except (FloatingPointError, ValueError):  # x // 0, and x ** -1
            return None
    with np.errstate(all="ignore"):
        number = np.dtype(str(T.dtype)).type
        result = number(function(*(number(value) for value in values)))
    # The shortest decimal that reads back as this number: 0.2, not 0.20000000298023224.
    return float(str(result)) if np.isfinite(result) else None


@_value.register
def _(operation: ops.Add, x: Any, y: Any) -> Any:
    if isinstance(operation.T.dtype, Fixed):
        _, i, j = exact.aligned(operation.T.dtype, operation.second.fixed)
        return (x << i) + (y << j)
    return _on_numbers(operation.T, np.add, x, y)


@_value.register
def _(operation: ops.Subtract, x: Any, y: Any) -> Any:
    if isinstance(operation.T.dtype, Fixed):
        _, i, j = exact.aligned(operation.T.dtype, operation.second.fixed)
        return (x << i) - (y << j)
    if operation.T.dtype is Dtype.bool:
        return None
    return _on_numbers(operation.T, np.subtract, x, y)


@_value.register
def _(operation: ops.Multiply, x: Any, y: Any) -> Any:
    if isinstance(operation.T.dtype, Fixed):
        return x * y
    return _on_numbers(operation.T, np.multiply, x, y)


COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ops.Gt: operator.gt,
    ops.Ge: operator.ge,
    ops.Lt: operator.lt,
    ops.Le: operator.le,
    ops.Eq: operator.eq,
    ops.Ne: operator.ne,
}
"""Comparisons of two numbers with one binary point."""


@_value.register
def _(operation: ops.Comparison, x: Any, y: Any) -> Any:
    holds = COMPARISONS[type(operation)]
    if isinstance(operation.T.dtype, Fixed):
        _, i, j = exact.aligned(operation.T.dtype, operation.second.fixed)
        return int(holds(x << i, y << j))
    return _on_numbers(operation.T, lambda a, b: holds(a, b).astype(a.dtype), x, y)


@_value.register(ops.Minimum)
@_value.register(ops.Maximum)
def _(operation: ops.Minimum | ops.Maximum, x: Any, y: Any) -> Any:
    chosen = min if isinstance(operation, ops.Minimum) else max
    if isinstance(operation.T.dtype, Fixed):
        _, i, j = exact.aligned(operation.T.dtype, operation.second.fixed)
        return chosen(x << i, y << j)
    return chosen(x, y)


@_value.register
def _(operation: ops.Select, bit: Any, x: Any, y: Any) -> Any:
    if isinstance(operation.T.dtype, Fixed):
        _, i, j = exact.aligned(operation.T.dtype, operation.second.fixed)
        return x << i if bit else y << j
    return x if bit else y


@_value.register
def _(operation: ops.Abs, x: Any) -> Any:
    if isinstance(operation.T.dtype, Fixed):
        return abs(x)
    return _on_numbers(operation.T, np.abs, x)


@_value.register
def _(_operation: ops.Sign, x: Any) -> Any:
    return (x > 0) - (x < 0)


@_value.register
def _(operation: ops.Pad, x: Any) -> Any:
    return x if x == operation.value else None


FUNCTIONS: dict[type, Callable[[Any], Any]] = {
    ops.Exp: np.exp,
    ops.Log: np.log,
    ops.Sqrt: np.sqrt,
    ops.ReciprocalSqrt: lambda x: 1 / np.sqrt(x),
    ops.Reciprocal: np.reciprocal,
    ops.Tanh: np.tanh,
    ops.Sin: np.sin,
    ops.Cos: np.cos,
}
"""Functions of one real number."""


@_value.register
def _(operation: ops.Unary, x: Any) -> Any:
    return _on_numbers(operation.T, FUNCTIONS[type(operation)], x)


@_value.register
def _(operation: ops.Divide, x: Any, y: Any) -> Any:
    return _on_numbers(operation.T, np.divide if operation.T.is_floating else np.floor_divide, x, y)


@_value.register
def _(operation: ops.Power, x: Any, y: Any) -> Any:
    return _on_numbers(operation.T, np.power, x, y)


@_value.register
def _(_operation: ops.Mask, x: Any, bit: Any) -> Any:
    return x if bit else 0


@_value.register
def _(operation: ops.Negate, x: Any) -> Any:
    if isinstance(operation.T.dtype, Fixed):
        return -x
    return None if operation.T.dtype is Dtype.bool else _on_numbers(operation.T, np.negative, x)


@_value.register
def _(operation: ops.Invert, x: Any) -> Any:
    return _on_numbers(operation.T, np.invert, x)


@_value.register
def _(operation: ops.Sum, x: Any) -> Any:
    return operation.N.size * x if isinstance(operation.T.dtype, Fixed) or x == 0 else None


@_value.register
def _(operation: ops.NAdd, x: Any) -> Any:
    return operation.T.size * x if isinstance(operation.N.dtype, Fixed) or x == 0 else None


@_value.register
def _(operation: ops.ReduceSum, x: Any) -> Any:
    return operation.terms * x if isinstance(operation.T.dtype, Fixed) or x == 0 else None


@_value.register
def _(operation: ops.Requantise, x: Any) -> Any:
    shift = operation.T.fixed.fraction - operation.dtype.fraction
    return contained(rounded(x, shift, operation.rounding), operation.dtype, operation.overflow)


@_value.register
def _(operation: ops.InRange, x: Any) -> Any:
    shift = operation.T.fixed.fraction - operation.dtype.fraction
    q = rounded(x, shift, operation.rounding)
    return int(operation.dtype.holds(q, q))


@_value.register
def _(operation: ops.Lookup, x: Any) -> Any:
    return operation.entries[x % len(operation.entries)]
