"""Single parameters, from and to the host, between samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import stream

from catgrad.circuit.format import Format, IntArray
from catgrad.folded.machine import Machine
from catgrad.hdl.cells import window
from catgrad.hdl.folded.address import lane_bits, row_bits
from catgrad.hdl.folded.storage import Storage
from catgrad.hdl.folded.streams import Stream, arrays_of
from catgrad.hdl.folded.table import equals, pick, table


class Places:
    """The addresses of parameters: lane, row and memory, each of so many bits, the lane lowest."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.state: Stream = arrays_of(machine, "state")
        self.memories = sorted({home.memory for home in self.state.homes})
        memories = [machine.memories[memory] for memory in self.memories]
        self.lane_bits = max((lane_bits(memory) for memory in memories), default=0)
        self.row_bits = max((row_bits(memory) for memory in memories), default=0)
        number_bits = (len(memories) - 1).bit_length() if memories else 0
        self.shape = unsigned(self.lane_bits + self.row_bits + number_bits)

    def addresses(self) -> IntArray:
        """`int64[K]`, the address of each parameter in flat order."""
        parts = [np.zeros(0, dtype=np.int64)]
        for size, home in zip(self.state.sizes, self.state.homes, strict=True):
            row, lane = home.layout.place(np.arange(size, dtype=np.int64))
            number = self.memories.index(home.memory)
            high = (number << self.row_bits) + home.base + row
            parts.append((high << self.lane_bits) + lane)
        return np.concatenate(parts)

    def within(self, address: Value, index: int, loads: bool = False) -> Value:
        """Whether there is a parameter at an address, in this one of the `memories`.

        `loads`: it may be so, too, where the memory has no number that a load could change. That
        is less logic.
        """
        _, _, number = self.split(address)
        inside = self.lane_bits + self.row_bits
        entries = dict.fromkeys(range(1 << inside), 0)
        if loads:
            memory = self._machine.memories[self.memories[index]]
            rows = np.arange(1 << self.row_bits)[:, None] % (1 << row_bits(memory)) < memory.rows
            lanes = np.arange(1 << self.lane_bits) % (1 << lane_bits(memory)) < memory.lanes
            entries = dict.fromkeys(np.flatnonzero(rows & lanes).tolist(), 0)
        for place in self.addresses().tolist():
            if place >> inside == index:
                entries[place % (1 << inside)] = 1
        return equals(number, index) & table(address[:inside], entries, 1)

    def split(self, address: Value) -> tuple[Value, Value, Value]:
        """Lane, row and which of the `memories`."""
        low, middle = self.lane_bits, self.lane_bits + self.row_bits
        return address[:low], address[low:middle], address[middle:]


def load(
    m: Module, places: Places, storages: Sequence[Storage], port: stream.Interface, idle: Value
) -> None:
    """Write a parameter where no sample is inside; nothing where there is no parameter."""
    lane, row, _ = places.split(port.payload.address)
    m.d.comb += port.ready.eq(idle)
    for i, memory in enumerate(places.memories):
        storage = storages[memory]
        storage.write_guest(
            port.valid & idle & places.within(port.payload.address, i, loads=True),
            row[: row_bits(storage.memory)],
            lane[: lane_bits(storage.memory)],
            port.payload.value,
        )


def fetch(
    m: Module,
    places: Places,
    storages: Sequence[Storage],
    port: stream.Interface,
    answer: stream.Interface,
    idle: Value,
    wants: Signal,
) -> None:
    """Read a parameter where no sample is inside; 0 where there is none.

    `wants` is driven: a request can be served.
    """
    lane, row, number = places.split(port.payload)
    latency = storages[places.memories[0]].latency
    asks, answers = Signal(name="fetch_asks"), Signal(latency, name="fetch_answers")
    empty = ~answer.valid & ~answers.any()
    free = pick(number, [storages[memory].room_to_read() for memory in places.memories])
    m.d.comb += [
        wants.eq(port.valid & empty),
        port.ready.eq(idle & empty & free),
        asks.eq(port.valid & port.ready),
    ]
    m.d.sync += answers.eq(Cat(asks, answers))
    wide = Format(len(answer.payload), True)
    found: list[Value] = []
    for i, memory in enumerate(places.memories):
        storage = storages[memory]
        lanes = storage.memory.lanes
        storage.read_guest(asks, row[: row_bits(storage.memory)])
        # A bit for each lane: all are 0 where there is no parameter, and so is the answer.
        here = Signal(lanes, name=f"fetch_{storage.memory.name}_lanes", reset_less=True)
        within = places.within(port.payload, i)
        with m.If(asks):
            m.d.sync += here.eq(Cat(within & equals(lane, k) for k in range(lanes)))
        found += [
            window(n, 0, wide).as_unsigned() & bit.replicate(len(answer.payload))
            for n, bit in zip(storage.numbers, here, strict=True)
        ]
    with m.If(answers[-1]):
        m.d.sync += [answer.payload.eq(reduce(or_, found)), answer.valid.eq(1)]
    with m.Elif(answer.ready):
        m.d.sync += answer.valid.eq(0)
