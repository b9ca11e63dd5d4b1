"""One way to look at a matrix: which rows begin with another row, and what is left of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from catgrad.circuit.constants.decompose import Anchor, anchors, depth_limits, remainders
from catgrad.circuit.constants.digits import Digits, minimal_digits, signed_digits
from catgrad.circuit.constants.graph import Source, Term
from catgrad.circuit.constants.multiples import multiples
from catgrad.circuit.constants.sums import SHIFT_BITS, Sums
from catgrad.circuit.constants.trees import Leaf, leaf


@dataclass(frozen=True)
class Problem:
    """A matrix whose rows are to be computed from sources.

    - `anchors`: what each row begins with
    - `rest : int64[rows, sources]`, what is left of each row
    - `limits`: the depth of each row
    - `given`: the adders whose results the last of the sources are
    """

    matrix: NDArray[np.int64]
    sources: tuple[Source, ...]
    anchors: tuple[Anchor | None, ...]
    rest: NDArray[np.int64]
    limits: tuple[int, ...]
    given: tuple[tuple[Term, Term], ...] = ()

    def digits(self, row: int, random: Random | None = None) -> list[tuple[int, Digits]]:
        """The digits of what is left of a row, by column: the canonical ones, or random ones.

        One at least is positive, if the row does not begin with something positive. Where all are
        negative, -1 becomes 1 - 2 in one place: that costs the adder of a negation.
        """
        found = [
            (column, minimal_digits(entry, random) if random else signed_digits(entry))
            for column, entry in enumerate(self.rest[row].tolist())
            if entry
        ]
        anchor = self.anchors[row]
        if anchor is not None and anchor.sign > 0:
            return found
        if found and all(sign < 0 for _, digits in found for _, sign in digits):
            column, ((shift, _), *others) = found[0]
            found[0] = column, ((shift, 1), *_carried(shift + 1, others))
        return found

    def write(self, sums: Sums, row: int, random: Random | None = None) -> None:
        """Add the terms of a row that has none."""
        for column, digits in self.digits(row, random):
            for shift, sign in digits:
                sums.add(row, column << SHIFT_BITS | shift, sign)

    def sums(self, random: Random) -> Sums:
        """Nothing shared yet."""
        sums = Sums(self.sources, self.limits, [self.start(i) for i in self.anchors], random)
        for row in range(len(self.matrix)):
            self.write(sums, row)
        return sums

    def start(self, anchor: Anchor | None) -> Leaf | None:
        """What a row begins with, as a leaf of its tree."""
        if anchor is None:
            return None
        least = greatest = 0
        for entry, source in zip(self.matrix[anchor.row].tolist(), self.sources, strict=True):
            times = anchor.sign * entry
            ends = sorted((times * source.least, times * source.greatest))
            least, greatest = least + ends[0], greatest + ends[1]
        return leaf(least, greatest, anchor.shift, self.limits[anchor.row])

    def leaves(self, row: int) -> int:
        """The sum of ``2**d`` over the leaves of a row, d their depths."""
        anchor = self.anchors[row]
        depths = [self.sources[c].depth for c, digits in self.digits(row) for _ in digits]
        depths += [] if anchor is None else [self.limits[anchor.row]]
        return sum(1 << depth for depth in depths)

    @property
    def is_possible(self) -> bool:
        """Whether the leaves of each row fit into its depth."""
        return min(self.limits, default=0) >= 0 and all(
            self.leaves(row) <= 1 << limit for row, limit in enumerate(self.limits)
        )


def problem(
    matrix: NDArray[np.int64], sources: Sequence[Source], limit: int, levels: int, price: int
) -> Problem:
    """A matrix in which some rows begin with others; see `catgrad.circuit.constants.decompose`."""
    found = anchors(matrix, levels, price)
    return Problem(
        matrix,
        tuple(sources),
        tuple(found),
        remainders(matrix, found),
        tuple(depth_limits(found, limit)),
    )


def of_multiples(
    matrix: NDArray[np.int64], sources: Sequence[Source], limit: int, tries: int = 1
) -> Problem | None:
    """The matrix over its sources and the multiples of each that occur in it.

    That is one digit for each entry, of a source of its own. None if the multiples do not leave
    the rows the depth that they need. `tries` are for each source, see `multiples`.
    """
    adders: list[tuple[Term, Term]] = []
    extended = list(sources)
    columns = list(np.zeros((len(matrix), 0), dtype=np.int64).T)
    plain = np.zeros_like(matrix)
    most = np.maximum((matrix != 0).sum(axis=1), 1)
    for column, source in enumerate(sources):
        entries = matrix[:, column]
        powers = entries & -entries
        odd = np.where(entries == 0, 0, entries // np.where(entries == 0, 1, powers))
        entries_of = {
            value: np.where(abs(odd) == value, entries // value, 0)
            for value in sorted({*abs(odd).tolist()} - {0})
        }
        deepest = limit - max((terms - 1).bit_length() for terms in [1, *most.tolist()])
        made = multiples(sorted(entries_of), source, deepest, tries)
        if made is None:
            return None
        first = len(extended)
        for multiple in made:
            ends = sorted((multiple.value * source.least, multiple.value * source.greatest))
            extended.append(Source(ends[0], ends[1], multiple.depth))
            columns.append(entries_of.get(multiple.value, np.zeros(len(matrix), np.int64)))
            terms = [
                term._replace(number=term.number - 1 + first if term.number else column)
                for term in multiple.terms
            ]
            adders.append((terms[0], terms[1]))
        plain[:, column] = entries_of.get(1, 0)
    rest = np.column_stack([plain, *columns])
    return Problem(
        rest,
        tuple(extended),
        (None,) * len(matrix),
        rest,
        (limit,) * len(matrix),
        tuple(adders),
    )


def _carried(shift: int, digits: Sequence[tuple[int, int]]) -> Digits:
    """Negative digits, and one more of them at a shift."""
    left = {place for place, _ in digits}
    while shift in left:
        left.discard(shift)
        shift += 1
    return tuple((place, -1) for place in sorted({*left, shift}))
