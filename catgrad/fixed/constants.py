"""Constants in fixed point."""

from __future__ import annotations

import math
from collections.abc import Sequence

from catgrad.core.types import Fixed

CONSTANT_BITS = 16
"""Constants with more significant bits, such as 0.0001, are rounded when the program is built."""


def exact_constant(x: float, fraction: int = 0) -> tuple[int, Fixed]:
    """A constant as a mantissa and the narrowest format that holds it.

    It keeps `CONSTANT_BITS` significant bits, or more where as many bits after the binary point as
    `fraction` need them: what a program's own numbers can tell apart, its constants can.

    >>> mantissa, form = exact_constant(2**-6)
    >>> mantissa, str(form)
    (1, 'UQ(-5,6)')
    """
    significand, exponent = math.frexp(x)
    bits = max(CONSTANT_BITS, exponent + fraction)
    mantissa = math.floor(math.ldexp(significand, bits) + 0.5)
    fraction = bits - exponent
    if mantissa == 0:
        return 0, Fixed(1, 0, signed=False)
    zeros = (mantissa & -mantissa).bit_length() - 1
    if zeros >= fraction > 0:  # an integer
        zeros = fraction
    elif fraction <= 0:
        mantissa, zeros, fraction = mantissa << -fraction, 0, 0
    mantissa, fraction = mantissa >> zeros, fraction - zeros
    return mantissa, Fixed.holding(mantissa, mantissa, fraction)


def exact_array(numbers: Sequence[float], fraction: int = 0) -> tuple[tuple[int, ...], Fixed]:
    """Constants as mantissas, and the narrowest format that holds them all.

    Each is kept as `exact_constant` keeps it.

    >>> mantissas, form = exact_array([0.5, -0.75, 3.0])
    >>> mantissas, str(form)
    ((2, -3, 12), 'SQ(3,2)')
    """
    found = {x: exact_constant(x, fraction) for x in dict.fromkeys(numbers)}
    finest = max((form.fraction for mantissa, form in found.values() if mantissa), default=0)
    aligned = {x: m << (finest - form.fraction) if m else 0 for x, (m, form) in found.items()}
    mantissas = tuple(aligned[x] for x in numbers)
    return mantissas, Fixed.holding(min(mantissas, default=0), max(mantissas, default=0), finest)
