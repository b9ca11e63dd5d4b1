"""The arrows of C that multiply and add up: matrix products."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.core.exact import exact_product, exact_total
from catgrad.core.types import Fixed, NdArrayType, obj, require
from catgrad.hypergraph import Labels


def _require_one_dtype(operation: object, left: NdArrayType, right: NdArrayType) -> None:
    """Refuse two dtypes, unless both are fixed-point: those multiply exactly, whatever they are."""
    require(
        left.dtype == right.dtype
        or (isinstance(left.dtype, Fixed) and isinstance(right.dtype, Fixed)),
        operation,
        f"needs two arrays of one dtype, not {left} and {right}",
        "convert one of them",
    )


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
        _require_one_dtype(self, self.left, self.right)

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

    def __post_init__(self) -> None:
        _require_one_dtype(self, self.left, self.right)

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
