"""The builder adds a cell for each element, in the smallest format."""

from collections.abc import Callable

import numpy as np
import pytest

from catgrad.circuit import (
    BIT,
    Format,
    Kind,
    NetlistBuilder,
    parse,
    statistics,
    to_text,
    verify,
)
from catgrad.errors import CatgradError

BYTE = Format(8, True)


def test_operands_broadcast() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [BYTE] * 2), b.input("y", [Format(4, False)] * 3)
    products = b.mul(x[:, None], y)
    assert products.shape == (2, 3)
    b.output("z", products)
    netlist = verify(b.build())
    assert netlist.args[products[1, 2], :2].tolist() == [x[1], y[2]]
    assert netlist.output("z").formats == (Format(12, True),) * 6
    assert np.shape(b.add(0, 1)) == ()
    assert b.shr(x, [[1], [2], [3]]).shape == (3, 2)


def test_one_cell_of_each_kind() -> None:
    b = NetlistBuilder()
    a, u = b.input("x", [BYTE, Format(8, False)], fractions=[4, 0])
    bit = b.gt(a, u)
    cells = [
        *b.const([5, -6]),
        *(b.add(a, u), b.sub(a, u), b.mul(a, u)),
        *(b.shl(a, 3), b.shr(u, 3), b.mux(bit, a, u)),
        *(b.saturate(u, BYTE), b.wrap(u, BYTE), b.fits(u, BYTE)),
        b.lookup(a, [0, 100]),
    ]
    b.output("y", cells)
    netlist = verify(b.build())
    assert set(netlist.kind.tolist()) == set(Kind)
    formats = " ".join(map(str, netlist.output("y").formats))
    assert formats == "u3 s4 s10 s10 s16 s11 u5 s9 s8 s8 u1 u7"
    assert parse(to_text(netlist)) == netlist


def test_formats_may_differ_from_cell_to_cell() -> None:
    b = NetlistBuilder()
    x = b.input("x", [BYTE] * 2)
    formats = np.array([4, 5]), np.array([True, False])
    clamped, asked = b.saturate(x, formats), b.fits(x, formats)
    netlist = verify(b.build())
    assert [netlist.format(net) for net in clamped] == [Format(4, True), Format(5, False)]
    assert netlist.value[asked].tolist() == [9, 10]


def test_equal_tables_are_one() -> None:
    b = NetlistBuilder()
    x = b.input("x", [BYTE])
    cells = [b.lookup(x, [1, 2]), b.lookup(x, [3, 4]), b.lookup(x, range(1, 3))]
    netlist = b.build()
    assert netlist.tables == ((1, 2), (3, 4))
    assert netlist.value[np.array(cells).reshape(-1)].tolist() == [0, 1, 0]


def test_a_netlist_keeps_what_was_built_before() -> None:
    b = NetlistBuilder()
    x = b.input("x", [BYTE])
    before = b.build()
    b.const(2**100)
    b.add(x, x)
    assert before == parse("input x\n  %0 : s8\n")
    assert b.build().value.tolist() == [0, 2**100, 0]
    with pytest.raises(ValueError, match="read-only"):
        before.width[0] = 9


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda b: b.add(0, 2),
            "The next add reads net 2, but there are only 1 cells so far; add that one first.",
        ),
        (
            lambda b: b.output("y", [-1]),
            "The next output reads net -1, but there are only 1 cells so far; add that one first.",
        ),
        (lambda b: b.shl(0, -1), "A shift is from 0 to 4096, not -1."),
        (lambda b: b.shr(0, [1, 5000]), "A shift is from 0 to 4096, not 5000."),
        (lambda b: b.saturate(0, (0, True)), "A width is from 1 to 4096, not 0."),
        (lambda b: b.fits(0, (4097, True)), "A width is from 1 to 4096, not 4097."),
        (
            lambda b: b.lookup(0, [1, 2, 3]),
            (
                "Table 0 has 3 entries, but a lookup takes its index modulo a power of two; "
                "pad the table to 4."
            ),
        ),
    ],
)
def test_faults(build: Callable[[NetlistBuilder], object], sentence: str) -> None:
    b = NetlistBuilder()
    b.input("x", [BYTE])
    with pytest.raises(CatgradError) as caught:
        build(b)
    assert str(caught.value) == sentence


def test_statistics() -> None:
    b = NetlistBuilder()
    x = b.input("x", [BYTE] * 2)
    b.output("y", b.mux(b.gt(x[0], x[1]), *b.mul(x, x)))
    counted = statistics(b.build())
    assert counted.cells == {Kind.INPUT: 2, Kind.MUL: 2, Kind.GT: 1, Kind.MUX: 1}
    assert counted.bits[Kind.GT] == BIT.width
    assert str(counted) == (
        "kind         cells       bits\n"
        "input            2         16\n"
        "mul              2         32\n"
        "gt               1          1\n"
        "mux              1         16\n"
        "all              6         65\n"
        "depth 2, widest net 16 bits"
    )


def test_levels_and_groups() -> None:
    b = NetlistBuilder()
    x = b.input("x", [BYTE])[0]
    chain = [x]
    for _ in range(5):
        chain.append(b.saturate(b.add(chain[-1], x), BYTE))
    netlist = b.build()
    assert netlist.levels[chain].tolist() == [0, 2, 4, 6, 8, 10]
    assert [(str(kind), cells.tolist()) for kind, cells in netlist.groups[:3]] == [
        ("input", [0]),
        ("add", [1]),
        ("saturate", [2]),
    ]
