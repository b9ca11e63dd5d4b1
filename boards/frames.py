"""Frames in gateware: `FrameReader` takes them from bytes, `FrameWriter` makes bytes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import Const, Module, Mux, Signal, Value, ValueLike, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.crc import Parameters, catalog
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from boards.protocol import CRC_BYTES, HEADER_BYTES, SYNC, Refusal

# The algorithm that Python's binascii.crc_hqx computes when it starts from 0xFFFF.
CRC: Parameters = catalog.CRC16_IBM_3740(data_width=8)

HEADER = data.StructLayout({"kind": unsigned(8), "tag": unsigned(8), "length": unsigned(16)})


REQUEST = data.StructLayout({"header": HEADER, "fault": unsigned(8)})
"""A request without its payload. `fault` is 0, or the `Refusal` with which to answer."""


class FrameReader(wiring.Component):
    """Requests from bytes that cannot wait.

    Whatever arrives, it finds its way back to the next 0xA5. After a wrong checksum, a byte without
    a stop bit, a payload longer than `size`, or `patience` cycles without the next byte of a frame,
    it gives out the request with its fault. A request comes out two cycles after its last byte.
    Bytes that arrive before the request is taken are lost, and until then its payload can be read.

    Members: `i`, the bytes; `error`, high for a cycle when a byte was damaged; `o`, the requests;
    `address` and `byte`, a byte of the payload in the cycle after its address.
    """

    def __init__(self, size: int, patience: int) -> None:
        self.size = size
        self.patience = patience
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "error": In(1),
                "o": Out(stream.Signature(REQUEST)),
                "address": In(range(max(size, 2))),
                "byte": Out(8),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = CRC.create()
        # A memory: the samples of a large model would need more flip-flops than the model.
        m.submodules.payload = payload = Memory(shape=unsigned(8), depth=max(self.size, 2), init=[])
        write, read = payload.write_port(), payload.read_port()
        request = self.o.payload
        header = Signal(data.ArrayLayout(unsigned(8), HEADER_BYTES))
        index = Signal(range(max(self.size, HEADER_BYTES)))
        patience = Signal(range(self.patience + 1))
        m.d.comb += [
            request.header.eq(header.as_value()),
            crc.data.eq(self.i.payload),
            write.addr.eq(index),
            write.data.eq(self.i.payload),
            read.addr.eq(self.address),
            self.byte.eq(read.data),
        ]
        with m.If(self.i.valid):
            m.d.sync += patience.eq(self.patience)
        with m.Elif(patience != 0):
            m.d.sync += patience.eq(patience - 1)

        def give_up(fault: Refusal) -> None:
            m.d.sync += request.fault.eq(fault)
            m.next = "DONE"

        @contextmanager
        def next_byte(count: ValueLike, then: str) -> Iterator[None]:
            """What to do with one of `count` bytes; the state after the last of them is `then`."""
            with m.If(self.error):
                give_up(Refusal.LINE)
            with m.Elif(patience == 0):
                give_up(Refusal.BROKEN_OFF)
            with m.Elif(self.i.valid):
                m.d.comb += crc.valid.eq(1)
                m.d.sync += index.eq(index + 1)
                yield
                with m.If(index == count - 1):
                    m.d.sync += index.eq(0)
                    m.next = then

        with m.FSM():
            with m.State("SYNC"):
                m.d.comb += crc.start.eq(1)
                m.d.sync += [header.eq(0), request.fault.eq(0), index.eq(0)]
                with m.If(self.i.valid & (self.i.payload == SYNC)):
                    m.next = "HEADER"
            with m.State("HEADER"), next_byte(HEADER_BYTES, then="LENGTH"):
                m.d.sync += header[index].eq(self.i.payload)
            with m.State("LENGTH"):
                with m.If(request.header.length > self.size):
                    give_up(Refusal.LENGTH)
                with m.Elif(request.header.length == 0):
                    m.next = "CHECKSUM"
                with m.Else():
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"), next_byte(request.header.length, then="CHECKSUM"):
                m.d.comb += write.en.eq(1)
            with m.State("CHECKSUM"), next_byte(CRC_BYTES, then="VERDICT"):
                pass
            with m.State("VERDICT"):
                m.d.sync += request.fault.eq(Mux(crc.match_detected, 0, Refusal.CHECKSUM))
                m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "SYNC"
        return m


class FrameWriter(wiring.Component):
    """Bytes from answers.

    Members: `header`, taken when the whole frame is out; `payload`, as many bytes as it says; `o`,
    the bytes of the frame.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "header": In(stream.Signature(HEADER)),
                "payload": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = CRC.create()
        header = Value.cast(self.header.payload)
        length = self.header.payload.length
        index = Signal.like(length)
        m.d.comb += crc.data.eq(self.o.payload)

        def send(byte: Value, count: ValueLike, then: str, valid: ValueLike = 1) -> Value:
            """Send `count` bytes, then go to the state `then`. The result: this byte is taken."""
            m.d.comb += [self.o.payload.eq(byte), self.o.valid.eq(valid)]
            taken = self.o.valid & self.o.ready
            with m.If(taken):
                m.d.sync += index.eq(index + 1)
                with m.If(index == count - 1):
                    m.d.sync += index.eq(0)
                    m.next = then
            return taken

        with m.FSM():
            with m.State("SYNC"):
                m.d.comb += crc.start.eq(1)
                send(Const(SYNC, 8), 1, then="HEADER", valid=self.header.valid)
            with m.State("HEADER"):
                byte = header.word_select(index[:2], 8)
                m.d.comb += crc.valid.eq(send(byte, HEADER_BYTES, then="PAYLOAD"))
            with m.State("PAYLOAD"):
                with m.If(length == 0):
                    m.next = "CHECKSUM"
                with m.Else():
                    byte, valid = self.payload.payload, self.payload.valid
                    taken = send(byte, length, then="CHECKSUM", valid=valid)
                    m.d.comb += [crc.valid.eq(taken), self.payload.ready.eq(taken)]
            with m.State("CHECKSUM"):
                byte = Mux(index == 0, crc.crc[8:], crc.crc[:8])
                taken = send(byte, CRC_BYTES, then="SYNC")
                m.d.comb += self.header.ready.eq(taken & (index == CRC_BYTES - 1))
        return m
