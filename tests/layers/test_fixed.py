"""Learning rules with state, and losses, in fixed point: NumPy, kernels and netlist agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catgrad import (
    Calibration,
    CatgradError,
    Dtype,
    Fixed,
    Formats,
    NdArrayType,
    compile_hardware,
    compile_model,
    layers,
)
from catgrad.combinators import Canonical
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
    "joined": layers.joined(layers.momentum(2**-3, 0.75)),
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


NARROW = {
    "weights": Formats.uniform(16, 8, weights=Fixed(24, 16), rates=Fixed(16, 14)),
    "profile": None,
}


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("rule", [layers.sgd(2**-6), layers.momentum(2**-6, 0.75)])
@pytest.mark.parametrize("most", [2**13, 3])
def test_joined_parameters_are_as_fine_as_each_is_alone(
    name: str, rule: Canonical, most: int
) -> None:
    """They are never rounded to the format of one another: where nothing is learned, nothing is
    lost, and the steps are the same."""
    random = np.random.default_rng(0)
    start = [np.array([[40, -30, 7], [20, 10, 0.5]], "f4"), np.array([0.011, -0.007, 2**-15], "f4")]
    samples = Calibration(
        start, [random.normal(size=(30, 1, 2)).astype("f4")], [np.zeros((30, 1, 3), "f4")]
    )
    found = []
    for made in (rule, layers.joined(layers.joined(rule), most)):
        formats = NARROW[name] or Formats.profile(
            learner(MODEL, made, layers.mse), samples, width=12
        )
        hardware = compile_hardware(MODEL, made, layers.mse, formats)
        kept = hardware.quantise_parameters(start)
        x, y = hardware.quantise_x(np.zeros((1, 2))), hardware.quantise_y(np.zeros((1, 3)))
        still = hardware.reference.predict(*kept[:2], *x)
        assert np.array_equal(hardware.reference.step(*kept, *x, *still)[0], kept[0])
        assert np.array_equal(hardware.reference.step(*kept, *x, *still)[1], kept[1])
        found.append((hardware.parameter_types[:2], hardware.reference.step(*kept, *x, *y)[:2]))
        learns_alike_everywhere(hardware)
    (types, apart), (others, together) = found
    assert types == others
    if name == "weights":
        assert all(map(np.array_equal, apart, together))


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


GIVEN = {
    "sgd": layers.sgd(layers.rate()),
    "momentum": layers.momentum(layers.rate(), 0.75),
    "lion": layers.lion(layers.rate("speed"), 0.875, 0.75, decay=2**-4),
}


@pytest.mark.parametrize("name", GIVEN)
def test_rates_given_at_each_step(name: str) -> None:
    hardware = compile_hardware(MODEL, GIVEN[name], layers.mse, FORMATS)
    assert [str(T) for T in hardware.y_types] == ["SQ(5,9)[1, 3]", "SQ(1,13)[]"]
    learns_alike_everywhere(hardware)


@pytest.mark.parametrize("evaluator", ["amaranth", "icarus"])
def test_the_rate_comes_with_the_target(evaluator: str, tmp_path: Path) -> None:
    hardware = compile_hardware(MODEL, GIVEN["momentum"], layers.mse, FORMATS)
    samples = random_samples(hardware.netlist, 6)
    start = hardware.quantise_parameters([np.ones((2, 3)), np.zeros(3)])
    trace = simulate(hardware.component(start), samples, evaluator, directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, start)) > 0
    assert "// y ends in rate: given at each step.\n" in hardware.verilog()


def test_a_given_rate_is_the_rate() -> None:
    """In formats of one fraction, a power of two given is a power of two written in the rule."""
    given, written = (
        compile_hardware(MODEL, rule, layers.mse, FORMATS).reference
        for rule in (GIVEN["sgd"], layers.sgd(2**-3))
    )
    random = np.random.default_rng(0)
    p = [random.integers(-999, 999, T.shape) for T in (A + C, C)]
    x, y = random.integers(-999, 999, (1, 2)), random.integers(-999, 999, (1, 3))
    for found, wanted in zip(given.step(*p, x, y, 2**10), written.step(*p, x, y), strict=True):
        assert np.abs(found - wanted).max() <= 1  # halves are rounded up before, not after, a sign
    assert all(map(np.array_equal, given.step(*p, x, y, 0), p))


def test_steps_are_as_fine_as_the_weights() -> None:
    formats = Formats.uniform(16, 8, weights=Fixed(24, 16), rates=Fixed(16, 14))
    hardware = compile_hardware(MODEL, GIVEN["sgd"], layers.mse, formats)
    p = hardware.quantise_parameters([np.ones((2, 3)), np.zeros(3)])
    x, y = hardware.quantise_x(np.ones((1, 2))), hardware.quantise_y(np.ones((1, 3)), 2**-10)
    for found, old in zip(hardware.reference.step(*p, *x, *y), p, strict=True):
        np.testing.assert_array_equal(found, old - 2**6)


def test_profiles_follow_the_rate() -> None:
    rule, random = GIVEN["momentum"], np.random.default_rng(0)
    samples = Calibration(
        [np.zeros(T.shape, "f4") for T in (A + C, C)],
        [random.normal(size=(30, 1, 2)).astype("f4")],
        [random.normal(size=(30, 1, 3)).astype("f4"), np.full(30, 2**-5, "f4")],
    )
    formats = Formats.profile(learner(MODEL, rule, layers.mse), samples)
    hardware = compile_hardware(MODEL, rule, layers.mse, formats, calibration=samples)
    assert str(hardware.y_types[1]) == "SQ(-2,18)[]"
    learns_alike_everywhere(hardware)
    faster = Calibration(samples.parameters, samples.x, [samples.y[0], np.ones(30, "f4")])
    with pytest.raises(CatgradError) as error:
        compile_hardware(MODEL, rule, layers.mse, formats, calibration=faster)
    assert str(error.value) == (
        "the rate of the rule ranges from 1 to 1, but SQ(-2,18) holds -0.125 to 0.124996; "
        "use Fixed(16, 14)."
    )
    with pytest.raises(CatgradError) as error:
        hardware.quantise_y(np.zeros((1, 3)), 1)
    assert str(error.value) == (
        "rate ranges from 1 to 1, but SQ(-2,18) holds -0.125 to 0.124996; "
        "use Fixed(16, 14), or scale the data."
    )
