"""The border between real numbers and mantissas."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.core.types import Fixed
from catgrad.errors import CatgradError


class FormatTooNarrow(CatgradError):
    """Values that a format has no place for."""


NOTHING = 2.0**-64
"""Magnitudes below this count as zero when a format is chosen."""


def format_for(lo: float, hi: float, width: int, headroom: int = 0) -> Fixed:
    """The finest signed format of `width` bits that holds reals from `lo` to `hi`.

    `headroom` is how many integer bits to leave beyond those that the range needs. A range of
    nothing but zero, which needs no bits, is taken to reach to one.

    >>> str(format_for(-1.5, 0.3, 16)), str(format_for(0, 100, 16, headroom=1))
    ('SQ(2,14)', 'SQ(9,7)')
    """
    magnitude = max(abs(lo), abs(hi))
    if magnitude < NOTHING or lo > hi:  # nothing, or no number at all
        return Fixed(width, width - 1 - headroom)
    fraction = width - int(np.frexp(magnitude)[1])
    while not representable(lo, hi, Fixed(width, fraction)):
        fraction -= 1
    return Fixed(width, fraction - headroom)


def representable(lo: float, hi: float, form: Fixed) -> bool:
    """Whether the nearest numbers of a format to all reals from `lo` to `hi` exist."""
    scale = 2.0**form.fraction
    return form.holds(int(np.floor(lo * scale + 0.5)), int(np.floor(hi * scale + 0.5)))


def typed(form: Fixed) -> str:
    """A signed format as a user types it."""
    return f"Fixed({form.width}, {form.fraction})"


def to_fixed(values: ArrayLike, form: Fixed, name: str) -> NDArray[np.int64]:
    """Mantissas of the nearest numbers of a format, halves upward, as an int64 array.

    `name` is what an error calls the values. Values that are not finite, or that the format
    cannot hold, are refused.

    >>> to_fixed([0.5, -0.25], Fixed(16, 12), "x").tolist()
    [2048, -1024]
    """
    reals = np.asarray(values, dtype=np.float64)
    require_finite(reals, name)
    mantissas = np.floor(reals * 2.0**form.fraction + 0.5)
    if reals.size and not form.holds(int(mantissas.min()), int(mantissas.max())):
        lo, hi = float(reals.min()), float(reals.max())
        raise FormatTooNarrow(
            f"{name} ranges from {lo:.6g} to {hi:.6g}, but {form} holds {form.min * form.step:.6g} "
            f"to {form.max * form.step:.6g}; use {typed(format_for(lo, hi, form.width))}, "
            f"or scale the data."
        )
    return mantissas.astype(np.int64)


def require_finite(values: ArrayLike, name: str) -> None:
    """Refuse values that are not numbers, or infinite; `name` is what an error calls them."""
    reals = np.asarray(values, dtype=np.float64)
    if not np.isfinite(reals).all():
        place = np.argwhere(~np.isfinite(reals))[0].tolist()
        raise CatgradError(
            f"{name} holds {reals[tuple(place)]} at index {place}; "
            f"fixed point has no such number, so remove or replace it."
        )


def from_fixed(mantissas: ArrayLike, form: Fixed) -> NDArray[np.float64]:
    """The reals that mantissas of a format stand for.

    >>> from_fixed([2048, -1024], Fixed(16, 12)).tolist()
    [0.5, -0.25]
    """
    return np.asarray(mantissas, dtype=np.float64) * form.step
