"""The proof that each read finds what the program means it to find."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.errors import CatgradError
from catgrad.folded.machine import Machine, Mode
from catgrad.folded.traffic import PADDING, Run, Use, positions

_BIG = 1 << 32


def reads(machine: Machine, samples: Sequence[Run]) -> None:
    """Each read finds what the program means: the last write before it, phase by phase."""
    writes = [
        (part, use)
        for part in samples
        for use in part.traffic.station("store")
        if part.train or not use.learning
    ]
    real, meant = _Last(), _Last()
    for number, (part, use) in enumerate(writes):
        real.add(_cells(machine, part, use)[use.works], (use.cycle + part.start)[use.works], number)
        order = np.full(int(use.works.sum()), _order(machine, part))
        meant.add(_numbers(machine, part, use)[use.works], order, number)
    for part in samples:
        for use in part.traffic.uses:
            if use.station == "store":
                continue
            cells, cycles = _cells(machine, part, use), use.cycle + part.start
            found = real.before(cells[use.works], cycles[use.works])
            order = np.full(found.shape, _order(machine, part))
            wanted = meant.before(_numbers(machine, part, use)[use.works], order)
            wrong = np.flatnonzero(found != wanted)
            if wrong.size:
                at = wrong[0]
                what = [None if i < 0 else writes[i][0] for i in (found[at], wanted[at])]
                _refuse(machine, part, use, int(cycles[use.works][at]), *what)
            after = real.before(cells[use.works], cycles[use.works] + 1)
            meet = np.flatnonzero(found != after)
            if meet.size:
                writer = writes[after[meet[0]]][0]
                raise CatgradError(
                    f"Phase {part.traffic.name} of sample {part.sample} reads "
                    f"{use.name} in cycle {cycles[use.works][meet[0]]}, in which phase "
                    f"{writer.traffic.name} of sample {writer.sample} writes it; let "
                    f"the later one of the two phases wait one cycle longer."
                )
            _padding(machine, part, use, real)
    _finally(machine, real, meant, writes)


def _refuse(
    machine: Machine, part: Run, use: Use, cycle: int, found: Run | None, wanted: Run | None
) -> None:
    start = f"Phase {part.traffic.name} of sample {part.sample} reads {use.name} in cycle {cycle}"
    if found is not None and _order(machine, found) >= _order(machine, part):
        writer = found.traffic.name
        raise CatgradError(
            f"{start}, when phase {writer} of sample {found.sample} has already written over it; "
            f"let {writer} wait longer."
        )
    if wanted is not None:
        raise CatgradError(
            f"{start}, before phase {wanted.traffic.name} of sample {wanted.sample} has "
            f"written it; let {part.traffic.name} wait longer."
        )
    assert found is not None
    raise CatgradError(
        f"{start}, where phase {found.traffic.name} of sample {found.sample} has put "
        f"another array; give the two arrays rows of their own."
    )


def _padding(machine: Machine, part: Run, use: Use, real: _Last) -> None:
    """Nothing is ever written to the padding that idle lanes of a tree find."""
    idle = ~use.works & (positions(machine, use) == PADDING)
    if part.traffic.instruction.mode is not Mode.TREE or not idle.any():
        return
    cells = _cells(machine, part, use)[idle]
    if np.any(real.before(cells, np.full(cells.shape, _BIG - 1)) >= 0):
        raise CatgradError(
            f"Phase {part.traffic.name} reads padding of {use.name} that "
            f"another phase writes to; give the arrays rows of their own."
        )


def _finally(
    machine: Machine, real: _Last, meant: _Last, writes: Sequence[tuple[Run, Use]]
) -> None:
    """In the end parameters and predictions are what the last phase that writes them made."""
    for part, use in writes:
        if machine.phases.arrays[use.place.array].kind == "temporary":
            continue
        cells = _cells(machine, part, use)[use.works]
        numbers = _numbers(machine, part, use)[use.works]
        never = np.full(cells.shape, _BIG - 1)
        if not np.array_equal(real.before(cells, never), meant.before(numbers, never)):
            raise CatgradError(
                f"In the end {use.name} is not what the last phase that writes to it "
                f"made of it; let that phase wait for {part.traffic.name}."
            )


def _cells(machine: Machine, part: Run, use: Use) -> IntArray:
    """The cell of each point of a use, of all in the machine."""
    copy = use.home.buffer * (part.sample % 2)
    row = np.clip(use.row + copy, 0, machine.memories[use.access.memory].rows - 1)
    rows = sum(memory.rows for memory in machine.memories[: use.access.memory])
    return (rows + row) * (2 * machine.lanes) + use.lane


def _numbers(machine: Machine, part: Run, use: Use) -> IntArray:
    """The number of its array, and of its sample, that each point of a use goes to."""
    copy = part.sample % 2 if use.home.buffer else 0
    before = sum(array.size for array in machine.phases.arrays[: use.place.array])
    return 2 * (before + positions(machine, use)) + copy


def _order(machine: Machine, part: Run) -> int:
    return part.sample * len(machine.phases.phases) + part.order


class _Last:
    """Which write to a place was the last one before some time."""

    def __init__(self) -> None:
        self._keys: list[IntArray] = []
        self._writes: list[IntArray] = []

    def add(self, places: IntArray, times: IntArray, write: int) -> None:
        self._keys.append(places * _BIG + times)
        self._writes.append(np.full(places.shape, write))

    @cached_property
    def _sorted(self) -> tuple[IntArray, IntArray]:
        none = np.zeros(0, np.int64)
        keys, writes = np.concatenate([none, *self._keys]), np.concatenate([none, *self._writes])
        order = np.argsort(keys, kind="stable")
        return keys[order], writes[order]

    def before(self, places: IntArray, times: IntArray) -> IntArray:
        """The number of the write, -1 where there was none."""
        keys, writes = self._sorted
        if not keys.size:
            return np.full(places.shape, -1)
        at = np.searchsorted(keys, places * _BIG + times) - 1
        hit = (at >= 0) & (keys[at] // _BIG == places)
        return np.where(hit, writes[at], -1)
