"""What to draw: a program, folded or not, and the definitions that it uses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from catgrad.draw.errors import DrawError
from catgrad.draw.labels import boundary, caption, distinct, programs_in, titles
from catgrad.draw.layout import Layout
from catgrad.draw.shapes import Picture
from catgrad.draw.sheet import Section, compose
from catgrad.draw.svg import document
from catgrad.draw.wiring import loosened, wired
from catgrad.hypergraph import OpenHypergraph
from catgrad.publish import publish

MOST = 60  # pictures on a sheet

Caption = Callable[[Any], str]


def draw(
    f: OpenHypergraph,
    label: Caption = caption,
    types: Caption = str,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    *,
    unfold: bool | Collection[str] = False,
    fold: Collection[str] = (),
    definitions: bool = True,
) -> str:
    """The string diagram of `f`, as an SVG document. The same program gives the same text.

    Picture time running from left to right. Operations are boxes with the text ``label(x)``, which
    may have several lines. Wires are lines with the text ``types(w)`` where they start; an empty
    text leaves them bare. A wire that is read many times branches at dots, one that nobody reads
    ends in one, and a node with several writers is a dot where they meet. So copies and discards
    are dots (`wiring.wired`). `inputs` and `outputs`
    name the wires of the boundary, in order.

    An operation that stands for a program of its own (`labels.inside`) is a box, and that program
    is drawn below, once, under the name of the operation; without `definitions` it is not.
    ``unfold=True`` draws it in place, in a frame; a list of names does so for these names only, and
    `fold` leaves those of a list folded.

    A large program without frames is drawn with equal operations gathered in one box
    (`gathering.gather`), and if that is still large, in parts below each other (`parts.divide`).
    The document ends after 60 pictures.

    Raises `DrawError` for more than 1,000 boxes in and around frames, a wrong number of names, or
    names of definitions that the program does not have; and `CycleError` for a program whose
    operations wait for each other.

    >>> from catgrad.hypergraph import Labels
    >>> A = Labels.of(["A"])
    >>> draw(OpenHypergraph.singleton("f", A, A)).startswith("<svg")
    True
    """
    names = _names("input", inputs, len(f.source)), _names("output", outputs, len(f.target))
    f = loosened(wired(f))
    known = {x: wired(program) for x, program in programs_in(f).items()}
    titled = titles(known)
    framed = _framed(titled, unfold, fold)
    layout = Layout(lambda x: titled.get(x) or label(x), types, {x: known[x] for x in framed})

    below = _folded(f, known, framed) if definitions else []

    def sections() -> Iterator[Section]:
        yield from layout.sections("", f, *names)
        for x in below:
            ports = ("arguments", len(known[x].source)), ("results", len(known[x].target))
            yield from layout.sections(titled[x], known[x], *(boundary(x, *s) for s in ports))

    shown = [*islice(sections(), MOST + 1)]
    if len(shown) > MOST:
        shown[MOST:] = [Section("and more, which are not drawn here", Picture(0.0, 0.0), [], [])]
    return document(compose(shown))


@dataclass(frozen=True)
class Drawing:
    """A picture that notebooks show, and that can be saved: ``program.draw()``.

    `svg` is the text of the document.
    """

    svg: str

    @classmethod
    def of(cls, f: OpenHypergraph, **options: Any) -> Drawing:
        """The picture of a program; `options` are those of `draw`."""
        return cls(draw(f, **options))

    def save(self, path: str | Path) -> Path:
        """Write the document to a file, whole or not at all; returns the path."""
        if Path(path).suffix != ".svg":
            raise DrawError(f"A drawing is an SVG document, which {path} is not; end it in .svg.")
        return publish(path, self.svg)

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Drawing({len(self.svg):,} characters of SVG)"


def _names(side: str, names: Sequence[str] | None, wires: int) -> Sequence[str]:
    if names is None:
        return [""] * wires
    if len(names) != wires:
        raise DrawError(
            f"The diagram was given {len(names)} {side} names for {wires} {side}s; "
            f"name each {side} once, in order."
        )
    return names


def _framed(
    titled: dict[Hashable, str], unfold: bool | Collection[str], fold: Collection[str]
) -> list[Hashable]:
    """The definitions to draw in place."""
    fold = (fold,) if isinstance(fold, str) else fold
    unfold = (unfold,) if isinstance(unfold, str) else unfold
    names = {*fold, *(() if isinstance(unfold, bool) else unfold)}
    known = {*titled.values(), *map(caption, titled)}
    for name in sorted(names - known):
        have = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise DrawError(f"The program has no definition named {name} to fold or unfold; {have}.")

    def among(x: Hashable, chosen: Collection[str]) -> bool:
        return caption(x) in chosen or titled[x] in chosen

    return [
        x
        for x in titled
        if (unfold if isinstance(unfold, bool) else among(x, unfold)) and not among(x, fold)
    ]


def _folded(
    f: OpenHypergraph, known: dict[Hashable, OpenHypergraph], framed: Collection[Hashable]
) -> list[Hashable]:
    """The definitions that are drawn as boxes somewhere, users first."""
    seen: set[Hashable] = set()
    waiting = [f]
    while waiting:
        new = [x for x in distinct(waiting.pop()) if x in known and x not in seen]
        seen.update(new)
        waiting += [known[x] for x in new]
    return [x for x in known if x in seen and x not in framed]
