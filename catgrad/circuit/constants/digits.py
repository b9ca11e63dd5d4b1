"""Signed digits: integers as sums and differences of powers of two."""

from __future__ import annotations

from functools import cache
from random import Random

Digits = tuple[tuple[int, int], ...]
"""Pairs of a shift and a sign, 1 or -1: the number is the sum of ``sign << shift``."""


@cache
def signed_digits(number: int) -> Digits:
    """The canonical digits of an integer, no two of them neighbours, lowest first.

    There are no representations with fewer (Reitwiesner, "Binary arithmetic", 1960).

    >>> signed_digits(7), signed_digits(-6)
    (((0, -1), (3, 1)), ((1, 1), (3, -1)))
    """
    digits, shift = [], 0
    while number:
        if number & 1:
            digit = 2 - (number & 3)
            digits.append((shift, digit))
            number -= digit
        number >>= 1
        shift += 1
    return tuple(digits)


def digit_count(number: int) -> int:
    """How many digits an integer needs at least.

    >>> [digit_count(n) for n in (0, 4, 7, -85)]
    [0, 1, 2, 4]
    """
    magnitude = abs(number)
    return (magnitude ^ 3 * magnitude).bit_count()


def minimal_digits(number: int, random: Random) -> Digits:
    """As few digits as possible, one of all such representations: 3 is 2 + 1 or 4 - 1."""
    digits, shift = [], 0
    while number:
        if number & 1:
            fewest = min(digit_count(number - 1), digit_count(number + 1))
            digit = random.choice([d for d in (1, -1) if digit_count(number - d) == fewest])
            digits.append((shift, digit))
            number -= digit
        number >>= 1
        shift += 1
    return tuple(digits)
