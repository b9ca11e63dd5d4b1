"""The integer program beside a board: it takes the samples that the board takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from boards.serial import Front
from catgrad.circuit.format import Integers
from catgrad.hardware import Hardware
from catgrad.hardware.tracing import Runner
from catgrad.hdl.transducer import COUNTER_BITS


class Beside:
    """The generated NumPy program, fed with rows of integers as a board is.

    With a `front` the program is given what that makes of the last rows.
    """

    def __init__(self, hardware: Hardware, front: Front | None = None) -> None:
        self.hardware = hardware
        self.front = front
        self.begin([0] * sum(T.size for T in hardware.parameter_types))

    def begin(self, parameters: ArrayLike) -> None:
        """Start with these parameters, `int[k]`, and with all else as it is at first.

        Channels have theirs one after another; if those of one are given, all have these.
        """
        types = self.hardware.parameter_types
        size = sum(T.size for T in types)
        values = np.asarray(parameters)
        self._runner = Runner(self.hardware, self.hardware.unflatten(values[:size], types))
        if len(values) > size:
            for kept, row in zip(self._runner.kept, values.reshape(-1, size), strict=True):
                arrays = self.hardware.unflatten(row, types)
                for place, array in zip(self.hardware.loadable, arrays, strict=True):
                    kept[place] = array
        self._last: list[Integers] = []
        self.samples = self.forward_saturations = self.learning_saturations = 0

    def step(self, x: Integers, y: Integers | None, train: bool) -> Integers:
        """The prediction for one row, `int[m]`; with `train` learn from it and from `y`."""
        hardware = self.hardware
        if y is None:
            y = np.zeros(sum(T.size for T in hardware.y_types), np.int64)
        arrays = hardware.unflatten(self._seen(x), hardware.x_types)
        targets = hardware.unflatten(y, hardware.y_types)
        prediction, forward, learned = self._runner.step(arrays, targets, train)
        modulus = 1 << COUNTER_BITS
        self.samples = (self.samples + 1) % modulus
        self.forward_saturations = (self.forward_saturations + forward) % modulus
        self.learning_saturations = (self.learning_saturations + learned) % modulus
        return hardware.flatten(prediction)

    def _seen(self, x: Integers) -> Integers:
        """What the program is given for a row."""
        if self.front is None:
            return x
        if not self._last:
            self._last = [np.zeros_like(x)] * (self.front.history + 1)
        self._last = [*self._last[1:], np.asarray(x)]
        return self.front.model(np.stack(self._last))

    @property
    def parameters(self) -> Integers:
        """Those of now, `int[k]`."""
        return self._runner.parameters

    @property
    def counters(self) -> tuple[int, int, int]:
        """Samples, forward saturations and learning saturations since `begin`."""
        return self.samples, self.forward_saturations, self.learning_saturations
