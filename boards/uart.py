"""A serial port: bytes to and from one wire in each direction, eight data bits, no parity.

idle | start | bit 0 | bit 1 | ... | bit 7 | stop | idle or start
  1      0     the byte, least significant bit first    1
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import cdc, stream, wiring
from amaranth.lib.wiring import In, Out

from catgrad.errors import CatgradError

BITS = 8
TOLERANCE = 0.02
"""The largest relative difference between two baud rates that still understand each other."""


def divisor_for(clock_hz: float, baud: int) -> int:
    """The clock cycles per bit.

    CatgradError where no whole number of cycles comes within half the tolerance of the line, which
    leaves the other half to the other end, or where a bit would be shorter than four cycles.

    >>> divisor_for(12e6, 115_200)
    104
    """
    divisor = round(clock_hz / baud)
    actual = clock_hz / max(divisor, 1)
    if divisor < 4 or abs(actual - baud) > TOLERANCE / 2 * baud:
        fast = round(clock_hz / 4)
        raise CatgradError(
            f"A clock of {clock_hz / 1e6:g} MHz cannot keep {baud} baud: the nearest rate that "
            f"divides it is {actual:.0f} baud; choose a standard rate of at most {fast} baud."
        )
    return divisor


class Receiver(wiring.Component):
    """Bytes from a wire.

    Each bit is sampled once, in its middle as counted from the falling edge of the start bit, so a
    sender that is 2% too fast or too slow is read correctly. A byte appears 9.5 bits after its
    start bit began, plus two cycles for the synchroniser.

    Members: `rx`, the wire; `o`, the bytes, which cannot wait; `error`, high for a cycle when a
    stop bit is missing. That byte is dropped, and the receiver waits until the line is idle again.
    """

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "o": Out(stream.Signature(BITS, always_ready=True)),
                "error": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        rx = Signal(init=1)
        m.submodules.synchroniser = cdc.FFSynchronizer(self.rx, rx, init=1)

        timer = Signal(range(self.divisor))
        count = Signal(range(BITS))
        byte = self.o.payload
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)

        m.d.sync += self.o.valid.eq(0)
        with m.FSM():
            with m.State("IDLE"), m.If(~rx):
                m.d.sync += timer.eq(self.divisor // 2 - 1)
                m.next = "START"
            with m.State("START"), m.If(timer == 0):
                m.d.sync += [timer.eq(self.divisor - 1), count.eq(0)]
                with m.If(rx):
                    m.next = "IDLE"  # a glitch, not a start bit
                with m.Else():
                    m.next = "DATA"
            with m.State("DATA"), m.If(timer == 0):
                m.d.sync += [
                    timer.eq(self.divisor - 1),
                    byte.eq(Cat(byte[1:], rx)),
                    count.eq(count + 1),
                ]
                with m.If(count == BITS - 1):
                    m.next = "STOP"
            with m.State("STOP"), m.If(timer == 0):
                m.d.sync += self.o.valid.eq(rx)
                m.d.comb += self.error.eq(~rx)
                with m.If(rx):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "BROKEN"
            with m.State("BROKEN"), m.If(rx):
                m.next = "IDLE"
        return m


class Transmitter(wiring.Component):
    """Bytes to a wire.

    Members: `i`, the bytes; `tx`, the wire. A byte takes ten bits; the next is accepted as its stop
    bit ends.
    """

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(BITS)), "tx": Out(1, init=1)})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        timer = Signal(range(self.divisor))
        left = Signal(range(BITS + 3))
        bits = Signal(BITS + 1, init=-1)  # the bit on the wire, and those after it but the stop bit
        m.d.comb += [self.tx.eq(bits[0]), self.i.ready.eq(left == 0)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                bits.eq(Cat(0, self.i.payload)),
                left.eq(BITS + 2),
                timer.eq(self.divisor - 1),
            ]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(left != 0):
            m.d.sync += [bits.eq(Cat(bits[1:], 1)), left.eq(left - 1), timer.eq(self.divisor - 1)]
        return m
