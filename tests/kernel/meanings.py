"""What the operations of C mean in real numbers, from first principles."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.operation import Rounding
from catgrad.core.types import Dtype, Operation
from tests.kernel.numbers import each, mantissas, numpy_dtype, real, unit


def contract(x: Any, y: Any) -> Any:
    """``n a b, n b c -> n a c``, also where b is 0."""
    return (x[..., :, :, None] * y[..., None, :, :]).sum(axis=-2, dtype=x.dtype)


def composed(f: ops.Compose, x: Any, y: Any) -> Any:
    matrices = x.reshape(f.A.size, f.B.size), y.reshape(f.B.size, f.C.size)
    return contract(*matrices).reshape(f.result.shape)


def trailing(f: Any, x: Any) -> tuple[int, ...]:
    return tuple(range(len(f.N.shape), x.ndim))


def rounded(f: Any, worth: Fraction) -> int:
    units = worth / unit(f.dtype)
    return {
        Rounding.TRUNCATE: lambda: math.floor(units),
        Rounding.HALF_UP: lambda: math.floor(units + Fraction(1, 2)),
        Rounding.HALF_EVEN: lambda: round(units),
    }[f.rounding]()


def requantised(f: ops.Requantise, worth: Fraction) -> Fraction:
    m = rounded(f, worth)
    if f.overflow is ops.Overflow.SATURATE:
        m = min(max(m, f.dtype.min), f.dtype.max)
    m %= 1 << f.dtype.width
    return (m - (1 << f.dtype.width) * (m > f.dtype.max)) * unit(f.dtype)


def looked_up(f: ops.Lookup, worth: Fraction) -> Fraction:
    entries = dict(zip(range(len(f.entries)), f.entries, strict=True))
    if f.T.fixed.signed:
        entries = {m - (len(entries) if m > f.T.fixed.max else 0): e for m, e in entries.items()}
    return entries[int(worth / unit(f.T.fixed))] * unit(f.dtype)


def padded(f: ops.Pad, x: Any) -> Any:
    """Every number of the operand put where it belongs, one after another."""
    result = np.array(real(f.T, np.full(f.result().shape, f.value, dtype=numpy_dtype(f.T))))
    for index in product(*map(range, x.shape)):
        steps = zip(index, f.low, f.between, strict=True)
        result[tuple(low + i * (between + 1) for i, low, between in steps)] = x[index]
    return result


def window_places(f: ops.Window | ops.Fold) -> Any:
    """For each index of the windows, the index of the array that it shows."""
    for index in product(*map(range, f.windows.shape)):
        *place, k = index
        place[f.axis] = place[f.axis] * f.stride + k * f.dilation
        yield index, tuple(place)


def windowed(f: ops.Window, x: Any) -> Any:
    result = np.empty(f.windows.shape, dtype=x.dtype)
    for index, place in window_places(f):
        result[index] = x[place]
    return result


def folded(f: ops.Fold, x: Any) -> Any:
    result = np.array(real(f.T, np.zeros(f.T.shape, dtype=numpy_dtype(f.T))))
    for index, place in window_places(f):
        result[place] += x[index]
    return result


def scattered(f: ops.ScatterAdd, index: Any, rows: Any) -> Any:
    result = np.array(real(f.T, np.zeros(f.T.shape, dtype=numpy_dtype(f.T))))
    for place in product(*map(range, index.shape)):
        result[int(index[place])] += rows[place]
    return result


def gathered(f: ops.Gather, table: Any, index: Any) -> Any:
    result = np.empty(f.rows.shape, dtype=table.dtype)
    for place in product(*map(range, index.shape)):
        result[place] = table[int(index[place])]
    return result


def hot(f: ops.OneHot, index: Any) -> Any:
    places = np.arange(f.n)
    return each(lambda equal: Fraction(int(equal)), index[..., None] == places)


def pieces(f: ops.Slice) -> tuple[slice, ...]:
    return tuple(map(slice, f.start, f.stop, f.steps))


def reduced(method: str) -> Callable[..., list[Any]]:
    def meaning(f: ops.Reduce, x: Any) -> list[Any]:
        dtype = {"dtype": x.dtype} if method in ("sum", "prod") else {}
        return [getattr(x, method)(axis=f.axes, **dtype)]

    return meaning


def sign(x: Any) -> Any:
    return each(lambda worth: (worth > 0) - (worth < 0), x)


def converted(f: ops.Convert, x: Any) -> Any:
    if f.dtype is Dtype.bool:
        return x != 0
    return (np.trunc(x) if f.dtype is Dtype.int32 else x).astype(str(f.dtype))


def compared(comparison: Callable[[Any, Any], Any]) -> Callable[..., list[Any]]:
    return lambda _, x, y: [each(int, comparison(x, y))]


def function(of: Callable[[Any], Any]) -> Callable[..., list[Any]]:
    # NumPy may round differently in another memory layout.
    return lambda _, x: [of(x.reshape(-1)).reshape(x.shape)]


MEANING: dict[Any, Callable[..., list[Any]]] = {
    ops.Copy: lambda _, x: [x, x],
    ops.Discard: lambda *_: [],
    ops.Reshape: lambda f, x: [np.reshape(x, f.Y.shape)],
    ops.Permute: lambda f, x: [np.transpose(x, f.p)],
    ops.NCopy: lambda f, x: [
        np.broadcast_to(x.reshape(x.shape + (1,) * len(f.T.shape)), f.N.shape + f.T.shape)
    ],
    ops.Broadcast: lambda f, x: [np.broadcast_to(x, f.N.shape + f.T.shape)],
    ops.NAdd: lambda f, x: [x.sum(axis=trailing(f, x), dtype=x.dtype)],
    ops.NMax: lambda f, x: [x.max(axis=trailing(f, x))],
    ops.Sum: lambda f, x: [x.sum(axis=tuple(range(len(f.N.shape))), dtype=x.dtype)],
    ops.NSplit: lambda f, x: [x[..., i] for i in range(f.k)],
    ops.NConcatenate: lambda f, *xs: [
        np.stack(xs, axis=-1) if xs else np.empty((*f.T.shape, 0), numpy_dtype(f.T))
    ],
    ops.Add: lambda _, x, y: [x + y],
    ops.Subtract: lambda _, x, y: [x - y],
    ops.Multiply: lambda _, x, y: [x * y],
    ops.Minimum: lambda _, x, y: [np.where(x < y, x, y)],
    ops.Maximum: lambda _, x, y: [np.where(x < y, y, x)],
    ops.Select: lambda _, bit, x, y: [np.where(bit != 0, x, y)],
    ops.Gt: compared(lambda x, y: x > y),
    ops.Ge: compared(lambda x, y: x >= y),
    ops.Lt: compared(lambda x, y: x < y),
    ops.Le: compared(lambda x, y: x <= y),
    ops.Eq: compared(lambda x, y: x == y),
    ops.Ne: compared(lambda x, y: x != y),
    ops.Abs: lambda _, x: [np.where(x < 0, -x, x)],
    ops.Sign: lambda _, x: [sign(x)],
    ops.Convert: lambda f, x: [converted(f, x)],
    ops.Repeat: lambda f, x: [np.broadcast_to(np.expand_dims(x, f.axes), f.T.shape)],
    ops.ReduceSum: reduced("sum"),
    ops.ReduceProduct: reduced("prod"),
    ops.ReduceMax: reduced("max"),
    ops.ReduceMin: reduced("min"),
    ops.ArgMax: lambda f, x: [np.argmax(x, axis=f.axis)],
    ops.Slice: lambda f, x: [x[pieces(f)]],
    ops.Pad: lambda f, x: [padded(f, x)],
    ops.Concatenate: lambda f, *xs: [np.concatenate(xs, axis=f.axis)],
    ops.Window: lambda f, x: [windowed(f, x)],
    ops.Fold: lambda f, x: [folded(f, x)],
    ops.Gather: lambda f, table, index: [gathered(f, table, index)],
    ops.ScatterAdd: lambda f, index, rows: [scattered(f, index, rows)],
    ops.OneHot: lambda f, index: [hot(f, index)],
    ops.Iota: lambda f: [np.indices(f.T.shape)[f.axis]],
    ops.Exp: function(np.exp),
    ops.Log: function(np.log),
    ops.Sqrt: function(np.sqrt),
    ops.ReciprocalSqrt: function(lambda x: 1 / np.sqrt(x)),
    ops.Reciprocal: function(lambda x: 1 / x),
    ops.Tanh: function(np.tanh),
    ops.Sin: function(np.sin),
    ops.Cos: function(np.cos),
    ops.Mask: lambda _, x, bit: [np.where(bit != 0, x, x - x)],
    ops.Negate: lambda _, x: [-x],
    ops.Constant: lambda f: [real(f.T, np.full(f.T.shape, f.x))],
    ops.Array: lambda f: [real(f.T, np.array(f.numbers).reshape(f.T.shape))],
    ops.MatrixMultiply: lambda _, x, y: [contract(x, y)],
    ops.Compose: lambda f, x, y: [composed(f, x, y)],
    ops.Requantise: lambda f, x: [each(lambda worth: requantised(f, worth), x)],
    ops.InRange: lambda f, x: [
        each(lambda worth: int(f.dtype.min <= rounded(f, worth) <= f.dtype.max), x)
    ],
    ops.Lookup: lambda f, x: [each(lambda worth: looked_up(f, worth), x)],
    ops.Divide: lambda f, x, y: [x / y if f.T.is_floating else x // y],
    # NumPy may round a power differently in another memory layout.
    ops.Power: lambda _, x, y: [np.power(x.reshape(-1), y.reshape(-1)).reshape(x.shape)],
    ops.Invert: lambda _, x: [~x],
}


def meaning(operation: Operation, arrays: list[Any]) -> list[Any]:
    """The results of an operation, from first principles."""
    worth = [real(T, x) for T, x in zip(operation.source(), arrays, strict=True)]
    results = MEANING[type(operation)](operation, *worth)
    return [mantissas(T, y) for T, y in zip(operation.target(), results, strict=True)]
