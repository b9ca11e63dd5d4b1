"""When each product of a tick is formed on the one multiplier, and each number stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from catgrad.serial.sums import Sums, Term

FACTORS = 1
"""Cycles from the address of a number to the cycle in which it and its coefficient are there."""

ADDS = 3
"""... to that in which their product is added to a sum."""

LANDS = 4
"""... to that in which a sum that ends in it is rounded, and stored."""


@dataclass(frozen=True)
class Timetable:
    """One tick of a filter, in cycles; the next one does the same `interval` cycles later.

    Picture a row of products, one a cycle, sum after sum. What a sum becomes is stored `LANDS`
    cycles behind its last product, so the products that need it come last in the sums after it::

        cycle     0  1  2  3  4  5  6  7  8  9  10 ...
        products  a  a  a  a  a  b  b  b  b  b  c
        stored                            a                in cycle 8, and read from cycle 9 on

    - `issues`: for each cycle the product formed, as which sum and which of its terms; None if
      none is. It is `interval` long
    - `waits`: for each input the cycle in which its number has to be there at the latest. The
      cycles from one wait to the next are those in which it may arrive
    """

    sums: Sums
    issues: tuple[tuple[int, int] | None, ...]
    waits: tuple[int, ...]

    @property
    def interval(self) -> int:
        """Cycles from tick to tick."""
        return len(self.issues)

    def term(self, cycle: int) -> Term | None:
        """The product that is formed in a cycle."""
        issue = self.issues[cycle]
        return None if issue is None else self.sums.sums[issue[0]].terms[issue[1]]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The cycle of the first product of each sum."""
        return tuple(min(self._cycles(k)) for k in range(len(self.sums.sums)))

    @cached_property
    def lands(self) -> tuple[int, ...]:
        """The cycle in which each sum is rounded and stored."""
        return tuple(max(self._cycles(k)) + LANDS for k in range(len(self.sums.sums)))

    @property
    def finish(self) -> int:
        """The cycle in which the last one is."""
        return max(self.lands)

    @property
    def last_wait(self) -> int:
        """The cycle from which on all of a sample is inside."""
        return max(self.waits)

    def _cycles(self, sum: int) -> list[int]:
        return [t for t, issue in enumerate(self.issues) if issue and issue[0] == sum]
