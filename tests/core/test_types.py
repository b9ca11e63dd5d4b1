"""The objects of C."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.core.types import Dtype, Fixed, NdArrayType, TypeMismatch

integers = st.integers(-(2**70), 2**70)


@given(a=integers, b=integers, fraction=st.integers(-40, 80))
def test_holding_is_the_narrowest_format(a: int, b: int, fraction: int) -> None:
    lo, hi = min(a, b), max(a, b)
    form = Fixed.holding(lo, hi, fraction)
    assert form.holds(lo, hi)
    assert form.signed == (lo < 0)
    assert form.width == 1 or not Fixed(form.width - 1, fraction, form.signed).holds(lo, hi)


@given(width=st.integers(1, 80), signed=st.booleans())
def test_a_format_holds_its_own_bounds_and_no_more(width: int, signed: bool) -> None:
    form = Fixed(width, 3, signed)
    assert form.max - form.min + 1 == 2**width
    assert Fixed.holding(form.min, form.max, 3) == form
    assert not form.holds(form.min - 1, 0)
    assert not form.holds(0, form.max + 1)


def test_names() -> None:
    assert str(NdArrayType((150, 4), Dtype.float32)) == "float32[150, 4]"
    assert str(NdArrayType((1, 4), Fixed(16, 12))) == "SQ(4,12)[1, 4]"
    assert str(NdArrayType((), Fixed(8, 10, signed=False))) == "UQ(-2,10)[]"


def test_axes_are_joined() -> None:
    A, B = NdArrayType((2, 3), Dtype.float32), NdArrayType((4,), Dtype.float32)
    assert (A + B).shape == (2, 3, 4)
    assert (A + 5).shape == (2, 3, 5)
    assert (5 + A).shape == (5, 2, 3)
    assert (A + B).size == 24


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: NdArrayType([3], Dtype.float32),  # type: ignore[arg-type]
            ("The shape of an array type is a tuple of integers, not [3]; write (3,)."),
        ),
        (
            lambda: NdArrayType((3, -1), Dtype.float32),
            (
                "The extents of an array are integers of at least 0, not (3, -1); "
                "give one such integer for each axis."
            ),
        ),
        (
            lambda: NdArrayType((3,), Dtype.float32) + NdArrayType((3,), Dtype.int32),
            (
                "Cannot join the axes of float32[3] and int32[3], whose dtypes differ "
                "(float32 and int32); give both the same dtype."
            ),
        ),
        (
            lambda: NdArrayType((3,), Dtype.float32).fixed,
            "Expected a fixed-point array, not float32[3]; quantise the program first.",
        ),
        (
            lambda: Fixed(0, 3),
            (
                "A fixed-point format needs at least 1 bit, not 0; "
                "give Fixed(width, fraction) a positive width."
            ),
        ),
    ],
)
def test_errors(build, sentence: str) -> None:
    with pytest.raises(TypeMismatch) as error:
        build()
    assert str(error.value) == sentence


def test_the_type_of_an_array() -> None:
    with pytest.raises(TypeMismatch) as error:
        NdArrayType.from_ndarray(np.zeros(3, np.int64))
    assert str(error.value) == (
        "There is no array type with the numbers of ndarray of dtype int64; give an array of "
        "int32, float32, float64, bool."
    )
