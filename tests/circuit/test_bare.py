"""On short loops multiplier blocks have no registers, elsewhere they keep them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder
from catgrad.circuit.families import Delays
from catgrad.circuit.loops import loops
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.circuit.reassociate import constants_first, loop_parts
from catgrad.errors import CatgradError
from tests.circuit.learners import MODEL, in_flight, in_sequence, learners, random_samples

BARE = replace(MODEL, block_through=3000)
S8, S16 = Format(8, True), Format(16, True)


def recursion(sections: int = 1) -> Netlist:
    """``y[n] = (c x[n] - a y[n-1] + 8) >> 4`` in a row, each product in a block."""
    b = NetlistBuilder()
    before = b.input("state", [S16] * sections).tolist()
    [x] = b.input("x", [S8]).tolist()
    after = []
    for y in before:
        total = b.sub(b.mul(x, b.const(77)), b.mul(y, b.const(13)))
        x = int(b.wrap(b.shr(b.add(total, b.const(8)), 4), S16))
        after.append(x)
    b.output("prediction", x)
    b.output("state", np.array(after))
    return b.build()


def staged(netlist: Netlist, period_ps: int, model: Delays = BARE) -> Pipeline:
    return pipeline(netlist, period_ps, model, loops=loops(netlist), together=False)


def test_a_block_on_a_short_loop_gives_up_its_registers() -> None:
    netlist = recursion(2)
    assert staged(netlist, 12_000, MODEL).interval == 3
    plan = staged(netlist, 12_000)
    assert plan.interval == 1
    products = np.flatnonzero(netlist.kind == Kind.MUL)
    recursive = [cell for cell in products.tolist() if netlist.args[cell, 0] < 2]
    assert sorted(plan.bare) == recursive
    assert plan.cycles[products].tolist() == [0 if c in recursive else 2 for c in products]
    # A clock for which there is no time either.
    assert staged(netlist, 7_000).interval > 1


def test_a_refusal_names_what_bare_blocks_allow() -> None:
    netlist, closed = recursion(2), loops(recursion(2))

    def asked(period_ps: int, interval: int | None) -> Pipeline:
        return pipeline(netlist, period_ps, BARE, loops=closed, together=False, interval=interval)

    with pytest.raises(CatgradError) as error:
        asked(7_000, 1)
    assert str(error.value) == (
        "At a period of 7000 ps the loop through the cells 0 (input), 6 (mul), 9 (add), 10 (shr), "
        "11 (wrap) takes longer than the next sample waits, which comes after 1 cycles; ask for a "
        "period of 8700 ps (114.9 MHz) or more, or for an interval of 2 cycles."
    )
    assert asked(7_000, None).interval == asked(7_000, 2).interval == 2
    assert asked(8_700, 1).interval == 1
    with pytest.raises(CatgradError):
        asked(8_699, 1)


def test_a_clock_that_is_too_fast_for_bare_blocks_leaves_them_alone() -> None:
    plan = staged(recursion(), 3_800, replace(BARE, block_through=3_500))
    assert plan.bare == ()
    assert plan.interval == staged(recursion(), 3_800, MODEL).interval


@given(learners(), st.integers(5_000, 20_000), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_bare_blocks_change_no_number(netlist: Netlist, period_ps: int, seed: int) -> None:
    try:
        plan = staged(netlist, period_ps)
    except CatgradError:
        return  # A cell alone takes longer.
    assert plan.interval <= staged(netlist, period_ps, MODEL).interval
    samples = random_samples(netlist, 6, seed)
    assert in_flight(plan, samples) == in_sequence(netlist, samples)


@given(learners(), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_constants_come_first_and_change_no_number(netlist: Netlist, seed: int) -> None:
    after = constants_first(netlist, loops(netlist))
    samples = random_samples(netlist, 4, seed)
    assert in_sequence(after, samples) == in_sequence(netlist, samples)


def test_a_loop_waits_for_its_own_product_last() -> None:
    netlist = constants_first(recursion(), loops(recursion()))
    [shifted] = np.flatnonzero(netlist.kind == Kind.SHR).tolist()
    last = netlist.args[shifted, 0]
    assert netlist.kind[last] == Kind.SUB
    assert netlist.kind[netlist.args[last, 1]] == Kind.MUL
    begun = netlist.args[last, 0]
    assert netlist.kind[begun] == Kind.ADD
    assert Kind.CONST in netlist.kind[netlist.args[begun, :2]]


def test_sums_of_any_length_end_with_what_a_loop_waits_for() -> None:
    b = NetlistBuilder()
    state, [x] = b.input("state", [S8] * 500), b.input("x", [S8])
    total, *others = b.mul(state, x)
    for product in others:
        total = b.add(total, product)
    y = b.wrap(b.shr(b.add(total, b.const(8)), 4), S8)
    b.output("prediction", y)
    b.output("state", [b.wrap(b.sub(number, y), S8) for number in state])
    netlist = b.build()
    after = constants_first(netlist, loops(netlist))
    samples = random_samples(netlist, 4, 0)
    assert in_sequence(after, samples) == in_sequence(netlist, samples)


def test_cells_on_a_loop() -> None:
    netlist = recursion(2)
    part = loop_parts(netlist, loops(netlist))
    named = {int(number) for number in part if number >= 0}
    assert len(named) == 2
    assert (part[netlist.kind == Kind.CONST] == -1).all()
    for net in netlist.input("x").nets:
        assert part[net] == -1
