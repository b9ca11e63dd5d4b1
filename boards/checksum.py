"""The checksum of a frame, one bit in each cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

POLYNOMIAL = 0xEDB88320
"""That of CRC-32, the coefficient of the highest power in bit 0."""

RESIDUE = 0xDEBB20E3
"""What stands in the register after data and their checksum."""


class Checksum(wiring.Component):
    """CRC-32 (ISO-HDLC, that of Ethernet and of Python's `binascii.crc32`) of bytes.

    A line is slow: a byte takes at least 40 cycles, this takes 8, and needs little more than its
    register.

    Members: `start`, forgets all bytes; `valid` and `byte`, the next byte, at a time when `busy` is
    0; `busy`, high in the 8 cycles after that; `register`, whose complement is the checksum, to be
    sent with its low byte first; `match`, high after data and their checksum.

    To give its low byte to the register moves the next byte there.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "valid": In(1),
                "byte": In(8),
                "busy": Out(1),
                "register": Out(32, init=0xFFFFFFFF),
                "match": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        bits = Signal(8)
        left = Signal(4)
        register = self.register
        odd = register[0] ^ bits[0]
        m.d.comb += [self.busy.eq(left.any()), self.match.eq(register == RESIDUE)]
        with m.If(self.start):
            m.d.sync += [register.eq(0xFFFFFFFF), left.eq(0)]
        with m.Elif(self.valid):
            m.d.sync += [bits.eq(self.byte), left.eq(8)]
        with m.Elif(self.busy):
            shifted = Cat(register[1:], 0)
            m.d.sync += [
                register.eq(shifted ^ Mux(odd, POLYNOMIAL, 0)),
                bits.eq(bits >> 1),
                left.eq(left - 1),
            ]
        return m
