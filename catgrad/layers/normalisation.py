"""Normalisation along the last axis of a batch, and softmax."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.wires import Wire, call
from catgrad.combinators import canonical, identity
from catgrad.core.types import NdArrayType, obj, op, require, require_types
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers.along import dot_last, last_axis, mean_last, repeat_last, spread, sum_batch
from catgrad.layers.smooth import Softmax, Written, require_floating
from catgrad.special.parameter import named_parameter

softmax = canonical(
    lambda T: block("softmax", op(Softmax(T))),
    "softmax",
    "``exp(x) / sum(exp(x))`` along the last axis.",
)


def layer_norm(A: NdArrayType, X: NdArrayType, epsilon: float = 1e-5) -> OpenHypergraph:
    """``A+X → A+X``: numbers with mean 0 and variance 1 along `X`, one axis; then a learned scale
    and shift, of type `X`. (Ba et al., "Layer normalization", arXiv 1607.06450.)
    """
    require_types("layers.layer_norm", A=A, X=X)
    learned = named_parameter("scale")(obj(X)) @ named_parameter("shift")(obj(X))
    return block("layer_norm", (identity(obj(A + X)) @ learned) >> op(LayerNorm(A, X, epsilon)))


def rms_norm(A: NdArrayType, X: NdArrayType, epsilon: float = 1e-5) -> OpenHypergraph:
    """``A+X → A+X``: numbers with mean square 1 along `X`, one axis; then a learned scale.

    (Zhang and Sennrich, "Root mean square layer normalization", arXiv 1910.07467.)
    """
    require_types("layers.rms_norm", A=A, X=X)
    learned = named_parameter("scale")(obj(X))
    return block("rms_norm", (identity(obj(A + X)) @ learned) >> op(RMSNorm(A, X, epsilon)))


@dataclass(frozen=True)
class RMSNorm(Written):
    """``A+X ● X → A+X``: over its root mean square, times a scale.

    The forward map keeps the normalised numbers `n`, the inverse ``1 / sqrt(mean square)``, and the
    scale.
    """

    A: NdArrayType
    X: NdArrayType
    epsilon: float

    def __post_init__(self) -> None:
        require_floating(self, self.T)
        require(
            len(self.X.shape) == 1,
            self,
            f"normalises along one axis, not along the {len(self.X.shape)} of {self.X}",
            "flatten further axes, or count them to the batch",
        )
        last_axis(self, self.X)
        require(
            self.epsilon >= 0,
            self,
            f"cannot add {self.epsilon} to a variance",
            "give an epsilon of at least 0",
        )

    @property
    def T(self) -> NdArrayType:
        """The type of the batch."""
        return self.A + self.X

    def source(self) -> Labels:
        return obj(self.T, self.X)

    def target(self) -> Labels:
        return obj(self.T)

    def forward(self, *inputs: Wire) -> tuple[Wire, ...]:
        x, scale = inputs
        n, inverse = self.normalised(x)
        return n * spread(scale, self.T), n, inverse, scale

    def reverse(self, *wires: Wire) -> tuple[Wire, ...]:
        n, inverse, scale, dy = wires
        product, change = self.along(n, scale, dy)
        return change * repeat_last(inverse, self.T), sum_batch(product, self.X)

    def normalised(self, x: Wire) -> tuple[Wire, Wire]:
        """`n` and the inverse."""
        square = mean_last(x * x) + self.epsilon
        inverse = call(B.ReciprocalSqrt(square.T), square)
        return x * repeat_last(inverse, self.T), inverse

    def along(self, n: Wire, scale: Wire, dy: Wire) -> tuple[Wire, Wire]:
        """``n dy``, and the change of `x` over the inverse: less that of its own length."""
        product = n * dy
        length = dot_last(product, scale * (1 / self.X.size))
        return product, dy * spread(scale, self.T) - n * repeat_last(length, self.T)


class LayerNorm(RMSNorm):
    """``A+X ● X ● X → A+X``: less its mean, over its deviation, times a scale, plus a shift."""

    def source(self) -> Labels:
        return obj(self.T, self.X, self.X)

    def forward(self, *inputs: Wire) -> tuple[Wire, ...]:
        x, scale, shift = inputs
        n, inverse = self.normalised(x - repeat_last(mean_last(x), self.T))
        y = n * spread(scale, self.T) + spread(shift, self.T)
        return y, n, inverse, scale

    def reverse(self, *wires: Wire) -> tuple[Wire, ...]:
        n, inverse, scale, dy = wires
        product, change = self.along(n, scale, dy)
        mean = dot_last(dy, scale * (1 / self.X.size))
        dx = (change - repeat_last(mean, self.T)) * repeat_last(inverse, self.T)
        return dx, sum_batch(product, self.X), sum_batch(dy, self.X)
