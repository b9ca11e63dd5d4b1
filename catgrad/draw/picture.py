"""From columns and heights to shapes.

Inside a column every wire runs level. Curves live in the gaps between columns, where there are no
boxes and no text. So no wire meets a box that it does not belong to, and no curve crosses a text,
whatever the diagram.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import floor

from catgrad.draw.diagram import Diagram, Kind, Link, Port
from catgrad.draw.outline import TITLE
from catgrad.draw.shapes import Box, Frame, Picture, Stroke, Text
from catgrad.draw.text import type_width

# All lengths are in px.
RISE = 8  # of the middle of a label above its wire
SPACE = 6  # beside the label of a wire
STUB = 16  # the least level run of a wire out of a box
EDGE = 12  # beside an operation at the left or right end of a picture
LEAST, MOST, SLOPE = 28, 130, 0.35  # a gap is wider where a wire has to climb further


def paint(d: Diagram, middles: list[float], least: float = 0.0) -> Picture:
    """Draw `d` with the middle of each item at the height given for it.

    The picture is at least `least` wide.
    """
    labels = _labels(d)
    spans = _spans(d, labels, middles)
    if spans and d.items[d.columns[-1][0]].kind is Kind.OUTPUT:
        spans[-1] = replace(spans[-1], end=max(spans[-1].end, least))
    places = _Places(d, spans, middles)
    drawn = places.canvas(least)
    for wire in d.wires:
        drawn.wires.append([places.stroke(link) for link in wire.links])
        branches = Counter(link.start for link in wire.links)
        drawn.dots += [places.fork(port) for port, count in branches.items() if count > 1]
        if not branches and d.items[wire.start[0]].kind is not Kind.JOIN:
            drawn.wires.append([places.stub(wire.start)])
            drawn.dots.append(places.fork(wire.start))
    for i, item in enumerate(d.items):
        if item.kind is Kind.BOX:
            places.operation(drawn, i)
        elif item.kind is Kind.JOIN:
            drawn.dots.append((places.left(i), places.middle(i)))
    for port, text in labels.items():
        x, y = places.label(port)
        drawn.labels.append(Text(x + SPACE, y - RISE, text))
    return drawn


@dataclass(frozen=True)
class _Span:
    """Where a column lies: its boxes from `left` to `right`, stubs and labels up to `end`."""

    left: float
    right: float
    end: float


@dataclass(frozen=True)
class _Places:
    """Where the items and ports of a diagram are."""

    diagram: Diagram
    spans: list[_Span]
    middles: list[float]

    def canvas(self, least: float) -> Picture:
        """An empty picture as large as the diagram."""
        items, last = self.diagram.items, self.diagram.columns[-1:]
        inside = bool(last) and items[last[0][0]].kind is not Kind.OUTPUT
        width = (self.spans[-1].end if self.spans else 0.0) + (EDGE if inside else 0)
        lowest = (self.middle(i) + item.outline.height / 2 for i, item in enumerate(items))
        entries, exits = (
            tuple(self.middle(i) for i, item in enumerate(items) if item.kind is kind)
            for kind in (Kind.INPUT, Kind.OUTPUT)
        )
        return Picture(max(width, least), max(lowest, default=0.0), entries, exits)

    def span(self, i: int) -> _Span:
        return self.spans[self.diagram.items[i].column]

    def middle(self, i: int) -> float:
        # Level lines are sharp when they run along rows of pixels. Halves all go one way, so that
        # what stands at one height stays there.
        return float(floor(round(self.middles[i], 3) + 0.5))

    def left(self, i: int) -> float:
        """The left side of an item: boxes and joins stand in the middle of their column."""
        item, span = self.diagram.items[i], self.span(i)
        if item.kind in (Kind.BOX, Kind.JOIN):
            return (span.left + span.right - item.outline.width) / 2
        return span.left

    def leaves(self, port: Port) -> tuple[float, float]:
        """A right port."""
        i, number = port
        outline = self.diagram.items[i].outline
        return self.left(i) + outline.width, self.middle(i) + outline.writes[number]

    def arrives(self, port: Port) -> tuple[float, float]:
        """A left port; a wire to an output goes on under its label."""
        i, number = port
        item = self.diagram.items[i]
        x = self.span(i).end if item.kind is Kind.OUTPUT else self.left(i)
        return x, self.middle(i) + item.outline.reads[number]

    def fork(self, port: Port) -> tuple[float, float]:
        """Where the branches of a wire part."""
        return self.span(port[0]).end, self.leaves(port)[1]

    def label(self, port: Port) -> tuple[float, float]:
        """Where a wire starts, or where one reaches its output."""
        i, _ = port
        output = self.diagram.items[i].kind is Kind.OUTPUT
        return (self.left(i), self.middle(i)) if output else self.leaves(port)

    def stroke(self, link: Link) -> Stroke:
        x0, y0 = self.leaves(link.start)
        x1, y1 = self.arrives(link.end)
        return Stroke((x0, self.span(link.start[0]).end, self.span(link.end[0]).left, x1), (y0, y1))

    def stub(self, port: Port) -> Stroke:
        """A wire that nobody reads."""
        x, y = self.leaves(port)
        end, _ = self.fork(port)
        return Stroke((x, end, end, end), (y, y))

    def operation(self, drawn: Picture, i: int) -> None:
        """Add a box, or a frame with what is inside."""
        o = self.diagram.items[i].outline
        x, y = self.left(i), self.middle(i) - o.height / 2
        if o.inside is None:
            drawn.boxes.append(Box(x, y, o.width, o.height, o.lines))
        else:
            drawn.frames.append(Frame(x, y, o.width, o.height, *o.lines))
            drawn.add(o.inside, x, y + TITLE)


def _labels(d: Diagram) -> dict[Port, str]:
    """What stands above the wires: once where a wire starts, and again where it leaves the diagram,
    unless it started just before."""
    shown = {wire.start: wire.text for wire in d.wires}
    for wire in d.wires:
        for link in wire.links:
            if d.items[link.end[0]].kind is Kind.OUTPUT and link.start != wire.start:
                shown[link.end] = wire.text
    return {port: text for port, text in shown.items() if text}


def _spans(d: Diagram, labels: dict[Port, str], middles: list[float]) -> list[_Span]:
    """Columns from left to right, each as wide as its widest item with the labels beside it."""

    def climb(link: Link) -> float:
        (i, write), (j, read) = link.start, link.end
        leaves = middles[i] + d.items[i].outline.writes[write]
        return abs(leaves - middles[j] - d.items[j].outline.reads[read])

    widths = [item.outline.width for item in d.items]
    words = [0.0] * len(d.items)
    for (i, _), text in labels.items():
        words[i] = max(words[i], type_width(text) + 2 * SPACE)
    spans: list[_Span] = []
    x = 0.0 if d.columns and d.items[d.columns[0][0]].kind is Kind.INPUT else float(EDGE)
    for column, gap in zip(d.columns, d.gaps, strict=True):
        wide = max(widths[i] for i in column)
        reach = max((wide + widths[i]) / 2 + words[i] for i in column)
        spans.append(_Span(x, x + wide, x + max(wide + STUB, reach)))
        x = spans[-1].end + min(max(LEAST, SLOPE * max(map(climb, gap), default=0.0)), MOST)
    return spans
