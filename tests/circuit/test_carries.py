"""Carries for rounding: the same numbers in fewer bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import (
    Format,
    Kind,
    Netlist,
    NetlistBuilder,
    evaluate,
    optimise,
)
from catgrad.circuit.carries import carries
from catgrad.circuit.splices import inverters, splices
from tests.circuit.strategies import batches, netlists


def agree(before: Netlist, after: Netlist, inputs: dict[str, np.ndarray]) -> None:
    for old, new in zip(before.inputs + before.outputs, after.inputs + after.outputs, strict=True):
        assert (new.name, new.formats, new.fractions) == (old.name, old.formats, old.fractions)
    expected, found = evaluate(before, inputs), evaluate(after, inputs)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in expected.items()}


@given(st.data())
def test_keeps_every_output(data: st.DataObject) -> None:
    before = optimise(data.draw(netlists(cells=20)))
    agree(before, carries(before), data.draw(batches(before)))


@st.composite
def shifted_sums(draw: st.DrawFn) -> Netlist:
    """Sums of shifted inputs and constants, shifted right."""
    b = NetlistBuilder()
    formats = draw(st.lists(st.builds(Format, st.integers(1, 7), st.booleans()), min_size=1))
    nets = [b.shl(x, draw(st.integers(0, 4))) for x in b.input("x", formats)]
    total = nets[0]
    for net in [*nets[1:], b.const(draw(st.integers(-40, 40)))]:
        pair = (total, net) if draw(st.booleans()) else (net, total)
        total = draw(st.sampled_from([b.add, b.sub]))(*pair)
    shown = [b.shr(total, draw(st.integers(0, 6)))]
    b.output("z", shown + [total] * draw(st.integers(0, 1)))
    return b.build()


@given(shifted_sums(), st.data())
def test_shifted_sums_are_the_same(before: Netlist, data: st.DataObject) -> None:
    agree(before, carries(before), data.draw(batches(before, most=20)))


@pytest.mark.parametrize("constant", range(-9, 10))
@pytest.mark.parametrize("sign", ["add", "sub"])
def test_every_constant_rounds_every_number(sign: str, constant: int) -> None:
    b = NetlistBuilder()
    w, g = b.input("x", [Format(3, True), Format(6, True)])
    low = getattr(b, sign)(b.const(constant), g)
    b.output("z", [b.shr(b.add(b.shl(w, 3), low), 3)])
    numbers = np.stack(np.meshgrid(range(-4, 4), range(-32, 32)), axis=-1).reshape(-1, 2)
    agree(b.build(), carries(b.build()), {"x": numbers})


def adders(netlist: Netlist) -> list[int]:
    """How many bits each adder adds, without what is mere wiring or inverters."""
    found = optimise(carries(netlist))
    adds = np.isin(found.kind, (Kind.ADD, Kind.SUB))
    adds &= (splices(found).at == 0) & ~inverters(found)
    return found.width[found.args[adds, :2]].max(axis=1).tolist()


def test_rounding_is_a_carry() -> None:
    b = NetlistBuilder()
    (x,) = b.input("x", [Format(32, True)])
    b.output("z", [b.shr(b.add(x, b.const(2048)), 12)])
    assert adders(b.build()) == [20]


def test_a_rounded_update_is_one_addition() -> None:
    b = NetlistBuilder()
    w, g = b.input("x", [Format(16, True), Format(16, True)])
    b.output("z", [b.shr(b.add(b.sub(b.shl(w, 5), g), b.const(16)), 5)])
    assert adders(b.build()) == [17]  # 16 bits, and the carry


def test_a_bias_is_added_with_the_carry_of_rounding() -> None:
    b = NetlistBuilder()
    total, bias = b.input("x", [Format(38, True), Format(16, True)])
    b.output("z", [b.shr(b.add(b.add(total, b.shl(bias, 12)), b.const(2048)), 12)])
    assert adders(b.build()) == [27]


def test_a_sum_that_is_read_twice_stays() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [Format(8, True)] * 2)
    total = b.add(b.shl(x, 2), y)
    b.output("z", [b.shr(total, 2), total])
    assert adders(b.build()) == [10]


def test_an_update_that_cannot_saturate_keeps_its_proved_range() -> None:
    """((w << 12) + g + 2048) >> 12 is w for |g| <= 2047, which the sum's format does not show."""
    b = NetlistBuilder()
    [w, g] = b.input("x", [Format(8, True), Format(12, True)])
    total = b.add(b.add(b.shl(w, 12), g), b.const(2048))
    b.output("y", [b.shr(total, 12)], [Format(8, True)])
    before = optimise(b.build())
    agree(before, carries(before), {"x": np.array([[-128, -2048], [127, 2047], [3, 1]])})
