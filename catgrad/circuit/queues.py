"""Queues: let what is learned later wait where it has the fewest bits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, same_cell
from catgrad.circuit.evaluate import evaluate
from catgrad.circuit.format import BoolArray
from catgrad.circuit.loops import QUEUED, Loop, loops
from catgrad.circuit.netlist import Kind, Netlist, Port
from catgrad.circuit.remove_dead import remove_dead
from catgrad.circuit.verify import verify


def narrow_queues(netlist: Netlist) -> Netlist:
    """The netlist whose port ``late`` has its queues at the narrowest cut before them.

    Cells that nothing but a queue needs, and that make 0 of zeros, may as well work on what comes
    out of queues::

        e ──┬── × ──[queue]── ...          e ──[queue]──┬── × ── ...
        x0 ─┼───┘                 becomes  x0 ─[queue]──┼───┘
        x1 ─┴── × ──[queue]── ...          x1 ─[queue]──┴── × ── ...

    The cut of the fewest bits is a minimum cut (Ford and Fulkerson). Of the old queues and the new
    ones, all hold zeros at first, so that the netlist computes the same from sample to sample.
    """
    groups: dict[int, list[Loop]] = defaultdict(list)
    queues = loops(netlist, [QUEUED])
    for queue in queues:
        groups[queue.distance].append(queue)
    for group in groups.values():
        if len(groups) == 1 and len({queue.source for queue in group}) == len(group):
            moved = _moved(netlist, group)
            if moved.any():
                return _rebuilt(netlist, group, moved)
    return netlist


def _moved(netlist: Netlist, queues: Sequence[Loop]) -> BoolArray:
    """bool[n], the cells that go behind the queues."""
    # Imported here, since it takes longer to load than all of catgrad.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    n = len(netlist)
    sources = np.array([queue.source for queue in queues])
    args = np.where(netlist.kind[netlist.args] == Kind.CONST, -1, netlist.args)
    fixed = np.isin(netlist.kind, (Kind.INPUT, Kind.CONST))
    for port in netlist.outputs:
        if port.name != QUEUED:
            fixed[port.nets] = True
    # A cell that stays needs what it reads to stay; those outside of the cone have no queue behind.
    behind = np.zeros(n, dtype=np.bool_)
    behind[sources] = True
    for cell in reversed(range(n)):
        if behind[cell]:
            read = args[cell]
            behind[read[read >= 0]] = True
    fixed |= ~behind

    # Node 2c is a cell, 2c + 1 its net: the edge between them is a queue.
    everything = 2 * int(netlist.width.sum()) + 1
    above, below = 2 * n, 2 * n + 1
    reader, operand = np.nonzero((args >= 0) & behind[:, None])
    net = args[reader, operand]
    stays = np.flatnonzero(fixed & (behind | np.isin(np.arange(n), args[behind])))
    cone = np.flatnonzero(behind)
    needs, needed = np.nonzero((args >= 0) & ~behind[:, None])
    edges: list[tuple[ArrayLike, ArrayLike, ArrayLike]] = [
        (2 * cone, 2 * cone + 1, netlist.width[cone]),
        (2 * net + 1, 2 * reader, everything),
        (2 * reader, 2 * net, everything),
        (np.full_like(stays, above), 2 * stays, everything),
        (2 * sources + 1, np.full_like(sources, below), everything),
        # What a cell outside of the cone reads stays where it is.
        (np.full_like(needs, above), 2 * args[needs, needed], everything),
    ]
    columns = [np.broadcast_arrays(*edge) for edge in edges]
    tail, head, room = (np.concatenate([c[i] for c in columns]) for i in range(3))
    # Of equal edges one is enough, while the sum of their room would not fit.
    _, first = np.unique(tail * (2 * n + 2) + head, return_index=True)
    graph = coo_array(
        (room[first].astype(np.int32), (tail[first], head[first])), shape=(2 * n + 2,) * 2
    ).tocsr()
    flow = maximum_flow(graph, above, below).flow
    left = (graph - flow).tocsr()
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    reached = breadth_first_order(left, above, return_predecessors=False)
    up = np.zeros(2 * n + 2, dtype=np.bool_)
    up[reached] = True
    moved: BoolArray = behind & ~up[0 : 2 * n : 2]
    return moved if _rests(netlist, sources.tolist(), moved) else np.zeros_like(moved)


def _cut(netlist: Netlist, queues: Sequence[Loop], moved: BoolArray) -> list[int]:
    """The nets that wait in queues if these cells are behind them."""
    read = {
        arg
        for cell in np.flatnonzero(moved).tolist()
        for arg in netlist.args[cell].tolist()
        if arg >= 0 and not moved[arg] and netlist.kind[arg] != Kind.CONST
    }
    return sorted(read | {queue.source for queue in queues if not moved[queue.source]})


def _behind(
    b: NetlistBuilder, netlist: Netlist, moved: BoolArray, given: dict[int, int]
) -> dict[int, int]:
    """Add the cells behind queues, whose values are given; returns what each net has become."""
    new = dict(given)
    for cell in np.flatnonzero(moved).tolist():
        args = [arg for arg in netlist.args[cell].tolist() if arg >= 0]
        for arg in args:
            if arg not in new:
                new[arg] = same_cell(b, netlist, arg, [])
        new[cell] = same_cell(b, netlist, cell, [new[arg] for arg in args])
    return new


def _rests(netlist: Netlist, sources: Sequence[int], moved: BoolArray) -> bool:
    """Whether the sources of queues are 0 where all that waits before these cells is."""
    b = NetlistBuilder()
    cut = {
        arg
        for cell in np.flatnonzero(moved).tolist()
        for arg in netlist.args[cell].tolist()
        if arg >= 0 and not moved[arg] and netlist.kind[arg] != Kind.CONST
    }
    new = _behind(b, netlist, moved, {net: int(b.const(0)) for net in cut})
    b.output("sources", [new[source] for source in sources if source in new])
    return not evaluate(b.build(), {})["sources"].any()


def _rebuilt(netlist: Netlist, queues: Sequence[Loop], moved: BoolArray) -> Netlist:
    """The netlist with its queues before the cells that move."""
    b = NetlistBuilder()
    [distance] = {queue.distance for queue in queues}
    cut = _cut(netlist, queues, moved)
    waiting = [netlist.format(net) for net in cut for _ in range(distance)]
    late = b.input(QUEUED, waiting).reshape(len(cut), distance)
    oldest = dict(zip(cut, late[:, -1].tolist(), strict=True))
    behind = _behind(b, netlist, moved, oldest)
    new = np.full(len(netlist), -1, dtype=np.int64)
    for queue in queues:
        new[queue.target] = behind[queue.source]
    for port in netlist.inputs:
        if port.name != QUEUED:
            new[port.nets] = b.input(port.name, port.formats, port.fractions)
    for cell in range(len(netlist)):
        if netlist.kind[cell] != Kind.INPUT and not moved[cell]:
            args = [int(new[arg]) for arg in netlist.args[cell].tolist() if arg >= 0]
            new[cell] = same_cell(b, netlist, cell, args)
    entering = np.concatenate([new[cut][:, None], late[:, :-1]], axis=1).reshape(-1)
    built = b.build()
    ports = {port.name: port for port in copied(_without_queues(netlist), b, new).outputs}
    ports[QUEUED] = Port(QUEUED, entering, tuple(waiting))
    inputs = {port.name: port for port in built.inputs}
    return remove_dead(
        verify(
            replace(
                built,
                inputs=tuple(inputs[port.name] for port in netlist.inputs),
                outputs=tuple(ports[port.name] for port in netlist.outputs),
            )
        )
    )


def _without_queues(netlist: Netlist) -> Netlist:
    return replace(
        netlist,
        inputs=(),
        outputs=tuple(port for port in netlist.outputs if port.name != QUEUED),
    )
