"""A timetable forms every product once, reads nothing too early, and idles only where it has to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import signal

from catgrad import Formats, dsp
from catgrad.serial import Sums, alike, program, sums_of, timetable
from catgrad.serial.timetable import LANDS, Timetable
from tests.serial.netlists import sums

FORMATS = Formats.uniform(16, 14)


def of(model: object, formats: Formats = FORMATS) -> Timetable:
    return timetable(alike(sums_of(dsp.Filter(model).hardware(formats).netlist), 16))


@settings(max_examples=100)
@given(sums=sums())
def test_laws(sums: Sums) -> None:
    table = timetable(sums)
    found, inputs, interval = table.sums.sums, len(table.sums.inputs), table.interval
    issues = [issue for issue in table.issues if issue is not None]
    assert sorted(issues) == [(k, i) for k, s in enumerate(found) for i in range(len(s.terms))]
    # The accumulator has one sum at a time.
    assert [k for k, _ in issues] == [
        k for k in dict.fromkeys(k for k, _ in issues) for _ in found[k].terms
    ]
    for cycle, issue in enumerate(table.issues):
        if issue is None:
            continue
        line, age = found[issue[0]].terms[issue[1]].number
        # One is stored at the end of the cycle in which it lands, or in one before its wait ends.
        ready = table.waits[line] if line < inputs else table.lands[line - inputs] + 1
        assert cycle + age * interval >= ready
    for k in range(len(found)):
        last = max(t for t, issue in enumerate(table.issues) if issue and issue[0] == k)
        assert table.lands[k] == last + LANDS
    # The prediction before is complete before anything waits for a sample that may never come.
    # Nothing of a sample is counted before it has come.
    assert table.finish - interval < min(table.waits) <= max(table.waits) < min(table.lands)
    assert len(set(table.waits)) == inputs


@given(sums=sums())
def test_the_ring_has_room(sums: Sums) -> None:
    steps = program(timetable(sums))
    needed = sum(age + 1 for age in steps.timetable.sums.ages) + len(steps.timetable.sums.inputs)
    assert steps.words >= needed or steps.words == 2
    assert steps.words & (steps.words - 1) == 0
    assert {len(column) for column in steps.columns.values()} == {steps.interval + 1}


@pytest.mark.parametrize("sections", [2, 3])
def test_a_cascade_of_biquads_takes_five_cycles_a_section(sections: int) -> None:
    sos = dsp.balanced(signal.butter(2 * sections, 0.2, output="sos"))
    table = of(dsp.biquads(sos, bits=14))
    assert table.interval == table.sums.products == 5 * sections


@pytest.mark.parametrize("taps", [5, 16, 64])
def test_a_filter_takes_a_cycle_a_tap(taps: int) -> None:
    table = of(dsp.fir(np.arange(1, taps + 1) / 256))
    assert table.interval == taps


def test_a_chain_without_other_products_waits_for_each() -> None:
    model = dsp.fir([0.5]) >> dsp.fir([0.25]) >> dsp.fir([0.125])
    assert of(model).interval == 3 * (LANDS + 1)
