"""How wrong predictions are: the loss that a learner minimises, of its integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catgrad.bidirectional.block import expand
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.learning import MSE, Loss
from catgrad.circuit.format import Integers
from catgrad.core.types import NdArrayType
from catgrad.fixed.numbers import from_fixed
from catgrad.hardware import Hardware
from catgrad.layers.losses import CrossEntropy
from catgrad.special.definition import inline
from catgrad.target.python import to_python_function

Value = Callable[..., list[Any]]

NAMES: dict[type[Loss], str] = {
    MSE: "half the squared error",
    CrossEntropy: "cross-entropy, nats",
}


class Losses:
    """The loss of rows of integers, computed in float64, and the classes that they name.

    `name` says which loss it is, and its unit. It is the squared error where the learner has a loss
    of the user's own, whose value is not known.
    """

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        found = [x for x in expand(hardware.learner.loss).H.x if isinstance(x, Loss)]
        if len(found) != len(hardware.prediction_types):
            found = [MSE(T) for T in hardware.learner.Y]
        self._values = [to_python_function(inline(forget(loss.value()))) for loss in found]
        names = [
            next((name for kind, name in NAMES.items() if isinstance(loss, kind)), "")
            or f"loss ({type(loss).__name__})"
            for loss in found
        ]
        self.name = ", ".join(dict.fromkeys(names))

    def __call__(self, prediction: Integers, y: Integers) -> float:
        """The loss of one row of each."""
        hardware = self._hardware
        predictions = reals(hardware, prediction, hardware.prediction_types)
        targets = reals(hardware, y, hardware.y_types)
        terms = zip(self._values, predictions, targets, strict=False)
        return sum(float(value(p, t)[0]) for value, p, t in terms)


def reals(
    hardware: Hardware, row: Integers, types: Sequence[NdArrayType]
) -> list[NDArray[np.float64] | Integers]:
    """The arrays in a row of mantissas, as reals; those of integers stay so."""
    arrays = hardware.unflatten(row, types)
    pairs = zip(arrays, types, strict=True)
    return [from_fixed(a, T.fixed) if T.fixed.fraction else a for a, T in pairs]


class Classes:
    """Whether targets name classes, and which: one-hot rows, or labels.

    `count` is how many classes there are; 0 where targets are other numbers.
    """

    def __init__(self, hardware: Hardware, y: Integers | None) -> None:
        self.count, self._labels = 0, False
        if y is None or len(hardware.prediction_types) != 1 or not len(y):
            return
        [shape] = (T.shape for T in hardware.prediction_types)
        size = int(np.prod(shape))
        if not shape or shape[-1] < 2:
            return
        if y.shape[1] == size:
            rows = y.reshape(-1, shape[-1])
            one = np.count_nonzero(rows, axis=1) == 1
            if one.all() and np.all(rows.max(axis=1) == rows.max()):
                self.count = shape[-1]
        elif y.shape[1] == size // shape[-1] and y.min() >= 0 and y.max() < shape[-1]:
            self.count, self._labels = shape[-1], True

    def wanted(self, y: Integers) -> list[int]:
        """The classes that a row of targets names."""
        if self._labels:
            return [int(label) for label in y]
        return self.said(y)

    def said(self, prediction: Integers) -> list[int]:
        """The classes of the greatest outputs."""
        chosen: list[int] = prediction.reshape(-1, self.count).argmax(axis=1).tolist()
        return chosen
