"""Positions as affine places: the loops over which given lists of numbers are all affine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catgrad.circuit.format import IntArray


@dataclass(frozen=True)
class Loops:
    """Loops over a list of points, and how far each of several lists of positions goes along each.

    - ``extents``: outermost first; one loop of extent 1 for a single point
    - ``strides``: for each list, one for each loop
    """

    extents: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]


def loops(positions: Sequence[IntArray], points: int) -> Loops | None:
    """The fewest loops over `points` points along which all `positions`, int64[points], are affine.

    None where there are none.

    >>> loops([np.array([0, 1, 2, 8, 9, 10]), np.array([5, 5, 5, 5, 5, 5])], 6)
    Loops(extents=(2, 3), strides=((8, 1), (0, 0)))
    >>> loops([np.array([0, 1, 4, 9])], 4) is None
    True
    """
    lists = np.array([*positions], dtype=np.int64).reshape(len(positions), points)
    extents: list[int] = []
    steps: list[IntArray] = []
    while (n := lists.shape[1]) > 1:
        distance = np.diff(lists, axis=1)
        step, changes = distance[:, 0], distance != distance[:, :1]
        runs = [int(row.argmax()) + 1 for row in changes if row.any()]
        extent = math.gcd(n, *runs)
        rows = lists.reshape(-1, n // extent, extent)
        if extent == 1 or (np.diff(rows, axis=2) != step[:, None, None]).any():
            return None
        extents.append(extent)
        steps.append(step)
        lists = rows[:, :, 0]
    if not extents:
        extents, steps = [1], [np.zeros(len(lists), dtype=np.int64)]
    table = np.stack(steps[::-1], axis=1).tolist()
    return Loops(tuple(extents[::-1]), tuple(map(tuple, table)))


def separate(positions: IntArray) -> tuple[IntArray, IntArray] | None:
    """``positions[i, j] == kept[i] + reduced[j]``, for int64[results, terms]; None if not so.

    ``reduced[0] == 0``.
    """
    kept, reduced = positions[:, 0], positions[0] - positions[0, 0]
    if (positions != kept[:, None] + reduced).any():
        return None
    return kept, reduced


def is_permutation(positions: IntArray, size: int) -> bool:
    """Whether the positions are those from 0 to `size`, each once."""
    if positions.size != size:
        return False
    flat = positions.reshape(-1)
    return bool((np.bincount(flat, minlength=size) == 1).all()) if size else True


def inverse(positions: IntArray) -> IntArray:
    """The inverse of a permutation."""
    inverted = np.empty_like(positions)
    inverted[positions] = np.arange(len(positions))
    return inverted
