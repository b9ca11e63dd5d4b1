"""Feasibility: whether a netlist has stages for a clock, and for which clock it has if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from catgrad.circuit.differences import Circular
from catgrad.circuit.families import Delays
from catgrad.circuit.format import IntArray
from catgrad.circuit.loops import Loop
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.place import Placement
from catgrad.circuit.timing import Timing, alone_ps, apart, timing
from catgrad.errors import CatgradError


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of a pipeline beside its period; see `catgrad.circuit.pipeline.pipeline`."""

    netlist: Netlist
    delays: Delays | None
    loops: tuple[Loop, ...] = ()
    carried: tuple[str, ...] = ()
    interval: int = 1
    free: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    together: bool = True
    latency: int | None = None

    def feasible(self, period_ps: int) -> Placement:
        """Constraints that stages can keep; a `CatgradError` that says why there are none."""
        times = timing(self.netlist, self.delays, period_ps, self.loops)
        self._refuse_slow_cells(times, period_ps)
        placement = self._placement(times, apart(self.netlist, times, period_ps))
        try:
            placement.earliest()
        except Circular as circle:
            raise self._refusal(placement, circle.nodes, period_ps) from None
        return placement

    def smallest_interval(self, period_ps: int) -> int:
        """The fewest cycles between samples for which there are stages."""
        times = timing(self.netlist, self.delays, period_ps, self.loops)
        self._refuse_slow_cells(times, period_ps, any_interval=True)
        pairs = apart(self.netlist, times, period_ps)

        def fits(interval: int) -> bool:
            return _fits(replace(self, interval=interval)._placement(times, pairs))

        low, high = 0, 1
        while not fits(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high

    def shortest_period(self) -> int | None:
        """The shortest period for which there are stages; None if no period is long enough."""

        def fits(period_ps: int) -> bool:
            times = timing(self.netlist, self.delays, period_ps, self.loops)
            slow = times.is_exact and alone_ps(times).max(initial=0) > period_ps
            pairs = apart(self.netlist, times, period_ps)
            return not slow and _fits(self._placement(times, pairs))

        times = timing(self.netlist, self.delays, None, self.loops)
        low, high = 0, int(times.register + (times.through + times.setup + times.launch).sum() + 1)
        if not fits(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high

    def _placement(self, times: Timing, pairs: IntArray) -> Placement:
        return Placement(
            self.netlist,
            times,
            pairs,
            self.loops,
            self.carried,
            self.interval,
            self.free,
            self.fixed,
            self.together,
            self.latency,
        )

    def _refuse_slow_cells(self, times: Timing, period_ps: int, any_interval: bool = False) -> None:
        alone = alone_ps(times)
        if times.is_exact and (alone > period_ps).any():
            cell = int(np.argmax(alone))
            shortest = int(alone[cell]) if any_interval else self.shortest_period()
            raise CatgradError(
                f"{cell_name(self.netlist, cell)} alone takes {alone[cell]} ps from register to "
                f"register, but the period is {period_ps} ps; {_ask_for(shortest)}."
            )

    def _refusal(self, placement: Placement, circle: Sequence[int], period_ps: int) -> CatgradError:
        """Why there are no stages: a way through the netlist that takes too many."""
        cells = placement.cells(circle)
        way = ", ".join(f"{cell} ({Kind(self.netlist.kind[cell])})" for cell in cells)
        if placement.is_loop(circle):
            fewest = replace(self, latency=None).smallest_interval(period_ps)
            return CatgradError(
                f"At a period of {period_ps} ps the loop through the cells {way} takes longer than "
                f"the next sample waits, which comes after {self.interval} cycles; "
                f"{_ask_for(self.shortest_period())}, or for an interval of {fewest} cycles."
            )
        stages = replace(self, latency=None).feasible(period_ps).earliest().first
        return CatgradError(
            f"At a period of {period_ps} ps the result of the way through the cells {way} is right "
            f"in stage {stages}, but was asked for in stage {self.latency}; "
            f"{_ask_for(self.shortest_period())}, or for stage {stages}."
        )


def _fits(placement: Placement) -> bool:
    try:
        placement.earliest()
    except Circular:
        return False
    return True


def _ask_for(period_ps: int | None) -> str:
    if period_ps is None:
        return "no period is long enough"
    return f"ask for a period of {period_ps} ps ({1e6 / period_ps:.1f} MHz) or more"


def cell_name(netlist: Netlist, cell: int) -> str:
    """What messages call a cell."""
    return f"Cell {cell} ({Kind(netlist.kind[cell])})"
