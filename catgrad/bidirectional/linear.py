"""The linear arrows of B, which keep nothing: where numbers go, and sums of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from catgrad.bidirectional.optic import Dagger, InCore
from catgrad.combinators import Canonical, canonical, identity
from catgrad.core import operation as ops
from catgrad.core.operation import Scalar
from catgrad.core.types import Dtype, NdArrayType, obj, op, require
from catgrad.hypergraph import Labels, OpenHypergraph

################################################################################
# Wires


class Copy(ops.Copy, InCore, Dagger):
    """``x ↦ (x, x)``; changes add up."""

    def dagger(self) -> OpenHypergraph:
        return op(Add(self.T))


class Discard(ops.Discard, InCore, Dagger):
    """``x ↦ ()``; nothing changes."""

    def dagger(self) -> OpenHypergraph:
        return op(Constant(self.T, 0))


class Constant(ops.Constant, InCore, Dagger):
    """``() ↦ x``; no change of the output is due to an input."""

    def dagger(self) -> OpenHypergraph:
        return op(Discard(self.T))


class Array(ops.Array, InCore, Dagger):
    """``() ↦ numbers``; no change of the output is due to an input."""

    def dagger(self) -> OpenHypergraph:
        return op(Discard(self.T))


class Iota(ops.Iota, InCore, Dagger):
    """``() ↦ 0, 1, 2, ...`` along an axis; no change of the output is due to an input."""

    def dagger(self) -> OpenHypergraph:
        return op(Discard(self.T))


################################################################################
# Along axes


class NCopy(ops.NCopy, InCore, Dagger):
    """Repeat along trailing axes; changes add up along them."""

    def dagger(self) -> OpenHypergraph:
        return op(NAdd(self.N, self.T))


class NAdd(ops.NAdd, InCore, Dagger):
    """Add up trailing axes; each term changes as the sum does."""

    def dagger(self) -> OpenHypergraph:
        return op(NCopy(self.N, self.T))


class Broadcast(ops.Broadcast, InCore, Dagger):
    """Repeat along leading axes; changes add up along them."""

    def dagger(self) -> OpenHypergraph:
        return op(Sum(self.T, self.N))


class Sum(ops.Sum, InCore, Dagger):
    """Add up leading axes; each term changes as the sum does."""

    def dagger(self) -> OpenHypergraph:
        return op(Broadcast(self.T, self.N))


class Repeat(ops.Repeat, InCore, Dagger):
    """Repeat along any axes; changes add up along them."""

    def dagger(self) -> OpenHypergraph:
        return op(ReduceSum(self.T, self.axes))


class ReduceSum(ops.ReduceSum, InCore, Dagger):
    """Add up any axes; each term changes as the sum does."""

    def dagger(self) -> OpenHypergraph:
        return op(Repeat(self.T, self.axes))


class NSplit(ops.NSplit, InCore, Dagger):
    """Take apart along the last axis."""

    def dagger(self) -> OpenHypergraph:
        return op(NConcatenate(self.T, self.k))


class NConcatenate(ops.NConcatenate, InCore, Dagger):
    """Stack along a new last axis."""

    def dagger(self) -> OpenHypergraph:
        return op(NSplit(self.T, self.k))


class Reshape(ops.Reshape, InCore, Dagger):
    """The same numbers in another shape."""

    def dagger(self) -> OpenHypergraph:
        return op(Reshape(self.Y, self.X))


class Permute(ops.Permute, InCore, Dagger):
    """The axes in another order."""

    def dagger(self) -> OpenHypergraph:
        return op(Permute(self.target()[0], tuple(np.argsort(self.p).tolist())))


################################################################################
# Element by element


class Add(ops.Add, InCore, Dagger):
    """``x + y``."""

    def dagger(self) -> OpenHypergraph:
        return op(Copy(self.T))


class Subtract(ops.Subtract, InCore, Dagger):
    """``x - y``."""

    def dagger(self) -> OpenHypergraph:
        return op(Copy(self.T)) >> (identity(obj(self.T)) @ op(Negate(self.T)))


class Negate(ops.Negate, InCore, Dagger):
    """``-x``."""

    def dagger(self) -> OpenHypergraph:
        return op(self)


class Invert(ops.Invert, InCore, Dagger):
    """``~x``: ``x + 1`` over the booleans, so a change stays; ``-x - 1`` over the integers."""

    def dagger(self) -> OpenHypergraph:
        T = self.T
        return identity(obj(T)) if T.dtype is Dtype.bool else op(Negate(T))


@dataclass(frozen=True)
class ScaleInverse(Dagger):
    """``x / s`` for a constant `s`."""

    T: NdArrayType
    s: Scalar

    def __post_init__(self) -> None:
        require(self.s != 0, self, "cannot divide by 0", "give another divisor")

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        T = obj(self.T)
        is_power_of_two = abs(math.frexp(self.s)[0]) == 0.5
        if is_power_of_two and self.T.is_floating:  # then the inverse is exact
            return (op(ops.Constant(self.T, 1 / self.s)) @ identity(T)) >> op(ops.Multiply(self.T))
        return (identity(T) @ op(ops.Constant(self.T, self.s))) >> op(ops.Divide(self.T))

    def dagger(self) -> OpenHypergraph:
        return op(self)


################################################################################
# On every wire of an object

copy = canonical(lambda T: op(Copy(T)), "copy")
discard = canonical(lambda T: op(Discard(T)), "discard")
add = canonical(lambda T: op(Add(T)), "add")
subtract = canonical(lambda T: op(Subtract(T)), "subtract")
negate = canonical(lambda T: op(Negate(T)), "negate")


def constant(c: Scalar) -> Canonical:
    """``I → A``, every array filled with `c`."""
    return canonical(lambda T: op(Constant(T, c)), f"constant({c})")


zero = constant(0)


def increment(c: Scalar) -> Canonical:
    """``x + c``."""
    return lambda A: (constant(c)(A) @ identity(A)) >> add(A)


def scale_inverse(s: Scalar) -> Canonical:
    """``x / s``."""
    return canonical(lambda T: op(ScaleInverse(T, s)), f"scale_inverse({s})")
