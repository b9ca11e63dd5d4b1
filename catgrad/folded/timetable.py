"""Timetables: what a machine reads and stores in each cycle of a sample, as text for people."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from catgrad.folded.machine import Machine
from catgrad.folded.traffic import Use, traffic

COLUMNS = ("cycle", "into the lanes", "into the bodies", "stored")


def timetable(machine: Machine) -> str:
    """One line for each cycle of a training sample, from the first issue to the last store.

    Numbers are named by their positions in flat arrays; ``w[0 3]`` are two, in two lanes.
    """
    cells: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    start = 0
    for instruction in machine.instructions:
        start += instruction.wait
        for use in traffic(machine, instruction).uses:
            column = {"factor": COLUMNS[1], "operand": COLUMNS[2], "store": COLUMNS[3]}[use.station]
            for cycle in np.unique(use.cycle[use.works]).tolist():
                cells[start + cycle][column].append(_numbers(machine, use, cycle))
        start += instruction.cycles
    rows = [
        (str(cycle), *(", ".join(cells[cycle][column]) for column in COLUMNS[1:]))
        for cycle in range(max(cells) + 1)
    ]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in (COLUMNS, *rows)
    )
    return "\n".join(lines) + "\n"


def _numbers(machine: Machine, use: Use, cycle: int) -> str:
    """The numbers of an array that are accessed in a cycle."""
    [size] = {
        array.size
        for array, home in zip(machine.phases.arrays, machine.homes, strict=True)
        if home == use.home and array.name == use.name
    }
    rows, lanes = use.home.layout.place(np.arange(size, dtype=np.int64))
    now = use.works & (use.cycle == cycle)
    found = [
        int(np.flatnonzero((rows + use.home.base == row) & (lanes == lane))[0])
        for row, lane in zip(use.row[now].tolist(), use.lane[now].tolist(), strict=True)
    ]
    return f"{use.name}[{' '.join(map(str, dict.fromkeys(found)))}]"
