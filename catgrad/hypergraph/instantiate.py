"""Instantiation: all operations of a program replaced by their templates, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from catgrad.hypergraph.array import Array, Namespace, arange, integers, put_minimum
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.hypergraph import Hypergraph
from catgrad.hypergraph.labels import Labels
from catgrad.hypergraph.open_hypergraph import OpenHypergraph
from catgrad.hypergraph.segmented import SegmentedArray


@dataclass(frozen=True)
class Templates:
    """A list of programs laid end to end, ready to be repeated.

    - ``graph``: the wires and operations of all templates, side by side
    - ``pins``: a segment for each template, the wires of its inputs, then those of its outputs
    - ``wires``, ``operations``: a segment for each template, its wires and its operations
    """

    graph: Hypergraph
    pins: SegmentedArray[FiniteFunction]
    wires: SegmentedArray[FiniteFunction]
    operations: SegmentedArray[FiniteFunction]

    @classmethod
    def of(cls, programs: Sequence[OpenHypergraph], xp: Namespace) -> Templates:
        """These templates, numbered from 0."""
        graph = Hypergraph.coproduct_list([f.H for f in programs], xp)
        pins = FiniteFunction.tensor_list([f.s + f.t for f in programs], xp)

        def segments(sizes: list[int], values: FiniteFunction) -> SegmentedArray[FiniteFunction]:
            return SegmentedArray(integers(sizes, xp), values)

        return cls(
            graph,
            segments([len(f.s) + len(f.t) for f in programs], pins),
            segments([f.H.W for f in programs], FiniteFunction.identity(graph.W, xp)),
            segments([f.H.X for f in programs], FiniteFunction.identity(graph.X, xp)),
        )

    def instantiate(
        self, f: OpenHypergraph, bundles: SegmentedArray[Labels], template: FiniteFunction
    ) -> OpenHypergraph:
        """``f`` with wire i replaced by ``bundles[i]`` and operation j by template ``template(j)``.

        A wire of an instance that is a pin *is* a wire of a bundle of ``f``; only the others are
        new. So nothing is glued, unless a template joins two of its own pins.
        """
        copies = self.wires.map_indexes(template)
        outer = f.H.s.join(f.H.t).expand(bundles)
        wire, inner = self._number(copies, outer)
        added = int(inner.shape[0])
        operations = self.operations.map_indexes(template)
        # From the wires of a template to the wires of its copy.
        offset = copies.offsets[:-1] - f.xp.take(self.wires.offsets, template.table)
        shift = f.xp.repeat(offset, operations.sizes)

        result = OpenHypergraph(
            bundles.injections(f.s).inject0(added),
            bundles.injections(f.t).inject0(added),
            Hypergraph(
                _repeat(self.graph.s, operations.values, shift, wire),
                _repeat(self.graph.t, operations.values, shift, wire),
                bundles.values + self.graph.w.take(inner),
                operations.values >> self.graph.x,
            ),
        )
        # Where a template joins its own pins, so are the wires of f around each copy of it.
        every = arange(0, len(self.pins.values), f.xp)
        back = f.xp.take(self.first_pin, self.pins.values.table) - every
        if not f.xp.any(back != 0):
            return result
        pin = arange(0, len(outer.values), f.xp)
        first = pin + f.xp.take(back, self.pins.injections(template).table)
        return result.glue(outer.values.inject0(added), outer.values.take(first).inject0(added))

    @cached_property
    def first_pin(self) -> Array:
        """For each wire of a template its first pin, or the number of pins if it has none."""
        xp, n = self.graph.xp, len(self.pins.values)
        none = xp.full((self.graph.W,), n, dtype=xp.int64)
        return put_minimum(none, self.pins.values.table, arange(0, n, xp))

    def _number(
        self, copies: SegmentedArray[FiniteFunction], outer: SegmentedArray[FiniteFunction]
    ) -> tuple[FiniteFunction, Array]:
        """The wire of the result for each wire of each copy; the template wires of the new ones."""
        xp, wire = outer.xp, copies.values.table
        is_inner = xp.take(self.first_pin == len(self.pins.values), wire)
        inner = wire[is_inner]
        rank = xp.cumulative_sum(xp.astype(is_inner, xp.int64)) - 1

        pin = self.first_pin - xp.repeat(self.pins.offsets[:-1], self.wires.sizes)
        at = xp.repeat(outer.offsets[:-1], copies.sizes) + xp.take(pin, wire)
        old, new = outer.values.target, int(inner.shape[0])
        wires = outer.values.inject0(new) + FiniteFunction.inj1(old, new, xp)
        return wires.take(xp.where(is_inner, len(outer.values) + rank, at)), inner


def _repeat(
    ports: SegmentedArray[FiniteFunction],
    operations: FiniteFunction,
    shift: Array,
    w: FiniteFunction,
) -> SegmentedArray[FiniteFunction]:
    """The ports of the copied operations, each moved by its shift, then renamed by ``w``."""
    copied = ports.map_indexes(operations)
    table = copied.values.table + w.xp.repeat(shift, copied.sizes)
    return SegmentedArray(copied.sizes, FiniteFunction(table, w.source) >> w)
