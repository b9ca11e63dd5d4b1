"""Nests that write where they like: what meets is added up, and the rest is 0."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.evaluate import evaluate, evaluate_scalars
from catgrad.kernel.kernel import Access, Kernel, KernelError, Nest, scalar
from catgrad.kernel.unroll import unroll
from tests.kernel import nests

Z = Dtype.int32
small = st.integers(-3, 3)
REDUCTIONS = ("sum", "sum", "sum", "max", "min", "product", None)


@settings(max_examples=60)
@given(data=st.data(), drawn=nests.kernels(st.just(Z), reductions=REDUCTIONS))
def test_a_kernel_is_its_loops(data, drawn) -> None:
    kernel, body = drawn
    kernel.verify()
    arrays = [nests.numbers(data.draw, T, small, np.int32) for T in kernel.sources]
    [y] = evaluate(op(kernel), arrays)
    # A product of many numbers wraps in int32.
    expected = [(int(n) + 2**31) % 2**32 - 2**31 for n in nests.brute(kernel, body, arrays)]
    assert y.reshape(-1).tolist() == expected


formats = st.sampled_from([Fixed(3, 1), Fixed(4, 2, False), Fixed(1, 0, False), Fixed(5, -1)])


@settings(max_examples=60)
@given(data=st.data(), drawn=nests.kernels(formats, reductions=("sum", "sum", "max", "product")))
def test_unrolled_it_computes_the_same_integers(data, drawn) -> None:
    kernel, _ = drawn
    arrays = [
        nests.numbers(data.draw, T, st.integers(T.fixed.min, T.fixed.max), np.int64)
        for T in kernel.sources
    ]
    [y] = evaluate(op(kernel), arrays)
    scalars = [int(x) for array in arrays for x in array.reshape(-1)]
    found = evaluate_scalars(unroll(op(kernel)), scalars)
    assert [int(x) for x in found] == [int(x) for x in y.reshape(-1)]
    [target] = kernel.targets
    assert all(target.fixed.min <= x <= target.fixed.max for x in found)


@given(drawn=nests.kernels(st.just(Z)))
def test_meeting_counts_what_falls_on_one_position(drawn) -> None:
    kernel, _ = drawn
    [nest] = kernel.nests
    positions = nest.writes().tolist()
    assert nest.meeting == max(map(positions.count, positions))


@given(
    data=st.data(),
    extents=st.lists(st.integers(0, 4), max_size=3).map(tuple),
)
def test_positions_that_are_plainly_apart_are(data, extents) -> None:
    strides = tuple(data.draw(st.integers(-9, 9)) for _ in extents)
    access = Access(0, 0, strides)
    positions = access.positions(extents).reshape(-1).tolist()
    if access.is_apart(extents):
        assert len({*positions}) == len(positions)


WIRE = OpenHypergraph.identity(obj(scalar(Fixed(3, 1))))


def full_convolution(format_: Fixed) -> Kernel:
    """``y[i + j] += x[i]`` for 3 values of each."""
    nest = Nest((3, 3), (Access(0, 0, (1, 0)),), Access(0, 0, (1, 1)), WIRE, "sum")
    x, y = NdArrayType((3,), Fixed(3, 1)), NdArrayType((6,), format_)
    return Kernel("full", (x,), (y,), (nest,))


def test_a_target_is_as_wide_as_the_busiest_position_needs() -> None:
    kernel = full_convolution(Fixed(5, 1))
    kernel.verify()
    [y] = evaluate(op(kernel), [[-4, -4, -4]])
    assert y.tolist() == [-4, -8, -12, -8, -4, 0]


def test_a_target_may_be_wider() -> None:
    kernel = full_convolution(Fixed(9, 1))
    kernel.verify()
    found = evaluate_scalars(unroll(op(kernel)), [1, 2, 3])
    assert [int(x) for x in found] == [1, 3, 6, 5, 3, 0]


@pytest.mark.parametrize("form", [Fixed(4, 1), Fixed(5, 1, False), Fixed(9, 2)], ids=str)
def test_a_target_that_does_not_hold_the_sums(form) -> None:
    with pytest.raises(KernelError) as error:
        full_convolution(form).verify()
    assert str(error.value) == (
        f"Kernel 'full' computes SQ(4,1)[] in nest 0, but writes it to target 0 of {form}[]; "
        f"make the two types equal."
    )


def test_only_a_sum_may_meet() -> None:
    kernel = full_convolution(Fixed(3, 1))
    [nest] = kernel.nests
    with pytest.raises(KernelError) as error:
        replace(kernel, nests=(replace(nest, reduction=None),)).verify()
    assert str(error.value) == (
        "Kernel 'full' writes position 1 of target 0, SQ(2,1)[6], 2 times; "
        "write every position exactly once."
    )


def test_only_a_single_sum_may_meet() -> None:
    kernel = full_convolution(Fixed(5, 1))
    with pytest.raises(KernelError) as error:
        replace(kernel, nests=kernel.nests * 2).verify()
    assert str(error.value) == (
        "Kernel 'full' writes position 0 of target 0, SQ(4,1)[6], 2 times; "
        "write every position exactly once, or put all that is added up there into one +=."
    )


def test_a_product_that_is_too_wide() -> None:
    many = Nest((9,), (Access(0, 0, (1,)),), Access(0, 0, (0,)), WIRE, "product", 1)
    wide = replace(many, body=OpenHypergraph.identity(obj(scalar(Fixed(9, 0)))))
    T = NdArrayType((9,), Fixed(9, 0))
    with pytest.raises(KernelError) as error:
        Kernel("p", (T,), (NdArrayType((), Fixed(64, 0)),), (wide,)).verify()
    assert str(error.value) == (
        "The exact product of 9 numbers of SQ(9,0) needs more than 64 bits; "
        "multiply fewer or narrower numbers."
    )


def test_a_product_of_nothing_is_one() -> None:
    T = NdArrayType((0,), Z)
    wire = OpenHypergraph.identity(obj(scalar(Z)))
    nest = Nest((0,), (Access(0, 0, (1,)),), Access(0, 0, (0,)), wire, "product", 1)
    kernel = Kernel("nothing", (T,), (scalar(Z),), (nest,))
    assert evaluate(op(kernel), [np.zeros(0, np.int32)]) == [1]
    assert evaluate_scalars(unroll(op(kernel)), []) == [1]


def test_the_least_of_nothing() -> None:
    T = NdArrayType((0,), Z)
    wire = OpenHypergraph.identity(obj(scalar(Z)))
    nest = Nest((0,), (Access(0, 0, (1,)),), Access(0, 0, (0,)), wire, "min", 1)
    with pytest.raises(KernelError) as error:
        Kernel("nothing", (T,), (scalar(Z),), (nest,)).verify()
    assert str(error.value) == (
        "Kernel 'nothing' takes the least of 0 numbers in nest 0 over (0,); "
        "reduce over at least one point."
    )


def test_a_scattered_sum_is_a_tree_of_additions() -> None:
    f = unroll(op(full_convolution(Fixed(5, 1))))
    kinds = [type(label) for label in f.H.x]
    assert kinds.count(ops.Add) == 0 + 1 + 2 + 1 + 0
    assert kinds.count(ops.Constant) == 1
