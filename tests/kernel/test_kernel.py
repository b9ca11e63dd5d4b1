"""Kernels of one's own, and what verification refuses."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op
from catgrad.hypergraph import FiniteFunction, OpenHypergraph
from catgrad.kernel.evaluate import evaluate, evaluate_scalars
from catgrad.kernel.kernel import Access, Kernel, KernelError, Nest, scalar
from catgrad.kernel.unroll import unroll

Q = Fixed(8, 4)
Z = Dtype.int32


@st.composite
def accesses(draw: st.DrawFn) -> tuple[Access, tuple[int, ...]]:
    extents = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    strides = tuple(draw(st.integers(-5, 5)) for _ in extents)
    return Access(0, draw(st.integers(-9, 9)), strides), extents


@given(accesses())
def test_positions_are_affine_in_the_index(drawn) -> None:
    access, extents = drawn
    positions = access.positions(extents)
    assert positions.shape == extents
    for index in product(*map(range, extents)):
        steps = sum(stride * i for stride, i in zip(access.strides, index, strict=True))
        assert positions[index] == access.offset + steps


@given(accesses())
def test_bounds_are_the_extremes_of_all_positions(drawn) -> None:
    access, extents = drawn
    if 0 not in extents:
        positions = access.positions(extents)
        assert access.bounds(extents) == (positions.min(), positions.max())


def fir(samples: int, taps: int) -> Kernel:
    """A filter: ``y[i] = sum over j of h[j] * x[i + taps - 1 - j]``; x is read backwards."""
    body = ops.Multiply(scalar(Q), scalar(Fixed(6, 5)))
    outputs = samples - taps + 1
    product_type = body.result().fixed
    total = Fixed.holding(taps * product_type.min, taps * product_type.max, product_type.fraction)
    nest = Nest(
        (outputs, taps),
        (Access(0, taps - 1, (1, -1)), Access(1, 0, (0, 1))),
        Access(0, 0, (1, 0)),
        op(body),
        "sum",
        1,
    )
    x, h = NdArrayType((samples,), Q), NdArrayType((taps,), Fixed(6, 5))
    return Kernel("fir", (x, h), (NdArrayType((outputs,), total),), (nest,))


@given(data=st.data(), taps=st.integers(1, 5), more=st.integers(0, 6))
def test_a_kernel_of_ones_own_runs_and_unrolls(data, taps, more) -> None:
    kernel = fir(taps + more, taps)
    kernel.verify()
    numbers = [
        data.draw(st.lists(st.integers(T.fixed.min, T.fixed.max), min_size=T.size, max_size=T.size))
        for T in kernel.sources
    ]
    expected = np.convolve(*numbers, mode="valid").tolist()
    [y] = evaluate(op(kernel), numbers)
    assert y.tolist() == expected
    assert [int(y) for y in evaluate_scalars(unroll(op(kernel)), [*numbers[0], *numbers[1]])] == (
        expected
    )


def distance() -> Kernel:
    """``sum of (x - y)²``: a body of two operations, one of them reading a wire twice."""
    T = scalar(Z)
    copy = OpenHypergraph.spider(FiniteFunction.of([0], 1), FiniteFunction.of([0, 0], 1), obj(T))
    body = op(ops.Subtract(T)) >> copy >> op(ops.Multiply(T))
    nest = Nest((3,), (Access(0, 0, (1,)), Access(1, 2, (-1,))), Access(0, 0, (0,)), body, "sum", 1)
    return Kernel("distance", (NdArrayType((3,), Z),) * 2, (NdArrayType((), Z),), (nest,))


def test_a_body_may_be_any_scalar_program() -> None:
    distance().verify()
    [d] = evaluate(op(distance()), [[1, 2, 3], [4, 5, 6]])
    assert d == (1 - 6) ** 2 + (2 - 5) ** 2 + (3 - 4) ** 2
    assert evaluate_scalars(unroll(op(distance())), [1, 2, 3, 4, 5, 6]) == [d]


WIRE = OpenHypergraph.identity(obj(scalar(Z)))
COPY = Nest((4,), (Access(0, 0, (1,)),), Access(0, 0, (1,)), WIRE)
MEMORY = NdArrayType((4,), Z)


def refused(*nests: Nest, targets: tuple[NdArrayType, ...] = (MEMORY,)) -> str:
    kernel = Kernel("x", (MEMORY,), targets, nests)
    with pytest.raises(KernelError) as error:
        kernel.verify()
    with pytest.raises(KernelError) as unrolled:
        unroll(op(kernel))
    assert str(unrolled.value) == str(error.value)
    return str(error.value)


def test_a_read_out_of_bounds() -> None:
    assert refused(replace(COPY, reads=(Access(0, 1, (1,)),))) == (
        "Kernel 'x' reads source 0 in nest 0 at position 4 of an array of 4 elements, int32[4]; "
        "keep offset + strides * index from 0 to 3."
    )
    assert refused(COPY, replace(COPY, reads=(Access(0, 2, (-1,)),))) == (
        "Kernel 'x' reads source 0 in nest 1 at position -1 of an array of 4 elements, int32[4]; "
        "keep offset + strides * index from 0 to 3."
    )
    assert refused(replace(COPY, reads=(Access(1, 0, (1,)),))) == (
        "Kernel 'x' reads source 1 in nest 0, but it has 1; number them from 0."
    )


def test_a_write_out_of_bounds() -> None:
    assert refused(replace(COPY, write=Access(0, 0, (2,)))) == (
        "Kernel 'x' writes target 0 in nest 0 at position 6 of an array of 4 elements, int32[4]; "
        "keep offset + strides * index from 0 to 3."
    )
    assert refused(replace(COPY, write=Access(-1, 0, (1,)))) == (
        "Kernel 'x' writes target -1 in nest 0, but it has 1; number them from 0."
    )


def test_a_position_written_twice_or_never() -> None:
    assert refused(replace(COPY, write=Access(0, 2, (0,)))) == (
        "Kernel 'x' writes position 0 of target 0, int32[4], 0 times; "
        "write every position exactly once."
    )
    half = replace(COPY, extents=(2,))
    assert refused(half, replace(half, write=Access(0, 1, (1,)))) == (
        "Kernel 'x' writes position 1 of target 0, int32[4], 2 times; "
        "write every position exactly once."
    )
    assert refused(COPY, targets=(MEMORY, MEMORY)) == (
        "Kernel 'x' writes position 0 of target 1, int32[4], 0 times; "
        "write every position exactly once."
    )


def test_strides_that_do_not_fit_the_axes() -> None:
    assert refused(replace(COPY, reads=(Access(0, 0, (1, 1)),))) == (
        "Kernel 'x' has 2 strides (1, 1) in nest 0 over 1 axes (4,); give one stride for each axis."
    )


def test_a_reduction_that_does_not_fit_the_axes() -> None:
    assert refused(replace(COPY, reduced=1)) == (
        "Kernel 'x' reduces 1 of 1 axes by None in nest 0; "
        "reduce at most all axes, by 'sum', 'product', 'max' or 'min', or none."
    )
    assert refused(replace(COPY, reduction="sum", reduced=2)) == (
        "Kernel 'x' reduces 2 of 1 axes by sum in nest 0; "
        "reduce at most all axes, by 'sum', 'product', 'max' or 'min', or none."
    )
    assert refused(replace(COPY, reduction="mean")) == (
        "Kernel 'x' reduces 0 of 1 axes by mean in nest 0; "
        "reduce at most all axes, by 'sum', 'product', 'max' or 'min', or none."
    )
    assert refused(replace(COPY, reduction="sum", reduced=1)) == (
        "Kernel 'x' writes with strides (1,) in nest 0, whose last 1 axes are reduced; "
        "give those stride 0."
    )
    nothing = Nest((4, 0), (Access(0, 0, (1, 0)),), Access(0, 0, (1, 0)), WIRE, "max", 1)
    assert refused(nothing) == (
        "Kernel 'x' takes the greatest of 0 numbers in nest 0 over (4, 0); "
        "reduce over at least one point."
    )


def test_a_body_of_the_wrong_type() -> None:
    negate = op(ops.Negate(scalar(Q)))
    assert refused(replace(COPY, body=negate)) == (
        "Kernel 'x' reads [int32[]] in nest 0, but its body takes [SQ(4,4)[]]; "
        "give the body one input for each read, of the same type."
    )
    constant = op(ops.Constant(scalar(Q), 1))
    assert refused(replace(COPY, reads=(), body=constant)) == (
        "Kernel 'x' computes SQ(4,4)[] in nest 0, but writes it to target 0 of int32[]; "
        "make the two types equal."
    )
    assert refused(replace(COPY, body=op(ops.Copy(scalar(Z))))) == (
        "Kernel 'x' has a body in nest 0 with 2 outputs; compute one number."
    )
    total = Nest((1, 4), (Access(0, 0, (0, 0)),), Access(0, 0, (0, 0)), WIRE, "sum", 1)
    bits = NdArrayType((1,), Fixed(3, 0))
    short = replace(total, reads=(), body=op(ops.Constant(scalar(Fixed(3, 0)), 1)))
    assert refused(short, targets=(bits,)) == (
        "Kernel 'x' computes SQ(5,0)[] in nest 0, but writes it to target 0 of SQ(3,0)[]; "
        "make the two types equal."
    )


def test_a_body_that_cannot_run() -> None:
    merged = OpenHypergraph.spider(
        FiniteFunction.of([0, 0], 1), FiniteFunction.of([0], 1), obj(scalar(Z))
    )
    assert refused(replace(COPY, reads=COPY.reads * 2, body=merged)) == (
        "Kernel 'x' cannot run its body in nest 0. Wire 0 (int32[]) is written by input 0 and by "
        "input 1; let each wire have one writer."
    )
