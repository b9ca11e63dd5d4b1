"""Frames in gateware: `FrameReader` takes them from bytes, `FrameWriter` makes bytes of them."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from boards.checksum import Checksum
from boards.protocol import CRC_BYTES, ESCAPE, FLAG, HEADER_BYTES, TURNED

HEADER = data.StructLayout({"kind": unsigned(8), "sequence": unsigned(16), "length": unsigned(16)})


class FrameReader(wiring.Component):
    """Requests from bytes that cannot wait, and come at least 12 cycles apart.

    A flag begins a frame, whatever came before it. A frame is dropped if a flag comes before its
    end, if a byte of it comes without a stop bit, if its payload is longer than `size`, or if its
    checksum is wrong: after that, and between frames, all is dropped up to the next flag. A whole
    frame comes out 10 cycles after its last byte, and until it is taken nothing is listened to.

    Members: `i`, the bytes; `error`, high for a cycle when a byte was damaged; `store`, `place` and
    `byte`, a byte of the payload and where it belongs, before anything is known of the checksum;
    `o`, the headers of whole frames; `dropped`, high for a cycle when a frame is dropped.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "error": In(1),
                "store": Out(1),
                "place": Out(range(size)),
                "byte": Out(8),
                "o": Out(stream.Signature(HEADER)),
                "dropped": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.checksum = checksum = Checksum()
        header = Value.cast(self.o.payload)
        length = self.o.payload.length
        index = Signal(range(max(self.size, HEADER_BYTES)))
        following = Signal(len(index) + 1)
        escaped, listening = Signal(), Signal()
        flag, plain = Signal(), Signal()  # What has just come.
        m.d.comb += [
            flag.eq(self.i.valid & (self.i.payload == FLAG)),
            following.eq(index + 1),
            plain.eq(self.i.valid & ~flag & (self.i.payload != ESCAPE)),
            self.byte.eq(self.i.payload ^ Mux(escaped, TURNED, 0)),
            self.place.eq(index),
            checksum.byte.eq(self.byte),
            checksum.valid.eq(plain & listening),
        ]
        with m.If(self.i.valid):
            m.d.sync += escaped.eq(~flag & ~plain)

        def drop() -> None:
            m.d.comb += self.dropped.eq(1)
            m.next = "HUNT"

        def begin() -> None:
            """Start a frame behind the flag that has just come."""
            m.d.comb += checksum.start.eq(1)
            m.d.sync += index.eq(0)
            m.next = "HEADER"

        def listen(count: ValueLike, then: str, inside: ValueLike = 1) -> None:
            """Take `count` bytes, then go on; a flag `inside` a frame drops that."""
            m.d.comb += listening.eq(1)
            with m.If(plain):
                m.d.sync += index.eq(following)
                with m.If(following == count):
                    m.d.sync += index.eq(0)
                    m.next = then
            with m.If(self.error):
                drop()
            with m.If(flag):
                m.d.comb += self.dropped.eq(inside)
                begin()

        with m.FSM():
            with m.State("HUNT"), m.If(flag):
                begin()
            with m.State("HEADER"):
                listen(HEADER_BYTES, then="LENGTH", inside=index != 0)
                with m.If(plain):
                    m.d.sync += header.eq(Cat(header[8:], self.byte))
            with m.State("LENGTH"):
                with m.If(length > self.size):
                    drop()
                with m.Elif(length == 0):
                    m.next = "CHECKSUM"
                with m.Else():
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                listen(length, then="CHECKSUM")
                m.d.comb += self.store.eq(plain)
            with m.State("CHECKSUM"):
                listen(CRC_BYTES, then="VERDICT")
            with m.State("VERDICT"), m.If(~checksum.busy):
                with m.If(checksum.match):
                    m.next = "WHOLE"
                with m.Else():
                    drop()
            with m.State("WHOLE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "HUNT"
        return m


class FrameWriter(wiring.Component):
    """Bytes from answers, at most one in 9 cycles.

    Members: `header`, taken when the whole frame is out; `index`, which byte of the payload is
    wanted; `payload`, that byte; `o`, the bytes of the frame.
    """

    def __init__(self, size: int) -> None:
        super().__init__(
            {
                "header": In(stream.Signature(HEADER)),
                "index": Out(range(max(size, HEADER_BYTES))),
                "payload": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.checksum = checksum = Checksum()
        header = Value.cast(self.header.payload)
        length = self.header.payload.length
        byte, last = Signal(8), Signal()
        escaped, taken = Signal(), Signal()
        following = Signal(len(self.index) + 1)
        special = (byte == FLAG) | (byte == ESCAPE)
        m.d.comb += [checksum.byte.eq(byte), following.eq(self.index + 1)]

        def send(value: Value, count: ValueLike, then: str, valid: ValueLike = 1) -> None:
            """Send `count` bytes, escaped and summed up, then go to the state `then`."""
            m.d.comb += [
                byte.eq(value),
                self.o.valid.eq(valid & ~checksum.busy),
                self.o.payload.eq(Mux(escaped, byte ^ TURNED, Mux(special, ESCAPE, byte))),
                taken.eq(self.o.valid & self.o.ready & (escaped | ~special)),
                checksum.valid.eq(taken),
                last.eq(following == count),
            ]
            with m.If(self.o.valid & self.o.ready):
                m.d.sync += escaped.eq(~escaped & special)
            with m.If(taken):
                m.d.sync += self.index.eq(Mux(last, 0, following))
                with m.If(last):
                    m.next = then

        with m.FSM():
            with m.State("FLAG"):
                m.d.comb += [
                    checksum.start.eq(1),
                    self.o.payload.eq(FLAG),
                    self.o.valid.eq(self.header.valid),
                ]
                with m.If(self.o.valid & self.o.ready):
                    m.next = "HEADER"
            with m.State("HEADER"):
                send(header.word_select(self.index[:3], 8), HEADER_BYTES, then="LENGTH")
            with m.State("LENGTH"):
                with m.If(length == 0):
                    m.next = "CHECKSUM"
                with m.Else():
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                send(self.payload.payload, length, then="CHECKSUM", valid=self.payload.valid)
                m.d.comb += self.payload.ready.eq(taken)
            with m.State("CHECKSUM"):
                # What is sent is the complement of what moves the next byte of the register there.
                send(~checksum.register[:8], CRC_BYTES, then="DONE")
                m.d.comb += checksum.byte.eq(checksum.register[:8])
            with m.State("DONE"):
                m.d.comb += self.header.ready.eq(1)
                m.next = "FLAG"
        return m
