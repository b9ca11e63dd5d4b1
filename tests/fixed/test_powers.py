"""Powers with a constant operand in fixed point, and the learning rule that needs them."""

from __future__ import annotations

import numpy as np
import pytest

from catgrad import (
    Calibration,
    CatgradError,
    Dtype,
    Formats,
    NdArrayType,
    compile_hardware,
    compile_model,
    layers,
    obj,
    op,
)
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import forget
from catgrad.combinators import identity
from catgrad.core.types import Fixed
from catgrad.fixed.exact import Narrowed, exact
from catgrad.hardware.report import narrowed
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import evaluate, to_kernels
from catgrad.learner import learner
from catgrad.special.definition import Named
from tests.fixed.agreement import agree


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


ONE, TWO, THREE = T(1), T(2), T(3)
FORMATS = Formats.uniform(16, 12)


def quantised(f: OpenHypergraph, x: np.ndarray, form: Fixed) -> tuple[OpenHypergraph, np.ndarray]:
    """A program in fixed point, and what it makes of the mantissas `x`."""
    exactly = exact(forget(f), [NdArrayType(x.shape, form)], form, FORMATS)
    [y] = evaluate(to_kernels(exactly), [x])
    return exactly, y * exactly.target[0].fixed.step


@pytest.mark.parametrize("n", range(9))
def test_natural_powers_are_exact_where_they_fit(n: int) -> None:
    form = Fixed(7, 5)
    x = np.arange(form.min, form.max + 1)
    f, y = quantised(B.exponentiate(n)(obj(T(len(x)))), x, form)
    np.testing.assert_array_equal(y, (x * form.step) ** n)
    assert not any(isinstance(label, Narrowed) for label in f.H.x)


def test_what_outgrows_62_bits_is_rounded_on_the_way() -> None:
    form = Fixed(16, 12)
    x = np.array([4096, 6000, -5000, 3])
    f, y = quantised(B.exponentiate(7)(obj(T(4))), x, form)
    np.testing.assert_allclose(y, (x * form.step) ** 7, rtol=1e-3, atol=1e-3)
    assert max(U.fixed.width for U in f.H.w) <= 63
    model = layers.linear(ONE, TWO, TWO) >> B.exponentiate(7)(obj(ONE + TWO))
    report = compile_hardware(model, layers.sgd(2**-3), layers.mse, FORMATS).report()
    assert report.narrowed > 0
    assert f", {report.narrowed} operands rounded on the way through one, " in str(report)


def test_what_is_rounded_within_definitions_counts() -> None:
    form = Fixed(16, 12)
    f, _ = quantised(B.exponentiate(7)(obj(T(4))), np.zeros(4, int), form)
    within = op(Named("power", f))
    assert narrowed(f) > 0
    assert narrowed(within @ within) == narrowed(f @ f) == 2 * narrowed(f)


@pytest.mark.parametrize("exponent", [-1, -2, 0.5, -0.5, 1.5, -1.5, 2.5, 20])
def test_other_powers_are_near(exponent: float) -> None:
    form = Fixed(16, 12)
    x = np.linspace(0.6, 1.3, 40) * 4096 // 1
    _, y = quantised(B.exponentiate(exponent)(obj(T(40))), x.astype(int), form)
    allowed = 0.01 * max(1, abs(exponent))
    np.testing.assert_allclose(y, (x * form.step) ** exponent, rtol=allowed)


@pytest.mark.parametrize("base", [0.5, 0.984375, 2, 10])
def test_powers_of_a_constant_are_near(base: float) -> None:
    form = Fixed(16, 12)
    x = np.linspace(-0.8, 0.8, 40) * 4096 // 1
    raised = (B.constant(base)(obj(T(40))) @ identity(obj(T(40)))) >> op(B.Power(T(40)))
    _, y = quantised(raised, x.astype(int), form)
    np.testing.assert_allclose(y, base ** (x * form.step), rtol=0.01)


@pytest.mark.parametrize("base", [0, -2])
def test_a_base_without_a_logarithm_is_refused(base: float) -> None:
    raised = (B.constant(base)(obj(T(2))) @ identity(obj(T(2)))) >> op(B.Power(T(2)))
    with pytest.raises(CatgradError) as error:
        quantised(raised, np.zeros(2, int), Fixed(16, 12))
    assert str(error.value) == (
        f"A power of the constant {base} has no fixed-point form, since {base} has no logarithm; "
        f"raise a positive number."
    )


@pytest.mark.parametrize("exponent", [3, -2, 1.5])
def test_every_evaluator_agrees(exponent: float) -> None:
    model = layers.linear(ONE, TWO, TWO) >> B.exponentiate(exponent)(obj(ONE + TWO))
    agree(compile_hardware(model, layers.sgd(2**-3), layers.mse, FORMATS))


@pytest.mark.parametrize("epsilon", [1e-8, 2**-8])
def test_adam_follows_the_floats_in_profiled_formats(epsilon: float) -> None:
    model = layers.dense(ONE, TWO, THREE, layers.relu)
    rule = layers.adam(2**-6, 0.875, 0.984375, epsilon)
    random = np.random.default_rng(0)
    samples = Calibration(
        [random.normal(size=(2, 3)).astype("f4"), np.zeros(3, "f4")],
        [random.normal(size=(60, 1, 2)).astype("f4")],
        [random.normal(size=(60, 1, 3)).astype("f4")],
    )
    formats = Formats.profile(learner(model, rule, layers.mse), samples, weight_width=18)
    hardware = compile_hardware(model, rule, layers.mse, formats, calibration=samples)
    agree(hardware)
    compiled, _, _ = compile_model(model, rule, layers.mse)
    floats = [*samples.parameters, *compiled().initial_state()]
    integers = hardware.quantise_parameters(samples.parameters)
    for x, y in zip(samples.x[0], samples.y[0], strict=True):
        floats = compiled().step(*floats, x, y)
        integers = hardware.reference.step(
            *integers, *hardware.quantise_x(x), *hardware.quantise_y(y)
        )
    learnt = integers[0] * hardware.parameter_types[0].fixed.step
    assert np.abs(floats[0] - samples.parameters[0]).max() > 0.3
    np.testing.assert_allclose(learnt, floats[0], atol=2e-3)
