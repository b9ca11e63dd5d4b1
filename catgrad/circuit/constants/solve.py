"""Products with constant matrices by shifts and adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.circuit.constants.digits import signed_digits
from catgrad.circuit.constants.finish import finished
from catgrad.circuit.constants.graph import AdderGraph, Source, Term
from catgrad.circuit.constants.problem import Problem, of_multiples, problem
from catgrad.circuit.constants.search import searched
from catgrad.circuit.format import integers
from catgrad.errors import CatgradError

ROUNDS = 200
"""How many rounds of improvement there are, where no other number is asked for."""

SLACK = 2
"""By how many adders a graph may be deeper than it has to be, where no limit is given."""

VIEWS = ((1, 8), (0, 0), (1, 6), (2, 5), (1, 4), (2, 8), (3, 6))
"""Levels and price of the trees of differences that are tried, those first that do well."""

WIDEST = 48
"""Constants of more bits than this are not taken apart."""

_PAIRS_TRIED = 400_000
_PAIRS_TRIED_A_ROUND = 1_000
_PAIRS_AT_ONCE = 4_000_000
"""What the first step of a search may take in pairs of digits: all beginnings, and one."""

_MOST_AGAIN = 24


def shift_and_add(
    matrix: ArrayLike,
    sources: Sequence[Source],
    depth: int | None = None,
    rounds: int = ROUNDS,
    slack: int = SLACK,
) -> AdderGraph:
    """The shifts and adds that multiply numbers by a constant matrix, ``y = M @ x``.

    - `matrix`: integers, [rows, columns], of at most 48 bits
    - `sources`: for each column the range and depth of the number
    - `depth`: how many adders there may be on any way to a row; None: `slack` more than needed
    - `rounds`: how many times the graph is taken apart in some place and built anew

    The entries become signed digits. Patterns of two terms are shared between all rows, greedily,
    those first that take away most bits (Sun et al., "da4ml: distributed arithmetic for real-time
    neural networks on FPGAs", arXiv 2507.04535, section 4, weigh the overlap likewise); rows may
    begin with other rows; and the result is improved by dissolving parts of it. The cost is that of
    the carry chains, in bits. The same arguments give the same graph.

    CatgradError if the matrix does not have a column for each source, if an entry is too wide, or
    if no graph is as shallow as `depth`.
    """
    entries = integers(matrix)
    if entries.ndim != 2 or entries.shape[1] != len(sources):
        raise CatgradError(
            f"A constant matrix for {len(sources)} numbers has shape (rows, {len(sources)}), "
            f"not {entries.shape}; give it one column for each number."
        )
    widest = max((int(entry).bit_length() for entry in entries.flat), default=0)
    if widest > WIDEST:
        raise CatgradError(
            f"A constant of {widest} bits is not taken apart into shifts and adds; use constants "
            f"of at most {WIDEST} bits."
        )
    table = entries.astype(np.int64)
    least = least_depth(table, sources)
    limit = least + slack if depth is None else depth
    if limit < least:
        raise CatgradError(
            f"This matrix needs adders {least} deep, and the limit is {limit}; "
            f"set the depth to {least} or more."
        )
    odd, shifts = _odd(table)
    distinct, which = _distinct(odd)
    if distinct.any():
        graph = _solved(distinct, tuple(sources), limit, rounds)
    else:
        graph = AdderGraph(tuple(sources), (), (None,) * len(distinct))

    def output(row: int) -> Term | None:
        term = graph.outputs[which[row]]
        return term and term._replace(shift=term.shift + int(shifts[row]))

    return replace(graph, outputs=tuple(output(row) for row in range(len(table))))


def least_depth(matrix: NDArray[np.int64], sources: Sequence[Source]) -> int:
    """How deep the adders of a product have to be, at least."""
    plain = problem(matrix, sources, 0, 0, 0)
    needed = [plain.leaves(row) for row in range(len(matrix))]
    return max(((total - 1).bit_length() for total in needed if total), default=0)


def _odd(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each row without the power of two that divides it, and its exponent."""
    together = np.bitwise_or.reduce(matrix, axis=1) if matrix.size else np.zeros(len(matrix), int)
    shifts = np.bitwise_count((together & -together) - 1).astype(np.int64)
    shifts[together == 0] = 0
    return matrix >> shifts[:, None], shifts


def _distinct(matrix: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    """The rows that differ, in their order, and which of them each row is."""
    found: dict[tuple[int, ...], int] = {}
    which = [found.setdefault(tuple(row), len(found)) for row in matrix.tolist()]
    return np.array(list(found), dtype=np.int64).reshape(len(found), matrix.shape[1]), which


def _solved(
    matrix: NDArray[np.int64], sources: tuple[Source, ...], limit: int, rounds: int
) -> AdderGraph:
    pairs = sum(
        sum(len(signed_digits(entry)) for entry in row) ** 2 // 2 for row in matrix.tolist()
    )
    if pairs > _PAIRS_AT_ONCE and len(sources) > 1 and limit > least_depth(matrix, sources):
        return _halved(matrix, sources, limit, rounds)
    views: list[Problem] = []
    for levels, price in VIEWS:
        view = problem(matrix, sources, limit, levels, price)
        if view.is_possible and all(view.anchors != other.anchors for other in views):
            views.append(view)
    columns = int((np.bitwise_count(abs(matrix)) > 1).any(axis=0).sum())
    tries = 1 + rounds // 10 // max(columns, 1)
    if (each := of_multiples(matrix, sources, limit, tries)) and each.is_possible:
        views.insert(1, each)
    effort = _PAIRS_TRIED + _PAIRS_TRIED_A_ROUND * rounds
    tried = max(1, effort // max(pairs, 1))
    again = min(max(0, tried - len(views)), rounds // 10, _MOST_AGAIN)
    found, sums = searched(views[:tried], rounds, again)
    return finished(sums, found)


def _halved(
    matrix: NDArray[np.int64], sources: tuple[Source, ...], limit: int, rounds: int
) -> AdderGraph:
    """Half of the columns at a time, each a level less deep, and the sums of both."""
    middle, first = len(sources) // 2, len(sources)
    halves = [
        _solved(matrix[:, part], sources[part], limit - 1, rounds)
        for part in (slice(middle), slice(middle, None))
    ]
    adders: list[tuple[Term, Term]] = []
    outputs: list[list[Term | None]] = []
    for half, start in zip(halves, (0, middle), strict=True):
        inner, base = len(half.sources), first + len(adders)

        def moved(term: Term, inner: int = inner, start: int = start, base: int = base) -> Term:
            n = term.number
            return term._replace(number=n + start if n < inner else n - inner + base)

        adders += [(moved(a), moved(b)) for a, b in half.adders]
        outputs.append([term and moved(term) for term in half.outputs])
    joined: list[Term | None] = []
    for a, b in zip(*outputs, strict=True):
        if a is None or b is None:
            joined.append(a or b)
            continue
        low = min(a.shift, b.shift)
        adders.append((a._replace(shift=a.shift - low), b._replace(shift=b.shift - low)))
        joined.append(Term(first + len(adders) - 1, low, 1))
    return AdderGraph(sources, tuple(adders), tuple(joined))
