"""The formats of exact results: wide enough for every value that the operands' formats allow."""

from __future__ import annotations

from catgrad.core.types import Fixed


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
