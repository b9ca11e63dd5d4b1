"""Pipelines keep their promises, and can tell when one does not."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder
from catgrad.circuit.delays import delays_ps
from catgrad.circuit.pipeline import BLOCK_RAM_PS, Pipeline, pipeline
from catgrad.errors import CatgradError
from tests.circuit.strategies import netlists

periods = st.integers(1, 12_000)


def chain(length: int) -> Netlist:
    """Additions one after another, all equally wide: 1000 + 8 * 100 ps each."""
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)])
    net = x
    for _ in range(length):
        net = b.wrap(b.add(net, x), Format(8, True))
    b.output("z", net)
    return b.build()


@given(netlists(), periods)
def test_no_stage_takes_longer_than_the_period_or_a_single_cell(
    netlist: Netlist, period_ps: int
) -> None:
    plan = pipeline(netlist, period_ps).verify()
    alone = delays_ps(netlist).max(initial=0)
    assert plan.period_ps <= max(period_ps, alone)


@given(netlists(cells=6), periods)
@settings(max_examples=60)
def test_no_other_stages_have_fewer_register_bits(netlist: Netlist, period_ps: int) -> None:
    """By exhaustion, where no single cell takes longer than the period."""
    period_ps = max(period_ps, int(delays_ps(netlist).max(initial=0)))
    plan = pipeline(netlist, period_ps)
    free = np.flatnonzero(~np.isin(netlist.kind, (Kind.INPUT, Kind.CONST)))
    if (plan.latency + 1) ** len(free) > 3000:
        return
    for stages in product(range(plan.latency + 1), repeat=len(free)):
        stage = np.zeros(len(netlist), dtype=np.int64)
        stage[free] = stages
        other = Pipeline(netlist, stage, plan.latency)
        try:
            other.verify()
        except CatgradError:
            continue
        if other.period_ps <= period_ps:
            assert other.register_bits >= plan.register_bits


@given(netlists(), periods)
def test_registers_reach_from_where_a_net_is_computed_to_where_it_is_last_read(
    netlist: Netlist, period_ps: int
) -> None:
    plan = pipeline(netlist, period_ps)
    for net in range(len(netlist)):
        readers = [int(plan.reads[c]) for c, args in enumerate(netlist.args) if net in args]
        readers += [plan.latency for port in netlist.outputs if net in port.nets]
        expected = max(readers, default=plan.stage[net]) - plan.stage[net]
        assert plan.delay[net] == (0 if netlist.kind[net] == Kind.CONST else expected)


def test_equal_cells_in_a_chain() -> None:
    plan = pipeline(chain(6), 3600)
    additions = plan.netlist.kind == Kind.ADD
    assert plan.stage[additions].tolist() == [0, 0, 1, 1, 2, 2]
    assert (plan.latency, plan.period_ps) == (2, 3600)
    assert plan.register_bits == 4 * 8  # The sum and x, over each cut.


def test_registers_are_where_there_are_few_bits() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(20, True)])
    total = b.add(b.add(x, x), b.const([1]))
    b.output("z", b.fits(b.add(total, b.const([3])), Format(8, True)))
    plan = pipeline(b.build(), 7_000)
    assert (plan.latency, plan.register_bits) == (1, 22)
    plan = pipeline(b.build(), 9_500)
    assert (plan.latency, plan.register_bits) == (1, 21)


def test_a_large_table_takes_a_stage() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)])
    entry = b.lookup(x, range(128))
    b.output("z", [b.lookup(b.lookup(entry, range(128)), range(64))])
    plan = pipeline(b.build(), 100_000)
    assert plan.stage.tolist() == [0, 1, 2, 2]
    assert plan.reads.tolist() == [0, 0, 1, 2]
    assert (plan.latency, plan.register_bits) == (2, 0)
    assert plan.period_ps == BLOCK_RAM_PS + 3000


def test_a_netlist_without_logic_has_one_stage() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)])
    b.output("z", [b.shr(x, 1), b.const([3])])
    plan = pipeline(b.build(), 1)
    assert (plan.latency, plan.register_bits, plan.period_ps) == (0, 0, 0)


def refused(plan: Pipeline) -> str:
    with pytest.raises(CatgradError) as caught:
        plan.verify()
    return str(caught.value)


def test_each_fault_of_a_pipeline_is_named() -> None:
    plan = pipeline(chain(2), 2000)  # 0 input, 1 add, 2 wrap, 3 add, 4 wrap
    assert plan.stage.tolist() == [0, 0, 0, 1, 1]
    assert refused(replace(plan, stage=np.array([0, 0, 0, 1, 2]))) == (
        "Cell 4 (wrap) is in stage 2, but the pipeline has stages 0 to 1; put the cell in one of "
        "those."
    )
    assert refused(replace(plan, stage=np.array([1, 1, 1, 1, 1]))) == (
        "Cell 0 (input) is in stage 1, but inputs are right in stage 0; put it there."
    )
    assert refused(replace(plan, stage=np.array([0, 1, 0, 1, 1]))) == (
        "Cell 2 (wrap) reads in stage 0, but cell 1 (add) is right from stage 1 on; put a cell in "
        "the stage of what it reads or in a later one, a read of block RAM in a later one."
    )


def test_no_period_is_refused() -> None:
    with pytest.raises(CatgradError) as caught:
        pipeline(chain(1), 0)
    assert str(caught.value) == "A period of 0 ps is no time; give a pipeline at least 1 ps."
