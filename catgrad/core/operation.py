"""The arrows of C: the core array operations.

Arrays are row-major. An operation on `Dtype` arrays means what NumPy means by it. On `Fixed`
arrays each operation is *exact*: the format of its result is the narrowest that holds every value
the operands' formats allow. Precision is lost in `Requantise` (and in a `Lookup`, whose entries
are what they are) and nowhere else; these stand in `catgrad.core.rounding`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from catgrad.core.exact import exact_difference, exact_product, exact_sum, exact_total
from catgrad.core.rounding import InRange, Lookup, Overflow, Requantise, Rounding, TableIndex
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, obj, require
from catgrad.hypergraph import Labels

__all__ = [
    "Add",
    "Broadcast",
    "Compose",
    "Constant",
    "Copy",
    "Discard",
    "Divide",
    "Elementwise",
    "Gt",
    "InRange",
    "Invert",
    "Lookup",
    "Mask",
    "MatrixMultiply",
    "Multiply",
    "NAdd",
    "NConcatenate",
    "NCopy",
    "NMax",
    "NSplit",
    "Negate",
    "Overflow",
    "Permute",
    "Power",
    "Requantise",
    "Reshape",
    "Rounding",
    "Scalar",
    "Subtract",
    "Sum",
    "TableIndex",
]

Scalar = int | float


def axes_total(T: NdArrayType, terms: int) -> NdArrayType:
    """`T` after `terms` such arrays are added up."""
    return T.with_dtype(exact_total(T.dtype, terms)) if isinstance(T.dtype, Fixed) else T


################################################################################
# Wires


@dataclass(frozen=True)
class Copy:
    """``T → T ● T``."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T, self.T)


