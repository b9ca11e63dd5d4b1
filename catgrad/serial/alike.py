"""One way of rounding for as many sums as possible, so that one unit does it for all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from catgrad.circuit.format import Format
from catgrad.serial.analyse import SerialError
from catgrad.serial.sums import Post, Sum, Sums, Term


def alike(sums: Sums, bits: int) -> Sums:
    """The same numbers, the sums of which are rounded alike where their coefficients allow it.

    - A number that fits its format always may as well have a wider one, and saturate there
    - A sum that is shifted less may be 2, 4, 8, ... times as large, and be shifted as much as
      others, if its coefficients have at most so many bits with their signs
    - All parameters are multiplied by one power of two, which they can be stored with; SerialError
      if that is impossible
    """
    sums = _one_point(sums)
    common = Counter(s.post for s in sums.sums if not _fits(sums, s))
    kinds = [(post.format, post.saturates, post.counted) for post, _ in common.most_common()]
    shift = max(s.post.shift for s in sums.sums)
    return replace(
        sums, sums=tuple(_scaled(_wider(sums, s, kinds), shift, bits) for s in sums.sums)
    )


def _fits(sums: Sums, s: Sum) -> bool:
    return _within(s.post.format, *(end >> s.post.shift for end in sums.range(s)))


def _within(format: Format, lo: int, hi: int) -> bool:
    return format.min <= lo and hi <= format.max


def _wider(sums: Sums, s: Sum, kinds: list[tuple[Format, bool, bool]]) -> Sum:
    """A sum that never leaves its format in the most common format that it never leaves either."""
    if _fits(sums, s):
        ends = [end >> s.post.shift for end in sums.range(s)]
        for format, saturates, counted in kinds:
            if _within(format, *ends):
                return replace(s, post=Post(s.post.shift, format, saturates, counted))
    return s


def _one_point(sums: Sums) -> Sums:
    """The same sums with all parameters multiplied by one power of two, or its negative."""
    gains = [[(abs(t.coefficient), t.parameter) for t in _given(s)] for s in sums.sums]
    used = [gain for those in gains for gain in those]
    if not used:
        return sums
    no_powers = [used] if any(power & (power - 1) for power, _ in used) else []
    several = [those for those in gains if len({power for power, _ in those}) > 1]
    for those in no_powers + several:
        ends = sorted(those, key=lambda gain: (gain[0] // (gain[0] & -gain[0]), *gain))
        (least, first), (largest, parameter) = ends[0], ends[-1]
        raise SerialError(
            f"A serial machine stores its parameters times one power of two, but parameter "
            f"{first} is multiplied by {least} and parameter {parameter} by {largest}; "
            f"give all filters one format of data and one of weights, and no gain."
        )
    largest, _ = max(used)
    more = [largest // those[0][0] if those else 1 for those in gains]
    scaled = (_times(s, power.bit_length() - 1) for s, power in zip(sums.sums, more, strict=True))
    return replace(sums, sums=tuple(scaled))


def _given(s: Sum) -> list[Term]:
    """The terms that have a parameter."""
    return [term for term in s.terms if term.parameter is not None]


def _scaled(s: Sum, shift: int, bits: int) -> Sum:
    """A sum that is shifted as much as others, if its coefficients allow it."""
    more = shift - s.post.shift
    largest = max((abs(term.coefficient) for term in s.terms), default=0) << more
    return s if _given(s) or largest >= 1 << (bits - 1) else _times(s, more)


def _times(s: Sum, power: int) -> Sum:
    """A sum times a power of two, shifted as much more."""
    return Sum(
        tuple(term._replace(coefficient=term.coefficient << power) for term in s.terms),
        s.constant << power,
        replace(s.post, shift=s.post.shift + power),
    )
