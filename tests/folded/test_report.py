"""What the report of a folded engine counts, and what it notes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catgrad import Dtype, Folded, Formats, NdArrayType, Spatial, compile_hardware, layers
from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.format import BIT, Format
from catgrad.circuit.pipeline import Pipeline
from catgrad.folded.machine import Mode
from catgrad.hardware import Hardware
from catgrad.hardware.folding import multipliers
from sim import random_samples, reference_trace, simulate


def engine(lanes: int, formats: Formats | None = None, rate: float = 2**-3, **o: Any) -> Hardware:
    """Two layers, 7-5-3."""
    N, A, B, C = (NdArrayType((n,), Dtype.float32) for n in (1, 7, 5, 3))
    model = layers.dense(N, A, B, layers.relu) >> layers.dense(N, B, C, layers.relu)
    formats = formats or Formats.uniform(16, 12)
    return compile_hardware(model, layers.sgd(rate), layers.mse, formats, Folded(lanes, **o))


def test_the_report_counts_the_products_of_bodies() -> None:
    """In each lane where all compute at once, else once; and no multiplier where nothing is one."""
    machine = engine(2).machine
    b = NetlistBuilder()
    x, bit, three = b.input("operands", [Format(8, True), BIT, Format(3, True)]).tolist()
    b.output("stores", [b.mul(b.mul(x, three), bit)])
    pipeline = Pipeline(netlist := b.build(), np.zeros(len(netlist), dtype=np.int64), 0)
    of_lanes = {i.body for i in machine.instructions if i.mode is Mode.PARALLEL}
    others = {i.body for i in machine.instructions} - of_lanes
    for body, count in ((min(of_lanes), machine.lanes), (min(others), 1)):
        bodies = [pipeline if i == body else p for i, p in enumerate(machine.bodies)]
        assert multipliers(replace(machine, bodies=tuple(bodies))) == machine.lanes + count
    N, X = NdArrayType((1,), Dtype.float32), NdArrayType((4, 4, 1), Dtype.float32)
    pool = layers.mean_pool(N, X, 2)
    schedule = Folded(4, learns=False)
    sums = compile_hardware(pool, layers.sgd(1), layers.mse, Formats.uniform(16, 12), schedule)
    assert [i.mode for i in sums.machine.instructions if i.factors]
    assert sums.report().multipliers == 0


@pytest.mark.parametrize("lanes", [7, 8, 30])
def test_the_report_notes_lanes_and_block_rams_beyond_use(lanes: int) -> None:
    report = engine(lanes).report()
    notes = []
    if lanes > 7:
        notes.append(
            f"no loop that {lanes} lanes share has more than 7 iterations, so that 7 lanes are "
            f"enough, with less logic and memory"
        )
    if report.block_rams["ice40"] > 32:
        notes.append(
            f"the memories take {report.block_rams['ice40']} block RAMs on ice40, and its largest "
            f"device has 32; fewer lanes, narrower formats or a smaller model take fewer"
        )
    assert report.notes == tuple(notes)
    assert len(notes) == [7, 8, 30].index(lanes)
    assert engine(30, family="ecp5").report().notes[1:] == ()


def test_notes_name_each_parameter_as_files_do() -> None:
    hardware = engine(2, Formats.uniform(8, 4), 2**-9)
    assert list(hardware.addresses()) == ["weights_1", "bias_1", "weights_2", "bias_2"]
    assert hardware.report().notes == tuple(
        f"parameter {name} has 4 fraction bits, but a rate of 0.00195312 wants at least 12; "
        f"smaller updates are lost"
        for name in hardware.addresses()
    )


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    four = np.int64(4)
    assert Folded(four, stage_ps=np.int32(7000)) == Folded(4, stage_ps=7000)
    assert type(Folded(four).lanes) is int
    assert Spatial(four) == Spatial(4)
    clock = {"clock": np.int64(50_000_000)}
    assert Spatial(**clock, delay=four, interval=four) == Spatial(clock=50e6, delay=4, interval=4)
    assert Spatial(**clock, channels=four) == Spatial(clock=50e6, channels=4)


def test_parameters_that_do_not_change_need_no_phase(tmp_path: Path) -> None:
    hardware = engine(2, rate=0)
    report, twin = hardware.report(), engine(2, learns=False).report()
    assert [phase.name for phase in report.phases] == [phase.name for phase in twin.phases]
    assert report.interval == report.predict_interval
    parameters = [np.full(T.shape, 3000) for T in hardware.parameter_types]
    samples = random_samples(hardware, 4, 0)
    wanted = reference_trace(hardware, samples, parameters)
    assert (wanted.parameters == 3000).all()
    found = simulate(hardware.component(parameters), samples, "icarus", directory=tmp_path)
    assert found.compare(wanted) > 0
