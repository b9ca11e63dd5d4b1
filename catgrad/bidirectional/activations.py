"""Activations: functions that layers end in, in forms that a gradient and a circuit can use."""

from __future__ import annotations

import math
from dataclasses import dataclass

from catgrad.bidirectional.elementwise import complement, multiply
from catgrad.bidirectional.linear import copy
from catgrad.bidirectional.optic import KeepsOutput, Optic
from catgrad.combinators import canonical, identity, twist
from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, obj, op, require
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.special.definition import Definition


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
class Sigmoid(Definition, KeepsOutput):
    """``1 / (1 + exp(-x))``. The forward map keeps its *output*."""

    T: NdArrayType

    def __post_init__(self) -> None:
        require(
            self.T.is_floating, self, f"is not defined on {self.T}", "use a floating-point dtype"
        )

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

    def rev(self) -> OpenHypergraph:
        # σ ──●───────────╮
        #     ╰── (1-) ── ○ ──╮
        # dy ──────────────── ○ ── σ (1 - σ) dy
        T = obj(self.T)
        slope = copy(T) >> (identity(T) @ complement(T)) >> multiply(T)
        return (slope @ identity(T)) >> multiply(T)


sigmoid = canonical(
    lambda T: op(Sigmoid(T)), "sigmoid", "The logistic function ``1 / (1 + exp(-x))``."
)
relu = canonical(lambda T: op(ReLU(T)), "relu", "``x`` where it is greater than 0, else 0.")
