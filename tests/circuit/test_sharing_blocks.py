"""Products that take turns on multiplier blocks."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder
from catgrad.circuit.families import DELAYS
from catgrad.circuit.loops import loops
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.circuit.turns import Turn, groups
from catgrad.errors import CatgradError
from tests.circuit.learners import MODEL

S8, S12 = Format(8, True), Format(12, True)
PERIOD = 6_000


def products_netlist(pairs: list[tuple[int, int]], operands: int) -> Netlist:
    """A product of each pair of inputs."""
    b = NetlistBuilder()
    x = b.input("x", [S12] * operands)
    b.output("z", [b.mul(x[i], x[j]) for i, j in pairs])
    return b.build()


def blocks(plan: Pipeline) -> int:
    """How many multiplier blocks a pipeline has."""
    return int(plan.in_block.sum()) - len(plan.turns)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=14), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_every_block_has_a_product_in_every_slot(pairs: list[tuple[int, int]], beat: int) -> None:
    plan = pipeline(products_netlist(pairs, 6), PERIOD, MODEL, beat=beat)
    assert blocks(plan) == -(-len(pairs) // beat)
    for cells in groups(plan.turns):
        slots = plan.reads[list(cells)] % beat
        assert len(set(slots.tolist())) == len(cells)


def late_netlist(delay: int) -> Netlist:
    """One weight that learns late, and so two products, the second of which needs the first."""
    b = NetlistBuilder()
    (w,), queue = b.input("parameters", [S8]), b.input("late", [S8] * delay)
    (x,), (y,) = b.input("x", [S8]), b.input("y", [S8])
    error = b.wrap(b.sub(y, b.shr(b.mul(w, x), 7)), S8)
    b.output("prediction", [error])
    b.output("parameters", [b.saturate(b.add(w, queue[-1]), S8)])
    b.output("late", [b.wrap(b.shr(b.mul(error, x), 7), S8), *queue[:-1]])
    return b.build()


def late_pipeline(delay: int, beat: int, period_ps: int = PERIOD) -> Pipeline:
    netlist = late_netlist(delay)
    closed = loops(netlist, ["parameters", "late"])
    return pipeline(netlist, period_ps, MODEL, loops=closed, free=("y",), together=False, beat=beat)


@pytest.mark.parametrize("beat", [2, 3, 4])
def test_loops_close_in_slots_of_their_own(beat: int) -> None:
    plan = late_pipeline(6, beat)
    assert (blocks(plan), plan.interval, plan.beat) == (1, beat, beat)
    [(first, second, later)] = plan.turns
    assert later == plan.stage[second] - plan.stage[first]
    assert later % beat


def test_a_product_that_finds_no_slot_has_its_own_block() -> None:
    """Where the choice of an operand does not fit before a block, or a loop has no time."""
    assert blocks(late_pipeline(8, 2, 3_400)) == 2
    tight = _interval(1, 5_000)
    assert blocks(late_pipeline(1, tight + 1, 5_000)) == 1
    assert late_pipeline(1, tight, 5_000).interval == tight


def _interval(delay: int, period_ps: int) -> int:
    netlist = late_netlist(delay)
    closed = loops(netlist, ["parameters", "late"])
    return pipeline(netlist, period_ps, MODEL, loops=closed, free=("y",), together=False).interval


def test_products_of_one_number_share_a_block() -> None:
    """So that this operand needs no multiplexer."""
    netlist = products_netlist([(0, 1), (2, 3), (4, 3), (1, 5)], 6)
    plan = pipeline(netlist, PERIOD, MODEL, beat=2)
    for cells in groups(plan.turns):
        first, second = (set(netlist.args[cell, :2].tolist()) for cell in cells)
        assert first & second


def test_a_register_holds_for_a_beat() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [Format(32, True)] * 2)
    z = b.add(x, y)
    for _ in range(6):
        z = b.add(b.wrap(z, Format(32, True)), y)
    b.output("z", [z])
    netlist = b.build()
    bits = [pipeline(netlist, 4_300, MODEL, beat=beat).register_bits for beat in (1, 2, 3, 7)]
    assert bits == sorted(bits, reverse=True)
    assert bits[-1] == bits[0] / 2  # what is passed on at once stays


def test_an_interval_that_is_too_short() -> None:
    with pytest.raises(CatgradError) as error:
        late_pipeline(1, 2)
    interval = _interval(1, PERIOD)
    assert interval > 2
    plan = late_pipeline(1, interval)
    way = re.search("through the cells (.*) takes", str(error.value))
    assert way is not None
    for cell in way[1].split(", "):
        assert cell.endswith(f"({Kind(plan.netlist.kind[int(cell.split()[0])])})")
    assert str(error.value) == (
        f"At a period of {PERIOD} ps the loop through the cells {way[1]} takes longer than the "
        f"next sample waits, which comes after 2 cycles; no period is long enough; ask for an "
        f"interval of {interval} cycles."
    )


def sentence(plan: Pipeline) -> str:
    with pytest.raises(CatgradError) as error:
        plan.verify()
    return str(error.value)


def test_a_pipeline_finds_turns_that_are_none() -> None:
    plan = late_pipeline(6, 2)
    [(first, second, _)] = plan.turns
    reads, kind = plan.reads, plan.netlist.kind
    other = int(np.flatnonzero(kind == Kind.ADD)[0])
    turns = (Turn(first, other, 1),)
    assert sentence(replace(plan, turns=turns)) == (
        f"Cell {other} (add) takes turns with cell {first}, but is in no multiplier block; let it "
        f"have logic of its own."
    )
    assert sentence(replace(plan, beat=1)) == (
        f"Cell {second} (mul) takes turns with cell {first}, but reads in stage {reads[second]}, "
        f"and that one in stage {reads[first]}, while samples are 1 cycles apart; give each a slot "
        f"of its own."
    )


def test_families_without_blocks_share_none() -> None:
    netlist = products_netlist([(0, 1), (2, 3)], 4)
    plan = pipeline(netlist, 100_000, DELAYS["ice40hx"], beat=2)
    assert plan.turns == ()
