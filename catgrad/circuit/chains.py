"""Chains: additions that are too long for a stage are added in parts."""

from __future__ import annotations

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, in_format, same_cell
from catgrad.circuit.families import Delays
from catgrad.circuit.format import BoolArray, Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.paths import alone_ps
from catgrad.circuit.timing import timing
from catgrad.circuit.verify import verify


def short_chains(netlist: Netlist, delays: Delays, period_ps: int) -> Netlist:
    """The netlist in which additions and subtractions that alone take longer than the period are
    in parts, each with a carry into the next.

    The parts can be in stages one after the other, and are equally long. Others stay as they are:
    a cut costs registers, for the carry and for what waits for it.

        a + b          low = a mod 2**k + b mod 2**k
                       ((a >> k) + (b >> k) + (low >> k)) << k  +  low mod 2**k
    """
    parts = _cut(netlist, delays, period_ps, 2)
    # What reads the same as a chain that is cut has longer wires, for there are more readers.
    return _cut(parts, delays, period_ps, 4) if _long(parts, delays, period_ps).any() else parts


def _long(netlist: Netlist, delays: Delays, period_ps: int) -> BoolArray:
    """bool[n], the additions and subtractions that alone take longer than the period."""
    late = alone_ps(timing(netlist, delays, period_ps)) > period_ps
    found: BoolArray = late & np.isin(netlist.kind, (Kind.ADD, Kind.SUB))
    return found


def _cut(netlist: Netlist, delays: Delays, period_ps: int, doublings: int) -> Netlist:
    """The netlist with those in parts that are short enough where readers double so many times."""
    b = NetlistBuilder()
    new: list[int] = []
    long = _long(netlist, delays, period_ps)
    # A part has the bit of its carry in beside its own.
    room = period_ps - delays.register - delays.carry - delays.subtract
    room -= doublings * delays.fanout
    most = room // max(delays.carry_bit, 1) - 1
    for cell in range(len(netlist)):
        kind = Kind(netlist.kind[cell])
        args = [new[arg] for arg in netlist.args[cell].tolist() if arg >= 0]
        if kind is Kind.INPUT:
            net = int(b.input(f"cell_{cell}", [netlist.format(cell)])[0])
        elif long[cell] and most > 1:
            x, y = args
            carry = None
            if kind is Kind.SUB:
                y, carry = int(b.sub(b.const(-1), y)), int(b.const(1))
            width = max(b.format(x).width, b.format(y).width)
            net = _in_parts(b, x, y, carry, -(-width // -(-width // most)))
            # The parts may allow for more than the sum can be.
            format = netlist.format(cell)
            net = in_format(b, net, format)
        else:
            net = same_cell(b, netlist, cell, args)
        new.append(net)
    return verify(copied(netlist, b, np.array(new, dtype=np.int64)))


def _in_parts(b: NetlistBuilder, x: int, y: int, carry: int | None, bits: int) -> int:
    """x + y + carry, so many bits at a time."""
    if max(b.format(x).width, b.format(y).width) <= bits:
        return _with_carry(b, x, y, carry)
    part = Format(bits, False)
    low = _with_carry(b, int(b.wrap(x, part)), int(b.wrap(y, part)), carry)
    above = int(b.wrap(b.shr(low, bits), Format(1, False)))
    high = _in_parts(b, int(b.shr(x, bits)), int(b.shr(y, bits)), above, bits)
    return int(b.add(b.shl(high, bits), b.wrap(low, part)))


def _with_carry(b: NetlistBuilder, x: int, y: int, carry: int | None) -> int:
    """x + y + carry, as one addition: of twice the numbers, with the carry below one of them."""
    if carry is None:
        return int(b.add(x, y))
    total = b.add(b.add(b.shl(x, 1), b.const(1)), b.add(b.shl(y, 1), carry))
    return int(b.shr(total, 1))
