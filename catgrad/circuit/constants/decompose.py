"""Rows made of other rows: a minimum spanning tree over the differences of a matrix."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHIFTS = 3
"""A row is made of another one shifted by at most this much."""


class Anchor(NamedTuple):
    """``sign * (row << shift)``, what a row begins with; the rest is the sum of its terms."""

    row: int
    shift: int
    sign: int


def anchors(matrix: NDArray[np.int64], levels: int, price: int) -> list[Anchor | None]:
    """For each row of a matrix another one from which it takes fewer digits than from nothing.

    A row that begins with another one has to be worth `price` digits, and there are at most
    `levels` such steps in a row. The tree is grown from the rows that stand alone, by the edge that
    saves most (Prim's algorithm). Aksoy et al., "Optimization of area in digital FIR filters using
    gate-level metrics", and Sun et al., arXiv 2507.04535, use such trees as well, of differences
    and sums without shifts.
    """
    rows = len(matrix)
    alone = digit_counts(matrix).sum(axis=1)
    found: list[Anchor | None] = [None] * rows
    if levels == 0 or rows < 2:
        return found
    steps = [(shift, sign) for shift in range(SHIFTS + 1) for sign in (1, -1)]
    # [step, parent, row], the digits of what is left of a row
    left = np.stack(
        [
            np.stack([digit_counts(matrix - sign * (row << shift)).sum(axis=1) for row in matrix])
            for shift, sign in steps
        ]
    )
    # What is the negative of another row would cost as much as it saves.
    negated = np.array([sign < 0 for _, sign in steps])[:, None, None]
    left = np.where((left == 0) & negated, 1 << 40, left)
    best_step = left.argmin(axis=0)
    gain = alone[None, :] - left.min(axis=0) - price
    level = np.full(rows, -1)
    waiting = set(range(rows))
    best_parent = np.full(rows, -1)
    best_gain = np.zeros(rows, dtype=np.int64)
    while waiting:
        reached = [row for row in waiting if best_parent[row] >= 0]
        if reached:
            row = max(reached, key=lambda r: (best_gain[r], -r))
            parent = int(best_parent[row])
            shift, sign = steps[best_step[parent, row]]
            found[row] = Anchor(parent, shift, sign)
            level[row] = level[parent] + 1
        else:
            # A new root: the one from which most is saved.
            others = sorted(waiting)
            saved = np.maximum(gain[np.ix_(others, others)], 0)
            np.fill_diagonal(saved, 0)
            row = others[int(saved.sum(axis=1).argmax())]
            level[row] = 0
        waiting.discard(row)
        if level[row] < levels:
            for other in waiting:
                if gain[row, other] > best_gain[other]:
                    best_gain[other], best_parent[other] = gain[row, other], row
    return found


def digit_counts(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many signed digits each integer of at most 60 bits needs."""
    magnitude = abs(numbers)
    counts: NDArray[np.int64] = np.bitwise_count(magnitude ^ 3 * magnitude).astype(np.int64)
    return counts


def remainders(matrix: NDArray[np.int64], found: list[Anchor | None]) -> NDArray[np.int64]:
    """What is left of each row beside that with which it begins."""
    return np.array(
        [
            row if anchor is None else row - anchor.sign * (matrix[anchor.row] << anchor.shift)
            for row, anchor in zip(matrix, found, strict=True)
        ],
        dtype=np.int64,
    ).reshape(matrix.shape)


def depth_limits(found: list[Anchor | None], limit: int) -> list[int]:
    """The depth of each row: one less than that of the least deep row that begins with it."""
    limits = [limit] * len(found)
    for row in range(len(found)):
        height, anchor = limit, found[row]
        while anchor is not None:
            height -= 1
            limits[anchor.row] = min(limits[anchor.row], height)
            anchor = found[anchor.row]
    return limits
