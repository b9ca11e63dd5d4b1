"""Long sums in parts: the carries between the parts of many numbers are added once, at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, in_format, same_cell
from catgrad.circuit.families import Delays
from catgrad.circuit.format import BoolArray, Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.paths import alone_ps
from catgrad.circuit.remove_dead import remove_dead
from catgrad.circuit.timing import timing
from catgrad.circuit.verify import verify

_FEWEST = 3
"""Sums of fewer terms are left to `catgrad.circuit.chains`."""


def halves(netlist: Netlist, delays: Delays, period_ps: int) -> Netlist:
    """The netlist in which trees of additions that are too long for a stage are added in parts.

    The low parts of all terms are added by themselves, and so are the high ones, in the same
    stages. So nothing waits for a carry but the last addition::

        (a + b) + (c + d)       low = (a mod 2**k + b mod 2**k) + (c mod 2**k + d mod 2**k)
                                high = ((a >> k) + (b >> k)) + ((c >> k) + (d >> k))
                                ((high + (low >> k)) << k) + low mod 2**k

    The parts are as long as a stage allows, two of them or more.
    """
    long = (alone_ps(timing(netlist, delays, period_ps)) > period_ps) & (netlist.kind == Kind.ADD)
    room = period_ps - delays.register - delays.carry - 2 * delays.fanout
    most = room // max(delays.carry_bit, 1)
    inside = _inside(netlist)
    b = NetlistBuilder()
    new: list[int] = []
    for cell in range(len(netlist)):
        args = [new[arg] for arg in netlist.args[cell].tolist() if arg >= 0]
        format = netlist.format(cell)
        if netlist.kind[cell] == Kind.INPUT:
            net = int(b.input(f"cell_{cell}", [format])[0])
        elif long[cell] and not inside[cell] and most > 1:
            tree = _tree(netlist, inside, cell)
            net = in_format(b, _sum(b, tree, new, format.width, most), format)
        else:
            net = same_cell(b, netlist, cell, args)
        new.append(net)
    return remove_dead(verify(copied(netlist, b, np.array(new, dtype=np.int64))))


def _inside(netlist: Netlist) -> BoolArray:
    """bool[n], the additions that only another addition reads."""
    used = netlist.args[netlist.args >= 0]
    readers = np.bincount(used, minlength=len(netlist))
    for port in netlist.outputs:
        readers[port.nets] = 2
    of_add = np.zeros(len(netlist), dtype=np.bool_)
    of_add[netlist.args[netlist.kind == Kind.ADD, :2].reshape(-1)] = True
    inside: BoolArray = (netlist.kind == Kind.ADD) & of_add & (readers == 1)
    return inside


class _Tree(NamedTuple):
    """A tree of additions: the nets that are its terms, the first one first, and of each addition
    its net and the two that it reads, behind those.
    """

    terms: list[int]
    sums: list[tuple[int, int, int]]


def _tree(netlist: Netlist, inside: BoolArray, cell: int) -> _Tree:
    """That which ends in a cell, found without recursion: a sum can be as deep as it is long."""
    terms: list[int] = []
    sums: list[tuple[int, int, int]] = []
    waiting = [cell]
    while waiting:
        net = waiting.pop()
        if net == cell or inside[net]:
            first, second = netlist.args[net, :2].tolist()
            sums.append((net, first, second))
            waiting += [first, second]
        else:
            terms.append(net)
    return _Tree(terms[::-1], sums[::-1])


def _sum(b: NetlistBuilder, tree: _Tree, new: Sequence[int], width: int, most: int) -> int:
    """The sum of a tree, of which so many bits matter, in parts whose sums have at most `most`."""
    terms = [new[net] for net in tree.terms]
    # Above the bits of a part are those that its sum carries out, and one for what it takes in.
    above = (len(terms) - 1).bit_length() + 1
    if width <= most or len(terms) < _FEWEST or most <= above:
        return _added(b, tree, terms)
    parts = -(-(width - above) // (most - above))
    bits = -(-(width - above) // parts)
    part = Format(bits, False)
    total, lows = -1, []
    for place in range(parts):
        moved = {net: int(b.shr(net, place * bits)) for net in terms}
        if place < parts - 1:
            moved = {net: int(b.wrap(bit, part)) for net, bit in moved.items()}
        own = _added(b, tree, [moved[net] for net in terms])
        total = int(b.add(own, b.shr(total, bits))) if place else own
        lows.append(int(b.wrap(total, part)))
    for low in lows[-2::-1]:
        total = int(b.add(b.shl(total, bits), low))
    return total


def _added(b: NetlistBuilder, tree: _Tree, terms: Sequence[int]) -> int:
    """The sum of a tree, of these nets in the places of its terms."""
    found, total = dict(zip(tree.terms, terms, strict=True)), -1
    for net, first, second in tree.sums:
        found[net] = total = int(b.add(found[first], found[second]))
    return total
