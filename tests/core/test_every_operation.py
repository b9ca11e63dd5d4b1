"""What simplification makes of every operation has the same meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.constants import evaluate
from catgrad.core.simplify import simplify
from catgrad.core.types import Dtype, Fixed, NdArrayType, op
from catgrad.kernel import evaluate as run
from catgrad.kernel import to_kernels
from tests.kernel.cases import CASES, NAMES, meaning, operands

POSITIVE = ops.Log | ops.Sqrt | ops.ReciprocalSqrt | ops.Reciprocal | ops.Power


def number(data: Any, T: NdArrayType, operation: Any) -> int | float:
    if isinstance(T.dtype, Fixed):
        return int(data.draw(st.integers(T.dtype.min, T.dtype.max)))
    least = 1 if isinstance(operation, POSITIVE) else 0 if T.dtype is Dtype.bool else -3
    whole = st.integers(least, 1 if T.dtype is Dtype.bool else 3)
    return int(data.draw(whole.filter(bool) if isinstance(operation, ops.Divide) else whole))


@pytest.mark.parametrize(("build", "dtypes"), CASES, ids=NAMES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_on_arrays_that_are_constant_throughout(build: Any, dtypes: Any, data: Any) -> None:
    operation = build(data.draw, data.draw(dtypes))
    if isinstance(operation, ops.Gather | ops.ScatterAdd | ops.OneHot):
        return
    numbers = [number(data, T, operation) for T in operation.source()]
    value = evaluate(operation, *numbers)
    if value is None:
        return
    arrays = [
        np.full(T.shape, x, dtype=object if isinstance(T.dtype, Fixed) else str(T.dtype))
        for T, x in zip(operation.source(), numbers, strict=True)
    ]
    [T] = operation.target()
    for found in meaning(operation, arrays)[0].reshape(-1).tolist():
        assert found == pytest.approx(value, rel=1e-6 if T.is_floating else 0)
        assert T.is_floating or found == value


@pytest.mark.parametrize(("build", "dtypes"), CASES, ids=NAMES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_alone(build: Any, dtypes: Any, data: Any) -> None:
    operation = build(data.draw, data.draw(dtypes))
    arrays = operands(data.draw, operation)
    f = simplify(op(operation))
    assert f.H.X <= 1
    for x, y in zip(run(to_kernels(f), arrays), meaning(operation, arrays), strict=True):
        assert (x.shape, x.tolist()) == (y.shape, y.tolist())


F = NdArrayType((2, 3), Dtype.float32)


@pytest.mark.parametrize(
    "operation",
    [
        ops.Slice(F, (0, 0), (2, 3)),
        ops.Pad(F, (0, 0), (0, 0), value=3),
        ops.Concatenate((F,), 0),
        ops.Convert(F, Dtype.float32),
        ops.ReduceSum(F, ()),
        ops.ReduceMax(F, ()),
        ops.Repeat(F, ()),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_idle_operations_go(operation: Any) -> None:
    assert simplify(op(operation)).H.X == 0
