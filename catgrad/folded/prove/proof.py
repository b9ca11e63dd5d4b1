"""The proof that a machine computes its phases, number by number and cycle by cycle.

It starts from nothing but the instructions, reads off them what each does in the memories
(`traffic`), and asks: does an instruction go to the numbers that its phase means? Is each port
asked once a cycle? Does each read find what the program means it to find, with samples back to
back, learning or not?
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.errors import CatgradError
from catgrad.folded.machine import Machine, Mode
from catgrad.folded.phase import Phase
from catgrad.folded.prove.arithmetic import arithmetic
from catgrad.folded.prove.ports import ports, stations, two_samples
from catgrad.folded.prove.promises import promises
from catgrad.folded.prove.reads import reads
from catgrad.folded.traffic import PADDING, Traffic, positions, runs, traffic


def prove(machine: Machine) -> Machine:
    """The machine itself, once it is proved.

    Raises ``CatgradError`` with the first fault: the phases, arrays and cycles that it is between.
    Cycles are counted from the first issue of the first of two samples.
    """
    promises(machine)
    arithmetic(machine)
    _homes(machine)
    for instruction in machine.instructions:
        part = traffic(machine, instruction)
        _in_bounds(machine, part)
        _means(machine, part)
    for train in product((False, True), repeat=2):
        samples = list(runs(machine, train))
        stations(samples)
        ports(machine, samples)
        reads(machine, samples)
    two_samples(machine)
    return machine


def _homes(machine: Machine) -> None:
    """Arrays lie within their memories; those that outlive a sample have rows of their own."""
    lasting: dict[tuple[int, int], str] = {}
    for array, home in zip(machine.phases.arrays, machine.homes, strict=True):
        memory = machine.memories[home.memory]
        for copy in {0, home.buffer}:
            first, rows = home.base + copy, home.layout.rows(array.size)
            if first + rows > memory.rows or home.layout.lanes != memory.lanes:
                raise CatgradError(
                    f"Array {array.name} takes rows {first} to {first + rows - 1} of "
                    f"{home.layout.lanes} lanes, but memory {memory.name} has {memory.rows} rows "
                    f"of {memory.lanes}; give it a home that is large enough."
                )
            for row in range(first, first + rows) if array.kind != "temporary" else ():
                other = lasting.setdefault((home.memory, row), array.name)
                if other != array.name:
                    raise CatgradError(
                        f"Arrays {other} and {array.name} both take row {row} of memory "
                        f"{memory.name}; give them rows of their own."
                    )


def _in_bounds(machine: Machine, part: Traffic) -> None:
    for use in part.uses:
        memory = machine.memories[use.access.memory]
        for copy in {0, use.home.buffer}:
            row = use.row + copy
            outside = use.works & ((row < 0) | (row >= memory.rows) | (use.lane >= memory.lanes))
            if outside.any():
                at = tuple(np.argwhere(outside)[0])
                raise CatgradError(
                    f"Phase {part.name} asks for {use.name} in row "
                    f"{row[at]}, lane {use.lane[at]} of memory {memory.name}, which has "
                    f"{memory.rows} rows of {memory.lanes}; correct the address of its "
                    f"{use.station}."
                )


def _means(machine: Machine, part: Traffic) -> None:
    """An instruction goes to just the numbers that its phase means, together."""
    phase = machine.phases.phases[part.instruction.phase]
    factors = [positions(machine, use) for use in part.station("factor")]
    after = [positions(machine, u) for u in part.uses if u.station != "factor"]
    working = part.station("factor")[0].works if factors else part.works[:, None]
    shape = working.shape
    columns = [np.broadcast_to(p, shape)[working] for p in (*factors, *after)]
    meant = _meant(phase)
    if int(part.works.sum()) != prod(phase.kept) or not _same(columns, meant):
        raise CatgradError(
            f"Phase {phase.name} does not go to the numbers that it means, in mode "
            f"{part.instruction.mode.value} over loops {part.instruction.loops}; correct the "
            f"addresses of its instruction."
        )
    if part.instruction.mode is Mode.TREE and not np.all(
        working | np.any([p == PADDING for p in factors], axis=0)
    ):
        raise CatgradError(
            f"Phase {phase.name} adds lanes that have nothing to do, and neither of their factors "
            f"is padding; let the lanes run over a whole axis of the layout of "
            f"{machine.phases.arrays[phase.factors[0].array].name}."
        )


def _meant(phase: Phase) -> list[IntArray]:
    """What a phase goes to at each point of its loops: a column for each of its places."""
    terms = prod(phase.reduced)
    every = [factor.positions((*phase.kept, *phase.reduced)).ravel() for factor in phase.factors]
    after = [p.positions(phase.kept).ravel() for p in phase.places[len(phase.factors) :]]
    return [*every, *(np.repeat(positions, terms) for positions in after)]


def _same(a: Sequence[IntArray], b: Sequence[IntArray]) -> bool:
    """Whether two tables have the same rows, in any order."""
    if not a:
        return True
    if a[0].size != b[0].size:
        return False
    first, second = np.lexsort(a), np.lexsort(b)
    return all(np.array_equal(x[first], y[second]) for x, y in zip(a, b, strict=True))
