"""The host's end of the protocol: a design on a board as a Python object."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boards.design import Design, pack, unpack
from boards.port import Port
from boards.protocol import (
    ADDRESS_BYTES,
    COUNT_BYTES,
    COUNT_LIMIT,
    COUNTER_BYTES,
    CRC_BYTES,
    HEADER_BYTES,
    PAYLOAD_LIMIT,
    REFUSAL,
    SYNC,
    VERSION,
    Frame,
    Kind,
    Refusal,
    crc,
)
from catgrad.circuit.format import Format, Integers, integers
from catgrad.errors import CatgradError

ATTEMPTS = 3
"""How often a request is sent that the line damages on its way to the board."""


class Counters(NamedTuple):
    """Events since the board was started, modulo 2**32."""

    samples: int
    forward_saturations: int
    learning_saturations: int
    refused: int


class Device:
    """A board that runs a design, at the other end of a port.

    Numbers are the integers of the hardware: mantissas of fixed-point numbers, `x int[n]`,
    `y int[m]`, `prediction int[m]`, parameters `int[k]`.

    A new device first asks the board which design it runs. CatgradError if it is another one, and,
    here and later, if the board does not answer or refuses a request. A request that the board
    refuses has changed nothing; one that is damaged on its way to the board is sent again. If an
    answer is lost, nobody knows whether its request was carried out: `counters().samples` tells.
    """

    def __init__(self, port: Port, design: Design) -> None:
        self.design = design
        self._port = port
        self._tags = cycle(range(1, 256))  # The board answers with 0 if it did not see the tag.
        version, digest = self.identity()
        if version != VERSION:
            raise CatgradError(
                f"The board speaks version {version} of the protocol and this program version "
                f"{VERSION}; build the bitstream again with this version of catgrad."
            )
        if digest != design.digest:
            raise CatgradError(
                f"The board runs design {digest}, not {design.name} ({design.digest}); load the "
                f"bitstream of {design.name}, or open the design file of the one on the board."
            )

    def identity(self) -> tuple[int, str]:
        """The version of the board's protocol, and the digest of its design."""
        answer = self._ask(Kind.IDENTITY, b"")
        return answer[0], answer[1:].hex()

    def predict(self, x: ArrayLike) -> Integers:
        """The prediction for a sample."""
        return self._sample(Kind.PREDICT, pack(x, self.design.x, "x"))

    def learn(self, x: ArrayLike, y: ArrayLike = ()) -> Integers:
        """Take one step on a sample. The prediction is the one before the step."""
        if not self.design.learns:
            raise CatgradError(
                f"{self.design.name} does not learn; use predict, or build a design with a "
                f"learning rule."
            )
        payload = pack(x, self.design.x, "x") + pack(y, self.design.y, "y")
        return self._sample(Kind.LEARN, payload)

    def load(self, parameters: ArrayLike) -> None:
        """Replace all parameters."""
        pack(parameters, self.design.parameters, "parameters")  # All are right, or none is sent.
        values = np.asarray(parameters)
        for head, row in self._rows(self.design.load_limit):
            self._ask(Kind.LOAD, head + pack(values[row], [self.design.value] * len(row), "row"))

    def fetch(self) -> Integers:
        """All parameters as they are now."""
        values = unpack(b"", ())
        places = np.zeros(0, np.int64)
        for head, row in self._rows(COUNT_LIMIT):
            fetched = unpack(self._ask(Kind.FETCH, head), [self.design.value] * len(row))
            values, places = np.concatenate([values, fetched]), np.concatenate([places, row])
        return integers(values[np.argsort(places)])

    def counters(self) -> Counters:
        """What the board has counted."""
        formats = [Format(8 * COUNTER_BYTES, False)] * len(Counters._fields)
        return Counters(*unpack(self._ask(Kind.COUNTERS, b""), formats).tolist())

    def _sample(self, kind: Kind, payload: bytes) -> Integers:
        return unpack(self._ask(kind, payload), self.design.prediction)

    def _rows(self, limit: int) -> Iterator[tuple[bytes, Integers]]:
        """Parameters with neighbouring addresses, at most `limit` together.

        The address of the first and their count, as they are sent; and which parameters they are.
        """
        places = self.design.places
        addresses = np.arange(len(self.design.parameters)) if places is None else np.array(places)
        order = np.argsort(addresses)
        gaps = np.flatnonzero(np.diff(addresses[order]) != 1) + 1
        for run in np.split(order, gaps) if len(order) else []:
            for start in range(0, len(run), limit):
                row = run[start : start + limit]
                address = int(addresses[row[0]]).to_bytes(ADDRESS_BYTES, "little")
                yield address + len(row).to_bytes(COUNT_BYTES, "little"), row

    def _ask(self, kind: Kind, payload: bytes) -> bytes:
        """The payload of the answer to a request."""
        for _attempt in range(ATTEMPTS):
            answer = self._answer(Frame(kind, next(self._tags), payload))
            if answer.kind != REFUSAL:
                return answer.payload
            refusal = Refusal(answer.payload[0])
            if refusal is Refusal.ADDRESS:  # known only once the checksum is right
                break
        raise CatgradError(
            f"The board refused the request {kind.name} because {refusal.reason}; {refusal.advice}."
        )

    def _answer(self, request: Frame) -> Frame:
        """Send a request; a sound frame with its tag, or a refusal, is the answer."""
        self._port.clear()
        self._port.write(request.to_bytes())
        for _noise in range(PAYLOAD_LIMIT):
            start = self._port.read(1)
            if not start:
                break
            if start[0] == SYNC:
                header = self._port.read(HEADER_BYTES)
                length = int.from_bytes(header[2:], "little")
                body = header + self._port.read(length + CRC_BYTES)
                whole = len(body) == HEADER_BYTES + length + CRC_BYTES
                if whole and crc(body) == 0:
                    answer = Frame(body[0], body[1], body[HEADER_BYTES:-CRC_BYTES])
                    if answer.kind == REFUSAL:
                        # If the line damaged the header, the board may not know the tag, and may
                        # refuse what follows as well. None of that must be taken for an answer
                        # to the next attempt: wait for silence.
                        while self._port.read(1):
                            pass
                        return answer
                    if answer.tag == request.tag:
                        return answer
        raise CatgradError(
            f"The board did not answer the request {Kind(request.kind).name}; check its cable and "
            f"power, that {self.design.name} is loaded, and that both ends use the same baud rate."
        )
