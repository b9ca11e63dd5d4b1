"""Bodies whose rounding is done by the multipliers, and bodies that have their total early."""

from __future__ import annotations

import numpy as np
import pytest

from catgrad.circuit.evaluate import evaluate
from catgrad.circuit.pipeline import pipeline
from catgrad.folded.early import early, early_modes, hastened
from catgrad.folded.machine import Machine, Mode
from catgrad.hdl.folded import lanes
from catgrad.hdl.folded.rounding import constant_of, rounded
from tests.hdl.folded.engines import expected, machine_of, make_run, perceptron


@pytest.fixture(scope="module")
def machine() -> Machine:
    """With an update in all lanes, of gradients that are rounded first."""
    return machine_of(perceptron(5, 4, 3), 4)


def update(machine: Machine) -> int:
    """The body of an instruction in mode PARALLEL."""
    return next(i.body for i in machine.instructions if i.mode is Mode.PARALLEL)


def test_a_total_with_the_constant_needs_no_rounding(machine: Machine) -> None:
    netlist = machine.bodies[update(machine)].netlist
    constant, shorter = rounded(netlist)
    assert constant == 8  # half of what 4 fractional bits drop
    assert len(shorter) < len(netlist)
    rng = np.random.default_rng(0)
    inputs = {
        port.name: np.stack([rng.integers(f.min, f.max + 1, 500) for f in port.formats], axis=1)
        for port in netlist.inputs
    }
    expected = evaluate(netlist, inputs)
    inputs["total"] = inputs["total"] + constant
    for name, numbers in evaluate(shorter, inputs).items():
        np.testing.assert_array_equal(numbers, expected[name])


def test_only_multipliers_with_an_adder_add_a_constant(machine: Machine) -> None:
    assert constant_of(machine, "ice40") == 8
    assert constant_of(machine, "ecp5") == 0
    assert constant_of(machine, None) == 0


def test_an_early_total_costs_one_stage_and_no_period(machine: Machine) -> None:
    pipeline = machine.bodies[update(machine)]
    longer = early(pipeline, pipeline.netlist)
    assert longer.latency == pipeline.latency + 1
    assert longer.period_ps <= pipeline.period_ps
    operands = pipeline.netlist.input("operands").nets
    np.testing.assert_array_equal(longer.stage[operands], 1)
    assert (longer.stage <= longer.latency).all()


def test_products_that_nobody_adds_up_are_early() -> None:
    assert early_modes([(Mode.PARALLEL, False), (Mode.TREE, False)]) == {Mode.PARALLEL}
    assert early_modes([(Mode.PARALLEL, False), (Mode.PARALLEL, True)]) == set()
    assert early_modes([(Mode.PARALLEL, True), (Mode.DRAIN, False)]) == {Mode.DRAIN}


@pytest.mark.parametrize("period_ps", [2000, 4000, 6000, 9000])
def test_an_early_total_saves_a_stage_and_keeps_the_period(
    machine: Machine, period_ps: int
) -> None:
    slower = pipeline(machine.bodies[update(machine)].netlist, period_ps)
    faster = hastened(slower, period_ps)
    assert slower.latency - 1 <= faster.latency <= slower.latency
    assert early(faster, faster.netlist).period_ps <= max(period_ps, slower.period_ps)


@pytest.mark.parametrize("lanes_used", [1, 4])
def test_an_engine_equals_its_phases_with_rounding_multipliers(
    lanes_used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any multiplier can add the constant in simulation."""
    monkeypatch.setattr(lanes, "constant_of", lambda machine, _: constant_of(machine, "ice40"))
    run, phases = make_run(perceptron(5, 4, 3), lanes_used, seed=3)
    run.simulate()
    expectation = expected(phases, run.initial, run.x, run.y, run.train)
    assert (run.predictions, run.parameters, run.counters[0]) == expectation
