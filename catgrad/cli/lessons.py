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
    in an order of its own, as `seed` says; as they are, with `in_order` or for a model with memory.
    """
    where, arrays = given(made, file, path)
    learned = samples_in(made, where, arrays, "")
    lesson, in_order = len(learned.x), in_order or bool(made.hardware.memory_types)
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
    x, y = arrays_in(where, arrays, made.hardware, suffix)
    return real_samples(made.hardware, x, y)
