"""Layers that look at an array through windows: convolution and pooling.

An array `X` has its channels along its last axis: ``n+c`` along a line, ``h+w+c`` in a plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.combinators import Canonical, applied, identity
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op, require_types
from catgrad.hypergraph import OpenHypergraph
from catgrad.layers.affine import bias, linear

Extents = int | Sequence[int]


def conv1d(
    A: NdArrayType,
    X: NdArrayType,
    C: NdArrayType,
    size: int,
    stride: int = 1,
    padding: int = 0,
    activation: Canonical = identity,
) -> OpenHypergraph:
    """``A+n+c → A+m+C``: cross-correlation along a line, a bias of type `C`, an activation.

    `weights` has the type ``size+c+C``. The line is first extended by `padding` zeros at each end;
    then ``m = (n - size) // stride + 1``.
    """
    return _convolution("conv1d", A, X, C, 1, (size, stride, padding), activation)


def conv2d(
    A: NdArrayType,
    X: NdArrayType,
    C: NdArrayType,
    size: Extents,
    stride: Extents = 1,
    padding: Extents = 0,
    activation: Canonical = identity,
) -> OpenHypergraph:
    """``A+h+w+c → A+h'+w'+C``: cross-correlation in a plane, a bias of type `C`, an activation.

    `size`, `stride` and `padding` are one number for both axes, or one for each. `weights` has the
    type ``size+c+C``. The plane is first extended by zeros on all sides.
    """
    return _convolution("conv2d", A, X, C, 2, (size, stride, padding), activation)


def max_pool(
    A: NdArrayType, X: NdArrayType, size: Extents, stride: Extents | None = None
) -> OpenHypergraph:
    """``A+X → A+Y``: the greatest number of each window, channel by channel.

    Windows lie side by side unless a `stride` is given.
    """
    require_types("layers.max_pool", A=A, X=X)
    f = identity(obj(A + X))
    # The rows of a window first, so that of equal numbers the first one in the window changes.
    for axis, n, step in reversed(_looks("max_pool", X, size, stride)):
        look = B.Window(f.target[0], len(A.shape) + axis, n, step)
        f = f >> op(look) >> B.pairwise_max(look.windows)
    return block("max_pool", f)


def mean_pool(
    A: NdArrayType, X: NdArrayType, size: Extents, stride: Extents | None = None
) -> OpenHypergraph:
    """``A+X → A+Y``: the mean of each window, channel by channel.

    Windows lie side by side unless a `stride` is given.
    """
    require_types("layers.mean_pool", A=A, X=X)
    _, sizes, steps = zip(*_looks("mean_pool", X, size, stride), strict=True)
    windows = _windows(A + X, len(A.shape), sizes, steps)
    [W] = windows.target
    return block("mean_pool", windows >> B.mean(W, tuple(range(-len(sizes), 0))))


def _convolution(
    name: str,
    A: NdArrayType,
    X: NdArrayType,
    C: NdArrayType,
    axes: int,
    extents: tuple[Extents, Extents, Extents],
    activation: Canonical,
) -> OpenHypergraph:
    require_types(f"layers.{name}", A=A, X=X, C=C)
    _check(name, X, axes)
    size, stride, padding = (_each(name, axes, n) for n in extents)
    a, last = len(A.shape), len(A.shape) + axes
    edges = ((0,) * a, padding, (0,))
    padded = op(B.Pad(A + X, *((sum(edges, ()),) * 2))) if any(padding) else identity(obj(A + X))
    windows = padded >> _windows(padded.target[0], a, size, stride)
    # From A+m+c+size to A+m+size+c, in which the numbers of a row of a window lie side by side.
    [W] = windows.target
    order = (*range(last), *range(last + 1, last + 1 + axes), last)
    windows = windows >> op(B.Permute(W, order))
    outer = NdArrayType(W.shape[:last], W.dtype)
    inner = NdArrayType(size + X.shape[-1:], W.dtype)
    f = windows >> linear(outer, inner, C) >> bias(C, outer)
    f = f >> applied("activation", "layers.relu", activation, obj(outer + C))
    return block(name, f)


def _looks(
    name: str, X: NdArrayType, size: Extents, stride: Extents | None
) -> list[tuple[int, int, int]]:
    """For each axis but that of the channels: the axis, the size of a window, and its stride."""
    axes = len(X.shape) - 1
    _check(name, X, axes)
    sizes = _each(name, axes, size)
    return list(
        zip(range(axes), sizes, _each(name, axes, sizes if stride is None else stride), strict=True)
    )


def _windows(
    T: NdArrayType, start: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> OpenHypergraph:
    """Windows along the axes from `start` on; each adds a last axis."""
    f = identity(obj(T))
    for i, (n, step) in enumerate(zip(size, stride, strict=True)):
        f = f >> op(B.Window(f.target[0], start + i, n, step))
    return f


def _check(name: str, X: NdArrayType, axes: int) -> None:
    if axes < 1 or len(X.shape) != axes + 1:
        wanted = f"{axes} axes and channels" if axes > 0 else "axes before its channels"
        raise TypeMismatch(
            f"layers.{name} needs an input with {wanted}, not {X}; "
            f"put the channels on the last axis, one of extent 1 if there are none."
        )


def _each(name: str, axes: int, n: Extents) -> tuple[int, ...]:
    """One number for each axis."""
    try:
        numbers = tuple(map(index, n)) if isinstance(n, Sequence) else (index(n),) * axes
    except TypeError:
        raise TypeMismatch(
            f"layers.{name} was given {n!r} where it counts positions; give an integer, or one "
            f"for each axis."
        ) from None
    if len(numbers) != axes:
        raise TypeMismatch(
            f"layers.{name} was given {numbers} for the axes of a window, of which there are "
            f"{axes}; give one number, or one for each."
        )
    return numbers
