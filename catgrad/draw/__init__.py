"""String diagrams: a program as a picture.

diagram.py   what is drawn beside what: columns of items, and links in the gaps between them
ordering.py  the order of each column, so that few links cross
placing.py   the height of each item, so that wires run straight
picture.py   shapes
svg.py       text
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

from catgrad.draw.diagram import Caption, DrawError, cut
from catgrad.draw.ordering import order
from catgrad.draw.picture import paint
from catgrad.draw.placing import place
from catgrad.draw.svg import document
from catgrad.hypergraph import OpenHypergraph

__all__ = ["DrawError", "caption", "draw"]


def caption(label: Hashable) -> str:
    """A string as it is; otherwise the `name` of a thing that has one, or the name of its class."""
    name = label if isinstance(label, str) else getattr(label, "name", None)
    return name if isinstance(name, str) else type(label).__name__


def draw(
    f: OpenHypergraph,
    label: Caption = caption,
    types: Caption = str,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> str:
    """The string diagram of `f`, as an SVG document. The same program gives the same text.

    Picture time running from left to right. Operations are boxes with the text ``label(x)``, which
    may have several lines. Wires are lines with the text ``types(w)`` where they start; an empty
    text leaves them bare. A wire that is read many times branches at dots, one that nobody reads
    ends in one, and a node with several writers is a dot where they meet. `inputs` and `outputs`
    name the wires of the boundary, in order.

    Raises `DrawError` for more than 1,000 operations or a wrong number of names, and `CycleError`
    for a program whose operations wait for each other.

    >>> from catgrad.hypergraph import Labels
    >>> A = Labels.of(["A"])
    >>> draw(OpenHypergraph.singleton("f", A, A)).startswith("<svg")
    True
    """
    names = _names("input", inputs, len(f.source)), _names("output", outputs, len(f.target))
    d = cut(f, label, types, *names)
    d = replace(d, columns=order(d))
    return document(paint(d, place(d)))


def _names(side: str, names: Sequence[str] | None, wires: int) -> Sequence[str]:
    if names is None:
        return [""] * wires
    if len(names) != wires:
        raise DrawError(
            f"The diagram was given {len(names)} {side} names for {wires} {side}s; "
            f"name each {side} once, in order."
        )
    return names
