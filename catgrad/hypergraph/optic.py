"""Optics: programs that run forward and then in reverse."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.functor import Functor, check_type, map_labels
from catgrad.hypergraph.labels import Labels
from catgrad.hypergraph.open_hypergraph import OpenHypergraph
from catgrad.hypergraph.segmented import SegmentedArray


class Optic(Functor):
    """The functor that takes an operation to its forward map, its reverse map and a memory between.

    A wire ``A`` becomes two: ``F A``, which runs forward, and ``R A``, which runs in reverse. An
    operation ``A -> B`` becomes a program ``F A + R A -> F B + R B`` (bundle by bundle, for each
    wire of A and B), in which ``R A`` is an input only by its place in the type: it is written, and
    ``R B`` is read. ``adapt`` bends these wires to where they flow. From Wilson and Zanasi,
    arXiv 2305.01041, section 10; M is the residual:

    ```
           +---------+
    F A ---| forward |------------------ F B
           |         |--+ M
           +---------+  |  +---------+
                        +--| reverse |
    R B -------------------|         |-- R A
                           +---------+
    ```
    """

    @abstractmethod
    def forward_object(self, label: Any) -> Sequence[Hashable]:
        """F: the bundle that runs forward."""

    @abstractmethod
    def reverse_object(self, label: Any) -> Sequence[Hashable]:
        """R: the bundle that runs in reverse."""

    @abstractmethod
    def forward(self, label: Any) -> OpenHypergraph:
        """``F A -> F B + M`` for an operation ``A -> B``."""

    @abstractmethod
    def reverse(self, label: Any) -> OpenHypergraph:
        """``M + R B -> R A`` for an operation ``A -> B``."""

    @abstractmethod
    def residual(self, label: Any) -> Sequence[Hashable]:
        """M: what the forward map leaves for the reverse map."""

    def operation_type(self, label: Any) -> tuple[Labels, Labels]:
        """The type ``A, B`` of an operation; by default its label tells it."""
        return label.source(), label.target()

    def map_object(self, label: Any) -> Sequence[Hashable]:
        """The forward bundle, then the reverse bundle."""
        return [*self.forward_object(label), *self.reverse_object(label)]

    def map_operation(self, label: Any) -> OpenHypergraph:
        """The diagram above, with the wires ``R A`` and ``R B`` bent to the places of their type.

        Raises ``ArrowTypeError`` when the forward or the reverse map has the wrong type.
        """
        A, B = self.operation_type(label)
        a, b = self._sides(A), self._sides(B)
        M = Labels.of(self.residual(label))
        forward, reverse = self.forward(label), self.reverse(label)
        check_type(f"The forward map of {label}", forward, a.F, b.F + M)
        check_type(f"The reverse map of {label}", reverse, M + b.R, a.R)
        f = (forward @ OpenHypergraph.identity(b.R)) >> (OpenHypergraph.identity(b.F) @ reverse)
        FA, RB = _cut(f.s, len(a.F))
        FB, RA = _cut(f.t, len(b.F))
        return OpenHypergraph(a.order >> (FA + RA), b.order >> (FB + RB), f.H)

    def adapt(self, c: OpenHypergraph, A: Labels, B: Labels) -> OpenHypergraph:
        """``F A + R B -> F B + R A`` from the image ``c`` of a program ``A -> B``.

        Raises ``ArrowTypeError`` when ``c`` does not have the type of such an image.
        """
        a, b = self._sides(A), self._sides(B)
        source, target = a.order >> (a.F + a.R), b.order >> (b.F + b.R)
        check_type(f"The image of a program {A} -> {B}", c, source, target)
        FA, RA = _cut(a.order.inverse() >> c.s, len(a.F))
        FB, RB = _cut(b.order.inverse() >> c.t, len(b.F))
        return OpenHypergraph(FA + RB, FB + RA, c.H)

    def _sides(self, A: Labels) -> _Sides:
        F, R = map_labels(A, self.forward_object), map_labels(A, self.reverse_object)
        n, m = len(F.values), len(R.values)
        left = SegmentedArray(F.sizes, FiniteFunction.inj0(n, m, A.xp))
        right = SegmentedArray(R.sizes, FiniteFunction.inj1(n, m, A.xp))
        return _Sides(F.values, R.values, left.join(right).values)


@dataclass(frozen=True)
class _Sides:
    """The wires of an object: all that run forward, all that run in reverse.

    - ``order``: for each wire of ``F A0 + R A0 + F A1 + R A1 + ...`` its place in ``F + R``
    """

    F: Labels
    R: Labels
    order: FiniteFunction


def _cut(f: FiniteFunction, n: int) -> tuple[FiniteFunction, FiniteFunction]:
    """The first n values and the others."""
    return FiniteFunction(f.table[:n], f.target), FiniteFunction(f.table[n:], f.target)
