"""The filters of bench/dsp.py compute what their references do, one sample a clock."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from bench.dsp import (
    ROWS,
    adaptive,
    is_close,
    ratios,
    sections,
    symmetric,
    taking_turns,
    without_multipliers,
)
from catgrad.hardware import Hardware
from sim import random_samples, reference_trace, simulate


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("clock", [40e6, 120e6])
def test_an_adaptive_filter(clock: float, stall: float, tmp_path: Path) -> None:
    hardware = adaptive(clock, taps=4)
    samples = random_samples(hardware, 80, train=1.0)
    design = hardware.component(blocks=False)
    assert design.interval == 1
    assert "train" not in design.signature.members
    zeros = hardware.quantise_parameters([np.zeros((4, 1))])
    trace = simulate(design, samples, stall=stall, directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, zeros)) > 0


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_an_adaptive_filter_that_takes_turns(stall: float, tmp_path: Path) -> None:
    """Its products for a sample and for an update are on one block, in every second cycle each."""
    row = ROWS["lms8"]
    hardware = taking_turns(row.clock, taps=4)
    samples = random_samples(hardware, 80, train=1.0)
    design = hardware.component(blocks=False)
    report = hardware.report()
    assert (design.interval, report.blocks, report.shared) == (row.interval, 8, 4)
    zeros = hardware.quantise_parameters([np.zeros((4, 1))])
    trace = simulate(design, samples, stall=stall, directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, zeros)) > 0


def test_biquads_on_one_multiplier(tmp_path: Path) -> None:
    row = ROWS["biquads_serial"]
    hardware = row.hardware(row.clock)
    report = hardware.report()
    assert (report.interval, report.multipliers, report.in_block) == (row.interval, 1, True)
    samples = random_samples(hardware, 30)
    trace = simulate(hardware.component(blocks=False), samples, directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, [])) > 0


def test_weights_that_are_held_as_sums_have_a_bit_more() -> None:
    """Two of 24 bits, and one sample of 16."""
    hardware = adaptive(165e6, taps=2)
    assert sum(loop.addend is not None for loop in hardware.pipeline.loops) == 2
    assert hardware.report().register_bits == 2 * (24 + 1) + 16


def test_samples_that_wait_do_so_once() -> None:
    """Behind one queue there is a second line: error and sample wait, and no tap beside them."""
    waiting = adaptive(100e6, taps=4).pipeline
    assert sorted(loop.port for loop in waiting.loops if loop.is_queue) == ["late", "late"]
    assert len(waiting.netlist.input("state")) == 2 * 3


def test_a_symmetric_filter(tmp_path: Path) -> None:
    hardware: Hardware = symmetric(100e6)
    samples = random_samples(hardware, 90)
    trace = simulate(hardware.component(blocks=False), samples, directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, [])) > 0
    assert hardware.report().blocks <= ROWS["fir"].by_hand[3]


def test_shared_adders(tmp_path: Path) -> None:
    hardware = without_multipliers(100e6)
    samples = random_samples(hardware, 90)
    trace = simulate(hardware.component(blocks=False), samples, directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, [])) > 0
    assert hardware.report().blocks == 0


@pytest.mark.parametrize(("row", "look_ahead"), [("biquads", 1), ("biquads_ahead", 2)])
def test_sections_in_a_row(row: str, look_ahead: int, tmp_path: Path) -> None:
    hardware = sections(100e6 * look_ahead**0.5, look_ahead)
    samples = random_samples(hardware, 90)
    design = hardware.component(blocks=False)
    assert design.interval == 1
    trace = simulate(design, samples, directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, [])) > 0
    assert hardware.report().blocks == ROWS[row].by_hand[3]


def test_what_is_close() -> None:
    assert ratios([100, 125, 7, 25], (110, 100, None, 20)) == [100 / 110, 1.25, None, 1.25]
    assert ratios([0, 20], (0, 0)) == [None, math.inf]
    assert not is_close([1.0, 1.0, None, math.inf])
    assert is_close([0.85, 1.25, None, 1.25])
    assert not is_close([0.84, 1.0, None, 1.0])
    assert not is_close([1.0, 1.26, None, 1.0])
