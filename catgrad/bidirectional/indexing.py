"""Reading and writing by index in B. An index does not change; what it names does."""

from __future__ import annotations

from catgrad.bidirectional.optic import Flat, InCore, copy_core, rewired, zero_core
from catgrad.combinators import identity, twist
from catgrad.core import operation as ops
from catgrad.core.types import obj, op
from catgrad.hypergraph import Labels, OpenHypergraph


class Gather(ops.Gather, InCore):
    """Rows of a table. The change of a row adds up over all places where it was read."""

    def residual(self) -> Labels:
        return obj(self.index)

    def fwd(self) -> OpenHypergraph:
        index = obj(self.index)
        return (identity(obj(self.T)) @ copy_core(index)) >> (op(self) @ identity(index))

    def rev(self) -> OpenHypergraph:
        return op(ops.ScatterAdd(self.T, self.index)) @ zero_core(obj(self.index))


class ScatterAdd(ops.ScatterAdd, InCore):
    """Rows added up into a table. Each changes as the row of the table does that it went to."""

    def residual(self) -> Labels:
        return obj(self.index)

    def fwd(self) -> OpenHypergraph:
        return rewired(self.source(), [0, 1, 0]) >> (op(self) @ identity(obj(self.index)))

    def rev(self) -> OpenHypergraph:
        index = obj(self.index)
        rows = twist(index, obj(self.T)) >> op(ops.Gather(self.T, self.index))
        return zero_core(index) @ rows


class OneHot(ops.OneHot, InCore, Flat):
    """1 at each index, 0 elsewhere."""