@dataclass(frozen=True)
class Discard:
    """``T → I``."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj()


################################################################################
# Along axes


@dataclass(frozen=True)
class NCopy:
    """``N → N+T`` repeats each number along new trailing axes `T`."""

    N: NdArrayType
    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.N)

    def target(self) -> Labels:
        return obj(NdArrayType(self.N.shape + self.T.shape, self.N.dtype))


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
class Broadcast:
    """``T → N+T`` repeats a whole array along new leading axes `N`, as NumPy broadcasts."""

    T: NdArrayType
    N: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(NdArrayType(self.N.shape + self.T.shape, self.T.dtype))


@dataclass(frozen=True)
class Sum:
    """``N+T → T`` sums over the leading axes `N`."""

    T: NdArrayType
    N: NdArrayType

    def source(self) -> Labels:
        return obj(NdArrayType(self.N.shape + self.T.shape, self.T.dtype))

    def target(self) -> Labels:
        return obj(axes_total(self.T, self.N.size))


@dataclass(frozen=True)
class NSplit:
    """``T+k → T ● ... ● T`` takes an array apart along its last axis."""

    T: NdArrayType
    k: int

    def __post_init__(self) -> None:
        require(self.k > 0, self, f"cannot give {self.k} parts", "split into 1 part or more")

    def source(self) -> Labels:
        return obj(self.T + self.k)

    def target(self) -> Labels:
        return obj(*[self.T] * self.k)


@dataclass(frozen=True)
class NConcatenate:
    """``T ● ... ● T → T+k`` stacks arrays along a new last axis."""

    T: NdArrayType
    k: int

    def source(self) -> Labels:
        return obj(*[self.T] * self.k)

    def target(self) -> Labels:
        return obj(self.T + self.k)


@dataclass(frozen=True)
class Reshape:
    """``X → Y``, the same numbers in the same row-major order."""

    X: NdArrayType
    Y: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.X.size == self.Y.size,
            self,
            f"cannot turn {self.X} into {self.Y}: they hold {self.X.size} and "
            f"{self.Y.size} numbers",
            "choose shapes of the same size",
        )
        require(
            self.X.dtype == self.Y.dtype,
            self,
            f"cannot turn {self.X} into {self.Y}: their dtypes differ",
            "convert the numbers in an operation of their own",
        )

    def source(self) -> Labels:
        return obj(self.X)

    def target(self) -> Labels:
        return obj(self.Y)


@dataclass(frozen=True)
class Permute:
    """Axis ``i`` of the result is axis ``p[i]`` of the operand, as in `numpy.transpose`."""

    T: NdArrayType
    p: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", tuple(int(i) for i in self.p))
        require(
            sorted(self.p) == list(range(len(self.T.shape))),
            self,
            f"needs an order of the {len(self.T.shape)} axes of {self.T}, not {self.p}",
            "name each axis once",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(NdArrayType(tuple(self.T.shape[i] for i in self.p), self.T.dtype))


################################################################################
# Element by element


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


class Gt(Elementwise):
    """``x > y``: 1 where it holds, else 0; of dtype `BIT` where the operands are `Fixed`."""

    def exact(self, _a: Fixed, _b: Fixed) -> Fixed:
        return BIT


@dataclass(frozen=True)
class Mask:
    """``T ● bits → T`` keeps `x` where the bit is 1 and gives 0 elsewhere; exact.

    The bits have dtype `BIT` where `T` is `Fixed`, otherwise the dtype of `T` (1.0 and 0.0).
    """

    T: NdArrayType

    @property
    def bits(self) -> NdArrayType:
        """The type of the second operand."""
        return self.T.with_dtype(BIT) if isinstance(self.T.dtype, Fixed) else self.T

    def source(self) -> Labels:
        return obj(self.T, self.bits)

    def target(self) -> Labels:
        return obj(self.T)


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
class Constant:
    """``I → T``, an array of one number throughout. For `Fixed` `T` it is the mantissa."""

    T: NdArrayType
    x: Scalar

    def __post_init__(self) -> None:
        require(
            isinstance(self.x, int | float) and math.isfinite(self.x),
            self,
            f"needs a finite number, not {self.x!r}",
            "give one number that fills the array",
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
class _Floating:
    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.is_floating,
            self,
            f"is not defined on {self.T}",
            "use a floating-point dtype",
        )

    def source(self) -> Labels:
        return obj(self.T, self.T)

    def target(self) -> Labels:
        return obj(self.T)


class Divide(_Floating):
    """``x / y``."""


class Power(_Floating):
    """``x ** y``."""


################################################################################
# Contractions


def _contracted(terms: int, left: NdArrayType, right: NdArrayType) -> object:
    if isinstance(left.dtype, Fixed):
        return exact_total(exact_product(left.dtype, right.fixed), terms)
    return left.dtype


@dataclass(frozen=True)
class MatrixMultiply:
    """``N+A+B ● N+B+C → N+A+C``, matrices multiplied for each index of `N`.

    For `Fixed` arrays the left operand has the dtype of `A`, the right that of `C`.
    """

    N: NdArrayType
    A: NdArrayType
    B: NdArrayType
    C: NdArrayType

    def __post_init__(self) -> None:
        for name, T in (("A", self.A), ("B", self.B), ("C", self.C)):
            require(
                len(T.shape) == 1,
                self,
                f"needs one axis for {name}, not {T}",
                "put further axes in N, or use Compose",
            )

    @property
    def left(self) -> NdArrayType:
        """The type of the left operand."""
        return NdArrayType(self.N.shape + self.A.shape + self.B.shape, self.A.dtype)

    @property
    def right(self) -> NdArrayType:
        """The type of the right operand."""
        return NdArrayType(self.N.shape + self.B.shape + self.C.shape, self.C.dtype)

    @property
    def result(self) -> NdArrayType:
        """The type of the result."""
        shape = self.N.shape + self.A.shape + self.C.shape
        return NdArrayType(shape, _contracted(self.B.size, self.left, self.right))

    def source(self) -> Labels:
        return obj(self.left, self.right)

    def target(self) -> Labels:
        return obj(self.result)


@dataclass(frozen=True)
class Compose:
    """``A+B ● B+C → A+C``, contracted over all the axes of `B`.

    For `Fixed` arrays the left operand has the dtype of `A`, the right that of `C`.
    """

    A: NdArrayType
    B: NdArrayType
    C: NdArrayType

    @property
    def left(self) -> NdArrayType:
        """The type of the left operand."""
        return NdArrayType(self.A.shape + self.B.shape, self.A.dtype)

    @property
    def right(self) -> NdArrayType:
        """The type of the right operand."""
        return NdArrayType(self.B.shape + self.C.shape, self.C.dtype)

    @property
    def result(self) -> NdArrayType:
        """The type of the result."""
        shape = self.A.shape + self.C.shape
        return NdArrayType(shape, _contracted(self.B.size, self.left, self.right))

    def source(self) -> Labels:
        return obj(self.left, self.right)

    def target(self) -> Labels:
        return obj(self.result)
