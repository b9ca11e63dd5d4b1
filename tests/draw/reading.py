"""What a reader sees in a picture: shapes with their positions, and the program they mean."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
from PIL import ImageFont

from catgrad.hypergraph import FiniteFunction, Hypergraph, Labels, OpenHypergraph, SegmentedArray

SVG = "{http://www.w3.org/2000/svg}"
SAMPLES = 16  # points on each curve

Point = tuple[float, float]


@dataclass(frozen=True)
class Rectangle:
    """Left, top, right, bottom, in px."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, point: Point, inset: float = 0.5) -> bool:
        """Whether a point is inside, and not just on the rim."""
        x, y = point
        return (
            self.left + inset < x < self.right - inset
            and self.top + inset < y < self.bottom - inset
        )

    def rim(self, point: Point) -> bool:
        """Whether a point is on the left or the right side."""
        x, y = point
        return self.top < y < self.bottom and (_near(x, self.left) or _near(x, self.right))

    def meets(self, other: Rectangle) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: Rectangle) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True)
class Box:
    """An operation."""

    rectangle: Rectangle
    text: str


@dataclass(frozen=True)
class Wire:
    """A path: the points where its level runs and curves start or end, and points between them."""

    joints: list[Point]
    points: list[Point]


@dataclass(frozen=True)
class Text:
    """A line of text as wide as it is in a wide font."""

    style: str
    text: str
    anchor: Point
    rectangle: Rectangle


class Picture:
    """An SVG document, taken apart."""

    def __init__(self, svg: str) -> None:
        root = ElementTree.fromstring(svg)
        shapes = root.findall
        self.canvas = Rectangle(0, 0, float(root.attrib["width"]), float(root.attrib["height"]))
        self.wires = [_wire(path.attrib["d"]) for path in shapes(f"{SVG}path")]
        self.dots = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in shapes(f"{SVG}circle")]
        self.texts = [_text(text) for text in shapes(f"{SVG}text")]
        captions = [text for text in self.texts if text.style == "caption"]
        self.boxes = []
        for rect in shapes(f"{SVG}rect[@class='box']"):
            place = _rectangle(rect)
            lines = [text.text for text in captions if place.holds(text.anchor)]
            self.boxes.append(Box(place, "\n".join(lines)))
        self.frames = [_rectangle(rect) for rect in shapes(f"{SVG}rect[@class='frame']")]

    def program(self) -> OpenHypergraph:
        """The program that the picture means, with what is written in it as labels.

        A path is a wire, and a dot where paths end makes them one wire; so does the side of a
        frame. A wire that touches a box on its left is read, on its right written; further up comes
        first. A free end furthest to the left is an input, a free end furthest to the right an
        output.
        """
        ends: dict[Point, int] = {}  # the wire at each point
        node = list(range(len(self.wires)))
        for w, wire in enumerate(self.wires):
            for joint in wire.joints:
                other = ends.setdefault(joint, w)
                if joint in self.dots or self._crosses(joint):
                    node = [node[other] if n == node[w] else n for n in node]
        alone = [dot for dot in self.dots if dot not in ends]
        names = {n: i for i, n in enumerate(dict.fromkeys(node))}
        at = {point: names[node[w]] for point, w in ends.items()}
        at |= {dot: len(names) + i for i, dot in enumerate(alone)}
        W = len(names) + len(alone)

        def side(x: float, box: Box) -> list[int]:
            top, bottom = box.rectangle.top, box.rectangle.bottom
            ports = {y: at[px, y] for px, y in at if _near(px, x) and top < y < bottom}
            return [ports[y] for y in sorted(ports)]

        s = [side(box.rectangle.left, box) for box in self.boxes]
        t = [side(box.rectangle.right, box) for box in self.boxes]
        free = [
            (x, y)
            for x, y in sorted(at)
            if (x, y) not in self.dots
            and not self._crosses((x, y))
            and not any(
                (_near(x, b.rectangle.left) or _near(x, b.rectangle.right))
                and b.rectangle.top < y < b.rectangle.bottom
                for b in self.boxes
            )
        ]
        first, last = min(at, default=(0, 0))[0], max(at, default=(0, 0))[0]
        types = [""] * W
        for text in self.texts:
            # A label stands where its wire starts, or else where it leaves the diagram.
            x, y = text.anchor[0] - 6, text.anchor[1] + 8
            if text.style == "label":
                starts = [
                    wire for point, wire in at.items() if _near(point[0], x) and point[1] == y
                ]
                types[starts[0] if starts else at[last, y]] = text.text
        return OpenHypergraph(
            FiniteFunction.of([at[p] for p in free if p[0] == first], W),
            FiniteFunction.of([at[p] for p in free if p[0] == last], W),
            Hypergraph(
                _segments(s, W),
                _segments(t, W),
                Labels.of(types),
                Labels.of(box.text for box in self.boxes),
            ),
        )

    def _crosses(self, point: Point) -> bool:
        return any(frame.rim(point) for frame in self.frames)

    def assert_clear(self) -> None:
        """Wires run around boxes and texts, into frames at their sides, and nothing covers anything
        else."""
        boxes = [box.rectangle for box in self.boxes]
        texts = [text.rectangle for text in self.texts]
        for place, wire in itertools.product(boxes + texts, self.wires):
            assert not any(place.holds(point) for point in wire.points)
        for a, b in itertools.chain(
            itertools.combinations(boxes, 2), itertools.combinations(texts, 2)
        ):
            assert not a.meets(b)
        for text, box in itertools.product(self.texts, boxes):
            own = box.holds(text.anchor)
            assert text.rectangle.within(box) if own else not text.rectangle.meets(box)
        for frame, other in itertools.permutations(self.frames, 2):
            assert other.within(frame) or frame.within(other) or not frame.meets(other)
        for frame, place in itertools.product(self.frames, boxes + texts):
            assert place.within(frame) or not place.meets(frame)
        for frame, wire in itertools.product(self.frames, self.wires):
            inside = [frame.holds(point) for point in wire.points if not frame.rim(point)]
            assert all(inside) or not any(inside)
        assert all(place.within(self.canvas) for place in boxes + texts + self.frames)


