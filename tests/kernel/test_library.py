"""Each core operation as a kernel: verified, and equal to its meaning."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, Operation, op
from catgrad.kernel.evaluate import evaluate
from catgrad.kernel.library import to_kernels
from tests.kernel.cases import CASES, NAMES, meaning, operands


def check(operation: Operation, arrays: list) -> None:
    """The kernel of the operation computes what the operation means."""
    expected = meaning(operation, arrays)
    found = evaluate(to_kernels(op(operation)), arrays)
    for x, y in zip(found, expected, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        assert x.tolist() == y.tolist()


@pytest.mark.parametrize(("build", "dtypes"), CASES, ids=NAMES)
@settings(max_examples=20)
@given(data=st.data())
def test_a_kernel_computes_what_its_operation_means(build, dtypes, data) -> None:
    operation = build(data.draw, data.draw(dtypes))
    for label in to_kernels(op(operation)).H.x:
        label.verify()
    check(operation, operands(data.draw, operation))


@pytest.mark.parametrize("rounding", ops.Rounding, ids=str)
@pytest.mark.parametrize(
    "to", [Fixed(4, 1), Fixed(4, 1, False), Fixed(9, 4), Fixed(2, -1)], ids=str
)
def test_every_mantissa_is_requantised_as_it_should_be(rounding, to) -> None:
    form = Fixed(7, 3)
    mantissas = np.arange(form.min, form.max + 1)
    T = NdArrayType(mantissas.shape, form)
    check(ops.InRange(T, to, rounding), [mantissas])
    for overflow in ops.Overflow:
        check(ops.Requantise(T, to, rounding, overflow), [mantissas])


@pytest.mark.parametrize("signs", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("width", [32, 55, 62, 63, 64])
def test_no_integer_overflows_on_the_way(width, signs) -> None:
    a, b = Fixed(width, 0, signs[0]), Fixed(width, 9, signs[1])
    T, U = NdArrayType((4,), a), NdArrayType((4,), b)
    x, y = [a.min, a.min, a.max, a.max], [b.min, b.max, b.min, b.max]
    for kind in (ops.Add, ops.Subtract, ops.Multiply, ops.Gt):
        check(kind(T, U), [np.array(x, object), np.array(y, object)])
        check(kind(U, T), [np.array(y, object), np.array(x, object)])
    for operand, mantissas in ((T, x), (U, y)):
        check(ops.Negate(operand), [np.array(mantissas, object)])
        for to, rounding, overflow in product((a, b), ops.Rounding, ops.Overflow):
            check(ops.Requantise(operand, to, rounding, overflow), [np.array(mantissas, object)])
            check(ops.InRange(operand, to, rounding), [np.array(mantissas, object)])


@pytest.mark.parametrize(
    "dtype", [Dtype.int32, Dtype.float32, Fixed(12, 2, signed=False), Fixed(15, 3)]
)
def test_many_positions_are_counted_by_few_nests(dtype) -> None:
    T = NdArrayType((2, 1000, 3), dtype)
    f = to_kernels(op(ops.Iota(T, 1)))
    [x] = evaluate(f, [])
    scale = 1 << dtype.fraction if isinstance(dtype, Fixed) else 1
    expected = scale * np.broadcast_to(np.arange(1000)[:, None], T.shape)
    assert x.tolist() == expected.tolist()
    assert sum(len(kernel.nests) for kernel in f.H.x) < 100
