"""The arrows of C in which precision is lost: changing format, and looking up a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from catgrad.core.types import BIT, Fixed, NdArrayType, obj, require
from catgrad.hypergraph import Labels


class Rounding(Enum):
    """What becomes of the bits below the last one kept."""

    TRUNCATE = "truncate"  # toward minus infinity
    HALF_UP = "half_up"  # to the nearest, halves toward plus infinity
    HALF_EVEN = "half_even"  # to the nearest, halves to the even neighbour

    def __str__(self) -> str:
        return self.value


class Overflow(Enum):
    """What becomes of a value that the format cannot hold."""

    WRAP = "wrap"
    SATURATE = "saturate"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Requantise:
    """Convert to the format `dtype`; the one operation in which precision is lost.

    With ``shift = T.fraction - dtype.fraction`` a mantissa ``m`` becomes, before overflow,

    - ``m << -shift`` where ``shift <= 0``;
    - truncate: ``m >> shift``;
    - half_up: ``(m + (1 << shift-1)) >> shift``;
    - half_even: ``(m + (1 << shift-1) - 1 + ((m >> shift) & 1)) >> shift``.
    """

    T: NdArrayType
    dtype: Fixed
    rounding: Rounding = Rounding.HALF_UP
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        require(
            isinstance(self.T.dtype, Fixed),
            self,
            f"is not defined on {self.T}",
            "quantise the program first",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T.with_dtype(self.dtype))


class TableIndex(Requantise):
    """The step before a `Lookup`: its saturation is no loss, as a table ends where it may."""


class Modular(Requantise):
    """To a number of `dtype` modulo its range: what is lost above is meant to be lost."""


@dataclass(frozen=True)
class InRange:
    """1 where `Requantise` to `dtype` with the same rounding would not overflow, else 0."""

    T: NdArrayType
    dtype: Fixed
    rounding: Rounding = Rounding.HALF_UP

    def __post_init__(self) -> None:
        require(
            isinstance(self.T.dtype, Fixed),
            self,
            f"is not defined on {self.T}",
            "quantise the program first",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T.with_dtype(BIT))


@dataclass(frozen=True)
class Lookup:
    """A function as a table: mantissa ``m`` becomes ``entries[m mod 2**width]``.

    So the negative mantissas of a signed format index the upper half of the table.
    """

    T: NdArrayType
    dtype: Fixed
    entries: tuple[int, ...]
    name: str

    def __post_init__(self) -> None:
        require(
            isinstance(self.T.dtype, Fixed) and len(self.entries) == 1 << self.T.dtype.width,
            self,
            f"'{self.name}' has {len(self.entries)} entries for an index of type {self.T}",
            "give one entry for each mantissa of the index",
        )
        require(
            self.dtype.holds(min(self.entries), max(self.entries)),
            self,
            f"'{self.name}' has entries from {min(self.entries)} to {max(self.entries)}, "
            f"outside {self.dtype}",
            f"keep them from {self.dtype.min} to {self.dtype.max}",
        )

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T.with_dtype(self.dtype))
