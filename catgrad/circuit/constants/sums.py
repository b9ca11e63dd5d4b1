"""Sums that share parts: the state of the search for a graph of adders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from catgrad.circuit.constants.graph import Source
from catgrad.circuit.constants.trees import Leaf, leaf, tree, width

SHIFT_BITS = 7
"""A term of a row is coded as ``number << SHIFT_BITS | shift``."""

SHIFTS = (1 << SHIFT_BITS) - 1


class Pattern(NamedTuple):
    """``(first << max(-by, 0)) + sign * (second << max(by, 0))``, a part that sums may share."""

    first: int
    second: int
    by: int
    sign: int


def code_of(pattern: Pattern) -> int:
    first, second, by, sign = pattern
    return first << 36 | second << 12 | by + SHIFTS + 1 << 1 | (sign < 0)


def pattern_of(code: int) -> Pattern:
    """The pattern with a code: its fields in 24, 11 and 1 bits, from the second one down."""
    by = (code >> 1 & 0x7FF) - SHIFTS - 1
    return Pattern(code >> 36, code >> 12 & 0xFFFFFF, by, -1 if code & 1 else 1)


class Sums:
    """Rows, each a sum of signed and shifted numbers; a number is a source or a shared pattern.

    For every pattern the places where it stands are kept up to date while terms come and go, so
    that a step of the search costs as much as the rows are long in which it changes something.
    Every change is logged, and `rollback` undoes it.

    - `rows`: the sign of each term, by its code
    - `where`: for each pattern code the places ``row << SHIFT_BITS | shift`` of its first term
    - `shared`: the number of each pattern that is a shared one
    - `starts`: what a row begins with, or None: another row, as one more leaf of its tree
    - `limits`: the depth of each row, which is kept (see `catgrad.circuit.constants.trees`); `room`
      is what the inequality leaves in each row
    """

    def __init__(
        self,
        sources: Sequence[Source],
        limits: Sequence[int],
        starts: Sequence[Leaf | None],
        random: Random,
    ) -> None:
        self.sources = len(sources)
        self.limits = limits
        self.starts = starts
        self.random = random
        self.noise = 0.0
        self.least = [source.least for source in sources]
        self.greatest = [source.greatest for source in sources]
        self.depth = [source.depth for source in sources]
        self.pattern: list[int] = [-1] * len(sources)
        self.uses = [0] * len(sources)
        self.rows: list[dict[int, int]] = [{} for _ in limits]
        self.room = [
            (1 << limit) - (1 << start.depth if start else 0)
            for limit, start in zip(limits, starts, strict=True)
        ]
        self.where: defaultdict[int, set[int]] = defaultdict(set)
        self.shared: dict[int, int] = {}
        self.bits = 0
        self.log: list[tuple[int, int, int, int]] = []
        self._overlap: dict[int, float] = {}
        self._touched: set[int] = set()

    # Terms

    def put(self, row: int, term: int, sign: int) -> None:
        """Add a term that a row does not have."""
        terms, where, touched = self.rows[row], self.where, self._touched
        number, shift = term >> SHIFT_BITS, term & SHIFTS
        place = row << SHIFT_BITS
        ahead = (number << 36) - (shift << 1) + (SHIFTS + 1 << 1)
        behind = (number << 12) + (shift << 1) + (SHIFTS + 1 << 1)
        for other, other_sign in terms.items():
            at = other & SHIFTS
            if other < term:
                key = (other >> SHIFT_BITS << 36) - (at << 1) + behind + (sign != other_sign)
                where[key].add(place | at)
            else:
                key = ahead + (other >> SHIFT_BITS << 12) + (at << 1) + (sign != other_sign)
                where[key].add(place | shift)
            touched.add(key)
        terms[term] = sign
        self.uses[number] += 1
        self.room[row] -= 1 << self.depth[number]
        self.log.append((_PUT, row, term, sign))

    def take(self, row: int, term: int) -> int:
        """Remove a term from a row, and return its sign."""
        terms, where = self.rows[row], self.where
        sign = terms.pop(term)
        number, shift = term >> SHIFT_BITS, term & SHIFTS
        place = row << SHIFT_BITS
        ahead = (number << 36) - (shift << 1) + (SHIFTS + 1 << 1)
        behind = (number << 12) + (shift << 1) + (SHIFTS + 1 << 1)
        for other, other_sign in terms.items():
            at = other & SHIFTS
            if other < term:
                key = (other >> SHIFT_BITS << 36) - (at << 1) + behind + (sign != other_sign)
                places = where[key]
                places.discard(place | at)
            else:
                key = ahead + (other >> SHIFT_BITS << 12) + (at << 1) + (sign != other_sign)
                places = where[key]
                places.discard(place | shift)
            if not places:
                del where[key]
        self.uses[number] -= 1
        self.room[row] += 1 << self.depth[number]
        self.log.append((_TAKE, row, term, sign))
        return sign

    def add(self, row: int, term: int, sign: int) -> None:
        """Add a term; with one that is there it cancels, or carries into the next shift."""
        while term in self.rows[row]:
            if self.take(row, term) != sign:
                return
            term += 1
        self.put(row, term, sign)

    def expand(self, row: int, term: int) -> None:
        """Replace a shared number in a row by its pattern."""
        sign = self.take(row, term)
        number, shift = term >> SHIFT_BITS, term & SHIFTS
        first, second, by, second_sign = pattern_of(self.pattern[number])
        self.add(row, first << SHIFT_BITS | shift + max(-by, 0), sign)
        self.add(row, second << SHIFT_BITS | shift + max(by, 0), sign * second_sign)

    # Shared numbers

    def create(self, code: int) -> int:
        """Make a pattern a shared number."""
        first, second, _, _ = pattern_of(code)
        least, greatest = self._range(code)
        number = len(self.pattern)
        self.pattern.append(code)
        self.least.append(least)
        self.greatest.append(greatest)
        self.depth.append(max(self.depth[first], self.depth[second]) + 1)
        self.uses.append(0)
        self._share(number, 1)
        self.log.append((_CREATE, number, 0, 0))
        return number

    def discard(self, number: int) -> None:
        """Remove a shared number that nothing uses, and then its parts where nothing else does."""
        self._share(number, -1)
        self.log.append((_DISCARD, number, 0, 0))
        for part in dict.fromkeys(pattern_of(self.pattern[number])[:2]):
            if part >= self.sources and not self.uses[part] and self.is_shared(part):
                self.discard(part)

    def is_shared(self, number: int) -> bool:
        """Whether a number that once was shared still is."""
        return self.shared.get(self.pattern[number]) == number

    def _share(self, number: int, change: int) -> None:
        code = self.pattern[number]
        first, second, by, _ = pattern_of(code)
        self.uses[first] += change
        self.uses[second] += change
        chain = max(1, width(self.least[number], self.greatest[number]) - abs(by))
        self.bits += change * (chain + CHAIN)
        if change > 0:
            self.shared[code] = number
        else:
            del self.shared[code]

    def _range(self, code: int) -> tuple[int, int]:
        first, second, by, sign = pattern_of(code)
        up, down = max(-by, 0), max(by, 0)
        ends = self.least[second] << down, self.greatest[second] << down
        least, greatest = ends if sign > 0 else (-ends[1], -ends[0])
        return (self.least[first] << up) + least, (self.greatest[first] << up) + greatest

    def rollback(self) -> None:
        """Undo everything since the log was empty."""
        log, self.log = self.log, []
        for change, a, b, sign in reversed(log):
            if change == _PUT:
                self.take(a, b)
            elif change == _TAKE:
                self.put(a, b, sign)
            else:
                self._share(a, -1 if change == _CREATE else 1)
        self.log = []
        self._touched.clear()

    # Sharing

    def settle(self) -> None:
        """Share patterns, the most worthwhile first, until none of those touched stands twice.

        A pattern is worth the places where it stands times the bits in which its two parts
        overlap, since these are what an adder takes away.
        """
        heap: list[tuple[float, int, int]] = []
        while True:
            for code in self._touched:
                self._offer(heap, code)
            self._touched.clear()
            if not heap:
                return
            _, code, count = heappop(heap)
            if len(self.where.get(code, ())) != count:
                self._offer(heap, code)
            else:
                self._extract(code)

    def _offer(self, heap: list[tuple[float, int, int]], code: int) -> None:
        count = len(self.where.get(code, ()))
        if count > 1 or (count and code in self.shared):
            worth = count * self.overlap(code) * (1 + self.noise * self.random.random())
            heappush(heap, (-worth, code, count))

    def overlap(self, code: int) -> float:
        """In how many bits the two parts of a pattern overlap; a little, where they do not."""
        found = self._overlap.get(code)
        if found is None:
            first, second, by, _ = pattern_of(code)
            up, down = max(-by, 0), max(by, 0)
            tops = (
                width(self.least[first], self.greatest[first]) + up,
                width(self.least[second], self.greatest[second]) + down,
            )
            found = self._overlap[code] = max(0.1, min(tops) - max(up, down))
        return found

    def _extract(self, code: int) -> None:
        """Share a pattern wherever it stands and the depth of the row allows."""
        places = self._allowed(code)
        number = self.shared.get(code)
        if len(places) < (2 if number is None else 1):
            return
        first, second, by, sign = pattern_of(code)
        if number is None:
            number = self.create(code)
        for place in places:
            row, shift = place >> SHIFT_BITS, place & SHIFTS
            terms = self.rows[row]
            one, other = first << SHIFT_BITS | shift, second << SHIFT_BITS | shift + by
            if terms.get(one, 0) * terms.get(other, 0) == sign:  # else a carry took one of them
                kept = self.take(row, one)
                self.take(row, other)
                self.add(row, number << SHIFT_BITS | min(shift, shift + by), kept)
        if not self.uses[number]:
            self.discard(number)

    def _allowed(self, code: int) -> list[int]:
        """Places that do not overlap and whose rows have room for the greater depth."""
        first, second, by, _ = pattern_of(code)
        one, other = self.depth[first], self.depth[second]
        spent = (1 << max(one, other) + 1) - (1 << one) - (1 << other)
        room: dict[int, int] = {}
        used: set[int] = set()
        allowed = []
        for place in sorted(self.where.get(code, ())):
            row = place >> SHIFT_BITS
            left = room.get(row, self.room[row])
            if spent > left or (first == second and not used.isdisjoint((place, place + by))):
                continue
            used.update((place, place + by))
            room[row] = left - spent
            allowed.append(place)
        return allowed

    def unshare_singles(self) -> None:
        """Dissolve what is shared by name only: a number that one row uses, and nothing else."""
        for row, terms in enumerate(self.rows):
            waiting = list(terms)
            while waiting:
                term = waiting.pop()
                number = term >> SHIFT_BITS
                if term in terms and number >= self.sources and self.uses[number] == 1:
                    before = set(terms)
                    self.expand(row, term)
                    self.discard(number)
                    waiting += set(terms) - before
        self._touched.clear()

    def unused(self) -> Iterable[int]:
        """Shared numbers that nothing uses, the latest first."""
        return [n for n in sorted(self.shared.values(), reverse=True) if not self.uses[n]]

    # Cost

    def leaves(self, row: int) -> list[Leaf]:
        """What the tree of a row adds: its terms, and after them what it begins with."""
        leaves = []
        for term, sign in self.rows[row].items():
            number, shift = term >> SHIFT_BITS, term & SHIFTS
            least, greatest = self.least[number], self.greatest[number]
            ends = (least, greatest) if sign > 0 else (-greatest, -least)
            leaves.append(leaf(*ends, shift, self.depth[number]))
        start = self.starts[row]
        return leaves if start is None else [*leaves, start]

    def row_bits(self, row: int) -> int:
        """The bits of the adders that a row needs for itself."""
        leaves = self.leaves(row)
        if len(leaves) < 2:
            return 0
        return tree(leaves, self.limits[row]).bits + CHAIN * (len(leaves) - 1)


_PUT, _TAKE, _CREATE, _DISCARD = range(4)

CHAIN = 1
"""What an adder costs beside its bits: half the chains of an ECP5 have a bit to spare."""
