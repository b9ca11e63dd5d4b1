"""Payloads hold integers side by side."""

from __future__ import annotations

import re

from amaranth.back import rtlil
from amaranth.hdl import Const, signed, unsigned
from amaranth.lib import data
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit.format import Format
from catgrad.hdl.layout import elements, layout_of, shape_of
from catgrad.hdl.transducer import Transducer
from tests.hdl.netlists import random_netlist

formats = st.builds(Format, st.integers(1, 9), st.booleans())


@given(st.lists(formats, min_size=1, max_size=6))
def test_elements_lie_side_by_side_from_the_lowest_bit(formats: list[Format]) -> None:
    layout = layout_of(formats)
    assert [field.offset for _, field in layout] == [
        sum(format.width for format in formats[:i]) for i in range(len(formats))
    ]
    assert layout.size == sum(format.width for format in formats)
    parts = elements(data.View(layout, Const(0, layout.size)))
    assert [part.shape() for part in parts] == [shape_of(format) for format in formats]


def test_equal_formats_are_an_array_and_others_a_structure() -> None:
    s8, u4 = Format(8, True), Format(4, False)
    assert layout_of([s8, s8]) == data.ArrayLayout(signed(8), 2)
    assert layout_of([s8, u4]) == data.StructLayout({"0": signed(8), "1": unsigned(4)})


def test_no_element_is_named_like_a_bit() -> None:
    """Yosys calls bit 0 of `x` by the name `x[0]` in synthesis, and stops if that is taken."""
    for seed in range(4):
        text = rtlil.convert(Transducer(random_netlist(seed)))
        wires = re.findall(r"^ *wire .* (\S+)$", text, re.MULTILINE)
        assert r"\x__payload" in wires
        assert [name for name in wires if re.search(r"\[\d+\]$", name)] == []
