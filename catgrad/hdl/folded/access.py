"""Single parameters, from and to the host, between samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value, unsigned
from amaranth.lib import stream

from catgrad.circuit.format import Format, IntArray
from catgrad.folded.machine import Machine
from catgrad.hdl.cells import window
from catgrad.hdl.folded.address import lane_bits, row_bits
from catgrad.hdl.folded.storage import Storage
from catgrad.hdl.folded.streams import Stream, arrays_of
from catgrad.hdl.folded.table import equals, pick


class Places:
    """The addresses of parameters: lane, row and memory, each of so many bits, the lane lowest."""

    def __init__(self, machine: Machine) -> None:
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

    def split(self, address: Value) -> tuple[Value, Value, Value]:
        """Lane, row and which of the `memories`."""
        low, middle = self.lane_bits, self.lane_bits + self.row_bits
        return address[:low], address[low:middle], address[middle:]


def load(
    m: Module, places: Places, storages: Sequence[Storage], port: stream.Interface, idle: Value
) -> None:
    """Write a parameter where no sample is inside."""
    lane, row, number = places.split(port.payload.address)
    m.d.comb += port.ready.eq(idle)
    for i, memory in enumerate(places.memories):
        storage = storages[memory]
        here = equals(number, i) if len(places.memories) > 1 else 1
        storage.write_guest(
            port.valid & idle & here,
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
    """Read a parameter where no sample is inside; `wants` is driven: a request can be served."""
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
    numbers: list[Value] = []
    for memory in places.memories:
        storage = storages[memory]
        storage.read_guest(asks, row[: row_bits(storage.memory)])
        numbers.append(_held(m, asks, lane[: lane_bits(storage.memory)], storage))
    which = Signal(number.shape(), name="fetch_memory", reset_less=True)
    with m.If(asks):
        m.d.sync += which.eq(number)
    wide = Format(len(answer.payload), True)
    value = pick(which, [window(n, 0, wide) for n in numbers])
    with m.If(answers[-1]):
        m.d.sync += [answer.payload.eq(value), answer.valid.eq(1)]
    with m.Elif(answer.ready):
        m.d.sync += answer.valid.eq(0)


def _held(m: Module, asks: Value, lane: Value, storage: Storage) -> Value:
    """The number in the lane that was asked for."""
    if storage.memory.lanes == 1:
        return storage.numbers[0]
    held = Signal(len(lane), name=f"fetch_{storage.memory.name}_lane", reset_less=True)
    with m.If(asks):
        m.d.sync += held.eq(lane)
    return pick(held, storage.numbers)
