"""The bench finds what a broken design does, and says it in a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catgrad.errors import CatgradError
from sim import SimulationError, expected, random_samples, simulate
from tests.sim import broken as faults
from tests.sim.broken import Fault, broken
from tests.sim.cases import CASES

RULES: dict[Fault, str] = {
    faults.withdraws_offers: r"prediction\.valid fell in cycle \d+ before prediction\.ready had "
    r"risen; a payload stays offered until it is taken\.",
    faults.changes_offers: r"prediction\.payload changed from 0x\w+ to 0x\w+ in cycle \d+ before "
    r"prediction\.ready had risen; a payload stays as it is until it is taken\.",
    faults.waits_for_ready: r"cycle budget of 3000 spent: \d+ of 40 predictions arrived\.",
    faults.drops_samples: r"cycle budget of 3000 spent: \d+ of 40 predictions arrived\.",
    faults.repeats_samples: r"prediction \d+ arrived in cycle \d+, after \d+ samples; each of "
    r"those gives one\.",
    faults.repeats_the_last: r"prediction 41 arrived in cycle \d+, after 40 samples; each of those "
    r"gives one\.",
    faults.takes_a_spare_target: r"target \d+ was taken in cycle \d+, after \d+ samples with "
    r"train = 1; each of those takes one\.",
    faults.always_takes_targets: r"target \d+ was taken in cycle \d+, after \d+ samples with "
    r"train = 1; each of those takes one\.",
    faults.never_takes_targets: r"0 of \d+ targets were taken; each sample with train = 1 takes "
    r"one\.",
    faults.always_learns: r"target \d+ was taken in cycle \d+, after \d+ samples with train = 1; "
    r"each of those takes one\.",
    faults.miscounts: r"samples is 0 in cycle \d+, after 1 predictions; it counts them\.",
    faults.mixes_up_addresses: r"parameter 0 is fetched as -?\d+ after the last sample, but the "
    r"port parameters shows -?\d+\.",
    faults.answers_unasked: r"parameter 1 was fetched in cycle \d+, after 0 addresses; each of "
    r"those gives one\.",
}
"""Faults that break a rule of the streams, and what the bench says to each."""

WRONG: dict[Fault, str] = {
    faults.looks_always: r"Sample \d+: \w+\[\d\] is -?\d+ in amaranth but -?\d+ in netlist\.",
    faults.looks_late: r"Sample \d+: \w+\[\d\] is -?\d+ in amaranth but -?\d+ in netlist\.",
    faults.shows_wrong_parameters: r"Sample 4: parameters\[0\] is -?\d+ in amaranth but -?\d+ in "
    r"netlist\.",
}
"""Faults that only show in the integers."""

NETLIST = CASES[1].netlist()
SAMPLES = random_samples(NETLIST, 40)


@pytest.mark.parametrize("fault", RULES, ids=lambda fault: fault.__name__)
def test_broken_rules_are_found(fault: Fault, tmp_path: Path) -> None:
    with pytest.raises(SimulationError) as error:
        simulate(broken(NETLIST, fault), SAMPLES, budget=3000, directory=tmp_path)
    (waveform,) = tmp_path.iterdir()
    sentence, where = str(error.value).split(" The waveform is ")
    assert re.fullmatch(RULES[fault], sentence)
    assert where == f"{waveform}."


@pytest.mark.parametrize("fault", WRONG, ids=lambda fault: fault.__name__)
def test_wrong_integers_are_found(fault: Fault) -> None:
    trace = simulate(broken(NETLIST, fault), SAMPLES)
    with pytest.raises(CatgradError) as error:
        trace.compare(expected(NETLIST, SAMPLES))
    assert re.fullmatch(WRONG[fault], str(error.value))


def test_no_prediction_may_follow_the_last(tmp_path: Path) -> None:
    """Also where no parameters are fetched meanwhile."""
    netlist = CASES[2].netlist()
    with pytest.raises(SimulationError) as error:
        simulate(
            broken(netlist, faults.repeats_the_last),
            random_samples(netlist, 40),
            directory=tmp_path,
        )
    assert re.match(RULES[faults.repeats_the_last], str(error.value))


def test_designs_are_reset_first() -> None:
    trace = simulate(broken(NETLIST, faults.works_after_reset), SAMPLES)
    trace.compare(expected(NETLIST, SAMPLES))
