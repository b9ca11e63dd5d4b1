"""What stands between two programs that do not compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from catgrad.hypergraph.array import host
from catgrad.hypergraph.errors import ArrowTypeError
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.segmented import SegmentedArray
from catgrad.hypergraph.text import plural

if TYPE_CHECKING:
    from catgrad.hypergraph.open_hypergraph import OpenHypergraph


def check_boundary(f: OpenHypergraph, g: OpenHypergraph) -> None:
    """Raise ``ArrowTypeError`` unless the outputs of ``f`` have the labels of the inputs of ``g``.

    The error names the operations on both sides of the first wire that does not fit.
    """
    B, A = f.target, g.source
    if B == A:
        return
    if len(B) != len(A):
        raise ArrowTypeError(
            f"Cannot compose: the first program has {plural(len(B), 'output')} {B} but the second "
            f"has {plural(len(A), 'input')} {A}; make them equal, or copy or discard wires."
        )
    i, b, a = next((i, b, a) for i, (b, a) in enumerate(zip(B, A, strict=True)) if b != a)
    writer, reader = _touching(f, f.H.t, f.t(i)), _touching(g, g.H.s, g.s(i))
    raise ArrowTypeError(
        f"Cannot compose: output {i} of the first program{writer and f', from {writer},'} is {b} "
        f"but input {i} of the second{reader and f', into {reader},'} is {a}; make them equal, or "
        f"insert a reshape."
    )


def _touching(f: OpenHypergraph, ports: SegmentedArray[FiniteFunction], wire: int) -> str:
    """The first operation with a port on a wire, or nothing."""
    places = numpy.flatnonzero(host(ports.values.table) == wire)
    if not len(places):
        return ""
    operation = numpy.searchsorted(host(ports.offsets), places[0], side="right") - 1
    return name_of(f.H.x[int(operation)])


def name_of(label: Any) -> str:
    """What a message calls an operation: its text where it has one, else its kind."""
    kind: Any = type(label)
    return str(kind.__name__) if kind.__str__ is object.__str__ else str(label)
