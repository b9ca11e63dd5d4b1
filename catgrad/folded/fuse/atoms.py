"""From kernels to atoms: each array is one operation on single numbers, or one sum of products.

    y[i] += (x[k] - b[i, k]) ** 2        three atoms:  d[i, k] = x[k] - b[i, k]
                                                       s[i]    = sum over k of d[i, k] * d[i, k]
                                                       y[i]    = s[i]

What only moves numbers leaves no atom: whoever reads the moved array reads where it was moved from.
Positions are lists of numbers here, one for each point, and become loops again at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.core import operation as ops
from catgrad.core.exact import exact_product, exact_total
from catgrad.core.types import Fixed, NdArrayType, Operation
from catgrad.folded.fuse.positions import loops, separate
from catgrad.folded.phase import Reduction
from catgrad.kernel.meaning import meaning


@dataclass(frozen=True, eq=False)
class Read:
    """Which array is read, and where: `positions`, int64[points] or int64[results, terms]."""

    value: int
    positions: IntArray


@dataclass(frozen=True)
class Given:
    """An array that the program is given: one that it keeps, or one of a sample."""

    kind: Literal["state", "memory", "x", "y"]
    number: int


@dataclass(frozen=True)
class Filled:
    """The same number everywhere."""

    number: int


@dataclass(frozen=True, eq=False)
class Pointwise:
    """Number i is the operation on the numbers read at point i; without operation, the one read."""

    operation: Operation | None
    reads: tuple[Read, ...]


@dataclass(frozen=True, eq=False)
class Contraction:
    """Number i reduces, over j, the product of the factors read at ``[i, j]``."""

    factors: tuple[Read, ...]
    reduction: Reduction | None

    @property
    def reads(self) -> tuple[Read, ...]:
        """The factors."""
        return self.factors


@dataclass(frozen=True, eq=False)
class Assembled:
    """Numbers put together from parts: all of an array, each number at its place; 0 elsewhere."""

    parts: tuple[tuple[int, IntArray], ...]

    @property
    def reads(self) -> tuple[Read, ...]:
        """The parts."""
        return tuple(Read(value, np.arange(len(places))) for value, places in self.parts)


Definition = Given | Filled | Pointwise | Contraction | Assembled


@dataclass(frozen=True, eq=False)
class Value:
    """A flat array, and how its numbers come about."""

    format: Fixed
    size: int
    definition: Definition

    @property
    def reads(self) -> tuple[Read, ...]:
        """What is read to compute it."""
        return getattr(self.definition, "reads", ())

    @property
    def covered(self) -> bool:
        """Whether every number is computed: False where some are 0 because nothing is put there."""
        if not isinstance(self.definition, Assembled):
            return True
        return sum(len(places) for _, places in self.definition.parts) == self.size


def scalar(format: Fixed) -> NdArrayType:
    """The type of a single number."""
    return NdArrayType((), format)


def is_bit(format: Fixed) -> bool:
    """Whether the numbers are 0 and 1."""
    return format.width == 1 and not format.signed


class Atoms:
    """A growing list of arrays, each computed from those before it.

    Every method gives a read of a new array at all of its points, in order.
    """

    def __init__(self) -> None:
        self.values: list[Value] = []
        self._known: dict[tuple[object, ...], Read] = {}
        self.snapshots: dict[int, int] = {}

    def add(self, format: Fixed, size: int, definition: Definition) -> Read:
        """Any array."""
        self.values.append(Value(format, size, definition))
        return Read(len(self.values) - 1, np.arange(size))

    def snapshot(self, read: Read) -> None:
        """An atom that what only learns can read instead of a memory, which is overwritten before.

        It is computed where something reads it.
        """
        self.snapshots[read.value] = self.copy(read).value

    def given(self, kind: str, number: int) -> int:
        """The array that the program is given."""
        sought = Given(kind, number)  # type: ignore[arg-type]
        return next(i for i, value in enumerate(self.values) if value.definition == sought)

    def format(self, read: Read) -> Fixed:
        """The format of what is read."""
        return self.values[read.value].format

    def filled(self, read: Read) -> int | None:
        """The number that is read everywhere, where it is a constant."""
        definition = self.values[read.value].definition
        return definition.number if isinstance(definition, Filled) else None

    def fill(self, format: Fixed, number: int, size: int) -> Read:
        """The same number everywhere."""
        return self.add(format, size, Filled(number))

    def copy(self, read: Read) -> Read:
        """An array of its own for what is read."""
        if read.positions.size == 0:
            return Read(self.fill(self.format(read), 0, 0).value, read.positions)
        flat = Read(read.value, read.positions.reshape(-1))
        copied = self.add(self.format(read), flat.positions.size, Pointwise(None, (flat,)))
        return Read(copied.value, copied.positions.reshape(read.positions.shape))

    def affine(self, read: Read) -> Read:
        """The same numbers, read along loops."""
        if self.filled(read) is not None:
            return read
        flat = read.positions.reshape(-1)
        return read if loops([flat], len(flat)) else self.copy(read)

    def pointwise(self, operation: Operation, reads: Sequence[Read], points: int) -> Read:
        """An operation at every point; a product of two arrays of real numbers is a contraction."""
        [T] = operation.target()
        assert isinstance(T, NdArrayType)
        constants = [self.filled(read) for read in reads]
        known = [number for number in constants if number is not None]
        if points == 0:
            return self.fill(T.fixed, 0, 0)
        if len(known) == len(reads):
            number = meaning(operation, *(np.array(x, dtype=object) for x in known))
            return self.fill(T.fixed, int(number), points)
        real = [read for read in reads if self.filled(read) is None]
        if self._alike(real):
            # Computed where the operands are, once each, and then read where it is wanted.
            at, size = real[0].positions, self.values[real[0].value].size
            here = [
                read if self.filled(read) is not None else Read(read.value, np.arange(size))
                for read in reads
            ]
            return Read(self._at_points(operation, here, size).value, at)
        return self._at_points(operation, reads, points)

    def _alike(self, reads: Sequence[Read]) -> bool:
        """Whether arrays of one size are read at the same positions, all of it or repeatedly."""
        at, size = reads[0].positions, self.values[reads[0].value].size
        return size <= at.size and all(
            self.values[read.value].size == size and np.array_equal(read.positions, at)
            for read in reads
        )

    def _at_points(self, operation: Operation, reads: Sequence[Read], points: int) -> Read:
        """An operation at every point, one number for each."""
        [T] = operation.target()
        assert isinstance(T, NdArrayType)
        if isinstance(operation, ops.Multiply) and not any(
            self.filled(read) is not None or is_bit(self.format(read)) for read in reads
        ):
            columns = [Read(read.value, read.positions[:, None]) for read in reads]
            return self.contraction(columns, None)
        if isinstance(operation, ops.Mask):
            reads = self._masked_once(reads, points)
        key = (operation, *((read.value, read.positions.tobytes()) for read in reads))
        if key not in self._known:
            together = self._together(reads, points)
            self._known[key] = self.add(T.fixed, points, Pointwise(operation, together))
        return self._known[key]

    def _masked_once(self, reads: Sequence[Read], points: int) -> Sequence[Read]:
        """The operands of a mask; of a number that is masked already, with both masks in one."""
        number, bit = reads
        inner = self.values[number.value].definition
        if isinstance(inner, Pointwise) and isinstance(inner.operation, ops.Mask):
            first, other = (Read(r.value, r.positions[number.positions]) for r in inner.reads)
            bits = (other, bit)
            if all(self.filled(read) is None for read in bits) and self._alike(bits):
                both = ops.Mask(scalar(self.format(bit)))
                return first, self.pointwise(both, bits, points)
        return reads

    def contraction(self, factors: Sequence[Read], reduction: Reduction | None) -> Read:
        """A reduction of products, or of single numbers."""
        results, terms = factors[0].positions.shape
        if len(factors) == 1 and reduction == "sum":
            inner = self.values[factors[0].value].definition
            if isinstance(inner, Contraction) and inner.reduction is None:
                at = factors[0].positions
                factors = [Read(f.value, f.positions[:, 0][at]) for f in inner.factors]
        apart = [self._apart(read) for read in factors]
        kept = self._together([Read(f.value, f.positions[:, 0]) for f in apart], results)
        inner_steps = [f.positions[0] - f.positions[0, 0] for f in apart]
        moved = [read.value != f.value for read, f in zip(kept, apart, strict=True)]
        if any(moved) or loops(inner_steps, terms) is None:
            apart = [self.copy(read) for read in apart]
        exact = self.format(apart[0])
        if len(apart) == 2:
            exact = exact_product(exact, self.format(apart[1]))
        if reduction == "sum":
            exact = exact_total(exact, terms)
        return self.add(exact, results, Contraction(tuple(apart), reduction))

    def reduced(self, reduction: Reduction, read: Read) -> Read:
        """Reduce the second of two axes of what is read."""
        results, terms = read.positions.shape
        number = self.filled(read)
        format = self.format(read)
        if results * terms == 0:
            number = 0
        if number is not None:
            total = number * terms if reduction == "sum" else number
            exact = exact_total(format, terms) if reduction == "sum" else format
            return self.fill(exact, total, results)
        if terms == 1:
            return Read(read.value, read.positions[:, 0])
        return self.contraction([read], reduction)

    def holding(self, read: Read, format: Fixed) -> Read:
        """The same numbers in a format that holds them."""
        own = self.format(read)
        if own == format:
            return read
        widen = ops.Requantise(scalar(own), format, ops.Rounding.TRUNCATE, ops.Overflow.WRAP)
        return self.pointwise(widen, [read], len(read.positions))

    def assembled(self, format: Fixed, size: int, parts: Sequence[tuple[Read, IntArray]]) -> Read:
        """Several reads, each put to its places; whatever is 0 need not be put there."""
        whole: list[tuple[int, IntArray]] = []
        for read, places in parts:
            if len(places) == 0 or self.filled(read) == 0:
                continue
            used = {value for value, _ in whole}
            kind = self.values[read.value].definition
            computed = isinstance(kind, Pointwise | Contraction)
            size_of = self.values[read.value].size
            everything = len(places) == size_of and len(np.unique(read.positions)) == size_of
            if not (computed and everything) or read.value in used:
                read = self.copy(read)
            ordered = np.empty_like(places)
            ordered[read.positions] = places
            whole.append((read.value, ordered))
        return self.add(format, size, Assembled(tuple(whole)))

    def _together(self, reads: Sequence[Read], points: int) -> tuple[Read, ...]:
        """The reads, copied where no loops are common to all."""
        real = [read for read in reads if self.filled(read) is None]
        if loops([read.positions for read in real], points) is not None:
            return tuple(reads)
        return tuple(self.copy(read) if self.filled(read) is None else read for read in reads)

    def _apart(self, read: Read) -> Read:
        """The same numbers, at positions that are a sum over the results and over the terms."""
        if self.filled(read) is not None or separate(read.positions) is None:
            return self.copy(read)
        return read
