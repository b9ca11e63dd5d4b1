"""When each instruction starts: as early as its numbers and the ports of the memories allow.

All of it is settled by element and cycle. A plan knows in which of its cycles it first and last
reads, and writes, each number of each array. From that follows, for any two plans, how far apart
they have to start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.folded.bind.plan import Plan
from catgrad.folded.machine import Mode, Timing
from catgrad.folded.phase import Phases, Place

_NEVER = 1 << 40
BUFFERED = ("x", "y", "prediction")
"""The kinds of arrays that are kept twice."""


@dataclass(frozen=True, eq=False)
class Span:
    """The cycles in which each number of an array is first and last accessed, if ever."""

    first: IntArray
    last: IntArray


@dataclass(frozen=True)
class Timed:
    """A plan with all its cycles, counted from its first issue.

    `latency` is that of its body.
    """

    plan: Plan
    phases: Phases
    timing: Timing
    latency: int

    @cached_property
    def _accesses(self) -> list[tuple[bool, int, IntArray, IntArray]]:
        """Whether it writes, the array, [*loops, lanes] positions and their cycles."""
        phase, plan = self.phases.phases[self.plan.phase], self.plan
        factors, operands = len(phase.factors), len(phase.operands)
        result = []
        for index, place in enumerate(phase.places):
            if index < factors:
                cycles = plan.issue()[..., None]
            elif index < factors + operands:
                cycles = self.entrance - self.timing.read
            else:
                cycles = self.entrance + self.latency
            result.append((index >= factors + operands, *self._busy(index, place, cycles)))
        return result

    def _busy(self, index: int, place: Place, cycles: IntArray) -> tuple[int, IntArray, IntArray]:
        results = index >= len(self.phases.phases[self.plan.phase].factors)
        positions = self.plan.positions(index, place, results)
        working = np.broadcast_to(self.plan.working(results), positions.shape)
        positions = np.where(working, positions, -1)
        return place.array, positions, np.broadcast_to(cycles, positions.shape)

    @cached_property
    def entrance(self) -> IntArray:
        """When each result stands at the entrance of the body: [*kept, lanes]."""
        return self.plan.entrance(self.timing, len(self.phases.phases[self.plan.phase].factors))

    @cached_property
    def entered(self) -> tuple[int, int]:
        """When the first and the last result stand at the entrance of the body."""
        return int(self.entrance.min()), int(self.entrance.max())

    @cached_property
    def end(self) -> int:
        """The first cycle in which nothing is left to do."""
        return max(self.plan.cycles, self.entered[1] + self.latency + 1)

    @property
    def station(self) -> bool:
        """Whether its results go through the bodies of the lanes, not through the serial one."""
        return self.plan.mode is Mode.PARALLEL

    def _spans(self, writes: bool) -> dict[int, Span]:
        spans: dict[int, Span] = {}
        for writing, array, positions, cycles in self._accesses:
            if writing == writes:
                size = self.phases.arrays[array].size
                if array not in spans:
                    spans[array] = Span(np.full(size, _NEVER), np.full(size, -_NEVER))
                busy = positions >= 0
                np.minimum.at(spans[array].first, positions[busy], cycles[busy])
                np.maximum.at(spans[array].last, positions[busy], cycles[busy])
        return spans

    @cached_property
    def reads(self) -> dict[int, Span]:
        """When each number of each array is read."""
        return self._spans(writes=False)

    @cached_property
    def writes(self) -> dict[int, Span]:
        """When each number of each array is written."""
        return self._spans(writes=True)

    @cached_property
    def ports(self) -> dict[tuple[int, bool], IntArray]:
        """The cycles in which each array is read, or written (True), in order."""
        cycles: dict[tuple[int, bool], list[IntArray]] = {}
        for writes, array, _, busy in self._accesses:
            cycles.setdefault((array, writes), []).append(busy.ravel())
        return {port: np.unique(np.concatenate(parts)) for port, parts in cycles.items()}


def apart(early: Timed, late: Timed, arrays: Sequence[int]) -> int | None:
    """How far after `early` the other may start for the sake of the numbers of some arrays.

    A number is read after it is written, and overwritten after it is read: never in the same cycle,
    so that no memory has to say which of the two comes first. None if no number of these arrays is
    between the two.
    """
    waits = [
        int((before[array].last + slack - after[array].first).max())
        for before, after, slack in (
            (early.writes, late.reads, 1),
            (early.reads, late.writes, 1),
            (early.writes, late.writes, 1),
        )
        for array in arrays
        if array in before and array in after
    ]
    waits = [wait for wait in waits if wait > -_NEVER // 2]
    return max(waits, default=None)


class Scheduler:
    """Starts for plans in any order, and restarts for what they make of a sample."""

    def __init__(self, phases: Phases, timing: Timing, latencies: Sequence[int]) -> None:
        self.phases, self.timing, self.latencies = phases, timing, latencies
        self.memory: tuple[int, ...] = tuple(range(len(phases.arrays)))
        """Of each array: those of one memory share its ports."""
        self._forward = phases.forward
        self._all = range(len(phases.arrays))
        self._single = [i for i in self._all if phases.arrays[i].kind not in BUFFERED]
        self._timed: dict[Plan, Timed] = {}
        self._apart: dict[tuple[Plan, Plan, bool], int | None] = {}
        self._bound: dict[tuple[Plan, Plan, bool], int] = {}

    def timed(self, plan: Plan) -> Timed:
        """The cycles of a plan."""
        if plan not in self._timed:
            latency = self.latencies[plan.phase]
            self._timed[plan] = Timed(plan, self.phases, self.timing, latency)
        return self._timed[plan]

    def apart(self, early: Plan, late: Plan, samples: int = 0) -> int | None:
        """As `apart`; of the next sample, if `samples` is 1."""
        key = early, late, bool(samples)
        if key not in self._apart:
            arrays = self._single if samples else self._all
            self._apart[key] = apart(self.timed(early), self.timed(late), arrays)
        return self._apart[key]

    def bound(self, early: Plan, late: Plan, samples: int = 0) -> int:
        """How far apart two plans start, ports aside."""
        key = early, late, bool(samples)
        if key not in self._bound:
            wait = self.apart(early, late, samples)
            wait = -_NEVER if wait is None else wait
            a, b = self.timed(early), self.timed(late)
            if a.station == b.station:
                wait = max(wait, a.entered[1] + 1 - b.entered[0])
            self._bound[key] = wait
        return self._bound[key]

    def start(self, placed: Mapping[Plan, int], plan: Plan) -> int:
        """The first cycle in which a plan can start after others that have."""
        late = self.timed(plan)
        begun = [(self.timed(other), start) for other, start in placed.items()]
        earliest = max((s + other.plan.cycles for other, s in begun), default=0)
        waits = (start + self.bound(other, plan) for other, start in placed.items())
        earliest = max([earliest, *waits])
        # What has ended needs no port.
        busy = [(other, start) for other, start in begun if start + other.end > earliest]
        while any(self.collide(other, start, late, earliest) for other, start in busy):
            earliest += 1
        return earliest

    def starts(self, order: Sequence[Plan]) -> dict[Plan, int]:
        """Starts in this order, each as early as it can be."""
        placed: dict[Plan, int] = {}
        for plan in order:
            placed[plan] = self.start(placed, plan)
        return placed

    def listed(self, plans: Sequence[Plan]) -> dict[Plan, int]:
        """Starts in a good order: of all plans that need not wait for others, the earliest."""
        placed: dict[Plan, int] = {}
        left = list(plans)
        before = {plan: {p for p in plans if self._before(p, plan)} for plan in plans}
        while left:
            ready = [plan for plan in left if before[plan] <= placed.keys()]
            start, plan = min(
                ((self.start(placed, plan), plan) for plan in ready), key=lambda pair: pair[0]
            )
            placed[plan] = start
            left.remove(plan)
        return placed

    def _before(self, other: Plan, plan: Plan) -> bool:
        """Whether a plan has to come after another, since it needs it, or only learns."""
        if other.phase >= plan.phase:
            return False
        return other.phase < self._forward <= plan.phase or self.apart(other, plan) is not None

    def restart(self, early: Mapping[Plan, int], lates: Sequence[Mapping[Plan, int]]) -> int:
        """Idle cycles between a sample and the next, whichever of some programs that runs.

        A sample is over before the next but one begins, so that two copies of what comes and goes
        with samples are enough. And it has had its last turn at a port before the next one has its
        first: samples may begin later than they could.
        """
        end = self.length(early)
        over = max(start + self.timed(plan).end for plan, start in early.items())
        restart = max(0, over - end - min(self.length(late) for late in lates))
        # The same plan starts alike in all of them.
        everything = {plan: start for late in lates for plan, start in late.items()}
        for b, later in everything.items():
            for a, start in early.items():
                restart = max(restart, start + self.bound(a, b, 1) - later - end)
        done, first = self._turns(early), self._turns(everything)
        turns = (done[port][1] - first[port][0] for port in done.keys() & first.keys())
        return max([restart, *(turn + 1 - end for turn in turns)])

    def _turns(self, starts: Mapping[Plan, int]) -> dict[tuple[int, bool], tuple[int, int]]:
        """The first and the last cycle in which a program reads, or writes (True), each memory."""
        turns: dict[tuple[int, bool], tuple[int, int]] = {}
        for plan, start in starts.items():
            for (array, writes), cycles in self.timed(plan).ports.items():
                port = self.memory[array], writes
                first, last = start + int(cycles[0]), start + int(cycles[-1])
                known = turns.get(port, (first, last))
                turns[port] = min(first, known[0]), max(last, known[1])
        return turns

    def collide(self, early: Timed, started: int, late: Timed, start: int) -> bool:
        """Whether two plans need a port of one memory in the same cycle."""
        return any(
            _meet(busy + started, cycles + start)
            for (array, writes), cycles in late.ports.items()
            for (other, wrote), busy in early.ports.items()
            if self.memory[array] == self.memory[other] and writes == wrote
        )

    def alone(self, plan: Plan) -> bool:
        """Whether a plan needs no port of a memory twice in a cycle for two of its arrays."""
        ports = self.timed(plan).ports
        return not any(
            _meet(ports[a], ports[b])
            for a, b in combinations(ports, 2)
            if self.memory[a[0]] == self.memory[b[0]] and a[1] == b[1]
        )

    def length(self, starts: Mapping[Plan, int]) -> int:
        """From the first issue to the last, gap included."""
        return max(start + plan.cycles for plan, start in starts.items())

    def program(self, starts: Mapping[Plan, int], train: bool) -> dict[Plan, int]:
        """What runs of a program."""
        return {plan: s for plan, s in starts.items() if train or plan.phase < self._forward}

    def restarts(self, starts: Mapping[Plan, int]) -> tuple[int, int]:
        """After a prediction alone, and after learning."""
        programs = [self.program(starts, train) for train in (False, True)]
        predict, train = (self.restart(early, programs) for early in programs)
        return predict, train


def _meet(a: IntArray, b: IntArray) -> bool:
    """Whether two sorted arrays have a number in common."""
    if a[-1] < b[0] or b[-1] < a[0]:
        return False
    a = a[np.searchsorted(a, b[0]) : np.searchsorted(a, b[-1], "right")]
    b = b[: np.searchsorted(b, a[-1], "right")] if a.size else b
    return bool(np.isin(a, b, assume_unique=True).any())
