"""Adaptive filters: linear layers that learn by rules of their own."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.optic import Optic, discard_core
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import identity
from catgrad.core.types import NdArrayType, obj, op, require, require_types
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers.affine import linear


def nlms(A: NdArrayType, X: NdArrayType, Y: NdArrayType, epsilon: float = 1e-6) -> OpenHypergraph:
    """``A+X → A+Y``: a linear layer that learns by normalised least mean squares.

    Each sample's change is divided by ``epsilon + sum(x**2)``, so that a rate between 0 and 2 suits
    inputs of any power. Train it with `layers.lms` and `layers.mse`. (Haykin, "Adaptive filter
    theory", chapter on the normalised LMS filter.)
    """
    require_types("layers.nlms", A=A, X=X, Y=Y)
    copied = B.copy(obj(A + X)) >> (identity(obj(A + X)) @ linear(A, X, Y))
    return block("nlms", copied >> op(Normalised(A, X, Y, epsilon)))


@dataclass(frozen=True)
class Normalised(Optic):
    """``A+X ● A+Y → A+Y``, the second; in reverse its change, divided by the power of the first.

    The first does not change: this states a step, and no derivative.
    """

    A: NdArrayType
    X: NdArrayType
    Y: NdArrayType
    epsilon: float

    def __post_init__(self) -> None:
        require(
            self.epsilon > 0,
            self,
            f"would divide by {self.epsilon} where an input is 0",
            "give a positive epsilon",
        )

    def source(self) -> Labels:
        return obj(self.A + self.X, self.A + self.Y)

    def target(self) -> Labels:
        return obj(self.A + self.Y)

    def to_core(self) -> OpenHypergraph:
        return discard_core(obj(self.A + self.X)) @ identity(self.target())

    def residual(self) -> Labels:
        return obj(self.A)

    def fwd(self) -> OpenHypergraph:
        def body(x: Wire, y: Wire) -> tuple[Wire, Wire]:
            return y, 1 / (call(B.NAdd(self.A, self.X), x * x) + self.epsilon)

        return program(self.source(), body)

    def rev(self) -> OpenHypergraph:
        def body(factor: Wire, dy: Wire) -> tuple[Wire, Wire]:
            change = dy * call(B.NCopy(self.A, self.Y), factor)
            return dy.draft.constant(self.A + self.X, 0), change

        return program(self.residual() + self.target(), body)
