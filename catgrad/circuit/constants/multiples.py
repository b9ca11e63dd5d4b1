"""Many multiples of one number, each made of others: what a matrix of one column comes down to."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catgrad.circuit.constants.graph import Source, Term
from catgrad.circuit.constants.trees import width

IntArray = NDArray[np.int64]

CHANCE = 1.2
"""By how many targets what is worth most may be misjudged; over 1, so that a target is risked."""


class Multiple(NamedTuple):
    """``value * x``, the sum of two terms whose numbers count x itself as 0, then the multiples."""

    value: int
    terms: tuple[Term, Term]
    depth: int


def multiples(
    targets: Sequence[int], source: Source, limit: int, tries: int = 1
) -> list[Multiple] | None:
    """Odd multiples of a number, and such others as they are made of, by one adder each.

    As long as some target is a sum or difference of two multiples that are there, shifted, that one
    is next. Else the multiple comes in between that lets most targets follow at once (Voronenko and
    Püschel, "Multiplierless multiple constant multiplication", 2007, have this order, and a finer
    measure of what is worth most). Of so many tries, all but the first with some chance in what
    comes in between, the one with the fewest adders is kept; of these the least deep ones, and of
    those the one with the fewest bits. None if that leads nowhere within the depth.
    """
    random = Random(0)
    found = [_tried(targets, source, limit, random if i else None) for i in range(tries)]
    made = [each for each in found if each is not None]
    return min(made, key=lambda each: each.cost).made if made else None


def _tried(
    targets: Sequence[int], source: Source, limit: int, random: Random | None
) -> _Multiples | None:
    wanted = {target for target in targets if target != 1}
    found = _Multiples(source, limit, max(wanted, default=1).bit_length() + 1, random)
    while wanted:
        reached = wanted & found.reach.keys()
        if not reached:
            between = found.between(sorted(wanted))
            if between is None:
                return None
            reached = {between}
        # The least deep first, as others may be made of it.
        value = min(reached, key=lambda v: (found.reach[v].depth, found.bits(v), v))
        found.add(value)
        wanted.discard(value)
    return found


class _Multiples:
    """Multiples that are made, and those that one more adder can make: `reach`, by value.

    `spent` is how long the carry chains of those that are made are together.
    """

    def __init__(self, source: Source, limit: int, bits: int, random: Random | None) -> None:
        self.source = source
        self.random = random
        self.spent = 0
        self.limit = limit
        self.shifts = np.arange(1, bits + 1)
        self.greatest = 1 << bits
        self.made: list[Multiple] = []
        self.values = [1]
        self.depths = [source.depth]
        self.reach: dict[int, Multiple] = {}
        self._extend(0)

    def add(self, value: int) -> None:
        """Make a multiple that is in reach."""
        self.spent += self.bits(value)
        multiple = self.reach.pop(value)
        self.made.append(multiple)
        self.values.append(value)
        self.depths.append(multiple.depth)
        self._extend(len(self.values) - 1)

    @property
    def cost(self) -> tuple[int, int, int]:
        """What there is to be least of, first things first: adders, their depth, their bits."""
        return len(self.made), max(self.depths), self.spent

    def bits(self, value: int) -> int:
        """The carry chain of the adder of a multiple in reach."""
        least, greatest = sorted((self.source.least * value, self.source.greatest * value))
        low, high = self.reach[value].terms
        return width(least, greatest) - (high.shift if low.sign > 0 else 0)

    def _extend(self, new: int) -> None:
        """Note what the latest multiple makes with each that is there."""
        for other in range(len(self.values)):
            depth = max(self.depths[new], self.depths[other]) + 1
            if depth > self.limit:
                continue
            for low, high in ((new, other), (other, new)) if new != other else ((new, new),):
                for value, shift, sign in zip(*self._sums(low, high), strict=True):
                    if value in self.values:
                        continue
                    # low + (high << shift), or one minus the other, whichever is positive
                    signs = (1, 1) if sign > 0 else (1, -1)
                    if sign < 0 and self.values[low] < self.values[high] << shift:
                        signs = (-1, 1)
                    terms = Term(low, 0, signs[0]), Term(high, int(shift), signs[1])
                    old = self.reach.get(value)
                    candidate = Multiple(int(value), terms, depth)
                    if old is None or self._key(candidate) < self._key(old):
                        self.reach[value] = candidate

    def _key(self, multiple: Multiple) -> tuple[int, int]:
        low, high = multiple.terms
        return multiple.depth, -high.shift if low.sign > 0 else 0

    def _sums(self, low: int, high: int) -> tuple[list[int], list[int], list[int]]:
        """Sums and differences of two multiples, the second one shifted, that are not too big."""
        a, b = self.values[low], self.values[high] << self.shifts
        values = np.concatenate([a + b, abs(a - b)])
        keep = (values > 1) & (values < self.greatest)
        shifts = np.concatenate([self.shifts, self.shifts])
        signs = np.repeat([1, -1], len(self.shifts))
        return values[keep].tolist(), shifts[keep].tolist(), signs[keep].tolist()

    def between(self, wanted: Sequence[int]) -> int | None:
        """The multiple in reach with which most of those that are wanted come into reach."""
        candidates = np.array(sorted(self.reach), dtype=np.int64)
        depths = np.array([self.reach[v].depth for v in candidates.tolist()], dtype=np.int64)
        candidates = candidates[depths < self.limit]
        depths = depths[depths < self.limit]
        if not candidates.size:
            return None
        made = np.array(self.values, dtype=np.int64)[
            np.array(self.depths, dtype=np.int64) < self.limit
        ]
        helps = np.zeros(len(candidates))
        near = np.full(len(candidates), 64, dtype=np.int64)
        for target in wanted:
            helps += np.isin(candidates, self._partners(target, made))
            for sign in (1, -1):
                for shift in range(len(self.shifts) + 1):
                    rest = abs(target - sign * (candidates << shift))
                    near = np.minimum(near, np.bitwise_count(rest ^ 3 * rest))
        if self.random:
            helps += [CHANCE * self.random.random() for _ in candidates]
        bits = np.array([self.bits(v) for v in candidates.tolist()], dtype=np.int64)
        best = np.lexsort((candidates, bits, depths, near, -helps))[0]
        return int(candidates[best])

    def _partners(self, target: int, made: IntArray) -> IntArray:
        """What gives a target together with one of the multiples that are there."""
        shifted = made[:, None] << self.shifts
        # target = c ± (made << s), and so c; or target = made ± (c << s), and so c << s.
        first = np.concatenate([abs(target - shifted).reshape(-1), (target + shifted).reshape(-1)])
        second = np.concatenate([abs(target - made), target + made])
        second = second[second > 0]
        odd = second // (second & -second)
        # c itself twice: target = c << s, or minus c
        powers = (1 << self.shifts) + np.array([[1], [-1]])
        own = target // powers[target % powers == 0] if target > 1 else powers[:0, 0]
        partners: IntArray = np.concatenate([first, odd, own.reshape(-1)])
        return partners
