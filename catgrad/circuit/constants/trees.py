"""Trees: the order in which the terms of one sum are added."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple


class Leaf(NamedTuple):
    """``number << shift``: where its top bit is, the range of the number, and its depth."""

    top: int
    least: int
    greatest: int
    shift: int
    depth: int


class Tree(NamedTuple):
    """Pairs of numbers that are added, the leaves counted first and then the pairs.

    `bits` is how long their carry chains are together.
    """

    pairs: list[tuple[int, int]]
    bits: int


def leaf(least: int, greatest: int, shift: int, depth: int) -> Leaf:
    """A number of a range, shifted to the left."""
    return Leaf(shift + width(least, greatest), least, greatest, shift, depth)


def width(least: int, greatest: int) -> int:
    """The bits of the smallest format that holds a range."""
    signed = least < 0
    return (max(greatest, ~least) if signed else greatest).bit_length() + signed or 1


def tree(leaves: Sequence[Leaf], limit: int) -> Tree:
    """The order in which leaves are added within a depth.

    Numbers with the lowest top bit are added first, so that no carry runs far above the shorter
    operand, and the low bits of the lower one pass by. Leaves of depths d have a tree of depth
    `limit` exactly if ``sum(2**d) <= 2**limit`` (Kraft's inequality), which every pair keeps; it
    has to hold at the start.
    """
    nodes = list(leaves)
    waiting = sorted((node.top, i) for i, node in enumerate(nodes))
    room = (1 << limit) - sum(1 << node.depth for node in nodes)
    pairs: list[tuple[int, int]] = []
    bits = 0
    while len(waiting) > 1:
        _, i = waiting.pop(0)
        best: tuple[int, int, int, int, Leaf] | None = None
        for place, (top, j) in enumerate(waiting):
            if best is not None and top > best[0]:
                break  # sums do not end below their operands, and those to come end higher
            total, chain = added(nodes[i], nodes[j])
            spent = (1 << total.depth) - (1 << nodes[i].depth) - (1 << nodes[j].depth)
            if spent <= room and (best is None or (total.top, chain, spent) < best[:3]):
                best = total.top, chain, spent, place, total
        if best is None:
            # The two that are least deep always fit.
            insort(waiting, (nodes[i].top, i))
            waiting.sort(key=lambda entry: nodes[entry[1]].depth)
            _, i = waiting.pop(0)
            total, chain = added(nodes[i], nodes[waiting[0][1]])
            spent = (1 << total.depth) - (1 << nodes[i].depth) - (1 << nodes[waiting[0][1]].depth)
            best = total.top, chain, spent, 0, total
        _, chain, spent, place, total = best
        pairs.append((i, waiting.pop(place)[1]))
        waiting.sort()
        room -= spent
        bits += chain
        nodes.append(total)
        insort(waiting, (total.top, len(nodes) - 1))
    return Tree(pairs, bits)


def added(a: Leaf, b: Leaf) -> tuple[Leaf, int]:
    """The sum of two leaves, and the bits of its carry chain."""
    if a.shift > b.shift:
        a, b = b, a
    by = b.shift - a.shift
    least, greatest = a.least + (b.least << by), a.greatest + (b.greatest << by)
    bits = width(least, greatest)
    total = Leaf(a.shift + bits, least, greatest, a.shift, max(a.depth, b.depth) + 1)
    return total, max(bits - by, 1)
