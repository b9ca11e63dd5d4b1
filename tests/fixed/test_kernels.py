"""Kernels in fixed point: whatever a body computes, every evaluator agrees, and floats are near."""

from __future__ import annotations

import numpy as np
import pytest

from catgrad import Dtype, Formats, NdArrayType, compile_hardware, compile_model, layers, obj, op
from catgrad.bidirectional.kernel import (
    clamp,
    cos,
    exp,
    greatest,
    kernel,
    log,
    maximum,
    minimum,
    sigmoid,
    sin,
    sqrt,
    tanh,
    where,
)
from catgrad.combinators import identity
from catgrad.fixed.functions import table_errors
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.parameter import named_parameter
from tests.fixed.agreement import agree

X = NdArrayType((3,), Dtype.float32)

BODIES = {
    "divided by a constant": lambda x, w: x / 3 + w,
    "divided": lambda x, w: x / w,
    "dividing": lambda x, w: 2 / (x + w),
    "exp": lambda x, w: exp(x) * w,
    "exp of a product": lambda x, w: exp(x * w),
    "log": lambda x, w: log(x) * w,
    "log of a product": lambda x, w: log(x * w),
    "sqrt": lambda x, w: sqrt(x) * w,
    "sqrt of a product": lambda x, w: sqrt(x * w),
    "tanh": lambda x, w: tanh(x * w),
    "sigmoid": lambda x, w: sigmoid(x * w),
    "sin and cos": lambda x, w: sin(x * w) + cos(x) * w,
    "power": lambda x, w: (x * w) ** 3,
    "many factors": lambda x, w: x * w * x * w * x,
    "abs": lambda x, w: abs(x - w) * w,
    "where": lambda x, w: where(x > w, x * w, -w),
    "extrema": lambda x, w: maximum(x, w) * minimum(x, 2.0),
    "clamp": lambda x, w: clamp(x * w, -1, 1),
}


def model(name: str) -> OpenHypergraph:
    """A kernel with a parameter, behind a layer that learns from its reverse."""

    def body(x, w, y, *, i):
        y[i] = BODIES[name](x[i], w[i])

    weighted = identity(obj(X)) @ named_parameter("w")(obj(X))
    return layers.bias(X) >> weighted >> op(kernel(body)(X, X))


@pytest.mark.parametrize("name", BODIES)
def test_every_evaluator_agrees(name: str) -> None:
    formats = Formats.uniform(16, 12)
    agree(compile_hardware(model(name), layers.sgd(2**-5), layers.mse, formats))


@pytest.mark.parametrize("name", BODIES)
def test_integers_follow_the_floats(name: str) -> None:
    formats = Formats.uniform(18, 14)
    hardware = compile_hardware(model(name), layers.sgd(2**-4), layers.mse, formats)
    floats, _, _ = compile_model(model(name), layers.sgd(2**-4), layers.mse)
    b, w, x, y = np.array(
        [[0.25, 0.5, 0.125], [0.75, 0.5, 0.625], [0.5, 0.25, 1], [0.5, 0.25, 1]], dtype=np.float32
    )
    mantissas = [
        *hardware.quantise_parameters([b, w]),
        *hardware.quantise_x(x),
        *hardware.quantise_y(y),
    ]
    expected, found = floats.step(b, w, x, y), hardware.reference.step(*mantissas)
    for T, wanted, mantissa in zip(hardware.parameter_types, expected, found, strict=True):
        np.testing.assert_allclose(mantissa * T.fixed.step, wanted, atol=0.02)


@kernel
def weighted_sum(x, w, y, *, i):
    y[0] += x[i] * w[i] * x[i] * w[i]


@kernel
def greatest_exponential(x, w, y, *, i):
    y[0] = greatest(exp(x[i] * w[i]))


@pytest.mark.parametrize("function", [weighted_sum, greatest_exponential])
def test_sums_and_extrema_of_several_steps(function) -> None:
    long = NdArrayType((16,), Dtype.float32)
    model = (identity(obj(long)) @ named_parameter("w")(obj(long))) >> op(function(long, long))
    for form in (Formats.uniform(16, 12), Formats.uniform(18, 12)):
        agree(compile_hardware(model, layers.sgd(2**-5), layers.mse, form))


@pytest.mark.parametrize(("name", "tables"), [("exp", {"exp2"}), ("log", {"log", "reciprocal"})])
def test_the_tables_of_a_kernel_state_their_errors(name: str, tables: set[str]) -> None:
    formats = Formats.uniform(16, 12)
    hardware = compile_hardware(model(name), layers.sgd(2**-5), layers.mse, formats)
    errors = table_errors(hardware.program)
    assert {*errors} == tables
    assert all(0 < error < 0.01 for error in errors.values())
