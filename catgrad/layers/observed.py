"""Losses whose value can be read, beside the derivative that they give in reverse."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from catgrad.bidirectional.learning import Loss
from catgrad.bidirectional.optic import Optic, copy_core, discard_core
from catgrad.bidirectional.wires import call, program
from catgrad.combinators import identity
from catgrad.core.types import obj, op
from catgrad.hypergraph import Functor, Labels, OpenHypergraph
from catgrad.special.state import Given


@dataclass(frozen=True)
class Observed(Optic):
    """A loss with one more input, in reverse to which its value flows: ``T ● scalar → L``."""

    loss: Loss

    def source(self) -> Labels:
        return self.loss.source() + obj(self.loss.scalar())

    def target(self) -> Labels:
        return self.loss.target()

    def to_core(self) -> OpenHypergraph:
        return self.loss.to_core() @ discard_core(obj(self.loss.scalar()))

    def residual(self) -> Labels:
        return self.loss.source()

    def fwd(self) -> OpenHypergraph:
        # The input for the value carries nothing forward.
        kept = copy_core(self.loss.source()) >> (op(self.loss) @ identity(self.loss.source()))
        return kept @ discard_core(obj(self.loss.scalar()))

    def rev(self) -> OpenHypergraph:
        return program(
            self.residual() + self.target(),
            lambda *wires: (call(self.loss.rev(), *wires), call(self.loss.value(), *wires)),
        )


class Observe(Functor):
    """B → B, every loss observed."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        if not isinstance(label, Loss):
            return op(label)
        return (identity(label.source()) @ op(Given(label.scalar(), "loss"))) >> op(Observed(label))
