"""The filters of bench/dsp.py compute what their references do, one sample a clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.dsp import ROWS, adaptive, symmetric
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
