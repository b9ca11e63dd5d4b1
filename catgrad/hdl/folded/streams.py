"""Streams of arrays, a number a transfer, from and to the memories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream

from catgrad.circuit.format import Format
from catgrad.folded.machine import Home, Machine
from catgrad.hdl.cells import window
from catgrad.hdl.folded.address import lane_bits, row_bits
from catgrad.hdl.folded.storage import Storage
from catgrad.hdl.folded.table import equals, modulo, pick, table
from catgrad.hdl.unread import discard


@dataclass(frozen=True)
class Stream:
    """The arrays of one kind, in the order of the interface."""

    name: str
    sizes: tuple[int, ...]
    homes: tuple[Home, ...]
    formats: tuple[Format, ...]

    @property
    def size(self) -> int:
        """How many numbers a sample has."""
        return sum(self.sizes)

    @property
    def format(self) -> Format:
        """What holds any of the numbers."""
        return Format.holding(
            min(format.min for format in self.formats), max(format.max for format in self.formats)
        )


def arrays_of(machine: Machine, kind: str) -> Stream:
    """The stream of a kind of arrays; of none if the machine has no such arrays."""
    found = sorted(
        (
            (array.number, array, home)
            for array, home in zip(machine.phases.arrays, machine.homes, strict=True)
            if array.kind == kind and array.size
        ),
        key=lambda entry: entry[0],
    )
    return Stream(
        kind,
        tuple(array.size for _, array, _ in found),
        tuple(home for *_, home in found),
        tuple(Format(array.format.width, array.format.signed) for _, array, _ in found),
    )


class Walk:
    """Goes through the places of a stream's numbers, in order: a step where ``step`` is 1.

    ``place``: where the number is, in the memory of array ``which``; ``last``: of a sample.
    """

    def __init__(
        self, m: Module, arrays: Stream, storages: Sequence[Storage], step: Value, copy: Value
    ) -> None:
        name = arrays.name
        memories = [storages[home.memory].memory for home in arrays.homes]
        low = max(lane_bits(memory) for memory in memories)
        bits = low + max(row_bits(memory) for memory in memories)
        self.which = Signal(range(len(arrays.sizes)), name=f"{name}_array")
        self.last = Signal(name=f"{name}_last")
        address = Signal(bits, name=f"{name}_address", init=arrays.homes[0].base << low)
        ends = self._counters(m, arrays, step)
        m.d.comb += self.last.eq(ends.all() & equals(self.which, len(arrays.sizes) - 1))

        deltas: dict[int, int] = {}
        for a, home in enumerate(arrays.homes):
            stride, tail = home.layout.stride, self._tail(home)
            following = arrays.homes[(a + 1) % len(arrays.homes)]
            stop = (home.base + home.layout.rows(arrays.sizes[a]) - 1 << low) + tail - 1
            steps: tuple[int, ...] = (
                1 << low,
                1 - (stride - 1 << low),
                (1 << low) - (home.layout.lanes - 1),
            )
            steps += ((1 << low) - (tail - 1), (following.base << low) - stop)
            for depth, delta in enumerate(steps):
                deltas[a << 3 | depth] = delta % (1 << bits)
        depth = Signal(3, name=f"{name}_advances")
        m.d.comb += depth.eq(4)
        for d in reversed(range(4)):
            with m.If(~ends[d]):
                m.d.comb += depth.eq(d)
        discard(m, f"{name}_walk", [depth, ends])
        with m.If(step):
            delta = table(Cat(depth, self.which), deltas, bits)
            m.d.sync += address.eq(modulo(m, f"{name}_address_next", address + delta, bits))
            with m.If(ends.all()):
                after = modulo(m, f"{name}_array_next", self.which + 1, len(self.which))
                m.d.sync += self.which.eq(Mux(self.last, 0, after))
        buffers = {a: home.buffer for a, home in enumerate(arrays.homes)}
        second = table(self.which, buffers, max(buffers.values()).bit_length())
        self._lane = address[:low]
        self._row = address[low:] | Mux(copy, second, 0)

    def place(self, storage: Storage) -> tuple[Value, Value]:
        """The lane and the row, if the number is in this memory."""
        memory = storage.memory
        return self._lane[: lane_bits(memory)], self._row[: row_bits(memory)]

    def _tail(self, home: Home) -> int:
        lanes = home.layout.lanes
        return (home.layout.extent - 1) % lanes + 1 if lanes > 1 else 1

    def _counters(self, m: Module, arrays: Stream, step: Value) -> Value:
        """Loops over strides, lanes, rows of lanes, and what is left, the innermost first."""
        self._loops = []
        tails = []
        for size, home in zip(arrays.sizes, arrays.homes, strict=True):
            layout = home.layout
            if layout.lanes == 1:
                self._loops.append((1, 1, 1, size))
            else:
                tiles = -(-layout.extent // layout.lanes)
                outer = size // (layout.stride * layout.extent)
                self._loops.append((layout.stride, layout.lanes, tiles, outer))
            tails.append(self._tail(home))
        ends = Signal(4, name=f"{arrays.name}_ends")
        advance = step
        for depth in range(4):
            extents = [loops[depth] for loops in self._loops]
            counter = Signal(range(max(extents)), name=f"{arrays.name}_loop_{depth}")
            limits = {a: extent - 1 for a, extent in enumerate(extents)}
            limit = table(self.which, limits, len(counter))
            if depth == 1:
                shorter = table(self.which, {a: t - 1 for a, t in enumerate(tails)}, len(counter))
                full, limit = limit, Signal(len(counter), name=f"{arrays.name}_lanes")
                m.d.comb += limit.eq(Mux(ends[2], shorter, full))
            m.d.comb += ends[depth].eq(equals(counter, limit))
            with m.If(advance):
                after = modulo(m, f"{arrays.name}_loop_{depth}_next", counter + 1, len(counter))
                m.d.sync += counter.eq(Mux(ends[depth], 0, after))
            advance = advance & ends[depth]
        return ends


class Copies:
    """Which of the two copies of a stream's arrays are full."""

    def __init__(self, m: Module, name: str) -> None:
        self.full = Signal(2, name=f"{name}_full")
        self._m = m

    def change(self, fills: Value, fill: Value, clears: Value, clear: Value) -> None:
        """Copy `fill` becomes full, and copy `clear` empty, where they do."""
        m = self._m
        for copy in range(2):
            with m.If(fills & equals(fill, copy)):
                m.d.sync += self.full[copy].eq(1)
            with m.Elif(clears & equals(clear, copy)):
                m.d.sync += self.full[copy].eq(0)


