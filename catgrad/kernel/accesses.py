"""Where the operations of C read and write: accesses to row-major memories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, Shape
from catgrad.kernel.kernel import Access, row_major


def flat(array: int) -> Access:
    """All of an array, in order, along one axis."""
    return Access(array, 0, (1,))


def rows(T: NdArrayType) -> Access:
    """All of array 0 along two axes, the second of the size of `T`."""
    return Access(0, 0, (T.size, 1))


def all_of(array: int, T: NdArrayType) -> Access:
    """All of an array along its own axes."""
    return Access(array, 0, row_major(T.shape))


def part(T: NdArrayType, start: Sequence[int], step: Sequence[int]) -> Access:
    """Array 0 from `start` on, in steps, along its own axes.

    >>> from catgrad.core.types import Dtype
    >>> part(NdArrayType((4, 10), Dtype.float32), (1, 2), (1, 3))
    Access(array=0, offset=12, strides=(10, 3))
    """
    strides = row_major(T.shape)
    offset = sum(i * stride for i, stride in zip(start, strides, strict=True))
    return Access(0, offset, tuple(i * stride for i, stride in zip(step, strides, strict=True)))


def without(along: ops.AlongAxes) -> Access:
    """At each point of an array, the array without some axes."""
    strides = dict(zip(along.others, row_major(along.without.shape), strict=True))
    return Access(0, 0, tuple(strides.get(axis, 0) for axis in range(len(along.T.shape))))


def windowed(operation: ops.Window | ops.Fold) -> Access:
    """At each point of each window, the array that the windows show."""
    axis, strides = operation.axis, row_major(operation.T.shape)
    moves = (*strides[:axis], operation.stride * strides[axis], *strides[axis + 1 :])
    return Access(0, 0, (*moves, operation.dilation * strides[axis]))


def around(operation: ops.Pad) -> Iterator[tuple[Shape, Access]]:
    """The boxes that a pad fills with its value: the extents of each, and where it is written.

    Along each axis a box lies among the numbers, around them, or anywhere; the first axis along
    which it does not lie among the numbers tells the boxes apart.
    """
    T = operation.result()
    axes = list(
        zip(operation.T.shape, operation.low, operation.high, operation.between, strict=True)
    )
    inside = [(low, n, between + 1) for n, low, _, between in axes]
    anywhere = [(0, extent, 1) for extent in T.shape]
    for k, (n, low, high, between) in enumerate(axes):
        before, after = (0, low, 1), (T.shape[k] - high, high, 1)
        gaps = [(low + i, n - 1, between + 1) for i in range(1, between + 1)]
        for fill in (before, after, *gaps):
            start, extents, step = zip(*inside[:k], fill, *anywhere[k + 1 :], strict=True)
            if min(extents) > 0:
                yield extents, part(T, start, step)
