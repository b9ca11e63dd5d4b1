"""Numbers of every dtype, as programs take them and as what they are worth.

A fixed-point array is to a meaning an array of fractions. So no meaning knows of formats, and an
operation is right if its mantissas are worth what the meaning says.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from catgrad.core.types import Dtype, Fixed, NdArrayType

Draw = Callable[[st.SearchStrategy[Any]], Any]

narrow = st.builds(Fixed, st.integers(1, 9), st.integers(-3, 9), st.booleans())
wide = st.builds(Fixed, st.integers(54, 66), st.integers(-3, 9), st.booleans())
formats = narrow | narrow | wide
dtypes = st.sampled_from([Dtype.float32, Dtype.float64, Dtype.int32]) | formats
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
lines = st.integers(0, 4).map(lambda n: (n,))


def array(draw: Draw, dtype: Any, shape: st.SearchStrategy[Any] = shapes) -> NdArrayType:
    """An array type."""
    return NdArrayType(draw(shape), dtype)


def partner(draw: Draw, dtype: Any) -> Any:
    """A dtype that the second operand of an operation may have."""
    return draw(formats) if isinstance(dtype, Fixed) else dtype


def values(draw: Draw, T: NdArrayType) -> Any:
    """An array of this type, as programs take it. Floating-point results on it are exact."""
    if isinstance(T.dtype, Fixed):
        extremes = st.sampled_from([T.dtype.min, T.dtype.max])
        number = extremes | st.integers(T.dtype.min, T.dtype.max)
    else:
        exact = st.sampled_from([1.0, 2.0, -1.0, 0.5, -4.0, 3.0])
        whole = st.integers(-(2**31), 2**31 - 1)
        number = {Dtype.bool: st.booleans(), Dtype.int32: whole}.get(T.dtype, exact)
    drawn = draw(st.lists(number, min_size=T.size, max_size=T.size))
    return np.array(drawn, dtype=numpy_dtype(T)).reshape(T.shape)


def numpy_dtype(T: NdArrayType) -> Any:
    """What the arrays of a type are made of."""
    if isinstance(T.dtype, Fixed):
        return np.int64 if T.dtype.width <= 63 else object
    return {
        Dtype.float32: np.float32,
        Dtype.float64: np.float64,
        Dtype.int32: np.int32,
        Dtype.bool: np.bool_,
    }[T.dtype]


def real(T: NdArrayType, x: Any) -> Any:
    """What the numbers of an array are worth."""
    if not isinstance(T.dtype, Fixed):
        return x
    return each(lambda m: Fraction(int(m)) * unit(T.dtype), x)


def mantissas(T: NdArrayType, x: Any) -> Any:
    """Numbers that are worth `x`; the inverse of `real`, which exists if T is exact enough."""
    if not isinstance(T.dtype, Fixed):
        return np.asarray(x, dtype=numpy_dtype(T))
    exact = each(lambda worth: Fraction(worth) / unit(T.dtype), x)
    assert all(m.denominator == 1 for m in exact.flat)
    return each(int, exact).astype(numpy_dtype(T))


def unit(form: Fixed) -> Fraction:
    return Fraction(2) ** -form.fraction


def each(function: Callable[[Any], Any], x: Any) -> Any:
    """Python objects, one for each element."""
    x = np.asarray(x)
    result = np.empty(x.shape, dtype=object)
    result[...] = np.frompyfunc(function, 1, 1)(x)
    return result
