"""What is added up where it meets: gathered instead, from an array with zeros around its numbers.

    y[t + k] += x[t, k]      becomes      y[p] = sum over k of z[p - k, k]

where ``z[t, k] = x[t, k]``, and 0 for every `t` that `x` does not have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catgrad.core.types import NdArrayType, Shape
from catgrad.folded.fuse.atoms import Atoms, Read
from catgrad.kernel.kernel import Access, row_major


@dataclass(frozen=True)
class Along:
    """What meets along one axis of the target: position ``offset + sum(step * i)``.

    - ``axis``: the loop that is solved for, with its `step`; None where the position is fixed
    - ``others``: the loops that are summed over, and their steps
    """

    offset: int
    extent: int
    axis: int | None
    step: int
    others: tuple[tuple[int, int], ...]


def scattered(
    atoms: Atoms, read: Read, write: Access, extents: tuple[int, ...], target: NdArrayType
) -> Read:
    """An array to which every number read is added at its place.

    `read` and `write` are over the loops `extents`, none of which has stride 0 in `write`.
    """
    axes = solved(write, extents, target.shape) or solved(write, extents, (target.size,))
    assert axes is not None
    shape_of_target = tuple(along.extent for along in axes)
    starts, sizes = [], []
    for along in axes:
        back = [step * (extents[axis] - 1) for axis, step in along.others]
        least = -along.offset - sum(max(0, far) for far in back)
        most = along.extent - 1 - along.offset - sum(min(0, far) for far in back)
        starts.append(least)
        sizes.append(most - least + 1)
    others = [axis for along in axes for axis, _ in along.others]
    shape = (*sizes, *(extents[axis] for axis in others))
    strides = row_major(shape)
    own = dict(zip(others, strides[len(axes) :], strict=True))

    # Where each number goes in the array with zeros.
    steps = [own.get(axis, 0) for axis in range(len(extents))]
    for along, stride in zip(axes, strides, strict=False):
        if along.axis is not None:
            steps[along.axis] += along.step * stride
    first = -sum(start * stride for start, stride in zip(starts, strides, strict=False))
    places = Access(0, first, tuple(steps)).positions(extents).reshape(-1)
    format = atoms.format(read)
    padded = atoms.assembled(format, math.prod(shape), [(read, places)])

    # Where each position of the target finds what meets there.
    back_steps = [own[axis] for axis in others]
    origin = first
    for along, stride in zip(axes, strides, strict=False):
        origin -= along.offset * stride
        for axis, step in along.others:
            back_steps[others.index(axis)] -= step * stride
    gather = Access(0, origin, (*strides[: len(axes)], *back_steps))
    grid = gather.positions((*shape_of_target, *(extents[axis] for axis in others)))
    terms = math.prod(extents[axis] for axis in others)
    return atoms.reduced("sum", Read(padded.value, grid.reshape(target.size, terms)))


def solved(write: Access, extents: Sequence[int], target: Shape) -> list[Along] | None:
    """What meets along each axis of the target; None if a loop goes along several."""
    strides = row_major(target)
    offsets = np.unravel_index(write.offset, target) if target else ()
    loops: list[list[tuple[int, int]]] = [[] for _ in strides]
    for axis, (stride, extent) in enumerate(zip(write.strides, extents, strict=True)):
        if extent == 1:
            continue
        along = next(
            (
                k
                for k, (unit, size) in enumerate(zip(strides, target, strict=True))
                if stride % unit == 0 and abs(stride // unit) * (extent - 1) < size
            ),
            None,
        )
        if along is None:
            return None
        loops[along].append((axis, stride // strides[along]))
    result = []
    for offset, extent, steps in zip(offsets, target, loops, strict=True):
        ends = [step * (extents[axis] - 1) for axis, step in steps]
        low, high = (offset + sum(pick(0, end) for end in ends) for pick in (min, max))
        if low < 0 or high >= extent:
            return None
        ranked = sorted(steps, key=lambda pair: (-extents[pair[0]], pair[0]))
        first: tuple[int | None, int] = ranked[0] if ranked else (None, 1)
        others = tuple(sorted(ranked[1:]))
        result.append(Along(int(offset), extent, *first, others))
    return result
