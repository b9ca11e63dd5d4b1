"""The protocol between a host and a board, as both sides need it; `docs/protocol.md` explains it.

    0xA5 | kind | tag | length (2) | payload (length) | checksum (2)

Numbers are little-endian. The checksum covers everything between the 0xA5 and itself. It is sent
with its high byte first, which makes the checksum of kind to checksum zero.
"""

from __future__ import annotations

from binascii import crc_hqx
from enum import IntEnum
from typing import NamedTuple

VERSION = 2
SYNC = 0xA5
CRC_INITIAL = 0xFFFF

HEADER_BYTES = 4
CRC_BYTES = 2
ADDRESS_BYTES = 3
COUNT_BYTES = 1
COUNTER_BYTES = 4
DIGEST_BYTES = 8

PAYLOAD_LIMIT = (1 << 16) - 1
"""The most bytes in a payload."""

ADDRESS_LIMIT = 1 << (8 * ADDRESS_BYTES)
"""The most addresses of parameters."""

COUNT_LIMIT = (1 << (8 * COUNT_BYTES)) - 1
"""The most parameters in one frame."""

ANSWER = 0x80
"""An answer's kind is that of its request plus this."""

REFUSAL = 0xFF
"""The kind of a negative answer. Its payload is one byte: why."""


class Kind(IntEnum):
    """What a request asks for: its payload, and that of the answer."""

    IDENTITY = 1  # nothing -> version, digest of the design
    PREDICT = 2  # x -> prediction
    LEARN = 3  # x, y -> prediction, made before the step
    LOAD = 4  # address, count, values -> nothing
    FETCH = 5  # address, count -> values
    COUNTERS = 6  # nothing -> samples, forward and learning saturations, refused requests


class Refusal(IntEnum):
    """Why a request was not carried out. It changed nothing on the board but the count of these."""

    CHECKSUM = 1
    KIND = 2
    LENGTH = 3
    ADDRESS = 4
    LINE = 5
    BROKEN_OFF = 6

    @property
    def reason(self) -> str:
        """The end of a sentence that begins "The board refused the request because"."""
        return {
            Refusal.CHECKSUM: "its checksum was wrong",
            Refusal.KIND: "this design does not know that kind of request",
            Refusal.LENGTH: "its length does not suit its kind",
            Refusal.ADDRESS: "this design has no parameter at that address",
            Refusal.LINE: "a byte of it came without a stop bit",
            Refusal.BROKEN_OFF: "it broke off",
        }[self]

    @property
    def transient(self) -> bool:
        """Whether the line is at fault, so that the same request may succeed next time."""
        return self in (Refusal.CHECKSUM, Refusal.LINE, Refusal.BROKEN_OFF)

    @property
    def advice(self) -> str:
        """What the user may do about it."""
        if self.transient:
            return "use a better cable or a lower baud rate"
        return "open the design file that was written beside the bitstream on the board"


class Frame(NamedTuple):
    """One request or answer."""

    kind: int
    tag: int
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """The frame as it is sent.

        >>> Frame(Kind.COUNTERS, tag=1).to_bytes().hex(" ")
        'a5 06 01 00 00 94 69'
        """
        body = bytes([self.kind, self.tag]) + len(self.payload).to_bytes(2, "little") + self.payload
        return bytes([SYNC]) + body + crc(body).to_bytes(CRC_BYTES, "big")


def crc(data: bytes) -> int:
    """The checksum: CRC-16/IBM-3740, also known as CRC-16/CCITT-FALSE.

    >>> hex(crc(b"123456789"))
    '0x29b1'
    """
    return crc_hqx(data, CRC_INITIAL)
