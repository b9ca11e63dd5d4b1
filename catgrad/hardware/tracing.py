"""The integer program, sample by sample, as the hardware takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from catgrad.fixed.boundary import Integers
from catgrad.hardware.schedules import Spatial

if TYPE_CHECKING:
    from catgrad.hardware.hardware import Hardware


class Runner:
    """The generated program with what it keeps, from these parameters on (mantissas).

    - `kept`: of each channel the arrays `K`; `memory`: of each channel the arrays `M`. Without
      channels there is one of each.

    Queues of a delayed rule, and a state that hardware does not keep since it only predicts, are 0
    at first. With channels the samples go to one after the other, and all start from the same
    parameters.
    """

    def __init__(self, hardware: Hardware, parameters: Sequence[ArrayLike]) -> None:
        self._hardware = hardware
        given = iter(parameters)
        first = [
            next(given) if i in hardware.loadable else np.zeros(T.shape, np.int64)
            for i, T in enumerate(hardware.program.source[: hardware.learner.kept])
        ]
        schedule = hardware.schedule
        count = schedule.channels if isinstance(schedule, Spatial) else 1
        self.kept: list[list[ArrayLike]] = [list(first) for _ in range(count)]
        self.memory: list[list[ArrayLike]] = [list(hardware.initial_memory) for _ in range(count)]
        self._following = 0

    def step(
        self, x: Sequence[ArrayLike], y: Sequence[ArrayLike], train: bool
    ) -> tuple[list[Integers], int, int]:
        """One sample: the arrays of its prediction, and how many numbers saturated in it.

        That is, in the forward pass and, where it is learned from, in learning.
        """
        hardware, now = self._hardware, self._following
        outputs, kept = len(hardware.prediction_types), hardware.learner.kept
        results = hardware.reference.transition(*self.kept[now], *self.memory[now], *x, *y)
        self.memory[now] = results[outputs + kept : -2]
        learned = 0
        if train and hardware.learns:
            self.kept[now] = results[outputs : outputs + kept]
            learned = int(results[-1])
        self._following = (now + 1) % len(self.kept)
        return results[:outputs], int(results[-2]), learned

    @property
    def parameters(self) -> Integers:
        """The parameters that hardware shows, number by number: channel after channel."""
        hardware = self._hardware
        flat = [hardware.flatten(kept[i] for i in hardware.loadable) for kept in self.kept]
        return np.concatenate(flat)
