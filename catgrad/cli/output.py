"""What a command prints: progress where somebody watches, lines where nobody does, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar

from rich.console import Console
from rich.status import Status


class Moving(Protocol):
    """Something that stays in its place on a terminal, and changes there."""

    def start(self) -> None:
        """Appear."""

    def stop(self) -> None:
        """Stay as it is, or go."""


M = TypeVar("M", bound=Moving)


class Shown(Generic[M]):
    """What is shown while something takes long: moving on a terminal, lines elsewhere.

    `moving` is what moves, between `with` and its end on a terminal, and else None. All of it goes
    to the standard error output, so that what a command prints can be piped.
    """

    def __init__(self, make: Callable[[Console], M], quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self.moving: M | None = None
        self._make = make

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.moving = self._make(self.console)
            self.moving.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.moving is not None:
            self.moving.stop()


class Steps(Shown[Status]):
    """The long steps of a command, told one after another.

    On a terminal the step that is under way is shown beside a spinner; elsewhere each is a line of
    its own.
    """

    def __init__(self, quiet: bool = False) -> None:
        super().__init__(lambda console: console.status(""), quiet)

    def __call__(self, step: str) -> None:
        """Say what is done from now on."""
        if self.moving is not None:
            self.moving.update(f"{step} ...")
        else:
            self.console.print(f"{step} ...", markup=False)


def say(text: str) -> None:
    """Print for people."""
    Console().print(text, highlight=False, soft_wrap=True, markup=False)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, numbers to the right, each line whole however narrow the terminal is."""
    columns = list(zip(headings, *rows, strict=True))
    right = [all(cell.replace(",", "").isdigit() for cell in column[1:]) for column in columns]
    widths = [max(map(len, column)) for column in columns]
    for line in zip(*columns, strict=True):
        cells = zip(line, widths, right, strict=True)
        say("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip())


def print_json(value: Any) -> None:
    """Print for programs: a value, or a text that is JSON already."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2)
    sys.stdout.write(text.rstrip("\n") + "\n")
