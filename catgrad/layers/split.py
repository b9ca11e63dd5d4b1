"""Arrays cut into parts along an axis."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.optic import Dagger
from catgrad.core.types import op
from catgrad.hypergraph import Labels, OpenHypergraph


@dataclass(frozen=True)
class Split(Dagger):
    """Arrays apart that were one after the other along an axis: the dagger of `joined`."""

    joined: B.Concatenate

    def source(self) -> Labels:
        return self.joined.target()

    def target(self) -> Labels:
        return self.joined.source()

    def to_core(self) -> OpenHypergraph:
        return forget(self.joined.dagger())

    def dagger(self) -> OpenHypergraph:
        return op(self.joined)
