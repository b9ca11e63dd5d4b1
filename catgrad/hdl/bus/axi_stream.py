"""AXI4-Stream in front of the streams of a learner."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Shape, ShapeLike, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad.hdl.folded.table import modulo
from catgrad.hdl.layout import elements
from catgrad.hdl.unread import discard

BYTE = 8

COUNTER_BITS = 32


class Slice(wiring.Component):
    """A stream through one place of storage, so that `i.ready` comes from a register.

    Members: `i`, In, and `o`, Out, streams of one shape.

    What arrives while `o` is not ready is kept, and `i` is not ready until it has left. Latency: 0
    cycles; interval: 1 cycle. Nothing is lost, repeated or changed.
    """

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        full = Signal()
        kept = Signal(self.i.payload.shape(), reset_less=True)
        m.d.comb += [
            self.i.ready.eq(~full),
            self.o.valid.eq(self.i.valid | full),
            self.o.payload.eq(Mux(full, Value.cast(kept), Value.cast(self.i.payload))),
        ]
        m.d.sync += full.eq(self.o.valid & ~self.o.ready)
        with m.If(~full):
            m.d.sync += kept.eq(self.i.payload)
        return m


class Beats(wiring.Component):
    """Counts the transfers of a stream, to know the last one of each sample.

    Members: `step`, In(1), a transfer takes place; `last`, Out(1), the next one is the last of its
    sample. Of `transfers` a sample; with 1 it is always 1.
    """

    def __init__(self, transfers: int) -> None:
        super().__init__({"step": In(1), "last": Out(1)})
        self.transfers = transfers

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        if self.transfers == 1:
            m.d.comb += self.last.eq(1)
            discard(m, "step", [self.step])
            return m
        beat = Signal(range(self.transfers))
        m.d.comb += self.last.eq(beat == self.transfers - 1)
        with m.If(self.step):
            m.d.sync += beat.eq(Mux(self.last, 0, modulo(m, "next", beat + 1, len(beat))))
        return m


def shapes(payload: Value | data.View) -> list[Shape]:
    """The shape of each number in a payload."""
    return [Value.cast(value).shape() for value in numbers(payload)]


def numbers(payload: Value | data.View) -> Sequence[Value]:
    """The numbers in a payload: one, or those of its layout."""
    if isinstance(payload, data.View):
        return [Value.cast(number) for number in elements(payload)]
    return [Value.cast(payload)]


def places(payload: Value | data.View) -> list[tuple[int, Shape]]:
    """Where each number of a payload lies in `tdata`, and its shape: whole bytes one after another.

    Number 0 is lowest. Each takes as many bytes as its own bits need.
    """
    found, position = [], 0
    for shape in shapes(payload):
        found.append((position, shape))
        position += -(-shape.width // BYTE) * BYTE
    return found


def data_bits(payload: Value | data.View) -> int:
    """The width of `tdata`.

    >>> data_bits(Signal(data.StructLayout({"a": 12, "b": 3})))
    24
    """
    position, shape = places(payload)[-1]
    return position + -(-shape.width // BYTE) * BYTE


def unpack(m: Module, name: str, tdata: Value, payload: Value | data.View) -> None:
    """Drive a payload from `tdata`; the bits that fill up bytes are not looked at."""
    used: list[Value] = []
    spare: list[Value] = []
    end = 0
    for start, shape in places(payload):
        spare.append(tdata[end:start])
        end = start + shape.width
        used.append(tdata[start:end])
    m.d.comb += Value.cast(payload).eq(Cat(*used))
    discard(m, name, [*spare, tdata[end:]])


def packed(payload: Value | data.View) -> Value:
    """A payload as `tdata`; the bits that fill up bytes repeat the sign, or are 0."""
    parts: list[Value] = []
    for number, shape in zip(numbers(payload), shapes(payload), strict=True):
        filling = -shape.width % BYTE
        sign = number[-1] if shape.signed else Const(0, 1)
        parts += [number, *([sign.replicate(filling)] if filling else [])]
    return Cat(*parts)
