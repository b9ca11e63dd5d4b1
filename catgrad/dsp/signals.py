"""Whole signals through a filter, sample by sample: in float, or in its integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.dsp.adaptive import Filter
from catgrad.errors import CatgradError
from catgrad.fixed.boundary import Integers
from catgrad.fixed.numbers import from_fixed
from catgrad.hardware import Hardware
from catgrad.hardware.tracing import Runner
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import learner
from catgrad.special.definition import numbered

Array = NDArray[Any]


@dataclass(frozen=True)
class Run:
    """What became of a signal.

    - `outputs`: for each output of the model one array, the samples along the first axis
    - `parameters`: after the last sample; of integers the mantissas
    - `saturations`: how many numbers saturated, in float 0
    """

    outputs: tuple[Array, ...]
    parameters: tuple[Array, ...]
    saturations: int = 0

    @property
    def output(self) -> Array:
        """The output of a model that has one."""
        [only] = self.outputs
        return only


def run(
    filter: Filter | OpenHypergraph,
    *x: ArrayLike,
    y: ArrayLike | Sequence[ArrayLike] | None = None,
    parameters: Sequence[ArrayLike] | None = None,
) -> Run:
    """Signals through the float form; where there are targets `y`, it learns from each sample.

    `x` has one array for each input, the samples along the first axis; `parameters` are those to
    begin with, 0 unless given.
    """
    filter = filter if isinstance(filter, Filter) else Filter(filter)
    known = learner(filter.model, filter.rule, filter.loss)
    compiled = filter.compile()
    P, m, outputs = known.P, len(known.memories), len(known.Y)
    kept: list[Any] = list(parameters or [np.zeros(T.shape) for T in P])
    kept = [np.asarray(a, str(T.dtype)) for a, T in zip(kept, P, strict=True)]
    learned, memory = [*kept, *compiled.initial_state()], compiled.initial_memory()
    given, wanted = _signals("x", x), _signals("y", _each(y))
    signals = [np.asarray(a, str(T.dtype)) for a, T in zip(given, known.X, strict=True)]
    targets = [np.asarray(a, str(T.dtype)) for a, T in zip(wanted, known.L, strict=False)]
    _require_length([*signals, *targets])
    rows = []
    for sample in zip(*signals, *targets, strict=True):
        if y is None:
            results = compiled.predict(*learned[: len(P)], *memory, *sample)
            rows.append(results[:outputs])
            memory = results[outputs:]
        else:
            results = compiled.step(*learned, *memory, *sample)
            k = len(learned)
            learned, memory = results[:k], results[k : k + m]
            rows.append(results[k + m :])
    columns = tuple(np.array(column) for column in zip(*rows, strict=True))
    return Run(columns, tuple(learned[: len(P)]))


def run_integers(
    hardware: Hardware,
    *x: ArrayLike,
    y: ArrayLike | Sequence[ArrayLike] | None = None,
    parameters: Sequence[ArrayLike] | None = None,
) -> Run:
    """The same through the integer form, which is that of the circuit; outputs are real numbers.

    `parameters` are mantissas, such as ``hardware.quantise_parameters`` gives. Targets for hardware
    whose schedule does not learn are refused.
    """
    zeros: list[Integers] = [np.zeros(T.shape, np.int64) for T in hardware.parameter_types]
    runner = Runner(hardware, parameters or zeros)
    if y is not None and not hardware.schedule.learns:
        raise CatgradError(
            "There are targets, but this hardware only predicts, as its schedule says; leave y "
            "out, or compile it with a schedule that learns, such as Spatial()."
        )
    signals, targets = _signals("x", x), _signals("y", _each(y))
    _require_length([*signals, *targets])
    idle: list[Integers] = [np.zeros(T.shape, np.int64) for T in hardware.y_types]
    rows, saturations = [], 0
    for i in range(len(signals[0])):
        given = hardware.quantise_x(*(a[i] for a in signals))
        wanted = hardware.quantise_y(*(a[i] for a in targets)) if targets else idle
        prediction, forward, learning = runner.step(given, wanted, bool(targets))
        rows.append(prediction)
        saturations += forward + learning
    types = hardware.prediction_types
    columns = tuple(
        from_fixed(np.array(column), T.fixed)
        for column, T in zip(zip(*rows, strict=True), types, strict=True)
    )
    kept = hardware.unflatten(runner.parameters, hardware.parameter_types)
    return Run(columns, tuple(kept), saturations)


def _each(y: ArrayLike | Sequence[ArrayLike] | None) -> list[Any]:
    if y is None:
        return []
    return list(y) if isinstance(y, tuple) else [y]


def _signals(role: str, given: Sequence[ArrayLike]) -> list[Array]:
    """Arrays of real, finite numbers, the samples along the first axis."""
    found = []
    for name, values in zip(numbered(role, len(given)), given, strict=True):
        array = np.atleast_1d(values)
        if array.size and array.dtype.kind not in "buif":
            raise CatgradError(
                f"{name} holds values of type {array.dtype.type.__name__}, but a signal has real "
                f"numbers; convert it, as by numpy.asarray({name}, float)."
            )
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            raise CatgradError(
                f"{name} holds {array[tuple(wrong[0])]} in sample {wrong[0][0]}; a signal has "
                f"finite numbers, so remove or replace it."
            )
        found.append(array)
    return found


def _require_length(signals: Sequence[Array]) -> None:
    lengths = sorted({len(a) for a in signals})
    if len(lengths) != 1 or lengths[0] == 0:
        raise CatgradError(
            f"The signals have {', '.join(map(str, lengths)) or 'no'} samples; give as many of "
            f"each, and at least one."
        )
