"""Functions of numbers of any magnitude: the laws of each step, and how far the results are off."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.wires import Wire, program
from catgrad.core.types import Fixed, NdArrayType, obj
from catgrad.fixed import scaled
from catgrad.fixed.exact import Exactly
from catgrad.fixed.formats import Formats
from catgrad.fixed.functions import reciprocal
from catgrad.fixed.scaled import LOG, RECIPROCAL, RECIPROCAL_SQRT, SQRT, Scaled
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import evaluate, to_kernels

COUNT = 40
REAL: dict[str, Callable[[float], float]] = {
    "reciprocal": lambda x: 1 / x,
    "reciprocal_sqrt": lambda x: 1 / math.sqrt(x),
    "sqrt": math.sqrt,
    "log": math.log,
}
FUNCTIONS = [RECIPROCAL, RECIPROCAL_SQRT, SQRT, LOG]

unsigned = st.integers(4, 24).flatmap(
    lambda width: st.builds(Fixed, st.just(width), st.integers(-2, width + 4), st.just(False))
)
signed = st.integers(4, 24).flatmap(
    lambda width: st.builds(Fixed, st.just(width), st.integers(-2, width + 4))
)
seeds = st.integers(0, 2**32 - 1)


def numbers(form: Fixed, seed: int, least: int | None = None) -> np.ndarray:
    """Mantissas of all magnitudes, the extremes among them."""
    random = np.random.default_rng(seed)
    low = form.min if least is None else least
    spread = random.integers(low, form.max, COUNT, endpoint=True) >> random.integers(
        0, form.width, COUNT
    )
    return np.concatenate([np.maximum(spread, low), [low, form.max]])


def run(f: OpenHypergraph, x: np.ndarray) -> list[np.ndarray]:
    return evaluate(to_kernels(f), [x])


def on(form: Fixed, body: Callable[[Wire], Wire | tuple[Wire, ...]]) -> OpenHypergraph:
    """A program on as many numbers as there are in `numbers`."""
    return forget(program(obj(NdArrayType((COUNT + 2,), form)), body))


def reals(f: OpenHypergraph, x: np.ndarray) -> np.ndarray:
    [T], [y] = f.target, run(f, x)
    return y * T.fixed.step


@given(n=st.integers(0, 40), data=st.data())
def test_parts_add_up_to_any_number(n: int, data) -> None:
    parts = list(scaled.halves(n))
    assert sum(parts) == n
    rest = wanted = data.draw(st.integers(0, n))
    for part in parts:  # what the circuit does: take each part that still fits
        rest -= part if rest >= part else 0
    assert rest == 0, wanted


@settings(max_examples=30, deadline=None)
@given(form=unsigned, step=st.sampled_from([1, 2]), seed=seeds)
def test_a_number_is_its_normalised_form_shifted_back(form: Fixed, step: int, seed: int) -> None:
    x = numbers(form, seed, least=1)

    def body(wire: Wire) -> tuple[Wire, ...]:
        v, stages = scaled.normalised(wire, step)
        return (v, *(bit for bit, _ in stages))

    f = on(form, body)
    v, *bits = run(f, x)
    shifts = [groups * step for groups in scaled.halves((form.width - 1) // step)]
    shift = sum((bit * s for bit, s in zip(bits, shifts, strict=True)), np.zeros(len(x), int))
    unit = v * f.target[0].fixed.step
    assert (unit < 1).all()
    assert (unit >= 2.0**-step).all()
    np.testing.assert_array_equal(unit * 2.0 ** (form.width - form.fraction - shift), x * form.step)


@settings(max_examples=30, deadline=None)
@given(form=signed, seed=seeds, step=st.sampled_from([1, 2]))
def test_what_is_not_positive_is_0(form: Fixed, seed: int, step: int) -> None:
    x = numbers(form, seed)
    f = on(form, lambda wire: scaled.positive(wire, step, scaled.WIDEST))
    np.testing.assert_array_equal(reals(f, x), np.maximum(x, 0) * form.step)
    assert not f.target[0].fixed.signed
    assert (f.target[0].fixed.width - f.target[0].fixed.fraction) % step == 0


@settings(max_examples=30, deadline=None)
@given(form=signed, seed=seeds, low=st.integers(-20, 0), high=st.integers(0, 20))
def test_limits(form: Fixed, seed: int, low: int, high: int) -> None:
    x = numbers(form, seed)
    f = on(form, lambda wire: scaled.limited(wire, low, high))
    step = max(2.0**-scaled.FRACTION, form.step)
    truncated = np.floor(x * form.step / step) * step
    np.testing.assert_array_equal(reals(f, x), np.clip(truncated, low, high))


@settings(max_examples=20, deadline=None)
@given(form=signed, seed=seeds, power=st.integers(-9, 9), n=st.integers(-9, 9))
def test_steps_are_exact(form: Fixed, seed: int, power: int, n: int) -> None:
    x = numbers(form, seed)
    shifted = on(form, lambda wire: scaled.times_power_of_two(wire, power))
    np.testing.assert_array_equal(reals(shifted, x), x * form.step * 2.0**power)
    np.testing.assert_array_equal(run(shifted, x)[0], x)
    added = on(form, lambda wire: scaled.plus(wire, n))
    np.testing.assert_array_equal(reals(added, x), x * form.step + n)


WIDE = Fixed(40, 20)
BITS = 8


ERROR = 2.0 ** (1 - BITS) + 2.0 ** (2 - scaled.ENTRY_FRACTION)
"""The greatest error of the table of an octave, in proportion (for the logarithm absolute)."""


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
@settings(max_examples=15, deadline=None)
@given(form=unsigned, seed=seeds)
def test_functions_are_near_at_every_magnitude(function: Scaled, form: Fixed, seed: int) -> None:
    x = numbers(form, seed, least=1)
    found = reals(function.program(NdArrayType(x.shape, form), WIDE, BITS), x)
    exact = np.array([REAL[function.name](m * form.step) for m in x.tolist()])
    wanted = np.minimum(exact, WIDE.max * WIDE.step)
    allowed = ERROR * (1 if function is LOG else np.abs(wanted)) + 2 * WIDE.step
    if function is SQRT:  # whose argument keeps the bits that matter to the result
        allowed = allowed + 2.0 ** -(WIDE.width // 2)
    assert (np.abs(found - wanted) <= allowed).all()


@settings(max_examples=15, deadline=None)
@given(form=signed, seed=seeds)
def test_exponentials_are_near_at_every_magnitude(form: Fixed, seed: int) -> None:
    x = numbers(form, seed)
    result = Fixed(34, 16)
    found = reals(scaled.exponential(NdArrayType(x.shape, form), result, BITS), x)
    exponents = np.clip(x * form.step, -60, 30)
    wanted = np.clip(np.exp(exponents), 0, result.max * result.step)
    assert (np.abs(found - wanted) <= 2.0**-BITS * wanted + 2 * result.step).all()


@settings(max_examples=15, deadline=None)
@given(form=signed, seed=seeds)
def test_reciprocals_are_odd(form: Fixed, seed: int) -> None:
    """The sign of a reciprocal is that of its argument, and its size does not depend on it."""
    x = numbers(form, seed, least=form.min + 1)
    T = NdArrayType(x.shape, form)
    f = reciprocal(T, Exactly(None, (T,), Fixed(16, 8), Formats.uniform(16, 8)))
    [there], [back] = run(f, x), run(f, -x)
    nonzero = x != 0
    np.testing.assert_array_equal(there[nonzero], -back[nonzero])
    assert (np.sign(there[nonzero]) * np.sign(x[nonzero]) >= 0).all()
    assert (there[~nonzero] > 0).all()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_where_there_is_no_value_it_is_that_of_the_least_number(function: Scaled) -> None:
    form = Fixed(12, 8)
    f = function.program(NdArrayType((3,), form), WIDE, BITS)
    at_0, below, least = run(f, np.array([0, -5, 1]))[0].tolist()
    assert at_0 == below
    assert at_0 <= least if function in (SQRT, LOG) else at_0 >= least
