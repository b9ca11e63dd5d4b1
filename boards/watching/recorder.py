"""What a run tells its journal: samples in blocks, as often as somebody can look."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from boards.exchange import LinkError
from boards.port import Port
from boards.training import Progress, Training
from boards.watching.journal import Block, End, Follower, Heading, Journal, Weights, beside
from boards.watching.losses import Classes, Losses
from catgrad.hardware import Hardware
from catgrad.parameters import array_names

BLOCK_S, SHARE = 0.2, 2000
"""How long a block gathers samples; in a long run, for a 2000th of the time that has passed."""

SMALLEST = 25
"""Of how many numbers a vector at least is shown as a picture, if it is square."""


class CountedPort:
    """A port, and how many bytes went each way."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.sent = self.received = 0

    def write(self, data: bytes) -> None:
        """Send bytes, all of them."""
        self.sent += len(data)
        self._port.write(data)

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or fewer if the line is silent for too long."""
        data = self._port.read(count)
        self.received += len(data)
        return data

    def clear(self) -> None:
        """Forget what has arrived and not been read."""
        self._port.clear()


def arrays_of(hardware: Hardware) -> tuple[Weights, ...]:
    """What a journal says of the arrays of parameters."""
    names = array_names(hardware.parameter_names)
    image = None
    if len(hardware.x_types) == 1:
        shape = tuple(n for n in hardware.x_types[0].shape if n > 1)
        side = round(hardware.x_types[0].size ** 0.5)
        if len(shape) == 2:
            image = shape
        elif side**2 == hardware.x_types[0].size >= SMALLEST:
            image = (side, side)

    def inputs(shape: tuple[int, ...]) -> tuple[int, int] | None:
        pixels = 0 if image is None else image[0] * image[1]
        return image if len(shape) == 2 and shape[0] == pixels else None

    pairs = zip(names, hardware.parameter_types, strict=True)
    return tuple(Weights(name, T.shape, T.fixed.step, inputs(T.shape)) for name, T in pairs)


class Recorder:
    """Takes the progress of a run, and writes its journal beside its checkpoints.

    Blocks end where checkpoints are, so that a run that goes back to one leaves none in part.
    """

    def __init__(
        self,
        training: Training,
        port: CountedPort,
        heading: Heading,
        losses: Losses,
        classes: Classes,
    ) -> None:
        assert training.file is not None
        self._training, self._port, self._heading = training, port, heading
        self._losses, self._classes = losses, classes
        self._pending: list[Progress] = []
        self._begun_s = self._flushed_s = time.monotonic()
        self._damaged, self._asked = 0, -1
        path = beside(training.file)
        if training.position:
            self._before = last_block(path, training.position)
            self._journal = Journal.resume(path, heading, training.position)
        else:
            self._before = Block(0, 0, True, 0.0, (), (), 0.0)
            self._journal = Journal.begin(path, heading)

    def add(self, progress: Progress) -> bool:
        """Take what went into a frame; the result: it ended a block."""
        training, pending = self._training, self._pending
        if pending and (
            progress.first != pending[-1].position or progress.train[0] != pending[-1].train[0]
        ):
            self.flush()
        self._pending.append(progress)
        position = progress.position
        due = position - training.checkpoint.position >= training.every
        epoch = position % (self._heading.lesson + self._heading.test) in (0, self._heading.lesson)
        now = time.monotonic()
        late = now - self._flushed_s >= max(BLOCK_S, (now - self._begun_s) / SHARE)
        if due or epoch or late:
            self.flush()
        return due or epoch or late

    def flush(self) -> None:
        """Write what was gathered."""
        if self._pending:
            self._write()

    def _write(self) -> None:
        """Write a block, perhaps one of no samples, which says how the line has been."""
        position = self._training.position
        first = self._pending[0].first if self._pending else position
        loss, wanted, said = 0.0, list[int](), list[int]()
        for progress in self._pending:
            assert progress.y is not None
            for y, prediction in zip(progress.y, progress.predictions, strict=True):
                loss += self._losses(prediction, y)
                if self._classes.count:
                    wanted += self._classes.wanted(y)
                    said += self._classes.said(prediction)
        training, before, now = self._training, self._before, time.monotonic()
        if self._asked != training.checkpoint.position:
            self._asked = training.checkpoint.position
            with contextlib.suppress(LinkError, OSError):  # The next sample will meet it too.
                self._damaged = training.device.counters().damaged
        equal = None if training.reference is None else training.compared + (before.compared or 0)
        self._journal.write(
            Block(
                first=first,
                position=self._pending[-1].position if self._pending else position,
                train=bool(self._pending[0].train[0]) if self._pending else True,
                loss=loss,
                wanted=tuple(wanted),
                said=tuple(said),
                seconds=round(before.seconds + now - self._begun_s, 3),
                sent=before.sent + self._port.sent,
                received=before.received + self._port.received,
                resent=before.resent + training.device.resent,
                damaged=self._damaged,
                restored=before.restored + training.restored,
                compared=equal,
            )
        )
        self._pending, self._flushed_s = [], now

    def end(self, how: str, message: str = "") -> None:
        """The last lines."""
        self.flush()
        self._write()
        self.leave(how, message)

    def leave(self, how: str, message: str = "") -> None:
        """The last line, without a look at what was not written yet."""
        self._journal.write(End(how, message))

    def close(self) -> None:
        """No more is written."""
        self._journal.close()


def last_block(path: Path, position: int) -> Block:
    """The block before a position, or an empty one."""
    entries = Follower(path).update() if path.exists() else []
    blocks = [e for e in entries if isinstance(e, Block) and e.position <= position]
    return blocks[-1] if blocks else Block(0, 0, True, 0.0, (), (), 0.0)
