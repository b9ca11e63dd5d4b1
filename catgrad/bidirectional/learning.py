"""What makes a model learn: rules at its parameters and losses at its outputs.

Both are lenses. Forward they hand on what they are given. In reverse a loss turns a prediction and
its target into a change of the prediction, and a rule turns a parameter and its gradient into a new
parameter, or into another gradient for the rule before it (Cruttwell et al., "Categorical
foundations of gradient-based learning", arXiv 2103.01931, section 3).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from catgrad.bidirectional.elementwise import multiply, scale
from catgrad.bidirectional.linear import NAdd, copy, subtract
from catgrad.bidirectional.optic import Lens, discard_core
from catgrad.combinators import Canonical, canonical, identity
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, obj, op
from catgrad.hypergraph import Labels, OpenHypergraph


@dataclass(frozen=True)
class Rule(Lens):
    """A rule for parameters of type `T`: ``T ● S → T``, forward the identity.

    In reverse ``T ● S ● G → T' ● S'``: from a parameter, what the rule reads beside it, and the
    gradient `G`, to the new parameter (or another gradient) and the new `S`. `G` and `T'` have the
    type of `T`.
    """

    T: NdArrayType

    def beside(self) -> Labels:
        """``S``: the state of the rule, and what else it reads."""
        return obj()

    def source(self) -> Labels:
        return obj(self.T) + self.beside()

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        return identity(obj(self.T)) @ discard_core(self.beside())


@dataclass(frozen=True)
class SGD(Rule):
    """Gradient descent: in reverse a parameter `p` and its gradient `g` become ``p - rate * g``.

    At a rate of 0 that is `p`, and nothing computes `g`.
    """

    rate: Scalar

    def rev(self) -> OpenHypergraph:
        T = obj(self.T)
        if not self.rate:
            return identity(T) @ discard_core(T)
        return (identity(T) @ scale(self.rate)(T)) >> subtract(T)


@dataclass(frozen=True)
class Loss(Lens):
    """A loss of predictions of type `T`: ``T → L``, in reverse ``T ● L → T'``.

    `L` is the type of the targets. Forward the loss is the identity, or gives what a target is to
    be compared with. In reverse it gives the derivative of `value` by the prediction.
    """

    T: NdArrayType

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)

    def to_core(self) -> OpenHypergraph:
        return identity(obj(self.T))

    def scalar(self) -> NdArrayType:
        """The type of the loss itself."""
        return NdArrayType((), self.T.dtype)

    def terms(self) -> int:
        """Of how many terms `value` is the sum."""
        return self.T.size

    @abstractmethod
    def value(self) -> OpenHypergraph:
        """``T ● L → scalar``: the loss of a prediction and its target, added up."""


class MSE(Loss):
    """Squared error: in reverse a prediction and its target become their difference.

    The loss is ``sum((prediction - target)**2) / 2``: no factor for the mean over the batch, which
    belongs to the rate.
    """

    def rev(self) -> OpenHypergraph:
        return subtract(obj(self.T))

    def value(self) -> OpenHypergraph:
        T, scalar = obj(self.T), self.scalar()
        squares = subtract(T) >> copy(T) >> multiply(T)
        return squares >> op(NAdd(scalar, self.T)) >> scale(0.5)(obj(scalar))


def sgd(rate: Scalar) -> Canonical:
    """Gradient descent at a constant rate."""
    return canonical(lambda T: op(SGD(T, rate)), f"sgd({rate})", "Gradient descent.")


mse = canonical(
    lambda T: op(MSE(T)), "mse", "A loss: half the summed squared error, of each output."
)
