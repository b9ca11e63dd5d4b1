"""From columns and heights to shapes.

Inside a column every wire runs level. Curves live in the gaps between columns, where there are no
boxes and no text. So no wire meets a box that it does not belong to, and no curve crosses a text,
whatever the diagram.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from catgrad.draw.diagram import Diagram, Item, Kind, Link, Port
from catgrad.draw.placing import height, offset
from catgrad.draw.text import caption_width, type_width

# All lengths are in px, x to the right and y down.
MARGIN = 20
PADDING = 12  # beside the text in a box
RISE = 8  # of the middle of a label above its wire
SPACE = 6  # beside the label of a wire
STUB = 16  # the least level run of a wire out of a box
LEAST, MOST, SLOPE = 28, 130, 0.35  # a gap is wider where a wire has to climb further


@dataclass(frozen=True)
class Box:
    """A rectangle with its lines of text, centred."""

    x: float
    y: float
    width: float
    height: float
    lines: list[str]


@dataclass(frozen=True)
class Text:
    """One line that starts at `x`, or with ``anchor="end"`` ends there, around the height `y`."""

    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True)
class Stroke:
    """Level from ``x[0]`` to ``x[1]`` at ``y[0]``, a curve, level from ``x[2]`` to ``x[3]``."""

    x: tuple[float, float, float, float]
    y: tuple[float, float]


@dataclass
class Picture:
    """What there is to see: `names` of inputs and outputs, `labels` above wires."""

    width: float
    height: float
    wires: list[list[Stroke]] = field(default_factory=list)
    dots: list[tuple[float, float]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    names: list[Text] = field(default_factory=list)
    labels: list[Text] = field(default_factory=list)


def paint(d: Diagram, middles: list[float]) -> Picture:
    """Draw `d` with the middle of each item at the height given for it."""
    labels = _labels(d)
    frame = _Frame(d, _spans(d, labels, middles), middles)
    drawn = Picture(*frame.size())
    for wire in d.wires:
        drawn.wires.append([frame.stroke(link) for link in wire.links])
        branches = Counter(link.start for link in wire.links)
        drawn.dots += [frame.fork(port) for port, count in branches.items() if count > 1]
        if not branches and d.items[wire.start[0]].kind is not Kind.JOIN:
            drawn.wires.append([frame.stub(wire.start)])
            drawn.dots.append(frame.fork(wire.start))
    for i, item in enumerate(d.items):
        if item.kind is Kind.BOX:
            drawn.boxes.append(frame.box(i))
        elif item.kind is Kind.JOIN:
            drawn.dots.append((frame.left(i), frame.middle(i)))
        elif item.kind is Kind.INPUT and item.text:
            drawn.names.append(Text(frame.left(i) - SPACE, frame.middle(i), item.text, "end"))
        elif item.kind is Kind.OUTPUT and item.text:
            drawn.names.append(Text(frame.span(i).end + SPACE, frame.middle(i), item.text))
    for port, text in labels.items():
        x, y = frame.leaves(port)
        drawn.labels.append(Text(x + SPACE, y - RISE, text))
    return drawn


@dataclass(frozen=True)
class _Span:
    """Where a column lies: its boxes from `left` to `right`, stubs and labels up to `end`."""

    left: float
    right: float
    end: float


@dataclass(frozen=True)
class _Frame:
    """Where the items and ports of a diagram are."""

    diagram: Diagram
    spans: list[_Span]
    middles: list[float]

    def size(self) -> tuple[float, float]:
        items = self.diagram.items
        width = (self.spans[-1].end if self.spans else MARGIN) + _names(self.diagram, Kind.OUTPUT)
        lowest = (self.middle(i) + height(item) / 2 for i, item in enumerate(items))
        return width + MARGIN, max(lowest, default=MARGIN) + MARGIN

    def span(self, i: int) -> _Span:
        return self.spans[self.diagram.items[i].column]

    def middle(self, i: int) -> float:
        # Level lines are sharp when they run along rows of pixels.
        return MARGIN + round(self.middles[i])

    def left(self, i: int) -> float:
        """The left side of an item: boxes and joins stand in the middle of their column."""
        item, span = self.diagram.items[i], self.span(i)
        if item.kind in (Kind.BOX, Kind.JOIN):
            return (span.left + span.right - _width(item)) / 2
        return span.left

    def leaves(self, port: Port) -> tuple[float, float]:
        """A right port."""
        i, number = port
        item = self.diagram.items[i]
        return self.left(i) + _width(item), self.middle(i) + offset(item, number, item.writes)

    def arrives(self, port: Port) -> tuple[float, float]:
        """A left port; a wire to an output goes on under its label."""
        i, number = port
        item = self.diagram.items[i]
        x = self.span(i).end if item.kind is Kind.OUTPUT else self.left(i)
        return x, self.middle(i) + offset(item, number, item.reads)

    def fork(self, port: Port) -> tuple[float, float]:
        """Where the branches of a wire part."""
        return self.span(port[0]).end, self.leaves(port)[1]

    def stroke(self, link: Link) -> Stroke:
        x0, y0 = self.leaves(link.start)
        x1, y1 = self.arrives(link.end)
        return Stroke((x0, self.span(link.start[0]).end, self.span(link.end[0]).left, x1), (y0, y1))

    def stub(self, port: Port) -> Stroke:
        """A wire that nobody reads."""
        x, y = self.leaves(port)
        end, _ = self.fork(port)
        return Stroke((x, end, end, end), (y, y))

    def box(self, i: int) -> Box:
        item = self.diagram.items[i]
        y = self.middle(i) - height(item) / 2
        return Box(self.left(i), y, _width(item), height(item), item.text.splitlines())


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
    words: list[float] = [0.0] * len(d.items)
    for (i, _), text in labels.items():
        words[i] = max(words[i], type_width(text) + 2 * SPACE)
    spans = []
    x = MARGIN + _names(d, Kind.INPUT)
    for column, gap in zip(d.columns, d.gaps, strict=True):
        wide = max(_width(d.items[i]) for i in column)
        reach = max((wide + _width(d.items[i])) / 2 + words[i] for i in column)
        spans.append(_Span(x, x + wide, x + max(wide + STUB, reach)))
        climb = max((abs(middles[a.start[0]] - middles[a.end[0]]) for a in gap), default=0)
        x = spans[-1].end + min(max(LEAST, SLOPE * climb), MOST)
    return spans


def _width(item: Item) -> float:
    if item.kind is not Kind.BOX:
        return 0.0
    return max(map(caption_width, item.text.splitlines()), default=0.0) + 2 * PADDING


def _names(d: Diagram, kind: Kind) -> float:
    """How much room the names of the inputs or of the outputs take."""
    widths = [caption_width(item.text) for item in d.items if item.kind is kind and item.text]
    return max(widths, default=-SPACE) + SPACE
