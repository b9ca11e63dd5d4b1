"""Operations with compact reverse maps: they keep what those need, and no more."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.optic import Optic
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import keep_outputs
from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, obj, require
from catgrad.hypergraph import Labels, OpenHypergraph


class Written(Optic):
    """An optic whose two maps are written as expressions on wires."""

    @abstractmethod
    def forward(self, *inputs: Wire) -> tuple[Wire, ...]:
        """The results, and what is kept for the reverse map."""

    @abstractmethod
    def reverse(self, *wires: Wire) -> Wire | tuple[Wire, ...]:
        """The changes of the inputs, from what is kept and the changes of the results."""

    def to_core(self) -> OpenHypergraph:
        return forget(keep_outputs(self.fwd(), range(len(self.target()))))

    def residual(self) -> Labels:
        return self.fwd().target[len(self.target()) :]

    def fwd(self) -> OpenHypergraph:
        return program(self.source(), self.forward)

    def rev(self) -> OpenHypergraph:
        return program(self.residual() + self.target(), self.reverse)


def require_floating(operation: object, T: NdArrayType) -> None:
    """Refuse numbers without a floating point."""
    require(
        T.is_floating,
        operation,
        f"is not defined on {T}",
        "use a floating-point dtype",
    )


@dataclass(frozen=True)
class Smooth(Written):
    """``T → T`` on floating-point numbers."""

    T: NdArrayType

    def __post_init__(self) -> None:
        require_floating(self, self.T)

    def source(self) -> Labels:
        return obj(self.T)

    def target(self) -> Labels:
        return obj(self.T)


@dataclass(frozen=True)
class Softmax(Smooth):
    """``exp(x) / sum(exp(x))`` along an axis."""

    axis: int = -1

    def __post_init__(self) -> None:
        super().__post_init__()
        B.ReduceMax(self.T, (self.axis,))  # which refuses an axis that is not there, or empty

    def forward(self, *inputs: Wire) -> tuple[Wire, ...]:
        [x] = inputs
        greatest = call(ops.ReduceMax(self.T, (self.axis,)), x)
        exponentials = call(B.Exp(self.T), x - self._along(greatest))
        y = exponentials / self._along(self._total(exponentials))
        return y, y

    def reverse(self, *wires: Wire) -> Wire:
        y, dy = wires
        return y * (dy - self._along(self._total(y * dy)))

    def _total(self, x: Wire) -> Wire:
        return call(B.ReduceSum(self.T, (self.axis,)), x)

    def _along(self, x: Wire) -> Wire:
        return call(B.Repeat(self.T, (self.axis,)), x)


GELU = math.sqrt(2 / math.pi), 0.044715
"""The two constants of the approximation by tanh (Hendrycks and Gimpel, arXiv 1606.08415)."""


class Gelu(Smooth):
    """``y = x * s``, with ``s = (1 + tanh(z)) / 2`` and ``z = c * (x + 0.044715 * x**3)``.

    The factor `c` is ``sqrt(2 / pi)``. The forward map keeps `x`, `s` and `y`.
    """

    def forward(self, *inputs: Wire) -> tuple[Wire, ...]:
        [x] = inputs
        c, cube = GELU
        z = x * (c + c * cube * (x * x))
        s = 0.5 * (1 + call(B.Tanh(self.T), z))
        y = x * s
        return y, x, s, y

    def reverse(self, *wires: Wire) -> Wire:
        # With ds = 2 s (1 - s) dz, the slope s + x ds is s + (1 - s) * y * 2 dz.
        x, s, y, dy = wires
        c, cube = GELU
        twice_dz = 2 * c + 6 * c * cube * x * x
        return (s + (1 - s) * (y * twice_dz)) * dy


@dataclass(frozen=True)
class Silu(Smooth):
    """``x * sigmoid(steepness * x)``."""

    steepness: float = 1

    def forward(self, *inputs: Wire) -> tuple[Wire, ...]:
        [x] = inputs
        s = call(B.Sigmoid(self.T), self.steepness * x)
        return x * s, x, s

    def reverse(self, *wires: Wire) -> Wire:
        x, s, dy = wires
        return s * (1 + self.steepness * x * (1 - s)) * dy
