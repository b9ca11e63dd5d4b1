"""Samples, and the trace that they leave: what every evaluator takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from catgrad.circuit.format import BoolArray, Integers
from catgrad.errors import CatgradError


@dataclass(frozen=True, eq=False)
class Samples:
    """What is streamed into a design, in integers (mantissas). At least one sample.

    - `x : (samples, n)`, one row a sample
    - `y : (samples, m)`, its target; None for a design without. Rows of samples that are not
      learned from do not matter
    - `train : bool[samples]`, whether the design learns from the sample, if it can
    """

    x: Integers
    y: Integers | None
    train: BoolArray

    def __post_init__(self) -> None:
        for name, array in (("x", self.x), ("y", self.y)):
            if array is not None and np.asarray(array).dtype.kind not in "iuO":
                raise CatgradError(
                    f"The samples have {name} of dtype {np.asarray(array).dtype}, but hardware "
                    f"takes integers (mantissas); see real_samples."
                )
        # Of other integers than truth values NumPy would make indices.
        object.__setattr__(self, "train", np.asarray(self.train, dtype=np.bool_))
        for name, array in (("x", self.x), ("y", self.y), ("train", self.train)):
            if array is not None and not 0 < len(array) == len(self.x):
                raise CatgradError(
                    f"There are {len(self.x)} samples in x, but {len(array)} in {name}; give at "
                    "least one, and as many in each."
                )

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.x)


PORTS = ("predictions", "parameters", "forward_saturations", "learning_saturations")


@dataclass(frozen=True, eq=False)
class Trace:
    """What a design gave, sample by sample, in integers.

    - `evaluator`, who computed it
    - `predictions : (samples, m)`
    - `parameters : (samples, k)`, after the sample's step
    - `forward_saturations`, `learning_saturations : (samples, 1)`, the counters after the sample
    - `cycles`, from the first in which the design could take a sample to the one in which the last
      prediction was taken; 0 from an evaluator without a clock

    Parameters and counters may be those after the last sample alone, `(1, k)` and `(1, 1)`.
    """

    evaluator: str
    predictions: Integers
    parameters: Integers
    forward_saturations: Integers
    learning_saturations: Integers
    cycles: int = field(default=0, kw_only=True)

    def compare(self, other: Trace) -> int:
        """How many integers were compared, all equal; CatgradError names the first that differs.

        First by sample, then in the order of the fields above. Cycles are not compared; parameters
        and counters are compared after each sample if both traces have them, else after the last.
        """
        samples, compared = len(self.predictions), 0
        differences: list[tuple[int, int, str]] = []
        for order, port in enumerate(PORTS):
            mine, theirs = getattr(self, port), getattr(other, port)
            if port != "predictions" and 1 in (len(mine), len(theirs)):
                mine, theirs = mine[-1:], theirs[-1:]
            if mine.shape != theirs.shape:
                raise CatgradError(
                    f"{port} have shape {mine.shape} in {self.evaluator} but {theirs.shape} in "
                    f"{other.evaluator}; compare two traces of one design and the same samples."
                )
            compared += mine.size
            for row, column in np.argwhere(mine != theirs)[:1]:
                sample = samples - len(mine) + int(row)
                words = (
                    f"Sample {sample}: {port}[{column}] is {mine[row, column]} in "
                    f"{self.evaluator} but {theirs[row, column]} in {other.evaluator}."
                )
                differences.append((sample, order, words))
        if differences:
            raise CatgradError(min(differences)[2])
        return compared
