"""The protocol between a host and a board, as both sides need it; `docs/protocol.md` explains it.

    0x7E | kind | sequence (2) | length (2) | payload (length) | checksum (4)

Numbers are little-endian. The checksum covers everything between the flag and itself. Behind the
flag a byte 0x7E or 0x7D is sent as 0x7D and that byte with bit 5 turned over, so a flag always
begins a frame (RFC 1662, *PPP in HDLC-like Framing*, sections 3.1, 4.2 and C.3).
"""

from __future__ import annotations

from binascii import crc32
from enum import IntEnum
from typing import NamedTuple

VERSION = 3

FLAG = 0x7E
ESCAPE = 0x7D
TURNED = 0x20
"""The bit that differs between an escaped byte and the one that is meant."""

SEQUENCE_BYTES = 2
LENGTH_BYTES = 2
HEADER_BYTES = 1 + SEQUENCE_BYTES + LENGTH_BYTES
CRC_BYTES = 4
ADDRESS_BYTES = 3
COUNT_BYTES = 1
COUNTER_BYTES = 4
DIGEST_BYTES = 8

PAYLOAD_LIMIT = (1 << (8 * LENGTH_BYTES)) - 1
"""The most bytes in a payload."""

ADDRESS_LIMIT = 1 << (8 * ADDRESS_BYTES)
"""The most addresses of parameters."""

COUNT_LIMIT = (1 << (8 * COUNT_BYTES)) - 1
"""The most parameters that are fetched in one frame."""

SEQUENCES = 1 << (8 * SEQUENCE_BYTES)
"""Sequence numbers start again from 0 here."""

ANSWER = 0x80
"""The kind of an answer is that of its request plus this."""

REFUSAL = 0xC0
"""The kind of a negative answer is this plus the reason. It has no payload."""


class Kind(IntEnum):
    """What a request asks for: its payload, and that of the answer."""

    HELLO = 1  # nothing -> version, digest of the design, whether it can take samples
    PREDICT = 2  # x, as many as there are -> as many predictions
    LEARN = 3  # x, y, as many as there are -> as many predictions, each made before its step
    FETCH = 4  # address, count -> values
    BEGIN = 5  # nothing -> nothing
    LOAD = 6  # address, values -> nothing
    COMMIT = 7  # nothing -> nothing
    COUNTERS = 8  # nothing -> samples, forward and learning saturations, damaged frames


class Refusal(IntEnum):
    """Why a request was not carried out."""

    KIND = 1
    LENGTH = 2
    ADDRESS = 3
    CLOSED = 4
    SEQUENCE = 5
    UNLOADED = 6
    INCOMPLETE = 7

    @property
    def reason(self) -> str:
        """The end of a sentence that begins "The board refused the request because"."""
        return {
            Refusal.KIND: "this design does not know that kind of request",
            Refusal.LENGTH: "its length does not suit its kind",
            Refusal.ADDRESS: "this design has no parameter at that address",
            Refusal.CLOSED: "it has been reset since the host greeted it",
            Refusal.SEQUENCE: "its number does not follow the one before",
            Refusal.UNLOADED: "it holds no whole set of parameters",
            Refusal.INCOMPLETE: "not all parameters had been loaded since the load began",
        }[self]

    @property
    def advice(self) -> str:
        """What the user may do about it."""
        if self in (Refusal.CLOSED, Refusal.UNLOADED):
            return "load parameters, or restore a checkpoint, and go on from there"
        if self is Refusal.SEQUENCE:
            return "close the other program that talks to the board"
        return "open the design file that was written beside the bitstream on the board"


class Frame(NamedTuple):
    """One request or answer."""

    kind: int
    sequence: int
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """The frame as it is sent.

        >>> Frame(Kind.COUNTERS, sequence=0x7E01).to_bytes().hex(" ")
        '7e 08 01 7d 5e 00 00 e3 9e 81 10'
        """
        body = (
            bytes([self.kind])
            + self.sequence.to_bytes(SEQUENCE_BYTES, "little")
            + len(self.payload).to_bytes(LENGTH_BYTES, "little")
            + self.payload
        )
        return bytes([FLAG]) + escape(body + crc32(body).to_bytes(CRC_BYTES, "little"))


class Frames:
    """Frames out of bytes as they arrive, whatever is between them.

    A frame is found if its bytes are as they were sent, and no later than its last byte.
    """

    def __init__(self) -> None:
        self._body = bytearray()
        self._listening = False  # A flag has come, and the frame behind it is not whole yet.
        self._escaped = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that end in these bytes.

        >>> sent = Frame(7, 258, b"abc")
        >>> Frames().feed(b"noise" + sent.to_bytes()) == [sent]
        True
        """
        found = []
        for byte in data:
            if byte == FLAG:
                self._body.clear()
                self._listening, self._escaped = True, False
            elif self._listening and byte == ESCAPE:
                self._escaped = True
            elif self._listening:
                self._body.append(byte ^ TURNED if self._escaped else byte)
                self._escaped = False
                frame = self._whole()
                if frame is not None:
                    found.append(frame)
        return found

    @property
    def needed(self) -> int:
        """How many bytes have to come at least before a frame can end."""
        if not self._listening:
            return 1 + HEADER_BYTES + CRC_BYTES
        return max(self._size - len(self._body), 1)

    @property
    def _size(self) -> int:
        """The bytes of the frame that has begun, as far as its header says."""
        length = int.from_bytes(self._body[HEADER_BYTES - LENGTH_BYTES : HEADER_BYTES], "little")
        return HEADER_BYTES + CRC_BYTES + (length if len(self._body) >= HEADER_BYTES else 0)

    def _whole(self) -> Frame | None:
        """The frame that the last byte ended; one that is damaged is forgotten."""
        body = bytes(self._body)
        if len(body) < self._size:
            return None
        self._listening = False
        end = len(body) - CRC_BYTES
        if body[end:] != crc32(body[:end]).to_bytes(CRC_BYTES, "little"):
            return None
        sequence = int.from_bytes(body[1 : 1 + SEQUENCE_BYTES], "little")
        return Frame(body[0], sequence, body[HEADER_BYTES:end])


def escape(data: bytes) -> bytes:
    """Bytes without a flag among them.

    >>> escape(b"a~b}").hex(" ")
    '61 7d 5e 62 7d 5d'
    """
    for byte in (ESCAPE, FLAG):
        data = data.replace(bytes([byte]), bytes([ESCAPE, byte ^ TURNED]))
    return data
