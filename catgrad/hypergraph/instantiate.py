"""Instantiation: all operations of a program replaced by their templates, at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy

from catgrad.hypergraph.array import Array, Namespace, arange, count, integers, put_minimum
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.hypergraph import Hypergraph
from catgrad.hypergraph.labels import Labels
from catgrad.hypergraph.open_hypergraph import OpenHypergraph
from catgrad.hypergraph.segmented import SegmentedArray

Segments = SegmentedArray[FiniteFunction]


@dataclass(frozen=True)
class Templates:
    """A list of programs laid end to end, ready to be repeated.

    - ``graph``: the wires and operations of all templates, side by side
    - ``operations``, ``wires``: a segment for each template, which are its own
    - ``pins``: a segment for each template, the wires of its inputs, then those of its outputs
    - ``reads``, ``writes``: a segment for each template, the wires that its operations read and
      write, one operation after another
    """

    graph: Hypergraph
    operations: Segments
    wires: Segments
    pins: Segments
    reads: Segments
    writes: Segments

    @classmethod
    def of(cls, programs: Sequence[OpenHypergraph], xp: Namespace) -> Templates:
        """These templates, numbered from 0."""
        graph = Hypergraph.coproduct_list([f.H for f in programs], xp)
        pins = FiniteFunction.tensor_list([f.s + f.t for f in programs], xp)

        def cut(values: FiniteFunction, sizes: list[int]) -> Segments:
            return SegmentedArray(integers(sizes, xp), values)

        return cls(
            graph,
            cut(FiniteFunction.identity(graph.X, xp), [f.H.X for f in programs]),
            cut(FiniteFunction.identity(graph.W, xp), [f.H.W for f in programs]),
            cut(pins, [len(f.s) + len(f.t) for f in programs]),
            cut(graph.s.values, [len(f.H.s.values) for f in programs]),
            cut(graph.t.values, [len(f.H.t.values) for f in programs]),
        )

    def instantiate(
        self, f: OpenHypergraph, bundles: SegmentedArray[Labels], template: FiniteFunction
    ) -> OpenHypergraph:
        """``f`` with wire i replaced by ``bundles[i]`` and operation j by template ``template(j)``.

        A wire of an instance that is a pin *is* a wire of a bundle of ``f``; only the others are
        new. So nothing is glued, unless a template joins two of its own pins.
        """
        xp, old = f.xp, len(bundles.values)
        columns: list[list[Array]] = [[] for _ in range(6)]
        new = 0
        for start, stop in pieces(f):
            outer = f.H.s.part(start, stop).join(f.H.t.part(start, stop)).expand(bundles)
            copies = _Copies.of(self, template[start:stop], outer, old + new)
            new += len(copies.inner.values)
            for column, values in zip(columns, copies.columns(), strict=True):
                column.append(values)

        def joined(i: int) -> Array:
            parts, columns[i] = columns[i], []
            return xp.concat(parts)

        W = old + new
        result = OpenHypergraph(
            bundles.injections(f.s).inject0(new),
            bundles.injections(f.t).inject0(new),
            Hypergraph(
                SegmentedArray(joined(0), FiniteFunction(joined(1), W)),
                SegmentedArray(joined(2), FiniteFunction(joined(3), W)),
                Labels(xp.concat([bundles.values.ids, joined(4)])),
                Labels(joined(5)),
            ),
        )
        # Where a template joins its own pins, so are the wires of f around each copy of it.
        pin = arange(0, len(self.pins.values), xp)
        back = xp.take(self.first_pin, self.pins.values.table) - pin
        if not xp.any(back != 0):
            return result
        outer = f.H.s.join(f.H.t).expand(bundles)
        pin = arange(0, len(outer.values), xp)
        first = pin + xp.take(back, self.pins.injections(template).table)
        return result.glue(outer.values.inject0(new), outer.values.take(first).inject0(new))

    @cached_property
    def first_pin(self) -> Array:
        """For each wire of a template its first pin, or the number of pins if it has none."""
        xp, n = self.graph.xp, len(self.pins.values)
        none = xp.full((self.graph.W,), n, dtype=xp.int64)
        return put_minimum(none, self.pins.values.table, arange(0, n, xp))

    @cached_property
    def side(self) -> Array:
        """For each wire of a template 0 if it is a pin, else 1."""
        xp = self.graph.xp
        return xp.astype(self.first_pin == len(self.pins.values), xp.int64)

    @cached_property
    def inner(self) -> Segments:
        """A segment for each template, its wires that are not pins."""
        inner = self.graph.xp.nonzero(self.side)[0]
        sizes = count(self.graph.xp.take(self.wires.owners, inner), len(self.wires))
        return SegmentedArray(sizes, FiniteFunction(inner, self.graph.W))

    @cached_property
    def place(self) -> Array:
        """For each wire of a template its place among the pins of it, or among its inner wires."""
        xp, owner = self.graph.xp, self.wires.owners
        rank = xp.cumulative_sum(self.side) - 1
        return xp.where(
            self.side == 1,
            rank - xp.take(self.inner.offsets, owner),
            self.first_pin - xp.take(self.pins.offsets, owner),
        )


@dataclass(frozen=True)
class _Copies:
    """Some instances, one after another.

    - ``templates``, ``template``: of which templates they are copies
    - ``inner``: a segment for each instance, the wires of its template that are not pins
    - ``wires``: which wires of the result the pins and the inner wires of all instances are
    - ``begins``: where in ``wires`` the pins of each instance begin, then where its inner wires do
    """

    templates: Templates
    template: FiniteFunction
    inner: Segments
    wires: Array
    begins: Array

    @classmethod
    def of(
        cls, templates: Templates, template: FiniteFunction, outer: Segments, old: int
    ) -> _Copies:
        """Instances whose pins are the wires ``outer``; their inner wires come after ``old``."""
        xp, inner = outer.xp, templates.inner.map_indexes(template)
        added = arange(old, old + len(inner.values), xp)
        begins = xp.concat([outer.offsets[:-1], len(outer.values) + inner.offsets[:-1]])
        return cls(templates, template, inner, xp.concat([outer.values.table, added]), begins)

    def columns(self) -> list[Array]:
        """The numbers and the wires of all reads and writes, and the labels of what is new."""
        xp, graph = self.inner.xp, self.templates.graph
        operations = self.templates.operations.injections(self.template).table
        return [
            xp.take(graph.s.sizes, operations),
            self._around(self.templates.reads.map_indexes(self.template)),
            xp.take(graph.t.sizes, operations),
            self._around(self.templates.writes.map_indexes(self.template)),
            xp.take(graph.w.ids, self.inner.values.table),
            xp.take(graph.x.ids, operations),
        ]

    def _around(self, ports: Segments) -> Array:
        """The wires of the result for some wires of the template of each instance."""
        xp, wire = ports.xp, ports.values.table
        side = xp.take(self.templates.side, wire) * len(self.template)
        place = xp.take(self.begins, side + ports.owners)
        place += xp.take(self.templates.place, wire)
        return xp.take(self.wires, place)


PIECE = 2**15
"""How many operations are replaced at a time where arrays lie in the memory of a CPU.

What a piece reads and writes fits into its cache, and into memory that it has already.
"""


def pieces(f: OpenHypergraph) -> Iterator[tuple[int, int]]:
    """Where the pieces start and stop in which the operations of ``f`` are replaced."""
    size = PIECE if f.xp is numpy else max(1, f.H.X)
    return ((i, min(i + size, f.H.X)) for i in range(0, max(1, f.H.X), size))
