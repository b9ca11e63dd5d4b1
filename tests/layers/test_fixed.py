"""Learning rules with state, and losses, in fixed point: NumPy, kernels and netlist agree."""

from __future__ import annotations

from pathlib import Path

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
)
from catgrad.hardware import Hardware
from catgrad.learner import learner
from sim import expected, random_samples, reference_trace, simulate
from tests.learners import kernels_agree

N, A, C = (NdArrayType((n,), Dtype.float32) for n in (1, 2, 3))
MODEL = layers.dense(N, A, C, layers.relu)
FORMATS = Formats.uniform(14, 9)

RULES = {
    "momentum": layers.momentum(2**-3, 0.75),
    "nesterov": layers.momentum(2**-3, 0.75, nesterov=True),
    "sign_sgd": layers.sign_sgd(2**-4),
    "lion": layers.lion(2**-4, 0.875, 0.75, decay=2**-4),
    "chain": layers.chain(layers.sgd(2**-3), layers.weight_decay(2**-4), layers.clip(0.5)),
}
LOSSES = {"l1": layers.l1, "huber": layers.huber(0.5), "hinge": layers.hinge}


def learns_alike_everywhere(hardware: Hardware) -> None:
    samples = random_samples(hardware.netlist, 8)
    random = np.random.default_rng(0)
    start = [
        random.integers(T.fixed.min, T.fixed.max + 1, T.shape) for T in hardware.parameter_types
    ]
    netlist = expected(hardware.netlist, samples, hardware.flatten(start).tolist())
    assert netlist.compare(reference_trace(hardware, samples, start)) > 0
    x = hardware.unflatten(samples.x[0], hardware.x_types)
    y = hardware.unflatten(samples.y[0], hardware.y_types)
    kernels_agree(hardware, [*start, *x, *y])


@pytest.mark.parametrize("name", RULES)
def test_rules(name: str) -> None:
    learns_alike_everywhere(compile_hardware(MODEL, RULES[name], layers.mse, FORMATS))


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    learns_alike_everywhere(compile_hardware(MODEL, RULES["momentum"], LOSSES[name], FORMATS))


def test_the_component_keeps_the_state_in_registers(tmp_path: Path) -> None:
    hardware = compile_hardware(MODEL, RULES["momentum"], layers.mse, FORMATS)
    start = hardware.quantise_parameters([np.ones((2, 3)), np.zeros(3)])
    assert [a.shape for a in start] == [(2, 3), (3,), (2, 3), (3,)]
    assert not np.any(start[2])
    report = hardware.report()
    assert (report.parameters, report.register_bits) == (9, 18 * 14)
    samples = random_samples(hardware.netlist, 6)
    trace = simulate(hardware.component(start), samples, "amaranth", directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, start)) > 0
    saved = hardware.save_parameters(tmp_path / "kept.npz", start)
    assert all(map(np.array_equal, hardware.load_parameters(saved), start))


def test_prediction_does_not_read_the_state() -> None:
    reference = compile_hardware(MODEL, RULES["momentum"], layers.mse, FORMATS).reference
    w, b, x = np.full((2, 3), 512), np.zeros(3, int), np.full((1, 2), 256)
    np.testing.assert_array_equal(reference.predict(w, b, x)[0], np.full((1, 3), 512))


def test_integers_learn_as_floats_do() -> None:
    """Momentum in fixed point follows momentum in float, to within the rounding of some steps."""
    rule = layers.momentum(2**-4, 0.75)
    hardware = compile_hardware(MODEL, rule, layers.mse, Formats.uniform(24, 18))
    compiled, P, _ = compile_model(MODEL, rule, layers.mse)
    random = np.random.default_rng(0)
    p = [random.normal(size=T.shape).astype("f4") for T in P]
    floats = [*p, *compiled().initial_state()]
    integers = hardware.quantise_parameters(p)
    for _ in range(20):
        x, y = (random.normal(size=s).astype("f4") for s in ((1, 2), (1, 3)))
        floats = compiled().step(*floats, x, y)
        integers = hardware.reference.step(
            *integers, *hardware.quantise_x(x), *hardware.quantise_y(y)
        )
    for found, wanted in zip(integers, floats, strict=True):
        np.testing.assert_allclose(found * 2.0**-18, wanted, atol=1e-3)


def test_profiles_follow_the_state() -> None:
    random = np.random.default_rng(0)
    samples = Calibration(
        [np.zeros(T.shape, "f4") for T in (A + C, C)],
        [random.normal(size=(30, 1, 2)).astype("f4")],
        [random.normal(size=(30, 1, 3)).astype("f4")],
    )
    formats = Formats.profile(learner(MODEL, RULES["momentum"], layers.mse), samples)
    hardware = compile_hardware(MODEL, RULES["momentum"], layers.mse, formats, calibration=samples)
    learns_alike_everywhere(hardware)


def test_formats_too_narrow_for_the_state_are_refused() -> None:
    samples = Calibration(
        [np.zeros(T.shape, "f4") for T in (A + C, C)],
        [np.full((20, 1, 2), 1.0, "f4")],
        [np.full((20, 1, 3), 1.0, "f4")],
    )
    with pytest.raises(CatgradError) as error:
        compile_hardware(
            layers.linear(N, A, C) >> layers.bias(C, N),
            layers.momentum(2**-12, 0.9375),
            layers.mse,
            Formats.uniform(16, 14),
            calibration=samples,
        )
    assert str(error.value).startswith("state weights_velocity ranges from -")


def test_a_rate_given_at_each_step_is_refused() -> None:
    rule = layers.sgd(layers.rate())
    with pytest.raises(CatgradError) as error:
        compile_hardware(MODEL, rule, layers.mse, FORMATS)
    assert str(error.value) == (
        "The rule is given rate at each step, which hardware has no stream for; "
        "give the rule a number instead."
    )
    with pytest.raises(CatgradError) as error:
        Formats.profile(learner(MODEL, rule, layers.mse), Calibration([], [], []))
    assert str(error.value) == (
        "The rule is given rate at each step, which samples do not tell; "
        "give the rule a number instead."
    )
