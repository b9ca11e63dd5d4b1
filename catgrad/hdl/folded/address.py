"""Address generators: one adder each, for any affine loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Mux, Signal, Value

from catgrad.folded.machine import Access, Memory
from catgrad.hdl.folded.stations import Course, Station
from catgrad.hdl.folded.table import modulo, table


@dataclass(frozen=True)
class Use:
    """How an instruction uses a memory at a station; `target`: to read what came with y."""

    access: Access
    target: bool = False


def lane_bits(memory: Memory) -> int:
    """How many bits of the address of a number say in which lane it is."""
    return (memory.lanes - 1).bit_length()


def row_bits(memory: Memory) -> int:
    """How many bits the address of a row has."""
    return max(1, (memory.rows - 1).bit_length())


class Generator:
    """The addresses of a memory that the events of a station need, each in its cycle.

    ``row`` and ``lane``; ``valid`` where an event has to do with the memory. The address moves by
    a constant that depends only on the instruction and on which loop advances, and from the end of
    an instruction to the beginning of the next one in the same way.
    """

    def __init__(self, station: Station, memory: Memory, uses: Sequence[Use | None]) -> None:
        m = station.m
        name = f"{station.name}_{memory.name}"
        numbers = any(use is not None and not use.access.vector for use in uses)
        low = lane_bits(memory) if numbers else 0
        bits = low + row_bits(memory)
        accesses = [in_numbers(use.access, low) if use else None for use in uses]
        first, steps = deltas(station.courses, accesses, station.codes.end, station.codes.finish)
        entries = {
            i << station.codes.bits | code: delta % (1 << bits)
            for (i, code), delta in steps.items()
        }
        delta = Signal(bits, name=f"{name}_delta")
        address = Signal(bits, name=f"{name}_address", init=first % (1 << bits))
        looked_up = table(Cat(station.code, station.index), entries, bits)
        after = modulo(m, f"{name}_next", address + delta, bits)
        m.d.sync += [delta.eq(Mux(station.valid, looked_up, 0)), address.eq(after)]
        self.memory = memory
        self._users = [use is not None for use in uses]
        self._station = station
        self.lane = address[:low]
        self.row = Signal(row_bits(memory), name=f"{name}_row")
        second = _second_copy(station, memory, name, uses)
        m.d.comb += self.row.eq(address[low:] | second)

    @property
    def valid(self) -> Signal:
        """Whether an event has to do with the memory."""
        return self._station.of(self._users)


def in_numbers(access: Access, low: int) -> Access:
    """The access with addresses of numbers, if it had those of rows."""
    if not access.vector or not low:
        return access
    scaled = tuple(stride << low for stride in access.strides)
    return replace(access, base=access.base << low, strides=scaled)


def deltas(
    courses: Sequence[Course], accesses: Sequence[Access | None], end: int, finish: int
) -> tuple[int, dict[tuple[int, int], int]]:
    """The first address, and by how much it changes after each (course, code).

    Where a course has no access the address stays what it is, so that nothing has to be known of
    the course.
    """
    starts: list[int] = []
    stops: list[int] = []
    steps: dict[tuple[int, int], int] = {}
    stop = next(access.base for access in accesses if access is not None)
    for i, (course, access) in enumerate(zip(courses, accesses, strict=True)):
        start = stop
        if access is not None:
            start, inner = access.base, 0
            walk = list(zip(course.loops, access.strides, strict=True))
            for (code, extent), stride in reversed(walk):
                if extent > 1:
                    steps[i, code] = stride - inner
                inner += stride * (extent - 1)
            stop = start + inner
        else:
            steps |= {(i, code): 0 for code, extent in course.loops if extent > 1}
        starts.append(start)
        stops.append(stop)
    for i, stop in enumerate(stops):
        if i + 1 < len(starts):
            steps[i, end] = starts[i + 1] - stop
        steps[i, finish] = starts[0] - stop
    return starts[0], steps


def _buffer_rows(access: Access, memory: Memory) -> int:
    return access.buffer if access.vector else access.buffer >> lane_bits(memory)


def _second_copy(station: Station, memory: Memory, name: str, uses: Sequence[Use | None]) -> Value:
    """What to add for the second copy of a buffered array: a single bit, 0 in the address."""
    second: Value = Const(0, 1)
    kinds = [use and (_buffer_rows(use.access, memory), use.target) for use in uses]
    for buffer, target in sorted({kind for kind in kinds if kind and kind[0]}):
        field = station.field("target" if target else "copy")
        chosen = {i: int(kind == (buffer, target)) for i, kind in enumerate(kinds)}
        kind = "target" if target else "sample"
        bit = Signal(name=f"{name}_second_{kind}_{buffer}")
        station.m.d.sync += bit.eq(field & table(station.index, chosen, 1))
        second = second | Cat(Const(0, buffer.bit_length() - 1), bit)
    return second