def _rectangle(rect: ElementTree.Element) -> Rectangle:
    x, y, w, h = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    return Rectangle(x, y, x + w, y + h)


def _near(a: float, b: float) -> bool:
    return abs(a - b) < 0.15  # coordinates are rounded to a tenth


def _segments(parts: list[list[int]], target: int) -> SegmentedArray[FiniteFunction]:
    values = FiniteFunction.of([i for part in parts for i in part], target)
    return SegmentedArray(FiniteFunction.of(map(len, parts), 1 << 30).table, values)


def _wire(path: str) -> Wire:
    joints: list[Point] = []
    points: list[Point] = []
    x = y = 0.0
    for command, numbers in re.findall(r"([MHC])([-. 0-9]+)", path):
        to = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = to
        elif command == "H":
            points += [(x + (to[0] - x) * k / SAMPLES, y) for k in range(SAMPLES + 1)]
            x = to[0]
        else:
            curve = [(x, y), *zip(to[::2], to[1::2], strict=True)]
            points += [_bezier(curve, k / SAMPLES) for k in range(SAMPLES + 1)]
            x, y = curve[-1]
        joints.append((x, y))
    return Wire(joints, points)


def _bezier(curve: list[Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
    x, y = (sum(w * p[k] for w, p in zip(weights, curve, strict=True)) for k in (0, 1))
    return x, y


def _text(element: ElementTree.Element) -> Text:
    style, text = element.attrib["class"], element.text or ""
    x, y = float(element.attrib["x"]), float(element.attrib["y"])
    size = {"label": 10, "heading": 16}.get(style, 13)
    width = _font(style == "label").getlength(text) * size / 1000
    anchor = "middle" if style == "caption" else element.attrib.get("text-anchor", "start")
    left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
    return Text(style, text, (x, y), Rectangle(left, y - size / 2, left + width, y + size / 2))


@cache
def _font(monospaced: bool) -> ImageFont.FreeTypeFont:
    """DejaVu, among the widest of the fonts that systems choose; matplotlib brings it along."""
    name = "DejaVuSansMono.ttf" if monospaced else "DejaVuSans-Bold.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), 1000)
