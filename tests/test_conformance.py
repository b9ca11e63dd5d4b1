"""One learner, every evaluator, the same integers.

NumPy, kernels, netlist, three simulators, and the cells that synthesis makes of it; one sample at a
time and in pipelines, delayed and in channels; and filters product by product on one multiplier.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Formats, Serial, Spatial
from catgrad.circuit import verify
from catgrad.serial import SerialError
from sim import Samples, expected, random_samples, reference_trace, simulate
from tests.learners import Recipe, kernels_agree, recipes
from tests.serial import filters

# A failing example in a Verilog simulator costs a build for each attempt to shrink it.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


def stream(recipe: Recipe, seed: int, count: int):
    """The hardware of a recipe, samples for it, and the parameters that it starts from."""
    hardware = recipe.hardware()
    random = np.random.default_rng(seed)
    parameters = [
        random.integers(T.fixed.min, T.fixed.max + 1, T.shape) for T in hardware.parameter_types
    ]
    train = 1.0 if hardware.schedule.always else 0.75
    return hardware, random_samples(hardware.netlist, count, seed, train), parameters


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


def simulated(examples: int):
    return settings(
        max_examples=examples,
        phases=UNSHRUNK,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def check(recipe: Recipe, seed: int, evaluator: str, directory: Path) -> None:
    hardware, samples, parameters = stream(recipe, seed, 10)
    design = hardware.component(parameters, blocks=False)
    trace = simulate(design, samples, evaluator, seed=seed, directory=directory)
    assert trace.compare(reference_trace(hardware, samples, parameters)) > 0


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


CLOCKS = {None: (30e6, 200e6), "ecp5": (20e6, 60e6), "ice40up": (5e6, 10e6)}
"""Clocks of each family for which any learner of these sizes has a pipeline."""


@st.composite
def pipelines(draw: st.DrawFn) -> Recipe:
    """A learner of 1 or 2 layers in a pipeline."""
    family = draw(st.sampled_from(sorted(CLOCKS, key=str)))
    late, channels = draw(st.sampled_from([(0, 1), (1, 1), (3, 1), (9, 1), (0, 2), (0, 9)]))
    schedule = Spatial(
        clock=draw(st.sampled_from(CLOCKS[family])),
        family=family,
        delay=late,
        channels=channels,
        always=draw(st.booleans()),
    )
    recipe = replace(draw(recipes(max_layers=2, max_width=2)), schedule=schedule)
    if draw(st.booleans()):
        interval = recipe.hardware().pipeline.interval + draw(st.integers(0, 4))
        recipe = replace(recipe, schedule=replace(schedule, interval=interval))
    return recipe


@simulated(8)
@given(recipe=pipelines(), seed=st.integers(0, 2**32 - 1))
def test_pipelines_and_numpy(recipe: Recipe, seed: int, tmp_path: Path) -> None:
    check(recipe, seed, "amaranth", tmp_path)


LATE = Spatial(clock=60e6, family="ecp5", delay=9)
TAKING_TURNS = Spatial(clock=60e6, family="ecp5", channels=5)
SHARING = Spatial(clock=25e6, family="ice40up", delay=9, interval=2)


@pytest.mark.parametrize("evaluator", ["icarus", "verilator"])
@pytest.mark.parametrize(
    "schedule", [LATE, TAKING_TURNS, SHARING], ids=["delay", "channels", "interval"]
)
def test_verilog_of_pipelines_and_numpy(evaluator: str, schedule: Spatial, tmp_path: Path) -> None:
    recipe = Recipe((2, 1), ("relu",), 1, 3, Formats.uniform(12, 8), 1, schedule)
    check(recipe, 1, evaluator, tmp_path)


@pytest.mark.slow
def test_many_pipelines(tmp_path: Path) -> None:
    @simulated(80)
    @given(recipe=pipelines(), seed=st.integers(0, 2**32 - 1))
    def every(recipe: Recipe, seed: int) -> None:
        check(recipe, seed, "amaranth", tmp_path)

    every()


def check_serial(
    recipe: filters.Recipe, seed: int, evaluator: str, directory: Path, family: str | None = None
) -> None:
    try:
        hardware = recipe.hardware(Serial(family))
    except SerialError:
        reject()  # It may be one that counts a number twice.
    samples = random_samples(hardware, 10, seed)
    random = np.random.default_rng(seed)
    types = hardware.parameter_types
    parameters = [random.integers(T.fixed.min, T.fixed.max + 1, T.shape) for T in types]
    trace = simulate(
        hardware.component(parameters), samples, evaluator, seed=seed, directory=directory
    )
    assert trace.compare(reference_trace(hardware, samples, parameters)) > 0


@simulated(4)
@given(recipe=filters.recipes(), seed=st.integers(0, 2**32 - 1))
def test_serial_filters_and_numpy(recipe: filters.Recipe, seed: int, tmp_path: Path) -> None:
    check_serial(recipe, seed, "amaranth", tmp_path)


TWO_BRANCHES = filters.Recipe(
    (
        (("fir", (100, -200, 31)), ("biquads", (300, 200, 300, -500, 190))),
        (("learned", (3,)), ("delay", (2,))),
    ),
    Formats.uniform(14, 10),
)


@pytest.mark.slow
def test_verilog_of_a_serial_filter_and_numpy(tmp_path: Path) -> None:
    check_serial(TWO_BRANCHES, 5, "icarus", tmp_path)


def test_cells_of_a_serial_filter_and_numpy(tmp_path: Path) -> None:
    """With the accumulator of a multiplier block, whose model comes with the cells."""
    assert TWO_BRANCHES.hardware(Serial("ice40")).report().in_block
    check_serial(TWO_BRANCHES, 6, "ice40", tmp_path, "ice40")


@pytest.mark.slow
@pytest.mark.parametrize("evaluator", ["amaranth", "icarus", "verilator", "ice40"])
def test_many_serial_filters(evaluator: str, tmp_path: Path) -> None:
    family = "ice40" if evaluator == "ice40" else None

    @simulated(60 if evaluator == "amaranth" else 6)
    @given(recipe=filters.recipes(), seed=st.integers(0, 2**32 - 1))
    def every(recipe: filters.Recipe, seed: int) -> None:
        check_serial(recipe, seed, evaluator, tmp_path, family)

    every()


def test_cells_after_synthesis_and_numpy(tmp_path: Path) -> None:
    check(Recipe((2, 1), ("sigmoid",), 1, 3, Formats.uniform(8, 5), 2), 0, "ice40", tmp_path)


@pytest.mark.slow
def test_cells_of_shared_blocks_and_numpy() -> None:
    """With SB_MAC16 on which products take turns, and carries that end in registers."""
    recipe = Recipe((2, 1), ("relu",), 1, 3, Formats.uniform(12, 8), 1, SHARING)
    hardware, samples, parameters = stream(recipe, 1, 20)
    assert hardware.report().shared > 0
    trace = simulate(hardware.component(parameters), samples, "ice40", seed=1)
    assert trace.compare(reference_trace(hardware, samples, parameters)) > 0


@pytest.mark.slow
def test_cells_of_many_learners(tmp_path: Path) -> None:
    @simulated(4)
    @given(recipe=recipes(max_layers=2, max_width=3), seed=st.integers(0, 2**32 - 1))
    def every(recipe: Recipe, seed: int) -> None:
        check(recipe, seed, "ice40", tmp_path)

    every()


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
