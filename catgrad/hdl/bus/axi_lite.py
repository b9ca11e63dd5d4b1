"""AXI4-Lite in front of registers."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from catgrad.hdl.bus.map import WORD_BITS, WORD_BYTES
from catgrad.hdl.bus.request import ANSWER, request
from catgrad.hdl.unread import discard

OKAY, SLVERR = 0, 2


def axi_lite(bits: int) -> wiring.Signature:
    """The ports of a manager with addresses of so many bits, named as the specification does.

    Arm IHI 0022, chapter B1; without the signals of protection, which registers do not look at.
    """
    return wiring.Signature(
        {
            **{name: Out(width) for name, width in (("awaddr", bits), ("awvalid", 1))},
            "awready": In(1),
            **{
                name: Out(width)
                for name, width in (("wdata", WORD_BITS), ("wstrb", WORD_BYTES), ("wvalid", 1))
            },
            "wready": In(1),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
            "araddr": Out(bits),
            "arvalid": Out(1),
            "arready": In(1),
            "rdata": In(WORD_BITS),
            "rresp": In(2),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


class AxiLite(wiring.Component):
    """A subordinate of AXI4-Lite that asks registers::

        aw, w ──> kept ──┐
                         ├──> request ══> registers ══> answer ──┬──> b
           ar ──> kept ──┘                                       └──> r

    Members: `bus`, In, the ports of `axi_lite`; `request`: Out, `answer`: In, those of
    `catgrad.hdl.bus.registers.Registers`.

    Address and data of a write may come in either order. A read and a write may be under way
    together; they are asked one after the other, in turns where both wait, and either may be
    asked first. No output depends on an input of the same cycle. An error is answered by SLVERR. An
    access is of the word that contains its address, whose low two bits are not looked at.
    Latency: of a write 4 cycles from the transfer of the address and the data to `bvalid`, of a
    read 4 cycles from the transfer of the address to `rvalid`, where the registers answer at once.
    """

    def __init__(self, bits: int) -> None:
        super().__init__(
            {
                "bus": In(axi_lite(bits)),
                "request": Out(request(bits)),
                "answer": In(ANSWER),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        bus, ask = self.bus, self.request.payload
        address_kept, data_kept, read_kept = (Signal(name=f"{n}_kept") for n in ("aw", "w", "ar"))
        write_address, read_address = Signal.like(bus.awaddr), Signal.like(bus.araddr)
        written, strobe = Signal.like(bus.wdata), Signal.like(bus.wstrb)
        m.d.comb += [
            bus.awready.eq(~address_kept),
            bus.wready.eq(~data_kept),
            bus.arready.eq(~read_kept),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [address_kept.eq(1), write_address.eq(bus.awaddr)]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [data_kept.eq(1), written.eq(bus.wdata), strobe.eq(bus.wstrb)]
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [read_kept.eq(1), read_address.eq(bus.araddr)]

        waiting = Signal()  # for an answer
        writes = Signal()  # what is asked, or was
        may_write, may_read = Signal(), Signal()
        m.d.comb += [
            may_write.eq(address_kept & data_kept & ~bus.bvalid),
            may_read.eq(read_kept & ~bus.rvalid),
        ]
        with m.If(~self.request.valid & ~waiting & (may_write | may_read)):
            chosen = may_write & ~(may_read & writes)
            m.d.sync += [
                self.request.valid.eq(1),
                writes.eq(chosen),
                ask.write.eq(chosen),
                ask.address.eq(Cat(Const(0, 2), Mux(chosen, write_address[2:], read_address[2:]))),
                ask.data.eq(written),
                ask.strobe.eq(strobe),
            ]
        with m.If(self.request.valid & self.request.ready):
            m.d.sync += [self.request.valid.eq(0), waiting.eq(1)]
            with m.If(writes):
                m.d.sync += [address_kept.eq(0), data_kept.eq(0)]
            with m.Else():
                m.d.sync += read_kept.eq(0)

        with m.If(bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        response = Mux(self.answer.payload.error, SLVERR, OKAY)
        m.d.comb += self.answer.ready.eq(waiting)
        with m.If(self.answer.valid & waiting):
            m.d.sync += waiting.eq(0)
            with m.If(writes):
                m.d.sync += [bus.bvalid.eq(1), bus.bresp.eq(response)]
            with m.Else():
                m.d.sync += [
                    bus.rvalid.eq(1),
                    bus.rresp.eq(response),
                    bus.rdata.eq(self.answer.payload.data),
                ]
        discard(m, "address", [write_address[:2], read_address[:2]])
        return m
