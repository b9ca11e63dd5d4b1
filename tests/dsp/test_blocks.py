"""Every block: SciPy in float, and one integer from the reference to the simulated circuit."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catgrad import Folded, Spatial, dsp
from catgrad.hardware import Hardware, Schedule
from sim import Samples, expected, installed, real_samples, reference_trace, simulate
from tests.dsp.blocks import ADAPTIVE, BLOCKS, FIXED

SAMPLES = 24
QUICK = ("fir_direct", "nco", "lms")
SOME = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in BLOCKS]


@cache
def compiled(name: str, schedule: Schedule | None = None) -> Hardware:
    return BLOCKS[name].filter.hardware(BLOCKS[name].formats, schedule)


def stimulus(hardware: Hardware, name: str, seed: int) -> tuple[Samples, list[np.ndarray]]:
    """Random samples of a block, and random parameters."""
    random = np.random.default_rng(seed)
    x = BLOCKS[name].inputs(SAMPLES, seed)
    y = [random.uniform(-0.9, 0.9, (SAMPLES, *T.shape)) for T in hardware.y_types]
    samples = real_samples(hardware, x, y or None, random.random(SAMPLES) < 0.7)
    arrays = [random.uniform(-0.5, 0.5, T.shape) for T in hardware.learner.P]
    return samples, hardware.quantise_parameters(arrays)


def check(hardware: Hardware, name: str, seed: int, evaluator: str, **options: Any) -> None:
    """A simulated circuit gives the integers of the reference, whatever stalls."""
    samples, parameters = stimulus(hardware, name, seed)
    component = hardware.component(parameters, blocks=False)
    found = simulate(component, samples, evaluator, seed=seed, **options)
    assert found.compare(reference_trace(hardware, samples, parameters)) > 0


@pytest.mark.parametrize("name", [name for name, block in FIXED.items() if block.peer])
def test_float_form_and_scipy(name: str) -> None:
    block = FIXED[name]
    x = block.inputs(200, 1)
    wanted = block.peer(*x)
    found = dsp.run(block.filter, *x).outputs
    for y, z in zip(found, wanted if isinstance(wanted, tuple) else [wanted], strict=True):
        assert y.shape == z.shape
        assert np.abs(y - z).max() < block.close


@pytest.mark.parametrize("name", [name for name, block in FIXED.items() if block.peer])
def test_integers_and_scipy(name: str) -> None:
    block, hardware = FIXED[name], compiled(name)
    step = block.formats.data.step
    x = [np.round(a / step) * step for a in block.inputs(100, 2)]
    wanted = block.peer(*x)
    run = dsp.run_integers(hardware, *x)
    assert run.saturations == 0
    for y, z in zip(run.outputs, wanted if isinstance(wanted, tuple) else [wanted], strict=True):
        assert np.abs(y - z).max() < 0.004


@pytest.mark.parametrize("name", BLOCKS)
def test_circuit_netlist_and_integers(name: str) -> None:
    hardware = compiled(name)
    check(hardware, name, 3, "amaranth")
    samples, parameters = stimulus(hardware, name, 4)
    start = hardware.flatten(parameters).tolist()
    memory = hardware.flatten(hardware.initial_memory).tolist()
    netlist = expected(hardware.netlist, samples, start, memory)
    assert netlist.compare(reference_trace(hardware, samples, parameters)) > 0


@pytest.mark.parametrize("name", SOME)
def test_folded_engine_and_integers(name: str) -> None:
    hardware = compiled(name, Folded(lanes=2))
    check(hardware, name, 6, "amaranth")
    check(hardware, name, 7, "amaranth", alone=True)


@pytest.mark.parametrize("name", SOME)
def test_pipeline_and_integers(name: str) -> None:
    check(compiled(name, Spatial(clock=60e6, family="ecp5")), name, 8, "amaranth")


@pytest.mark.parametrize(
    ("name", "evaluator"),
    [
        ("cic_decimator", "icarus"),
        pytest.param("delayed_lms", "icarus", marks=pytest.mark.slow),
        pytest.param("cic_decimator", "verilator", marks=pytest.mark.slow),
        pytest.param("biquads_df1", "verilator", marks=pytest.mark.slow),
        pytest.param("nco", "verilator", marks=pytest.mark.slow),
        pytest.param("agc", "icarus", marks=pytest.mark.slow),
    ],
)
def test_verilog_and_integers(name: str, evaluator: str, tmp_path: Path) -> None:
    assert installed(evaluator)
    check(compiled(name), name, 5, evaluator, directory=tmp_path)


@pytest.mark.parametrize("name", FIXED)
def test_what_does_not_learn_has_no_targets(name: str) -> None:
    netlist = compiled(name).netlist
    assert not any(len(port) for port in netlist.inputs if port.name in ("y", "parameters"))


@pytest.mark.parametrize("name", ["lms", "nlms", "leaky_lms", "delayed_lms", "lms_symmetric"])
def test_taps_become_the_response_of_the_unknown_system(name: str) -> None:
    block = ADAPTIVE[name]
    unknown = np.array(
        [0.3, -0.2, 0.1, -0.2, 0.3] if name == "lms_symmetric" else [0.4, -0.3, 0.2, 0.1]
    )
    [x] = block.inputs(1500, 6)
    y = np.convolve(x, unknown)[: len(x)]
    for run in (dsp.run(block.filter, x, y=y), dsp.run_integers(compiled(name), x, y=y)):
        error = np.abs(run.output - y)[-200:].mean()
        assert error < (0.05 if name == "leaky_lms" else 0.01)


def test_the_signs_alone_are_enough() -> None:
    unknown = np.array([0.4, -0.3, 0.2, 0.1])
    for name in ("sign_error_lms", "sign_data_lms", "sign_sign_lms"):
        [x] = ADAPTIVE[name].inputs(3000, 7)
        y = np.convolve(x, unknown)[: len(x)]
        output = dsp.run(ADAPTIVE[name].filter, x, y=y).output
        assert np.abs(output - y)[-200:].mean() < 0.02
