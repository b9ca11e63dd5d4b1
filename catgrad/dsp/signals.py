"""Whole signals through a filter, sample by sample: in float, or in its integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.core.types import Fixed, NdArrayType
from catgrad.dsp.adaptive import Filter
from catgrad.errors import CatgradError
from catgrad.fixed.boundary import Integers, counted
from catgrad.fixed.numbers import FormatTooNarrow, format_for, from_fixed, representable, typed
from catgrad.hardware import Hardware
from catgrad.hardware.tracing import Runner
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import Learner, learner
from catgrad.parameters import array_names, checked
from catgrad.special.definition import numbered

Array = NDArray[Any]


@dataclass(frozen=True)
class Run:
    """What became of a signal.

    - `outputs`: for each output of the model one array, the samples along the first axis
    - `parameters`: after the last sample; of integers the mantissas, and where channels take turns
      those of each along a new first axis
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
    if isinstance(filter, Hardware):
        raise CatgradError(
            "dsp.run goes through the float form of a filter, and this is compiled hardware; write "
            "dsp.run_integers."
        )
    filter = filter if isinstance(filter, Filter) else Filter(filter)
    known = learner(filter.model, filter.rule, filter.loss)
    compiled = filter.compile()
    P, m, outputs = list(known.P), len(known.memories), len(known.Y)
    given = [np.zeros(T.shape) for T in P] if parameters is None else list(parameters)
    kept = _as(P, _kept(known.parameter_names, P, given))
    learned, memory = [*kept, *compiled.initial_state()], compiled.initial_memory()
    signals, targets = _signals(known, x, y)
    samples = _as(_types(known, targets), [*signals, *targets])
    rows = []
    for sample in zip(*samples, strict=True):
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

    `parameters` are mantissas, such as ``hardware.quantise_parameters`` gives. Where channels take
    turns, so do the samples, and all begin with the same parameters. Targets for hardware whose
    schedule does not learn are refused, and signals that leave the range of their format.
    """
    if not isinstance(hardware, Hardware):
        raise CatgradError(
            "dsp.run_integers goes through compiled hardware, and this is a model or a filter; "
            "write dsp.Filter(model).hardware(Formats.uniform(16, 14)), or dsp.run."
        )
    types = hardware.parameter_types
    given = [np.zeros(T.shape, np.int64) for T in types] if parameters is None else list(parameters)
    runner = Runner(hardware, _kept(hardware.parameter_names, types, given))
    if y is not None and not hardware.schedule.learns:
        raise CatgradError(
            "There are targets, but this hardware only predicts, as its schedule says; leave y "
            "out, or compile it with a schedule that learns, such as Spatial()."
        )
    signals, targets = _signals(hardware.learner, x, y)
    for name, T, form, array in zip(
        _names(hardware.learner, targets),
        _types(hardware.learner, targets),
        [*hardware.x_types, *hardware.y_types],
        [*signals, *targets],
        strict=False,
    ):
        if T.is_floating:
            _require_range(name, array, form.fixed)
    idle: list[Integers] = [np.zeros(T.shape, np.int64) for T in hardware.y_types]
    rows, saturations = [], 0
    for i in range(len(signals[0])):
        sample = hardware.quantise_x(*(a[i] for a in signals))
        wanted = hardware.quantise_y(*(a[i] for a in targets)) if targets else idle
        prediction, forward, learning = runner.step(sample, wanted, bool(targets))
        rows.append(prediction)
        saturations += forward + learning
    columns = tuple(
        from_fixed(np.array(column), T.fixed)
        for column, T in zip(zip(*rows, strict=True), hardware.prediction_types, strict=True)
    )
    channels = len(runner.kept)
    each = [hardware.unflatten(flat, types) for flat in runner.parameters.reshape(channels, -1)]
    kept = each[0] if channels == 1 else [np.stack(arrays) for arrays in zip(*each, strict=True)]
    return Run(columns, tuple(kept), saturations)


def _kept(
    names: Sequence[str], types: Sequence[NdArrayType], given: Sequence[ArrayLike]
) -> list[Array]:
    """Parameters to begin with, if they are those of a model."""
    arrays = counted("parameters", given, len(types))
    return [
        checked(f"parameter {name}", T, np.asarray(array))
        for name, T, array in zip(array_names(names), types, arrays, strict=True)
    ]


def _as(types: Sequence[NdArrayType], arrays: Sequence[Array]) -> list[Array]:
    """Arrays of the numbers that a float model takes."""
    return [a.astype(str(T.dtype)) for a, T in zip(arrays, types, strict=True)]


def _types(known: Learner, targets: Sequence[Array]) -> list[NdArrayType]:
    """Those of the inputs and, where there are any, of the targets and what the rule is given."""
    return [*known.X, *known.L, *known.R] if targets else [*known.X]


def _names(known: Learner, targets: Sequence[Array]) -> list[str]:
    wanted = [*numbered("y", len(known.L)), *known.given_names] if targets else []
    return [*numbered("x", len(known.X)), *wanted]


def _signals(
    known: Learner, x: Sequence[ArrayLike], y: ArrayLike | Sequence[ArrayLike] | None
) -> tuple[list[Array], list[Array]]:
    """Inputs and targets as arrays of real, finite numbers, the samples along the first axis."""
    each: list[Any] = [] if y is None else list(y) if isinstance(y, tuple) else [y]
    counted("x", x, len(known.X))
    if y is not None:
        counted("y", each, len(known.L) + len(known.R))
    arrays = [
        _signal(name, T, values)
        for name, T, values in zip(
            _names(known, each), _types(known, each), [*x, *each], strict=True
        )
    ]
    lengths = sorted({len(a) for a in arrays})
    if len(lengths) != 1 or lengths[0] == 0:
        raise CatgradError(
            f"The signals have {', '.join(map(str, lengths)) or 'no'} samples; give as many of "
            f"each, and at least one."
        )
    return arrays[: len(x)], arrays[len(x) :]


def _signal(name: str, T: NdArrayType, values: ArrayLike) -> Array:
    array = np.atleast_1d(values)
    if array.size and array.dtype.kind not in "buif":
        raise CatgradError(
            f"{name} holds values of type {array.dtype.type.__name__}, but a signal has real "
            f"numbers; convert it, as by numpy.asarray({name}, float)."
        )
    if array.size and array.shape[1:] != T.shape:
        raise CatgradError(
            f"{name} has samples of shape {array.shape[1:]}, but the model takes {T.shape}; "
            f"reshape it, as by {name}.reshape({', '.join(map(str, (-1, *T.shape)))})."
        )
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        raise CatgradError(
            f"{name} holds {array[tuple(wrong[0])]} in sample {wrong[0][0]}; a signal has "
            f"finite numbers, so remove or replace it."
        )
    return array


def _require_range(name: str, array: Array, form: Fixed) -> None:
    """Refuse a signal that leaves the range of a format, by all of it."""
    lo, hi = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if representable(lo, hi, form):
        return
    least, most = form.min * form.step, form.max * form.step
    bits = 8 * array.dtype.itemsize
    if array.dtype.kind == "i" and bits <= 32:
        enough = Fixed(form.width, 0) if form.width >= bits else format_for(lo, hi, form.width)
        remedy = f"divide it by {1 << bits - 1}, or use {typed(enough)}"
    else:
        remedy = f"use {typed(format_for(lo, hi, form.width))}, or scale the data"
        if form.signed:
            factor = min(limit / end for limit, end in ((least, lo), (most, hi)) if limit * end > 0)
            digits = 10.0 ** (3 - math.floor(math.log10(factor)))
            remedy += f" by at most {math.floor(factor * digits) / digits:g}"
    raise FormatTooNarrow(
        f"{name} ranges from {lo:.6g} to {hi:.6g}, but {form} holds {least:.6g} to {most:.6g}; "
        f"{remedy}."
    )
