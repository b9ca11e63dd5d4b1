"""Arrays: the few primitives that hypergraphs need and the array API standard lacks.

Hypergraphs are one-dimensional int64 arrays of any module that follows the array API standard
(https://data-apis.org/array-api/2024.12). A function takes the module from the arrays it is given,
so the same code runs wherever its arrays live. Where a module can assign at an array of indices a
primitive is one call; for others it is a sort, written in the standard alone.

The module of PyTorch's tensors is ``array_api_compat.torch``, since they do not follow the standard
by themselves. New arrays are made on PyTorch's default device, so this puts a program on a GPU:

    torch.set_default_device("cuda")
    f = f.to(array_api_compat.torch)
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, cast

import numpy
import numpy.typing

from catgrad.errors import CatgradError

Array: TypeAlias = Any
"""An array of a module that follows the array API standard, here int64[n] unless said otherwise."""

Namespace: TypeAlias = Any
"""An array module such as ``numpy``."""


def namespace(x: Array) -> Namespace:
    """The array module that ``x`` belongs to."""
    if type(x) is numpy.ndarray:
        return numpy
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()
    from array_api_compat import array_namespace

    return array_namespace(x)


_ASSIGNING = ("numpy", "cupy", "torch")


def assigns(xp: Namespace) -> bool:
    """Whether arrays of a module can be assigned to at an array of indices, and counted."""
    return xp.__name__.rpartition(".")[2] in _ASSIGNING


def check(x: Array, what: str) -> None:
    """Raise ``CatgradError`` unless ``x`` is int64[n]."""
    xp = namespace(x)
    if x.ndim != 1 or x.dtype != xp.int64:
        dtype = str(x.dtype).rpartition(".")[2]
        raise CatgradError(
            f"{what} must be an int64 array of one dimension, not {dtype}{list(x.shape)}; "
            "convert or reshape it first."
        )


def integers(values: Iterable[int], xp: Namespace) -> Array:
    """int64[n] from Python integers."""
    return xp.asarray(list(values), dtype=xp.int64)


def arange(start: int, stop: int, xp: Namespace) -> Array:
    """int64[stop - start]: start, start + 1, ... stop - 1."""
    return xp.arange(start, stop, dtype=xp.int64)


def host(x: Array) -> numpy.typing.NDArray[numpy.int64]:
    """The same values as a NumPy array, in the memory of the CPU."""
    if isinstance(x, numpy.ndarray):
        y = x
    elif hasattr(x, "__array_namespace__"):
        y = numpy.from_dlpack(x, device="cpu")
    else:
        from array_api_compat import to_device

        y = numpy.asarray(to_device(x, "cpu"))
    return cast("numpy.typing.NDArray[numpy.int64]", y)


def move(x: Array, xp: Namespace) -> Array:
    """The same values as an array of the module ``xp``."""
    return x if namespace(x) is xp else xp.asarray(host(x))


def equal(x: Array, y: Array) -> bool:
    """Whether two arrays, of any modules, have the same length and the same values."""
    if x.shape != y.shape:
        return False
    xp = namespace(x)
    return bool(xp.all(x == move(y, xp)))


def first(condition: Array) -> int:
    """The first position at which ``condition``, bool[n], holds."""
    xp = namespace(condition)
    return int(xp.argmax(xp.astype(condition, xp.int64)))


def offsets(sizes: Array) -> Array:
    """int64[n + 1]: where each of n consecutive segments starts, and where the last one ends."""
    xp = namespace(sizes)
    if xp is numpy:  # whose cumulative_sum takes several times as long where arrays are short
        ends = numpy.zeros(len(sizes) + 1, numpy.int64)
        numpy.add.accumulate(sizes, out=ends[1:])
        return ends
    return xp.cumulative_sum(sizes, include_initial=True)


def total(x: Array) -> int:
    """The sum of all numbers."""
    xp = namespace(x)
    return int(numpy.add.reduce(x) if xp is numpy else xp.sum(x))


def within(x: Array, n: int) -> bool:
    """Whether all numbers are from 0 to ``n - 1``."""
    xp = namespace(x)
    if xp is numpy:  # to which a negative number without its sign is a large one
        return not x.size or int(numpy.maximum.reduce(x.view(numpy.uint64))) < n
    return x.shape[0] == 0 or bool(xp.min(x) >= 0 and xp.max(x) < n)


def ranges(starts: Array, sizes: Array) -> Array:
    """The concatenation of ``arange(starts[i], starts[i] + sizes[i])`` over all i.

    >>> ranges(numpy.asarray([5, 0, 7]), numpy.asarray([2, 0, 3])).tolist()
    [5, 6, 7, 8, 9]
    """
    xp = namespace(starts)
    ends = offsets(sizes)
    result = xp.repeat(starts - ends[:-1], sizes)
    result += arange(0, int(ends[-1]), xp)
    return result


def count(index: Array, n: int) -> Array:
    """int64[n]: how often each of 0 .. n - 1 occurs in ``index``."""
    xp = namespace(index)
    if assigns(xp):
        return xp.bincount(index, minlength=n)
    ordered, points = xp.sort(index), arange(0, n, xp)
    return xp.searchsorted(ordered, points, side="right") - xp.searchsorted(ordered, points)


def put(x: Array, index: Array, values: Array) -> Array:
    """A copy of ``x`` in which position ``index[i]`` holds ``values[i]``.

    Where an index occurs twice, its values must agree.
    """
    xp = namespace(x)
    if assigns(xp):
        y = xp.asarray(x, copy=True)
        y[index] = values
        return y
    return _merge(x, index, values, lambda _, new: new)


def put_minimum(x: Array, index: Array, values: Array) -> Array:
    """A copy of ``x`` in which position ``index[i]`` is lowered to ``values[i]``, for every i."""
    xp = namespace(x)
    if xp is numpy:
        y = numpy.copy(x)
        numpy.minimum.at(y, index, values)
        return y
    by_value = xp.argsort(values, stable=True)
    return _merge(x, xp.take(index, by_value), xp.take(values, by_value), xp.minimum)


def subtract_counts(x: Array, index: Array) -> Array:
    """``x - count(index, len(x))``; NumPy does it in place, with work for ``index`` only."""
    if namespace(x) is numpy:
        numpy.subtract.at(x, index, 1)
        return x
    return x - count(index, x.shape[0])


def classes(x: Array) -> tuple[Array, Array]:
    """Number the distinct values of ``x`` from 0, in their order.

    Returns the first position of each, int64[classes], and the class of each position, int64[n].

    >>> first, number = classes(numpy.asarray([7, 5, 7]))
    >>> print(first, number)
    [1 0] [1 0 1]
    """
    xp, n = namespace(x), x.shape[0]
    values, number = xp.unique_inverse(x)
    none = xp.full(values.shape, n, dtype=xp.int64)
    return put_minimum(none, number, arange(0, n, xp)), number


def _merge(x: Array, index: Array, values: Array, merge: Callable[[Array, Array], Array]) -> Array:
    """``x`` with ``merge(x[k], v)`` at k, v the value of the first i with ``index[i] == k``."""
    if index.shape[0] == 0:
        return x
    xp = namespace(x)
    order = xp.argsort(index, stable=True)
    ordered = xp.take(index, order)
    points = arange(0, x.shape[0], xp)
    first = xp.searchsorted(ordered, points)
    found = first < xp.searchsorted(ordered, points, side="right")
    position = xp.take(order, xp.where(found, first, xp.zeros_like(first)))
    return xp.where(found, merge(x, xp.take(values, position)), x)
