"""What there is to see of a run: made of its journal and of its last checkpoint."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boards.checkpoint import Checkpoint
from boards.watching.journal import Block, End, Entry, Follower, Heading, beside
from boards.watching.pictures import pictures
from catgrad.errors import CatgradError

POINTS = 240
"""The most points of a curve."""

RECENT_S = 5.0
"""Over how many seconds the rate is measured."""


@dataclass(frozen=True)
class Curve:
    """A mean loss, and the share of right answers if there are classes, after so many samples."""

    learned: list[int]
    loss: list[float]
    accuracy: list[float]


@dataclass(frozen=True)
class State:
    """What there is to see of a run.

    - `position`, `learned`, `epoch`: samples done, those of them learned from, the epoch that they
      are in, from 1 on.
    - `seconds`, `rate`: the time under way, and samples a second over the last of it.
    - `lately`: over so many samples the curve `training` is a mean; `test`: after each epoch.
    - `confusion`: how often a target of each row was answered with each column; None if there are
      no classes. `confusion_of` says of which samples.
    - `end`: how the run ended, or None.
    """

    heading: Heading
    position: int
    learned: int
    epoch: int
    seconds: float
    rate: float
    lately: int
    training: Curve
    test: Curve
    confusion: list[list[int]] | None
    confusion_of: str
    link: dict[str, int | None]
    end: End | None

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        heading, left = self.heading, self.heading.samples - self.position
        return {
            "name": heading.name,
            "design": heading.design,
            "port": heading.port,
            "loss_name": heading.loss,
            "classes": heading.classes,
            "samples": heading.samples,
            "epochs": heading.epochs,
            "lesson": heading.lesson,
            "position": self.position,
            "learned": self.learned,
            "epoch": self.epoch,
            "seconds": self.seconds,
            "rate": self.rate,
            "seconds_left": left / self.rate if self.rate and not self.end else None,
            "lately": self.lately,
            "training": vars(self.training),
            "test": vars(self.test),
            "confusion": self.confusion,
            "confusion_of": self.confusion_of,
            "link": self.link,
            "end": vars(self.end) if self.end else None,
        }


def state_of(entries: Sequence[Entry]) -> State:
    """The state that a journal tells of."""
    heading = entries[0]
    assert isinstance(heading, Heading)
    blocks = [entry for entry in entries if isinstance(entry, Block)]
    end = entries[-1] if isinstance(entries[-1], End) else None
    last = blocks[-1] if blocks else Block(0, 0, True, 0.0, (), (), 0.0)
    learned = sum(block.samples for block in blocks if block.train)
    lately = max(min(heading.lesson, 20), heading.lesson // 10)
    epoch = min(heading.epochs, last.position // max(1, heading.lesson + heading.test) + 1)
    confusion, confusion_of = confused(heading, blocks)
    return State(
        heading=heading,
        position=last.position,
        learned=learned,
        epoch=epoch,
        seconds=last.seconds,
        rate=rate(blocks),
        lately=lately,
        training=moving(blocks, lately),
        test=tested(blocks, heading.test),
        confusion=confusion,
        confusion_of=confusion_of,
        link={
            name: getattr(last, name)
            for name in ("sent", "received", "resent", "damaged", "restored", "compared")
        },
        end=end,
    )


def rate(blocks: Sequence[Block]) -> float:
    """Samples a second over the last seconds."""
    if not blocks:
        return 0.0
    last = blocks[-1]
    before = [block for block in blocks if block.seconds < last.seconds - RECENT_S]
    first = before[-1] if before else Block(0, 0, True, 0.0, (), (), 0.0)
    passed = last.seconds - first.seconds
    return (last.position - first.position) / passed if passed > 0 else 0.0


def moving(blocks: Sequence[Block], lately: int) -> Curve:
    """The means over about the last so many samples that were learned from."""
    learned = [block for block in blocks if block.train]
    sums = np.zeros((len(learned) + 1, 4))  # Samples, loss, answers, right ones, up to each block.
    for i, block in enumerate(learned):
        sums[i + 1] = sums[i] + [block.samples, block.loss, len(block.wanted), block.right]
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, np.searchsorted(sums[:, 0], sums[1:, 0] - lately, "right") - 1)
    samples, loss, answers, right = (sums[ends] - sums[starts]).T
    full = np.flatnonzero((sums[1:, 0] >= lately) | (ends == len(learned)))
    kept = full[np.unique(np.linspace(0, len(full) - 1, POINTS).astype(int))] if len(full) else full
    return Curve(
        sums[1:, 0][kept].astype(int).tolist(),
        (loss / np.maximum(1, samples))[kept].tolist(),
        (right / np.maximum(1, answers))[kept].tolist() if answers.sum() else [],
    )


def tested(blocks: Sequence[Block], test: int) -> Curve:
    """The means over the `test` samples that follow each epoch, once they are all there."""
    curve, learned, now = Curve([], [], []), 0, list[Block]()
    for block in blocks:
        if block.train:
            learned += block.samples
            continue
        now.append(block)
        if sum(b.samples for b in now) == test:
            answers = sum(len(b.wanted) for b in now)
            curve.learned.append(learned)
            curve.loss.append(sum(b.loss for b in now) / sum(b.samples for b in now))
            if answers:
                curve.accuracy.append(sum(b.right for b in now) / answers)
            now = []
    return curve


def confused(heading: Heading, blocks: Sequence[Block]) -> tuple[list[list[int]] | None, str]:
    """The confusion matrix of the last whole test, or of the last samples learned from."""
    n = heading.classes
    if not n:
        return None, ""
    whole, position = heading.lesson + heading.test, blocks[-1].position if blocks else 0
    if heading.test and (epochs := position // whole):
        start, end = epochs * whole - heading.test, epochs * whole
        of = f"{heading.test:,} test samples after epoch {epochs}"
    else:
        epoch = max(0, position - 1) // max(1, whole)
        start, end = epoch * whole, epoch * whole + heading.lesson
        of = f"samples of epoch {epoch + 1}, each before it was learned from"
    chosen = [block for block in blocks if start <= block.first and block.position <= end]
    counts = np.zeros((n, n), np.int64)
    for block in chosen:
        np.add.at(counts, (np.array(block.wanted, int), np.array(block.said, int)), 1)
    return counts.tolist(), of


class Watcher:
    """A run to look at again and again, by the name of the file of its checkpoints."""

    def __init__(self, checkpoint: Path | str) -> None:
        self.checkpoint = Path(checkpoint)
        self._follower = Follower(beside(checkpoint))

    def state(self) -> State:
        """The state of now. CatgradError if there is no such run."""
        return state_of(self._follower.update())

    @property
    def silent_s(self) -> float:
        """How long nothing has been written, as of the last `state`."""
        return max(0.0, time.time() - self._follower.changed_s)

    def weights(self, state: State, known: int | None = None) -> dict[str, Any] | None:
        """The parameters of the last checkpoint as pictures, and what was counted until then.

        None if there is no checkpoint of this run, or it is the one after `known` samples.
        """
        try:
            checkpoint = Checkpoint.read(self.checkpoint)
        except CatgradError:
            return None
        if checkpoint.design != state.heading.design or checkpoint.position == known:
            return None
        samples, forward, learning = checkpoint.counters
        return {
            "position": checkpoint.position,
            "counters": {
                "samples": samples,
                "forward_saturations": forward,
                "learning_saturations": learning,
            },
            "pictures": pictures(checkpoint.parameters, state.heading.weights),
        }
