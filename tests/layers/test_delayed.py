"""Delayed rules: every step is taken with a gradient of so many steps ago."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Dtype, Fixed, Formats, NdArrayType, compile_hardware, layers
from catgrad import compile_model as compile_program
from catgrad.combinators import Canonical
from catgrad.learner import learner

ONE, TAPS = (NdArrayType((n,), Dtype.float64) for n in (1, 4))
MODEL = layers.linear(ONE, TAPS, ONE)
RULES = {
    "lms": layers.lms(2**-4),
    "momentum": layers.momentum(2**-5, 0.5),
    "adam": layers.adam(2**-4),
}


@settings(max_examples=15)
@given(st.integers(0, 6), st.integers(0, 99))
def test_delayed_lms_is_that_of_the_books(delay: int, seed: int) -> None:
    """w[n+1] = w[n] + rate * e[n-D] * x[n-D], where e[n] = y[n] - w[n] x[n]."""
    random = np.random.default_rng(seed)
    compiled, _, _ = compile_program(MODEL, layers.delayed(layers.lms(2**-4), delay), layers.mse)
    w, state = np.zeros((4, 1)), compiled.initial_state()
    weights, errors, inputs = np.zeros(4), [], []
    for n in range(20):
        x, y = random.normal(size=4), random.normal()
        inputs.append(x)
        errors.append(y - weights @ x)
        if n >= delay:
            weights = weights + 2**-4 * errors[n - delay] * inputs[n - delay]
        w, *state = compiled.step(w, *state, x[None, :], np.array([[y]]))
        np.testing.assert_allclose(w[:, 0], weights, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_with_state_gets_the_same_gradients_later(name: str) -> None:
    """Its parameters after n + D steps are those of the rule itself after n, from old gradients."""
    delay, rule = 3, RULES[name]
    random = np.random.default_rng(0)
    late, _, _ = compile_program(MODEL, layers.delayed(rule, delay), layers.mse)
    once, _, _ = compile_program(MODEL, rule, layers.mse)
    samples = [(random.normal(size=(1, 4)), random.normal(size=(1, 1))) for _ in range(12)]
    w, state = np.ones((4, 1)), late.initial_state()
    seen = []
    for x, y in samples:
        seen.append((w, x, y))
        w, *state = late.step(w, *state, x, y)
    # The rule alone, shown at each step a sample that gives the gradient of D steps ago.
    own, kept = np.ones((4, 1)), once.initial_state()
    for n in range(len(samples)):
        x, y = np.zeros((1, 4)), np.zeros((1, 1))
        if n >= delay:
            then, x, y = seen[n - delay]
            y = x @ own - (x @ then - y)  # the error of then
        own, *kept = once.step(own, *kept, x, y)
    np.testing.assert_allclose(w, own, rtol=1e-10)


@settings(max_examples=10)
@given(st.integers(1, 5), st.integers(0, 99))
def test_integers_are_those_of_the_rule_without_delay(delay: int, seed: int) -> None:
    """A queue rounds nothing: one step on a queued gradient is the step on that gradient."""
    formats = Formats.uniform(12, 9, weights=Fixed(16, 14), gradients=Fixed(14, 10))
    prompt = compile_hardware(MODEL, RULES["lms"], layers.mse, formats).reference
    late = compile_hardware(MODEL, layers.delayed(RULES["lms"], delay), layers.mse, formats)
    assert late.learner.late == (1,)
    assert late.parameter_types[1].fixed == formats.gradients
    random = np.random.default_rng(seed)
    still = [random.integers(-2000, 2000, T.shape) for T in late.parameter_types[:1]]
    x, y = random.integers(-2000, 2000, (1, 4)), random.integers(-2000, 2000, (1, 1))
    nothing = [np.zeros_like(a) for a in (x, y)]
    # From the same weights: the first step after D, whose gradient comes from the first sample.
    w, queue = still[0], np.zeros((delay, 4, 1), np.int64)
    first, queue = late.reference.step(w, queue, x, y)
    assert np.array_equal(first, w)
    for _ in range(delay - 1):
        w, queue = late.reference.step(w, queue, *nothing)
        assert np.array_equal(w, still[0])
    w, queue = late.reference.step(w, queue, *nothing)
    assert np.array_equal(w, prompt.step(still[0], x, y)[0])


def test_no_delay_is_the_rule_itself() -> None:
    rule: Canonical = layers.lms(0.5)
    assert layers.delayed(rule, 0) is rule
    found = learner(MODEL, layers.delayed(layers.adam(0.1), 2), layers.mse)
    assert found.late == (4,)
    assert found.kept_names[4] == "weights_late"


@pytest.mark.parametrize(("steps", "written"), [(-1, "-1"), (1.5, "1.5"), (True, "True")])
def test_a_delay_is_a_number_of_steps(steps: object, written: str) -> None:
    with pytest.raises(CatgradError) as error:
        layers.delayed(layers.lms(0.5), steps)
    assert str(error.value) == (
        f"A rule is delayed by a whole number of steps, at least 0, not {written}; write "
        "layers.delayed(layers.lms(2**-6), 8)."
    )
