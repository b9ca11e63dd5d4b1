"""A mask is a product where its numbers are finite, and a choice where they may not be."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad import Dtype, NdArrayType, compile_model, layers, obj, op
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.functor import forget, rdiff
from catgrad.combinators import Canonical, identity
from catgrad.core import operation as ops
from catgrad.core.simplify import simplify
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.target.assignments import Assignments
from catgrad.target.python import to_python_function, to_source
from catgrad.target.python.finite import Finite

BATCH, IN, OUT = (NdArrayType((n,), Dtype.float32) for n in (2, 5, 3))
T = NdArrayType((2, 3), Dtype.float64)
A = obj(T)

rectified = layers.dense(BATCH, IN, OUT, layers.relu)
in_blocks = block("layer", layers.dense(BATCH, IN, IN, layers.relu))


@pytest.mark.parametrize(
    ("model", "loss"),
    [
        (rectified, layers.mse),
        (rectified, layers.cross_entropy),
        (rectified >> layers.sigmoid(rectified.target), layers.mse),
        (rectified >> layers.layer_norm(BATCH, OUT), layers.mse),
        (in_blocks >> in_blocks >> layers.softmax(in_blocks.target), layers.mse),
    ],
)
def test_the_masks_of_ordinary_networks_are_products(
    model: OpenHypergraph, loss: Canonical
) -> None:
    source = compile_model(model, layers.adam(0.01), loss)[0].source
    assert re.search(r"_gradient = \w+ \* (positive|\(\w+ > 0\))", source)
    assert "np.where" not in source


def test_a_mask_below_a_root_is_a_choice() -> None:
    source = to_source({"f": rdiff(B.relu(A) >> B.sqrt(A))})
    assert "np.where(x0 > 0, ratio, 0)" in source


################################################################################
# What is said to be finite is finite


def plus(c: float) -> Canonical:
    return lambda A: (B.constant(c)(A) @ identity(A)) >> B.add(A)


def over(c: float) -> Canonical:
    return lambda A: (B.constant(c)(A) @ identity(A)) >> B.divide(A)


def squared(A: Labels) -> OpenHypergraph:
    return B.copy(A) >> B.multiply(A)


def summed(A: Labels) -> OpenHypergraph:
    [U] = A
    return B.reduce_sum(U, (0,)) >> op(B.Repeat(U, (0,)))


STEPS: list[Canonical] = [
    *(plus(c) for c in (-1, 0, 0.5)),
    *(B.scale(c) for c in (-1, 0, 2)),
    *(B.exponentiate(c) for c in (-1, 0, 0.5, 1, 3)),
    over(1),
    over(0),
    over(-1),
    squared,
    summed,
    B.relu,
    B.clamp(-1, 1),
    B.absolute,
    B.negate,
    B.sqrt,
    B.log,
    B.reciprocal,
    B.reciprocal_sqrt,
    B.tanh,
    B.sigmoid,
    B.sign,
    lambda A: B.clamp(-2, 2)(A) >> B.exp(A),
]


@given(
    st.lists(st.sampled_from(STEPS), max_size=5),
    st.lists(st.sampled_from([-2.0, -1, -0.5, 0, 0.5, 1, 3]), min_size=6, max_size=6),
)
def test_what_is_said_to_be_finite_is_finite(steps: list[Canonical], x: list[float]) -> None:
    f = identity(A)
    for step in steps:
        f = f >> step(A)
    numbers = simplify(forget(f))
    masked = simplify((numbers @ identity(A)) >> op(ops.Mask(T)))
    if not Finite([masked]).risky_masks(Assignments.of(masked), is_method=True):
        with np.errstate(all="ignore"):
            [y] = to_python_function(numbers, "f")(np.reshape(x, T.shape))
        assert np.isfinite(y).all()
