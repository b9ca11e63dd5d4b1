"""From shapes to SVG."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from catgrad.draw.outline import LINE, PADDING
from catgrad.draw.shapes import Box, Frame, Stroke, Text
from catgrad.draw.sheet import Sheet
from catgrad.draw.text import CAPTION, CAPTION_FONT, HEADING, TYPE, TYPE_FONT

# Rules are for `.diagram` only, since an SVG inside a web page shares its style sheet.
STYLE = f"""\
.diagram .ground {{ fill: #fcfcfb }}
.diagram .wire {{ fill: none; stroke: #7a8699; stroke-width: 1.5; stroke-linecap: round }}
.diagram .dot {{ fill: #4b5768 }}
.diagram .box {{ fill: #ffffff; stroke: #34415a; stroke-width: 1.25 }}
.diagram .frame {{ fill: #34415a; fill-opacity: 0.045; stroke: #9aa5b8; stroke-width: 1.25 }}
.diagram text {{ dominant-baseline: central }}
.diagram .caption {{ font: 500 {CAPTION}px {CAPTION_FONT}; fill: #1d2738; text-anchor: middle }}
.diagram .name {{ font: 600 {CAPTION}px {CAPTION_FONT}; fill: #1d2738 }}
.diagram .title {{ font: 600 {CAPTION}px {CAPTION_FONT}; fill: #5a6780 }}
.diagram .heading {{ font: 600 {HEADING}px {CAPTION_FONT}; fill: #1d2738 }}
.diagram .label {{ font: {TYPE}px {TYPE_FONT}; fill: #66718a }}
"""


def document(sheet: Sheet) -> str:
    """A sheet as an SVG document of its own."""
    picture = sheet.picture
    width, height = _number(picture.width), _number(picture.height)
    size = f'width="{width}" height="{height}"'
    view = f'viewBox="0 0 {width} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" {size} {view}>',
            f"<style>\n{STYLE}</style>",
            f'<rect class="ground" {size}/>',
            *(line for frame in picture.frames for line in _frame(frame)),
            *(_wire(strokes) for strokes in picture.wires if strokes),
            *(
                f'<circle class="dot" cx="{_number(x)}" cy="{_number(y)}" r="3"/>'
                for x, y in picture.dots
            ),
            *(line for box in picture.boxes for line in _box(box)),
            *(_text("heading", text) for text in sheet.headings),
            *(_text("name", text) for text in sheet.names),
            *(_text("label", text) for text in picture.labels),
            "</svg>\n",
        ]
    )


def _number(x: float) -> str:
    """At most one decimal place: a tenth of a pixel is not seen."""
    return f"{x:.1f}".removesuffix(".0")


def _wire(strokes: list[Stroke]) -> str:
    """One path for the whole wire, so that pieces which overlap do not show."""
    path, pen = "", ("", "")
    for stroke in strokes:
        a, b, c, d = map(_number, stroke.x)
        y0, y1 = map(_number, stroke.y)
        middle = _number((stroke.x[1] + stroke.x[2]) / 2)
        path += "" if pen == (a, y0) else f"M{a} {y0}"
        path += f"H{d}" if y0 == y1 else f"H{b}C{middle} {y0} {middle} {y1} {c} {y1}H{d}"
        pen = d, y1
    return f'<path class="wire" d="{path}"/>'


def _box(box: Box) -> Iterator[str]:
    x, y, width, height = map(_number, (box.x, box.y, box.width, box.height))
    yield f'<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
    first = box.y + box.height / 2 - LINE * (len(box.lines) - 1) / 2
    for n, line in enumerate(box.lines):
        middle, level = _number(box.x + box.width / 2), _number(first + LINE * n)
        yield f'<text class="caption" x="{middle}" y="{level}">{escape(line)}</text>'


def _frame(frame: Frame) -> Iterator[str]:
    x, y, width, height = map(_number, (frame.x, frame.y, frame.width, frame.height))
    yield f'<rect class="frame" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
    yield _text("title", Text(frame.x + PADDING, frame.y + PADDING + 2, frame.title))


def _text(style: str, text: Text) -> str:
    x, y = _number(text.x), _number(text.y)
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    return f'<text class="{style}" x="{x}" y="{y}"{anchor}>{escape(text.text)}</text>'
