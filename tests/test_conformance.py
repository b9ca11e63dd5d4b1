"""One learner, every evaluator, the same integers: NumPy, kernels, netlist, three simulators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Formats
from catgrad.circuit import verify
from sim import Samples, expected, random_samples, reference_trace, simulate
from tests.learners import Recipe, kernels_agree, recipes

# A failing example in a Verilog simulator costs a build for each attempt to shrink it.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


def stream(recipe: Recipe, seed: int, count: int):
    """The hardware of a recipe, samples for it, and the parameters that it starts from."""
    hardware = recipe.hardware()
    random = np.random.default_rng(seed)
    parameters = [
        random.integers(T.fixed.min, T.fixed.max + 1, T.shape) for T in hardware.parameter_types
    ]
    return hardware, random_samples(hardware.netlist, count, seed), parameters


@settings(max_examples=40)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_netlist_and_numpy(recipe: Recipe, seed: int) -> None:
    hardware, samples, parameters = stream(recipe, seed, 12)
    verify(hardware.netlist)
    reference = reference_trace(hardware, samples, parameters)
    netlist = expected(hardware.netlist, samples, hardware.flatten(parameters).tolist())
    assert netlist.compare(reference) > 0


@settings(max_examples=25)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_kernels_and_numpy(recipe: Recipe, seed: int) -> None:
    hardware, samples, parameters = stream(recipe, seed, 1)
    inputs = [
        *parameters,
        *hardware.unflatten(samples.x[0], hardware.x_types),
        *hardware.unflatten(samples.y[0], hardware.y_types),
    ]
    kernels_agree(hardware, inputs)


@settings(max_examples=25)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_predict_and_step_are_parts_of_transition(recipe: Recipe, seed: int) -> None:
    hardware, samples, parameters = stream(recipe, seed, 1)
    x = hardware.unflatten(samples.x[0], hardware.x_types)
    y = hardware.unflatten(samples.y[0], hardware.y_types)
    prediction, *new, _, _ = hardware.reference.transition(*parameters, *x, *y)
    assert np.array_equal(hardware.reference.predict(*parameters, *x)[0], prediction)
    for found, wanted in zip(hardware.reference.step(*parameters, *x, *y), new, strict=True):
        assert np.array_equal(found, wanted)


def check(recipe: Recipe, seed: int, evaluator: str, directory: Path) -> None:
    hardware, samples, parameters = stream(recipe, seed, 10)
    trace = simulate(
        hardware.component(parameters), samples, evaluator, seed=seed, directory=directory
    )
    assert trace.compare(reference_trace(hardware, samples, parameters)) > 0


def simulated(examples: int):
    return settings(
        max_examples=examples,
        phases=UNSHRUNK,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@simulated(8)
@given(recipe=recipes(max_width=4), seed=st.integers(0, 2**32 - 1))
def test_amaranth_and_numpy(recipe: Recipe, seed: int, tmp_path: Path) -> None:
    check(recipe, seed, "amaranth", tmp_path)


@simulated(5)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_icarus_and_numpy(recipe: Recipe, seed: int, tmp_path: Path) -> None:
    check(recipe, seed, "icarus", tmp_path)


@simulated(2)
@given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
def test_verilator_and_numpy(recipe: Recipe, seed: int, tmp_path: Path) -> None:
    check(recipe, seed, "verilator", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("evaluator", ["amaranth", "icarus", "verilator"])
def test_many_learners(evaluator: str, tmp_path: Path) -> None:
    @simulated(30)
    @given(recipe=recipes(), seed=st.integers(0, 2**32 - 1))
    def every(recipe: Recipe, seed: int) -> None:
        check(recipe, seed, evaluator, tmp_path)

    every()


def test_a_wrong_integer_is_noticed() -> None:
    """The comparison itself can fail: a parameter off by one is named."""
    recipe = Recipe((2, 1), ("identity",), 1, 3, Formats.uniform(12, 8), 1)
    hardware, samples, parameters = stream(recipe, 0, 5)
    still = Samples(samples.x, samples.y, np.zeros(5, dtype=bool))
    bias = parameters[1]
    wrong = [parameters[0], bias ^ 1]
    found = reference_trace(hardware, still, wrong)
    right = reference_trace(hardware, still, parameters)
    with pytest.raises(CatgradError) as error:
        found.compare(replace(right, predictions=found.predictions))
    assert str(error.value) == (
        f"Sample 0: parameters[2] is {bias[0] ^ 1} in NumPy but {bias[0]} in NumPy."
    )