class Receiver:
    """Writes a stream into the copy that is free; ``copies`` and, for x, ``trains`` of each.

    ``partial``: some of the numbers of a sample are there, but not all.
    """

    def __init__(
        self,
        m: Module,
        arrays: Stream,
        storages: Sequence[Storage],
        port: stream.Interface,
        train: Value | None = None,
    ) -> None:
        name = arrays.name
        self._m = m
        self.copies = Copies(m, name)
        self.copy = Signal(name=f"{name}_copy")
        self.partial = Signal(name=f"{name}_partial")
        self.trains = Signal(2, name=f"{name}_trains")
        self.takes = Signal(name=f"{name}_takes")
        walk = Walk(m, arrays, storages, self.takes, self.copy)
        self.last = walk.last
        homes = arrays.homes
        free = pick(walk.which, [storages[home.memory].room_to_write() for home in homes])
        m.d.comb += [
            port.ready.eq(free & ~pick(self.copy, list(self.copies.full))),
            self.takes.eq(port.valid & port.ready),
        ]
        with m.If(self.takes):
            m.d.sync += self.partial.eq(~walk.last)
            if train is not None:
                with m.If(~self.partial):
                    m.d.sync += self.trains.bit_select(self.copy, 1).eq(train)
            with m.If(walk.last):
                m.d.sync += self.copy.eq(~self.copy)
        for memory in sorted({home.memory for home in homes}):
            here = table(walk.which, {a: int(h.memory == memory) for a, h in enumerate(homes)}, 1)
            storage = storages[memory]
            lane, row = walk.place(storage)
            storage.write_guest(self.takes & here, row, lane, port.payload)

    def release(self, clears: Value, clear: Value) -> None:
        """Copy `clear` is not read any more."""
        self.copies.change(self.takes & self.last, self.copy, clears, clear)


class Sender:
    """Reads a stream out of the copy that is full, and offers it.

    ``full``: which copies wait, or are being offered. A number every other cycle at most.
    """

    def __init__(
        self,
        m: Module,
        arrays: Stream,
        storages: Sequence[Storage],
        port: stream.Interface,
        stored: Value,
        copy: Value,
    ) -> None:
        name, format = arrays.name, arrays.format
        copies = Copies(m, name)
        self.full = copies.full
        sending = Signal(name=f"{name}_copy")
        asks = Signal(name=f"{name}_asks")
        walk = Walk(m, arrays, storages, asks, sending)
        homes = arrays.homes
        free = pick(walk.which, [storages[home.memory].room_to_read() for home in homes])
        latency = storages[homes[0].memory].latency
        answers = Signal(latency, name=f"{name}_answers")
        m.d.sync += answers.eq(Cat(asks, answers))
        empty = ~port.valid | port.ready
        m.d.comb += asks.eq(pick(sending, list(copies.full)) & free & ~answers.any() & empty)
        numbers: list[Value] = []
        asked = Signal(walk.which.shape(), name=f"{name}_asked", reset_less=True)
        for home, own in zip(homes, arrays.formats, strict=True):
            storage = storages[home.memory]
            lane, row = walk.place(storage)
            storage.read_guest(asks, row)
            number = storage.numbers[0]
            if storage.memory.lanes > 1:
                held = Signal(len(lane), name=f"{name}_{storage.memory.name}_lane", reset_less=True)
                with m.If(asks):
                    m.d.sync += held.eq(lane)
                number = pick(held, storage.numbers)
            numbers.append(window(window(number, 0, own), 0, format))
        with m.If(asks):
            m.d.sync += asked.eq(walk.which)
        with m.If(answers[-1]):
            m.d.sync += [port.payload.eq(pick(asked, numbers)), port.valid.eq(1)]
        with m.Elif(port.ready):
            m.d.sync += port.valid.eq(0)
        with m.If(asks & walk.last):
            m.d.sync += sending.eq(~sending)
        copies.change(stored, copy, asks & walk.last, sending)
