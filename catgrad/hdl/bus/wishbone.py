"""Wishbone in front of registers."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from catgrad.hdl.bus.map import WORD_BITS, WORD_BYTES
from catgrad.hdl.bus.request import ANSWER, request
from catgrad.hdl.unread import discard


def wishbone(bits: int) -> wiring.Signature:
    """The ports of a master with byte addresses of so many bits.

    Wishbone B4, classic cycles, 32 data bits in bytes. The names are those that both ends share:
    `dat_w` goes to the slave and `dat_r` comes from it.
    """
    return wiring.Signature(
        {
            "cyc": Out(1),
            "stb": Out(1),
            "we": Out(1),
            "adr": Out(bits),
            "sel": Out(WORD_BYTES),
            "dat_w": Out(WORD_BITS),
            "dat_r": In(WORD_BITS),
            "ack": In(1),
            "err": In(1),
        }
    )


class Wishbone(wiring.Component):
    """A slave of Wishbone B4, classic cycles, that asks registers.

    Members: `bus`, In, the ports of `wishbone`; `request`: Out, `answer`: In, those of
    `catgrad.hdl.bus.registers.Registers`.

    Each cycle ends in `ack`, or in `err` where nothing was done; neither is ever 1 without `stb`. A
    master that takes `cyc` or `stb` back before gets no answer, and its request may have been done.
    Latency: 2 cycles from the first with `stb` to that with `ack`, where the registers answer at
    once. Reads of bytes give the whole word that contains the address.
    """

    def __init__(self, bits: int) -> None:
        super().__init__(
            {
                "bus": In(wishbone(bits)),
                "request": Out(request(bits)),
                "answer": In(ANSWER),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        bus, ask = self.bus, self.request.payload
        strobe = Signal()
        waiting = Signal()  # for an answer
        gone = Signal()  # The master has taken its request back.
        m.d.comb += strobe.eq(bus.cyc & bus.stb)
        with m.If(~self.request.valid & ~waiting & strobe):
            m.d.sync += [
                self.request.valid.eq(1),
                gone.eq(0),
                ask.write.eq(bus.we),
                ask.address.eq(Cat(Const(0, 2), bus.adr[2:])),
                ask.data.eq(bus.dat_w),
                ask.strobe.eq(bus.sel),
            ]
        with m.Elif(~strobe):
            m.d.sync += gone.eq(1)
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += [self.request.valid.eq(0), waiting.eq(1)]
        ends = Signal()
        m.d.comb += [
            self.answer.ready.eq(waiting),
            ends.eq(self.answer.valid & waiting & strobe & ~gone),
            bus.ack.eq(ends & ~self.answer.payload.error),
            bus.err.eq(ends & self.answer.payload.error),
            bus.dat_r.eq(self.answer.payload.data),
        ]
        with m.If(self.answer.valid):
            m.d.sync += waiting.eq(0)
        # Where the data leave as they came, they are wired around this module.
        discard(m, "unread", [bus.adr[:2], self.answer.payload.data])
        return m
