"""Ranges hold all values, and those of one cell no others."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder
from catgrad.circuit.ranges import ranges
from tests.circuit.interpreter import interpret
from tests.circuit.strategies import batches, netlists

TINY = [Format(width, signed) for width in (1, 2, 3) for signed in (False, True)]


@given(st.data())
def test_no_value_leaves_its_range(data: st.DataObject) -> None:
    netlist = data.draw(netlists())
    lo, hi = ranges(netlist)
    inputs = data.draw(batches(netlist, most=1))
    values = interpret(netlist, {name: array[0].tolist() for name, array in inputs.items()})
    for net, value in enumerate(values):
        assert lo[net] <= value <= hi[net]


def one_cell(kind: Kind, formats: tuple[Format, ...], own: Format, amount: int) -> Netlist:
    """A netlist with one input for each operand of its one cell."""
    b = NetlistBuilder()
    nets = b.input("x", formats)
    match kind:
        case Kind.SHL | Kind.SHR:
            cell = getattr(b, str(kind))(*nets, amount)
        case Kind.SATURATE | Kind.WRAP | Kind.FITS:
            cell = getattr(b, str(kind))(*nets, own)
        case Kind.LOOKUP:
            cell = b.lookup(*nets, [3, -1, 4, 1, -5, 9, 2, 6])
        case _:
            cell = getattr(b, str(kind))(*nets)
    b.output("y", cell)
    return b.build()


@pytest.mark.parametrize("kind", list(Kind)[2:], ids=str)
def test_the_range_of_one_cell_is_exact(kind: Kind) -> None:
    selects = [Format(1, False)] if kind is Kind.MUX else TINY
    rest = TINY[:4] if kind is Kind.MUX else TINY
    for formats in product(selects, *[rest] * (kind.operands - 1)):
        for own, amount in zip(TINY, range(6), strict=True):
            netlist = one_cell(kind, formats, own, amount)
            values = [
                interpret(netlist, {"x": x})[-1]
                for x in product(*(range(format.min, format.max + 1) for format in formats))
            ]
            lo, hi = ranges(netlist)
            if kind is Kind.LOOKUP and formats[0].width < 3:  # looks at the whole table
                assert (lo[-1], hi[-1]) == (-5, 9)
            else:
                assert (lo[-1], hi[-1]) == (min(values), max(values))
            if kind not in (Kind.SATURATE, Kind.WRAP):
                assert netlist.format(len(netlist) - 1) == Format.holding(lo[-1], hi[-1])


@pytest.mark.parametrize(
    ("factor", "offset", "expected"),
    [(1, 256, (0, 3)), (-1, 255, (252, 255)), (1, 254, (0, 255)), (100, 0, (0, 255))],
)
def test_a_wrap_keeps_a_range_that_crosses_no_boundary(
    factor: int, offset: int, expected: tuple[int, int]
) -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(2, False)])
    moved = b.add(b.mul(x, b.const(factor)), b.const(offset))
    y = b.wrap(moved, Format(8, False))
    lo, hi = ranges(b.build())
    assert (lo[y].item(), hi[y].item()) == expected


@pytest.mark.parametrize("width", [29, 30, 31, 32, 62, 63, 64, 200])
def test_nothing_overflows_at_the_edge_of_int64(width: int) -> None:
    b = NetlistBuilder()
    a, u = b.input("x", [Format(width, True), Format(width, False)])
    cells = {
        "product": (b.mul(a, a), -(2 ** (2 * width - 2) - 2 ** (width - 1)), 2 ** (2 * width - 2)),
        "sum": (b.add(u, u), 0, 2 ** (width + 1) - 2),
        "difference": (b.sub(a, u), -(2 ** (width - 1)) - 2**width + 1, 2 ** (width - 1) - 1),
        "shifted": (b.shl(a, 33), -(2 ** (width + 32)), 2 ** (width + 32) - 2**33),
    }
    for net, _, _ in cells.values():
        b.output(f"y{net}", net)
    netlist = b.build()
    lo, hi = ranges(netlist)
    for net, least, greatest in cells.values():
        assert (int(lo[net]), int(hi[net])) == (least, greatest)
        assert netlist.format(net) == Format.holding(least, greatest)
    assert lo.dtype == (np.int64 if width < 30 else object)
