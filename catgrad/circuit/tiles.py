"""Tiles: products as wide as a multiplier block is, or none."""

from __future__ import annotations

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, in_format, same_cell
from catgrad.circuit.families import Delays
from catgrad.circuit.format import BIT, Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.timing import ENOUGH
from catgrad.circuit.verify import verify


def tiled(netlist: Netlist, delays: Delays) -> Netlist:
    """The netlist in which each MUL fits a multiplier block of the family.

    A wide operand is cut into a signed upper part, and lower parts of one bit less than a block
    has, which are not negative; the products are added. So 24 x 16 bits are two blocks of 18::

        x * y        (x >> 17) * y << 17  +  (x mod 2**17) * y

    No other parts of the same blocks need fewer. A product with a very narrow operand, and any in a
    family without blocks, becomes additions of the other operand, one for each bit.
    """
    b = NetlistBuilder()
    new: list[int] = []
    for cell in range(len(netlist)):
        kind = Kind(netlist.kind[cell])
        args = [new[arg] for arg in netlist.args[cell].tolist() if arg >= 0]
        if kind is Kind.INPUT:
            net = int(b.input(f"cell_{cell}", [netlist.format(cell)])[0])
        elif kind is Kind.MUL:
            net = _product(b, args[0], args[1], delays.block_bits)
            # The parts may allow for more than the product can be.
            format = netlist.format(cell)
            net = in_format(b, net, format)
        else:
            net = same_cell(b, netlist, cell, args)
        new.append(net)
    return verify(copied(netlist, b, np.array(new, dtype=np.int64)))


def products_in_logic(netlist: Netlist, delays: Delays | None) -> int:
    """How many products of a netlist no block forms: what `tiled` has additions for, or all.

    Without a model of a family, by the rough one, there are no blocks.
    """
    products = netlist.args[netlist.kind == Kind.MUL, :2]
    if delays is None or delays.block_bits == 0:
        return len(products)
    return int((netlist.width[products].min(axis=1, initial=ENOUGH + 1) <= ENOUGH).sum())


def _product(b: NetlistBuilder, x: int, y: int, block_bits: int) -> int:
    """x * y, in products that fit a block."""
    x, y = sorted((x, y), key=lambda net: -_bits(b.format(net)))
    if block_bits == 0 or b.format(y).width <= ENOUGH:
        return _in_logic(b, x, y)
    if _bits(b.format(x)) <= block_bits:
        return int(b.mul(x, y))
    at = block_bits - 1
    low = _product(b, int(b.wrap(x, Format(at, False))), y, block_bits)
    high = _product(b, int(b.shr(x, at)), y, block_bits)
    return int(b.add(b.shl(high, at), low))


def _in_logic(b: NetlistBuilder, x: int, y: int) -> int:
    """x * y as a tree of additions, one row for each bit of y; that of its sign is subtracted."""
    width, signed = b.format(y)
    zero = b.const(0)
    rows = []
    for i in range(width):
        bit = b.wrap(b.shr(y, i) if i else y, BIT)
        row = b.mux(bit, b.shl(x, i) if i else x, zero)
        rows.append(b.sub(zero, row) if signed and i == width - 1 else row)
    while len(rows) > 1:
        pairs = [b.add(*rows[i : i + 2]) for i in range(0, len(rows) - 1, 2)]
        rows = pairs + rows[len(rows) - len(rows) % 2 :]
    return int(rows[0])


def _bits(format: Format) -> int:
    """The width of a signed number that holds the format."""
    return format.width + (not format.signed)
