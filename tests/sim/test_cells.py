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
from catgrad.hardware.schedules import SpatialFamily
from catgrad.hdl.multiplier import Family
from catgrad.hdl.transducer import Transducer
from sim import cells_runner, random_samples, reference_trace, simulate
from tests.sim.cases import CASES, LMS, Case

BLOCKS: dict[Family, tuple[str, str]] = {
    "ice40": ("SB_MAC16", "SB_RAM40_4K"),
    "ecp5": ("MULT18X18D", "DP16KD"),
}
"""The multiplier and the memory of a family."""

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


def engine(width: int, batch: int, lanes: int, family: Family) -> Hardware:
    """A layer with a table and biases on multiplier blocks and block RAM."""
    N, A, C = (NdArrayType((n,), Dtype.float32) for n in (batch, 3, 2))
    model, rule = layers.dense(N, A, C, layers.sigmoid), layers.momentum(2**-3, 0.75)
    formats = Formats.uniform(width, width - 4, table_bits=4)
    return compile_hardware(model, rule, layers.mse, formats, Folded(lanes=lanes, family=family))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "width", "batch", "lanes"),
    [("ice40", 16, 1, 2), ("ice40", 16, 2, 3), ("ice40", 11, 1, 1), ("ecp5", 16, 2, 3)],
)
def test_an_engine_of_multiplier_blocks(
    family: Family, width: int, batch: int, lanes: int, tmp_path: Path
) -> None:
    """The whole engine: its blocks with their registers and rounding, and its memories."""
    hardware = engine(width, batch, lanes, family)
    random = np.random.default_rng(1)
    types = hardware.parameter_types
    start = [random.integers(T.fixed.min, T.fixed.max + 1, T.shape) >> 2 for T in types]
    samples = random_samples(hardware, 10, 1)
    design = hardware.component(start)
    found = simulate(design, samples, family, directory=tmp_path)
    assert found.compare(reference_trace(hardware, samples, start)) > 0
    cells = cells_runner.cells(design, family, tmp_path)
    multiplier, memory = BLOCKS[family]
    assert cells[multiplier] >= lanes
    assert cells[memory] > 0


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ice40up", "ecp5"])
@pytest.mark.parametrize("options", [{}, {"delay": 4}, {"channels": 4}], ids=str)
def test_a_pipeline_of_multiplier_blocks(
    options: dict[str, int], family: SpatialFamily, tmp_path: Path
) -> None:
    one, two = (NdArrayType((n,), Dtype.float32) for n in (1, 2))
    schedule = Spatial(clock=20e6, family=family, **options)
    model, formats = layers.linear(one, two, one), Formats.uniform(16, 12)
    hardware = compile_hardware(model, layers.sgd(2**-4), layers.mse, formats, schedule)
    random = np.random.default_rng(0)
    start = [random.integers(-3000, 3000, T.shape) for T in hardware.parameter_types]
    samples = random_samples(hardware, 16)
    design = hardware.component(start)
    evaluator = schedule.blocks
    assert evaluator is not None
    found = simulate(design, samples, evaluator, directory=tmp_path)
    assert found.compare(reference_trace(hardware, samples, start)) > 0
    assert cells_runner.cells(design, evaluator, tmp_path)[BLOCKS[evaluator][0]] >= 4


def test_a_wrong_cell_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = cells_runner.FAMILIES["ice40"]
    right = family.models()
    carry = "assign CO = (I0 && I1) || ((I0 || I1) && CI);"
    assert carry in right
    wrong = family._replace(models=lambda: right.replace(carry, "assign CO = I0;"))
    monkeypatch.setitem(cells_runner.FAMILIES, "ice40", wrong)
    netlist = LMS.netlist()
    samples = random_samples(netlist, 20)
    with pytest.raises(CatgradError):
        simulate(Transducer(netlist), samples, "ice40", directory=tmp_path).compare(
            LMS.model(samples)
        )


def test_blocks_of_another_family_are_refused(tmp_path: Path) -> None:
    hardware = engine(12, 1, 1, "ice40")
    design = hardware.component()
    design.family = "ecp5"
    with pytest.raises(CatgradError) as error:
        simulate(design, random_samples(hardware, 1), "ice40", directory=tmp_path)
    assert str(error.value) == (
        "The design is made of blocks of ecp5, which ice40 cannot simulate; simulate "
        "hardware.component(blocks=False): its integers are the same."
    )
