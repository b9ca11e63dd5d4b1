"""The ways of results to the bodies: one after another, or all lanes at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from amaranth.hdl import Cat, Const, Module, Mux, Signal

from catgrad.folded.machine import Instruction, Machine, Mode, Timing
from catgrad.hdl.folded.bodies import Unit
from catgrad.hdl.folded.lanes import Lanes
from catgrad.hdl.folded.stations import (
    Codes,
    Fields,
    Line,
    Station,
    drained,
    result_station,
)
from catgrad.hdl.folded.storage import Storage
from catgrad.hdl.folded.table import equals, modulo, table


def entrance(instruction: Instruction, timing: Timing, lanes: int) -> int:
    """Cycles from the last issue of a result to the entrance of the body, for lane 0."""
    product = timing.read + timing.multiply
    if not instruction.factors:
        return timing.read
    if instruction.mode is Mode.TREE:
        return product + (lanes - 1).bit_length() + 1
    if instruction.mode is Mode.SERIAL:
        return timing.read + 1
    return product + (1 if instruction.mode is Mode.PARALLEL else 2)


def build_unit(
    m: Module,
    machine: Machine,
    parallel: bool,
    issue: Station,
    codes: Codes,
    lanes: Lanes,
    storages: Sequence[Storage],
) -> Unit | None:
    """The stations and bodies of the instructions in mode PARALLEL, or of all others."""
    program, timing = machine.instructions, machine.timing
    numbers = [k for k, i in enumerate(program) if (i.mode is Mode.PARALLEL) == parallel]
    if not numbers:
        return None
    name = "lane" if parallel else "serial"
    arrives = []
    for delay in sorted({entrance(program[k], timing, machine.lanes) for k in numbers}):
        here = [
            k in numbers and entrance(i, timing, machine.lanes) == delay
            for k, i in enumerate(program)
        ]
        arrives.append((issue.mark(here) & issue.field("last"), delay - timing.read))
    line: Fields = Line(m, f"{name}_result", arrives, issue.field)
    if not parallel:
        line = _Lanes(m, machine, numbers, codes, line)
    reads = result_station(m, machine, f"{name}_read", numbers, codes, line)
    if isinstance(line, _Lanes):
        line.follow(reads)

    writes: list[Station] = []
    for group in in_order(machine, numbers):
        label = f"{name}_write" + (f"_{len(writes)}" if len(group) < len(numbers) else "")
        leaves = []
        for latency in sorted({machine.bodies[program[k].body].latency for k in group}):
            here = [
                k in group and machine.bodies[program[k].body].latency == latency for k in numbers
            ]
            leaves.append((reads.mark(here), timing.read + latency))
        out: Fields = Line(m, f"{label}_result", leaves, line)
        if parallel:
            out = _Inside(m, f"{label}_inside", machine, group, out)
        writes.append(result_station(m, machine, label, group, codes, out))
        if isinstance(out, _Inside):
            out.follow(writes[-1])
    return Unit(m, machine, reads, writes, storages, lanes)


def in_order(machine: Machine, numbers: Sequence[int]) -> list[list[int]]:
    """The instructions in groups whose results are stored in the order of the program.

    They enter the bodies in that order. If a shorter body lets one overtake another, those of
    different latencies go apart.
    """
    program = machine.instructions
    starts, end = [], 0
    for i in program:
        starts.append(end + i.wait)
        end = starts[-1] + i.cycles

    def first_and_last(k: int) -> tuple[int, int]:
        i = program[k]
        stored = entrance(i, machine.timing, machine.lanes) + machine.bodies[i.body].latency
        terms = prod(i.loops[i.kept :])
        last = starts[k] + i.cycles - i.gap - 1 + stored
        return starts[k] + terms - 1 + stored, last + drained(machine, i) * (machine.lanes - 1)

    rounds = [(list(numbers), end + machine.restart[machine.forward < len(program)])]
    if machine.forward < len(program):
        forward = [k for k in numbers if k < machine.forward]
        rounds.append((forward, starts[machine.forward - 1] + program[machine.forward - 1].cycles))
        rounds[-1] = (forward, rounds[-1][1] + machine.restart[0])
    for group, period in rounds:
        times = [first_and_last(k) for k in group]
        for k, (_, last) in enumerate(times):
            following = times[k + 1][0] if k + 1 < len(times) else times[0][0] + period
            if following <= last:
                latency = {k: machine.bodies[program[k].body].latency for k in numbers}
                return [[k for k in numbers if latency[k] == n] for n in {*latency.values()}]
    return [list(numbers)]


class _Lanes:
    """Results of a drain become one event for each lane, in consecutive cycles.

    The field ``inside``: whether the number is one of the array, not beyond its last lane.
    """

    def __init__(
        self, m: Module, machine: Machine, numbers: Sequence[int], codes: Codes, line: Fields
    ) -> None:
        self._m, self._machine, self._line, self._codes = m, machine, line, codes
        self._program = [machine.instructions[k] for k in numbers]
        self._drains = any(drained(machine, i) for i in self._program)
        self._lane = Signal(range(machine.lanes), name="drained_lane")
        self._more = Signal(name="more_lanes")
        self._fields: dict[str, Signal] = {}

    def follow(self, station: Station) -> None:
        """Count the lanes of the instruction that is at the station."""
        if not self._drains:
            return
        m = self._m
        drains = table(
            station.index, {k: int(drained(self._machine, i)) for k, i in self._of(station)}, 1
        )
        m.d.comb += self._more.eq(drains & ~equals(self._lane, self._machine.lanes - 1))
        with m.If(self("valid")):
            after = modulo(m, "drained_lane_next", self._lane + 1, len(self._lane))
            m.d.sync += self._lane.eq(Mux(self._more, after, 0))

    def _of(self, station: Station) -> list[tuple[int, Instruction]]:
        self._index = station.index
        return list(enumerate(self._program))

    def __call__(self, field: str) -> Signal:
        if not self._drains and field != "inside":
            return self._line(field)
        if field not in self._fields:
            self._fields[field] = self._build(field)
        return self._fields[field]

    def _build(self, field: str) -> Signal:
        m = self._m
        if field == "inside":
            out = Signal(name="drained_inside")
            self._fields[field] = out
            if not self._drains:
                m.d.comb += out.eq(1)
                return out
            tails = {
                k: i.tail if drained(self._machine, i) else self._machine.lanes
                for k, i in enumerate(self._program)
            }
            width = self._machine.lanes.bit_length()
            tail = table(self._index, tails, width)
            m.d.comb += out.eq(~self("partial") | (self._lane < tail))
            return out
        began = self._line(field)
        out = Signal(began.shape(), name=f"drained_{field}")
        self._fields[field] = out
        if field == "valid":
            m.d.comb += out.eq(began | self._lane.any())
        else:
            held = Signal(began.shape(), name=f"drained_{field}_held", reset_less=True)
            now = Signal(began.shape(), name=f"drained_{field}_now")
            m.d.comb += now.eq(Mux(self._lane.any(), held, began))
            m.d.sync += held.eq(now)
            m.d.comb += out.eq(Mux(self._more, self._codes.lane, now) if field == "code" else now)
        return out


class _Inside:
    """The field ``inside`` for all lanes at once, a bit each, from whether it is the last row."""

    def __init__(
        self, m: Module, name: str, machine: Machine, numbers: Sequence[int], line: Fields
    ) -> None:
        self._m, self._machine, self._line = m, machine, line
        self._program = [machine.instructions[k] for k in numbers]
        self._inside = Signal(machine.lanes, name=name)

    def follow(self, station: Station) -> None:
        """Look up the tail of the instruction that is at the station."""
        lanes = self._machine.lanes
        masks = {
            k: (1 << (i.tail if i.tile is not None else 1)) - 1 for k, i in enumerate(self._program)
        }
        mask = table(station.index, masks, lanes)
        everywhere = all(value == (1 << lanes) - 1 for value in masks.values())
        partial = Const(0, 1) if everywhere else self._line("partial")
        self._m.d.comb += self._inside.eq(Cat(lane | ~partial for lane in mask))

    def __call__(self, field: str) -> Signal:
        return self._inside if field == "inside" else self._line(field)
