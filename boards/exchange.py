"""Requests and their answers over a line that may lose, double, change or invent any byte."""

from __future__ import annotations

from random import Random, SystemRandom

from boards.port import Port
from boards.protocol import (
    ANSWER,
    PAYLOAD_LIMIT,
    REFUSAL,
    SEQUENCES,
    Frame,
    Frames,
    Kind,
    Refusal,
)
from catgrad.errors import CatgradError

ATTEMPTS = 5
"""How often a request is sent, unless said otherwise, before its board is said not to answer."""


class LinkError(CatgradError):
    """Nobody knows any more what the board has carried out, or it has forgotten all of it.

    `Device.open` begins anew: then load parameters, or restore a checkpoint.
    """


class Refused(CatgradError):
    """The board does not carry out a request, for a `reason`, and nothing on it has changed."""

    def __init__(self, kind: Kind, reason: Refusal) -> None:
        super().__init__(
            f"The board refused the request {kind.name} because {reason.reason}; {reason.advice}."
        )
        self.reason = reason


class Exchange:
    """Numbered requests, each carried out exactly once, and its answer.

    A request that is not answered is sent again, and the board, should it have carried it out,
    answers once more. `resent` counts these.
    """

    def __init__(
        self, port: Port, name: str, attempts: int = ATTEMPTS, random: Random | None = None
    ) -> None:
        self.resent = 0
        self._random = SystemRandom() if random is None else random
        self._port = port
        self._name = name
        self._attempts = attempts
        self._last: int | None = None  # The number of the last request that was answered.

    def greet(self) -> bytes:
        """The payload of the answer to a greeting, from which on requests are numbered."""
        self._last = None
        number = self._random.randrange(SEQUENCES)
        answer = self._answer(Frame(Kind.HELLO, number))
        self._last = number
        return answer.payload

    def ask(self, kind: Kind, payload: bytes = b"") -> bytes:
        """The payload of the answer to a request.

        `Refused` if the board does not carry it out; `LinkError` if it does not answer, or has been
        reset, and from then on until the next greeting.
        """
        if self._last is None:
            raise LinkError(
                f"The line to {self._name} is closed, since a request was not answered; open it "
                f"again, and load parameters or restore a checkpoint."
            )
        request = Frame(kind, (self._last + 1) % SEQUENCES, payload)
        self._last = None
        answer = self._answer(request)
        if answer.kind >= REFUSAL:
            reason = Refusal(answer.kind - REFUSAL)
            if reason in (Refusal.CLOSED, Refusal.SEQUENCE):
                raise LinkError(
                    f"The board refused the request {kind.name} because {reason.reason}; "
                    f"{reason.advice}."
                )
            self._last = request.sequence
            raise Refused(kind, reason)
        self._last = request.sequence
        return answer.payload

    def _answer(self, request: Frame) -> Frame:
        """Send a request until a frame comes that answers it."""
        data = request.to_bytes()
        for attempt in range(self._attempts):
            self.resent += attempt > 0
            self._port.clear()
            self._port.write(data)
            answer = self._hear(request)
            if answer is not None:
                return answer
        raise LinkError(
            f"The board did not answer the request {Kind(request.kind).name}; check its cable and "
            f"power, that {self._name} is loaded, and that both ends use the same baud rate."
        )

    def _hear(self, request: Frame) -> Frame | None:
        """The answer to a request; None if the line falls silent, or there is no end to noise."""
        frames, left = Frames(), 2 * PAYLOAD_LIMIT
        while left > 0:
            wanted = frames.needed
            data = self._port.read(wanted)
            left -= len(data)
            for frame in frames.feed(data):
                ours = frame.sequence == request.sequence
                if ours and (frame.kind == request.kind + ANSWER or frame.kind >= REFUSAL):
                    return frame
            if len(data) < wanted:
                break
        return None
