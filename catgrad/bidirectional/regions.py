"""Parts of arrays in B: `Slice` and `Pad` reverse each other, as do `Window` and `Fold`."""

from __future__ import annotations

from itertools import pairwise

from catgrad.bidirectional.linear import copy, discard
from catgrad.bidirectional.optic import Dagger, InCore
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, obj, op
from catgrad.hypergraph import OpenHypergraph


class Slice(ops.Slice, InCore, Dagger):
    """Some numbers of an array; the others do not matter, so their change is 0."""

    def dagger(self) -> OpenHypergraph:
        n = self.result().shape
        spans = ((k - 1) * s + 1 if k else 0 for k, s in zip(n, self.steps, strict=True))
        ends = zip(self.T.shape, self.start, spans, strict=True)
        high = tuple(extent - start - span for extent, start, span in ends)
        return op(Pad(self.result(), self.start, high, tuple(s - 1 for s in self.steps)))


class Pad(ops.Pad, InCore, Dagger):
    """An array with a value around it, which does not depend on the array."""

    def dagger(self) -> OpenHypergraph:
        inside = self.inside()
        return op(Slice(inside.T, inside.start, inside.stop, inside.step))


class Concatenate(ops.Concatenate, InCore, Dagger):
    """Arrays one after the other; each changes as its part of the result does."""

    def dagger(self) -> OpenHypergraph:
        T, starts = self.result(), self.starts()
        parts = [op(Slice.along(T, self.axis, start, stop)) for start, stop in pairwise(starts)]
        return copies(T, len(parts)) >> OpenHypergraph.tensor_list(parts)


class Window(ops.Window, InCore, Dagger):
    """An array in windows; where several show one number, their changes add up."""

    def dagger(self) -> OpenHypergraph:
        return op(Fold(self.T, self.axis, self.size, self.stride, self.dilation))


class Fold(ops.Fold, InCore, Dagger):
    """Windows laid back over their array; each changes as what lies under it."""

    def dagger(self) -> OpenHypergraph:
        return op(Window(self.T, self.axis, self.size, self.stride, self.dilation))


def copies(T: NdArrayType, n: int) -> OpenHypergraph:
    """``T → T ● ... ● T``, `n` times; 0 of them discard."""
    A = obj(T)
    if n == 0:
        return discard(A)
    f = identity(A)
    for _ in range(n - 1):
        f = f >> (copy(A) @ identity(f.target[1:]))
    return f
