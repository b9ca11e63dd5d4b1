"""Sums of products: what a serial machine computes of each sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from catgrad.circuit.format import Format


class Past(NamedTuple):
    """A number of the sample that was `age` ticks ago: an input, or what a sum became.

    Lines 0, 1, ... are the inputs, and those after them the sums, in order.
    """

    line: int
    age: int


class Term(NamedTuple):
    """A product: a number, times a coefficient, times a parameter unless that is None."""

    coefficient: int
    number: Past
    parameter: int | None = None


@dataclass(frozen=True)
class Post:
    """What becomes of an exact sum: ``sum >> shift``, brought into a format.

    - `saturates`: a number beyond the format becomes the nearest one in it; else it wraps
    - `counted`: such a number counts as a saturation
    """

    shift: int
    format: Format
    saturates: bool = False
    counted: bool = False

    def __call__(self, total: int) -> tuple[int, int]:
        """The number that a sum becomes, and how many saturations that is."""
        exact, format = total >> self.shift, self.format
        if format.min <= exact <= format.max:
            return exact, 0
        if self.saturates:
            return min(max(exact, format.min), format.max), int(self.counted)
        return ((exact - format.min) & ((1 << format.width) - 1)) + format.min, int(self.counted)


@dataclass(frozen=True)
class Sum:
    """``post(constant + sum of terms)``."""

    terms: tuple[Term, ...]
    constant: int
    post: Post


@dataclass(frozen=True)
class Sums:
    """A tick of a filter: numbers that are sums of products of numbers, now and before.

    Picture a list of assignments ``y = post(c[0] * u[n] + c[1] * u[n - 1] + ... + constant)``, each
    of which may read what those before it gave. Before the first tick all numbers are 0.

    - `inputs`: the format of each number of x; `parameters`: of each parameter
    - `sums`: in an order in which each reads, of its own tick, only those before it
    - `predictions`: which sum each number of the prediction is; `outputs`: its format there
    """

    inputs: tuple[Format, ...]
    parameters: tuple[Format, ...]
    sums: tuple[Sum, ...]
    predictions: tuple[int, ...]
    outputs: tuple[Format, ...]

    @cached_property
    def formats(self) -> tuple[Format, ...]:
        """The format of each line."""
        return (*self.inputs, *(s.post.format for s in self.sums))

    @cached_property
    def ages(self) -> tuple[int, ...]:
        """The greatest age at which each line is read; -1 for one that is not."""
        greatest = [-1] * len(self.formats)
        for s in self.sums:
            for term in s.terms:
                line, age = term.number
                greatest[line] = max(greatest[line], age)
        return tuple(greatest)

    @property
    def products(self) -> int:
        """How many products there are."""
        return sum(len(s.terms) for s in self.sums)

    @cached_property
    def total(self) -> Format:
        """The format that holds each sum, whatever the numbers are; on the way it may wrap."""
        ends = [self.range(s) for s in self.sums]
        lo, hi = min(lo for lo, _ in ends), max(hi for _, hi in ends)
        return Format(Format.holding(min(lo, -1), hi).width, True)

    def range(self, s: Sum) -> tuple[int, int]:
        """The least and the greatest value of a sum before it is rounded."""
        ends = [self._ends(term) for term in s.terms]
        lo, hi = sum(least for least, _ in ends), sum(greatest for _, greatest in ends)
        return s.constant + lo, s.constant + hi

    def _ends(self, term: Term) -> tuple[int, int]:
        """The least and the greatest product."""
        number = self.formats[term.number.line]
        factor = (term.coefficient, term.coefficient)
        if term.parameter is not None:
            parameter = self.parameters[term.parameter]
            factor = (term.coefficient * parameter.min, term.coefficient * parameter.max)
        products = [c * x for c in factor for x in (number.min, number.max)]
        return min(products), max(products)


class Memory:
    """The numbers of the last ticks, and a tick at a time: what a machine has to give."""

    def __init__(self, sums: Sums) -> None:
        self.sums = sums
        self.past = [[0] * (max(age, 0) + 1) for age in sums.ages]

    def tick(self, x: list[int], parameters: list[int]) -> tuple[list[int], int]:
        """The prediction for a sample, and how many numbers saturated."""
        sums, count = self.sums, 0
        now = [*x, *[0] * len(sums.sums)]
        for history, number in zip(self.past, now, strict=True):
            history.insert(0, number)
            history.pop()
        for k, s in enumerate(sums.sums):
            total = s.constant
            for coefficient, (line, age), parameter in s.terms:
                factor = 1 if parameter is None else parameters[parameter]
                total += coefficient * factor * self.past[line][age]
            self.past[len(sums.inputs) + k][0], more = s.post(total)
            count += more
        outputs = [self.past[len(sums.inputs) + k][0] for k in sums.predictions]
        return outputs, count
