"""The arrows of B: the core operations with their reverse maps, and what is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from catgrad.bidirectional.optic import Dagger, Lens, Optic
from catgrad.combinators import Canonical, canonical, identity, permutation, twist
from catgrad.core import operation as ops
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, obj, op, require
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.special.definition import Definition

################################################################################
# Core operations whose reverse map needs no residual


class Copy(ops.Copy, Dagger):
    """``x ↦ (x, x)``; changes add up."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Copy(self.T))

    def dagger(self) -> OpenHypergraph:
        return op(Add(self.T))


class Discard(ops.Discard, Dagger):
    """``x ↦ ()``; nothing changes."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Discard(self.T))

    def dagger(self) -> OpenHypergraph:
        return op(Constant(self.T, 0))


class NCopy(ops.NCopy, Dagger):
    """Repeat along trailing axes; changes add up along them."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.NCopy(self.N, self.T))

    def dagger(self) -> OpenHypergraph:
        return op(NAdd(self.N, self.T))


class NAdd(ops.NAdd, Dagger):
    """Add up trailing axes; each term changes as the sum does."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.NAdd(self.N, self.T))

    def dagger(self) -> OpenHypergraph:
        return op(NCopy(self.N, self.T))


class Broadcast(ops.Broadcast, Dagger):
    """Repeat along leading axes; changes add up along them."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Broadcast(self.T, self.N))

    def dagger(self) -> OpenHypergraph:
        return op(Sum(self.T, self.N))


class Sum(ops.Sum, Dagger):
    """Add up leading axes; each term changes as the sum does."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Sum(self.T, self.N))

    def dagger(self) -> OpenHypergraph:
        return op(Broadcast(self.T, self.N))


class NSplit(ops.NSplit, Dagger):
    """Take apart along the last axis."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.NSplit(self.T, self.k))

    def dagger(self) -> OpenHypergraph:
        return op(NConcatenate(self.T, self.k))


class NConcatenate(ops.NConcatenate, Dagger):
    """Stack along a new last axis."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.NConcatenate(self.T, self.k))

    def dagger(self) -> OpenHypergraph:
        return op(NSplit(self.T, self.k))


class Add(ops.Add, Dagger):
    """``x + y``."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Add(self.T, self.U))

    def dagger(self) -> OpenHypergraph:
        return op(Copy(self.T))


class Subtract(ops.Subtract, Dagger):
    """``x - y``."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Subtract(self.T, self.U))

    def dagger(self) -> OpenHypergraph:
        return op(Copy(self.T)) >> (identity(obj(self.T)) @ op(Negate(self.T)))


class Negate(ops.Negate, Dagger):
    """``-x``."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Negate(self.T))

    def dagger(self) -> OpenHypergraph:
        return op(self)


class Invert(ops.Invert, Dagger):
    """``~x``: over the booleans, addition of 1, and so its own reverse map."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Invert(self.T))

    def dagger(self) -> OpenHypergraph:
        return op(self)


class Constant(ops.Constant, Dagger):
    """``() ↦ x``; no change of the output is due to an input."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Constant(self.T, self.x))

    def dagger(self) -> OpenHypergraph:
        return op(Discard(self.T))


class Reshape(ops.Reshape, Dagger):
    """The same numbers in another shape."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Reshape(self.X, self.Y))

    def dagger(self) -> OpenHypergraph:
        return op(Reshape(self.Y, self.X))


class Permute(ops.Permute, Dagger):
    """The axes in another order."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Permute(self.T, self.p))

    def dagger(self) -> OpenHypergraph:
        return op(Permute(self.target()[0], tuple(np.argsort(self.p).tolist())))


class Gt(ops.Gt, Optic):
    """``x > y``, whose derivative is zero wherever it has one."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Gt(self.T, self.U))

    def residual(self) -> Labels:
        return obj()

    def fwd(self) -> OpenHypergraph:
        return op(self)

    def rev(self) -> OpenHypergraph:
        return discard(self.target()) >> zero(self.source())


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
        if abs(math.frexp(self.s)[0]) == 0.5:  # a power of two, whose inverse is exact
            return (op(ops.Constant(self.T, 1 / self.s)) @ identity(T)) >> op(ops.Multiply(self.T))
        return (identity(T) @ op(ops.Constant(self.T, self.s))) >> op(ops.Divide(self.T))

    def dagger(self) -> OpenHypergraph:
        return op(self)


################################################################################
# Core operations that keep their input


class Multiply(ops.Multiply, Lens):
    """``x * y``."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Multiply(self.T, self.U))

    def rev(self) -> OpenHypergraph:
        # x ──╮ ╭── y ──╮
        #     ╳         ○── x'
        # y ──╯ ╰── x ─╮│
        #        ╭─────┼╯
        # dy ────●     ○─── y'
        #        ╰─────╯
        T = obj(self.T)
        crossed = twist(T, T) @ copy(T)
        interleaved = identity(T) @ twist(T, T) @ identity(T)
        return crossed >> interleaved >> (op(Multiply(self.T)) @ op(Multiply(self.T)))


