"""The formats of exact results: wide enough for every value that the operands' formats allow."""

from __future__ import annotations

from catgrad.core.types import Fixed

WIDEST_PRODUCT = 64
"""The most bits that a product of many numbers may have: the width of every factor adds up."""


def aligned(a: Fixed, b: Fixed) -> tuple[int, int, int]:
    """The fraction that two formats share when aligned, and the shifts that take each there."""
    fraction = max(a.fraction, b.fraction)
    return fraction, fraction - a.fraction, fraction - b.fraction


def exact_sum(a: Fixed, b: Fixed) -> Fixed:
    """The format of ``a + b``."""
    fraction, i, j = aligned(a, b)
    return Fixed.holding((a.min << i) + (b.min << j), (a.max << i) + (b.max << j), fraction)


def exact_difference(a: Fixed, b: Fixed) -> Fixed:
    """The format of ``a - b``."""
    fraction, i, j = aligned(a, b)
    return Fixed.holding((a.min << i) - (b.max << j), (a.max << i) - (b.min << j), fraction)


def exact_product(a: Fixed, b: Fixed) -> Fixed:
    """The format of ``a * b``."""
    corners = [x * y for x in (a.min, a.max) for y in (b.min, b.max)]
    return Fixed.holding(min(corners), max(corners), a.fraction + b.fraction)


def exact_total(a: Fixed, terms: int) -> Fixed:
    """The format of a sum of `terms` numbers, each of format `a`."""
    return Fixed.holding(terms * a.min, terms * a.max, a.fraction)


def exact_minimum(a: Fixed, b: Fixed) -> Fixed:
    """The format of ``min(a, b)``."""
    fraction, i, j = aligned(a, b)
    return Fixed.holding(min(a.min << i, b.min << j), min(a.max << i, b.max << j), fraction)


def exact_maximum(a: Fixed, b: Fixed) -> Fixed:
    """The format of ``max(a, b)``."""
    fraction, i, j = aligned(a, b)
    return Fixed.holding(max(a.min << i, b.min << j), max(a.max << i, b.max << j), fraction)


def exact_either(a: Fixed, b: Fixed) -> Fixed:
    """The format of a number that is of format `a` or of format `b`."""
    fraction, i, j = aligned(a, b)
    return Fixed.holding(min(a.min << i, b.min << j), max(a.max << i, b.max << j), fraction)


def exact_magnitude(a: Fixed) -> Fixed:
    """The format of ``abs(a)``."""
    return Fixed.holding(0, max(-a.min, a.max), a.fraction)


def exact_power(a: Fixed, factors: int) -> Fixed | None:
    """The format of a product of `factors` numbers, each of format `a`; None above 64 bits.

    >>> exact_power(Fixed(3, 1), 2), exact_power(Fixed(3, 1), 40)
    (Fixed(width=6, fraction=2, signed=True), None)
    """
    if factors == 0:
        return Fixed(1, 0, signed=False)
    magnitude = max(-a.min, a.max)
    if magnitude > 1 and factors > WIDEST_PRODUCT:
        return None
    # The extremes have at most one factor of the other sign.
    ends = [x ** (factors - 1) * y for x in (a.min, a.max) for y in (a.min, a.max)]
    form = Fixed.holding(min(ends), max(ends), factors * a.fraction)
    return form if form.width <= WIDEST_PRODUCT else None
