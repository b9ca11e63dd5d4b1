"""Designs whose samples travel element by element, in every simulator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catgrad.errors import CatgradError
from catgrad.hdl.transducer import Transducer
from sim import Running, SimulationError, cpp, random_samples, simulate
from tests.sim import broken as faults
from tests.sim.broken import Fault, broken
from tests.sim.cases import CASES, LMS, Case
from tests.sim.serial import Serial, model, random

VERILATOR = pytest.param("verilator", marks=pytest.mark.slow)
SIMULATORS = ["amaranth", "icarus", "cxxrtl", VERILATOR]


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("evaluator", SIMULATORS)
def test_simulators_give_the_integers_of_the_model(evaluator: str, alone: bool) -> None:
    samples = random(60)
    trace = simulate(Serial(), samples, evaluator, load=(5, -7), alone=alone)
    looks = 60 if alone else 1
    assert trace.compare(model(samples, (5, -7))) == 60 * 2 + looks * 4


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("stall", [0.0, 0.9])
def test_stalls_do_not_matter(stall: float, alone: bool) -> None:
    samples = random(40, seed=1)
    trace = simulate(Serial((3, 4)), samples, stall=stall, alone=alone)
    assert trace.compare(model(samples, (3, 4))) > 0


def test_simulators_agree_to_the_cycle() -> None:
    samples = random(20)
    found = {simulate(Serial(), samples, evaluator).cycles for evaluator in ("amaranth", "cxxrtl")}
    assert len(found) == 1


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_long_runs_go_on_where_they_were(stall: float, tmp_path: Path) -> None:
    samples = random(300)
    running = Running(Serial(), (5, -7), tmp_path)
    for end in (100, 200, 300):
        part = type(samples)(
            samples.x[end - 100 : end],
            None if samples.y is None else samples.y[end - 100 : end],
            samples.train[end - 100 : end],
        )
        trace = running.stream(part, stall, seed=end)
    whole = model(samples, (5, -7))
    assert (trace.predictions == whole.predictions[200:]).all()
    assert (trace.parameters == whole.parameters[-1:]).all()
    assert (trace.learning_saturations == whole.learning_saturations[-1:]).all()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_long_runs_of_transducers(case: Case, tmp_path: Path) -> None:
    netlist = case.netlist()
    samples = random_samples(netlist, 200)
    running = Running(Transducer(netlist, cycles=case.cycles), case.initial or None, tmp_path)
    assert running.stream(samples, stall=0.3).compare(case.model(samples)) > 0


def test_long_runs_are_as_fast_as_the_design(tmp_path: Path) -> None:
    design = Transducer(LMS.netlist(), cycles=3)
    trace = Running(design, directory=tmp_path).stream(random_samples(LMS.netlist(), 10))
    assert trace.cycles == design.latency + 9 * design.interval + 1


RULES: dict[Fault, str] = {
    faults.never_takes_targets: r"0 of \d+ targets were taken; each sample with train = 1 takes "
    r"one\.",
    faults.drops_samples: r"cycle budget of 3000 spent: \d+ of 40 predictions arrived\.",
    faults.miscounts: r"samples is \d+ in cycle \d+, after 20 predictions; it counts them\.",
    faults.never_rests: r"cycle budget of 3000 spent: busy is still 1 after 20 predictions\.",
    faults.changes_offers: r"prediction\.payload changed from 0x\w+ to 0x\w+ in cycle \d+ before "
    r"prediction\.ready had risen; a payload stays as it is until it is taken\.",
}


@pytest.mark.parametrize("fault", RULES, ids=lambda fault: fault.__name__)
def test_broken_rules_are_found(fault: Fault, tmp_path: Path) -> None:
    design = broken(Serial(), fault)
    with pytest.raises(SimulationError) as error:
        simulate(design, random(20), budget=3000, directory=tmp_path)
    assert re.fullmatch(RULES[fault], str(error.value).split(" The waveform is ")[0])


@pytest.mark.parametrize("fault", [faults.looks_late, faults.always_learns, faults.rests_early])
def test_wrong_integers_are_found(fault: Fault, tmp_path: Path) -> None:
    samples = random(20)
    with pytest.raises(CatgradError):
        simulate(broken(Serial((1, 2)), fault), samples, directory=tmp_path, alone=True).compare(
            model(samples, (1, 2))
        )


def test_a_design_that_stops(tmp_path: Path) -> None:
    running = Running(broken(Serial(), faults.drops_samples), directory=tmp_path)
    with pytest.raises(SimulationError) as error:
        running.stream(random(20), budget=200)
    assert re.fullmatch(
        r"cycle budget of 200 spent: 60 of 60 transfers on x, \d+ of \d+ transfers on y, \d+ of 40 "
        r"transfers on prediction\.",
        str(error.value),
    )


def test_a_design_that_goes_on(tmp_path: Path) -> None:
    running = Running(broken(Serial(), faults.always_offers), directory=tmp_path)
    with pytest.raises(SimulationError) as error:
        running.stream(random(40))
    assert str(error.value) == (
        "More than 80 words on prediction were offered; each sample gives one prediction."
    )


def test_samples_alone_are_for_engines() -> None:
    with pytest.raises(CatgradError) as error:
        simulate(Transducer(LMS.netlist()), random_samples(LMS.netlist(), 3), alone=True)
    assert str(error.value) == (
        "A design whose port shows its parameters with each prediction needs no samples alone; "
        "leave out alone=True."
    )


def test_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpp.shutil, "which", lambda _: None)
    monkeypatch.setattr(cpp, "find_spec", lambda _: None)
    with pytest.raises(CatgradError) as error:
        Running(Serial())
    assert str(error.value) == (
        "Simulating with cxxrtl needs a C++ compiler, which is not installed; get one with `sudo "
        "apt-get install g++` or `pip install ziglang`, or choose another evaluator."
    )
