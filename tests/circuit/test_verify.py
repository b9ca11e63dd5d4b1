"""Each fault of a netlist is told in one sentence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from catgrad.circuit import BIT, Format, Kind, Netlist, Port, parse, verify
from catgrad.errors import CatgradError
from tests.circuit.strategies import netlists

TEXT = """
input x
  %0 : s8
  %1 : u8
table @0
  3 1 4 1
cells
  %2 = add %0 %1 : s10
  %3 = gt %0 %1 : u1
  %4 = mux %3 %0 %2 : s10
  %5 = shr %4 2 : s8
  %6 = fits %4 s8 : u1
  %7 = lookup %2 @0 : u3
  %8 = const -5 : s4
output y
  %5 : s8
  %7 : u3
"""


@given(netlists())
def test_random_netlists_are_valid(netlist: Netlist) -> None:
    assert verify(netlist) is netlist


def fault(netlist: Netlist) -> str:
    with pytest.raises(CatgradError) as caught:
        verify(netlist)
    return str(caught.value)


def with_cell(number: int, **columns: Any) -> Netlist:
    """The netlist of the text, but with other values in the columns of one cell."""
    netlist = parse(TEXT)
    changed = {}
    for name, value in columns.items():
        column = getattr(netlist, name).copy()
        column[number] = value
        changed[name] = column
    return replace(netlist, **changed)


@pytest.mark.parametrize(
    ("number", "columns", "sentence"),
    [
        (5, {"kind": 13}, "Cell 5 has kind 13, but kinds are from 0 to 12."),
        (5, {"kind": -1}, "Cell 5 has kind -1, but kinds are from 0 to 12."),
        (
            2,
            {"args": [0, -1, -1]},
            (
                "Cell 2 (add) has arguments [0, -1, -1], but takes 2; give it that many nets, "
                "then -1."
            ),
        ),
        (
            5,
            {"args": [4, 2, -1]},
            (
                "Cell 5 (shr) has arguments [4, 2, -1], but takes 1; give it that many nets, "
                "then -1."
            ),
        ),
        (
            4,
            {"args": [3, 4, 0]},
            (
                "Cell 4 (mux) reads net 4, but a cell reads only nets with lower numbers than its "
                "own; put its arguments before it."
            ),
        ),
        (2, {"width": 0}, "Cell 2 (add) is 0 bits wide, but a width is from 1 to 4096."),
        (8, {"width": 4097}, "Cell 8 (const) is 4097 bits wide, but a width is from 1 to 4096."),
        (5, {"value": -1}, "Cell 5 (shr) shifts by -1, but a shift is from 0 to 4096."),
        (5, {"value": 4097}, "Cell 5 (shr) shifts by 4097, but a shift is from 0 to 4096."),
        (6, {"value": 1}, "Cell 6 (fits) asks about 0 bits, but a width is from 1 to 4096."),
        (7, {"value": 1}, "Cell 7 (lookup) reads table 1, but the number of tables is 1."),
        (2, {"value": 7}, "Cell 2 (add) has value 7, but its kind has none; set it to 0."),
        (
            3,
            {"width": 2},
            "Cell 3 (gt) has format u2, but its result is one bit; make it u1.",
        ),
        (
            6,
            {"signed": True},
            "Cell 6 (fits) has format s1, but its result is one bit; make it u1.",
        ),
        (
            4,
            {"args": [1, 0, 2]},
            (
                "Cell 4 (mux) selects with net 1 of format u8, but a select is u1; compare it "
                "with 0 first."
            ),
        ),
        (
            2,
            {"width": 9},
            (
                "Cell 2 (add) takes values from -128 to 382, which its format s9 does not hold; "
                "give it s10."
            ),
        ),
        (
            8,
            {"signed": False},
            (
                "Cell 8 (const) takes values from -5 to -5, which its format u4 does not hold; "
                "give it s4."
            ),
        ),
        (
            0,
            {"kind": Kind.CONST},
            (
                "Input port x has cell 0 (const) as element 0, but only input cells belong in an "
                "input port."
            ),
        ),
        (
            1,
            {"width": 7},
            (
                "Input port x has format u8 at element 1, but cell 1 (input) has format u7; make "
                "them equal."
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults_of_a_cell(number: int, columns: dict[str, Any], sentence: str) -> None:
    assert fault(with_cell(number, **columns)) == sentence


def port(name: str, nets: list[int], *formats: Format, fractions: Any = None) -> Port:
    return Port(name, np.array(nets, dtype=np.int64), formats, fractions)


X = port("x", [0, 1], Format(8, True), Format(8, False))


@pytest.mark.parametrize(
    ("ports", "sentence"),
    [
        ({"inputs": (X, X)}, "Input port x occurs twice; name the ports apart."),
        (
            {"outputs": (port("next value", []),)},
            (
                "Output port 'next value' has a name that is no identifier; use letters, digits "
                "and underscores, beginning with a letter."
            ),
        ),
        (
            {"outputs": (port("y", [3, 6], BIT),)},
            "Output port y has 2 nets but formats for 1; give one for each net.",
        ),
        (
            {"outputs": (port("y", [3, 6], BIT, BIT, fractions=(0, 0, 0)),)},
            "Output port y has 2 nets but fractions for 3; give one for each net.",
        ),
        (
            {"outputs": (port("y", [3, 9], BIT, BIT),)},
            "Output port y has net 9 as element 1, but the netlist has 9 cells.",
        ),
        (
            {"inputs": (port("x", [0], Format(8, True)),)},
            "Cell 1 (input) occurs 0 times in the input ports; list it exactly once.",
        ),
        (
            {"inputs": (X, port("w", [1], Format(8, False)))},
            "Cell 1 (input) occurs 2 times in the input ports; list it exactly once.",
        ),
        (
            {"outputs": (port("y", [3, 5], BIT, Format(7, True)),)},
            (
                "Output port y has format s7 at element 1, but net 5 takes values from -32 to 95; "
                "give it s8."
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults_of_a_port(ports: dict[str, tuple[Port, ...]], sentence: str) -> None:
    assert fault(replace(parse(TEXT), **ports)) == sentence


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            (1, 2, 3),
            (
                "Table 0 has 3 entries, but a lookup takes its index modulo a power of two; "
                "pad the table to 4."
            ),
        ),
        (
            (),
            (
                "Table 0 has 0 entries, but a lookup takes its index modulo a power of two; "
                "pad the table to 1."
            ),
        ),
    ],
)
def test_faults_of_a_table(entries: tuple[int, ...], sentence: str) -> None:
    assert fault(replace(parse(TEXT), tables=(entries,))) == sentence


def test_formats_are_held_to_what_the_inputs_can_do() -> None:
    """The product of two nets of 40 bits has 80, but not if both are small."""
    text = "input x\n  %0 : {0}\ncells\n  %1 = shl %0 36 : s40\n  %2 = mul %1 %1 : s62\n"
    assert fault(parse(text.format("s4"))) == (
        "Cell 2 (mul) takes values from -264452523040700131966976 to 302231454903657293676544, "
        "which its format s62 does not hold; give it s80."
    )
    assert fault(parse("cells\n  %0 = const 3 : u40\n  %1 = mul %0 %0 : u3\n")) == (
        "Cell 1 (mul) takes values from 9 to 9, which its format u3 does not hold; give it u4."
    )
    verify(parse("cells\n  %0 = const 3 : u40\n  %1 = mul %0 %0 : u4\n"))
