"""Recursions: whether their poles are inside the unit circle once coefficients are constants."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence

from catgrad.bidirectional.fixed_form import Recursion
from catgrad.errors import CatgradError
from catgrad.fixed.constants import CONSTANT_BITS, exact_constant
from catgrad.fixed.formats import Formats
from catgrad.hypergraph import OpenHypergraph

Recursive = tuple[float, float]
"""The a₁ and a₂ of ``y[n] = ... - a₁ y[n-1] - a₂ y[n-2]``."""

NEAR = 2**-14
"""A pole that is so near to the unit circle rings for longer than anyone wants to add up."""

LOWER = "design the filter for a lower sampling rate"
"""What moves any pole away from the unit circle."""

INSIDE = f"move it inside the unit circle, or {LOWER}"
"""What to do about a pole that no rounding put where it is."""


def poles(a: Recursive) -> tuple[complex, complex]:
    """The roots of ``z² + a₁ z + a₂``, as exact near 1 and -1 as elsewhere.

    >>> poles((-1.5, 0.5))
    ((1+0j), (0.5+0j))
    """
    # With z = ±(1 + w) the polynomial in w has small coefficients, which nothing cancels in.
    half = 1 - abs(a[0]) / 2
    away = cmath.sqrt(half * half - math.fsum((1, -abs(a[0]), a[1])))
    middle = math.copysign(1 - half, -a[0])
    return middle + away, middle - away


def radius(a: Recursive) -> float:
    """How far the outer one of them is from 0."""
    return max(map(abs, poles(a)))


def is_stable(a: Recursive) -> bool:
    """Whether both are inside the unit circle, by Jury's criterion, which needs no root."""
    return abs(a[1]) < 1 and abs(a[0]) < 1 + a[1]


def unstable(sections: Sequence[Recursive]) -> str | None:
    """The first of them that is not stable, and where its outer pole is, as messages say it."""
    for k, a in enumerate(sections):
        if not is_stable(a):
            return f"section {k} of {len(sections)} has a pole {radius(a):.12g} from 0"
    return None


def as_constant(c: float, fraction: int) -> float:
    """What becomes of a coefficient that is a constant where data have so many fraction bits."""
    mantissa, form = exact_constant(c, fraction)
    return mantissa * form.step


def as_compiled(sections: Sequence[Recursive], fraction: int) -> list[Recursive]:
    """The same of recursions, whose terms are subtracted."""
    return [(-as_constant(-a1, fraction), -as_constant(-a2, fraction)) for a1, a2 in sections]


def finer(sections: Sequence[Recursive]) -> str:
    """What to do about stable ones for which no constant has bits enough."""
    exact = max(map(radius, sections)) < 1 - NEAR
    return f"give the form df1 data and more bits, or {LOWER}" if exact else LOWER


def require_stable(f: OpenHypergraph, formats: Formats) -> None:
    """CatgradError at a recursion of a float program whose constants lose its stability."""
    for x in f.H.x.distinct()[0]:
        if not isinstance(x, Recursion):
            continue
        fraction = formats.data.fraction
        if found := unstable(as_compiled(x.sections, fraction)):
            raise CatgradError(
                f"With {max(CONSTANT_BITS, fraction + 1)} significant bits, as constants have, "
                f"{found} and never comes to rest; {finer(x.sections)}."
            )
