"""Feasibility: whether a netlist has stages for a clock, and for which clock it has if not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from catgrad.circuit.bare import with_bare_blocks
from catgrad.circuit.differences import Circular
from catgrad.circuit.families import Delays
from catgrad.circuit.format import IntArray
from catgrad.circuit.loops import LEARNED, Loop
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.paths import alone_ps, apart
from catgrad.circuit.place import Placement
from catgrad.circuit.timing import Timing, timing
from catgrad.circuit.turns import Turn, with_choices
from catgrad.errors import CatgradError
from catgrad.hypergraph.text import plural


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
    turns: tuple[Turn, ...] = ()
    bare: tuple[int, ...] = ()
    stored: tuple[str, ...] = ()

    def timing(self, period_ps: int | None) -> Timing:
        """How long the cells take."""
        times = timing(self.netlist, self.delays, period_ps, self.loops, self.bare)
        return with_choices(times, self.delays, self.turns)

    def feasible(self, period_ps: int) -> Placement:
        """Constraints that stages can keep; a `CatgradError` that says why there are none."""
        times = self.timing(period_ps)
        self._refuse_slow_cells(times, period_ps)
        placement = self._placement(times, self._apart(times, period_ps))
        try:
            placement.earliest()
        except Circular as circle:
            raise self._refusal(placement, circle.nodes, period_ps) from None
        return placement

    def circle(self, period_ps: int) -> list[int]:
        """The cells of a loop that takes longer than samples are apart; none if there are stages.

        Cells that take longer alone count as if they did not.
        """
        times = self.timing(period_ps)
        placement = self._placement(times, self._apart(times, period_ps))
        try:
            placement.earliest()
        except Circular as circle:
            return placement.cells(circle.nodes)
        return []

    def smallest_interval(self, period_ps: int) -> int:
        """The fewest cycles between samples for which there are stages."""
        times = self.timing(period_ps)
        self._refuse_slow_cells(times, period_ps, any_interval=True)
        pairs = self._apart(times, period_ps)

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
        """The shortest period for which there are stages; None if no period is long enough.

        For each of them other multiplier blocks may be bare.
        """

        def fits(period_ps: int) -> bool:
            asked = with_bare_blocks(self, period_ps, self.interval)
            times = asked.timing(period_ps)
            slow = times.is_exact and alone_ps(times).max(initial=0) > period_ps
            pairs = asked._apart(times, period_ps)
            return not slow and _fits(asked._placement(times, pairs))

        times = self.timing(None)
        low, high = 0, int(times.register + (times.through + times.setup + times.launch).sum() + 1)
        if self.delays is not None:
            high += len(self.netlist.kind) * self.delays.block_through
        if not fits(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high

    def allows(self, period_ps: int, turns: Sequence[Turn]) -> Callable[[Sequence[Turn]], bool]:
        """Whether there are stages, for any of these turns; all their blocks choose operands."""
        times = replace(self, turns=tuple(turns)).timing(period_ps)
        if times.is_exact and alone_ps(times).max(initial=0) > period_ps:
            return lambda _: False
        pairs = self._apart(times, period_ps)
        return lambda some: _fits(replace(self, turns=tuple(some))._placement(times, pairs))

    def _apart(self, times: Timing, period_ps: int) -> IntArray:
        """What has to be in different stages; ports that are written to a memory leave in time."""
        leaving = [
            net
            for port in self.netlist.outputs
            if port.name in self.stored
            for net in port.nets.tolist()
        ]
        setup_ps = 0 if self.delays is None else self.delays.memory_setup
        return apart(self.netlist, times, period_ps, leaving, setup_ps)

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
            self.turns,
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
        if placement.carried_on(circle):
            fewest = with_bare_blocks(self, period_ps, None).interval
            shortest = self.shortest_period()
            either = f"{_ask_for(shortest)}, or for" if shortest else f"{_ask_for(None)}; ask for"
            return CatgradError(
                f"At a period of {period_ps} ps the loop through the cells {way} takes longer than "
                f"the next sample waits, which comes after {self.interval} cycles; "
                f"{either} an interval of {fewest} cycles{self._later(placement, circle, fewest)}."
            )
        stages = replace(self, latency=None).feasible(period_ps).earliest().first
        return CatgradError(
            f"At a period of {period_ps} ps the result of the way through the cells {way} is right "
            f"in stage {stages}, but was asked for in stage {self.latency}; "
            f"{_ask_for(self.shortest_period())}, or for stage {stages}."
        )

    def _later(self, placement: Placement, circle: Sequence[int], fewest: int) -> str:
        """How much later learning might come instead, if that is what a loop is for."""
        around = placement.carried_on(circle)
        distance = sum(loop.distance for loop in around)
        learned = [loop for loop in around if loop.port == LEARNED and loop.distance == 1]
        queued = any(loop.is_queue for loop in self.loops)
        if not learned or queued or not all(map(placement.accumulates, learned)):
            return ""
        # A cycle more than the loop takes: a queue shows a number when it is in.
        samples = -(-(distance * fewest + 1) // self.interval) - 1
        return f", or try a delay of {plural(samples, 'sample')}"


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
