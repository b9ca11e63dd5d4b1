"""Netlists without multiplications by constants compute what they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, evaluate, optimise, to_text
from catgrad.circuit.constants import ConstantMap, ShiftAndAdd, shifts_and_adds
from catgrad.circuit.constants.linear import Linearity
from catgrad.errors import CatgradError
from tests.circuit.strategies import batches, netlists


@settings(max_examples=150)
@given(st.data())
def test_every_netlist_computes_the_same(data: st.DataObject) -> None:
    netlist = data.draw(netlists())
    inputs = data.draw(batches(netlist))
    for before in (netlist, optimise(netlist)):
        after, _ = shifts_and_adds(before, ShiftAndAdd(rounds=2), data.draw(st.booleans()))
        found, expected = evaluate(after, inputs), evaluate(before, inputs)
        assert {name: found[name].tolist() for name in found} == {
            name: expected[name].tolist() for name in expected
        }
        shown = [[port.formats for port in n.outputs] for n in (before, after)]
        assert shown[0] == shown[1]


def network(seed: int = 0) -> Netlist:
    """Two layers with biases, the first one read by the second and by an output."""
    random = np.random.default_rng(seed)
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)] * 4)
    for i, (rows, columns) in enumerate([(5, 4), (3, 5)]):
        products = b.mul(x[None, :], b.const(random.integers(-50, 50, (rows, columns))))
        total = products[:, 0]
        for column in range(1, columns):
            total = b.add(total, products[:, column])
        total = b.add(total, b.const(random.integers(-999, 999, rows)))
        x = b.saturate(b.shr(total, 5), Format(8, True))
        b.output(f"layer_{i}", x)
    return optimise(b.build())


def test_layers_are_maps_of_their_own() -> None:
    netlist = network()
    after, maps = shifts_and_adds(netlist, ShiftAndAdd(depth=6, rounds=50))
    assert [(m.rows, m.columns) for m in maps] == [(5, 4), (3, 5)]
    assert all(m.depth <= 6 for m in maps)
    assert not (optimise(after).kind == Kind.MUL).any()
    x = np.random.default_rng(1).integers(-128, 128, (200, 4))
    found, expected = evaluate(optimise(after), {"x": x}), evaluate(netlist, {"x": x})
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_what_is_said_of_a_map() -> None:
    assert str(ConstantMap(2, 3, 5, 7, 80, 4)) == (
        "2 x 3: 5 products with constants in 7 adders of 80 bits, 4 deep"
    )


def test_stages_grow_where_cells_are_not_linear() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)] * 2)
    product = b.mul(x[0], x[1])
    total = b.add(b.mul(product, b.const(3)), b.mul(x[0], b.const(5)))
    half = b.shr(total, 2)
    b.output("y", [half, total])
    linearity = Linearity(b.build())
    [[linear]] = linearity.maps.values()
    assert linearity.stage[int(product)] == linearity.stage[int(total)] == 0
    assert linearity.stage[int(half)] == 1
    assert linear.nets == (int(total),)
    assert linear.forms == ({int(product): 3, int(x[0]): 5},)


def test_constants_too_wide_stay_products() -> None:
    b = NetlistBuilder()
    [x] = b.input("x", [Format(8, True)])
    b.output("y", [b.mul(x, b.const(3**40))])
    netlist = optimise(b.build())
    after, maps = shifts_and_adds(netlist)
    assert maps == ()
    assert (after.kind == Kind.MUL).sum() == 1


def test_a_small_filter(golden: Callable[[str, str], None]) -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)] * 3)
    taps = b.const(np.array([[5, 11, 5], [5, -11, 5]]))
    products = b.mul(x[None, :], taps)
    sums = b.add(b.add(products[:, 0], products[:, 1]), products[:, 2])
    b.output("y", b.shr(b.add(sums, b.const(8)), 4))
    netlist = optimise(b.build())
    golden("filter.txt", to_text(netlist))
    shifted, _ = shifts_and_adds(netlist, ShiftAndAdd(rounds=0))
    golden("filter_shifted.txt", to_text(optimise(shifted)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"depth": 0},
            (
                "ShiftAndAdd needs a whole number for depth, at least 1, not 0; write "
                "ShiftAndAdd(depth=8)."
            ),
        ),
        (
            {"slack": -1},
            (
                "ShiftAndAdd needs a whole number for slack, at least 0, not -1; write "
                "ShiftAndAdd(slack=2)."
            ),
        ),
        (
            {"rounds": 1.5},
            (
                "ShiftAndAdd needs a whole number for rounds, at least 0, not 1.5; write "
                "ShiftAndAdd(rounds=200)."
            ),
        ),
    ],
)
def test_mistakes(options: Any, message: str) -> None:
    with pytest.raises(CatgradError) as caught:
        ShiftAndAdd(**options)
    assert str(caught.value) == message
