"""Which numbers of a graph are kept negated, so that little has to be inverted."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from catgrad.circuit.constants.graph import AdderGraph, Term
from catgrad.circuit.constants.trees import width

TRIES = 40
"""How many changes of sign are tried for each adder."""

HEAT = 8.0
"""How many bits worse a change may be at first; less and less later."""

FORBIDDEN = 1 << 40
"""The cost of an adder that negates both of its terms: more bits than any graph has."""


def fewest_inverters(graph: AdderGraph, seed: int = 0) -> AdderGraph:
    """The same products, with numbers between negated where fewer bits then have to be inverted.

    The carry chains of some families take their operands as they are (iCE40: the carry has no table
    before it), so what is subtracted is inverted in tables of its own. Not so a number that all
    its readers subtract: it is inverted in the tables that make it.

        a = x + y                       a = x + y
        p = u - a                       p = a - u           u is inverted, not a, which is wider,
        q = a + v               ->      q = a + v           and p where it is made
        y = q + 2 p                     y = q - 2 p

    Signs are changed at random, one or two neighbours at a time; what gets worse by more than a
    little, less and less of it, is changed back (simulated annealing). The cost is that of the
    carry chains and the inverters, in bits. No adder negates both of its terms, and outputs keep
    their signs. The same arguments give the same graph.
    """
    signs = _Signs(graph)
    outputs = {term.number for term in graph.outputs if term}
    free = [n for n in range(len(graph.sources), len(signs.sign)) if n not in outputs]
    random = Random(seed)
    tries, worse = TRIES * len(free), 0
    for i in range(tries):
        numbers = {random.choice(free)}
        if random.random() < 0.5:
            near = [n for n in signs.neighbours(*numbers) if n >= free[0] and n not in outputs]
            numbers |= {random.choice(near)} if near else set()
        change = signs.change(numbers)
        if change > HEAT * (1 - i / tries) * random.expovariate(1.0):
            signs.change(numbers)
        else:
            worse += change
    if worse >= 0:
        return graph
    return AdderGraph(graph.sources, tuple(map(signs.terms, signs.adders())), graph.outputs)


class _Signs:
    """`sign[n]` is 1 or -1, whether a number stands as in the graph, or negated.

    `added[n]` and `subtracted[n]` count what reads it; an output is one that adds, and so is
    whatever makes a source.
    """

    def __init__(self, graph: AdderGraph) -> None:
        self.graph = graph
        self.first = len(graph.sources)
        total = self.first + len(graph)
        self.sign = [1] * total
        self.widths = [
            {1: width(least, greatest), -1: width(-greatest, -least)}
            for least, greatest in graph.ranges
        ]
        self.readers: list[list[int]] = [[] for _ in range(total)]
        self.added = [1] * self.first + [0] * len(graph)
        self.subtracted = [0] * total
        for term in graph.outputs:
            if term:
                self.added[term.number] += 1
        for i, pair in zip(self.adders(), graph.adders, strict=True):
            for term in pair:
                self.readers[term.number].append(i)
            self._count(i, 1)

    def adders(self) -> range:
        return range(self.first, len(self.sign))

    def neighbours(self, number: int) -> list[int]:
        """What reads a number, and what it is made of."""
        a, b = self.graph.adders[number - self.first]
        return [*self.readers[number], a.number, b.number]

    def terms(self, adder: int) -> tuple[Term, Term]:
        """The terms of an adder, with the signs that they have now."""
        a, b = self.graph.adders[adder - self.first]
        kept = self.sign[adder]
        return (
            a._replace(sign=kept * a.sign * self.sign[a.number]),
            b._replace(sign=kept * b.sign * self.sign[b.number]),
        )

    def change(self, numbers: Iterable[int]) -> int:
        """Change the signs of numbers, and return by how many bits that is worse."""
        adders = {reader for n in numbers for reader in self.readers[n]}.union(numbers)
        read = {term.number for i in adders for term in self.graph.adders[i - self.first]}
        read.update(numbers)
        before = self._bits(adders, read)
        for i in adders:
            self._count(i, -1)
        for n in numbers:
            self.sign[n] = -self.sign[n]
        for i in adders:
            self._count(i, 1)
        return self._bits(adders, read) - before

    def _count(self, adder: int, change: int) -> None:
        for term in self.terms(adder):
            (self.added if term.sign > 0 else self.subtracted)[term.number] += change

    def _bits(self, adders: Iterable[int], numbers: Iterable[int]) -> int:
        """The bits of the carry chains of adders, and of the inverters of numbers."""
        total = 0
        for i in adders:
            a, b = self.terms(i)
            if a.sign < 0 and b.sign < 0:
                total += FORBIDDEN
            low, high = (a, b) if a.shift <= b.shift else (b, a)
            passes = high.shift if low.sign > 0 else low.shift
            total += max(1, self.widths[i][self.sign[i]] - passes)
        for n in numbers:
            if self.added[n] and self.subtracted[n]:
                total += self.widths[n][self.sign[n]]
        return total
