"""Samples for a run on a board: what it learns from in each epoch, and what it is tested on."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catgrad.cli.compiling import Compiled
from catgrad.cli.data import arrays_in, load_arrays
from catgrad.cli.loading import blamed
from catgrad.errors import CatgradError
from catgrad.fixed.boundary import quantised
from sim import Samples, real_samples

FUNCTION = "data"
"""The function of a file that brings its samples."""


@dataclass(frozen=True)
class Lessons:
    """The samples of a run in their order.

    In each of `epochs` there are `lesson` samples that are learned from, and then `test` others.
    """

    samples: Samples
    epochs: int
    lesson: int
    test: int


def lessons(
    made: Compiled,
    file: Path,
    path: str | None,
    epochs: int,
    seed: int,
    in_order: bool = False,
) -> Lessons:
    """The samples of the .npz at `path`, or else of the function `data` of the program's `file`.

    They are arrays `x` and `y`, one row a sample, and perhaps `x_test` and `y_test`; where the
    model takes several, `x0`, `x1` and so on, and `x0_test`. Every epoch meets those to learn from
    in an order of its own, as `seed` says; as they are, with `in_order`, or where a prediction is
    made of earlier samples as well, by a model with memory or a front with a history.
    """
    where, arrays = given(made, file, path)
    learned = samples_in(made, where, arrays, "")
    lesson = len(learned.x)
    in_order = in_order or bool(made.hardware.memory_types)
    in_order = in_order or (made.front is not None and made.front.history > 0)
    random = np.random.default_rng(seed)
    orders = [np.arange(lesson) if in_order else random.permutation(lesson) for _ in range(epochs)]
    tested = None
    if any(name.endswith("_test") for name in arrays):
        tested = samples_in(made, where, arrays, "_test")
    parts = []
    for order in orders:
        assert learned.y is not None
        parts.append((learned.x[order], learned.y[order], np.ones(lesson, np.bool_)))
        if tested is not None:
            assert tested.y is not None
            parts.append((tested.x, tested.y, np.zeros(len(tested.x), np.bool_)))
    x, y, train = (np.concatenate(rows) for rows in zip(*parts, strict=True))
    return Lessons(Samples(x, y, train), epochs, lesson, 0 if tested is None else len(tested.x))


def given(made: Compiled, file: Path, path: str | None) -> tuple[str, Mapping[str, NDArray[Any]]]:
    """Where the arrays come from, and the arrays."""
    if path is not None:
        return path, load_arrays(path)
    function = getattr(made.module, FUNCTION, None)
    if not inspect.isfunction(function):
        raise CatgradError(
            f"{file} has no function {FUNCTION}() that returns samples; name a file with --data, "
            f"or write one that returns a dict of arrays x, y, and perhaps x_test, y_test."
        )
    with blamed(file):
        arrays = function()
    if not isinstance(arrays, Mapping):
        raise CatgradError(
            f"{file}:{FUNCTION} returns {type(arrays).__name__}, not a dict of arrays; return "
            f"dict(x=..., y=...)."
        )
    return f"{file}:{FUNCTION}", {str(name): np.asarray(array) for name, array in arrays.items()}


def samples_in(
    made: Compiled, where: str, arrays: Mapping[str, NDArray[Any]], suffix: str
) -> Samples:
    """Those of arrays whose names end so, as integers."""
    hardware = made.hardware
    x, y = arrays_in(where, arrays, made.x_types, hardware.y_types, suffix)
    if made.front is None:
        return real_samples(hardware, x, y)
    rows = [hardware.flatten(quantised("x", ["x"], made.x_types, [row])) for row in x[0]]
    targets = [hardware.flatten(hardware.quantise_y(*row)) for row in zip(*y, strict=True)]
    return Samples(np.array(rows), np.array(targets), np.ones(len(rows), np.bool_))
