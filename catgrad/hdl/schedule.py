"""Schedules: in which cycle of a sample each cell of a netlist computes."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from catgrad.circuit.delays import delays_ps
from catgrad.circuit.format import BoolArray, IntArray
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.errors import CatgradError


@dataclass(frozen=True, eq=False)
class Schedule:
    """A cycle for each cell, and a clock period that is meant to be long enough.

    Picture a netlist cut into `cycles` slices. `cycle : int64[n]`, from 0 to `cycles` - 1. A cell
    never computes before the cells that it reads. A value that a later cycle reads passes through
    a register; inputs and constants need none, since they hold still while a sample is computed.

    `period_ps` is the longest path through the cells of one cycle by the estimate of `delays_ps`.

    Any scheduler may make one: `verify` trusts none.
    """

    netlist: Netlist
    cycles: int
    cycle: IntArray
    period_ps: int

    @cached_property
    def registered(self) -> BoolArray:
        """bool[n], the nets that a later cycle reads through a register."""
        netlist = self.netlist
        registered = np.zeros(len(netlist), dtype=np.bool_)
        used = netlist.args >= 0
        read = netlist.args[used]
        later = self.cycle[read] < np.broadcast_to(self.cycle[:, None], used.shape)[used]
        registered[read[later]] = True
        return registered & ~_still(netlist)

    @property
    def register_bits(self) -> int:
        """How many bits of registers the cuts between cycles need."""
        return int(self.netlist.width[self.registered].sum())

    def verify(self) -> Schedule:
        """The schedule itself, if it is valid; else a `CatgradError` that names a fault."""
        netlist, cycle = self.netlist, self.cycle
        outside = (cycle < 0) | (cycle >= self.cycles)
        if outside.any():
            cell = int(np.argmax(outside))
            raise CatgradError(
                f"{_cell(netlist, cell)} is in cycle {cycle[cell]}, but the schedule has "
                f"{self.cycles} cycles, numbered from 0."
            )
        delay = delays_ps(netlist)
        arrival = np.zeros(len(netlist), dtype=np.int64)
        for kind, cells in netlist.groups:
            args = netlist.args[cells, : kind.operands]
            early = (cycle[args] > cycle[cells, None]) & ~_still(netlist)[args]
            if early.any():
                row, column = np.argwhere(early)[0]
                cell, arg = cells[row], args[row, column]
                raise CatgradError(
                    f"{_cell(netlist, cell)} is in cycle {cycle[cell]} but reads cell {arg} "
                    f"({Kind(netlist.kind[arg])}) of cycle {cycle[arg]}; a cell has to be in the "
                    f"cycle of what it reads, or in a later one."
                )
            same = cycle[args] == cycle[cells, None]
            arrival[cells] = (arrival[args] * same).max(axis=1, initial=0) + delay[cells]
        if (arrival > self.period_ps).any():
            cell = int(np.argmax(arrival))
            raise CatgradError(
                f"{_cell(netlist, cell)} is ready {arrival[cell]} ps into cycle {cycle[cell]}, but "
                f"the period is {self.period_ps} ps; allow more cycles or a longer period."
            )
        return self


def schedule(netlist: Netlist, cycles: int) -> Schedule:
    """Each cell as early as it can be, with the shortest period for which `cycles` cycles suffice.

    The period is found by bisection: packing each cell into the cycle of its latest argument, or
    the next one if it does not fit there, needs the fewest cycles for a given period.
    """
    if cycles < 1:
        raise CatgradError(f"A schedule of {cycles} cycles cannot compute; give it at least 1.")
    delay = delays_ps(netlist)
    path = int(_finish_ps(netlist, delay, int(delay.sum()) + 1).max(initial=0))
    shortest = max(int(delay.max(initial=0)), -(-path // cycles), 1)
    periods = range(shortest, max(path, 1) + 1)
    found = bisect_left(
        periods,
        True,
        key=lambda period: _finish_ps(netlist, delay, period).max(initial=0) <= cycles * period,
    )
    period = periods[found]
    finish = _finish_ps(netlist, delay, period)
    return Schedule(netlist, cycles, np.maximum(-(-finish // period) - 1, 0), period)


def _finish_ps(netlist: Netlist, delay: IntArray, period: int) -> IntArray:
    """int64[n], when each cell is ready if none may straddle a multiple of the period."""
    finish = np.zeros(len(netlist), dtype=np.int64)
    for kind, cells in netlist.groups:
        if kind.operands:
            start = finish[netlist.args[cells, : kind.operands]].max(axis=1)
            straddles = start % period + delay[cells] > period
            start[straddles] = -(-start[straddles] // period) * period
            finish[cells] = start + delay[cells]
    return finish


def _still(netlist: Netlist) -> BoolArray:
    """bool[n], the nets that hold still while a sample is computed."""
    return np.isin(netlist.kind, (Kind.INPUT, Kind.CONST))


def _cell(netlist: Netlist, cell: int) -> str:
    return f"Cell {cell} ({Kind(netlist.kind[cell])})"
