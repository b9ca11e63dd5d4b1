"""The cells that synthesis makes of a design give its integers, in the same cycles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catgrad import (
    CatgradError,
    Dtype,
    Folded,
    Formats,
    NdArrayType,
    Spatial,
    compile_hardware,
    layers,
)
from catgrad.hardware import Hardware
from catgrad.hdl.transducer import Transducer
from sim import ice40_runner, random_samples, reference_trace, simulate
from tests.sim.cases import CASES, LMS, Case

OTHERS = [pytest.param(case, marks=pytest.mark.slow) for case in CASES[1:]]


@pytest.mark.parametrize("case", [LMS, *OTHERS])
def test_cells_give_the_integers_of_the_model(case: Case, tmp_path: Path) -> None:
    netlist = case.netlist()
    samples = random_samples(netlist, 60)
    design = Transducer(netlist, cycles=case.cycles)
    found = simulate(design, samples, "ice40", load=case.initial or None, directory=tmp_path)
    assert found.compare(case.model(samples)) > 0
    amaranth = simulate(design, samples, load=case.initial or None, directory=tmp_path)
    assert found.cycles == amaranth.cycles


def engine(width: int, batch: int, lanes: int) -> Hardware:
    """A layer with a table and biases on multiplier blocks and block RAM."""
    N, A, C = (NdArrayType((n,), Dtype.float32) for n in (batch, 3, 2))
    model, rule = layers.dense(N, A, C, layers.sigmoid), layers.momentum(2**-3, 0.75)
    formats = Formats.uniform(width, width - 4, table_bits=4)
    return compile_hardware(model, rule, layers.mse, formats, Folded(lanes=lanes, family="ice40"))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "batch", "lanes"), [(16, 1, 2), (16, 2, 3), (11, 1, 1)])
def test_an_engine_of_multiplier_blocks(width: int, batch: int, lanes: int, tmp_path: Path) -> None:
    """The whole engine: its blocks with their registers and rounding, and its memories."""
    hardware = engine(width, batch, lanes)
    random = np.random.default_rng(1)
    types = hardware.parameter_types
    start = [random.integers(T.fixed.min, T.fixed.max + 1, T.shape) >> 2 for T in types]
    samples = random_samples(hardware, 10, 1)
    design = hardware.component(start)
    found = simulate(design, samples, "ice40", directory=tmp_path)
    assert found.compare(reference_trace(hardware, samples, start)) > 0
    cells = ice40_runner.cells(design, tmp_path)
    assert cells["SB_MAC16"] >= lanes
    assert cells["SB_RAM40_4K"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"delay": 4}, {"channels": 4}], ids=str)
def test_a_pipeline_of_multiplier_blocks(options: dict[str, int], tmp_path: Path) -> None:
    one, two = (NdArrayType((n,), Dtype.float32) for n in (1, 2))
    schedule = Spatial(clock=20e6, family="ice40up", **options)
    model, formats = layers.linear(one, two, one), Formats.uniform(16, 12)
    hardware = compile_hardware(model, layers.sgd(2**-4), layers.mse, formats, schedule)
    random = np.random.default_rng(0)
    start = [random.integers(-3000, 3000, T.shape) for T in hardware.parameter_types]
    samples = random_samples(hardware, 16)
    design = hardware.component(start)
    found = simulate(design, samples, "ice40", directory=tmp_path)
    assert found.compare(reference_trace(hardware, samples, start)) > 0
    assert ice40_runner.cells(design, tmp_path)["SB_MAC16"] >= 4


def test_a_wrong_cell_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = ice40_runner.models()
    carry = "assign CO = (I0 && I1) || ((I0 || I1) && CI);"
    assert carry in right
    monkeypatch.setattr(ice40_runner, "models", lambda: right.replace(carry, "assign CO = I0;"))
    netlist = LMS.netlist()
    samples = random_samples(netlist, 20)
    with pytest.raises(CatgradError):
        simulate(Transducer(netlist), samples, "ice40", directory=tmp_path).compare(
            LMS.model(samples)
        )


def test_blocks_of_another_family_are_refused(tmp_path: Path) -> None:
    hardware = engine(12, 1, 1)
    design = hardware.component()
    design.family = "ecp5"
    with pytest.raises(CatgradError) as error:
        simulate(design, random_samples(hardware, 1), "ice40", directory=tmp_path)
    assert str(error.value) == (
        "The design is made of blocks of ecp5, which ice40 cannot simulate; simulate "
        "hardware.component(blocks=False): its integers are the same."
    )
