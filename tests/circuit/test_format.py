"""Formats, single and in arrays, against Python's integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format
from catgrad.circuit.format import bit_length, integers, limits, smallest, wrap
from tests.circuit.strategies import formats


@given(formats(100))
def test_a_format_holds_its_ends_and_no_more(format: Format) -> None:
    assert format.max - format.min + 1 == 2**format.width
    assert Format.holding(format.min, format.max) == format
    assert Format.holding(format.min, format.max + 1).width > format.width


@given(st.integers(-(2**90), 2**90), st.integers(-(2**90), 2**90))
def test_holding_is_the_smallest_format(a: int, b: int) -> None:
    lo, hi = min(a, b), max(a, b)
    format = Format.holding(lo, hi)
    assert format.min <= lo
    assert hi <= format.max
    assert format.signed == (lo < 0)
    if format.width > 1:
        smaller = Format(format.width - 1, format.signed)
        assert not (smaller.min <= lo and hi <= smaller.max)


@pytest.mark.parametrize("exact", [False, True])
@given(st.lists(formats(63), min_size=1))
def test_limits_of_arrays_are_those_of_each_format(exact: bool, each: list[Format]) -> None:
    width, signed = (np.array(column) for column in zip(*each, strict=True))
    lo, hi = limits(width, signed, exact)
    assert lo.dtype == hi.dtype == (object if exact else np.int64)
    assert lo.tolist() == [format.min for format in each]
    assert hi.tolist() == [format.max for format in each]


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64)), min_size=1))
def test_smallest_formats_of_arrays(ranges: list[tuple[int, int]]) -> None:
    lo = integers([start for start, _ in ranges])
    hi = integers([start + length for start, length in ranges])
    width, signed = smallest(lo.astype(object), hi.astype(object))
    expected = [Format.holding(start, start + length) for start, length in ranges]
    assert list(zip(width.tolist(), signed.tolist(), strict=True)) == expected
    if hi.dtype == np.int64:
        assert np.array_equal(smallest(lo, hi), (width, signed))


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1))
def test_bit_length(values: list[int]) -> None:
    expected = [value.bit_length() for value in values]
    assert bit_length(np.array(values)).tolist() == expected
    assert bit_length(np.array(values, dtype=object)).tolist() == expected


@pytest.mark.parametrize("dtype", [np.int64, object])
@given(st.integers(-(2**62), 2**62 - 1), formats(63))
def test_wrap(dtype: type, x: int, format: Format) -> None:
    wrapped = wrap(
        np.array([x], dtype=dtype), np.array([format.width]), np.array([format.signed])
    ).item()
    assert format.min <= wrapped <= format.max
    assert (x - wrapped) % 2**format.width == 0


def test_integers_are_int64_where_they_fit() -> None:
    assert integers([2**63 - 1, -(2**63)]).dtype == np.int64
    assert integers([2**63, -1]).tolist() == [2**63, -1]
    assert integers(np.array([[True, False]])).tolist() == [[1, 0]]
    assert integers(np.array([200], dtype=np.uint8)).dtype == np.int64
    assert integers(np.array([2**63], dtype=np.uint64)).tolist() == [2**63]
    with pytest.raises(TypeError):
        integers([0.5])
