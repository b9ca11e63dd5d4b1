"""Stations: where the work of an instruction passes by, one event for each cycle of it.

An event arrives at a station one cycle before its cycle, so that what follows from it can be looked
up and registered. It says which loop advances next, as a code:

- the depth of the loop, 0 for the innermost of the instruction
- ``end``: the instruction ends here
- ``finish``: the sample ends here, and the station begins again with its first instruction
- ``lane``: the next lane of a drain
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value

from catgrad.folded.machine import Instruction, Machine, Mode
from catgrad.hdl.folded.table import Delays, equals, modulo, table
from catgrad.hdl.unread import discard

Fields = Callable[[str], Signal]
"""What else travels with an event: a signal for each name."""


@dataclass(frozen=True)
class Codes:
    """The numbers of the codes; `lane` may be that of a depth which no serial result has."""

    end: int
    finish: int
    lane: int
    bits: int


def codes(machine: Machine) -> Codes:
    """The codes of a machine."""
    depths = max(len(instruction.loops) for instruction in machine.instructions)
    drains = any(drained(machine, i) for i in machine.instructions)
    taken = {
        code
        for i in machine.instructions
        if i.mode is not Mode.PARALLEL
        for code in range(len(i.loops) - i.kept, len(i.loops))
    }
    lane = min(set(range(depths)) - taken, default=depths + 2)
    highest = max(depths + 1, lane if drains else 0)
    return Codes(depths, depths + 1, lane, highest.bit_length())


def drained(machine: Machine, instruction: Instruction) -> bool:
    """Whether each result of the instruction is many, that pass the stations lane by lane."""
    tiled = instruction.mode is Mode.DRAIN and instruction.tile is not None
    return tiled and machine.lanes > 1


@dataclass(frozen=True)
class Course:
    """What a station sees of an instruction: its loops, outermost first, by code and extent."""

    number: int
    instruction: Instruction
    loops: tuple[tuple[int, int], ...]


def issue_course(number: int, instruction: Instruction) -> Course:
    """All loops."""
    depth = len(instruction.loops)
    loops = tuple((depth - 1 - i, extent) for i, extent in enumerate(instruction.loops))
    return Course(number, instruction, loops)


def result_course(machine: Machine, number: int) -> Course:
    """The loops that results have, and the lanes where they are drained."""
    instruction = machine.instructions[number]
    loops = issue_course(number, instruction).loops[: instruction.kept]
    if drained(machine, instruction):
        loops += ((codes(machine).lane, machine.lanes),)
    return Course(number, instruction, loops)


class Line:
    """Registers in which events wait until their cycle; each enters as far back as it has to wait.

    `entries`: when an event enters, and for how many cycles it then waits. No two may come out
    together.
    """

    def __init__(
        self, m: Module, name: str, entries: Sequence[tuple[Value, int]], source: Fields
    ) -> None:
        self._m, self._name, self._source = m, name, source
        self._entries: dict[int, Value] = {}
        for enters, delay in entries:
            known = self._entries.get(delay)
            self._entries[delay] = enters if known is None else known | enters
        self._built: dict[str, Signal] = {}

    def __call__(self, field: str) -> Signal:
        """What comes out; `valid` is whether an event does."""
        if field not in self._built:
            self._built[field] = self._build(field)
        return self._built[field]

    def _build(self, field: str) -> Signal:
        m, longest = self._m, max(self._entries, default=0)
        shape = 1 if field == "valid" else self._source(field).shape()
        behind: Value | None = None
        for position in range(longest, -1, -1):
            enters = self._entries.get(position)
            if enters is None:
                assert behind is not None
                value = behind
            elif field == "valid":
                value = enters if behind is None else behind | enters
            else:
                new = self._source(field)
                value = new if behind is None else Mux(enters, new, behind)
            if position == 0:
                out = Signal(shape, name=f"{self._name}_{field}")
                m.d.comb += out.eq(value)
                return out
            register = Signal(
                shape, name=f"{self._name}_{field}_in_{position}", reset_less=field != "valid"
            )
            m.d.sync += register.eq(value)
            behind = register
        raise AssertionError


class Station:
    """Events one cycle before their own, with the instruction that each belongs to.

    - ``valid``, ``index``, ``code``: whether there is an event, which of the `courses` it belongs
      to, and what follows it
    - ``field(name)``: what else travels with it
    - ``uses(test)``, in the cycle of the event: whether there is one, of a course that passes
    """

    def __init__(
        self,
        m: Module,
        name: str,
        courses: Sequence[Course],
        codes: Codes,
        valid: Signal,
        index: Signal,
        code: Signal,
        fields: Fields,
    ) -> None:
        self.m, self.name, self.courses, self.codes = m, name, courses, codes
        self.valid, self.index, self.code, self.field = valid, index, code, fields
        self.later = Delays(m)
        self._marks: dict[tuple[bool, ...], Signal] = {}
        self._selectors: dict[object, Signal] = {}
        discard(m, name, [index, code])

    def mark(self, chosen: Sequence[bool]) -> Signal:
        """Whether there is an event, of one of these courses, one cycle before its own."""
        key = tuple(chosen)
        if key not in self._marks:
            mark = Signal(name=f"{self.name}_of_{'_'.join(str(i) for i, c in enumerate(key) if c)}")
            entries = {i: int(c) for i, c in enumerate(key)}
            self.m.d.comb += mark.eq(self.valid & table(self.index, entries, 1))
            self._marks[key] = mark
        return self._marks[key]

    def selector(self, name: str, which: Mapping[int, int], bits: int) -> Signal:
        """A number for each course, one cycle before the cycle of the event."""
        name = f"{self.name}_{name}"
        key = (name, tuple(which.items()))
        if key not in self._selectors:
            selector = Signal(bits, name=name)
            self.m.d.comb += selector.eq(table(self.index, which, bits))
            self._selectors[key] = selector
        return self._selectors[key]

    def of(self, chosen: Sequence[bool], cycles: int = 0) -> Signal:
        """The same so many cycles after the cycle of the event."""
        return self.later(self.mark(chosen), 1 + cycles)


def result_station(
    m: Module, machine: Machine, name: str, numbers: Sequence[int], codes: Codes, line: Fields
) -> Station:
    """A station that counts the instructions itself, as they end."""
    courses = [result_course(machine, number) for number in numbers]
    forward = sum(number < machine.forward for number in numbers)
    index = Signal(range(len(courses)), name=f"{name}_instruction")
    valid, code = line("valid"), line("code")
    ends, wraps = Signal(name=f"{name}_ends"), Signal(name=f"{name}_wraps")
    m.d.comb += [ends.eq(equals(code, codes.end)), wraps.eq(equals(index, len(courses) - 1))]
    if 0 < forward < len(courses):
        m.d.comb += wraps.eq(
            equals(index, len(courses) - 1) | (equals(index, forward - 1) & ~line("training"))
        )
    with m.If(valid & ends):
        after = modulo(m, f"{name}_instruction_next", index + 1, len(index))
        m.d.sync += index.eq(Mux(wraps, 0, after))
    step = Signal(codes.bits, name=f"{name}_step")
    m.d.comb += step.eq(Mux(ends & wraps, codes.finish, code))
    return Station(m, name, courses, codes, valid, index, step, line)
