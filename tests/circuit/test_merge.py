"""Merged netlists do the work of each."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, evaluate, verify
from catgrad.circuit.format import INT64_BITS
from catgrad.circuit.merge import merge, union
from tests.circuit.strategies import batches, formats, netlists


@st.composite
def relatives(draw: st.DrawFn) -> Netlist:
    """A netlist of one structure, with inputs of any formats."""
    b = NetlistBuilder()
    x, y = b.input("x", [draw(formats(9)), draw(formats(9))])
    (bit,) = b.input("bit", [draw(st.sampled_from([(1, False), (1, False), (2, True)]))])
    total = b.add(b.shl(x, 2), y)
    low = b.wrap(total, Format(draw(st.sampled_from([4, 5])), True))
    select = bit if b.format(bit) == (1, False) else b.gt(bit, b.const(0))
    limited = b.saturate(b.mux(select, total, low), Format(6, True))
    entry = b.lookup(limited, [3, 1, -4, draw(st.sampled_from([1, 2]))])
    b.output("z", [entry, b.fits(total, Format(7, True)), total], fractions=[0, 0, 2])
    return b.build()


@given(st.lists(relatives(), min_size=1, max_size=6), st.data())
def test_a_merged_netlist_computes_what_each_does(
    family: list[Netlist], data: st.DataObject
) -> None:
    merged, which = merge(family)
    assert sorted(set(which)) == list(range(len(merged)))
    for netlist, number in zip(family, which, strict=True):
        inputs = data.draw(batches(netlist))
        found, expected = evaluate(merged[number], inputs), evaluate(netlist, inputs)
        assert {k: v.tolist() for k, v in found.items()} == {
            k: v.tolist() for k, v in expected.items()
        }


@given(netlists())
def test_a_netlist_merges_with_itself(netlist: Netlist) -> None:
    merged, which = merge([netlist, netlist])
    assert which == (0, 0)
    assert merged == (netlist,)


def adder(width: int, signed: bool, limit: int = 6, constant: int = 3) -> Netlist:
    b = NetlistBuilder()
    x = b.input("x", [Format(width, signed)])
    b.output("z", b.saturate(b.add(x, b.const([constant])), Format(limit, True)))
    return b.build()


def test_formats_that_only_hold_numbers_become_the_widest() -> None:
    (merged,), which = merge([adder(8, True), adder(8, False), adder(5, True)])
    assert which == (0, 0, 0)
    assert [str(merged.format(net)) for net in range(len(merged))] == ["s9", "u2", "s10", "s6"]


def test_what_computes_differently_stays_apart() -> None:
    merged, which = merge([adder(8, True), adder(8, True, limit=7), adder(8, True, constant=4)])
    assert which == (0, 1, 2)
    assert len(merged) == 3


def test_a_select_stays_one_bit() -> None:
    """s1 * s1 and u1 * u1 are single bits, but with inputs for both the product would not be."""

    def chosen(signed: bool) -> Netlist:
        b = NetlistBuilder()
        x = b.input("x", [Format(1, signed)] * 2)
        b.output("z", [b.mux(b.mul(*x), b.const(5), b.const(6))])
        return verify(b.build())

    assert merge([chosen(False), chosen(True), chosen(False)])[1] == (0, 1, 0)


@given(st.lists(formats(INT64_BITS), min_size=1, max_size=4))
def test_a_union_is_the_smallest_format_that_holds_all(family: list[Format]) -> None:
    whole = union(family)
    assert whole.min <= min(f.min for f in family)
    assert whole.max >= max(f.max for f in family)
    less = Format(whole.width - 1, whole.signed)
    assert whole.width == 1 or any(f.min < less.min or f.max > less.max for f in family)


def test_fractions_stay_where_all_agree() -> None:
    def shown(fraction: int) -> Netlist:
        netlist = adder(8, True)
        ports = tuple(replace(port, fractions=(fraction,)) for port in netlist.outputs)
        return verify(replace(netlist, outputs=ports))

    assert merge([shown(3), shown(3)])[0][0].outputs[0].fractions == (3,)
    assert merge([shown(3), shown(4)])[0][0].outputs[0].fractions is None


def test_kinds_are_compared() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)])
    b.output("z", b.saturate(b.sub(x, b.const([3])), Format(6, True)))
    assert np.count_nonzero(b.build().kind == Kind.SUB) == 1
    assert merge([adder(8, True), b.build()])[1] == (0, 1)
