"""Signed digits: they add up to the number, and there are as few as can be."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit.constants.digits import (
    Digits,
    digit_count,
    minimal_digits,
    signed_digits,
)

NUMBERS = st.integers(-(2**48), 2**48)


def value(digits: Digits) -> int:
    return sum(sign << shift for shift, sign in digits)


@given(NUMBERS)
def test_canonical_digits_are_the_number_and_no_two_are_neighbours(number: int) -> None:
    digits = signed_digits(number)
    assert value(digits) == number
    shifts = [shift for shift, _ in digits]
    assert all(after - before >= 2 for before, after in pairwise(shifts))
    assert len(digits) == digit_count(number)


@given(NUMBERS, st.integers(0, 2**32))
def test_other_minimal_digits_are_as_few(number: int, seed: int) -> None:
    digits = minimal_digits(number, Random(seed))
    assert value(digits) == number
    assert len(digits) == digit_count(number)


def test_fewest_digits_of_small_numbers_by_search() -> None:
    powers = [sign << shift for shift in range(8) for sign in (1, -1)]
    reached, count = {0}, {0: 0}
    for digits in range(1, 4):
        reached = {a + b for a in reached for b in powers}
        for number in reached:
            count.setdefault(number, digits)
    for number in range(-100, 101):
        assert digit_count(number) == count.get(number, 4)


def test_three_is_written_in_both_ways() -> None:
    found = {minimal_digits(3, Random(seed)) for seed in range(20)}
    assert found == {((0, 1), (1, 1)), ((0, -1), (2, 1))}
