"""Tests of ranges read upper bits, and mean the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, NetlistBuilder, evaluate
from catgrad.circuit.top_bits import top_bits
from tests.circuit.strategies import batches, netlists


@given(st.data())
def test_keeps_every_output(data: st.DataObject) -> None:
    before = data.draw(netlists(cells=20))
    inputs = data.draw(batches(before))
    expected, found = evaluate(before, inputs), evaluate(top_bits(before), inputs)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in expected.items()}


@pytest.mark.parametrize("wide", [Format(7, True), Format(7, False), Format(1, True)])
@pytest.mark.parametrize("format", [Format(4, True), Format(4, False), Format(1, True)])
def test_whether_a_number_fits(wide: Format, format: Format) -> None:
    b = NetlistBuilder()
    b.output("y", b.fits(b.input("x", [wide]), format))
    x = np.arange(wide.min, wide.max + 1)
    found = evaluate(top_bits(b.build()), {"x": x[:, None]})["y"][:, 0]
    assert found.tolist() == ((format.min <= x) & (x <= format.max)).tolist()


def test_only_two_bits_wait() -> None:
    b = NetlistBuilder()
    b.output("y", b.fits(b.input("x", [Format(25, True)]), Format(24, True)))
    netlist = top_bits(b.build())
    fits = netlist.kind == Kind.FITS
    assert netlist.width[netlist.args[fits, 0]].tolist() == [2]
