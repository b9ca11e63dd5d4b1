"""The quantise functor: from B over floats to B over fixed point.

Each operation becomes its exact form followed by one `Requantise` to the format of its output
wire. Since `Requantise` is itself bidirectional, differentiating the result gives a reverse pass
in which the gradient stops where the forward value saturated.

      float            fixed
                ┌─────────┐     ┌────────────┐
  ──[ f ]──   ──┤ Exact f ├─────┤ Requantise ├──
                └─────────┘     └────────────┘
                        exact, wide      the wire's format
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from catgrad.bidirectional.block import expand
from catgrad.bidirectional.functor import Dual, forget, forward_type, reverse_type
from catgrad.bidirectional.optic import Optic
from catgrad.combinators import identity, twist
from catgrad.core import operation as ops
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import Fixed, NdArrayType, TypeMismatch, obj, op
from catgrad.fixed.assign import assign
from catgrad.fixed.exact import computed_nodes, exact, opened
from catgrad.fixed.formats import Formats
from catgrad.hypergraph import Functor, Hypergraph, Labels, OpenHypergraph
from catgrad.special.memory import Memory


def dual(T: NdArrayType) -> Dual:
    """The pair of formats of a wire of a quantised program."""
    if not isinstance(T.dtype, Dual):
        raise TypeMismatch(
            f"Expected a wire with formats forward and in reverse, not {T}; "
            f"quantise the program first."
        )
    return T.dtype


@dataclass(frozen=True)
class Requantise(Optic):
    """``T → T`` in the forward format `dtype`: the one place where a forward pass rounds.

    Its reverse passes the gradient where the value was in range, and zero where it saturated.
    """

    T: NdArrayType
    dtype: Fixed
    rounding: Rounding
    overflow: Overflow

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T.with_dtype(Dual(self.dtype, dual(self.T).reverse)))

    def to_core(self) -> OpenHypergraph:
        return op(ops.Requantise(forward_type(self.T), self.dtype, self.rounding, self.overflow))

    def residual(self) -> Labels:
        if self.overflow is Overflow.WRAP:
            return obj()
        return obj(ops.Mask(reverse_type(self.T)).bits)

    def fwd(self) -> OpenHypergraph:
        if self.overflow is Overflow.WRAP:
            return self.to_core()
        T = forward_type(self.T)
        in_range = op(ops.InRange(T, self.dtype, self.rounding))
        return op(ops.Copy(T)) >> (self.to_core() @ in_range)

    def rev(self) -> OpenHypergraph:
        change = reverse_type(self.T)
        if self.overflow is Overflow.WRAP:
            return identity(obj(change))
        return twist(self.residual(), obj(change)) >> op(ops.Mask(change))


@dataclass(frozen=True)
class Exact(Optic):
    """A float operation of B, exact forward, and in reverse rounded once, at the very end.

    Only within an operation that takes several steps (a normalisation, say), numbers computed on
    the way are rounded when a product of them would need more than 62 bits.

    `sources` are the wires that it reads and `outputs` those that it is to write, with their
    `Dual` formats; the forward formats it does write are as wide as exactness needs.
    """

    operation: Optic
    sources: tuple[NdArrayType, ...]
    outputs: tuple[NdArrayType, ...]
    formats: Formats

    def _exact(
        self, f: OpenHypergraph, sources: Sequence[NdArrayType], computed: Sequence[bool] = ()
    ) -> OpenHypergraph:
        result = dual(self.outputs[0]).forward if self.outputs else self.formats.data
        f = opened(f)
        return exact(f, sources, result, self.formats, computed_nodes(f, computed))

    def source(self) -> Labels:
        return obj(*self.sources)

    def target(self) -> Labels:
        written = self.to_core().target
        return obj(
            *(
                T.with_dtype(Dual(E.fixed, dual(T).reverse))
                for T, E in zip(self.outputs, written, strict=True)
            )
        )

    def to_core(self) -> OpenHypergraph:
        return self._exact(forget(self.operation.to_core()), [*map(forward_type, self.sources)])

    def fwd(self) -> OpenHypergraph:
        return self._exact(forget(self.operation.fwd()), [*map(forward_type, self.sources)])

    def residual(self) -> Labels:
        written = self.fwd().target
        return Labels.of(list(written)[len(self.outputs) :])

    def rev(self) -> OpenHypergraph:
        changes = [reverse_type(T) for T in self.outputs]
        forward = opened(forget(self.operation.fwd()))
        computed = computed_nodes(forward)
        kept = [node in computed for node in forward.t.table.tolist()[len(self.outputs) :]]
        f = self._exact(forget(self.operation.rev()), [*self.residual(), *changes], kept)
        rounded = [
            requantise(T, reverse_type(S).fixed, self.formats)
            for T, S in zip(f.target, self.sources, strict=True)
        ]
        return f >> OpenHypergraph.tensor_list(rounded) if rounded else f


def requantise(T: NdArrayType, dtype: Fixed, formats: Formats) -> OpenHypergraph:
    """Convert an array of C; a plain wire where it has the format already."""
    if T.dtype == dtype:
        return identity(obj(T))
    return op(ops.Requantise(T, dtype, formats.rounding, formats.overflow))


class Quantise(Functor):
    """B over floats, each operation labelled with the formats of its wires → B over fixed point."""

    def map_object(self, label: Hashable) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Hashable) -> OpenHypergraph:
        assert isinstance(label, Exact)
        f = op(label)
        narrowed = []
        for T, wanted in zip(f.target, label.outputs, strict=True):
            rounded = op(
                Requantise(T, dual(wanted).forward, label.formats.rounding, label.formats.overflow)
            )
            narrowed.append(rounded if wanted != T else identity(obj(T)))
        return f >> OpenHypergraph.tensor_list(narrowed) if narrowed else f


def quantise(
    f: OpenHypergraph,
    formats: Formats,
    kept: int,
    given: int = 0,
    memories: Sequence[Memory] = (),
) -> OpenHypergraph:
    """Quantise a float program of B.

    `f : K ● M ● X ● R → Y ● M` is a model between a learning rule and a loss; its first `kept`
    inputs are `K`, the parameters and the state of the rule, `memories` are those of the arrays
    `M`, and its last `given` inputs are `R`, what the rule is given at each step. Wires get the
    formats that `assign` gives them.
    """
    f = expand(f)
    types = assign(f, formats, kept, given, memories)
    labels = []
    for i, operation in enumerate(f.H.x):
        sources = tuple(types[node] for node in f.H.s[i].table.tolist())
        outputs = tuple(types[node] for node in f.H.t[i].table.tolist())
        labels.append(Exact(operation, sources, outputs, formats))
    H = Hypergraph(f.H.s, f.H.t, Labels.of(types), Labels.of(labels))
    return Quantise()(OpenHypergraph(f.s, f.t, H))
