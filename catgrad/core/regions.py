"""The arrows of C that take parts of arrays, and put arrays together of parts.

`Slice` and `Pad` are each other's reverse, and so are `Window` and `Fold`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Self

from catgrad.core.functions import Constant, Scalar, axis_of
from catgrad.core.reductions import axes_total
from catgrad.core.types import NdArrayType, Shape, obj, require
from catgrad.hypergraph import Labels

Ints = tuple[int, ...]


def _one_each(operation: object, T: NdArrayType, name: str, numbers: Ints, least: int) -> None:
    """Refuse anything but one integer of at least `least` for each axis."""
    require(
        isinstance(numbers, tuple)
        and len(numbers) == len(T.shape)
        and all(isinstance(i, int) and i >= least for i in numbers),
        operation,
        f"has {name} {numbers!r} for the {len(T.shape)} axes of {T}",
        f"give a tuple of one integer of at least {least} for each",
    )


@dataclass(frozen=True)
class Slice:
    """``x[start[0]:stop[0]:step[0], start[1]:stop[1]:step[1], ...]``, every step 1 unless given.

    >>> from catgrad.core.types import Dtype
    >>> T = NdArrayType((5, 4), Dtype.float32)
    >>> str(Slice(T, (1, 0), (5, 4), (2, 1)).result())
    'float32[2, 4]'
    """

    T: NdArrayType
    start: Ints
    stop: Ints
    step: Ints | None = None

    def __post_init__(self) -> None:
        if self.step is None:
            object.__setattr__(self, "step", (1,) * len(self.T.shape))
        _one_each(self, self.T, "start", self.start, 0)
        _one_each(self, self.T, "stop", self.stop, 0)
        _one_each(self, self.T, "step", self.steps, 1)
        ends = zip(self.start, self.stop, self.T.shape, strict=True)
        require(
            all(start <= stop <= n for start, stop, n in ends),
            self,
            f"cannot take from {self.start} to {self.stop} out of {self.T}",
            "keep 0 <= start <= stop <= extent along every axis",
        )

    @classmethod
    def along(cls, T: NdArrayType, axis: int, start: int, stop: int, step: int = 1) -> Self:
        """``x[start:stop:step]`` along one axis, and all of the others.

        >>> from catgrad.core.types import Dtype
        >>> T = NdArrayType((4, 6), Dtype.float32)
        >>> Slice.along(T, -1, 0, 2) == Slice(T, (0, 0), (4, 2))
        True
        """
        whole = cls(T, (0,) * len(T.shape), T.shape)
        k = axis_of(whole, T, axis)

        def put(number: int, others: Ints) -> Ints:
            return (*others[:k], number, *others[k + 1 :])

        return cls(T, put(start, whole.start), put(stop, whole.stop), put(step, whole.steps))

    @property
    def steps(self) -> Ints:
        """How far apart the numbers that stay are, along each axis."""
        assert self.step is not None
        return self.step

    def result(self) -> NdArrayType:
        """The type of the result."""
        ends = zip(self.start, self.stop, self.steps, strict=True)
        return NdArrayType(tuple(-((a - b) // s) for a, b, s in ends), self.T.dtype)

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.result())


@dataclass(frozen=True)
class Pad:
    """`x` with `value` before it, after it and between its numbers, as XLA pads.

    Along each axis the value stands `low` times before, `high` times after, and `interior` times
    (0 unless given) between any two neighbours. For `Fixed` `T` it is the mantissa.

    >>> from catgrad.core.types import Dtype
    >>> T = NdArrayType((3,), Dtype.float32)
    >>> str(Pad(T, (1,), (2,), (1,)).result())
    'float32[8]'
    """

    T: NdArrayType
    low: Ints
    high: Ints
    interior: Ints | None = None
    value: Scalar = 0

    def __post_init__(self) -> None:
        if self.interior is None:
            object.__setattr__(self, "interior", (0,) * len(self.T.shape))
        _one_each(self, self.T, "low", self.low, 0)
        _one_each(self, self.T, "high", self.high, 0)
        _one_each(self, self.T, "interior", self.between, 0)
        object.__setattr__(self, "value", Constant(self.T, self.value).x)

    @property
    def between(self) -> Ints:
        """How many values stand between neighbours, along each axis."""
        assert self.interior is not None
        return self.interior

    def inside(self) -> Slice:
        """The slice of the result that `x` fills."""
        n, step = self.T.shape, tuple(i + 1 for i in self.between)
        spans = (s * (k - 1) + 1 if k else 0 for k, s in zip(n, step, strict=True))
        stop = tuple(a + b for a, b in zip(self.low, spans, strict=True))
        return Slice(self.result(), self.low, stop, step)

    def result(self) -> NdArrayType:
        """The type of the result."""
        axes = zip(self.T.shape, self.low, self.high, self.between, strict=True)
        return NdArrayType(
            tuple(a + n + max(n - 1, 0) * i + b for n, a, b, i in axes), self.T.dtype
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.result())


@dataclass(frozen=True)
class Concatenate:
    """Arrays one after the other along `axis`, along which they may differ in extent.

    >>> from catgrad.core.types import Dtype
    >>> T, U = NdArrayType((2, 3), Dtype.float32), NdArrayType((2, 4), Dtype.float32)
    >>> str(Concatenate((T, U), 1).result())
    'float32[2, 7]'
    """

    types: tuple[NdArrayType, ...]
    axis: int

    def __post_init__(self) -> None:
        require(
            isinstance(self.types, tuple) and len(self.types) > 0,
            self,
            f"needs a tuple of array types, not {self.types!r}",
            "give the type of at least one array",
        )
        first, *others = self.types
        object.__setattr__(self, "axis", axis_of(self, first, self.axis))
        for T in others:
            require(
                self._across(T) == self._across(first) and T.dtype == first.dtype,
                self,
                f"cannot join {first} and {T} along axis {self.axis}",
                "give arrays of one dtype that differ in extent along that axis only",
            )

    def _across(self, T: NdArrayType) -> tuple[Shape, Shape]:
        """The extents of the other axes."""
        return T.shape[: self.axis], T.shape[self.axis + 1 :]

    def starts(self) -> Ints:
        """Where along the axis each array starts, and where the last one ends."""
        return self._starts

    @cached_property
    def _starts(self) -> Ints:
        return tuple(accumulate((T.shape[self.axis] for T in self.types), initial=0))

    def result(self) -> NdArrayType:
        """The type of the result."""
        before, after = self._across(self.types[0])
        return NdArrayType((*before, self.starts()[-1], *after), self.types[0].dtype)

    def source(self) -> Labels:
        return obj(*self.types)

    def target(self) -> Labels:
        return obj(self.result())


################################################################################
# Windows


@dataclass(frozen=True)
class _Windows:
    """Windows of `size` numbers along `axis`, `dilation` apart; window `i` starts at ``stride*i``.

    There are as many windows as fit.
    """

    T: NdArrayType
    axis: int
    size: int
    stride: int = 1
    dilation: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "axis", axis_of(self, self.T, self.axis))
        for name in ("size", "stride", "dilation"):
            number = getattr(self, name)
            require(
                isinstance(number, int) and number >= 1,
                self,
                f"has {name} {number!r}",
                "give an integer of at least 1",
            )
        require(
            self.span <= self.extent,
            self,
            f"spans {self.span} numbers along axis {self.axis} of {self.T}, which has "
            f"{self.extent}",
            "use smaller windows, or pad the array",
        )

    @property
    def extent(self) -> int:
        """How many numbers the axis has."""
        return self.T.shape[self.axis]

    @property
    def span(self) -> int:
        """How many numbers lie between the ends of a window, both included."""
        return self.dilation * (self.size - 1) + 1

    @property
    def count(self) -> int:
        """How many windows there are."""
        return (self.extent - self.span) // self.stride + 1

    @property
    def windows(self) -> NdArrayType:
        """The array in windows: one for each index of the axis, along a last axis of their own."""
        shape = (*self.T.shape[: self.axis], self.count, *self.T.shape[self.axis + 1 :], self.size)
        return NdArrayType(shape, self.T.dtype)

    @property
    def tiles(self) -> bool:
        """Whether each number lies in exactly one window, and windows follow each other."""
        follow = self.stride == self.size or self.count == 1
        return follow and self.span == self.size and self.count * self.size == self.extent


class Window(_Windows):
    """The array seen through windows along one axis.

    >>> from catgrad.core.types import Dtype
    >>> T = NdArrayType((3, 10), Dtype.float32)
    >>> str(Window(T, 1, size=3, stride=2).target()[0])
    'float32[3, 4, 3]'
    """

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.windows)


class Fold(_Windows):
    """Windows laid back over the array that they show; where several lie, they add up.

    From the type of ``Window(T, ...)`` to `T`; for `Fixed` `T` in the exact format of the sum.
    """

    @property
    def overlap(self) -> int:
        """How many windows lie over one number, at most."""
        # Window i shows stride * i + dilation * k as number k. The same number is shown as another
        # number of another window in steps of dilation / g windows and stride / g numbers.
        g = math.gcd(self.stride, self.dilation)
        windows, numbers = self.dilation // g, self.stride // g
        return 1 + min((self.count - 1) // windows, (self.size - 1) // numbers)

    def source(self) -> Labels:
        return obj(self.windows)

    def target(self) -> Labels:
        return obj(axes_total(self.T, self.overlap))
