"""Every evaluator of a learning core gives the integers of its model, stalled or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Netlist
from catgrad.hdl.transducer import Transducer
from sim import Samples, Trace, expected, random_samples, simulate
from tests.hdl.netlists import netlists
from tests.sim.cases import CASES, LMS, Case

EVALUATORS = ["netlist", "amaranth", "icarus", "verilator"]
SIMULATORS = EVALUATORS[1:]


def run(case: Case, samples: Samples, evaluator: str, stall: float = 0.3) -> Trace:
    """The trace of a case, whose hardware has its parameters loaded through their stream."""
    netlist = case.netlist()
    if evaluator == "netlist":
        return expected(netlist, samples, case.initial)
    return simulate(
        Transducer(netlist, cycles=case.cycles),
        samples,
        evaluator,
        stall,
        load=case.initial or None,
    )


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_evaluators_give_the_integers_of_the_model(case: Case, evaluator: str) -> None:
    samples = random_samples(case.netlist(), 100)
    trace, model = run(case, samples, evaluator), case.model(samples)
    elements = model.predictions.shape[1] + len(case.initial) + 2
    assert trace.compare(model) == 100 * elements


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("stall", [0.0, 0.9])
def test_stalls_do_not_matter(case: Case, stall: float) -> None:
    samples = random_samples(case.netlist(), 40, seed=1)
    run(case, samples, "amaranth", stall).compare(case.model(samples))


def test_the_samples_saturate_what_can_saturate() -> None:
    mixed = CASES[1]
    model = mixed.model(random_samples(mixed.netlist(), 100))
    assert model.forward_saturations[-1] > 20
    assert model.learning_saturations[-1] > 20


def test_simulators_agree_to_the_cycle() -> None:
    samples = random_samples(LMS.netlist(), 100)
    assert len({run(LMS, samples, evaluator).cycles for evaluator in SIMULATORS}) == 1


@pytest.mark.parametrize("cycles", [1, 2, 5])
def test_without_stalls_a_design_is_as_fast_as_it_says(cycles: int) -> None:
    netlist = LMS.netlist()
    design = Transducer(netlist, cycles=cycles)
    trace = simulate(design, random_samples(netlist, 10), stall=0)
    assert trace.cycles == design.latency + 9 * design.interval + 1


@settings(max_examples=15)
@given(netlists(), st.integers(0, 100), st.sampled_from([0.0, 0.3, 0.8]), st.integers(1, 3))
def test_any_netlist(netlist: Netlist, seed: int, stall: float, cycles: int) -> None:
    samples = random_samples(netlist, 10, seed)
    trace = simulate(Transducer(netlist, cycles=cycles), samples, stall=stall, seed=seed)
    trace.compare(expected(netlist, samples))
