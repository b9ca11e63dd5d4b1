"""From B to C: forgetting the reverse maps, and differentiating."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from catgrad import hypergraph
from catgrad.bidirectional.optic import Optic
from catgrad.combinators import keep_outputs
from catgrad.core.types import Fixed, NdArrayType, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import Functor, OpenHypergraph
from catgrad.hypergraph.boundary import name_of


@dataclass(frozen=True)
class Dual:
    """A dtype of B whose numbers have one format forward and another in reverse."""

    forward: Fixed
    reverse: Fixed

    def __str__(self) -> str:
        return f"{self.forward}/{self.reverse}"


def forward_type(T: NdArrayType) -> NdArrayType:
    """The array that a wire of B carries forward."""
    return T.with_dtype(T.dtype.forward) if isinstance(T.dtype, Dual) else T


def reverse_type(T: NdArrayType) -> NdArrayType:
    """The array of changes that a wire of B carries in reverse."""
    return T.with_dtype(T.dtype.reverse) if isinstance(T.dtype, Dual) else T


class Forget(Functor):
    """B → C, what a program computes; operations that are in C already stay as they are."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [forward_type(label)]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return label.to_core() if isinstance(label, Optic) else op(label)


class Bidirectional(hypergraph.Optic):
    """B → C, a program together with its reverse derivative."""

    def __init__(self) -> None:
        super().__init__()
        self.forget = Forget()

    def forward_object(self, label: Any) -> Sequence[Hashable]:
        return [forward_type(label)]

    def reverse_object(self, label: Any) -> Sequence[Hashable]:
        return [reverse_type(label)]

    def residual(self, label: Any) -> Sequence[Hashable]:
        if not isinstance(label, Optic):
            raise CatgradError(
                f"{name_of(label)} has no reverse map; use an operation of "
                f"catgrad.bidirectional.operation, or derive its class from an optic such as "
                f"Lens, which states one."
            )
        return list(label.residual())

    def forward(self, label: Any) -> OpenHypergraph:
        return self.forget(label.fwd())

    def reverse(self, label: Any) -> OpenHypergraph:
        return self.forget(label.rev())


forget = Forget()
"""Forget the reverse maps of a program of B."""

bidirectional = Bidirectional()


def differentiate(f: OpenHypergraph) -> OpenHypergraph:
    """``f : A → B`` of B becomes ``A ● B' → B ● A'`` of C: value and reverse derivative at once.

    A change of the outputs `B'` is carried back to the change of the inputs `A'` that it is
    due to; both share all that they can of the forward computation.
    """
    return bidirectional.adapt(bidirectional(f), f.source, f.target)


def rdiff(f: OpenHypergraph) -> OpenHypergraph:
    """``A ● B' → A'`` of C: the reverse derivative of ``f : A → B``, without its value."""
    both = differentiate(f)
    return keep_outputs(both, range(len(f.target), len(both.target)))
