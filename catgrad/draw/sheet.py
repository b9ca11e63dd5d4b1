"""Pictures below each other, with the names of their inputs and outputs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from catgrad.draw.picture import SPACE
from catgrad.draw.shapes import Picture, Text
from catgrad.draw.text import HEADING, caption_width, heading_width

MARGIN = 20  # px
APART = 28  # between a picture and the heading of the next one, px


@dataclass(frozen=True)
class Section:
    """One picture: its heading (may be empty), and names for its inputs and outputs."""

    heading: str
    picture: Picture
    inputs: Sequence[str]
    outputs: Sequence[str]


@dataclass
class Sheet:
    """All that there is to see: a picture as large as the sheet, headings and names."""

    picture: Picture
    headings: list[Text] = field(default_factory=list)
    names: list[Text] = field(default_factory=list)


def compose(sections: Sequence[Section]) -> Sheet:
    """Lay out sections from top to bottom."""
    sheet = Sheet(Picture(0.0, 0.0))
    y, right = float(MARGIN), 0.0
    for section in sections:
        if section.heading:
            sheet.headings.append(Text(MARGIN, y + HEADING / 2, section.heading))
            right = max(right, MARGIN + heading_width(section.heading))
            y += 2 * HEADING
        picture = section.picture
        x = MARGIN + _room(section.inputs)
        sheet.picture.add(picture, x, y)
        for heights, names, side, anchor in (
            (picture.entries, section.inputs, x - SPACE, "end"),
            (picture.exits, section.outputs, x + picture.width + SPACE, "start"),
        ):
            sheet.names += [
                Text(side, y + at, name, anchor)
                for at, name in zip(heights, names, strict=True)
                if name
            ]
        right = max(right, x + picture.width + _room(section.outputs))
        y += picture.height + APART
    sheet.picture.width = right + MARGIN
    sheet.picture.height = y - APART + MARGIN if sections else 2.0 * MARGIN
    return sheet


def _room(names: Sequence[str]) -> float:
    """How much room names take beside a picture."""
    return max((caption_width(name) + SPACE for name in names if name), default=0.0)
