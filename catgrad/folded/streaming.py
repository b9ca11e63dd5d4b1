"""Streaming: how often samples can follow one another, with their ways in and out of a machine.

A machine computes sample after sample without a pause where the numbers of the next one are there
in time, and those of the last prediction gone. Of a model that is small beside its samples they are
not: they come and go one a transfer, by ports of memories which the machine uses itself. So the
interval is counted, cycle by cycle, from what the engine does: it decides on an iteration some
cycles before it issues it, sends a prediction that is stored, and takes x and y into the place of
those of a sample that is settled.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from catgrad.folded.machine import Machine
from catgrad.folded.traffic import Run, Station, runs

AHEAD = 2
"""Cycles from the decision on an iteration to its issue."""


def settling_cycles(machine: Machine) -> int:
    """Cycles from the decision on the last iteration of a sample until all of it is settled.

    That is, stored and counted: its events are added up in a tree with registers at each level.
    """
    longest = max(
        int(run.traffic.entrance.max()) + run.traffic.latency - _last(run)
        for run in runs(machine, (True,))
    )
    events = machine.lanes * max(len(phase.events) for phase in machine.phases.phases)
    return longest + AHEAD + 4 + max(1, (events - 1).bit_length())


def interval(machine: Machine, train: bool) -> int:
    """Cycles from sample to sample where nothing stalls; where they vary, the mean, rounded up."""
    return _Streaming(machine, train).interval()


def _last(run: Run) -> int:
    """The last issue of an instruction, from its first."""
    instruction = run.traffic.instruction
    return instruction.cycles - instruction.gap - 1


class _Copies:
    """The numbers of a stream: where they are, and which of two samples' are in their memories."""

    def __init__(self, machine: Machine, kind: str) -> None:
        arrays = sorted(
            (array.number, home.memory, array.size)
            for array, home in zip(machine.phases.arrays, machine.homes, strict=True)
            if array.kind == kind
        )
        self._memories = [memory for _, memory, size in arrays for _ in range(size)]
        self._at = self._samples = 0
        self.full = [not self._memories] * 2

    @property
    def now(self) -> bool:
        """Whether the copy is full whose numbers move next."""
        return self.full[self._samples % 2]

    @property
    def memory(self) -> int:
        """Where the number is that moves next."""
        return self._memories[self._at]

    def move(self, fills: bool) -> None:
        """Move a number; with the last one of a sample, its copy is full or empty."""
        self._at = (self._at + 1) % len(self._memories)
        if not self._at:
            self.full[self._samples % 2] = fills
            self._samples += 1

    def clear(self, sample: int) -> None:
        """The copy of a sample is empty."""
        self.full[sample % 2] = not self._memories

    def state(self, sample: int) -> Hashable:
        """All that matters to a sample and to those after it."""
        here = sample % 2
        ahead = self._samples - sample if self._memories else 0
        return self._at, ahead, self.full[here], self.full[1 - here]


class _Streaming:
    """Samples of one kind, one after another as fast as they can follow."""

    def __init__(self, machine: Machine, train: bool) -> None:
        sample = list(runs(machine, (train,)))
        first, end = sample[0], sample[-1]
        # All of these are cycles from the decision on a sample.
        self._begins = AHEAD - first.start
        finishes = end.start + _last(end) - first.start
        idle = end.traffic.instruction.gap + machine.restart[train] + first.start
        self._again = finishes + 1 + max(1, idle)
        self._settled = finishes + settling_cycles(machine)
        self._stored = self._begins + max(
            run.start + int(run.traffic.entrance.max()) + run.traffic.latency
            for run in sample
            for use in run.traffic.station("store")
            if machine.phases.arrays[use.place.array].kind == "prediction"
        )
        self._reads = self._busy(sample, "factor") | self._busy(sample, "operand")
        self._writes = self._busy(sample, "store")
        self._pause = machine.timing.read + 1
        self._x = _Copies(machine, "x")
        self._y = _Copies(machine, "y" if train else "")
        self._prediction = _Copies(machine, "prediction")

    def _busy(self, sample: Sequence[Run], station: Station) -> set[tuple[int, int]]:
        """When the ports of which memories are in use."""
        return {
            (use.access.memory, self._begins + run.start + cycle)
            for run in sample
            for use in run.traffic.station(station)
            if run.train or not use.learning
            for cycle in (use.cycle[use.works] if station == "store" else use.cycle[:, :, 0])
            .ravel()
            .tolist()
        }

    def interval(self) -> int:
        """The mean from a sample to a later one that finds all as the first one did."""
        x, y, prediction = self._x, self._y, self._prediction
        starts: list[int] = []
        found: dict[Hashable, int] = {}
        reads: set[tuple[int, int]] = set()
        writes: set[tuple[int, int]] = set()
        complete, asks, cycle, settled, stored = False, 0, 0, 0, 0
        while True:
            if complete and (not starts or cycle >= starts[-1] + self._again):
                number = len(starts)
                past = tuple(cycle - start for start in starts[min(settled, stored) :])
                streams = tuple(copies.state(number) for copies in (x, y, prediction))
                counted = settled - number, stored - number
                state = past, counted, streams, max(0, asks - cycle)
                if state in found:
                    before = found[state]
                    return -(-(cycle - starts[before]) // (number - before))
                found[state] = number
                starts.append(cycle)
                reads |= {(memory, cycle + after) for memory, after in self._reads}
                writes |= {(memory, cycle + after) for memory, after in self._writes}
            copy = len(starts) % 2
            complete = x.full[copy] and y.full[copy] and not prediction.full[copy]
            complete = complete and len(starts) - settled < 2
            if prediction.now and cycle >= asks and (prediction.memory, cycle) not in reads:
                prediction.move(False)
                asks = cycle + self._pause
            taken = None
            if not x.now and (x.memory, cycle) not in writes:
                taken = x.memory
                x.move(True)
            if not y.now and y.memory != taken and (y.memory, cycle) not in writes:
                y.move(True)
            if stored < len(starts) and cycle == starts[stored] + self._stored:
                prediction.full[stored % 2] = True
                stored += 1
            if settled < len(starts) and cycle == starts[settled] + self._settled:
                x.clear(settled)
                y.clear(settled)
                settled += 1
            cycle += 1
