"""Isomorphism: whether two programs differ in the numbering of wires and operations only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy
import numpy.typing

from catgrad.hypergraph.array import arange
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.open_hypergraph import OpenHypergraph
from catgrad.hypergraph.segmented import SegmentedArray

Colours: TypeAlias = numpy.typing.NDArray[numpy.uint64]
Vertices: TypeAlias = numpy.typing.NDArray[numpy.int64]


def isomorphic(f: OpenHypergraph, g: OpenHypergraph) -> bool:
    """Whether some renumbering of wires and operations takes ``f`` to ``g``."""
    return isomorphism(f, g) is not None


def isomorphism(
    f: OpenHypergraph, g: OpenHypergraph
) -> tuple[FiniteFunction, FiniteFunction] | None:
    """Wires ``w`` and operations ``x`` with ``f.permute(w, x) == g``, or None when there are none.

    Wires and operations of both programs are coloured by what they look like from where they stand,
    round after round until no class splits. Where a class still has several members, each partner
    is tried for one of them. Every answer is verified, so two colours that clash cost time and
    never truth.
    """
    f, g = f.to(numpy), g.to(numpy)
    if (f.H.W, f.H.X) != (g.H.W, g.H.X):
        return None
    left, right = _Picture.of(f), _Picture.of(g)
    for p in _matches(left, right, left.start, right.start):
        w = FiniteFunction(p[: f.H.W], f.H.W)
        x = FiniteFunction(p[f.H.W :] - f.H.W, f.H.X)
        if f.permute(w, x) == g:
            return w, x
    return None


@dataclass(frozen=True)
class _Picture:
    """A program as a graph whose vertices are first its wires, then its operations.

    - ``start``: uint64[n], colours that tell labels and places in the interfaces apart
    - ``a``, ``b``: int64[e], an edge for each port, once in each direction
    - ``port``: uint64[e], the side and the position of the port at its operation
    """

    start: Colours
    a: Vertices
    b: Vertices
    port: Colours

    @classmethod
    def of(cls, f: OpenHypergraph) -> _Picture:
        kind = numpy.concat([2 * f.H.w.ids, 2 * f.H.x.ids + 1]).astype(numpy.uint64)
        start = _mix(_mix(kind))  # twice, lest a label look like a place in an interface
        operation, wire, port = [], [], []
        for side, interface, ports in (0, f.s, f.H.s), (1, f.t, f.H.t):
            place = 2 * arange(0, len(interface), numpy) + side
            numpy.add.at(start, interface.table, _mix(place.astype(numpy.uint64)))
            operation.append(f.H.W + numpy.repeat(arange(0, f.H.X, numpy), ports.sizes))
            wire.append(ports.values.table)
            port.append(2 * _positions(ports) + side)
        a, b = numpy.concat(operation + wire), numpy.concat(wire + operation)
        return cls(start, a, b, _mix(numpy.concat(port + port).astype(numpy.uint64)))

    def refine(self, colour: Colours) -> Colours:
        """One round: the colour of each vertex from its own and those of its neighbours."""
        heard = numpy.zeros_like(colour)
        numpy.add.at(heard, self.a, _mix(colour[self.b] ^ self.port))
        return _mix(_mix(colour) + heard)


def _matches(f: _Picture, g: _Picture, c: Colours, d: Colours) -> Iterator[Vertices]:
    """Candidate bijections of vertices that respect the colours ``c`` of f and ``d`` of g."""
    classes, before = numpy.unique(c).size, 0
    while classes > before:
        c, d = f.refine(c), g.refine(d)
        classes, before = numpy.unique(c).size, classes
    by_c, by_d = numpy.argsort(c, kind="stable"), numpy.argsort(d, kind="stable")
    if not numpy.array_equal(c[by_c], d[by_d]):
        return
    colours, sizes = numpy.unique(c, return_counts=True)
    if classes == c.size:
        p = numpy.empty_like(by_c)
        p[by_c] = by_d
        yield p
        return
    shared = colours[sizes > 1][numpy.argmin(sizes[sizes > 1])]
    vertex = int(numpy.argmax(c == shared))
    for partner in numpy.flatnonzero(d == shared).tolist():
        yield from _matches(f, g, _mark(c, vertex), _mark(d, partner))


def _mark(colour: Colours, vertex: int) -> Colours:
    marked = colour.copy()
    marked[vertex] = ~marked[vertex]
    return marked


def _positions(ports: SegmentedArray[FiniteFunction]) -> Vertices:
    """The position of each value in its segment."""
    position: Vertices = numpy.arange(len(ports.values)) - numpy.repeat(
        ports.offsets[:-1], ports.sizes
    )
    return position


def _mix(x: Colours) -> Colours:
    """A bijection of 64-bit integers that spreads every bit (splitmix64)."""
    x = x + numpy.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))
