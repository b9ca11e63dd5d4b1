"""Formats: how many bits a net has, and whether the top one is a sign.

A format `(width, signed)` is the set of integers that a net may carry: `s8` is -128 to 127, `u8`
is 0 to 255. A single format is a `Format`. Many formats are a pair of arrays, `width` and `signed`,
and the functions below work on those.

Arrays of integers are `int64` where every value fits, and arrays of Python integers (dtype
`object`) where one does not. NumPy's arithmetic is exact on both, as long as no `int64` overflows.
"""

from __future__ import annotations

from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Integers = NDArray[Any]
"""int64, or exact Python integers (dtype object)."""

INT64_BITS = 63
"""Every format of at most this width, signed or not, lies in int64."""

WIDEST = 1 << 12
"""No net has more bits, and no shift is longer. It keeps a mistyped width from filling memory."""


class Format(NamedTuple):
    """The integers of `width` bits, two's complement if `signed`.

    >>> Format(8, True).min, Format(8, True).max
    (-128, 127)
    >>> str(Format(12, False)), str(Format.holding(-3, 200))
    ('u12', 's9')
    """

    width: int
    signed: bool

    @classmethod
    def holding(cls, lo: int, hi: int) -> Format:
        """The smallest format that holds lo to hi; unsigned where lo >= 0, at least one bit."""
        signed = bool(lo < 0)
        return cls(max(1, int(max(hi, ~lo)).bit_length() + signed), signed)

    @property
    def min(self) -> int:
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        return (1 << (self.width - self.signed)) - 1

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.width}"


BIT = Format(1, False)


def limits(width: IntArray, signed: BoolArray, exact: bool) -> tuple[Integers, Integers]:
    """The least and the greatest value of each format: Python integers if `exact`, else int64.

    int64 needs every width to be at most `INT64_BITS`.
    """
    ones = np.full(width.shape, -1, dtype=object if exact else np.int64)
    hi = ~(ones << (width - signed))
    return np.where(signed, ~hi, 0 * hi), hi


def smallest(lo: Integers, hi: Integers) -> tuple[IntArray, BoolArray]:
    """Width and sign of the smallest format that holds lo to hi, element by element."""
    signed = np.asarray(lo < 0, dtype=np.bool_)
    width = bit_length(np.maximum(hi, ~lo)) + signed
    return np.maximum(width, 1), signed


def bit_length(x: Integers) -> IntArray:
    """The bits of each x >= 0, as `int.bit_length` counts them."""
    if x.dtype == object:
        return np.array([v.bit_length() for v in x.flat], dtype=np.int64).reshape(x.shape)
    for shift in (1, 2, 4, 8, 16, 32):
        x = x | x >> shift
    return np.bitwise_count(x).astype(np.int64)


def wrap(x: Integers, width: IntArray, signed: BoolArray) -> Integers:
    """x modulo 2**width, in the range of the format."""
    ones = np.full(width.shape, -1, dtype=x.dtype)
    half = np.where(signed, ~(ones << (width - 1)) + 1, 0)
    wrapped: Integers = ((x & ~(ones << width)) ^ half) - half
    return wrapped


def integers(values: ArrayLike) -> Integers:
    """Any integers as an int64 array, or as Python integers (object) where one needs more bits.

    TypeError where something is not an integer.
    """
    if isinstance(values, np.ndarray) and np.can_cast(values.dtype, np.int64):
        return values.astype(np.int64)
    exact = np.array(values, dtype=object)
    flat = [index(value) for value in exact.flat]
    if all(-(1 << 63) <= value < 1 << 63 for value in flat):
        return np.array(flat, dtype=np.int64).reshape(exact.shape)
    return np.array(flat, dtype=object).reshape(exact.shape)
