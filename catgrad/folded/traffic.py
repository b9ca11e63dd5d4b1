"""Traffic: what a machine does in its memories, cycle by cycle, read off its instructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

import numpy as np

from catgrad.circuit.format import BoolArray, IntArray
from catgrad.folded.machine import Access, Home, Instruction, Machine, Mode
from catgrad.folded.phase import Place

PADDING, _OUTSIDE = -1, -2
"""What lies in a memory besides the numbers of an array."""

Station = Literal["factor", "operand", "store"]


@dataclass(frozen=True, eq=False)
class Use:
    """One access of an instruction, all its points, as arrays [results, terms, lanes].

    Terms are 1 at operands and stores. There is a lane for each number that goes into the
    multipliers, or through the body, so that one number for all lanes is there many times.

    - ``name``: that of the array that is meant; `home` is where it lives
    - ``cycle``: from the first issue of the instruction on
    - ``row``, ``lane``: in the memory; `row` is that of the first copy
    - ``works``: whether this lane has anything to do; where not, a store does not take place
    """

    name: str
    station: Station
    place: Place
    access: Access
    home: Home
    learning: bool
    cycle: IntArray
    row: IntArray
    lane: IntArray
    works: BoolArray


@dataclass(frozen=True, eq=False)
class Traffic:
    """All uses of memories by an instruction, and when its results enter the body.

    ``name``: that of its phase.

    ``entrance``: [results, lanes]; ``works``: which of these are results; ``serial``: whether they
    enter one after another.
    """

    name: str
    instruction: Instruction
    uses: tuple[Use, ...]
    entrance: IntArray
    works: BoolArray
    latency: int

    @property
    def serial(self) -> bool:
        """Whether results enter the one serial body, not those of the lanes."""
        return self.instruction.mode is not Mode.PARALLEL

    @cached_property
    def last(self) -> int:
        """The last cycle in which anything happens."""
        return max(self.instruction.cycles - 1, int(self.entrance.max()) + self.latency)

    def station(self, station: Station) -> tuple[Use, ...]:
        """The uses at one of the three stations."""
        return tuple(use for use in self.uses if use.station == station)


def traffic(machine: Machine, instruction: Instruction) -> Traffic:
    """All that an instruction does in the memories."""
    timing, phase = machine.timing, machine.phases.phases[instruction.phase]
    latency = machine.bodies[instruction.body].latency
    kept, reduced = (instruction.loops[: instruction.kept], instruction.loops[instruction.kept :])
    results, terms = prod(kept), prod(reduced)
    last = np.arange(results) * (terms + instruction.gap) + terms - 1
    issue = (last[:, None] + np.arange(1 - terms, 1))[:, :, None]
    entrance = last[:, None] + _delay(machine, instruction)
    tiled = instruction.tile is not None
    if tiled and instruction.mode is Mode.DRAIN:
        entrance = entrance + np.arange(machine.lanes)
    lanes = machine.lanes if tiled else 1
    out = 1 if instruction.mode is Mode.TREE else lanes
    works = _works(instruction, machine.lanes)
    after = works[:, -1:, :out] if out == lanes else np.ones((results, 1, 1), np.bool_)
    drained = instruction.mode is Mode.DRAIN and tiled
    stations: list[tuple[Station, Sequence[Place], Sequence[Access], IntArray]] = [
        ("factor", phase.factors, instruction.factors, issue),
        ("operand", phase.operands, instruction.operands, entrance[:, None] - timing.read),
        ("store", [s.place for s in phase.stores], instruction.stores, entrance[:, None] + latency),
    ]
    uses = []
    for station, places, accesses, cycle in stations:
        loops = instruction.loops if station == "factor" else kept
        points = (results, terms, lanes) if station == "factor" else (results, 1, out)
        for number, (place, access) in enumerate(zip(places, accesses, strict=True)):
            inner = (machine.lanes,) if drained and station != "factor" else ()
            row, lane = _numbers(machine, access, (*loops, *inner), points)
            uses.append(
                Use(
                    machine.phases.arrays[place.array].name,
                    station,
                    place,
                    access,
                    machine.homes[place.array],
                    station == "store" and phase.stores[number].learning,
                    np.broadcast_to(cycle, points),
                    row,
                    lane,
                    np.broadcast_to(works if station == "factor" else after, points),
                )
            )
    shape = results, out
    entrance, after = np.broadcast_to(entrance, shape), np.broadcast_to(after[:, 0], shape)
    return Traffic(phase.name, instruction, tuple(uses), entrance, after, latency)


def _delay(machine: Machine, instruction: Instruction) -> int:
    """From the last issue of a result to the entrance of the body."""
    read, multiply = machine.timing.read, machine.timing.multiply
    factors = len(instruction.factors)
    if instruction.mode is Mode.SERIAL or not factors:
        return read + (factors > 0)
    levels = next(n for n in range(64) if 1 << n >= machine.lanes)
    return {
        Mode.TREE: read + multiply + levels + 1,
        Mode.PARALLEL: read + multiply + 1,
        Mode.DRAIN: read + multiply + 2,
    }[instruction.mode]


def _works(instruction: Instruction, lanes: int) -> BoolArray:
    """Which lanes work in each iteration: [results, terms, lanes]."""
    kept, loops, tile = instruction.kept, instruction.loops, instruction.tile
    shape = prod(loops[:kept]), prod(loops[kept:])
    if tile is None:
        return np.ones((*shape, 1), np.bool_)
    at = np.indices(loops)[tile][..., None] if loops else np.zeros(1, np.int64)
    works = (at < loops[tile] - 1) | (np.arange(lanes) < instruction.tail)
    return np.broadcast_to(works, (*loops, lanes)).reshape(*shape, lanes)


def _numbers(
    machine: Machine, access: Access, loops: tuple[int, ...], points: tuple[int, ...]
) -> tuple[IntArray, IntArray]:
    """The row and the lane of each number that an access goes to."""
    address = np.full((1,), access.base, dtype=np.int64)
    for extent, stride in zip(loops, access.strides, strict=True):
        address = (address[:, None] + stride * np.arange(extent)).ravel()
    if access.vector:
        lane = np.arange(points[2])
        return (
            np.broadcast_to(address.reshape(*points[:2], 1), points),
            np.broadcast_to(lane, points),
        )
    bits = (machine.memories[access.memory].lanes - 1).bit_length()
    address = np.broadcast_to(address.reshape(*points[:2], -1), points)
    return address >> bits, address & ((1 << bits) - 1)


@dataclass(frozen=True, eq=False)
class Run:
    """An instruction in one sample of many: it is issued from cycle `start` on."""

    sample: int
    train: bool
    start: int
    traffic: Traffic

    @property
    def order(self) -> int:
        """The number of its phase: in this order the program means phases to run."""
        return self.traffic.instruction.phase


def runs(machine: Machine, train: Sequence[bool]) -> Iterator[Run]:
    """Samples back to back, each with or without learning."""
    known = [traffic(machine, instruction) for instruction in machine.instructions]
    cycle = 0
    for sample, learns in enumerate(train):
        for part in known if learns else known[: machine.forward]:
            cycle += part.instruction.wait
            yield Run(sample, learns, cycle, part)
            cycle += part.instruction.cycles
        cycle += machine.restart[learns]


def contents(machine: Machine, array: int) -> IntArray:
    """[rows, lanes] of the memory where an array lives: its positions, or padding, or not its."""
    home, size = machine.homes[array], machine.phases.arrays[array].size
    memory = machine.memories[home.memory]
    content = np.full((memory.rows, memory.lanes), _OUTSIDE)
    content[home.base : home.base + home.layout.rows(size)] = PADDING
    row, lane = home.layout.place(np.arange(size))
    content[home.base + row, lane] = np.arange(size)
    return content


def positions(machine: Machine, use: Use) -> IntArray:
    """Which number of its array each point of a use goes to; valid where it works."""
    content = contents(machine, use.place.array)
    row = np.clip(use.row, 0, content.shape[0] - 1)
    return content[row, np.clip(use.lane, 0, content.shape[1] - 1)]
