"""Reassociate: what a loop waits for is added last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, in_format, same_cell
from catgrad.circuit.format import IntArray
from catgrad.circuit.loops import Loop
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.verify import verify


def constants_first(netlist: Netlist, loops: Sequence[Loop]) -> Netlist:
    """The netlist in which constants, which mostly say how to round, join sums on loops early.

    On a loop nothing can be done ahead but what does not wait for it::

        (x - y) + c          (x + c) - y

    Here the loop leads through y, and not, or sooner, through x; and nothing else reads x - y.
    """
    kind, args = [Kind(kind) for kind in netlist.kind], netlist.args.tolist()
    part = loop_parts(netlist, loops).tolist()
    products = _products(netlist, part)
    used = netlist.args[netlist.args >= 0]
    shown = [port.nets for port in netlist.outputs]
    readers = np.bincount(np.concatenate([used, *shown]), minlength=len(netlist)).tolist()
    b = NetlistBuilder()
    new: list[int] = []
    takes: list[int] = []

    def waits(net: int, of: int) -> int:
        """How many products a loop takes to the term of a sum that is there first; -1 for none."""
        return takes[net] if part[net] == part[of] else -1

    def terms(net: int) -> list[int]:
        """What a net is the sum of, if nothing else reads that, and a loop leads through it."""
        is_sum = kind[net] in (Kind.ADD, Kind.SUB) and readers[net] == 1 and part[net] >= 0
        return args[net][:2] if is_sum else []

    def added(net: int, constant: int) -> int:
        """A net and a constant. Sums are as long as they like, so there is no recursion."""
        above: list[tuple[int, int]] = []
        while found := terms(net):
            here, there = (waits(term, net) for term in found)
            if here == there:
                break
            place = int(there < here)
            above.append((net, place))
            constant = -constant if place and kind[net] is Kind.SUB else constant
            net = found[place]
        result = int(b.add(new[net], b.const(constant)))
        for net, place in reversed(above):
            operands = [new[term] for term in args[net][:2]]
            operands[place] = result
            result = int(getattr(b, str(kind[net]))(*operands))
        return result

    for cell in range(len(netlist)):
        takes.append(min((waits(x, cell) for x in terms(cell)), default=products[cell]))
        first, second, _ = args[cell]
        if kind[cell] is Kind.INPUT:
            net = int(b.input(f"cell_{cell}", [netlist.format(cell)])[0])
        elif kind[cell] is Kind.ADD and Kind.CONST in (kind[first], kind[second]):
            if kind[first] is Kind.CONST:
                first, second = second, first
            net = in_format(b, added(first, int(netlist.value[second])), netlist.format(cell))
        else:
            net = same_cell(b, netlist, cell, [new[arg] for arg in args[cell] if arg >= 0])
        new.append(net)
    return verify(copied(netlist, b, np.array(new, dtype=np.int64)))


def loop_parts(netlist: Netlist, loops: Sequence[Loop]) -> IntArray:
    """int64[n], the same number for cells that lead to each other and back; -1 for all others."""
    cell, operand = np.nonzero(netlist.args >= 0)
    tail = np.concatenate([netlist.args[cell, operand], [loop.source for loop in loops]])
    head = np.concatenate([cell, [loop.target for loop in loops]])
    n = len(netlist)
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(n, n))
    _, part = connected_components(graph, connection="strong")
    return np.where(np.bincount(part)[part] > 1, part, -1).astype(np.int64)


def _products(netlist: Netlist, part: list[int]) -> list[int]:
    """The most products on a way to each net among the cells that lead back to it."""
    count: list[int] = []
    for cell, (kind, args) in enumerate(
        zip(netlist.kind.tolist(), netlist.args.tolist(), strict=True)
    ):
        before = [count[arg] for arg in args if arg >= 0 and part[arg] == part[cell] >= 0]
        count.append(max(before, default=0) + (kind == Kind.MUL and part[cell] >= 0))
    return count
