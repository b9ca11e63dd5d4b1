"""From a program to its picture, with the programs of unfolded operations in frames."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from catgrad.draw.diagram import cut
from catgrad.draw.errors import DrawError
from catgrad.draw.gathering import gather
from catgrad.draw.labels import boundary
from catgrad.draw.ordering import order
from catgrad.draw.outline import Outline, box, frame, frame_width
from catgrad.draw.parts import divide
from catgrad.draw.picture import paint
from catgrad.draw.placing import place
from catgrad.draw.shapes import Picture
from catgrad.draw.sheet import Section
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.array import host

PLAIN = 150  # operations: beyond it equal ones are gathered
GATHERED = 300  # boxes of gathered operations: beyond it the program is cut into parts
PARTS = 40  # at most, of a program
LEAST = 75  # operations in a part
LARGEST = 1_000  # boxes and frames: beyond it nobody finds anything in the picture
DEEPEST = 40  # frames around one another: likewise


@dataclass(frozen=True)
class Layout:
    """How programs are drawn.

    - `label`, `types`: the texts of operations and wires
    - `frames`: the operations that are drawn as frames around the programs given for them, users
      first
    """

    label: Callable[[Hashable], str]
    types: Callable[[Hashable], str]
    frames: dict[Hashable, OpenHypergraph] = field(default_factory=dict)

    def sections(
        self, heading: str, f: OpenHypergraph, inputs: Sequence[str], outputs: Sequence[str]
    ) -> Iterator[Section]:
        """A program under its heading: as it is, with equal operations gathered, or in parts."""
        if f.H.X + len(f.s) + len(f.t) <= PLAIN or not self.frames.keys().isdisjoint(f.H.x):
            yield Section(heading, self.picture(f), inputs, outputs)
            return
        g = gather(f, self.label, self.types, inputs, outputs, GATHERED)
        parts: list[OpenHypergraph] = []
        if g.program.H.X > GATHERED:
            called, parts = divide(f, PARTS, LEAST)
            g = gather(called, str, self.types, inputs, outputs, 0)
        yield Section(heading, Layout(str, str).picture(g.program), g.inputs, g.outputs)
        for number, part in enumerate(parts, 1):
            title = f"{heading}, part {number}" if heading else f"part {number}"
            names = [""] * len(part.s), [""] * len(part.t)
            yield from self.sections(title, part, *names)

    def picture(self, f: OpenHypergraph) -> Picture:
        """The picture of a program."""
        if (depth := max((self._depths.get(x, 0) for x in f.H.x), default=0)) > DEEPEST:
            raise DrawError(
                f"A picture with {depth:,} frames around one another cannot be read; fold "
                f"definitions until there are at most {DEEPEST}."
            )
        if (boxes := self.boxes(f)) > LARGEST:
            raise DrawError(
                f"A picture of {boxes:,} boxes and frames cannot be read; fold definitions until "
                f"there are at most {LARGEST:,}."
            )
        return self.painted(f, [self.types(T) for T in f.H.w], 0.0)

    def painted(self, f: OpenHypergraph, texts: list[str], least: float) -> Picture:
        """The picture of a program, at least `least` wide, with these texts on its wires."""
        known: dict[tuple[Hashable, int, int], Outline] = {}
        sizes = (host(ports.sizes).tolist() for ports in (f.H.s, f.H.t))
        outlines = []
        for x, reads, writes in zip(f.H.x, *sizes, strict=True):
            if (x, reads, writes) not in known:
                known[x, reads, writes] = self.outline(x, reads, writes)
            outlines.append(known[x, reads, writes])
        d = cut(f, outlines, texts)
        d = replace(d, columns=order(d))
        return paint(d, place(d), least)

    def outline(self, x: Hashable, reads: int, writes: int) -> Outline:
        """A box, or a frame."""
        text = self.label(x)
        if x not in self.frames:
            return box(text, reads, writes)
        f = self.frames[x]
        # What crosses the frame has its type outside; inside an input may have a name.
        texts = [self.types(T) for T in f.H.w]
        read = set(f.H.s.values)
        for wire in f.t:
            texts[wire] = texts[wire] if wire in read else ""
        for wire, name in zip(f.s, boundary(x, "arguments", reads), strict=True):
            texts[wire] = name
        return frame(text, self.painted(f, texts, frame_width(text)))

    def boxes(self, f: OpenHypergraph) -> int:
        """How many boxes and frames there are in the picture of a program."""
        return sum(self._sizes.get(x, 1) for x in f.H.x)

    @cached_property
    def _sizes(self) -> dict[Hashable, int]:
        """How many boxes and frames each frame is."""
        sizes: dict[Hashable, int] = {}
        for x, f in reversed(self.frames.items()):
            sizes[x] = 1 + sum(sizes.get(y, 1) for y in f.H.x)
        return sizes

    @cached_property
    def _depths(self) -> dict[Hashable, int]:
        """How many frames stand around one another in each frame, itself included."""
        depths: dict[Hashable, int] = {}
        for x, f in reversed(self.frames.items()):
            depths[x] = 1 + max((depths.get(y, 0) for y in f.H.x), default=0)
        return depths
