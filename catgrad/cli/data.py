"""Samples in a file: real numbers, one row of each array a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catgrad.core.types import NdArrayType
from catgrad.errors import CatgradError
from catgrad.hardware import Hardware

Floats = NDArray[np.float64]


def load_data(path: str | Path, hardware: Hardware) -> tuple[list[Floats], list[Floats]]:
    """The arrays `x` and `y` of an .npz file, each row in the shape that the model takes.

    Where it takes several, they are `x0`, `x1` and so on. CatgradError if one is missing, or does
    not have as many numbers a row.
    """
    return arrays_in(path, load_arrays(path), hardware.x_types, hardware.y_types)


def load_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz file; CatgradError if it is none."""
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise CatgradError(
            f"There is no file {path}; name one of NumPy's arrays, as numpy.savez writes them."
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise CatgradError(
            f"{path} is not a file of NumPy's arrays ({error}); write one with numpy.savez."
        ) from error


def arrays_in(
    path: str | Path,
    arrays: Mapping[str, NDArray[Any]],
    x_types: Sequence[NdArrayType],
    y_types: Sequence[NdArrayType],
    suffix: str = "",
) -> tuple[list[Floats], list[Floats]]:
    """The arrays `x` and `y`, with a suffix to their names, that `path` holds."""
    x = [taken(path, arrays, name + suffix, T.shape) for name, T in named("x", x_types)]
    y = [taken(path, arrays, name + suffix, T.shape) for name, T in named("y", y_types)]
    counts = {len(a) for a in (*x, *y)}
    if counts == {0}:
        raise CatgradError(f"{path} has no samples in x{suffix}; give at least one row.")
    if len(counts) > 1:
        raise CatgradError(
            f"{path} has arrays of {' and '.join(map(str, sorted(counts)))} rows; give each sample "
            f"a row in all of them."
        )
    return x, y


def named(name: str, types: Sequence[NdArrayType]) -> list[tuple[str, NdArrayType]]:
    """A name for each type: the name itself where there is one."""
    return [(name if len(types) == 1 else f"{name}{i}", T) for i, T in enumerate(types)]


def taken(
    path: str | Path, arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]
) -> Floats:
    """One array, its rows in the shape that they need."""
    if name not in arrays:
        raise CatgradError(
            f"{path} has no array {name} (it has {', '.join(arrays) or 'none'}); add one, with a "
            f"row for each sample."
        )
    array = np.asarray(arrays[name], np.float64)
    size = int(np.prod(shape))
    if array.ndim == 0 or np.prod(array.shape[1:]) != size:
        raise CatgradError(
            f"{path}: {name} has rows of shape {array.shape[1:]}, but the model takes {size} "
            f"numbers of shape {shape} a sample; give as many."
        )
    return array.reshape(len(array), *shape)
