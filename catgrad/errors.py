"""What every layer raises when its input is at fault."""

from __future__ import annotations

import linecache
import sys
import sysconfig
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from textwrap import dedent, indent
from types import FrameType

_PROJECT = Path(__file__).parents[1]
_OURS = tuple(f"{_PROJECT / package}/" for package in ("catgrad", "sim", "boards"))
_STDLIB, _INSTALLED = (f"{sysconfig.get_path(kind)}/" for kind in ("stdlib", "purelib"))

_LINES = 8
"""How many lines of an expression a place shows."""


@dataclass(frozen=True)
class Place:
    """Where in a user's program a call into catgrad stands.

    `text` is the source from `line` to the end of the expression, empty where there is no source.
    """

    file: str
    line: int
    function: str
    text: str

    def __str__(self) -> str:
        head = f"at {self.file}:{self.line}, in {self.function}"
        return f"{head}:\n{indent(self.text, '    ')}" if self.text else head


class CatgradError(ValueError):
    """One clear sentence about bad input: what was found, what was expected, where, and what to do.

    Every error that a user of catgrad can cause is of this class, so that the command line can
    print the sentence and exit with a non-zero status, without a traceback.

    `place` is the line of the user's own program that led here, None where there is none. A
    traceback shows it as a note below the sentence.
    """

    place: Place | None

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.place = users_place()
        if self.place is not None:
            self.add_note(str(self.place))


def users_place() -> Place | None:
    """The innermost line now running that belongs neither to this project nor to Python itself."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    return frame and _place(frame)


def _is_ours(frame: FrameType) -> bool:
    # The methods that `dataclass` writes have no file of their own, but their module has one.
    file = frame.f_globals.get("__file__") or frame.f_code.co_filename
    if file.startswith(_OURS) or file.startswith(("<catgrad ", "<frozen ")):
        return True
    return file.startswith(_STDLIB) and not file.startswith(_INSTALLED)


def _place(frame: FrameType) -> Place:
    code = frame.f_code
    # The instruction that runs knows where its whole expression begins and ends.
    positions = next(islice(code.co_positions(), frame.f_lasti // 2, None), (None, None))
    first, last = positions[0] or frame.f_lineno, positions[1] or frame.f_lineno
    lines = [
        linecache.getline(code.co_filename, i, frame.f_globals) for i in range(first, last + 1)
    ]
    return Place(code.co_filename, first, code.co_name, _excerpt(lines))


def _excerpt(lines: list[str]) -> str:
    """The lines without their common indent, those in the middle left out where they are many."""
    shown = dedent("".join(lines)).strip("\n").splitlines()
    if len(shown) > _LINES:
        shown = [*shown[: _LINES // 2], "...", *shown[-_LINES // 2 :]]
    return "\n".join(shown)
