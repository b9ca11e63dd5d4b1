"""Long sums of many terms in parts, whose carries are added at the end."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, evaluate, optimise
from catgrad.circuit.chains import short_chains
from catgrad.circuit.halves import halves
from catgrad.circuit.paths import alone_ps
from catgrad.circuit.pipeline import pipeline
from catgrad.circuit.timing import timing
from tests.circuit.learners import MODEL
from tests.circuit.strategies import batches, formats, netlists

PERIOD = 3_600
"""A carry chain of at most 18 bits."""


def sum_netlist(terms: list[Format], balanced: bool = True) -> Netlist:
    b = NetlistBuilder()
    nets = b.input("x", terms).tolist()
    while len(nets) > 1:
        nets = (
            [*nets[2:], b.add(nets[0], nets[1])]
            if balanced
            else [
                b.add(nets[0], nets[1]),
                *nets[2:],
            ]
        )
    b.output("z", nets)
    return b.build()


@settings(max_examples=60, deadline=None)
@given(
    st.data(),
    st.lists(formats(50), min_size=2, max_size=9),
    st.integers(PERIOD, 7_000),
    st.booleans(),
)
def test_sums_in_halves_are_the_same(
    data: st.DataObject, terms: list[Format], period_ps: int, balanced: bool
) -> None:
    netlist = sum_netlist(terms, balanced)
    parts = halves(netlist, MODEL, period_ps)
    inputs = data.draw(batches(netlist))
    assert evaluate(parts, inputs)["z"].tolist() == evaluate(netlist, inputs)["z"].tolist()
    if len(terms) > 2:
        assert alone_ps(timing(parts, MODEL, period_ps)).max() <= period_ps


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(PERIOD, 7_000))
def test_nothing_else_changes(data: st.DataObject, period_ps: int) -> None:
    netlist = data.draw(netlists(cells=15).map(optimise) | netlists(cells=15))
    parts = halves(netlist, MODEL, period_ps)
    inputs = data.draw(batches(netlist))
    expected, found = evaluate(netlist, inputs), evaluate(parts, inputs)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in expected.items()}


def test_a_part_that_others_read_stays() -> None:
    """A sum within a sum is needed whole where something else reads it."""
    b = NetlistBuilder()
    x = b.input("x", [Format(32, True)] * 4)
    inner = b.add(x[0], x[1])
    b.output("z", [b.add(b.add(inner, x[2]), x[3]), b.shr(inner, 3)])
    netlist = b.build()
    parts = halves(netlist, MODEL, PERIOD)
    inputs = {"x": np.array([[-1, 1 << 30, 5, -(1 << 31)]])}
    assert evaluate(parts, inputs)["z"].tolist() == evaluate(netlist, inputs)["z"].tolist()


def test_a_sum_as_deep_as_it_is_long() -> None:
    """Deeper than functions may call themselves."""
    netlist = sum_netlist([Format(40, True)] * 1_100, balanced=False)
    parts = halves(netlist, MODEL, 7_000)
    assert len(parts) > 2 * len(netlist)
    x = np.random.default_rng(0).integers(-(1 << 39), 1 << 39, (1, 1_100))
    assert evaluate(parts, {"x": x})["z"].tolist() == [[x.sum()]]


def test_fewer_registers_than_one_addition_after_the_other() -> None:
    netlist = sum_netlist([Format(32, True)] * 8)

    def bits(of: Netlist) -> int:
        return pipeline(optimise(short_chains(of, MODEL, PERIOD)), PERIOD, MODEL).register_bits

    assert bits(halves(netlist, MODEL, PERIOD)) < 0.6 * bits(netlist)
    # In three parts, with two carries between them; two more are no more than wires.
    assert (halves(netlist, MODEL, PERIOD).kind == Kind.ADD).sum() == 3 * 7 + 2 + 2
