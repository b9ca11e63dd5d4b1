"""Checks of the arguments of a generated function, beside its source rather than in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catgrad.core.types import Fixed, NdArrayType
from catgrad.errors import CatgradError

Check = Callable[[Any], NDArray[Any]]


class ArgumentError(CatgradError):
    """A generated function was called with arrays that it is not compiled for."""


def checked(
    function: Callable[..., Any],
    name: str,
    names: Sequence[str],
    types: Sequence[NdArrayType],
    rows: Mapping[int, int] | None = None,
    learned: int = 0,
) -> Callable[..., Any]:
    """`function`, refusing arguments that are not finite arrays of these types.

    An argument may be anything that NumPy makes such an array of without changing a value, or
    with the loss of float precision only. `rows` says of arguments that are indices, by number,
    how many rows these can name. The first `learned` arguments are what training changes. The
    unchecked function is the attribute `__wrapped__`.
    """
    rows = rows or {}
    checks = [
        partial(as_indices, f"{name}: argument {argument}", T, rows[i])
        if i in rows
        else partial(as_type, f"{name}: argument {argument}", T, learned=i < learned)
        for i, (argument, T) in enumerate(zip(names, types, strict=True))
    ]
    positions = {argument: i for i, argument in enumerate(names)}

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if named:
            arguments = _positional(name, names, positions, arguments, named)
        if len(arguments) != len(checks):
            raise ArgumentError(
                f"{name} takes {_counted(len(checks), 'array')} ({', '.join(names)}), "
                f"not {len(arguments)}; pass these in this order."
            )
        return function(*[check(x) for check, x in zip(checks, arguments, strict=True)])

    return call


def _positional(
    name: str,
    names: Sequence[str],
    positions: dict[str, int],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> tuple[Any, ...]:
    """All arguments in order, given some of them by name."""
    expected = names[len(arguments) :]
    for argument in named:
        if argument not in expected:
            problem = "was passed twice" if argument in positions else "is unknown"
            raise ArgumentError(
                f"{name}: argument {argument} {problem}; pass {', '.join(names)} once each."
            )
    missing = [argument for argument in expected if argument not in named]
    if missing:
        raise ArgumentError(
            f"{name}: argument {missing[0]} is missing; pass {', '.join(names)} once each."
        )
    return (*arguments, *(named[argument] for argument in expected))


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


def as_type(
    place: str, T: NdArrayType, x: Any, learned: bool = False, remedy: str = ""
) -> NDArray[Any]:
    """`x` as an array of type `T`, as `checked` has it; `place` begins what is said otherwise, and
    `remedy` is what to do with integers out of range."""
    array = x if type(x) is np.ndarray else _as_array(place, T, x)
    if array.shape != T.shape:
        raise ArgumentError(
            f"{place} has shape {array.shape}, not {T.shape}; pass an array of type {T}."
        )
    if isinstance(T.dtype, Fixed):
        return _mantissas(place, T, T.dtype, array, remedy or "saturate it")
    if T.is_floating:
        return _floats(place, T, array, learned)
    return _integers(place, T, array, remedy or "scale it")


def as_indices(place: str, T: NdArrayType, rows: int, x: Any) -> NDArray[Any]:
    """The same for an array of indices from 0 to ``rows - 1``."""
    array = as_type(place, T, x, remedy="correct it")
    _require_range(place, array, 0, rows - 1, "its range of indices", "correct it")
    return array


def _as_array(place: str, T: NdArrayType, x: Any) -> NDArray[Any]:
    try:
        return np.asarray(x)
    except ValueError:
        raise ArgumentError(
            f"{place} is not an array, since its rows differ in length; pass an array of type {T}."
        ) from None


def _refuse_dtype(place: str, T: NdArrayType, array: NDArray[Any], remedy: str) -> ArgumentError:
    return ArgumentError(f"{place} has dtype {array.dtype}, which {T} cannot hold; {remedy}.")


def _floats(place: str, T: NdArrayType, array: NDArray[Any], learned: bool) -> NDArray[Any]:
    dtype, given = np.dtype(str(T.dtype)), array
    if array.dtype != dtype:
        if array.dtype.kind not in "fiub":
            raise _refuse_dtype(place, T, array, "pass real numbers")
        with np.errstate(over="ignore"):  # what overflows is refused below
            array = array.astype(dtype)
    finite = np.isfinite(array)
    if not finite.all():
        place_of, value = _first(given, ~finite)
        if np.isfinite(value):
            raise ArgumentError(
                f"{place} is {value}{place_of}, which {T.dtype} does not reach; scale it first."
            )
        cause = " (where training has driven it there, lower the learning rate)" if learned else ""
        raise ArgumentError(f"{place} is {value}{place_of}; pass finite numbers only{cause}.")
    return array


def _mantissas(
    place: str, T: NdArrayType, form: Fixed, array: NDArray[Any], remedy: str
) -> NDArray[Any]:
    if array.dtype.kind not in "iub" and array.size:
        raise _refuse_dtype(
            place,
            T,
            array,
            "pass integer mantissas, as quantise_parameters and quantise_x make them",
        )
    _require_range(place, array, form.min, form.max, str(form), remedy)
    return array if array.dtype == np.int64 else array.astype(np.int64)


def _integers(place: str, T: NdArrayType, array: NDArray[Any], remedy: str) -> NDArray[Any]:
    dtype = np.dtype(str(T.dtype))
    if array.dtype == dtype:
        return array
    if array.size and (array.dtype.kind not in "iub" or dtype.kind == "b"):
        raise _refuse_dtype(place, T, array, f"convert it to {T.dtype}")
    if dtype.kind == "i":
        _require_range(place, array, -(2**31), 2**31 - 1, str(T.dtype), remedy)
    return array.astype(dtype)


def _require_range(
    place: str, array: NDArray[Any], low: int, high: int, form: str, remedy: str
) -> None:
    if array.size == 0:
        return
    # These reductions are what min() and max() come to, without two calls of Python.
    least, greatest = np.minimum.reduce(array, axis=None), np.maximum.reduce(array, axis=None)
    if low <= least and greatest <= high:
        return
    place_of, value = _first(array, (array < low) | (array > high))
    raise ArgumentError(
        f"{place} is {value}{place_of}, outside {form}, which goes from {low} to {high}; "
        f"{remedy} first."
    )


def _first(array: NDArray[Any], wrong: NDArray[Any]) -> tuple[str, Any]:
    """Where the first wrong element stands, in words, and its value."""
    index = tuple(np.argwhere(wrong)[0].tolist())
    return (f" at index {list(index)}" if index else ""), array[index]
