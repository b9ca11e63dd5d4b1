"""Phases give the integers of the reference, and a learner has as few of them as it needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catgrad import Dtype, Fixed, Formats, NdArrayType, layers, obj, op
from catgrad.core import operation as ops
from catgrad.core.types import BIT
from catgrad.errors import CatgradError
from catgrad.folded.evaluate import evaluate
from catgrad.folded.fuse import fuse
from catgrad.folded.fuse.text import describe
from catgrad.folded.fuse.verify import verify
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import Access, Kernel, Nest, to_kernels
from catgrad.kernel import evaluate as evaluate_kernels
from catgrad.kernel.kernel import row_major
from tests.folded.programs import (
    MODELS,
    T,
    agrees,
    dense,
    digits,
    hardware,
    phases_of,
    random_numbers,
    same,
)
from tests.learners import Recipe, recipes


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow])
@given(recipes(max_layers=2, max_width=4), st.integers(0, 100))
def test_phases_give_the_integers_of_the_reference(recipe: Recipe, seed: int) -> None:
    learner, random = recipe.hardware(), np.random.default_rng(seed)
    phases = phases_of(learner)
    types = (learner.parameter_types, learner.x_types, learner.y_types)
    inputs = [a for each in types for a in random_numbers(random, each, 1.0)]
    step = evaluate(phases, inputs)
    *arrays, early, late = learner.reference.transition(*inputs)
    same([*step.predictions, *step.state], arrays)
    assert (step.early, step.late) == (early, late)


SLOW = ("attention", "gru")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in MODELS]
)
def test_learners(name: str) -> None:
    agrees(MODELS[name]())


def test_an_index_reads_a_row_of_a_table() -> None:
    tokens = NdArrayType((3,), Dtype.int32)
    model = layers.embedding(tokens, 5, T(2)) >> dense(3, 2, 4)
    learner = hardware(model, loss=layers.cross_entropy_labels)
    phases, random = phases_of(learner), np.random.default_rng(0)
    state = random_numbers(random, learner.parameter_types, 1.0)
    x, y = random.integers(0, 5, 3), random.integers(0, 4, 3)
    step = evaluate(phases, [*state, x, y])
    *arrays, early, late = learner.reference.transition(*state, x, y)
    same([*step.predictions, *step.state], arrays)
    assert (step.early, step.late) == (early, late)


X = NdArrayType((4,), Fixed(8, 4))
NONE = op(ops.Constant(NdArrayType((), BIT), 0))
WIRE = OpenHypergraph.identity(obj(NdArrayType((), X.dtype)))


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.lists(st.integers(-3, 4), min_size=3, max_size=3),
    st.sampled_from([(24,), (4, 6), (2, 3, 4)]),
)
def test_what_meets_is_added_up(extents: list[int], strides: list[int], shape: Any) -> None:
    points, steps = tuple(extents), tuple(strides[: len(extents)])
    low, _ = Access(0, 0, steps).bounds(points)
    write, read = Access(0, -low, steps), Access(0, 0, row_major(points))
    nest = Nest(points, (read,), write, WIRE, "sum")
    source = NdArrayType((math.prod(points),), X.dtype)
    target = NdArrayType(shape, nest.result.dtype)
    program = to_kernels(op(Kernel("meet", (source,), (target,), (nest,))) @ NONE @ NONE)
    numbers = np.arange(1, 1 + source.size)
    step = evaluate(verify(fuse(program, 0, 1, 0)), [numbers])
    same(step.predictions, evaluate_kernels(program, [numbers])[:1])


################################################################################
# What rides along


def test_the_phases_of_digits(golden: Callable[[str, str], None]) -> None:
    phases = phases_of(digits())
    assert (len(phases.phases), phases.forward) == (5, 2)
    assert phases.multiplications == 2 * (64 * 32 + 32 * 10) + 32 * 10
    golden("digits.txt", describe(phases))


def test_the_phases_of_a_softmax(golden: Callable[[str, str], None]) -> None:
    learner = hardware(dense(1, 4, 3), loss=layers.cross_entropy)
    golden("cross_entropy.txt", describe(phases_of(learner)))


@pytest.mark.parametrize("rule", ["momentum", "sign_sgd", "lion"])
def test_a_rule_rides_along_with_the_gradient(rule: str) -> None:
    phases = phases_of(MODELS[rule]())
    assert len(phases.phases) == 2


def test_a_large_network_fuses_like_a_small_one() -> None:
    learner = hardware(dense(1, 784, 128, 10), layers.sgd(2**-5), formats=Formats.uniform(16, 12))
    phases = phases_of(learner)
    assert (len(phases.phases), phases.forward) == (5, 2)
    assert phases.multiplications == 2 * (784 * 128 + 128 * 10) + 128 * 10


################################################################################
# Refusals


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(CatgradError) as error:
        call()
    return str(error.value)


def test_a_program_of_another_interface() -> None:
    program = to_kernels(op(ops.Negate(X)) @ NONE @ NONE)
    assert refusal(lambda: fuse(program, 1, 1, 0)) == (
        "The program goes from 1 to 3 arrays, but 1 of state, 1 of x and 0 of y are announced; "
        "give it as K ● X ● Y' → Y ● K' ● early ● late."
    )
    assert refusal(lambda: fuse(program, 0, 1, 0, ["x"])) == (
        "There are 1 names for 2 arrays; give one for each of K, X, Y' and Y, or none."
    )


def test_a_program_of_floats() -> None:
    program = to_kernels(op(ops.Negate(T(4))) @ NONE @ NONE)
    assert refusal(lambda: fuse(program, 0, 1, 0)) == (
        "Expected a fixed-point array, not float32[4]; quantise the program first."
    )


def test_a_product_of_all_numbers() -> None:
    program = to_kernels(op(ops.ReduceProduct(X, (0,))) @ NONE @ NONE)
    assert refusal(lambda: fuse(program, 0, 1, 0)) == (
        "Cannot fold kernel 'ReduceProduct', which multiplies many numbers with each other; use "
        "Spatial(), or write that part of the program in operations that can be folded."
    )


def test_a_counter_of_signed_numbers() -> None:
    program = op(ops.Negate(X)) @ op(ops.Sum(NdArrayType((), X.dtype), X)) @ NONE
    assert refusal(lambda: fuse(to_kernels(program), 0, 2, 0)) == (
        "Cannot fold a counter of numbers of SQ(4,4), which adds up whole numbers of at least 0; "
        "count with those."
    )


def test_arrays_without_numbers() -> None:
    empty = NdArrayType((0,), X.dtype)
    program = op(ops.Negate(X)) @ op(ops.Negate(empty)) @ NONE @ NONE
    phases = verify(fuse(to_kernels(program), 0, 2, 0))
    step = evaluate(phases, [np.arange(4), np.zeros(0, np.int64)])
    same(step.predictions, [-np.arange(4), np.zeros(0, np.int64)])
