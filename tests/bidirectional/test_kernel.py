"""Derived reverse maps: against finite differences, and against those stated for built-ins."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.derive import derivative
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.kernel import (
    Kernel,
    cos,
    exp,
    greatest,
    kernel,
    least,
    log,
    maximum,
    sigmoid,
    sin,
    sqrt,
    tanh,
    where,
)
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.composites import composite
from catgrad.core.simplify import simplify
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, op
from catgrad.kernel import evaluate, to_kernels
from catgrad.kernel import kernel as kernels
from catgrad.kernel.kernel import KernelError, verified
from catgrad.kernel.library import kernel as kernel_of
from tests.kernel import nests
from tests.kernel.cases import ON_ALL, operands

F = Dtype.float64


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, F)


def as_optic(k) -> Kernel:
    return Kernel(*(getattr(k, field.name) for field in fields(k)))


def run(f, arrays):
    return evaluate(to_kernels(simplify(f)), arrays)


def gradients(k, arrays, changes):
    results = run(differentiate(op(k)), [*arrays, *changes])
    return results[len(changes) :]


def differences(k, arrays, changes, step=1e-6):
    """What the reverse map is by its definition, numerically."""
    f = to_kernels(op(k))

    def value(moved):
        return sum(np.vdot(y, dy) for y, dy in zip(evaluate(f, moved), changes, strict=True))

    found = []
    for i, x in enumerate(arrays):
        slope = np.zeros_like(x)
        for index in np.ndindex(x.shape):
            ends = []
            for sign in (step, -step):
                moved = [array.copy() for array in arrays]
                moved[i][index] += sign
                ends.append(value(moved))
            slope[index] = (ends[0] - ends[1]) / (2 * step)
        found.append(slope)
    return found


def check(k, seed=0) -> None:
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=U.shape) for U in k.source()]
    changes = [random.normal(size=U.shape) for U in k.target()]
    for found, wanted in zip(
        gradients(k, arrays, changes), differences(k, arrays, changes), strict=True
    ):
        assert np.allclose(found, wanted, atol=1e-7)


@kernel
def depthwise_fir(x, h, y, *, t, c, k):
    y[t, c] += x[t + k, c] * h[k, c]


@kernel
def convolution(x, w, y, *, n, i, j, o, p, q, c):
    y[n, i, j, o] += x[n, i + p, j + q, c] * w[p, q, c, o]


@kernel
def full_convolution(x, h, y, *, t, k):
    y[t + k] += x[t] * h[k]


@kernel
def distance(x, z, d, *, i, j, k):
    d[i, j] += (x[i, k] - z[j, k]) ** 2


@kernel
def self_distance(x, d, *, i, j, k):
    d[i, j] += (x[i, k] - x[j, k]) ** 2


@kernel
def bend(x, y):
    y[...] = where(x[...] > 0, x[...], 0.1 * x[...]) + maximum(x[...], 0.5)


@kernel
def functions(x, y, *, i):
    a = 1 + x[i] ** 2
    y[i] = sigmoid(x[i]) / exp(a) + log(a) * sqrt(a) - tanh(x[i]) * sin(x[i]) + cos(a) / 2


@kernel
def diagonal(x, y, *, i):
    y[i] = x[i, i] * x[i, 2]


@kernel
def pool(x, y, *, i, c, k):
    y[i, c] = greatest(x[2 * i + k, c])


@kernel
def extremes(x, high, low, product, *, i, k):
    high[i] = greatest(x[i, k] ** 2)
    low[i] = least(x[i, k] * 2)
    product[i] *= x[i, k] + 1


@kernel
def interleave(a, b, y, *, i):
    y[2 * i] = a[i] * b[i]
    y[2 * i + 1] = b[i]


@kernel
def windows(x, y, *, i, j):
    y[i, j] = x[i + j]


@kernel
def mixed(x, y, z, *, i, k):
    y[i + k] += x[i, k]
    z[i] = greatest(x[i, k])


KERNELS = [
    depthwise_fir(T(8, 3), T(3, 3)),
    convolution(T(2, 4, 4, 2), T(2, 3, 2, 3)),
    full_convolution(T(5), T(3)),
    distance(T(3, 2), T(4, 2)),
    self_distance(T(3, 2)),
    bend(T(4, 3)),
    functions(T(5)),
    diagonal(T(3, 3)),
    pool(T(7, 2), k=3),
    extremes(T(2, 3)),
    interleave(T(3), T(3)),
    mixed(T(2, 3)),
    windows(T(4), i=2, j=2),  # as many numbers as are read, but not the same
]


@pytest.mark.parametrize("k", KERNELS, ids=lambda k: k.name)
def test_a_derived_reverse_is_the_derivative(k) -> None:
    check(k)


@settings(max_examples=25, deadline=None)
@given(drawn=nests.kernels(st.just(F), nests.BODIES), seed=st.integers(0, 99))
def test_any_sum_is_differentiated(drawn, seed) -> None:
    check(as_optic(drawn[0]), seed)


@settings(max_examples=15, deadline=None)
@given(
    drawn=nests.kernels(st.just(F), nests.BODIES[:4], ("max", "min", "product", None)),
    seed=st.integers(0, 99),
)
def test_any_reduction_is_differentiated(drawn, seed) -> None:
    check(as_optic(drawn[0]), seed)


def test_the_reverse_of_a_kernel_is_made_of_kernels() -> None:
    f = simplify(depthwise_fir(T(8, 3), T(3, 3)).rev())
    names = [verified(label).name for label in f.H.x]
    assert sorted(names) == ["depthwise_fir_d_h", "depthwise_fir_d_x"]


def test_a_change_that_is_not_wanted_costs_nothing() -> None:
    k = depthwise_fir(T(8, 3), T(3, 3))
    weights = op(B.Constant(T(3, 3), 1))
    f = (identity(obj(T(8, 3))) @ weights) >> op(k)
    labels = simplify(differentiate(f)).H.x
    names = [label.name for label in labels if isinstance(label, kernels.Kernel)]
    assert sorted(names) == ["depthwise_fir", "depthwise_fir_d_x"]


def test_a_maximum_changes_where_it_is_first() -> None:
    [change] = gradients(pool(T(5, 1), k=3), [np.zeros((5, 1))], [np.array([[1.0], [10.0]])])
    assert change.reshape(-1).tolist() == [1, 0, 10, 0, 0]


def test_an_extremum_comes_apart_into_no_more_than_it_needs() -> None:
    f = simplify(forget(mixed(T(2, 3)).fwd()))
    labels = [getattr(label, "name", type(label).__name__) for label in f.H.x]
    assert sorted(labels) == ["ReduceMax", "mixed_y"]
    f = simplify(forget(pool(T(7, 2), k=3).fwd()))
    labels = [getattr(label, "name", type(label).__name__) for label in f.H.x]
    assert sorted(labels) == ["ReduceMax", "pool_terms"]


def test_a_kernel_of_b_is_one_of_c_underneath() -> None:
    [label] = forget(op(depthwise_fir(T(8, 3), T(3, 3)))).H.x
    assert type(label) is kernels.Kernel


################################################################################
# Built-in operations


@pytest.mark.parametrize("kind", ON_ALL, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_the_derived_reverse_of_a_built_in_is_the_stated_one(kind, data) -> None:
    operation = ON_ALL[kind](data.draw, F)
    if composite(operation) is not None:
        return  # A program of operations that are tested themselves.
    if isinstance(operation, ops.NConcatenate):
        assume(operation.k > 0)
    stated = getattr(B, kind.__name__)(
        *(getattr(operation, field.name) for field in fields(operation))
    )
    derived = as_optic(kernel_of(operation))
    arrays = operands(data.draw, operation)
    changes = [
        nests.numbers(data.draw, U, st.sampled_from([1.0, -2.0, 0.5, 3.0]), np.float64)
        for U in operation.target()
    ]
    both = [run(differentiate(op(x)), [*arrays, *changes]) for x in (derived, stated)]
    for found, wanted in zip(*both, strict=True):
        assert found.shape == wanted.shape
        assert np.allclose(found, wanted, rtol=1e-12, atol=0)


################################################################################
# Errors


def test_what_is_not_a_type() -> None:
    with pytest.raises(KernelError) as error:
        depthwise_fir(T(8, 3), np.zeros((3, 3)))
    assert str(error.value).startswith("Kernel 'depthwise_fir' is given array([[0., 0., 0.],")
    assert str(error.value).endswith(
        " for an array; give types, as in depthwise_fir(NdArrayType((8, 3), Dtype.float32))."
    )


def test_a_body_without_a_derivative() -> None:
    body = op(ops.InRange(NdArrayType((), Fixed(4, 0)), Fixed(3, 0)))
    with pytest.raises(KernelError) as error:
        derivative(body, 0)
    assert str(error.value) == (
        "InRange has no reverse map, so a kernel with InRange in its body cannot be "
        "differentiated; compute with other operations."
    )
