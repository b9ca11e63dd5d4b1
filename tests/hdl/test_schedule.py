"""Schedules keep their promises, and can tell when one does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.delays import delays_ps
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.errors import CatgradError
from catgrad.hdl.schedule import Schedule, schedule
from tests.hdl.netlists import netlists


def chain(length: int) -> Netlist:
    """Additions one after another, all equally wide: 1000 + 8 * 100 ps each."""
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)])
    net = x
    for _ in range(length):
        net = b.wrap(b.add(net, x), Format(8, True))
    b.output("z", net)
    return b.build()


@given(netlists(cells=60), st.integers(1, 8))
def test_a_schedule_verifies(netlist: Netlist, cycles: int) -> None:
    assert schedule(netlist, cycles).verify().cycles == cycles


@given(netlists(cells=60))
def test_one_cycle_needs_no_registers_and_takes_the_longest_path(netlist: Netlist) -> None:
    plan = schedule(netlist, 1)
    delay = delays_ps(netlist)
    ready = np.zeros(len(netlist), dtype=np.int64)
    for cell, args in enumerate(netlist.args.tolist()):
        ready[cell] = delay[cell] + max([ready[arg] for arg in args if arg >= 0], default=0)
    assert plan.register_bits == 0
    assert plan.period_ps == max(ready.max(), 1)


@given(netlists(cells=60), st.integers(1, 8))
def test_the_period_is_the_shortest(netlist: Netlist, cycles: int) -> None:
    """By exhaustion: with a shorter one, cells as early as possible need more cycles."""
    plan = schedule(netlist, cycles)
    delay = delays_ps(netlist).tolist()
    shorter = plan.period_ps - 1
    if shorter >= max(delay):
        place = [(0, 0)] * len(netlist)
        for cell, args in enumerate(netlist.args.tolist()):
            cycle, ready = max([place[arg] for arg in args if arg >= 0], default=(0, 0))
            fits = ready + delay[cell] <= shorter
            place[cell] = (cycle, ready + delay[cell]) if fits else (cycle + 1, delay[cell])
        assert max(place)[0] >= cycles


@given(netlists(cells=60), st.integers(1, 8))
def test_more_cycles_never_need_a_longer_period(netlist: Netlist, cycles: int) -> None:
    assert schedule(netlist, cycles + 1).period_ps <= schedule(netlist, cycles).period_ps


@given(netlists(cells=60), st.integers(1, 8))
def test_registers_are_where_a_later_cycle_reads(netlist: Netlist, cycles: int) -> None:
    plan = schedule(netlist, cycles)
    expected = {
        arg
        for cell, args in enumerate(netlist.args.tolist())
        for arg in args
        if arg >= 0
        and plan.cycle[arg] < plan.cycle[cell]
        and netlist.kind[arg] not in (Kind.INPUT, Kind.CONST)
    }
    assert set(np.flatnonzero(plan.registered).tolist()) == expected
    assert plan.register_bits == sum(netlist.width[list(expected)].tolist())


def test_equal_cells_in_a_chain_spread_evenly() -> None:
    plan = schedule(chain(6), 3)
    additions = plan.netlist.kind == Kind.ADD
    assert plan.cycle[additions].tolist() == [0, 0, 1, 1, 2, 2]
    assert plan.period_ps == 3600
    assert plan.register_bits == 16  # Wrapped to 8 bits in the cycle of the addition.


def test_cycles_beyond_need_stay_empty() -> None:
    plan = schedule(chain(2), 5)
    assert plan.cycle.max() == 1
    assert plan.period_ps == 1800


def test_a_netlist_of_wires_has_a_schedule() -> None:
    assert schedule(chain(0), 2).verify().period_ps == 1


def refused(plan: Schedule) -> str:
    with pytest.raises(CatgradError) as caught:
        plan.verify()
    return str(caught.value)


def test_each_fault_of_a_schedule_is_named() -> None:
    plan = schedule(chain(2), 2)  # 0 input, 1 add, 2 wrap, 3 add, 4 wrap
    assert plan.cycle.tolist() == [0, 0, 0, 1, 1]
    assert refused(replace(plan, cycle=np.array([0, 0, 0, 1, 2]))) == (
        "Cell 4 (wrap) is in cycle 2, but the schedule has 2 cycles, numbered from 0."
    )
    assert refused(replace(plan, cycle=np.array([0, 1, 0, 1, 1]))) == (
        "Cell 2 (wrap) is in cycle 0 but reads cell 1 (add) of cycle 1; a cell has to be in the "
        "cycle of what it reads, or in a later one."
    )
    assert refused(replace(plan, cycle=np.array([0, 1, 1, 1, 1]))) == (
        "Cell 3 (add) is ready 3600 ps into cycle 1, but the period is 1800 ps; allow more cycles "
        "or a longer period."
    )


def test_no_cycles_are_refused() -> None:
    with pytest.raises(CatgradError) as caught:
        schedule(chain(1), 0)
    assert str(caught.value) == "A schedule of 0 cycles cannot compute; give it at least 1."
