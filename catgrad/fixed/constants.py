"""Constants in fixed point."""

from __future__ import annotations

import math

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
