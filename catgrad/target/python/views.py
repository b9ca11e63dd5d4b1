"""Views of arrays: the same numbers with other axes, as far as NumPy has them without a copy.

An array whose axes stand in another order than in memory remembers the array behind it and the
order, so that what is done next can be done to that array instead.
"""

from __future__ import annotations

from math import prod

from catgrad.core.types import NdArrayType, Shape
from catgrad.target.python.code import Code, method, view
from catgrad.target.python.values import Value


def permuted(x: Value, order: tuple[int, ...]) -> Value:
    """An array with its axes in another order."""
    T = NdArrayType(tuple(x.type.shape[i] for i in order), x.type.dtype)
    if x.number is not None:
        return Value.constant(T, x.number)
    base, before = x.permuted or (x, tuple(range(len(order))))
    order = tuple(before[i] for i in order)
    if order == tuple(range(len(order))):
        return base
    reverse = order == tuple(reversed(range(len(order))))
    text = ".T" if reverse else f".transpose({', '.join(map(str, order))})"
    if len(base.shape) < len(order):  # repeated along axes that it does not even have
        return Value(view(base.full, text), T, T.shape, permuted=(base, order))
    shape = tuple(base.shape[i] for i in order)
    return Value(view(base.code, text), T, shape, permuted=(base, order))


def reshaped(x: Value, shape: Shape) -> Value:
    """The same numbers in another shape.

    Where this may be a copy, its code counts it as an operation.
    """
    T = NdArrayType(shape, x.type.dtype)
    if x.number is not None:
        return Value.constant(T, x.number)
    if x.type.shape == shape:
        return x
    if x.reshaped is not None and not is_apart(x.reshaped):
        return reshaped(x.reshaped, shape)
    if x.permuted is not None and x.type.size:
        base, order = x.permuted
        groups = regrouped(x.type.shape, shape)
        if all(_is_run([order[axis] for axis in old]) for old, _ in groups):
            return _behind(base, order, groups, shape)
        if base.reshaped is not None:
            groups = regrouped(base.reshaped.type.shape, base.type.shape)
            if all(len(new) == 1 for _, new in groups):
                # One copy instead of two: that of the base, which has joined axes, and this one.
                axes = tuple(axis for i in order for axis in groups[i][0])
                return reshaped(permuted(base.reshaped, axes), shape)
    if (repeated := _repeated(x, shape)) is not None:
        return Value(repeated, T, shape)
    code = reshape(x.full, shape)
    if is_apart(x):
        code = code._replace(operations=code.operations + 1)
    return Value(code, T, shape, reshaped=x)


def _repeated(x: Value, shape: Shape) -> Code | None:
    """Each number several times in a row along one axis, if that is what the new shape makes."""
    if x.shape == x.type.shape or len(x.shape) < len(x.type.shape) or not x.type.size:
        return None
    groups = regrouped(x.type.shape, shape)
    thin = [i for i, n in enumerate(x.shape) if n != x.type.shape[i]]
    ends = {old[-1]: new for old, new in groups}
    if len(thin) != 1 or thin[0] not in ends or len(ends[thin[0]]) != 1:
        return None
    [axis], times = ends[thin[0]], x.type.shape[thin[0]]
    once = tuple(n // times if i == axis else n for i, n in enumerate(shape))
    return method(reshape(x.code, once), "repeat", str(times), f"axis={axis}")


def is_apart(x: Value) -> bool:
    """Whether numbers that follow each other may lie apart in memory."""
    return x.permuted is not None or x.is_scattered or x.shape != x.type.shape


def _is_run(axes: list[int]) -> bool:
    return axes == [*range(axes[0], axes[0] + len(axes))]


def _behind(
    base: Value, order: tuple[int, ...], groups: list[tuple[range, range]], shape: Shape
) -> Value:
    """The array behind a permuted one in a new shape, permuted accordingly."""
    # Groups in the order of the axes behind; each is a run of these.
    behind = sorted(groups, key=lambda group: order[group[0].start])
    inner = reshaped(base, tuple(shape[axis] for _, new in behind for axis in new))
    place = {axis: i for i, axis in enumerate(axis for _, new in behind for axis in new)}
    return permuted(inner, tuple(place[axis] for axis in range(len(shape))))


def regrouped(old: Shape, new: Shape) -> list[tuple[range, range]]:
    """The least runs of axes that hold the same numbers in both shapes, pairwise.

    `old` has at least one axis; so has each of its runs.

    >>> regrouped((2, 6, 5), (2, 3, 2, 5))
    [(range(0, 1), range(0, 1)), (range(1, 2), range(1, 3)), (range(2, 3), range(3, 4))]
    """
    groups = []
    i = j = 0
    while i < len(old):
        a, b = i, j
        i, j = i + 1, min(j + 1, len(new))
        while prod(old[a:i]) != prod(new[b:j]):
            if prod(old[a:i]) < prod(new[b:j]):
                i += 1
            else:
                j += 1
        if i == len(old):
            j = len(new)  # extents of 1
        groups.append((range(a, i), range(b, j)))
    return groups


def reshape(code: Code, shape: Shape) -> Code:
    """``code.reshape(...)``."""
    return view(code, f".reshape({', '.join(map(str, shape)) or '()'})")
