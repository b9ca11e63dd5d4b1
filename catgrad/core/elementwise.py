"""The arrows of C that work on two arrays of one shape, number by number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from catgrad.core.exact import (
    exact_difference,
    exact_either,
    exact_maximum,
    exact_minimum,
    exact_product,
    exact_sum,
)
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, obj, require
from catgrad.hypergraph import Labels


def bits_of(T: NdArrayType) -> NdArrayType:
    """Ones and zeros beside `T`: `BIT` where `T` is `Fixed`, otherwise 1 and 0 of its own dtype."""
    return T.with_dtype(BIT) if isinstance(T.dtype, Fixed) else T


@dataclass(frozen=True)
class Elementwise(ABC):
    """Two arrays of one shape. `U`, the type of the second, is `T` unless given."""

    T: NdArrayType
    U: NdArrayType | None = None

    def __post_init__(self) -> None:
        if self.U is None:
            object.__setattr__(self, "U", self.T)
        require(
            self.T.shape == self.second.shape,
            self,
            f"needs two arrays of one shape, not {self.T} and {self.second}",
            "reshape or broadcast one of them",
        )
        require(
            self.T.dtype == self.second.dtype
            or (isinstance(self.T.dtype, Fixed) and isinstance(self.second.dtype, Fixed)),
            self,
            f"needs two arrays of one dtype, not {self.T} and {self.second}",
            "convert one of them",
        )

    @property
    def second(self) -> NdArrayType:
        """The type of the second operand."""
        assert self.U is not None
        return self.U

    def result(self) -> NdArrayType:
        """The type of the result."""
        if isinstance(self.T.dtype, Fixed):
            return self.T.with_dtype(self.exact(self.T.dtype, self.second.fixed))
        return self.T

    @abstractmethod
    def exact(self, a: Fixed, b: Fixed) -> Fixed:
        """The format of the exact result."""

    def source(self) -> Labels:
        return obj(self.T, self.second)

    def target(self) -> Labels:
        return obj(self.result())


class Add(Elementwise):
    """``x + y``."""

    def exact(self, a: Fixed, b: Fixed) -> Fixed:
        return exact_sum(a, b)


class Subtract(Elementwise):
    """``x - y``."""

    def exact(self, a: Fixed, b: Fixed) -> Fixed:
        return exact_difference(a, b)


class Multiply(Elementwise):
    """``x * y``."""

    def exact(self, a: Fixed, b: Fixed) -> Fixed:
        return exact_product(a, b)


class Minimum(Elementwise):
    """The lesser of `x` and `y`."""

    def exact(self, a: Fixed, b: Fixed) -> Fixed:
        return exact_minimum(a, b)


class Maximum(Elementwise):
    """The greater of `x` and `y`."""

    def exact(self, a: Fixed, b: Fixed) -> Fixed:
        return exact_maximum(a, b)


class Select(Elementwise):
    """``bits ● T ● U → T``: `x` where the bit is 1, else `y`; exact.

    The bits have dtype `BIT` where `T` is `Fixed`, otherwise the dtype of `T` (1.0 and 0.0).
    """

    @property
    def bits(self) -> NdArrayType:
        """The type of the first operand."""
        return bits_of(self.T)

    def source(self) -> Labels:
        return obj(self.bits, self.T, self.second)

    def exact(self, a: Fixed, b: Fixed) -> Fixed:
        return exact_either(a, b)


@dataclass(frozen=True)
class Mask:
    """``T ● bits → T`` keeps `x` where the bit is 1 and gives 0 elsewhere; exact.

    The bits have dtype `BIT` where `T` is `Fixed`, otherwise the dtype of `T` (1.0 and 0.0).
    """

    T: NdArrayType

    @property
    def bits(self) -> NdArrayType:
        """The type of the second operand."""
        return bits_of(self.T)

    def source(self) -> Labels:
        return obj(self.T, self.bits)

    def target(self) -> Labels:
        return obj(self.T)


@dataclass(frozen=True)
class _Partial:
    """Two arrays of ordinary numbers, of which it is not defined on all."""

    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.is_floating or self.T.dtype is Dtype.int32,
            self,
            f"is not defined on {self.T}",
            "use a floating-point dtype or int32",
        )

    def source(self) -> Labels:
        return obj(self.T, self.T)

    def target(self) -> Labels:
        return obj(self.T)


class Divide(_Partial):
    """``x / y``, rounded down where these are integers."""


class Power(_Partial):
    """``x ** y``; an exponent that is an integer is not negative."""


################################################################################
# Comparisons


class Comparison(Elementwise):
    """1 where something holds, else 0; of dtype `BIT` where the operands are `Fixed`."""

    def exact(self, _a: Fixed, _b: Fixed) -> Fixed:
        return BIT


class Gt(Comparison):
    """``x > y``."""


class Ge(Comparison):
    """``x >= y``."""


class Lt(Comparison):
    """``x < y``."""


class Le(Comparison):
    """``x <= y``."""


class Eq(Comparison):
    """``x == y``."""


class Ne(Comparison):
    """``x != y``."""
