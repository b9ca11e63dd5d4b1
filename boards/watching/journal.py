"""The journal of a run: a file of lines, each a JSON object, that anybody may read meanwhile."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from threading import Lock
from typing import Any, Self

from catgrad.errors import CatgradError
from catgrad.publish import publish


@dataclass(frozen=True)
class Weights:
    """An array of parameters: what it is called, its shape, and what a mantissa of 1 stands for.

    `inputs` is the shape of what each column of a matrix is multiplied with, if that is a picture.
    """

    name: str
    shape: tuple[int, ...]
    step: float
    inputs: tuple[int, int] | None = None


@dataclass(frozen=True)
class Heading:
    """What a run is; the first line of a journal.

    - `name`, `design`, `port`: the design, its digest, and where the board is.
    - `epochs`, `lesson`, `test`: in each epoch so many samples are learned from, and then so many
      only predicted.
    - `loss`: what the loss is called, and in which unit it is.
    - `classes`: how many classes a target names one of; 0 where targets are other numbers.
    - `weights`: the arrays of parameters, in the order of a checkpoint.
    """

    name: str
    design: str
    port: str
    epochs: int
    lesson: int
    test: int
    loss: str
    classes: int
    weights: tuple[Weights, ...]

    @property
    def samples(self) -> int:
        """How many there are in all."""
        return self.epochs * (self.lesson + self.test)


@dataclass(frozen=True)
class Block:
    """Neighbouring samples, all learned from or none.

    - `first`, `position`: the number of the first sample, and that of the one after the last.
    - `loss`: the sum over them, each before it was learned from.
    - `wanted`, `said`: where targets name classes, each target and each answer.
    - `seconds`: since the run began, in which it was under way.
    - `sent`, `received`, `resent`, `damaged`, `restored`: bytes to the board and from it, requests
      that were sent again, frames that the board dropped, returns to a checkpoint.
    - `compared`: integers that were equal to those of the integer program; None without it.
    """

    first: int
    position: int
    train: bool
    loss: float
    wanted: tuple[int, ...]
    said: tuple[int, ...]
    seconds: float
    sent: int = 0
    received: int = 0
    resent: int = 0
    damaged: int = 0
    restored: int = 0
    compared: int | None = None

    @property
    def samples(self) -> int:
        """How many they are."""
        return self.position - self.first

    @property
    def right(self) -> int:
        """How many answers are those that were wanted."""
        return sum(a == b for a, b in zip(self.wanted, self.said, strict=True))


@dataclass(frozen=True)
class End:
    """How a run ended: `how` is "finished", "interrupted" or "failed", and then `message` why."""

    how: str
    message: str = ""


Entry = Heading | Block | End
KINDS: dict[str, type[Entry]] = {"run": Heading, "block": Block, "end": End}


def line(entry: Entry) -> str:
    """An entry as a line of a journal.

    >>> line(End("finished"))
    '{"kind": "end", "how": "finished", "message": ""}\\n'
    """
    [kind] = [kind for kind, type in KINDS.items() if isinstance(entry, type)]
    return json.dumps({"kind": kind, **asdict(entry)}) + "\n"


def entry(line: str) -> Entry:
    """The entry that a line tells; ValueError if it tells none."""
    try:
        given = json.loads(line)
        kind = KINDS[given.pop("kind")]
        wanted = {field.name for field in fields(kind)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
            if name in wanted
        }
        if kind is Heading:
            values["weights"] = tuple(weights(array) for array in values["weights"])
        return kind(**values)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{line!r} is no entry of a journal") from error


def weights(given: dict[str, Any]) -> Weights:
    """One array of a heading."""
    inputs = None if given["inputs"] is None else tuple(given["inputs"])
    return Weights(given["name"], tuple(given["shape"]), given["step"], inputs)


def beside(checkpoint: Path | str) -> Path:
    """Where the journal of a run is whose checkpoints are in this file.

    >>> beside("build/digits.npz")
    PosixPath('build/digits.jsonl')
    """
    return Path(checkpoint).with_suffix(".jsonl")


class Journal:
    """A journal to write: each entry is a line that is there at once, whole or not at all."""

    def __init__(self, path: Path, entries: Iterable[Entry]) -> None:
        publish(path, "".join(map(line, entries)))
        self._file = path.open("ab", buffering=0)

    @classmethod
    def begin(cls, path: Path, heading: Heading) -> Self:
        """Begin one; it takes the place of another."""
        return cls(path, [heading])

    @classmethod
    def resume(cls, path: Path, heading: Heading, position: int) -> Self:
        """Go on after the first `position` samples: later ones and an end are forgotten."""
        before = Follower(path).update() if path.exists() and path.stat().st_size else []
        blocks = [e for e in before if isinstance(e, Block) and e.position <= position]
        return cls(path, [heading, *blocks])

    def write(self, entry: Entry) -> None:
        """Add an entry."""
        self._file.write(line(entry).encode())

    def close(self) -> None:
        """No more is written."""
        self._file.close()


class Follower:
    """A journal to read while it is written, by any number of threads.

    CatgradError if there is none.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file_number, self._offset = 0, 0
        self._entries: list[Entry] = []
        self._lock = Lock()
        self.changed_s = 0.0
        """When the file last changed, in seconds of the clock of the system."""

    def update(self) -> list[Entry]:
        """All entries of now: a heading, blocks in the order of their samples, perhaps an end.

        Where a run went back to a checkpoint, what came after that is not among them.
        """
        with self._lock:
            return self._update()

    def _update(self) -> list[Entry]:
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_ino, 0) != (self._file_number, max(0, self._offset - status.st_size)):
                    self._file_number, self._offset, self._entries = status.st_ino, 0, []
                file.seek(self._offset)
                data = file.read()
        except OSError as error:
            raise CatgradError(
                f"There is no journal {self.path} of a run; start one with `catgrad train`, or "
                f"name the .npz of its checkpoints."
            ) from error
        self.changed_s = status.st_mtime
        whole = data[: data.rfind(b"\n") + 1]  # What follows is being written.
        self._offset += len(whole)
        for text in whole.decode(errors="replace").splitlines():
            self._add(text)
        if not self._entries:
            raise CatgradError(
                f"{self.path} is not the journal of a run; name the .npz of its checkpoints."
            )
        return list(self._entries)

    def _add(self, text: str) -> None:
        """Take one line; a damaged one tells nothing."""
        try:
            new = entry(text)
        except ValueError:
            return
        entries = self._entries
        if isinstance(new, Heading):
            entries.clear()
        elif not entries:
            return
        if isinstance(new, Block):
            while isinstance(last := entries[-1], Block) and last.position > new.first:
                entries.pop()
        entries.append(new)
