"""The proof that no two accesses meet at a port, and no two results at a body."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.errors import CatgradError
from catgrad.folded.machine import Machine
from catgrad.folded.traffic import Run, Traffic, Use, runs

_BIG = 1 << 32


def ports(machine: Machine, samples: Sequence[Run]) -> None:
    """Each memory is read once and written once a cycle: no two lanes meet in one bank."""
    for number, memory in enumerate(machine.memories):
        for writes in (False, True):
            asked = []
            for part in samples:
                known: dict[object, None] = {}
                for use in part.traffic.uses:
                    learning = use.learning and not part.train
                    here = use.access.memory == number and (use.station == "store") == writes
                    if not here or learning:
                        continue
                    if (use.station, use.access) in known and not writes:
                        continue
                    known[use.station, use.access] = None
                    asked.append((part, use, np.unique(use.cycle) + part.start))
                    _one_row(machine, part.traffic, use)
            _turns(memory.name, writes, asked)
            cycles = np.concatenate([c for *_, c in asked]) if asked else np.zeros(0, np.int64)
            who = np.repeat(np.arange(len(asked)), [len(c) for *_, c in asked])
            order = np.argsort(cycles, kind="stable")
            twice = np.flatnonzero(np.diff(cycles[order]) == 0)
            if twice.size:
                cycle = cycles[order][twice[0]]
                (one, use, _), (two, other, _) = (asked[i] for i in who[order][twice[0] :][:2])
                raise CatgradError(
                    f"Memory {memory.name} is {'written' if writes else 'read'} twice in cycle "
                    f"{cycle}: {use.name} by phase {one.traffic.name} and "
                    f"{other.name} by phase {two.traffic.name}; give the "
                    f"arrays memories of their own, or let the later phase wait."
                )


def _turns(memory: str, writes: bool, asked: Sequence[tuple[Run, Use, IntArray]]) -> None:
    """A sample has its last turn at a port before the next one has its first.

    Samples may begin later than they could, and their ports never meet all the same.
    """
    early = [(int(c[-1]), part, use) for part, use, c in asked if part.sample == 0]
    late = [(int(c[0]), part, use) for part, use, c in asked if part.sample == 1]
    if early and late:
        last, one, use = max(early, key=lambda item: item[0])
        first, two, other = min(late, key=lambda item: item[0])
        if first <= last:
            raise CatgradError(
                f"Memory {memory} is {'written' if writes else 'read'} for sample 1 in cycle "
                f"{first}, {other.name} by phase {two.traffic.name}, and "
                f"for sample 0 still in cycle {last}, {use.name} by phase "
                f"{one.traffic.name}; let samples wait {last + 1 - first} cycles longer."
            )


def _one_row(machine: Machine, part: Traffic, use: Use) -> None:
    """The lanes of one access find their numbers in banks of their own: one row a cycle."""
    keys = use.cycle * _BIG + use.row
    at = np.unique(keys[use.works])
    cycles, rows = at // _BIG, at % _BIG
    twice = np.flatnonzero(np.diff(cycles) == 0)
    if twice.size:
        first = twice[0]
        raise CatgradError(
            f"Phase {part.name} asks memory "
            f"{machine.memories[use.access.memory].name} for rows {rows[first]} and "
            f"{rows[first + 1]} of {use.name} in cycle {cycles[first]} of its own; a "
            f"memory gives one row a cycle."
        )


def stations(samples: Sequence[Run]) -> None:
    """Results enter the bodies one after another, in the order of the program."""
    for serial in (True, False):
        latest, before = -1, None
        for part in (p for p in samples if p.traffic.serial == serial):
            entrance = part.traffic.entrance if serial else part.traffic.entrance[:, :1]
            entrance = np.sort(entrance.ravel()) + part.start
            twice = np.flatnonzero(np.diff(entrance) == 0)
            if twice.size:
                raise CatgradError(
                    f"Two results of phase {part.traffic.name} enter the body in cycle "
                    f"{entrance[twice[0]]}; give it a longer gap."
                )
            if before is not None and entrance[0] <= latest:
                raise CatgradError(
                    f"The first result of phase {part.traffic.name} enters the body in "
                    f"cycle {entrance[0]}, and the last one of phase {before.name}, "
                    f"which comes first, in cycle {latest}; let the later phase wait."
                )
            latest, before = int(entrance[-1]), part.traffic


def two_samples(machine: Machine) -> None:
    """A sample is over before the next but one begins, so that two copies are enough."""
    for train in product((False, True), repeat=3):
        samples = list(runs(machine, train))
        over = max(part.start + part.traffic.last for part in samples if part.sample == 0)
        begin = min((part.start for part in samples if part.sample == 2), default=over + 1)
        if begin <= over:
            raise CatgradError(
                f"The sample after the next one begins in cycle {begin}, when the first one is "
                f"busy until cycle {over}; let samples wait {over + 1 - begin} cycles longer."
            )
