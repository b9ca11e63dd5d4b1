"""A bad line: a port on whose way bytes are lost, doubled, changed and invented."""

from __future__ import annotations

from random import Random
from typing import Protocol

from boards.port import Port
from boards.protocol import ESCAPE, FLAG

FAVOURITES = (FLAG, ESCAPE, 0x00, 0xFF)
"""Bytes that are invented more often than others."""


class Stopped(Exception):
    """The host stopped here, as if its power had been cut."""


class Resettable(Port, Protocol):
    """A port to a board that can be reset, as simulated ones can."""

    def wait(self, cycles: int) -> None:
        """Let clock cycles pass."""

    def reset(self) -> None:
        """Reset the board."""


class FaultyPort:
    """A port to a simulated board, over a bad line.

    Of the frames that are sent, and of what is read at a time, a share `damage` has a fault: a byte
    or some of them are lost, doubled or changed, or some are invented, or all of it is sent twice.
    With each frame the board is reset with probability `board_reset`, at any point on the way, and
    with probability `host_reset` the host is stopped in the middle of it. What happens depends on
    the seed and on what is sent.
    """

    def __init__(
        self,
        port: Resettable,
        seed: int,
        damage: float,
        board_reset: float = 0.0,
        host_reset: float = 0.0,
    ) -> None:
        self._port = port
        self._random = Random(seed)
        self._damage = damage
        self._board_reset, self._host_reset = board_reset, host_reset
        self._come = bytearray()
        self._to_reset = -1  # Cycles until the board is reset; less than 0 if it is not.
        self.frames = self.faults = self.board_resets = self.host_resets = 0

    def write(self, data: bytes) -> None:
        """Send bytes, or what is left of them."""
        self.frames += 1
        random = self._random
        sent = self._damaged(data)
        if random.random() < self._host_reset:
            self.host_resets += 1
            self._port.write(sent[: random.randrange(len(sent) + 1)])
            raise Stopped
        self._port.write(sent)
        if random.random() < self._board_reset:
            self._to_reset = random.randrange(100 * (len(sent) + 10))

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if the line is silent for too long."""
        if self._to_reset >= 0:
            self._port.wait(self._to_reset)
            self._port.reset()
            self._to_reset = -1
            self.board_resets += 1
        while len(self._come) < count:
            wanted = count - len(self._come)
            data = self._port.read(wanted)
            self._come += self._damaged(data)
            if len(data) < wanted:
                break
        found = bytes(self._come[:count])
        del self._come[:count]
        return found

    def clear(self) -> None:
        """Forget what has arrived and not been read."""
        self._come.clear()
        self._port.clear()

    def _damaged(self, data: bytes) -> bytes:
        """What arrives of some bytes."""
        random = self._random
        if not data or random.random() >= self._damage:
            return data
        self.faults += 1
        at = random.randrange(len(data))
        end = at + (1 if random.random() < 0.7 else random.randrange(1, len(data) + 1))
        before, here, after = data[:at], data[at:end], data[end:]
        match random.randrange(5):
            case 0:
                return before + after
            case 1:
                return before + here + here + after
            case 2:
                return before + bytes(byte ^ 1 << random.randrange(8) for byte in here) + after
            case 3:
                return before + self._invented() + here + after
            case _:
                return data + self._invented() + data

    def _invented(self) -> bytes:
        random = self._random
        return bytes(
            random.choice(FAVOURITES) if random.random() < 0.3 else random.randrange(256)
            for _ in range(random.randrange(1, 30))
        )
