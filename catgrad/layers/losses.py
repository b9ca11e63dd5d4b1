"""Losses, each with its value and, as its reverse map, the derivative of that.

The value is a sum over all terms, so that a gradient does not depend on how many samples a batch
has; `averaged` divides both by the number of terms.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.learning import Loss
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import Canonical, applied, canonical
from catgrad.core import operation as ops
from catgrad.core.operation import Scalar
from catgrad.core.types import Dtype, NdArrayType, obj, op, require, require_numbers
from catgrad.errors import CatgradError
from catgrad.hypergraph import Functor, Labels, OpenHypergraph
from catgrad.layers.along import last_axis, max_last, repeat_last, sum_last, total


class L1(Loss):
    """The sum of the absolute errors; in reverse their signs."""

    def rev(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda y, t: call(B.Sign(self.T), y - t))

    def value(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda y, t: total(call(B.Abs(self.T), y - t)))


@dataclass(frozen=True)
class Huber(Loss):
    """Half the squared error where it is at most `delta`, and in line with it beyond.

    (Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics, 1964.)
    """

    delta: Scalar

    def __post_init__(self) -> None:
        require(
            self.delta > 0,
            self,
            f"cannot change from squares to lines at {self.delta}",
            "give a positive delta",
        )

    def _limited(self, error: Wire) -> Wire:
        return call(B.clamp(-self.delta, self.delta)(obj(self.T)), error)

    def rev(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda y, t: self._limited(y - t))

    def value(self) -> OpenHypergraph:
        # With c the clamped error e, c * (e - c / 2) is e**2 / 2 inside and the line outside.
        def body(y: Wire, t: Wire) -> Wire:
            error = y - t
            limited = self._limited(error)
            return total(limited * (error - 0.5 * limited))

        return program(obj(self.T, self.T), body)


class Hinge(Loss):
    """``max(0, 1 - y * t)``, for targets `t` of -1 and 1."""

    def rev(self) -> OpenHypergraph:
        def body(y: Wire, t: Wire) -> Wire:
            return call(B.Mask(self.T), -t, 1 - y * t > 0)

        return program(obj(self.T, self.T), body)

    def value(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda y, t: total(call(B.ReLU(self.T), 1 - y * t)))


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """``-sum(t * log(softmax(y)))``, for logits `y` and targets `t` that are probabilities.

    Both lie along the last axis. In reverse ``softmax(y) - t``, which is the derivative where the
    probabilities add up to 1.
    """

    def __post_init__(self) -> None:
        last_axis(self, self.T)

    def terms(self) -> int:
        return self.T.size // self.T.shape[-1]

    def probabilities(self, target: Wire) -> Wire:
        """The target as probabilities."""
        return target

    def _exponentials(self, y: Wire) -> tuple[Wire, Wire, Wire]:
        """The logits less the greatest of them, their exponentials, and the sum of those."""
        shifted = y - repeat_last(max_last(y), self.T)
        exponentials = call(B.Exp(self.T), shifted)
        return shifted, exponentials, sum_last(exponentials)

    def rev(self) -> OpenHypergraph:
        def body(y: Wire, target: Wire) -> Wire:
            _, exponentials, sums = self._exponentials(y)
            return exponentials / repeat_last(sums, self.T) - self.probabilities(target)

        return program(self.source() + self.target(), body)

    def value(self) -> OpenHypergraph:
        def body(y: Wire, target: Wire) -> Wire:
            shifted, _, sums = self._exponentials(y)
            logarithms = total(call(B.Log(sums.T), sums))
            return logarithms - total(self.probabilities(target) * shifted)

        return program(self.source() + self.target(), body)


class CrossEntropyLabels(CrossEntropy):
    """``-log(softmax(y)[label])``, for logits `y` and int32 labels.

    Forward it gives the label of the greatest logit.
    """

    def target(self) -> Labels:
        return obj(NdArrayType(self.T.shape[:-1], Dtype.int32))

    def to_core(self) -> OpenHypergraph:
        return op(ops.ArgMax(self.T, -1))

    def probabilities(self, target: Wire) -> Wire:
        dtype = self.T.dtype
        assert isinstance(dtype, Dtype)
        return call(B.OneHot(target.T, self.T.shape[-1], dtype), target)


@dataclass(frozen=True)
class Averaged(Loss):
    """Another loss divided by the number of its terms."""

    loss: Loss

    def __post_init__(self) -> None:
        require(
            self.loss.terms() > 0,
            self,
            f"has no terms in {self.T}",
            "give a batch of at least one sample",
        )

    def target(self) -> Labels:
        return self.loss.target()

    def to_core(self) -> OpenHypergraph:
        return self.loss.to_core()

    def terms(self) -> int:
        return 1

    def rev(self) -> OpenHypergraph:
        return self.loss.rev() >> B.scale(1 / self.loss.terms())(obj(self.T))

    def value(self) -> OpenHypergraph:
        return self.loss.value() >> B.scale(1 / self.loss.terms())(obj(self.scalar()))


class Average(Functor):
    """B → B, every loss averaged."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return op(Averaged(label.T, label) if isinstance(label, Loss) else label)


def averaged(loss: Canonical) -> Canonical:
    """A loss divided by the number of its terms: of numbers, or of labels."""

    def component(Y: Labels) -> OpenHypergraph:
        f = applied("loss", "layers.mse", loss, Y)
        if len(Y) and not any(isinstance(label, Loss) for label in f.H.x):
            raise CatgradError(
                "layers.averaged was given what holds no loss; give a loss, such as layers.mse."
            )
        return Average()(f)

    return component


l1 = canonical(lambda T: op(L1(T)), "l1", "A loss: the summed absolute error.")

hinge = canonical(
    lambda T: op(Hinge(T)), "hinge", "A loss: ``max(0, 1 - y * t)``, for targets of -1 and 1."
)

cross_entropy = canonical(
    lambda T: op(CrossEntropy(T)),
    "cross_entropy",
    "A loss: cross-entropy of logits against probabilities (one-hot or not) of the same type.",
)

cross_entropy_labels = canonical(
    lambda T: op(CrossEntropyLabels(T)),
    "cross_entropy_labels",
    "A loss: cross-entropy of logits against int32 labels.",
)


def huber(delta: Scalar = 1.0) -> Canonical:
    """Huber's loss: squared error up to `delta`, absolute error beyond."""
    require_numbers("layers.huber", delta=delta)
    return canonical(lambda T: op(Huber(T, delta)), f"huber({delta})", "Huber's loss.")
