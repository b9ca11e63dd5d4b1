"""Reductions, parts of arrays, and reading by index: formats, axes, and what is refused."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.bidirectional import operation as B
from catgrad.core import operation as ops
from catgrad.core.exact import exact_power
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, TypeMismatch

formats = st.builds(Fixed, st.integers(1, 5), st.integers(-2, 3), st.booleans())


@given(form=formats, factors=st.integers(1, 4))
def test_the_format_of_a_product_is_exact_and_narrow(form: Fixed, factors: int) -> None:
    ends = [prod(chosen) for chosen in product((form.min, form.max), repeat=factors)]
    found = exact_power(form, factors)
    assert found == Fixed.holding(min(ends), max(ends), factors * form.fraction)


@given(form=formats, other=formats)
def test_a_choice_holds_both_operands_and_no_more(form: Fixed, other: Fixed) -> None:
    [T] = ops.Select(NdArrayType((), form), NdArrayType((), other)).target()
    shifts = [T.fixed.fraction - f.fraction for f in (form, other)]
    ends = [e << i for f, i in zip((form, other), shifts, strict=True) for e in (f.min, f.max)]
    assert T.fixed == Fixed.holding(min(ends), max(ends), max(form.fraction, other.fraction))


@given(form=formats)
def test_magnitudes_and_signs(form: Fixed) -> None:
    T = NdArrayType((), form)
    assert ops.Abs(T).target()[0].fixed == Fixed.holding(0, max(-form.min, form.max), form.fraction)
    assert ops.Sign(T).target()[0].fixed.holds(-1 if form.signed else 0, 1)


F = NdArrayType((2, 3, 4), Dtype.float32)
Q = NdArrayType((2, 3, 4), Fixed(8, 4))


@given(
    T=st.sampled_from([F, Q]),
    axes=st.lists(st.integers(-3, 2), max_size=3, unique_by=lambda axis: axis % 3),
)
def test_axes_may_be_named_from_either_end_in_any_order(T: NdArrayType, axes: list[int]) -> None:
    operation = ops.ReduceMax(T, tuple(axes))
    assert operation.axes == tuple(sorted(axis % 3 for axis in axes))
    [result] = operation.target()
    assert result.shape == tuple(n for axis, n in enumerate(T.shape) if axis not in operation.axes)
    assert list(ops.Repeat(T, operation.axes).source()) == [result]


def test_the_type_of_an_index() -> None:
    assert ops.ArgMax(F, 1).result() == NdArrayType((2, 4), Dtype.int32)
    assert ops.ArgMax(Q, -1).result() == NdArrayType((2, 3), Fixed(2, 0, signed=False))
    assert ops.OneHot(NdArrayType((2,), BIT), 2, BIT).result() == NdArrayType((2, 2), BIT)


def test_the_bits_of_a_choice() -> None:
    assert ops.Select(F).bits == ops.Mask(F).bits == F
    assert ops.Select(Q).bits == ops.Mask(Q).bits == Q.with_dtype(BIT)
    assert list(ops.Ge(Q).target()) == [Q.with_dtype(BIT)]


@given(st.data())
def test_pad_and_slice_undo_each_other(data: Any) -> None:
    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(data.draw(st.integers(low, high)) for _ in range(3))

    pad = ops.Pad(F, each(0, 3), each(0, 3), each(0, 2))
    assert pad.result() == pad.inside().T
    assert pad.inside().result() == F


@given(
    n=st.integers(1, 12), size=st.integers(1, 5), stride=st.integers(1, 4), gap=st.integers(1, 3)
)
def test_windows_are_as_many_as_fit(n: int, size: int, stride: int, gap: int) -> None:
    T = NdArrayType((n,), Dtype.float32)
    starts = [i for i in range(0, n, stride) if i + gap * (size - 1) < n]
    if not starts:
        with pytest.raises(TypeMismatch):
            ops.Window(T, 0, size, stride, gap)
        return
    window = ops.Window(T, 0, size, stride, gap)
    assert window.windows.shape == (len(starts), size)
    covered = [i + gap * k for i in starts for k in range(size)]
    fold = ops.Fold(T, 0, size, stride, gap)
    assert fold.overlap == max(map(covered.count, covered))
    assert window.tiles == (sorted(covered) == list(range(n)) and covered == sorted(covered))


@pytest.mark.parametrize("axis", [-3, -1, 0, 2])
@pytest.mark.parametrize(
    "reduce", [B.reduce_sum, B.reduce_product, B.reduce_max, B.reduce_min, B.mean]
)
def test_one_axis_may_be_a_number(reduce: Any, axis: int) -> None:
    assert reduce(F, axis) == reduce(F, (axis,)) == reduce(F, [axis])
    assert ops.ReduceSum(F, axis) == ops.ReduceSum(F, (axis,)) == ops.ReduceSum(F, [axis])


INDEX = NdArrayType((5,), Dtype.int32)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: ops.ReduceSum(F, (0, 3)),
            "ReduceSum names axis 3 of float32[2, 3, 4], which has 3; give one from -3 to 2.",
        ),
        (
            lambda: ops.ReduceSum(F, (0, -3)),
            "ReduceSum names an axis of float32[2, 3, 4] twice in (0, -3); name each axis once.",
        ),
        (
            lambda: ops.ReduceSum(F, "1"),
            "An axis is a number, not '1'; write 1, or (0, 1) for several.",
        ),
        (
            lambda: ops.ReduceMin(NdArrayType((2, 0), Dtype.float32), (1,)),
            (
                "ReduceMin has nothing to choose from along axes (1,) of float32[2, 0]; "
                "reduce over at least one element."
            ),
        ),
        (
            lambda: ops.ArgMax(NdArrayType((2, 0), Dtype.float32), -1),
            (
                "ArgMax has nothing to choose from along axis 1 of float32[2, 0]; "
                "reduce over at least one element."
            ),
        ),
        (
            lambda: ops.ReduceProduct(Q, (0, 1, 2)),
            (
                "A product of 24 numbers of SQ(4,4) has more than 64 bits; "
                "use narrower numbers, or requantise between fewer factors."
            ),
        ),
        (
            lambda: ops.Exp(Q),
            "Exp is not defined on SQ(4,4)[2, 3, 4]; use a floating-point dtype.",
        ),
        (
            lambda: ops.Sign(NdArrayType((), Dtype.bool)),
            "Sign is not defined on bool[]; use numbers that may be negative.",
        ),
        (
            lambda: ops.Convert(Q, Dtype.float32),
            (
                "Convert cannot take SQ(4,4)[2, 3, 4] to float32; use Requantise between "
                "fixed-point formats, and the quantise functor to get there."
            ),
        ),
        (
            lambda: ops.Iota(Q.with_dtype(BIT), 1),
            "Iota cannot hold the numbers from 0 to 2 in UQ(1,0); use a format such as UQ(2,0).",
        ),
        (
            lambda: ops.Slice(F, (0, 0, 0), (2, 3, 5)),
            (
                "Slice cannot take from (0, 0, 0) to (2, 3, 5) out of float32[2, 3, 4]; "
                "keep 0 <= start <= stop <= extent along every axis."
            ),
        ),
        (
            lambda: ops.Slice(F, (0, 0, 0), (2, 3, 4), (1, 1, 0)),
            (
                "Slice has step (1, 1, 0) for the 3 axes of float32[2, 3, 4]; "
                "give a tuple of one integer of at least 1 for each."
            ),
        ),
        (
            lambda: ops.Pad(F, (0, 0), (0, 0, 0)),
            (
                "Pad has low (0, 0) for the 3 axes of float32[2, 3, 4]; "
                "give a tuple of one integer of at least 0 for each."
            ),
        ),
        (
            lambda: ops.Concatenate((), 0),
            (
                "Concatenate needs a tuple of array types, not (); "
                "give the type of at least one array."
            ),
        ),
        (
            lambda: ops.Concatenate((F, NdArrayType((2, 5, 5), Dtype.float32)), 1),
            (
                "Concatenate cannot join float32[2, 3, 4] and float32[2, 5, 5] along axis 1; "
                "give arrays of one dtype that differ in extent along that axis only."
            ),
        ),
        (
            lambda: ops.Window(F, 1, 3, dilation=2),
            (
                "Window spans 5 numbers along axis 1 of float32[2, 3, 4], which has 3; "
                "use smaller windows, or pad the array."
            ),
        ),
        (
            lambda: ops.Fold(F, 1, 2, stride=0),
            "Fold has stride 0; give an integer of at least 1.",
        ),
        (
            lambda: ops.Gather(NdArrayType((), Dtype.float32), INDEX),
            "Gather needs a table with a first axis, not float32[]; reshape it to (1,).",
        ),
        (
            lambda: ops.Gather(F, NdArrayType((5,), Dtype.float32)),
            "Gather needs indices of dtype int32, not float32[5]; convert them.",
        ),
        (
            lambda: ops.ScatterAdd(Q, INDEX),
            (
                "ScatterAdd needs indices of a Fixed dtype of fraction 0 beside SQ(4,4), not "
                "int32[5]; use Fixed(width, 0, signed=False)."
            ),
        ),
        (
            lambda: ops.OneHot(INDEX, -1, Dtype.float32),
            "OneHot cannot have -1 places; give an integer of at least 0.",
        ),
        (
            lambda: ops.OneHot(INDEX.with_dtype(BIT), 2, Fixed(2, 1)),
            "OneHot cannot hold 1 in SQ(1,1); use a format such as UQ(1,0).",
        ),
        (
            lambda: ops.Select(F, INDEX),
            (
                "Select needs two arrays of one shape, not float32[2, 3, 4] and int32[5]; "
                "reshape or broadcast one of them."
            ),
        ),
    ],
)
def test_errors(build: Any, sentence: str) -> None:
    with pytest.raises(TypeMismatch) as error:
        build()
    assert str(error.value) == sentence
