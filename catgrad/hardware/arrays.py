"""The arrays that a learner in fixed point takes, keeps and gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.core.types import NdArrayType
from catgrad.fixed.boundary import Integers, counted, index_rows, quantised
from catgrad.fixed.formats import Formats
from catgrad.fixed.numbers import from_fixed
from catgrad.hardware.schedules import Schedule, Spatial
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import Learner
from catgrad.parameters import array_names, load_parameters, save_parameters
from catgrad.special.definition import numbered


@dataclass(frozen=True)
class Arrays:
    """What the numbers of hardware are: which arrays, and of which formats.

    The fields are those of `catgrad.hardware.hardware.Hardware`.
    """

    learner: Learner
    formats: Formats
    schedule: Schedule
    program: OpenHypergraph

    @property
    def learns(self) -> bool:
        """Whether the circuit learns, or only predicts: `learns=False`, or no parameters."""
        return self.schedule.learns and self.learner.kept > 0

    @property
    def parameter_types(self) -> list[NdArrayType]:
        """The fixed-point arrays that it keeps, `K`: parameters, then the state of the rule.

        Hardware that only predicts keeps no state, and a pipeline has queues of its own.
        """
        return [self.program.source[i] for i in self.loadable]

    @property
    def parameter_names(self) -> list[str]:
        """What these are called."""
        return [self.learner.kept_names[i] for i in self.loadable]

    @property
    def loadable(self) -> list[int]:
        """Which arrays of `K` these are."""
        kept = self.learner.kept if self.learns else self.learner.parameters
        return [i for i in range(kept) if i not in self.late]

    @property
    def late(self) -> tuple[int, ...]:
        """Which arrays of `K` are queues in a pipeline that learns, and none of its parameters."""
        is_pipeline = isinstance(self.schedule, Spatial) and self.schedule.is_pipeline
        return self.learner.late if is_pipeline and self.learns else ()

    @property
    def memory_types(self) -> list[NdArrayType]:
        """The fixed-point arrays `M` of memory, which change with every sample, learned or not."""
        k = self.learner.kept
        return list(self.program.source)[k : k + len(self.learner.memories)]

    @cached_property
    def initial_memory(self) -> list[Integers]:
        """The memory with which the model begins, as mantissas."""
        arrays = [memory.array() for memory in self.learner.memories]
        names = [f"memory {name}" for name in array_names(self.learner.memory_names)]
        return quantised("memory", names, self.memory_types, arrays)

    @property
    def x_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one sample."""
        before = self.learner.kept + len(self.learner.memories)
        return list(self.program.source)[before : before + len(self.learner.X)]

    @property
    def y_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one target, and after it those that the rule is given."""
        before = self.learner.kept + len(self.learner.memories) + len(self.learner.X)
        return list(self.program.source)[before:]

    @property
    def prediction_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one prediction."""
        return list(self.program.target)[: len(self.learner.Y)]

    @property
    def _x_names(self) -> list[str]:
        return numbered("x", len(self.x_types))

    @property
    def _y_names(self) -> list[str]:
        return [*numbered("y", len(self.learner.L)), *self.learner.given_names]

    @cached_property
    def _rows(self) -> dict[str, int]:
        """How many rows each of `x` and `y` that is an index can name."""
        n = len(self.learner.L)
        names = [*self._x_names, *self._y_names[n:], *self._y_names[:n]]
        return {names[i]: rows for i, rows in index_rows(self.learner).items()}

    @cached_property
    def _whole(self) -> set[str]:
        """Which of `x` and `y` the float model takes as integers."""
        given = [*zip(self._x_names, self.learner.X, strict=True)]
        given += zip(self._y_names, self.learner.L, strict=False)
        return {name for name, T in given if not T.is_floating}

    @property
    def has_indices(self) -> bool:
        """Whether some of `x` and `y` name rows."""
        return bool(self._rows)

    def quantise_parameters(self, arrays: Sequence[ArrayLike]) -> list[Integers]:
        """Real parameters as mantissas; the state of the rule, where none is given, is 0."""
        if self.learns and len(arrays) == self.learner.parameters:
            arrays = [*arrays, *(np.zeros(T.shape) for T in self.parameter_types[len(arrays) :])]
        names = [f"parameter {name}" for name in array_names(self.parameter_names)]
        return quantised("parameters", names, self.parameter_types, arrays)

    def quantise_x(self, *arrays: ArrayLike) -> list[Integers]:
        """One real sample as mantissas."""
        return quantised("x", self._x_names, self.x_types, arrays, self._rows, self._whole)

    def quantise_y(self, *arrays: ArrayLike) -> list[Integers]:
        """One real target, and then what the rule is given, as mantissas."""
        return quantised("y", self._y_names, self.y_types, arrays, self._rows, self._whole)

    def dequantise_prediction(self, arrays: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
        """Mantissas of a prediction as reals."""
        types = self.prediction_types
        pairs = zip(types, counted("prediction", arrays, len(types)), strict=True)
        return [from_fixed(a, T.fixed) for T, a in pairs]

    def save_parameters(self, path: str | Path, arrays: Sequence[ArrayLike]) -> Path:
        """Write mantissas to a .npz file, whole or not at all."""
        return save_parameters(path, self.parameter_names, arrays)

    def load_parameters(self, path: str | Path) -> list[Integers]:
        """Read mantissas from a .npz file; CatgradError if they are not those of this model."""
        loaded = load_parameters(path, self.parameter_names, self.parameter_types)
        return [array.astype(np.int64) for array in loaded]

    def flatten(self, arrays: Iterable[ArrayLike]) -> Integers:
        """Arrays of mantissas one after another, row by row, as the component's ports hold them."""
        return np.concatenate([np.zeros(0, np.int64), *(np.ravel(a) for a in arrays)])

    def unflatten(self, values: ArrayLike, types: Sequence[NdArrayType]) -> list[Integers]:
        """The arrays of the given types that `flatten` makes `values` of."""
        ends = np.cumsum([T.size for T in types])
        parts = np.split(np.asarray(values), ends)[: len(types)]
        return [part.reshape(T.shape) for part, T in zip(parts, types, strict=True)]
