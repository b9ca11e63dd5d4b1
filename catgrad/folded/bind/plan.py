"""Plans: how the lanes share the work of a phase, before it is settled where and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np

from catgrad.circuit.format import BoolArray, IntArray
from catgrad.folded.bind.loops import Nest, grid
from catgrad.folded.machine import Layout, Mode, Timing
from catgrad.folded.phase import Place


@dataclass(frozen=True)
class Plan:
    """A phase with its loops in the order of the issue, and the work of each lane.

    - ``lane``: which of the loops the lanes run over, P iterations at once; None: lane 0 alone
    - ``lanes``: P
    - ``gap``: idle cycles after the last iteration of each result
    """

    phase: int
    mode: Mode
    nest: Nest
    lane: int | None
    lanes: int
    gap: int = 0

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.phase, self.mode, self.nest, self.lane, self.gap))

    @property
    def kept(self) -> int:
        """How many loops are kept."""
        return len(self.nest.kept)

    @property
    def tail(self) -> int:
        """How many lanes work in the last iteration of the loop that the lanes run over."""
        return 1 if self.lane is None else (self.nest.loops[self.lane].extent - 1) % self.lanes + 1

    @cached_property
    def extents(self) -> tuple[int, ...]:
        """Of the loops of the issue."""
        return tuple(
            -(-loop.extent // self.lanes) if index == self.lane else loop.extent
            for index, loop in enumerate(self.nest.loops)
        )

    @property
    def results(self) -> int:
        """How many results are issued, those of all lanes as one."""
        return prod(self.extents[: self.kept])

    @property
    def terms(self) -> int:
        """How many iterations make a result."""
        return prod(self.extents[self.kept :])

    @cached_property
    def cycles(self) -> int:
        """From the first issue to the last, gaps included."""
        return self.results * (self.terms + self.gap)

    def points(self, results: bool) -> tuple[int, int]:
        """Over how many loops, and how many lanes, the accesses of the issue or the results go."""
        depth = self.kept if results else len(self.nest.loops)
        return depth, self.lanes if self.lane is not None and self.lane < depth else 1

    def positions(self, index: int, place: Place, results: bool) -> IntArray:
        """Where in its array the phase's place `index` is: [*loops, lanes]."""
        depth, lanes = self.points(results)
        strides = [loop.strides[index] for loop in self.nest.loops[:depth]]
        steps = [s * self.lanes if i == self.lane else s for i, s in enumerate(strides)]
        across = strides[self.lane] if lanes > 1 and self.lane is not None else 0
        return grid(place.offset, [*zip(self.extents[:depth], steps, strict=True), (lanes, across)])

    def working(self, results: bool) -> BoolArray:
        """Which lanes have anything to do: broadcasts against [*loops, lanes]."""
        depth, lanes = self.points(results)
        steps = [self.lanes if i == self.lane else 0 for i in range(depth)]
        numbers = grid(0, [*zip(self.extents[:depth], steps, strict=True), (lanes, 1)])
        extent = 1 if self.lane is None else self.nest.loops[self.lane].extent
        return numbers < (extent if lanes > 1 or self.lane in range(depth) else 1)

    def issue(self) -> IntArray:
        """The cycle of each iteration, from the first one: [*loops]."""
        result = np.arange(self.results).reshape(self.extents[: self.kept])
        term = np.arange(self.terms).reshape(self.extents[self.kept :])
        return result.reshape(result.shape + (1,) * term.ndim) * (self.terms + self.gap) + term

    def entrance(self, timing: Timing, factors: int) -> IntArray:
        """The cycle in which each result stands at the entrance of the body: [*kept, lanes]."""
        _, lanes = self.points(results=True)
        result = np.arange(self.results).reshape((*self.extents[: self.kept], 1))
        last = result * (self.terms + self.gap) + self.terms - 1
        first = last + delay(self.mode, self.lanes, timing, factors)
        return first + np.arange(lanes) * (self.mode is Mode.DRAIN)

    def with_nest(self, nest: Nest) -> Plan:
        """The same with its loops in another order."""
        lane = None if self.lane is None else nest.loops.index(self.nest.loops[self.lane])
        return replace(self, nest=nest, lane=lane)


def delay(mode: Mode, lanes: int, timing: Timing, factors: int) -> int:
    """From the last issue of a result until it stands at the entrance of the body."""
    product = timing.read + timing.multiply
    match mode:
        case Mode.TREE:
            return product + (lanes - 1).bit_length() + 1
        case Mode.DRAIN:
            return product + 2
        case Mode.PARALLEL:
            return product + 1 if factors else timing.read
        case Mode.SERIAL:
            return timing.read + bool(factors)


@dataclass(frozen=True)
class Address:
    """An affine address, counted from the home of its array: one stride for each axis."""

    base: int
    strides: tuple[int, ...]
    vector: bool


def address(plan: Plan, index: int, place: Place, results: bool, layout: Layout) -> Address | None:
    """The address of a place over the loops of a plan, None where no affine one exists.

    A place that moves with the lanes is a row of which lane l has number l; in mode DRAIN the
    results come one after another, and so do their numbers.
    """
    depth, lanes = plan.points(results)
    loops = plan.nest.loops[:depth]
    moves = lanes > 1 and plan.lane is not None and loops[plan.lane].strides[index] != 0
    drained = results and plan.mode is Mode.DRAIN and lanes > 1
    rows, across = layout.place(plan.positions(index, place, results))
    active = np.broadcast_to(plan.working(results), rows.shape)
    if moves and not drained:
        if layout.lanes != plan.lanes or np.any((across != np.arange(lanes)) & active):
            return None
        return _affine(rows, active, vector=True)
    numbers = rows if layout.lanes == 1 else (rows << (layout.lanes - 1).bit_length()) + across
    if not drained:
        numbers, active = numbers[..., :1], active[..., :1]
    return _affine(numbers, active, vector=False)


def _affine(values: IntArray, active: BoolArray, vector: bool) -> Address | None:
    """Fit an address to [*loops, lanes]; a vector has one row for all its lanes."""
    base = int(values.flat[0])
    units = [
        int(values[(0,) * axis + (1,) + (0,) * (values.ndim - axis - 1)]) - base if n > 1 else 0
        for axis, n in enumerate(values.shape)
    ]
    if vector or values.shape[-1] == 1:
        units[-1] = 0
    fitted = grid(base, list(zip(values.shape, units, strict=True)))
    if np.any((fitted != values) & active):
        return None
    drained = not vector and values.shape[-1] > 1
    return Address(base, tuple(units if drained else units[:-1]), vector)


def padded(plan: Plan, index: int, place: Place, layout: Layout) -> bool:
    """Whether a vector access finds only padding, which is 0, in lanes that have nothing to do."""
    if plan.lane is None:
        return True
    positions = plan.positions(index, place, results=False)
    last = np.take(np.take(positions, -1, axis=plan.lane), plan.tail - 1, axis=-1)
    at_end = last // layout.stride % layout.extent == layout.extent - 1
    return plan.tail == plan.lanes or bool(at_end.all())
