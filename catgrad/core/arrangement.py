"""The arrows of C that move numbers and compute nothing: copies, repetitions, new shapes."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.core.types import NdArrayType, obj, require
from catgrad.hypergraph import Labels


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
class Broadcast:
    """``T → N+T`` repeats a whole array along new leading axes `N`, as NumPy broadcasts."""

    T: NdArrayType
    N: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(NdArrayType(self.N.shape + self.T.shape, self.T.dtype))


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
