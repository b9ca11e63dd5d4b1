"""A run on the terminal: a view that stays in its place, or lines where nobody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from boards.watching.server import PORT
from boards.watching.state import State
from catgrad.cli.output import Shown

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 48


def add_serve(parser: Any) -> None:
    """The option of commands that can serve a page about a run."""
    parser.add_argument(
        "--serve",
        metavar="PORT",
        type=int,
        nargs="?",
        const=PORT,
        help=f"a page about it, for browsers of this computer ({PORT})",
    )


class View(Shown[Live]):
    """Shows the states of a run, one after the other, on the standard error output."""

    def __init__(self, quiet: bool = False) -> None:
        super().__init__(lambda console: Live(console=console, refresh_per_second=8), quiet)
        self._said = -1

    def show(self, state: State) -> None:
        """Show a state: on a terminal in the place of the one before."""
        if self.moving is not None:
            self.moving.update(picture(state))
        elif self._due(state):
            self.console.print(sentence(state), markup=False, soft_wrap=True)

    def _due(self, state: State) -> bool:
        """Whether the run is far enough for another line: a tenth of an epoch, or a test."""
        tenth = max(1, state.heading.lesson // 10)
        now = state.learned // tenth + len(state.test.learned) * state.heading.samples
        if now == self._said:
            return False
        self._said = now
        return True


def sentence(state: State) -> str:
    """A state as a line."""
    heading, training, test = state.heading, state.training, state.test
    parts = [f"sample {state.position:,} of {heading.samples:,}, epoch {state.epoch}"]
    if training.loss:
        parts.append(f"loss {training.loss[-1]:.4g}")
    if training.accuracy:
        parts.append(f"accuracy {training.accuracy[-1]:.1%}")
    if test.accuracy:
        parts.append(f"test accuracy {test.accuracy[-1]:.1%}")
    elif test.loss:
        parts.append(f"test loss {test.loss[-1]:.4g}")
    parts.append(f"{state.rate:,.0f} samples/s")
    if state.link["compared"] is not None:
        parts.append(f"{state.link['compared']:,} integers equal")
    return ", ".join(parts)


def picture(state: State) -> RenderableType:
    """A state as a picture of a few lines."""
    heading, training, test = state.heading, state.training, state.test
    head = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=heading.samples, completed=state.position, width=WIDTH)
    left = state.to_json()["seconds_left"]
    time = "" if left is None else f", {left:,.0f} s left"
    count = f"{state.position:,} of {heading.samples:,} samples"
    head.add_row(bar, Text(f"{count}, {state.rate:,.0f} a second{time}"))
    rows = Table.grid(padding=(0, 2))
    if training.loss:
        rows.add_row("loss", Text(spark(training.loss), "cyan"), f"{training.loss[-1]:.4g}")
    if training.accuracy:
        line = Text(spark(training.accuracy, 0.0, 1.0), "green")
        rows.add_row("accuracy", line, f"{training.accuracy[-1]:.1%}")
    if test.accuracy:
        line = Text(spark(test.accuracy, 0.0, 1.0), "green")
        rows.add_row("test accuracy", line, f"{test.accuracy[-1]:.1%}")
    elif test.loss:
        rows.add_row("test loss", Text(spark(test.loss), "cyan"), f"{test.loss[-1]:.4g}")
    link = f"{heading.port}: {state.link['resent']} requests sent again, "
    link += f"{state.link['restored']} returns to a checkpoint"
    if state.link["compared"] is not None:
        link += f"; {state.link['compared']:,} integers compared, all equal"
    title = Text(f"{heading.name}, epoch {state.epoch} of {heading.epochs}", "bold")
    return Group(title, head, rows, Text(link, "bright_black"))


def spark(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """Numbers as a row of bars, the newest to the right.

    >>> spark([0.0, 0.5, 1.0])
    '▁▅█'
    """
    step = max(1, -(-len(values) // WIDTH))
    few = [values[i] for i in range(len(values) - 1, -1, -step)][::-1]
    low, high = min(few) if low is None else low, max(few) if high is None else high
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * scale)] for value in few)


def confusion_table(state: State) -> str:
    """The confusion matrix as text: a row for each target, a column for each answer."""
    counts = state.confusion or []
    width = max([3, *(len(f"{n:,}") for row in counts for n in row)]) + 1
    lines = [f"answers (columns) to targets (rows): {state.confusion_of}"]
    lines.append(" " * 4 + "".join(f"{i:>{width}}" for i in range(len(counts))))
    for i, row in enumerate(counts):
        cells = "".join(f"{n:,}".rjust(width) if n else "·".rjust(width) for n in row)
        lines.append(f"{i:>4}{cells}")
    return "\n".join(lines)
