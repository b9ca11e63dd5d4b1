"""Functions of positive numbers of any magnitude: a table for one octave, and shifts for the rest.

A table over a whole format is of no use to a function that is steep near 0. But ``1 / x`` of a
number ``x = v * 2**e`` is ``1 / v * 2**-e``: so the argument is first shifted until it lies between
1/2 and 1 (for roots: 1/4 and 1), a table takes that, and its entry is shifted back. The error of
the table is then one of proportion (for the logarithm: absolute).

Wherever such a function has no value, it has that of the least positive number of the format: so
``1 / x`` is there as great as it gets, and saturates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core import operation as ops
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import BIT, Fixed, NdArrayType, obj
from catgrad.fixed.constants import exact_constant
from catgrad.fixed.exact import WIDEST
from catgrad.fixed.table import tabulate
from catgrad.hypergraph import OpenHypergraph

ENTRY_FRACTION = 15
"""Fraction bits of the entries of tables for one octave."""

FRACTION = 16
"""Fraction bits of a binary logarithm."""

MARGIN = 8
"""How many bits, at most, a result has on either side beyond the format of the wire it is for."""

Stages = Sequence[tuple[Wire, int]]


@dataclass(frozen=True)
class Scaled:
    """A function `f` of positive numbers, with ``f(v * 2**-s)`` known from ``f(v)``.

    - `name`, `function`: of the table, for `v` between 0 and 1.
    - `step`: 2 where `s` has to be even, else 1.
    - `power`: ``f(v * 2**-s) = f(v) * 2**(power * s)``; None for the logarithm, where it is
      ``f(v) - s * log(2)``.
    """

    name: str
    function: Callable[[float], float]
    step: int
    power: float | None

    def program(self, T: NdArrayType, result: Fixed, bits: int) -> OpenHypergraph:
        """``T → result``, in a table of ``2**bits`` entries."""
        return forget(program(obj(T), lambda x: self._applied(x, result, bits)))

    def _applied(self, x: Wire, result: Fixed, bits: int) -> Wire:
        x = positive(x, self.step, self._finest(result, bits))
        octaves = x.T.fixed.width - x.T.fixed.fraction
        v, stages = normalised(x, self.step)
        entries = Fixed(ENTRY_FRACTION + 3, ENTRY_FRACTION)
        table = tabulate(self.function, self.name, v.T.fixed, entries, bits)
        y = self._scaled(call(table.program(v.T), v), -octaves)
        for bit, shift in stages:
            y = select(bit, self._scaled(y, shift), y)
        return fitted(y, result)

    def _scaled(self, y: Wire, shift: int) -> Wire:
        """``f(v * 2**-shift)``, given ``f(v)``."""
        if self.power is None:
            form = y.T.with_dtype(exact_constant(shift * math.log(2), ENTRY_FRACTION)[1])
            step = constant(y, exact_constant(shift * math.log(2), ENTRY_FRACTION))
            return call(ops.Subtract(y.T, form), y, step)
        return times_power_of_two(y, int(shift * self.power))

    def _finest(self, result: Fixed, bits: int) -> int:
        """How many fraction bits of an argument matter."""
        greatest = max(result.width - result.fraction, 1)
        if self.power is None or self.power < 0:
            return WIDEST
        return math.ceil(greatest / self.power) + bits + 2


RECIPROCAL = Scaled("reciprocal", lambda v: 1 / max(v, 0.5), 1, 1)
RECIPROCAL_SQRT = Scaled("reciprocal_sqrt", lambda v: 1 / math.sqrt(max(v, 0.25)), 2, 0.5)
SQRT = Scaled("sqrt", lambda v: math.sqrt(max(v, 0.25)), 2, -0.5)
LOG = Scaled("log", lambda v: math.log(max(v, 0.5)), 1, None)


def exponential(T: NdArrayType, result: Fixed, bits: int) -> OpenHypergraph:
    """``e ** x`` as ``2 ** z``: a table for the fraction of `z`, and shifts for the rest."""

    def body(x: Wire) -> Wire:
        least = -(result.fraction + 2)
        most = max(result.width - result.fraction, least + 1)
        z = limited(x, least, most)
        z = product(z, exact_constant(math.log2(math.e)))
        z = limited(z, least, most)
        z = plus(z, -least)
        z = index(z, Fixed((most - least).bit_length() + FRACTION, FRACTION, signed=False))
        stages = []
        for s in halves(most - least):
            bit = compare(ops.Ge, z, s)
            lower = index(plus(z, -s), z.T.fixed)
            z = select(bit, lower, z)
            stages.append((bit, s))
        z = index(z, Fixed(FRACTION, FRACTION, signed=False))
        entries = Fixed(ENTRY_FRACTION + 1, ENTRY_FRACTION, signed=False)
        y = call(tabulate(exp2, "exp2", z.T.fixed, entries, bits).program(z.T), z)
        y = times_power_of_two(y, least)
        for bit, s in stages:
            y = select(bit, times_power_of_two(y, s), y)
        return fitted(y, result)

    return forget(program(obj(T), body))


def exp2(v: float) -> float:
    """``2 ** v``."""
    return math.pow(2.0, v)


TABLES: dict[str, Callable[[float], float]] = {
    **{f.name: f.function for f in (RECIPROCAL, RECIPROCAL_SQRT, SQRT, LOG)},
    "exp2": exp2,
}
"""The functions that have a table for one octave, by the name of the table."""


def margined(result: Fixed) -> Fixed:
    """A signed format around `result`, for numbers that are still to be computed with."""
    fraction = max(result.fraction, MARGIN)
    whole = max(result.width - result.fraction, 1)
    margin = max(0, min(MARGIN, (40 - whole - fraction) // 2))
    return Fixed(whole + fraction + 2 * margin, fraction + margin)


################################################################################
# Steps


def positive(x: Wire, step: int, finest: int) -> Wire:
    """A number in an unsigned format, 0 where it was negative.

    The format has at most `finest` fraction bits, no more bits than there is room for, and an
    even number of bits before the point where `step` is 2.
    """
    form = x.T.fixed
    if form.signed:
        x = call(ops.Maximum(x.T, x.T.with_dtype(BIT)), x, constant(x, (0, BIT)))
        form = x.T.fixed
    whole = form.width - form.fraction - int(form.signed)
    whole += whole % step
    room = WIDEST - ENTRY_FRACTION - 3 - whole
    fraction = max(min(form.fraction, finest, room), step + 1 - whole)
    return index(x, Fixed(whole + fraction, fraction, signed=False))


def normalised(x: Wire, step: int) -> tuple[Wire, Stages]:
    """An unsigned number, shifted to lie between ``2**-step`` and 1, and the shifts: by so many
    bits where the bit is 1.
    """
    form = x.T.fixed
    w = form.width
    stages = []
    for groups in halves((w - 1) // step):
        s = groups * step
        bit = compare(ops.Lt, x, 1 << (w - s), form.fraction)
        low = index(x, Fixed(w - s, form.fraction, signed=False))
        x = select(bit, index(times_power_of_two(low, s), form), x)
        stages.append((bit, s))
    return times_power_of_two(x, form.fraction - w), stages


def halves(n: int) -> Iterator[int]:
    """Numbers that add up to `n`, and a sum of some of them is any number from 0 to `n`.

    >>> list(halves(12))
    [6, 3, 2, 1]
    """
    while n:
        yield (n + 1) // 2
        n //= 2


def index(x: Wire, form: Fixed) -> Wire:
    """The bits of a number that a format has."""
    if x.T.dtype == form:
        return x
    return call(ops.TableIndex(x.T, form, Rounding.TRUNCATE, Overflow.WRAP), x)


def fitted(x: Wire, form: Fixed) -> Wire:
    """The nearest number of a format."""
    return call(ops.Requantise(x.T, form, Rounding.HALF_UP, Overflow.SATURATE), x)


def constant(beside: Wire, number: tuple[int, Fixed]) -> Wire:
    """A mantissa and its format, in the shape of another array."""
    mantissa, form = number
    [wire] = beside.draft.apply(ops.Constant(beside.T.with_dtype(form), mantissa))
    return wire


def product(x: Wire, number: tuple[int, Fixed]) -> Wire:
    """The exact product with a constant."""
    return call(ops.Multiply(x.T, x.T.with_dtype(number[1])), x, constant(x, number))


def times_power_of_two(x: Wire, power: int) -> Wire:
    """``x * 2**power``: the same mantissa, in another format."""
    return product(x, (1, Fixed(1, -power, signed=False)))


def plus(x: Wire, n: int) -> Wire:
    """The exact sum with an integer."""
    form = Fixed.holding(n, n, 0)
    return call(ops.Add(x.T, x.T.with_dtype(form)), x, constant(x, (n, form)))


def limited(x: Wire, low: int, high: int) -> Wire:
    """The number from `low` to `high`, integers, that is nearest to `x`, in as few bits."""
    fraction = max(min(x.T.fixed.fraction, FRACTION), 0)
    form = Fixed.holding(-(max(-low, high) << fraction) - 1, 0, fraction)
    x = call(ops.TableIndex(x.T, form, Rounding.TRUNCATE, Overflow.SATURATE), x)
    for kind, n in ((ops.Maximum, low), (ops.Minimum, high)):
        bound = Fixed.holding(n, n, 0)
        x = call(kind(x.T, x.T.with_dtype(bound)), x, constant(x, (n, bound)))
    return x


def compare(kind: type[ops.Comparison], x: Wire, mantissa: int, fraction: int = 0) -> Wire:
    """A comparison with a constant."""
    form = Fixed.holding(mantissa, mantissa, fraction)
    return call(kind(x.T, x.T.with_dtype(form)), x, constant(x, (mantissa, form)))


def select(bit: Wire, x: Wire, y: Wire) -> Wire:
    """`x` where the bit is 1, else `y`."""
    return call(ops.Select(x.T, y.T), bit, x, y)
