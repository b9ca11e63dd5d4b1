"""The arrows of C that work on one array, number by number, and those that make arrays of nothing.

Arrays are row-major.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from catgrad.core.exact import exact_magnitude
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op, require
from catgrad.hypergraph import Labels, OpenHypergraph

Scalar = int | float


def python_number(x: Any) -> Any:
    """A number of NumPy as one of Python, which is what source is written with."""
    return x.item() if isinstance(x, np.generic) else x


RANGE: dict[Hashable, tuple[Scalar, Scalar]] = {
    Dtype.int32: (-(2**31), 2**31 - 1),
    Dtype.float32: (-float(np.finfo(np.float32).max), float(np.finfo(np.float32).max)),
    Dtype.float64: (-float(np.finfo(np.float64).max), float(np.finfo(np.float64).max)),
}
"""The least and the greatest number of each dtype."""


@dataclass(frozen=True)
class Constant:
    """``I → T``, an array of one number throughout. For `Fixed` `T` it is the mantissa."""

    T: NdArrayType
    x: Scalar

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", python_number(self.x))
        require(
            isinstance(self.x, int) or (isinstance(self.x, float) and math.isfinite(self.x)),
            self,
            f"needs a finite number, not {self.x!r}",
            "give one number that fills the array",
        )
        if self.T.dtype in RANGE:
            low, high = RANGE[self.T.dtype]
            require(
                low <= self.x <= high,
                self,
                f"cannot hold {self.x!r} in {self.T}",
                f"give a number from {low} to {high}",
            )
        if self.T.dtype is Dtype.int32 or self.T.dtype is Dtype.bool:
            require(
                float(self.x).is_integer(),
                self,
                f"cannot hold {self.x!r} in {self.T}",
                "give an integer, or use a floating-point dtype",
            )
        if isinstance(self.T.dtype, Fixed):
            require(
                isinstance(self.x, int) and self.T.dtype.holds(self.x, self.x),
                self,
                f"cannot hold the mantissa {self.x!r} in {self.T.dtype}",
                f"give an integer from {self.T.dtype.min} to {self.T.dtype.max}",
            )

    def source(self) -> Labels:
        return obj()

    def target(self) -> Labels:
        return obj(self.T)


@dataclass(frozen=True)
class Array:
    """``I → T``, an array of given numbers, row by row. For `Fixed` `T` they are mantissas.

    >>> Array(NdArrayType((2, 2), Dtype.int32), (1, 2, 3, 4)).numbers
    (1, 2, 3, 4)
    """

    T: NdArrayType
    numbers: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", tuple(python_number(x) for x in self.numbers))
        require(
            len(self.numbers) == self.T.size,
            self,
            f"has {len(self.numbers)} numbers for the {self.T.size} places of {self.T}",
            "give one for each",
        )
        for x in dict.fromkeys(self.numbers):
            Constant(self.T, x)  # which refuses a number that the type cannot hold

    def source(self) -> Labels:
        return obj()

    def target(self) -> Labels:
        return obj(self.T)


@dataclass(frozen=True)
class Iota:
    """``I → T``, an array of positions: each number is its index along `axis`, from 0.

    >>> Iota(NdArrayType((2, 3), Dtype.int32), -1).axis
    1
    """

    T: NdArrayType
    axis: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", axis_of(self, self.T, self.axis))
        n, dtype = self.T.shape[self.axis], self.T.dtype
        require(dtype is not Dtype.bool, self, f"cannot count in {self.T}", "use int32")
        if isinstance(dtype, Fixed):
            require(
                dtype.fraction >= 0 and dtype.holds(0, (n - 1) << dtype.fraction),
                self,
                f"cannot hold the numbers from 0 to {n - 1} in {dtype}",
                f"use a format such as {Fixed.holding(0, max(n - 1, 0), 0)}",
            )

    def source(self) -> Labels:
        return obj()

    def target(self) -> Labels:
        return obj(self.T)


def axis_of(operation: object, T: NdArrayType, axis: int) -> int:
    """The axis of an array that an operation names, counted from the first one."""
    axes = len(T.shape)
    require(
        isinstance(axis, int) and -axes <= axis < axes,
        operation,
        f"names axis {axis!r} of {T}, which has {axes}",
        f"give one from {-axes} to {axes - 1}" if axes else "give an array that has axes",
    )
    return axis % axes


################################################################################
# Exact


@dataclass(frozen=True)
class Negate:
    """``-x``."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        if isinstance(self.T.dtype, Fixed):
            a = self.T.dtype
            return obj(self.T.with_dtype(Fixed.holding(-a.max, -a.min, a.fraction)))
        return obj(self.T)


@dataclass(frozen=True)
class Invert:
    """``~x``, each bit inverted."""

    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.dtype in (Dtype.int32, Dtype.bool),
            self,
            f"is not defined on {self.T}",
            "use int32 or bool",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)


@dataclass(frozen=True)
class Abs:
    """``|x|``."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        if isinstance(self.T.dtype, Fixed):
            return obj(self.T.with_dtype(exact_magnitude(self.T.dtype)))
        return obj(self.T)


@dataclass(frozen=True)
class Sign:
    """1 where `x` is positive, -1 where it is negative, 0 where it is 0."""

    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.dtype is not Dtype.bool,
            self,
            f"is not defined on {self.T}",
            "use numbers that may be negative",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        if isinstance(self.T.dtype, Fixed):
            return obj(self.T.with_dtype(Fixed.holding(-int(self.T.dtype.signed), 1, 0)))
        return obj(self.T)


@dataclass(frozen=True)
class Convert:
    """The same numbers in another `Dtype`: toward zero to int32, and to bool whether not 0."""

    T: NdArrayType
    dtype: Dtype

    def __post_init__(self) -> None:
        require(
            isinstance(self.T.dtype, Dtype) and isinstance(self.dtype, Dtype),
            self,
            f"cannot take {self.T} to {self.dtype}",
            "use Requantise between fixed-point formats, and the quantise functor to get there",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T.with_dtype(self.dtype))


################################################################################
# Of real numbers


@dataclass(frozen=True)
class Unary:
    """A function of one real number, on floating-point arrays.

    Those with a `function`, which is the same on one number, become a table of it on fixed-point
    numbers; the others become arithmetic around a table.
    """

    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.is_floating,
            self,
            f"is not defined on {self.T}",
            "use a floating-point dtype",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)


class Exp(Unary):
    """``e ** x``."""


def exp1(T: NdArrayType) -> OpenHypergraph:
    """``e ** x``, as a program."""
    return op(Exp(T))


class Log(Unary):
    """The natural logarithm."""


class Sqrt(Unary):
    """The square root."""


class ReciprocalSqrt(Unary):
    """``1 / sqrt(x)``."""


class Reciprocal(Unary):
    """``1 / x``."""


class Tanh(Unary):
    """The hyperbolic tangent."""

    @staticmethod
    def function(x: float) -> float:
        return math.tanh(x)


class Sin(Unary):
    """The sine, of an angle in radians."""

    @staticmethod
    def function(x: float) -> float:
        return math.sin(x)


class Cos(Unary):
    """The cosine, of an angle in radians."""

    @staticmethod
    def function(x: float) -> float:
        return math.cos(x)
