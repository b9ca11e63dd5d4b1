"""How much room text takes, in fonts that the reader's system chooses."""

from __future__ import annotations

CAPTION = 13  # size of the text in boxes and of names, px
TYPE = 10  # size of the labels of wires, px
HEADING = 16  # size of the text above a picture, px

CAPTION_FONT = "system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif"
TYPE_FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def caption_width(text: str) -> float:
    """An upper bound on the width of one line in the font of boxes, px."""
    return CAPTION * sum(map(_ems, text))


def heading_width(text: str) -> float:
    """An upper bound on the width of one line of a heading, px."""
    return HEADING * sum(map(_ems, text))


def type_width(text: str) -> float:
    """An upper bound on the width of one line in the font of wire labels, px."""
    return TYPE * sum(0.61 if character.isascii() else 1.0 for character in text)


def _ems(character: str) -> float:
    """The width of a character in DejaVu Sans, the widest of the usual fonts, rounded up."""
    if character in " ijlftrIJ.,:;'|!()[]/-":
        return 0.42
    if character in "mwMW@%#+<=>^~" or not character.isascii():
        return 1.0
    return 0.79 if character.isupper() or character == "&" else 0.64
