"""Long sums in parts: the carries between the parts of many numbers are added once, at the end."""

from __future__ import annotations

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, in_format, same_cell
from catgrad.circuit.families import Delays
from catgrad.circuit.format import BoolArray, Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.remove_dead import remove_dead
from catgrad.circuit.timing import alone_ps, timing
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
            tree = _tree(netlist, inside, new, cell)
            net = in_format(b, _sum(b, tree, format.width, most), format)
        else:
            net = same_cell(b, netlist, cell, args)
        new.append(net)
    return remove_dead(verify(copied(netlist, b, np.array(new, dtype=np.int64))))


Tree = int | tuple["Tree", "Tree"]
"""A net, or the sum of two trees."""


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


def _tree(netlist: Netlist, inside: BoolArray, new: list[int], cell: int) -> Tree:
    first, second = (
        _tree(netlist, inside, new, arg) if inside[arg] else new[arg]
        for arg in netlist.args[cell, :2].tolist()
    )
    return first, second


def _leaves(tree: Tree) -> list[int]:
    return [tree] if isinstance(tree, int) else [n for part in tree for n in _leaves(part)]


def _sum(b: NetlistBuilder, tree: Tree, width: int, most: int) -> int:
    """The sum of a tree, of which so many bits matter, in parts whose sums have at most `most`."""
    leaves = _leaves(tree)
    # Above the bits of a part are those that its sum carries out, and one for what it takes in.
    above = (len(leaves) - 1).bit_length() + 1
    if width <= most or len(leaves) < _FEWEST or most <= above:
        return _added(b, tree)
    parts = -(-(width - above) // (most - above))
    bits = -(-(width - above) // parts)
    part = Format(bits, False)
    total, lows = -1, []
    for place in range(parts):
        moved = {net: int(b.shr(net, place * bits)) for net in leaves}
        if place < parts - 1:
            moved = {net: int(b.wrap(bit, part)) for net, bit in moved.items()}
        own = _added(b, _mapped(tree, moved))
        total = int(b.add(own, b.shr(total, bits))) if place else own
        lows.append(int(b.wrap(total, part)))
    for low in lows[-2::-1]:
        total = int(b.add(b.shl(total, bits), low))
    return total


def _mapped(tree: Tree, to: dict[int, int]) -> Tree:
    return to[tree] if isinstance(tree, int) else (_mapped(tree[0], to), _mapped(tree[1], to))


def _added(b: NetlistBuilder, tree: Tree) -> int:
    return tree if isinstance(tree, int) else int(b.add(_added(b, tree[0]), _added(b, tree[1])))
