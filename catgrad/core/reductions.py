"""The arrows of C that make one number of many, along axes that the result does not have."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from catgrad.core.exact import WIDEST_PRODUCT, exact_power, exact_total
from catgrad.core.functions import axis_of
from catgrad.core.types import Dtype, Fixed, NdArrayType, Shape, TypeMismatch, obj, require
from catgrad.hypergraph import Labels

Axes = int | Sequence[int]
"""One axis, or several."""


def axes_given(axes: Axes) -> tuple[int, ...]:
    """Axes as a tuple.

    >>> axes_given(1), axes_given([0, -1])
    ((1,), (0, -1))
    """
    if isinstance(axes, int):
        return (axes,)
    if not isinstance(axes, Sequence) or isinstance(axes, str):
        raise TypeMismatch(f"An axis is a number, not {axes!r}; write 1, or (0, 1) for several.")
    return tuple(axes)


def axes_total(T: NdArrayType, terms: int) -> NdArrayType:
    """`T` after `terms` such arrays are added up."""
    return T.with_dtype(exact_total(T.dtype, terms)) if isinstance(T.dtype, Fixed) else T


def axes_product(T: NdArrayType, factors: int) -> NdArrayType:
    """`T` after `factors` such arrays are multiplied.

    Raises ``TypeMismatch`` where an exact product has more than 64 bits.
    """
    if not isinstance(T.dtype, Fixed):
        return T
    form = exact_power(T.dtype, factors)
    if form is None:
        raise TypeMismatch(
            f"A product of {factors} numbers of {T.dtype} has more than {WIDEST_PRODUCT} bits; "
            f"use narrower numbers, or requantise between fewer factors."
        )
    return T.with_dtype(form)


################################################################################
# Over any axes


@dataclass(frozen=True)
class AlongAxes(ABC):
    """An array of type `T` with `axes`, and one without.

    The axes become a sorted tuple of axes counted from the first one; a single one may be a number.

    >>> T = NdArrayType((2, 3, 4), Dtype.float32)
    >>> ReduceSum(T, (-1, 0)) == ReduceSum(T, (0, 2)), str(ReduceSum(T, (-1, 0)).target()[0])
    (True, 'float32[3]')
    """

    T: NdArrayType
    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        given = axes_given(self.axes)
        axes = sorted(axis_of(self, self.T, axis) for axis in given)
        require(
            len(set(axes)) == len(axes),
            self,
            f"names an axis of {self.T} twice in {given}",
            "name each axis once",
        )
        object.__setattr__(self, "axes", tuple(axes))

    @property
    def extents(self) -> Shape:
        """The extents of `axes`."""
        return tuple(self.T.shape[axis] for axis in self.axes)

    @property
    def others(self) -> tuple[int, ...]:
        """The axes that are not among `axes`."""
        return tuple(axis for axis in range(len(self.T.shape)) if axis not in self.axes)

    @property
    def terms(self) -> int:
        """How many numbers there are along `axes` for each one without."""
        return math.prod(self.extents)

    @property
    def without(self) -> NdArrayType:
        """The array without `axes`."""
        return NdArrayType(tuple(self.T.shape[axis] for axis in self.others), self.T.dtype)


class Repeat(AlongAxes):
    """The array without `axes` → `T`: each number again and again along `axes`."""

    def source(self) -> Labels:
        return obj(self.without)

    def target(self) -> Labels:
        return obj(self.T)


class Reduce(AlongAxes):
    """`T` → the array without `axes`: all numbers along them as one."""

    @abstractmethod
    def result(self) -> NdArrayType:
        """The type of the result."""

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.result())


class ReduceSum(Reduce):
    """The sum; of no numbers, 0."""

    def result(self) -> NdArrayType:
        return axes_total(self.without, self.terms)


class ReduceProduct(Reduce):
    """The product; of no numbers, 1. Of `Fixed` numbers up to an exact result of 64 bits."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.result()

    def result(self) -> NdArrayType:
        return axes_product(self.without, self.terms)


class _Extremum(Reduce):
    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.terms > 0,
            self,
            f"has nothing to choose from along axes {self.axes} of {self.T}",
            "reduce over at least one element",
        )

    def result(self) -> NdArrayType:
        return self.without


class ReduceMax(_Extremum):
    """The greatest number."""


class ReduceMin(_Extremum):
    """The least number."""


@dataclass(frozen=True)
class ArgMax:
    """The index of the greatest number along `axis`, the first of them where several are.

    The result is int32, or an unsigned format of fraction 0 where `T` is `Fixed`.
    """

    T: NdArrayType
    axis: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", axis_of(self, self.T, self.axis))
        require(
            self.T.shape[self.axis] > 0,
            self,
            f"has nothing to choose from along axis {self.axis} of {self.T}",
            "reduce over at least one element",
        )

    def result(self) -> NdArrayType:
        """The type of the result."""
        n = self.T.shape[self.axis]
        fixed = isinstance(self.T.dtype, Fixed)
        dtype = Fixed.holding(0, n - 1, 0) if fixed else Dtype.int32
        return NdArrayType(self.T.shape[: self.axis] + self.T.shape[self.axis + 1 :], dtype)

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.result())


################################################################################
# Over the first axes, or the last ones


@dataclass(frozen=True)
class NAdd:
    """``N+T → N`` sums over the trailing axes `T`."""

    N: NdArrayType
    T: NdArrayType

    def source(self) -> Labels:
        return obj(NdArrayType(self.N.shape + self.T.shape, self.N.dtype))

    def target(self) -> Labels:
        return obj(axes_total(self.N, self.T.size))


@dataclass(frozen=True)
class NMax:
    """``N+T → N`` takes the greatest number along the trailing axes `T`."""

    N: NdArrayType
    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.size > 0,
            self,
            f"has nothing to take the greatest of along axes {self.T.shape}",
            "reduce over at least one element",
        )

    def source(self) -> Labels:
        return obj(NdArrayType(self.N.shape + self.T.shape, self.N.dtype))

    def target(self) -> Labels:
        return obj(self.N)


@dataclass(frozen=True)
class Sum:
    """``N+T → T`` sums over the leading axes `N`."""

    T: NdArrayType
    N: NdArrayType

    def source(self) -> Labels:
        return obj(NdArrayType(self.N.shape + self.T.shape, self.T.dtype))

    def target(self) -> Labels:
        return obj(axes_total(self.T, self.N.size))
