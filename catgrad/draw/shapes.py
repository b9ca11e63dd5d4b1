"""What a picture consists of, in px: x to the right and y down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Box:
    """An operation: a rectangle with its lines of text, centred."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Frame:
    """An operation that shows its own program: a rectangle, its name in the corner at the top."""

    x: float
    y: float
    width: float
    height: float
    title: str


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
    """What there is to see of a program, without anything around it.

    Inputs enter at ``x == 0``, at the heights `entries`; outputs leave at ``x == width``, at the
    heights `exits`. `labels` stand above wires; a list of strokes is one wire.
    """

    width: float
    height: float
    entries: tuple[float, ...] = ()
    exits: tuple[float, ...] = ()
    frames: list[Frame] = field(default_factory=list)
    wires: list[list[Stroke]] = field(default_factory=list)
    dots: list[tuple[float, float]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    labels: list[Text] = field(default_factory=list)

    def add(self, other: Picture, x: float, y: float) -> None:
        """Everything in another picture, with its corner at (`x`, `y`) of this one."""

        def moved(strokes: Iterable[Stroke]) -> list[Stroke]:
            return [
                Stroke((a + x, b + x, c + x, d + x), (s.y[0] + y, s.y[1] + y))
                for s in strokes
                for a, b, c, d in [s.x]
            ]

        self.frames += [replace(f, x=f.x + x, y=f.y + y) for f in other.frames]
        self.wires += [moved(strokes) for strokes in other.wires]
        self.dots += [(a + x, b + y) for a, b in other.dots]
        self.boxes += [replace(b, x=b.x + x, y=b.y + y) for b in other.boxes]
        self.labels += [replace(t, x=t.x + x, y=t.y + y) for t in other.labels]