@dataclass(frozen=True)
class Exponentiate(Lens):
    """``x ** s`` for a constant `s`."""

    T: NdArrayType
    s: Scalar

    def __post_init__(self) -> None:
        _require_floating(self, self.T)

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        if self.s == 1:
            return identity(obj(self.T))
        if self.s == 2:
            return op(ops.Copy(self.T)) >> op(ops.Multiply(self.T))
        return (identity(obj(self.T)) @ op(ops.Constant(self.T, self.s))) >> op(ops.Power(self.T))

    def rev(self) -> OpenHypergraph:
        # x ──[ s x^(s-1) ]──╮
        #                    ○── x'
        # dy ────────────────╯
        T = obj(self.T)
        slope = op(Exponentiate(self.T, self.s - 1)) >> scale(self.s)(T)
        return (slope @ identity(T)) >> multiply(T)


class MatrixMultiply(ops.MatrixMultiply, Lens):
    """``x @ y`` for each index of `N`."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.MatrixMultiply(self.N, self.A, self.B, self.C))

    def rev(self) -> OpenHypergraph:
        # x' = dy @ yᵀ  and  y' = xᵀ @ dy
        N, A, B, C = self.N, self.A, self.B, self.C
        n = len(N.shape)
        swapped = (*range(n), n + 1, n)
        transposed = op(Permute(self.left, swapped)) @ op(Permute(self.right, swapped))
        spread = transposed @ copy(obj(self.result))
        return (
            spread
            >> permutation(spread.target, [2, 1, 0, 3])
            >> (op(MatrixMultiply(N, A, C, B)) @ op(MatrixMultiply(N, B, A, C)))
        )


class Compose(ops.Compose, Lens):
    """Contraction over the axes of `B`."""

    def to_core(self) -> OpenHypergraph:
        return op(ops.Compose(self.A, self.B, self.C))

    def rev(self) -> OpenHypergraph:
        # x' = dy ; yᵀ  and  y' = xᵀ ; dy
        A, B, C = self.A, self.B, self.C
        a, b, c = len(A.shape), len(B.shape), len(C.shape)
        transposed = op(Permute(self.left, (*range(a, a + b), *range(a)))) @ op(
            Permute(self.right, (*range(b, b + c), *range(b)))
        )
        spread = transposed @ copy(obj(self.result))
        return (
            spread
            >> permutation(spread.target, [2, 1, 0, 3])
            >> (op(Compose(A, C, B)) @ op(Compose(B, A, C)))
        )


################################################################################
# Operations on every wire of an object

copy = canonical(lambda T: op(Copy(T)))
discard = canonical(lambda T: op(Discard(T)))
add = canonical(lambda T: op(Add(T)))
subtract = canonical(lambda T: op(Subtract(T)))
negate = canonical(lambda T: op(Negate(T)))
multiply = canonical(lambda T: op(Multiply(T)))
gt = canonical(lambda T: op(Gt(T)))


def constant(c: Scalar) -> Canonical:
    """``I → A``, every array filled with `c`."""
    return canonical(lambda T: op(Constant(T, c)))


zero = constant(0)


def increment(c: Scalar) -> Canonical:
    """``x + c``."""
    return lambda A: (constant(c)(A) @ identity(A)) >> add(A)


def scale(c: Scalar) -> Canonical:
    """``c * x``."""
    return lambda A: (constant(c)(A) @ identity(A)) >> multiply(A)


def scale_inverse(s: Scalar) -> Canonical:
    """``x / s``."""
    return canonical(lambda T: op(ScaleInverse(T, s)))


def exponentiate(s: Scalar) -> Canonical:
    """``x ** s``."""
    return canonical(lambda T: op(Exponentiate(T, s)))


def gt_constant(c: Scalar) -> Canonical:
    """``x > c``."""
    return lambda A: (identity(A) @ constant(c)(A)) >> gt(A)


################################################################################
# Activations


def _require_floating(operation: object, T: NdArrayType) -> None:
    require(
        T.is_floating,
        operation,
        f"is not defined on {T}",
        "use a floating-point dtype",
    )


@dataclass(frozen=True)
class ReLU(Optic):
    """``max(x, 0)``. The forward map keeps the one bit ``x > 0`` a number for the reverse map."""

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def _positive(self) -> OpenHypergraph:
        return (identity(obj(self.T)) @ op(ops.Constant(self.T, 0))) >> op(ops.Gt(self.T))

    def to_core(self) -> OpenHypergraph:
        # x ──●──────────────┐
        #     ╰── (x > 0) ── Mask ── y
        T = obj(self.T)
        return op(ops.Copy(self.T)) >> (identity(T) @ self._positive()) >> op(ops.Mask(self.T))

    def residual(self) -> Labels:
        return obj(ops.Mask(self.T).bits)

    def fwd(self) -> OpenHypergraph:
        # x ──●─────────────────┐
        #     ╰── (x > 0) ──●── Mask ── y
        #                   ╰────────── M
        T, M = obj(self.T), self.residual()
        bits = self._positive() >> op(ops.Copy(M[0]))
        return op(ops.Copy(self.T)) >> (identity(T) @ bits) >> (op(ops.Mask(self.T)) @ identity(M))

    def rev(self) -> OpenHypergraph:
        return twist(self.residual(), obj(self.T)) >> op(ops.Mask(self.T))


@dataclass(frozen=True)
class Sigmoid(Definition, Optic):
    """``1 / (1 + exp(-x))``. The forward map keeps its *output*."""

    T: NdArrayType

    def __post_init__(self) -> None:
        _require_floating(self, self.T)

    def symbol(self) -> str:
        return "sigmoid"

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    @staticmethod
    def function(x: float) -> float:
        """The function itself, on one number; never overflows."""
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))

    def arrow(self) -> OpenHypergraph:
        T = self.T
        one = op(ops.Constant(T, 1))
        e = op(ops.Constant(T, math.e))
        exponential = (e @ op(ops.Negate(T))) >> op(ops.Power(T))
        return (one @ ((one @ exponential) >> op(ops.Add(T)))) >> op(ops.Divide(T))

    def to_core(self) -> OpenHypergraph:
        return op(self)

    def residual(self) -> Labels:
        return obj(self.T)

    def fwd(self) -> OpenHypergraph:
        return op(self) >> op(Copy(self.T))

    def rev(self) -> OpenHypergraph:
        # σ ──●───────────╮
        #     ╰── (1-) ── ○ ──╮
        # dy ──────────────── ○ ── σ (1 - σ) dy
        T = obj(self.T)
        complement = (constant(1)(T) @ identity(T)) >> subtract(T)
        slope = copy(T) >> (identity(T) @ complement) >> multiply(T)
        return (slope @ identity(T)) >> multiply(T)


sigmoid = canonical(lambda T: op(Sigmoid(T)))
relu = canonical(lambda T: op(ReLU(T)))

################################################################################
# Learning rules and losses, which are lenses: forward the identity, and in reverse the rule


@dataclass(frozen=True)
class SGD(Lens):
    """Gradient descent: in reverse a parameter `p` and its gradient `g` become ``p - rate * g``.

    (Cruttwell et al., "Categorical foundations of gradient-based learning", arXiv 2103.01931.)
    """

    T: NdArrayType
    rate: Scalar

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        return identity(obj(self.T))

    def rev(self) -> OpenHypergraph:
        T = obj(self.T)
        return (identity(T) @ scale(self.rate)(T)) >> subtract(T)


@dataclass(frozen=True)
class MSE(Lens):
    """Mean squared error: in reverse a prediction and its target become their difference.

    The gradient of ``sum((prediction - target)**2) / 2``: no factor for the mean over the batch,
    which belongs to the rate.
    """

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        return identity(obj(self.T))

    def rev(self) -> OpenHypergraph:
        return subtract(obj(self.T))


def sgd(rate: Scalar) -> Canonical:
    """Gradient descent at a constant rate."""
    return canonical(lambda T: op(SGD(T, rate)))


mse = canonical(lambda T: op(MSE(T)))
