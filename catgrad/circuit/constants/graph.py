"""Graphs of shifts and adds: a product with a constant matrix, without multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.circuit.format import Format, Integers, integers


class Source(NamedTuple):
    """A number that enters a graph: its least and greatest value, and its depth in adders."""

    least: int
    greatest: int
    depth: int = 0


class Term(NamedTuple):
    """``sign * (number << shift)``, where `number` counts the sources and then the adders."""

    number: int
    shift: int
    sign: int


@dataclass(frozen=True)
class AdderGraph:
    """``y = M @ x`` as shifts, additions and subtractions.

    Picture a list of assignments: number i is a source for i below n, and after these each is the
    sum of two terms. At most one of them is subtracted, and the shift of one of them is 0 or both
    are cut down to that by whoever built the graph.

    - `sources`: the numbers x, one for each column of M
    - `adders`: two terms each, of numbers that come before
    - `outputs`: what each row of M is, a term, or None where the row is 0

    A term of `outputs` that is subtracted costs a negation; that is left to a row of M that has no
    positive entry.
    """

    sources: tuple[Source, ...]
    adders: tuple[tuple[Term, Term], ...]
    outputs: tuple[Term | None, ...]

    def __len__(self) -> int:
        """The number of adders."""
        return len(self.adders)

    @cached_property
    def forms(self) -> Integers:
        """[numbers, n], what each number is of the sources: exact, whatever the width."""
        forms = np.zeros((len(self.sources) + len(self.adders), len(self.sources)), dtype=object)
        np.fill_diagonal(forms, 1)
        for i, (a, b) in enumerate(self.adders, start=len(self.sources)):
            forms[i] = (forms[a.number] << a.shift) * a.sign + (forms[b.number] << b.shift) * b.sign
        return forms

    @property
    def matrix(self) -> Integers:
        """M, computed from the graph."""
        rows = np.zeros((len(self.outputs), len(self.sources)), dtype=object)
        for row, term in zip(rows, self.outputs, strict=True):
            if term is not None:
                row[:] = (self.forms[term.number] << term.shift) * term.sign
        return integers(rows.tolist()).reshape(rows.shape)

    @cached_property
    def ranges(self) -> list[tuple[int, int]]:
        """The least and the greatest value of each number: exact, since sources are independent."""
        ends = np.array([source[:2] for source in self.sources], dtype=object).reshape(-1, 2)
        up, down = np.maximum(self.forms, 0), np.minimum(self.forms, 0)
        least = up @ ends[:, 0] + down @ ends[:, 1]
        greatest = up @ ends[:, 1] + down @ ends[:, 0]
        return list(zip(least.tolist(), greatest.tolist(), strict=True))

    @cached_property
    def depths(self) -> list[int]:
        """How many adders there are on the longest way to each number."""
        depths = [source.depth for source in self.sources]
        for a, b in self.adders:
            depths.append(1 + max(depths[a.number], depths[b.number]))
        return depths

    @property
    def depth(self) -> int:
        """The greatest depth of an output."""
        return max((self.depths[term.number] for term in self.outputs if term), default=0)

    @property
    def bits(self) -> int:
        """The bits of all adders, the look-up tables of an FPGA; see `adder_bits`."""
        first = len(self.sources)
        return sum(
            adder_bits(a, b, *self.ranges[i]) for i, (a, b) in enumerate(self.adders, start=first)
        )

    def __call__(self, x: ArrayLike) -> NDArray[np.object_]:
        """``x @ M.T`` for a batch of sources, [batch, n], by the shifts and adds of the graph."""
        numbers = list(np.array(x, dtype=object).T)
        for a, b in self.adders:
            numbers.append(sum(t.sign * (numbers[t.number] << t.shift) for t in (a, b)))
        zero = np.zeros(len(np.asarray(x)), dtype=object)
        columns = [
            zero if t is None else t.sign * (numbers[t.number] << t.shift) for t in self.outputs
        ]
        return np.array(columns, dtype=object).T


def bits_of(least: int, greatest: int) -> int:
    """The width of the smallest format that holds a range."""
    return Format.holding(least, greatest).width


def adder_bits(a: Term, b: Term, least: int, greatest: int) -> int:
    """How long the carry chain of an adder is whose results have a range.

    Below the lowest bit of the higher operand the other one passes as it is, if it is added.
    """
    low, high = sorted((a, b), key=lambda term: term.shift)
    passes = high.shift if low.sign > 0 else low.shift
    return max(1, bits_of(least, greatest) - passes)


def as_sources(ranges: Sequence[tuple[int, int]]) -> tuple[Source, ...]:
    """Sources at depth 0."""
    return tuple(Source(int(least), int(greatest)) for least, greatest in ranges)
