"""The host's end of the protocol: a design on a board as a Python object."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boards.design import Design, Formats, pack, unpack
from boards.exchange import ATTEMPTS, Exchange, LinkError, Refused
from boards.port import Port
from boards.protocol import (
    ADDRESS_BYTES,
    COUNT_BYTES,
    COUNTER_BYTES,
    DIGEST_BYTES,
    VERSION,
    Kind,
)
from catgrad.circuit.format import Format, Integers, integers
from catgrad.errors import CatgradError

__all__ = ["Counters", "Device", "LinkError", "Refused"]


class Counters(NamedTuple):
    """Events modulo 2**32: the first three since the last load, or else the start of the board.

    `damaged` counts, from the start of the board, the frames that it dropped.
    """

    samples: int
    forward_saturations: int
    learning_saturations: int
    damaged: int


class Device:
    """A board that runs a design, at the other end of a port.

    Numbers are the integers of the hardware: mantissas of fixed-point numbers, `x int[n]`,
    `y int[m]`, `prediction int[m]`, parameters `int[k]`. Where a sample is taken, so are several,
    `x int[samples, n]` and so on: they share frames, which is several times faster.

    A new device asks the board which design it runs. CatgradError if it is another one. Whatever
    the line does to single bytes, each request is carried out exactly once; `LinkError` if there is
    no answer after `attempts`, or if the board has been reset: then `open` and `load`, or restore
    a checkpoint. Requests are numbered from a number of `random` on, so that what another program
    had sent is none of them.
    """

    def __init__(
        self,
        port: Port,
        design: Design,
        attempts: int = ATTEMPTS,
        random: Random | None = None,
    ) -> None:
        self.design = design
        self._exchange = Exchange(port, design.name, attempts, random)
        self.open()

    def open(self) -> bool:
        """Greet the board. The result: it has a whole set of parameters, and can take samples.

        CatgradError if it runs another design.
        """
        answer = self._exchange.greet()
        version, digest = answer[0], answer[1 : 1 + DIGEST_BYTES].hex()
        if version != VERSION:
            raise CatgradError(
                f"The board speaks version {version} of the protocol and this program version "
                f"{VERSION}; build the bitstream again with this version of catgrad."
            )
        if digest != self.design.digest:
            raise CatgradError(
                f"The board runs design {digest}, not {self.design.name} ({self.design.digest}); "
                f"load the bitstream of {self.design.name}, or open the design file of the one on "
                f"the board."
            )
        return bool(answer[1 + DIGEST_BYTES])

    @property
    def resent(self) -> int:
        """How many requests were sent once more, since no answer had come."""
        return self._exchange.resent

    def predict(self, x: ArrayLike) -> Integers:
        """The predictions for samples."""
        if self.design.always:
            raise CatgradError(
                f"{self.design.name} learns from every sample; use learn, or build it without "
                f"always."
            )
        return self._samples(Kind.PREDICT, ("x", x, self.design.x))

    def learn(self, x: ArrayLike, y: ArrayLike = ()) -> Integers:
        """Take a step on each sample in turn. A prediction is the one before the sample's step."""
        if not self.design.learns:
            raise CatgradError(
                f"{self.design.name} does not learn; use predict, or build a design with a "
                f"learning rule."
            )
        return self._samples(Kind.LEARN, ("x", x, self.design.x), ("y", y, self.design.y))

    def load(self, parameters: ArrayLike) -> None:
        """Replace all parameters, and begin anew with them: delay lines are empty, counters 0.

        If this does not come to its end, the board takes no samples before another load has.
        """
        pack(parameters, self.design.parameters, "parameters")  # All are right, or none is sent.
        values, design = np.asarray(parameters), self.design
        self._exchange.ask(Kind.BEGIN)
        for address, row in self._rows(design.load_limit):
            numbers = pack(values[row], [design.value] * len(row), "row")
            self._exchange.ask(Kind.LOAD, address + numbers)
        self._exchange.ask(Kind.COMMIT)

    def fetch(self) -> Integers:
        """All parameters as they are now."""
        values = unpack(b"", ())
        places = np.zeros(0, np.int64)
        for address, row in self._rows(self.design.fetch_limit):
            count = len(row).to_bytes(COUNT_BYTES, "little")
            answer = self._exchange.ask(Kind.FETCH, address + count)
            fetched = unpack(answer, [self.design.value] * len(row))
            values, places = np.concatenate([values, fetched]), np.concatenate([places, row])
        return integers(values[np.argsort(places)])

    def counters(self) -> Counters:
        """What the board has counted."""
        formats = [Format(8 * COUNTER_BYTES, False)] * len(Counters._fields)
        return Counters(*unpack(self._exchange.ask(Kind.COUNTERS), formats).tolist())

    def _samples(self, kind: Kind, *rows: tuple[str, ArrayLike, Formats]) -> Integers:
        """The predictions for one sample, or an array of them, each made of these rows."""
        design = self.design
        alone = np.ndim(rows[0][1]) < 2
        payloads: list[bytes] = []
        lines = [[array] if alone else list(np.asarray(array)) for _, array, _ in rows]
        for sample in zip(*lines, strict=True):
            pairs = zip(sample, rows, strict=True)
            payloads.append(b"".join(pack(row, f, what) for row, (what, _, f) in pairs))
        size = len(design.prediction)
        predictions = []
        for start in range(0, len(payloads), design.together):
            some = payloads[start : start + design.together]
            answer = self._exchange.ask(kind, b"".join(some))
            predictions.append(unpack(answer, design.prediction * len(some)).reshape(-1, size))
        found = np.concatenate([np.zeros((0, size), np.int64), *predictions])
        return found[0] if alone else found

    def _rows(self, limit: int) -> Iterator[tuple[bytes, Integers]]:
        """Parameters with neighbouring addresses, at most `limit` together.

        The address of the first, as it is sent; and which parameters they are.
        """
        places = self.design.places
        addresses = np.arange(len(self.design.parameters)) if places is None else np.array(places)
        order = np.argsort(addresses)
        gaps = np.flatnonzero(np.diff(addresses[order]) != 1) + 1
        for run in np.split(order, gaps) if len(order) else []:
            for start in range(0, len(run), limit):
                row = run[start : start + limit]
                yield int(addresses[row[0]]).to_bytes(ADDRESS_BYTES, "little"), row
