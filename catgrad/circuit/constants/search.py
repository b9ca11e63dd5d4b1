"""The search: greedy sharing, begun anew several times, then improved piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from catgrad.circuit.constants.finish import finished
from catgrad.circuit.constants.problem import Problem
from catgrad.circuit.constants.sums import CHAIN, SHIFT_BITS, Sums, pattern_of

LONG = 60
"""Rows of more digits are not written anew, which costs the square of that."""

GOOD = 3
"""From how many of the problems a search begins more than once."""

NOISE = 0.05
"""By how much such a beginning misjudges what a pattern is worth, at most."""


def total(sums: Sums, rows: list[int]) -> int:
    """The cost of sums with rows of these costs."""
    return sums.bits + sum(rows)


def rated(problem: Problem, sums: Sums) -> int:
    """The cost of the finished graph.

    Sums take it that the low bits of every adder pass; where the lower term is subtracted they do
    not, which matters most where rows are short.
    """
    graph = finished(sums, problem)
    return graph.bits + CHAIN * len(graph)


def searched(
    problems: Sequence[Problem], rounds: int, again: int = 0, seed: int = 0
) -> tuple[Problem, Sums]:
    """The best sums found in so many rounds, and the problem of which they are sums.

    Of the greedy beginnings of all problems, which look at one matrix in different ways, and of so
    many more of the best of them, in a somewhat random order, the best is improved. A round
    dissolves a few shared numbers, or takes one row apart and writes its entries with other digits,
    and shares greedily again ("ruin and recreate", Schrimpf et al., 2000). What is worse is undone,
    but for a little that is let through, less and less of it.
    """
    random = Random(seed)
    starts = [_start(problem, random) for problem in problems]
    starts.sort(key=lambda start: start[0])
    good = [problem for _, problem, _ in starts[:GOOD]]
    starts += [_start(good[i % len(good)], random, NOISE) for i in range(again)]
    _, problem, sums = min(starts, key=lambda start: start[0])
    rows = range(len(problem.matrix))
    costs = [sums.row_bits(row) for row in rows]
    lengths = [sum(len(digits) for _, digits in problem.digits(row)) for row in rows]
    for round in range(rounds):
        before = total(sums, costs)
        sums.log.clear()
        sums.noise = random.choice((0.0, 0.2, 0.5))
        row = random.randrange(len(problem.matrix))
        if sums.shared and (random.random() < 0.75 or lengths[row] > LONG):
            _dissolve(sums, random)
        else:
            _rewrite(sums, problem, row, random)
        sums.settle()
        sums.unshare_singles()
        changed = sorted({row for change, row, _, _ in sums.log if change < 2})
        after = list(costs)
        for row in changed:
            after[row] = sums.row_bits(row)
        heat = 2.0 * (1 - round / rounds)
        allowed = before + heat * random.expovariate(1.0)
        if min(sums.room, default=0) < 0 or total(sums, after) > allowed:
            sums.rollback()
        else:
            costs = after
    return problem, sums


def _start(problem: Problem, random: Random, noise: float = 0.0) -> tuple[int, Problem, Sums]:
    sums = greedy(problem, random, noise)
    return rated(problem, sums), problem, sums


def greedy(problem: Problem, random: Random, noise: float = 0.0) -> Sums:
    """Sums of a problem, shared greedily, by a worth that is up to so much off."""
    sums = problem.sums(random)
    sums.noise = noise
    sums.settle()
    sums.unshare_singles()
    return sums


def _dissolve(sums: Sums, random: Random) -> None:
    """Take apart a few shared numbers, and those that are made of them."""
    numbers = sorted(sums.shared.values())
    gone = set(random.sample(numbers, min(random.choice((1, 1, 2, 3)), len(numbers))))
    for number in numbers:
        first, second, _, _ = pattern_of(sums.pattern[number])
        if first in gone or second in gone:
            gone.add(number)
    if len(gone) > 40:
        return
    for row, terms in enumerate(sums.rows):
        _take_apart(sums, row, [term for term in terms if term >> SHIFT_BITS in gone], gone)
    _drop(sums)


def _take_apart(sums: Sums, row: int, terms: list[int], gone: set[int] | None) -> None:
    """Expand terms of a row, and what comes out of them, as long as that is to go."""
    present = sums.rows[row]
    while terms:
        term = terms.pop()
        if term in present:
            before = set(present)
            sums.expand(row, term)
            terms += [
                new
                for new in set(present) - before
                if new >> SHIFT_BITS >= sums.sources and (gone is None or new >> SHIFT_BITS in gone)
            ]


def _drop(sums: Sums) -> None:
    """Forget shared numbers that nothing uses any longer."""
    for number in sums.unused():
        if sums.is_shared(number) and not sums.uses[number]:
            sums.discard(number)


def _rewrite(sums: Sums, problem: Problem, row: int, random: Random) -> None:
    """Take a row apart down to the sources, and write its entries with other digits."""
    terms = sums.rows[row]
    _take_apart(sums, row, [term for term in terms if term >> SHIFT_BITS >= sums.sources], None)
    _drop(sums)
    for term in list(terms):
        sums.take(row, term)
    problem.write(sums, row, random)
