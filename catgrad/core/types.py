"""The objects of C: arrays, known by their shape and the numbers that they hold."""

from __future__ import annotations

import builtins
import math
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property, lru_cache
from numbers import Real
from typing import Any, Protocol

from catgrad.errors import CatgradError
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.hypergraph.boundary import described

Shape = tuple[int, ...]


class TypeMismatch(CatgradError):
    """An operation was asked for on arrays that it is not defined on."""


class Dtype(Enum):
    """The numbers of an ordinary NumPy array."""

    int32 = auto()
    float32 = auto()
    float64 = auto()
    bool = auto()

    def is_floating(self) -> builtins.bool:  # the member `bool` hides the type
        """Whether these are numbers with a floating point."""
        return self in (Dtype.float32, Dtype.float64)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Fixed:
    """Fixed-point numbers: an integer mantissa of `width` bits, worth ``mantissa * 2**-fraction``.

    The binary point may lie outside the bits: `fraction` may be negative, or exceed `width`.

    >>> Fixed(16, 12).min, Fixed(16, 12).max, str(Fixed(16, 12))
    (-32768, 32767, 'SQ(4,12)')
    """

    width: int
    fraction: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not (isinstance(self.width, int) and isinstance(self.fraction, int)):
            raise TypeMismatch(
                f"The width and fraction of a fixed-point format are integers, not {self.width!r} "
                f"and {self.fraction!r}; write Fixed(16, 12)."
            )
        if self.width < 1:
            raise TypeMismatch(
                f"A fixed-point format needs at least 1 bit, not {self.width}; "
                f"give Fixed(width, fraction) a positive width."
            )

    @property
    def min(self) -> int:
        """The least mantissa."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        """The greatest mantissa."""
        return (1 << (self.width - int(self.signed))) - 1

    @property
    def step(self) -> float:
        """The worth of one unit of the mantissa."""
        return math.ldexp(1.0, -self.fraction)

    @classmethod
    def holding(cls, lo: int, hi: int, fraction: int) -> Fixed:
        """The narrowest format that holds every mantissa from `lo` to `hi`.

        >>> Fixed.holding(-8, 7, 0), Fixed.holding(0, 8, 3)
        (Fixed(width=4, fraction=0, signed=True), Fixed(width=4, fraction=3, signed=False))
        """
        if lo >= 0:
            return cls(max(1, hi.bit_length()), fraction, signed=False)
        return cls(1 + max((~lo).bit_length(), max(hi, 0).bit_length()), fraction)

    def holds(self, lo: int, hi: int) -> bool:
        """Whether every mantissa from `lo` to `hi` has a place in this format."""
        return self.min <= lo and hi <= self.max

    def __str__(self) -> str:
        return f"{'S' if self.signed else 'U'}Q({self.width - self.fraction},{self.fraction})"


BIT = Fixed(1, 0, signed=False)
"""The result of a comparison: 1 where it holds, else 0."""

AnyDtype = Dtype | Fixed

MOST = 2**60 - 1
"""How many numbers the greatest array can hold."""


@dataclass(frozen=True)
class NdArrayType:
    """An array without its data: what a wire of a program carries.

    >>> str(NdArrayType((150, 4), Dtype.float32))
    'float32[150, 4]'
    """

    shape: Shape
    dtype: Hashable

    def __post_init__(self) -> None:
        if not isinstance(self.shape, tuple):
            raise TypeMismatch(
                f"The shape of an array type is a tuple of integers, not {self.shape!r}; "
                f"write {_as_tuple(self.shape)}."
            )
        if self.dtype is None or isinstance(self.dtype, type | str | int | float):
            raise TypeMismatch(
                f"The dtype of an array type is a Dtype or a Fixed, not {self.dtype!r}; "
                f"write Dtype.float32."
            )
        if any(not isinstance(n, int) or isinstance(n, bool) or n < 0 for n in self.shape):
            raise TypeMismatch(
                f"The extents of an array are integers of at least 0, not {self.shape!r}; "
                f"give one such integer for each axis."
            )
        # NumPy counts the bytes of an array as if its empty axes were not there.
        count = math.prod(n for n in self.shape if n)
        if count > MOST:
            raise TypeMismatch(
                f"An array of shape {self.shape} holds {count} numbers, more than the {MOST} that "
                f"an index of 63 bits reaches, 8 bytes each; choose smaller extents."
            )

    @classmethod
    def from_ndarray(cls, x: Any) -> NdArrayType:
        """The type of an array, which is anything with a `shape` and a `dtype`.

        >>> import numpy as np
        >>> str(NdArrayType.from_ndarray(np.zeros((3, 4), np.float32)))
        'float32[3, 4]'
        """
        dtype = str(getattr(x, "dtype", None))
        if dtype not in Dtype.__members__:
            raise TypeMismatch(
                f"There is no array type with the numbers of {type(x).__name__} of dtype {dtype}; "
                f"give an array of {', '.join(Dtype.__members__)}."
            )
        return cls(tuple(x.shape), Dtype[dtype])

    @cached_property
    def size(self) -> int:
        """How many numbers the array holds."""
        return math.prod(self.shape)

    @property
    def is_floating(self) -> builtins.bool:
        """Whether the array holds numbers with a floating point."""
        return isinstance(self.dtype, Dtype) and self.dtype.is_floating()

    @property
    def fixed(self) -> Fixed:
        """The dtype, where it is known to be fixed-point."""
        if not isinstance(self.dtype, Fixed):
            raise TypeMismatch(
                f"Expected a fixed-point array, not {self}; quantise the program first."
            )
        return self.dtype

    def with_dtype(self, dtype: Hashable) -> NdArrayType:
        """The same shape, holding other numbers."""
        return NdArrayType(self.shape, dtype)

    def __add__(self, other: NdArrayType | int) -> NdArrayType:
        """Append axes: those of another array type, or one axis of a given extent."""
        if isinstance(other, int):
            return NdArrayType((*self.shape, other), self.dtype)
        if self.dtype != other.dtype:
            raise TypeMismatch(
                f"Cannot join the axes of {self} and {other}, whose dtypes differ "
                f"({self.dtype} and {other.dtype}); give both the same dtype."
            )
        return NdArrayType(self.shape + other.shape, self.dtype)

    def __radd__(self, other: int) -> NdArrayType:
        """Prepend one axis."""
        return NdArrayType((other, *self.shape), self.dtype)

    @cached_property
    def _hash(self) -> int:
        return hash((self.shape, self.dtype))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        # What is kept beside the fields, such as the hash, holds in this process only.
        return type(self), (self.shape, self.dtype)

    @cached_property
    def _text(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"

    def __str__(self) -> str:
        return self._text


class Operation(Hashable, Protocol):
    """A generating arrow: anything hashable that states its type."""

    def source(self) -> Labels: ...

    def target(self) -> Labels: ...


def obj(*types: NdArrayType) -> Labels:
    """The object ``T0 ● T1 ● ...`` of several arrays side by side."""
    for T in types:
        if not isinstance(T, NdArrayType):
            raise TypeMismatch(
                f"An object consists of array types, not of {T!r}; write {_as_type(T)}."
            )
    return Labels.of(types)


def require_types(name: str, **types: object) -> None:
    """Refuse, in a function called `name`, arguments that are not array types."""
    for argument, T in types.items():
        if not isinstance(T, NdArrayType):
            raise TypeMismatch(
                f"{name} needs an array type for {argument}, not {T!r}; write {_as_type(T)}."
            )


def require_numbers(name: str, **numbers: object) -> None:
    """Refuse, in a function called `name`, arguments that are not finite numbers."""
    for argument, x in numbers.items():
        if isinstance(x, Labels):  # a rule, a loss or an activation that was not called
            raise TypeMismatch(
                f"{name} is given {x} for {argument}, which is a number; call it first, as in "
                f"{name}(0.1)."
            )
        if not isinstance(x, Real) or not math.isfinite(x):
            raise TypeMismatch(
                f"{name} needs a finite number for {argument}, not {x!r}; write one such as 0.1."
            )


def _as_tuple(shape: object) -> str:
    """What to write for what was given as the shape of an array."""
    match shape:
        case int():
            return f"({shape},) for a single axis"
        case list() if all(isinstance(n, int) for n in shape):
            return repr(tuple(shape))
    return "(3, 4), say"


def _as_type(shape: object) -> str:
    """What to write for what was given as the type of an array."""
    match shape:
        case bool():
            pass
        case int():
            return f"NdArrayType(({shape},), Dtype.float32)"
        case tuple() | list() if all(isinstance(n, int) for n in shape):
            return f"NdArrayType({tuple(shape)}, Dtype.float32)"
    return "NdArrayType((4,), Dtype.float32)"


def op(operation: Operation) -> OpenHypergraph:
    """The program that consists of one operation."""
    ends = (getattr(operation, end, None) for end in ("source", "target"))
    if isinstance(operation, type | OpenHypergraph) or not all(map(callable, ends)):
        what, remedy = described(operation)
        raise TypeMismatch(f"A program is made of an operation, not of {what}; {remedy}.")
    return _singleton(Labels.of([operation]))


def _end(operation: Operation, end: str) -> Labels:
    """The source or target that an operation states."""
    A = getattr(operation, end)()
    if not isinstance(A, Labels):
        remedy = "obj(T)" if isinstance(A, NdArrayType) else "obj(T, U)"
        said = A if isinstance(A, NdArrayType) else repr(A)
        raise TypeMismatch(
            f"The {end} of {type(operation).__name__} is {said}, not an object; return {remedy}."
        )
    return A


@lru_cache(maxsize=4096)
def _singleton(label: Labels) -> OpenHypergraph:
    [operation] = label
    return OpenHypergraph.singleton(operation, _end(operation, "source"), _end(operation, "target"))


def require(condition: bool, operation: object, found: str, remedy: str) -> None:
    """Refuse to build an operation whose types do not fit."""
    if not condition:
        raise TypeMismatch(f"{type(operation).__name__} {found}; {remedy}.")
