"""What a learner in fixed point is given from outside: real numbers and indices, as mantissas."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.core.types import NdArrayType
from catgrad.errors import CatgradError
from catgrad.fixed.numbers import to_fixed
from catgrad.learner import Learner, transition
from catgrad.target.python import Function, compile_class
from catgrad.target.python.checks import checked
from catgrad.target.python.indices import index_ranges

Integers = NDArray[np.int64]


def index_rows(learner: Learner) -> dict[int, int]:
    """Which of ``X ● R ● Y'``, by number, are indices, and how many rows these can name.

    `X` are the inputs of a float learner, `R` what its rule is given, and `Y'` its targets.
    """
    if all(T.is_floating for T in (*learner.X, *learner.L)):
        return {}
    k, m = learner.kept, len(learner.memories)
    ranges = index_ranges(transition(learner.whole, k, m))
    return {i - k - m: rows for i, rows in ranges.items() if i >= k + m}


def reference(source: str, functions: Mapping[str, Function], rows: Mapping[str, int]) -> Any:
    """The class that an integer program's source defines, its methods checking their arguments.

    `rows` says of the arguments that are indices, by name, how many rows these can name. A format
    often holds more: five rows are named in three bits.
    """
    compiled = compile_class(source, functions)
    for name, f in functions.items():
        indices = {i: rows[a] for i, a in enumerate(f.arguments) if a in rows}
        if indices:
            unchecked, types = getattr(compiled, name).__wrapped__, list(f.program.source)
            method = checked(unchecked, name, f.argument_names, types, indices)
            setattr(compiled, name, staticmethod(method))
    return compiled


def counted(role: str, arrays: Sequence[ArrayLike], count: int) -> Sequence[ArrayLike]:
    """`arrays`, refused unless there is one for each type."""
    if len(arrays) != count:
        raise CatgradError(
            f"There are {len(arrays)} arrays of {role}, but the model has {count}; "
            f"give one for each, in the order of its types."
        )
    return arrays


def quantised(
    role: str,
    names: Sequence[str],
    types: Sequence[NdArrayType],
    arrays: Sequence[ArrayLike],
    rows: Mapping[str, int] | None = None,
    whole: Collection[str] = (),
) -> list[Integers]:
    """Arrays of real numbers, or of indices into so many `rows`, as mantissas of their types.

    Those whose names are in `whole` are refused unless all their numbers are integers.
    """
    rows = rows or {}
    found = []
    for name, T, array in zip(names, types, counted(role, arrays, len(types)), strict=True):
        if name in rows:
            found.append(_indices(name, T, array, rows[name]))
            continue
        if name in whole:
            _require_whole(name, T, np.asarray(array, dtype=np.float64))
        found.append(_mantissas(name, T, array))
    return found


def _indices(name: str, T: NdArrayType, values: ArrayLike, rows: int) -> Integers:
    array = np.asarray(values)
    _require_shape(name, T, array)
    wrong = (array < 0) | (array >= rows) | (array != np.floor(array))
    if wrong.any():
        place = np.argwhere(wrong)[0].tolist()
        raise CatgradError(
            f"{name} is {array[tuple(place)]} at index {place}, which names none of {rows} rows; "
            f"give integers from 0 to {rows - 1}."
        )
    return array.astype(np.int64)


def _mantissas(name: str, T: NdArrayType, values: ArrayLike) -> Integers:
    array = np.asarray(values, dtype=np.float64)
    _require_shape(name, T, array)
    return to_fixed(array, T.fixed, name)


def _require_whole(name: str, T: NdArrayType, array: NDArray[Any]) -> None:
    _require_shape(name, T, array)
    broken = array != np.floor(array)
    if broken.any():
        place = np.argwhere(broken)[0].tolist()
        raise CatgradError(
            f"{name} is {array[tuple(place)]}{f' at index {place}' if place else ''}, but the "
            f"model takes integers there; round it first."
        )


def _require_shape(name: str, T: NdArrayType, array: NDArray[Any]) -> None:
    if array.shape != T.shape:
        raise CatgradError(
            f"{name} has shape {array.shape}, not {T.shape}; give an array of type {T}."
        )
