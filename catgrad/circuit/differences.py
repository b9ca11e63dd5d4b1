"""Difference constraints: the least numbers that keep their distances, and the cheapest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.format import IntArray

_CYCLES_EVERY = 16
"""In which rounds a cycle is looked for."""


class Circular(Exception):
    """No numbers keep the distances: `nodes`, each too far from the one before it, are a circle."""

    def __init__(self, nodes: list[int]) -> None:
        super().__init__(f"the distances round {nodes} add up to more than 0")
        self.nodes = nodes


@dataclass
class Differences:
    """Integers x[0..n-1], none below 0, with constraints ``x[head] - x[tail] >= least``.

    Picture a graph with an edge for each constraint, its length the distance. Node 0 stays at 0, so
    that an edge to it bounds a number from above.
    """

    nodes: int = 1
    _tails: list[IntArray] = field(default_factory=list)
    _heads: list[IntArray] = field(default_factory=list)
    _least: list[IntArray] = field(default_factory=list)

    def more(self, n: int) -> IntArray:
        """n new numbers."""
        self.nodes += n
        return np.arange(self.nodes - n, self.nodes)

    def keep(self, tail: ArrayLike, head: ArrayLike, least: ArrayLike) -> None:
        """Add constraints, given by integers or arrays of them, which are broadcast together."""
        columns = np.broadcast_arrays(tail, head, least)
        for column, into in zip(columns, (self._tails, self._heads, self._least), strict=True):
            into.append(np.asarray(column, dtype=np.int64).reshape(-1))

    def edges(self) -> tuple[IntArray, IntArray, IntArray]:
        """Tails, heads and distances of all constraints, each pair once."""
        none = [np.zeros(0, np.int64)]
        tail, head, least = (np.concatenate(none + c) for c in self._columns())
        order = np.lexsort((-least, head, tail))
        tail, head, least = tail[order], head[order], least[order]
        first = np.ones(len(tail), dtype=np.bool_)
        first[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
        return tail[first], head[first], least[first]

    def among(self, nodes: Sequence[int]) -> Differences:
        """The constraints between these numbers alone."""
        tail, head, least = self.edges()
        both = np.isin(tail, nodes) & np.isin(head, nodes)
        return Differences(self.nodes, [tail[both]], [head[both]], [least[both]])

    def _columns(self) -> tuple[list[IntArray], list[IntArray], list[IntArray]]:
        return self._tails, self._heads, self._least

    def smallest(self) -> IntArray:
        """The least numbers that keep all distances; `Circular` if there are none."""
        return _smallest(self.nodes, *self.edges())

    def cheapest(self, cost: IntArray) -> IntArray:
        """Of the numbers with the least ``cost @ x``, the least; `Circular` if there are none.

        The linear programme is the dual of a flow of least cost, its matrix totally unimodular, so
        its optimum is reached at integers. By complementary slackness the optimal numbers are those
        that keep the distances which carry flow, exactly; the least of those are a longest path.
        """
        # Imported here, since it takes longer to load than all of catgrad.
        from scipy.optimize import linprog
        from scipy.sparse import coo_array

        tail, head, least = self.edges()
        _smallest(self.nodes, tail, head, least)
        rows = np.arange(len(tail))
        matrix = coo_array(
            (
                np.concatenate([np.ones(len(tail)), -np.ones(len(tail))]),
                (np.concatenate([rows, rows]), np.concatenate([tail, head])),
            ),
            shape=(len(tail), self.nodes),
        ).tocsr()
        bounds = np.zeros((self.nodes, 2))
        bounds[1:, 1] = np.inf
        found = linprog(cost, matrix, -least, bounds=bounds, method="highs-ds")
        if found.status == 3:
            raise ValueError("The cost has no least value.")
        assert found.status == 0, found.message
        flow = np.rint(found.ineqlin.marginals).astype(np.int64) < 0
        fixed = np.flatnonzero(np.rint(found.lower.marginals) > 0)
        x = _smallest(
            self.nodes,
            np.concatenate([tail, head[flow], fixed]),
            np.concatenate([head, tail[flow], np.zeros_like(fixed)]),
            np.concatenate([least, -least[flow], np.zeros_like(fixed)]),
        )
        assert int(cost @ x) == round(found.fun), "the optimum is not integral"
        return x


def _smallest(nodes: int, tail: IntArray, head: IntArray, least: IntArray) -> IntArray:
    """The longest path to each node from a source at distance 0 from all (Bellman and Ford)."""
    x = np.zeros(nodes, dtype=np.int64)
    before = np.full(nodes, -1, dtype=np.int64)  # the tail of the edge that holds a number up
    order = np.argsort(head, kind="stable")
    tail, head, least = tail[order], head[order], least[order]
    first = np.flatnonzero(np.diff(head, prepend=-1))
    sizes = np.diff(first, append=len(head))
    heads = head[first]
    rounds = 0
    while len(heads):
        through = x[tail] + least
        reached = np.maximum.reduceat(through, first)
        farther = reached > x[heads]
        if not farther.any():
            break
        holds = np.repeat(farther, sizes) & (through == np.repeat(reached, sizes))
        before[head[holds]] = tail[holds]
        x[heads[farther]] = reached[farther]
        rounds += 1
        if x[0] > 0 or rounds % _CYCLES_EVERY == 0:
            _refuse_cycle(before)
        if x[0] > 0:
            # What holds node 0 up begins at a number that is not below 0.
            raise Circular([0, *_way(before, 0)[:0:-1]])
    return x


def _way(before: IntArray, node: int) -> list[int]:
    """A node, what holds it up, what holds that up, and so on."""
    nodes = [node]
    while before[nodes[-1]] >= 0 and before[nodes[-1]] != node:
        nodes.append(int(before[nodes[-1]]))
    return nodes


def _refuse_cycle(before: IntArray) -> None:
    """`Circular` if what holds the numbers up is a circle, and so would lift them for ever."""
    ahead = before.copy()
    for _ in range(len(before).bit_length()):
        ahead = np.where(ahead >= 0, ahead[ahead], -1)
    if not (ahead >= 0).any():
        return
    raise Circular(_way(before, int(ahead[np.argmax(ahead >= 0)]))[::-1])
