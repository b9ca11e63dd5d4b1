"""Storage: the memories of a machine, and who uses which port when."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Const, Module, Mux, Signal, Value

from catgrad.circuit.format import Format
from catgrad.folded.machine import Machine, Memory
from catgrad.hdl.cells import window
from catgrad.hdl.folded.address import Generator, lane_bits
from catgrad.hdl.folded.stations import Station
from catgrad.hdl.folded.table import equals, pick
from catgrad.hdl.row_memory import RowMemory
from catgrad.hdl.unread import discard


def format_of(machine: Machine, memory: int) -> Format:
    """The smallest format that holds the numbers of all arrays in a memory."""
    formats = [
        array.format
        for array, home in zip(machine.phases.arrays, machine.homes, strict=True)
        if home.memory == memory
    ]
    return Format.holding(
        min((format.min for format in formats), default=0),
        max((format.max for format in formats), default=1),
    )


class Storage:
    """A memory and its clients.

    The engine's clients are proved never to meet at a port. Guests come in where the port is free
    of them, and of the guests that were there before.
    """

    def __init__(
        self, m: Module, memory: Memory, format: Format, read: int, init: Sequence[Sequence[int]]
    ) -> None:
        self.memory, self.format, self.latency = memory, format, read
        name = memory.name
        # A machine is proved to read no number in the cycle in which it is written.
        self.block = RowMemory(
            memory.lanes, format.width, memory.rows, init, read, collisions=False
        )
        m.submodules[f"memory_{name}"] = self.block
        self._read_free = Signal(name=f"{name}_read_free")
        self._write_free = Signal(name=f"{name}_write_free")
        numbers = [self.block.read_data[lane] for lane in range(memory.lanes)]
        self.numbers = [n.as_signed() if format.signed else n for n in numbers]
        self._reads: list[Generator] = []
        self._guests: list[tuple[Value, Value]] = []
        self._writes: list[tuple[Value, Value, Value, Value]] = []
        self._write_guests: list[tuple[Value, Value, Value, Value]] = []
        self._lane_writes: list[tuple[Value, Value, list[Value], list[Value]]] = []
        self._rest = True

    def read(self, generator: Generator) -> None:
        """Read rows for events."""
        self._reads.append(generator)

    def room_to_read(self) -> Value:
        """Whether one more guest may read."""
        return self._read_free & ~_any([valid for valid, _ in self._guests])

    def room_to_write(self) -> Value:
        """Whether one more guest may write."""
        return self._write_free & ~_any([valid for valid, *_ in self._write_guests])

    def read_guest(self, valid: Value, row: Value) -> None:
        """Read a row where the port is free."""
        self._guests.append((valid, row))

    def number(self, station: Station, generator: Generator) -> Value:
        """The number that an event asked for, `read` cycles after it."""
        if self.memory.lanes == 1:
            return self.numbers[0]
        lane = Signal(lane_bits(self.memory), name=f"{station.name}_{self.memory.name}_lane")
        station.m.d.comb += lane.eq(generator.lane)
        return pick(station.later(lane, self.latency), self.numbers)

    def write(self, valid: Value, row: Value, lane: Value, number: Value) -> None:
        """Write one number for an event."""
        self._writes.append((valid, row, lane, number))

    def write_guest(self, valid: Value, row: Value, lane: Value, number: Value) -> None:
        """Write one number where the port is free."""
        self._write_guests.append((valid, row, lane, number))

    def write_lanes(
        self,
        valid: Value,
        row: Value,
        lanes: Sequence[Value],
        numbers: Sequence[Value],
        rests: bool,
    ) -> None:
        """Write a number in each of these lanes for an event; `rests`: they are 0 without one."""
        self._rest &= rests
        self._lane_writes.append((valid, row, list(lanes), list(numbers)))

    def connect(self, m: Module) -> None:
        """Connect all clients."""
        name, format, block = self.memory.name, self.format, self.block
        single = self._writes + self._write_guests
        asked = len(self._reads) - (not self._guests)  # Nobody asks the last client of all.
        reads = [
            (each.valid if i < asked else Const(1, 1), each.row)
            for i, each in enumerate(self._reads)
        ]
        if self._guests:
            m.d.comb += self._read_free.eq(~_any([valid for valid, _ in reads]))
        if self._write_guests:
            writes = [valid for valid, *_ in (*self._writes, *self._lane_writes)]
            m.d.comb += self._write_free.eq(~_any(writes))
        m.d.comb += block.read_row.eq(_first(reads + self._guests))
        writing = _any([valid for valid, *_ in single])
        lane = Signal(lane_bits(self.memory), name=f"{name}_lane_written")
        if single and len(lane):
            m.d.comb += lane.eq(_first([(valid, lane) for valid, _, lane, _ in single]))
        number = Signal(format.width, name=f"{name}_number")
        offered = [(valid, _bits(n, format)) for valid, _, _, n in single]
        if self._rest and self._lane_writes:
            rows = _any([valid for valid, *_ in self._lane_writes])
            offered.insert(0, (rows, Const(0, format.width)))
        m.d.comb += number.eq(_first(offered))
        m.d.comb += block.write_row.eq(
            _first([(valid, row) for valid, row, *_ in (*self._lane_writes, *single)])
        )
        for i in range(self.memory.lanes):
            own = [(valid, numbers[i]) for valid, _, _, numbers in self._lane_writes]
            here = writing & equals(lane, i) if self.memory.lanes > 1 else writing
            enables = [valid & lanes[i] for valid, _, lanes, _ in self._lane_writes] + [here]
            clients = [(valid, _bits(n, format)) for valid, n in own]
            if single:
                clients.append((writing, number))
            # Of numbers that are 0 when they are not wanted, the one that is needs no multiplexer.
            together = reduce(or_, [n for _, n in clients]) if self._rest else _first(clients)
            m.d.comb += [
                block.write_enable[i].eq(_any(enables)),
                block.write_data[i].eq(together),
            ]
        discard(m, name, [number.as_unsigned() for number in self.numbers])


def _bits(number: Value, format: Format) -> Value:
    """A number as the memory keeps it."""
    return window(number, 0, format).as_unsigned()


def _any(values: Sequence[Value]) -> Value:
    return reduce(or_, values, Const(0, 1))


def _first(clients: Sequence[tuple[Value, Value]]) -> Value:
    """What the first client that is valid has, of the last one whether or not it is."""
    if not clients:
        return Const(0, 1)
    *others, (_, result) = clients
    for valid, value in reversed(others):
        result = Mux(valid, value, result)
    return result
