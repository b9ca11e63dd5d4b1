"""Paths: when the cells of a netlist are right within a stage, and which need one in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.timing import Timing


def arrival_ps(netlist: Netlist, timing: Timing, stage: IntArray) -> IntArray:
    """int64[n], when each net is right after the beginning of its stage."""
    given = (timing.cycles > 0) | (netlist.kind == Kind.INPUT)
    arrival = np.where(given, timing.launch, 0)
    for kind, cells in netlist.groups:
        cells = cells[timing.cycles[cells] == 0]
        if kind.operands and cells.size:
            args = netlist.args[cells, : kind.operands]
            together = (stage[args] == stage[cells, None]) & (netlist.kind[args] != Kind.CONST)
            early = arrival[args] - timing.saves[cells, : kind.operands]
            start = np.where(together, early, timing.start[cells, None]).max(axis=1)
            arrival[cells] = start + timing.through[cells]
    return arrival


def alone_ps(timing: Timing) -> IntArray:
    """int64[n], how much of a stage each cell needs if it has it for itself."""
    within = timing.start + np.where(timing.cycles > 0, timing.setup, timing.through)
    alone: IntArray = np.maximum(np.maximum(within, timing.launch), timing.inside)
    return alone


def ends_ps(netlist: Netlist, timing: Timing, stage: IntArray) -> IntArray:
    """int64[n], how much of a stage each cell needs: until its result, or its arguments, are right.

    For a cell with registers inside it is the stage in which it reads.
    """
    arrival = arrival_ps(netlist, timing, stage)
    needs = np.maximum(arrival, timing.launch)
    reads = stage - timing.cycles
    for cell in np.flatnonzero(timing.cycles).tolist():
        args = [arg for arg in netlist.args[cell].tolist() if arg >= 0]
        start = [arrival[arg] for arg in args if stage[arg] == reads[cell]]
        needs[cell] = max([timing.start[cell], *start]) + timing.setup[cell]
        needs[cell] = max(needs[cell], timing.launch[cell], timing.inside[cell])
    return needs


def apart(
    netlist: Netlist,
    timing: Timing,
    period_ps: int,
    leaving: Sequence[int] = (),
    setup_ps: int = 0,
) -> IntArray:
    """int64[m, 2], pairs of cells between which a stage has to end: a path takes too long.

    Of the cells before a cell, only the nearest on each path are named: what comes before those
    needs no more to be said of. The nets that are `leaving` have to be right `setup_ps` before the
    end of their stage: in a pair of a cell and ``~net``, before the net leaves.
    """
    through, cycles, starts = timing.through.tolist(), timing.cycles.tolist(), timing.start.tolist()
    setup, launch = timing.setup.tolist(), timing.launch.tolist()
    constant = (netlist.kind == Kind.CONST).tolist()
    given = ((timing.cycles > 0) | (netlist.kind == Kind.INPUT)).tolist()
    slow = ((timing.cycles > 0) | (timing.launch > timing.register)).tolist()
    reads = [
        [
            (arg, save)
            for arg, save in zip(args, saves, strict=True)
            if arg >= 0 and not constant[arg]
        ]
        for args, saves in zip(netlist.args.tolist(), timing.saves.tolist(), strict=True)
    ]

    def too_far(first: list[tuple[int, int]], own: int) -> Iterator[int]:
        """The nearest cells from which it takes too long to something, through `first`."""
        longest: dict[int, int] = {}  # from the result of each cell before to the end
        waiting: list[int] = []
        read, after, takes = first, 0, own
        while True:
            for arg, save in read:
                if arg not in longest:
                    longest[arg] = after + takes - save
                    heappush(waiting, -arg)
                elif longest[arg] < after + takes - save:
                    longest[arg] = after + takes - save
            # Later cells first: by then, all paths from a cell onwards have been seen.
            while waiting:
                before = -heappop(waiting)
                read, after, takes = reads[before], longest[before], through[before]
                if given[before]:
                    # Before cells that read an input as early as a register, the stage has begun.
                    if slow[before] and launch[before] + after > period_ps:
                        yield before
                elif takes and starts[before] + takes + after > period_ps:
                    yield before
                else:
                    break
            else:
                return

    own = [setup[cell] if cycles[cell] else through[cell] for cell in range(len(netlist))]
    found = [
        (before, cell)
        for cell, takes in enumerate(own)
        if takes
        for before in too_far(reads[cell], takes)
    ]
    found += [(before, ~net) for net in leaving for before in too_far([(net, 0)], setup_ps)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)
