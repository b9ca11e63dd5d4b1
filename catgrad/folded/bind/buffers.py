"""Memories: which arrays live together, and from which row on.

Arrays share a memory where its ports have time for both. In it, temporaries share rows where one is
done with before the next is begun.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import combinations, product

import numpy as np

from catgrad.circuit.format import BoolArray
from catgrad.folded.bind.layout import Layouts
from catgrad.folded.bind.order import Starts, cost
from catgrad.folded.bind.schedule import BUFFERED, Scheduler
from catgrad.folded.machine import Home, Machine, Memory
from catgrad.folded.phase import Phases

_PERCENT = 1

SHAPES = {
    "ice40": ((256, 16), (512, 8), (1024, 4), (2048, 2)),
    "ecp5": ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1)),
}
"""Depths and widths of the block RAMs of FPGA families."""


def rams(lanes: int, width: int, rows: int, family: str) -> int:
    """How many block RAMs the banks of a memory take."""
    return lanes * min(-(-rows // depth) * -(-width // bits) for depth, bits in SHAPES[family])


def block_rams(machine: Machine, family: str) -> int:
    """How many block RAMs the memories of a machine take, the smallest ones included.

    `family` is ``"ice40"`` (256 x 16 and narrower) or ``"ecp5"`` (1024 x 18, 512 x 36).
    """
    return sum(rams(m.lanes, m.width, m.rows, family) for m in machine.memories)


def share(scheduler: Scheduler, starts: Starts, layouts: Layouts) -> Starts:
    """Let arrays share memories, and start plans accordingly, perhaps a few cycles later.

    Each memory costs the logic of its ports, those with many lanes the most. So memories become
    one as long as that takes no more block RAM, and all of it no more than a percent of the cycles.
    """
    order, arrays = sorted(starts, key=lambda plan: starts[plan]), scheduler.phases.arrays
    limit = cost(scheduler, starts)[0] * (100 + _PERCENT) // 100
    groups = [[array] for array in range(len(arrays))]
    refused: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
    price = cache(lambda group, family: _price(group, family, scheduler.phases, layouts))
    saving = cache(lambda a, b: _saved(a, b, scheduler.phases, layouts, price))
    while True:
        pairs = [
            (saved, a, b)
            for a, b in combinations(range(len(groups)), 2)
            if (both := (tuple(groups[a]), tuple(groups[b]))) not in refused
            and (saved := saving(*both)) is not None
        ]
        if not pairs:
            return starts
        _, a, b = max(pairs, key=lambda pair: (pair[0], -pair[1], -pair[2]))
        before = scheduler.memory
        scheduler.memory = tuple(a if m in (a, b) else m for m in _numbered(groups, len(arrays)))
        alone = all(scheduler.alone(plan) for plan in order)
        later = scheduler.starts(order) if alone else starts
        if alone and cost(scheduler, later)[0] <= limit:
            starts = later
            groups[a] = sorted(groups[a] + groups[b])
            del groups[b]
        else:
            refused.add((tuple(groups[a]), tuple(groups[b])))
            scheduler.memory = before


def _numbered(groups: Sequence[Sequence[int]], arrays: int) -> list[int]:
    """Of each array, which group it is in."""
    numbers = {array: number for number, group in enumerate(groups) for array in group}
    return [numbers[array] for array in range(arrays)]


def _saved(
    a: tuple[int, ...],
    b: tuple[int, ...],
    phases: Phases,
    layouts: Layouts,
    price: Callable[[tuple[int, ...], str], int],
) -> tuple[int, bool, int] | None:
    """What two memories save as one, the more the better; None where they had better be two."""
    kinds = [phases.arrays[array].kind for array in (*a, *b)]
    lanes = layouts[a[0]].lanes
    # The stream reads a prediction in its own time.
    if lanes != layouts[b[0]].lanes or "prediction" in kinds:
        return None

    both = tuple(sorted([*a, *b]))
    saved = [price(a, f) + price(b, f) - price(both, f) for f in SHAPES]
    # Parameters are used alike, and apart from what comes and goes.
    alike = len({kind in ("state", "memory") for kind in kinds}) == 1
    return None if min(saved) < 0 else (lanes, alike, sum(saved))


def _price(group: Sequence[int], family: str, phases: Phases, layouts: Layouts) -> int:
    """The block RAMs of a memory of these arrays, each with rows of its own."""
    bases = _bases(group, phases, layouts, lambda *_: False)
    memory = _memory(group, bases, phases, layouts)
    return rams(memory.lanes, memory.width, memory.rows, family)


def allocate(
    scheduler: Scheduler, starts: Starts, restart: tuple[int, int], layouts: Layouts
) -> tuple[tuple[Memory, ...], tuple[Home, ...]]:
    """Memories, and the home of each array, for instructions that start in these cycles."""
    phases = scheduler.phases
    lives = [_lives(scheduler, starts, restart, array) for array in range(len(phases.arrays))]

    def together(a: int, b: int) -> bool:
        """Whether two arrays may lie in the same rows: at different times, and without padding."""
        whole = all(layouts[array].extent % layouts[array].lanes == 0 for array in (a, b))
        return whole and not np.any(lives[a] & lives[b])

    groups: dict[int, list[int]] = {}
    for array, memory in enumerate(scheduler.memory):
        groups.setdefault(memory, []).append(array)
    memories, homes = [], {}
    for number, group in enumerate(groups.values()):
        bases = _bases(group, phases, layouts, together)
        memories.append(_memory(group, bases, phases, layouts))
        for array, base in bases.items():
            homes[array] = Home(number, base, layouts[array], _buffer(phases, layouts, array))
    return tuple(memories), tuple(homes[array] for array in range(len(phases.arrays)))


def _lives(scheduler: Scheduler, starts: Starts, restart: tuple[int, int], array: int) -> BoolArray:
    """In which cycles an array is in use, in all pairs of neighbouring samples."""
    size = max(scheduler.timed(plan).end + start for plan, start in starts.items()) * 2
    lines = np.zeros((4, size + max(restart) + 1), dtype=np.bool_)
    kept = scheduler.phases.arrays[array]
    if kept.kind != "temporary" or kept.padded:
        return ~lines.ravel()
    programs = [(train, scheduler.program(starts, train)) for train in (False, True)]
    for line, ((train, early), (_, late)) in zip(lines, product(programs, programs), strict=True):
        next_one = scheduler.length(early) + restart[train]
        for begin, program in ((0, early), (next_one, late)):
            busy = [
                cycles[[0, -1]] + begin + start
                for plan, start in program.items()
                for (other, _), cycles in scheduler.timed(plan).ports.items()
                if other == array
            ]
            if busy:
                line[np.min(busy) : np.max(busy) + 1] = True
    return lines.ravel()


def _memory(
    group: Sequence[int], bases: Mapping[int, int], phases: Phases, layouts: Layouts
) -> Memory:
    return Memory(
        name="_".join(phases.arrays[array].name for array in group),
        lanes=layouts[group[0]].lanes,
        width=max(phases.arrays[array].format.width for array in group),
        rows=max(base + _rows(phases, layouts, array) for array, base in bases.items()),
    )


def _buffer(phases: Phases, layouts: Layouts, array: int) -> int:
    if phases.arrays[array].kind not in BUFFERED:
        return 0
    return 1 << (layouts[array].rows(phases.arrays[array].size) - 1).bit_length()


def _rows(phases: Phases, layouts: Layouts, array: int) -> int:
    """The rows of an array, and those of its second copy."""
    return _buffer(phases, layouts, array) + layouts[array].rows(phases.arrays[array].size)


def _bases(
    group: Sequence[int],
    phases: Phases,
    layouts: Layouts,
    together: Callable[[int, int], bool],
) -> dict[int, int]:
    """The first row of each array: those kept twice first, then the largest."""
    sizes = {array: _rows(phases, layouts, array) for array in group}
    bases: dict[int, int] = {}
    for array in sorted(group, key=lambda a: (-_buffer(phases, layouts, a), -sizes[a])):
        step = 2 * _buffer(phases, layouts, array) or 1
        others = [other for other in bases if not together(array, other)]
        ends = [-(-(bases[other] + sizes[other]) // step) * step for other in others]
        bases[array] = next(
            base
            for base in sorted({0, *ends})
            if all(
                base + sizes[array] <= bases[other] or bases[other] + sizes[other] <= base
                for other in others
            )
        )
    return bases
