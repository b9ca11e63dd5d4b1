"""Hypergraphs as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from catgrad.errors import CatgradError
from catgrad.hypergraph.array import Array, Namespace
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.labels import Labels
from catgrad.hypergraph.segmented import SegmentedArray
from catgrad.hypergraph.text import plural


@dataclass(frozen=True)
class Hypergraph:
    """A directed hypergraph with ordered ports: wires (nodes) and operations (hyperedges).

    Picture a circuit diagram without its outer pins: each operation lists the wires it reads and
    the wires it writes.

    - ``s``: X segments into W, the wires that each operation reads, in order
    - ``t``: X segments into W, the wires that each operation writes, in order
    - ``w``: W labels, what each wire carries
    - ``x``: X labels, what each operation does
    """

    s: SegmentedArray[FiniteFunction]
    t: SegmentedArray[FiniteFunction]
    w: Labels
    x: Labels

    def __post_init__(self) -> None:
        for name, ports in ("sources", self.s), ("targets", self.t):
            if len(ports) != self.X:
                raise CatgradError(
                    f"A hypergraph with {plural(self.X, 'operation')} cannot have "
                    f"{plural(len(ports), 'list')} of {name}; give one list for each operation."
                )
            if ports.values.target != self.W:
                raise CatgradError(
                    f"A hypergraph with {plural(self.W, 'wire')} cannot have {name} among "
                    f"{plural(ports.values.target, 'wire')}; make the two numbers equal."
                )

    @property
    def W(self) -> int:
        """The number of wires."""
        return len(self.w)

    @property
    def X(self) -> int:
        """The number of operations."""
        return len(self.x)

    @property
    def xp(self) -> Namespace:
        """The array module of all arrays."""
        return self.w.xp

    @classmethod
    def discrete(cls, w: Labels) -> Hypergraph:
        """Wires only."""
        none = SegmentedArray(w.ids[:0], FiniteFunction.initial(len(w), w.xp))
        return cls(none, none, w, w[:0])

    @classmethod
    def coproduct_list(cls, graphs: Sequence[Hypergraph], xp: Namespace = numpy) -> Hypergraph:
        """All graphs side by side; ``xp`` is only used for the empty list."""
        if not graphs:
            return cls.discrete(Labels.of([], xp))
        return cls(
            SegmentedArray.tensor_list([graph.s for graph in graphs]),
            SegmentedArray.tensor_list([graph.t for graph in graphs]),
            Labels.concatenate([graph.w for graph in graphs]),
            Labels.concatenate([graph.x for graph in graphs]),
        )

    def __add__(self, other: Hypergraph) -> Hypergraph:
        """The coproduct: both graphs side by side."""
        return Hypergraph.coproduct_list([self, other])

    def quotient(self, q: FiniteFunction, members: Array) -> Hypergraph:
        """Glue wires: wire i becomes ``q(i)``; class c has the label of its wire ``members[c]``."""
        return Hypergraph(self.s.map_values(q), self.t.map_values(q), self.w.take(members), self.x)

    def subgraph(self, mask: Array) -> Hypergraph:
        """All wires, and of the operations those that ``mask``, bool[X], picks."""
        kept = FiniteFunction(self.xp.nonzero(mask)[0], self.X)
        return Hypergraph(
            self.s.map_indexes(kept), self.t.map_indexes(kept), self.w, kept >> self.x
        )

    def permute(self, w: FiniteFunction, x: FiniteFunction) -> Hypergraph:
        """Renumber: wire i becomes wire ``w(i)``, operation j becomes operation ``x(j)``."""
        wires, operations = w.inverse(), x.inverse()
        return Hypergraph(
            self.s.map_indexes(operations).map_values(w),
            self.t.map_indexes(operations).map_values(w),
            wires >> self.w,
            operations >> self.x,
        )

    def to(self, xp: Namespace) -> Hypergraph:
        """The same graph with its arrays in the array module ``xp``."""
        return Hypergraph(self.s.to(xp), self.t.to(xp), self.w.to(xp), self.x.to(xp))
