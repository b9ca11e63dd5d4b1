"""Retiming: where registers have the fewest bits, as a minimum cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from catgrad.circuit.format import BoolArray, IntArray
from catgrad.circuit.netlist import Kind, Netlist

_FOREVER = 1 << 60
"""More than all registers together."""


def retime(
    netlist: Netlist, latency: int, delay_ps: IntArray, in_memory: BoolArray, period_ps: int
) -> IntArray:
    """int64[n], the stages from 0 to `latency` for which registers have the fewest bits.

    Leiserson and Saxe, *Retiming synchronous circuitry* (1991). A cell comes no earlier than what
    it reads, and one stage later where the path from the one to the other would take longer than
    the period; `latency` has to suffice for that. A cell `in_memory` reads its arguments in the
    stage before its own.

    The nodes of the graph that is cut are the questions ``stage[c] >= k``, for k from 1 to
    `latency`, and ``last[n] >= k``: is net n still read in stage k? The answer is yes on the side
    of the source. That yes to one question means yes to another is an edge that cannot be cut, and
    a register is an edge from ``last[n] >= k`` to ``stage[n] >= k``, which costs the width of n.
    """
    n, yes, no = len(netlist), 2 * len(netlist) * latency, 2 * len(netlist) * latency + 1
    graph = _Graph(no + 1)
    still = np.isin(netlist.kind, (Kind.INPUT, Kind.CONST)).tolist()

    def computed(cell: int, k: int) -> int:
        """The question whether a cell is of stage k or later."""
        if k < 1:
            return yes
        return no if k > latency or still[cell] else cell * latency + k - 1

    def read(net: int, k: int) -> int:
        """The question whether a net is read in stage k or later."""
        return (n + net) * latency + k - 1

    for first, second, apart in _order(netlist, delay_ps, in_memory, period_ps):
        for k in range(latency + 1):
            graph.edge(computed(first, k), computed(second, k + apart), _FOREVER)
    for net in np.flatnonzero(netlist.kind != Kind.CONST).tolist():
        for k in range(1, latency + 1):
            graph.edge(computed(net, k + 1), computed(net, k), _FOREVER)
            graph.edge(read(net, k), computed(net, k), int(netlist.width[net]))
    for cell, operand in np.argwhere(netlist.args >= 0).tolist():
        net = int(netlist.args[cell, operand])
        for k in range(1, latency + 1):
            graph.edge(computed(cell, k + int(in_memory[cell])), read(net, k), _FOREVER)
    for port in netlist.outputs:
        for net in port.nets.tolist():
            for k in range(1, latency + 1):
                graph.edge(yes, read(net, k), _FOREVER)

    answers = graph.cut(yes, no)[: n * latency].reshape(n, latency)
    stages: IntArray = answers.sum(axis=1, dtype=np.int64)
    return stages


def _order(
    netlist: Netlist, delay_ps: IntArray, in_memory: BoolArray, period_ps: int
) -> Iterator[tuple[int, int, int]]:
    """Cells c, d and a number of stages s, at least, from c to d.

    s is 0 along a wire, or 1 into block RAM, and 1 where a path takes longer than the period.
    """
    n = len(netlist)
    longest = np.full((n, n), -1, dtype=np.int64)  # the longest path from the first to the second
    takes_time = delay_ps > 0
    for cell, reads in enumerate(netlist.args.tolist()):
        args = [arg for arg in reads if arg >= 0 and netlist.kind[arg] != Kind.CONST]
        for arg in args:
            yield arg, cell, int(in_memory[cell])
        if args and not in_memory[cell]:
            before = longest[:, args].max(axis=1)
            through = np.where(before >= 0, before + delay_ps[cell], -1)
            apart = (through > period_ps) & takes_time & takes_time[cell]
            for first in np.flatnonzero(apart).tolist():
                yield first, cell, 1
            # Whatever comes later is a stage later by then.
            longest[:, cell] = np.where(apart, -1, through)
        longest[cell, cell] = delay_ps[cell]


class _Graph:
    """A directed graph with capacities, built edge by edge."""

    def __init__(self, nodes: int) -> None:
        self._edges: list[list[int]] = [[] for _ in range(nodes)]  # the edges out of each node
        self._head: list[int] = []
        self._room: list[int] = []  # edge i ^ 1 is edge i backwards

    def edge(self, tail: int, head: int, capacity: int) -> None:
        for node, other, room in ((tail, head, capacity), (head, tail, 0)):
            self._edges[node].append(len(self._head))
            self._head.append(other)
            self._room.append(room)

    def cut(self, source: int, sink: int) -> BoolArray:
        """bool[nodes], the smallest side of the source of a minimum cut (Dinic, 1970)."""
        while (level := self._levels(source))[sink] >= 0:
            self._fill(source, sink, level)
        return np.array(level) >= 0

    def _levels(self, source: int) -> list[int]:
        """How many edges with room each node is away from the source; -1 if it is out of reach."""
        level = [-1] * len(self._edges)
        level[source] = 0
        reached = [source]
        for node in reached:
            for edge in self._edges[node]:
                if self._room[edge] and level[self._head[edge]] < 0:
                    level[self._head[edge]] = level[node] + 1
                    reached.append(self._head[edge])
        return level

    def _fill(self, source: int, sink: int, level: list[int]) -> None:
        """Send as much as possible from level to level."""
        left = [list(edges) for edges in self._edges]  # the edges of each node that may have room
        path: list[int] = []
        node = source
        while True:
            if node == sink:
                amount = min(self._room[edge] for edge in path)
                for edge in path:
                    self._room[edge] -= amount
                    self._room[edge ^ 1] += amount
                path, node = [], source
            while left[node]:
                edge = left[node][-1]
                if self._room[edge] and level[self._head[edge]] == level[node] + 1:
                    break
                left[node].pop()
            if left[node]:
                path.append(left[node][-1])
                node = self._head[path[-1]]
            elif path:
                node = self._head[path[-1] ^ 1]
                left[node].pop()
                path.pop()
            else:
                return
