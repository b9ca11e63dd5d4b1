"""Long additions in parts that fit a stage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, NetlistBuilder, evaluate, optimise
from catgrad.circuit.chains import short_chains
from catgrad.circuit.paths import alone_ps
from catgrad.circuit.pipeline import pipeline
from catgrad.circuit.timing import timing
from catgrad.errors import CatgradError
from tests.circuit.learners import MODEL
from tests.circuit.strategies import batches, formats, netlists

PERIOD = 3_600
"""A carry chain of at most 18 bits."""


@settings(max_examples=60, deadline=None)
@given(st.data(), formats(70), formats(70), st.integers(PERIOD, 7_000))
def test_sums_in_parts_are_the_same_and_fit(
    data: st.DataObject, first: Format, second: Format, period_ps: int
) -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [first, second])
    b.output("z", [b.add(x, y), b.sub(x, y), b.add(x, x)])
    netlist = b.build()
    parts = short_chains(netlist, MODEL, period_ps)
    inputs = data.draw(batches(netlist))
    assert evaluate(parts, inputs)["z"].tolist() == evaluate(netlist, inputs)["z"].tolist()
    assert alone_ps(timing(parts, MODEL, period_ps)).max() <= period_ps


def test_a_chain_whose_neighbour_was_cut_is_cut_too() -> None:
    """That makes more readers of what both read, and so longer wires."""
    b = NetlistBuilder()
    x, y = b.input("x", [Format(21, False), Format(23, False)])
    b.output("z", [b.add(x, y), b.sub(x, y), b.add(x, x)])
    parts = short_chains(b.build(), MODEL, PERIOD)
    assert alone_ps(timing(parts, MODEL, PERIOD)).max() <= PERIOD


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(PERIOD, 7_000))
def test_nothing_else_changes(data: st.DataObject, period_ps: int) -> None:
    netlist = data.draw(netlists(cells=15).map(optimise) | netlists(cells=15))
    parts = short_chains(netlist, MODEL, period_ps)
    inputs = data.draw(batches(netlist))
    expected, found = evaluate(netlist, inputs), evaluate(parts, inputs)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in expected.items()}


def test_a_long_sum_takes_two_stages() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(32, True)] * 2)
    b.output("z", b.add(x[0], x[1]))
    netlist = b.build()
    with pytest.raises(CatgradError):
        pipeline(netlist, PERIOD, MODEL)
    plan = pipeline(optimise(short_chains(netlist, MODEL, PERIOD)), PERIOD, MODEL)
    assert plan.latency == 1
    assert np.isin(plan.netlist.kind, (Kind.ADD,)).sum() == 5  # two of them are no more than wires
