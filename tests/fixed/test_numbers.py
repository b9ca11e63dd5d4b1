"""Reals to mantissas, tables, constants."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.bidirectional.operation import Sigmoid
from catgrad.core.types import Fixed
from catgrad.errors import CatgradError
from catgrad.fixed.constants import CONSTANT_BITS, exact_constant
from catgrad.fixed.numbers import FormatTooNarrow, format_for, from_fixed, representable, to_fixed
from catgrad.fixed.table import tabulate

reals = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-12)


@given(x=st.floats(-7.99, 7.99))
def test_the_nearest_number_of_the_format(x: float) -> None:
    form = Fixed(16, 12)
    [mantissa] = to_fixed([x], form, "x").tolist()
    assert mantissa == math.floor(Fraction(x) * 4096 + Fraction(1, 2))
    assert abs(from_fixed([mantissa], form)[0] - x) <= form.step / 2


@given(x=reals, y=reals, width=st.integers(3, 24))
def test_format_for_is_the_finest_that_fits(x: float, y: float, width: int) -> None:
    lo, hi = min(x, y), max(x, y)
    form = format_for(lo, hi, width)
    assert representable(lo, hi, form)
    finer = Fixed(width, form.fraction + 1)
    assert (lo == hi == 0) or not representable(lo, hi, finer)


@given(x=st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-30))
def test_constants_are_exact_or_nearest(x: float) -> None:
    mantissa, form = exact_constant(x)
    found = Fraction(mantissa) * Fraction(2) ** -form.fraction
    assert form.holds(mantissa, mantissa)
    assert abs(found - Fraction(x)) <= abs(Fraction(x)) * Fraction(1, 2**CONSTANT_BITS)


@pytest.mark.parametrize(
    ("x", "mantissa", "form"),
    [
        (0, 0, Fixed(1, 0, signed=False)),
        (1, 1, Fixed(1, 0, signed=False)),
        (12, 12, Fixed(4, 0, signed=False)),
        (-0.5, -1, Fixed(1, 1)),
        (2**-6, 1, Fixed(1, 6, signed=False)),
        (65536, 65536, Fixed(17, 0, signed=False)),
    ],
)
def test_small_constants(x: float, mantissa: int, form: Fixed) -> None:
    assert exact_constant(x) == (mantissa, form)


@pytest.mark.parametrize("bits", [4, 6, 8, 10])
def test_the_stated_error_of_a_table_is_its_error(bits: int) -> None:
    domain, result = Fixed(12, 8), Fixed(10, 8)
    table = tabulate(Sigmoid.function, "sigmoid", domain, result, bits)
    errors = []
    for m in range(domain.min, domain.max + 1):
        index = min(
            max(m >> (domain.fraction - table.index.fraction), table.index.min), table.index.max
        )
        found = table.entries[index % len(table.entries)] / 2**result.fraction
        errors.append(abs(found - 1 / (1 + math.exp(-m / 2**domain.fraction))))
    assert max(errors) == pytest.approx(table.error, abs=1e-12)
    assert len(table.entries) == 2**bits


def test_a_finer_table_errs_less() -> None:
    errors = [
        tabulate(Sigmoid.function, "sigmoid", Fixed(16, 12), Fixed(16, 12), bits).error
        for bits in (4, 6, 8, 10)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.008


def test_errors() -> None:
    with pytest.raises(FormatTooNarrow) as narrow:
        to_fixed([0.5, -9.25], Fixed(16, 12), "x")
    assert str(narrow.value) == (
        "x ranges from -9.25 to 0.5, but SQ(4,12) holds -8 to 7.99976; "
        "use Fixed(16, 11), or scale the data."
    )
    with pytest.raises(CatgradError) as infinite:
        to_fixed(np.array([[0.0, np.nan]]), Fixed(16, 12), "x")
    assert str(infinite.value) == (
        "x holds nan at index [0, 1]; fixed point has no such number, so remove or replace it."
    )
