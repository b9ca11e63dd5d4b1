"""How much room an operation takes, and where wires meet it."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.draw.shapes import Picture
from catgrad.draw.text import CAPTION, caption_width

# All lengths are in px.
PADDING = 12  # beside the text in a box
PITCH = 22  # between neighbouring ports of a box
LINE = CAPTION + 4  # between lines of text in a box
TITLE = 32  # of the height of a frame, for its name
FOOT = 12  # of the height of a frame, below its program


@dataclass(frozen=True)
class Outline:
    """A rectangle with ports.

    `reads` and `writes` are the ports on the left and on the right side, from top to bottom: how
    far below the middle each is. Inside there are `lines` of text, or the program `inside` under
    the first of them.
    """

    width: float
    height: float
    reads: tuple[float, ...]
    writes: tuple[float, ...]
    lines: tuple[str, ...] = ()
    inside: Picture | None = None


START = Outline(0.0, 12.0, (), (0.0,))  # of a wire, with its label above it
END = Outline(0.0, 12.0, (0.0,), ())
LANE = Outline(0.0, 2.0, (0.0,), (0.0,))  # a wire that passes by


def join(writers: int) -> Outline:
    """A dot where wires meet."""
    return Outline(0.0, 12.0, (0.0,) * writers, (0.0,))


def box(text: str, reads: int, writes: int) -> Outline:
    """A box as large as its text and its ports need."""
    lines = tuple(text.splitlines())
    width = max(map(caption_width, lines), default=0.0) + 2 * PADDING
    height = float(max(LINE * len(lines) + 2 * 8, PITCH * max(reads, writes)))
    return Outline(width, height, _evenly(reads), _evenly(writes), lines)


def frame_width(title: str) -> float:
    """The least width of a frame."""
    return caption_width(title) + 2 * PADDING


def frame(title: str, inside: Picture) -> Outline:
    """A frame around a program, whose wires go on outside."""
    # An even height, so that level lines run along rows of pixels both inside and outside.
    height = 2.0 * round((TITLE + inside.height + FOOT) / 2)
    entries, exits = (
        tuple(TITLE + y - height / 2 for y in side) for side in (inside.entries, inside.exits)
    )
    return Outline(inside.width, height, entries, exits, (title,), inside)


def _evenly(ports: int) -> tuple[float, ...]:
    return tuple(PITCH * (number - (ports - 1) / 2) for number in range(ports))
