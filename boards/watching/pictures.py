"""Arrays of parameters as pictures: tiles of numbers, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boards.watching.journal import Weights
from catgrad.circuit.format import Integers

TILES, POINTS = 128, 16_384
"""The most tiles and points of an array that are shown."""


def pictures(parameters: Integers, arrays: Sequence[Weights]) -> list[dict[str, Any]]:
    """For each array its `name`, `shape` and `step`, and its `tiles` of `rows` times `columns`.

    A matrix behind a picture is shown as a picture for each of its columns, filters as one each,
    all else as a single tile, in which each column of a matrix is a row.

    >>> [picture] = pictures(np.arange(6), [Weights("w", (3, 2), 0.5)])
    >>> picture["rows"], picture["columns"], picture["tiles"]
    (2, 3, [[0, 2, 4, 1, 3, 5]])
    """
    found, start = [], 0
    for array in arrays:
        size = int(np.prod(array.shape))
        values = parameters[start : start + size].reshape(array.shape)
        start += size
        tiles = tiled(values, array)
        rows, columns = tiles.shape[1:]
        shown = tiles[: min(TILES, max(1, POINTS // max(1, rows * columns)))]
        found.append(
            {
                "name": array.name,
                "shape": list(array.shape),
                "step": array.step,
                "rows": rows,
                "columns": columns,
                "tiles": [tile.ravel()[:POINTS].tolist() for tile in shown],
            }
        )
    return found


def tiled(values: Integers, array: Weights) -> Integers:
    """The numbers of an array as tiles, `int[tiles, rows, columns]`."""
    if array.inputs is not None:
        return values.T.reshape(-1, *array.inputs)
    if values.ndim > 2:  # Filters: the last two axes are channels.
        height, width = values.shape[:2]
        return np.moveaxis(values.reshape(height, width, -1), -1, 0)
    if values.ndim == 2:
        return values.T[None]
    return values.reshape(1, 1, -1)
