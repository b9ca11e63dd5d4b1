"""What a command prints: progress where somebody watches, lines where nobody does, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.status import Status


class Steps:
    """The long steps of a command, told one after another.

    On a terminal the step that is under way is shown beside a spinner; elsewhere each is a line of
    its own. Both go to the standard error output, so that what a command prints can be piped.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._status: Status | None = None

    def __call__(self, step: str) -> None:
        """Say what is done from now on."""
        if self._status is not None:
            self._status.update(f"{step} ...")
        else:
            self._console.print(f"{step} ...", markup=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()


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
