"""Parameters as a file: NumPy's .npz, one array a parameter, written whole or not at all."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.core.types import Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.publish import publish


def array_names(names: Sequence[str]) -> list[str]:
    """What the arrays of a file are called: a name that occurs several times gets a number.

    >>> array_names(["weights", "bias", "weights"])
    ['weights_1', 'bias', 'weights_2']
    """
    times, seen = Counter(names), Counter[str]()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if times[name] == 1 else f"{name}_{seen[name]}")
    return numbered


def save_parameters(path: str | Path, names: Sequence[str], arrays: Sequence[ArrayLike]) -> Path:
    """Write parameters to a .npz file; returns its path."""
    buffer = BytesIO()
    named = dict(zip(array_names(names), map(np.asarray, arrays), strict=True))
    np.savez(buffer, **named)  # type: ignore[arg-type]  # NumPy's stub wants the flag allow_pickle
    return publish(path, buffer.getvalue())


def load_parameters(
    path: str | Path, names: Sequence[str], types: Sequence[NdArrayType]
) -> list[NDArray[np.generic]]:
    """Read the parameters that `save_parameters` wrote.

    CatgradError if there is no such file, it lacks an array, or an array does not have its type:
    the shape, finite numbers, and for fixed point mantissas within the format.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise CatgradError(
            f"There is no parameter file {path}; name one that save_parameters wrote."
        ) from None
    except (ValueError, OSError, AttributeError, zipfile.BadZipFile):
        raise CatgradError(
            f"{path} is not a parameter file; name one that save_parameters wrote."
        ) from None
    expected = array_names(names)
    if sorted(found) != sorted(expected):
        raise CatgradError(
            f"{path} holds the arrays {', '.join(sorted(found)) or 'none'}, but the model has the "
            f"parameters {', '.join(sorted(expected)) or 'none'}; load the file of this model."
        )
    return [
        checked(f"{path}: parameter {name}", T, found[name])
        for name, T in zip(expected, types, strict=True)
    ]


def checked(place: str, T: NdArrayType, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """`array`, if it has the type of a parameter; `place` is what an error calls it."""
    if array.shape != T.shape:
        raise CatgradError(
            f"{place} has shape {array.shape}, not {T.shape}; give the parameters of this model."
        )
    if isinstance(T.dtype, Fixed):
        if array.dtype.kind not in "iu":
            raise CatgradError(
                f"{place} has dtype {array.dtype}, but {T} holds integer mantissas; "
                f"quantise the parameters first."
            )
        if array.size and not T.dtype.holds(int(array.min()), int(array.max())):
            raise CatgradError(
                f"{place} goes from {array.min()} to {array.max()}, but {T.dtype} holds mantissas "
                f"from {T.dtype.min} to {T.dtype.max}; load parameters of this format."
            )
    elif not np.isfinite(array).all():
        raise CatgradError(
            f"{place} holds numbers that are not finite; load the parameters of a run that "
            f"did not diverge."
        )
    return array
