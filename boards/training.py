"""A run on a board: samples in their order, each counted once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from boards.checkpoint import Checkpoint, Counts, digest_of
from boards.design import Design
from boards.exchange import LinkError
from boards.host import Device
from boards.protocol import COUNTER_BYTES
from catgrad.circuit.format import BoolArray, Integers
from catgrad.errors import CatgradError
from sim.trace import Samples

TRIES = 10
"""How often a run goes back to a checkpoint, unless said otherwise, before it gives up."""


class Reference(Protocol):
    """What computes the same beside a board, such as `Beside`."""

    def begin(self, parameters: ArrayLike) -> None:
        """Start with these parameters, and with all else as it is at first."""

    def step(self, x: Integers, y: Integers | None, train: bool) -> Integers:
        """The prediction for one row; with `train` learn from it."""

    @property
    def parameters(self) -> Integers:
        """Those of now."""

    @property
    def counters(self) -> Counts:
        """Since `begin`."""


@dataclass(frozen=True, eq=False)
class Progress:
    """Samples that the board has taken, from number `first` on, and their `predictions : (n, m)`.

    After an interruption a run goes back: then `first` is less than what was there already, and
    the same samples have the same predictions once more.
    """

    first: int
    x: Integers
    y: Integers | None
    train: BoolArray
    predictions: Integers

    @property
    def position(self) -> int:
        """How many samples are done."""
        return self.first + len(self.predictions)


class Training:
    """Samples streamed to a board in their order, with checkpoints from which it goes on.

    Each sample counts once in what the board has learned: where nobody knows that any more, since
    the board was reset or the line was cut, the run goes back to its last checkpoint; to its first
    sample, if the design keeps more than its parameters, which no checkpoint holds. With a
    `reference` every prediction is compared, and at every checkpoint all parameters and counters.

    Call `begin` or `resume`, then iterate: each `Progress` is what went into one frame. In between
    the device may be asked for its parameters or counters.

    Parameters
    ----------
    device: the board
    samples: the rows `x`, those of `y` and `train`, in the order in which the board has them
    reference: what computes the same, or None
    file: where checkpoints go, a .npz; None to keep the last in memory alone
    every: samples from one checkpoint to the next
    tries: how often it goes back to the same checkpoint before it gives up
    steps: what one unit of each parameter is worth, `float[k]`, which checkpoints keep; or nothing
    """

    def __init__(
        self,
        device: Device,
        samples: Samples,
        reference: Reference | None = None,
        file: Path | str | None = None,
        every: int = 1000,
        tries: int = TRIES,
        steps: Sequence[float] = (),
    ) -> None:
        self.device = device
        self.samples = samples
        self.reference = reference
        self.file = None if file is None else Path(file)
        self.every = every
        self.tries = tries
        self.steps = tuple(steps)
        self.position = 0
        self.restored = 0
        self.compared = 0
        self._data = digest_of(samples)
        self._before: Counts = (0, 0, 0)  # What was counted before the last load.
        self._reference_before: Counts = (0, 0, 0)
        self._first: Checkpoint | None = None
        self._checkpoint: Checkpoint | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """The last one; CatgradError before `begin` or `resume`."""
        if self._checkpoint is None:
            raise CatgradError("This run has not started; call begin or resume first.")
        return self._checkpoint

    def begin(self, parameters: ArrayLike) -> None:
        """Start from the first sample, with these parameters, `int[k]`.

        CatgradError if the design has memory that cannot be reset.
        """
        digest = self.device.design.digest
        mantissas = np.asarray(parameters)
        start = Checkpoint(digest, self._data, 0, mantissas, (0, 0, 0), self.steps)
        self._start(start)
        self._keep(start)
        self._first = start

    def resume(self) -> None:
        """Go on from the checkpoint in the file.

        CatgradError if there is none, if it is one of another run, or if the design keeps more than
        a checkpoint holds.
        """
        if self.file is None:
            raise CatgradError("This run has no file of checkpoints; name one, or call begin.")
        start = Checkpoint.read(self.file)
        start.check(self.device.design, self._data)
        self._start(start)

    def __iter__(self) -> Iterator[Progress]:
        """Samples as the board takes them, to the end, and a checkpoint there."""
        tries, furthest = 0, self.checkpoint.position
        while True:
            try:
                done, kept = self.position, self.checkpoint.position
                if done == kept + self.every or done == len(self.samples) > kept:
                    self._keep(self._look())
                    if done > furthest:
                        tries, furthest = 0, done
                if done == len(self.samples):
                    return
                progress = self._next()
            except LinkError as error:
                tries += 1
                if tries > self.tries:
                    raise CatgradError(
                        f"The run was interrupted {tries} times after sample "
                        f"{self.checkpoint.position}, the last time so: {error}"
                    ) from error
                self._start(self.checkpoint)
                self.restored += 1
            else:
                yield progress

    def run(self) -> Checkpoint:
        """All samples that are left; the checkpoint at the end."""
        for _ in self:
            pass
        return self.checkpoint

    def keep(self) -> Checkpoint:
        """A checkpoint of now, between two samples, such as before the run is left."""
        self._keep(self._look())
        return self.checkpoint

    def counters(self) -> Counts:
        """Counted on the board since the first sample of the run."""
        return total(self._before, self.device.counters()[:3])

    def _next(self) -> Progress:
        """The next samples that go into one frame."""
        samples, first, device = self.samples, self.position, self.device
        end = min(
            self.checkpoint.position + self.every,
            len(samples),
            first + device.design.together,
        )
        train = samples.train[first:end] & device.design.learns
        changes = np.flatnonzero(train != train[0])
        if len(changes):
            end = first + int(changes[0])
        x = samples.x[first:end]
        y = None if samples.y is None else samples.y[first:end]
        if train[0]:
            predictions = device.learn(x, np.zeros((len(x), 0), np.int64) if y is None else y)
        else:
            predictions = device.predict(x)
        progress = Progress(first, x, y, train[: end - first], predictions)
        self._compare(progress)
        self.position = end
        return progress

    def _look(self) -> Checkpoint:
        """A checkpoint of what the board holds now."""
        parameters, counters = self.device.fetch(), self.counters()
        if self.reference is not None:
            self._equal("parameter", self.position, parameters, self.reference.parameters)
            wanted = total(self._reference_before, self.reference.counters)
            self._equal("counter", self.position, np.array(counters), np.array(wanted))
        digest = self.device.design.digest
        return Checkpoint(digest, self._data, self.position, parameters, counters, self.steps)

    def _keep(self, checkpoint: Checkpoint) -> None:
        if self.file is not None:
            checkpoint.save(self.file)
        self._checkpoint = checkpoint

    def _start(self, checkpoint: Checkpoint) -> None:
        """Bring board and reference to where they were at a checkpoint, if need be in some tries.

        What a delay line had held is sent once more, to be predicted from.
        """
        require_reset(self.device.design)
        start = checkpoint.position
        count = self.device.design.again(start) if start else 0
        if count is None and self._first is not None:
            checkpoint, start, count = self._first, 0, 0
        if count is None:
            raise CatgradError(
                f"{self.device.design.name} keeps more than its parameters, which are all that a "
                f"checkpoint holds, so the run cannot go on at sample {start}; begin it again, "
                f"without --resume: it will end with the same integers."
            )
        again = self.samples.x[start - count : start]
        for tries in range(self.tries, 0, -1):
            try:
                self.device.open()
                self.device.load(checkpoint.parameters)
                if len(again):
                    self.device.predict(again)
                counted = self.device.counters()[:3]
                break
            except LinkError:
                if tries == 1:
                    raise
        self._before = less(checkpoint.counters, counted)
        if self.reference is not None:
            self.reference.begin(checkpoint.parameters)
            for row in again:
                self.reference.step(row, None, train=False)
            self._reference_before = less(checkpoint.counters, self.reference.counters)
        self.position, self._checkpoint = start, checkpoint

    def _compare(self, progress: Progress) -> None:
        """Let the reference take the same samples; CatgradError at the first difference."""
        if self.reference is None:
            return
        for i, row in enumerate(progress.x):
            y = None if progress.y is None else progress.y[i]
            wanted = self.reference.step(row, y, bool(progress.train[i]))
            self._equal("prediction", progress.first + i, progress.predictions[i], wanted)

    def _equal(self, what: str, sample: int, found: Integers, wanted: Integers) -> None:
        for place in np.flatnonzero(found != wanted)[:1]:
            raise CatgradError(
                f"Sample {sample}: {what} {place} of the board is {found[place]}, and that of the "
                f"integer program {wanted[place]}; take the bitstream that was built from this "
                f"program."
            )
        self.compared += len(found)


def require_reset(design: Design) -> None:
    """CatgradError if a design has memory that a run cannot start with as it is at first."""
    if design.memory:
        raise CatgradError(
            f"{design.name} keeps {design.memory} numbers of memory in block RAM, which the link "
            f"cannot reset; for a board compile it with Spatial, as --cycles 1 does, whose "
            f"registers it can."
        )


def total(before: Counts, since: Counts) -> Counts:
    """Two counts together, as counters of the board show them."""
    a, b, c = ((m + n) % (1 << (8 * COUNTER_BYTES)) for m, n in zip(before, since, strict=True))
    return a, b, c


def less(now: Counts, since: Counts) -> Counts:
    """What was counted before, if so much has been since."""
    a, b, c = (m - n for m, n in zip(now, since, strict=True))
    return a, b, c
