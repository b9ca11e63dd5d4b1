"""The order of the items in each column: few crossings.

Barycentres (Sugiyama, Tagawa, Toda 1981), then exchanges of neighbours (Gansner, Koutsofios, North,
Vo 1993). Inputs and outputs keep the order that the diagram gives them.
"""

from __future__ import annotations

from bisect import bisect_right, insort

from catgrad.draw.diagram import Diagram, Kind, Port

SWEEPS = 6  # each there and back; crossings stop going away before

Ends = list[tuple[int, float]]  # the items at the other end, and how far down its side each port is


def order(d: Diagram) -> list[list[int]]:
    """The columns of `d`, each in an order in which few links cross."""
    left: list[Ends] = [[] for _ in d.items]
    right: list[Ends] = [[] for _ in d.items]
    for link in (link for wire in d.wires for link in wire.links):
        (i, write), (j, read) = link.start, link.end
        left[j].append((i, (write + 1) / (len(d.items[i].outline.writes) + 1)))
        right[i].append((j, (read + 1) / (len(d.items[j].outline.reads) + 1)))

    columns = [list(column) for column in d.columns]
    place = [0] * len(d.items)
    for column in columns:
        _number(column, place)
    lengths = [len(columns[item.column]) for item in d.items]
    free = [c for c in columns if d.items[c[0]].kind not in (Kind.INPUT, Kind.OUTPUT)]

    best, fewest = [list(column) for column in columns], crossings(d, columns)
    for _ in range(SWEEPS):
        for ends, path in ((left, free), (right, free[::-1])):
            for column in path:
                _sort(column, place, ends, lengths)
            for column in path:
                _exchange(column, place, left, right)
            if (found := crossings(d, columns)) < fewest:
                best, fewest = [list(column) for column in columns], found
    return best


def crossings(d: Diagram, columns: list[list[int]]) -> int:
    """How many pairs of links cross. Branches of one wire do not cross each other."""
    place = [0] * len(d.items)
    for column in columns:
        _number(column, place)

    def at(port: Port) -> tuple[int, int]:
        return place[port[0]], port[1]

    total = 0
    for gap in d.gaps:
        ends: list[tuple[int, int]] = []
        for _, end in sorted((at(link.start), at(link.end)) for link in gap):
            total += len(ends) - bisect_right(ends, end)
            insort(ends, end)
    return total


def _number(column: list[int], place: list[int]) -> None:
    for n, i in enumerate(column):
        place[i] = n


def _sort(column: list[int], place: list[int], ends: list[Ends], lengths: list[int]) -> None:
    """Move each item to the average height of its neighbours on one side."""

    def height(i: int, down: float) -> float:
        return (place[i] + down) / lengths[i]

    average = {
        i: sum(height(j, down) for j, down in ends[i]) / len(ends[i]) if ends[i] else height(i, 0.5)
        for i in column
    }
    column.sort(key=average.__getitem__)
    _number(column, place)


def _exchange(column: list[int], place: list[int], left: list[Ends], right: list[Ends]) -> None:
    """Exchange neighbours while that takes crossings away."""

    def crossed(i: int, j: int) -> int:
        return sum(
            place[a] + p > place[b] + q
            for ends in (left, right)
            for a, p in ends[i]
            for b, q in ends[j]
        )

    exchanged = True
    while exchanged:
        exchanged = False
        for n in range(len(column) - 1):
            i, j = column[n : n + 2]
            if crossed(j, i) < crossed(i, j):
                column[n : n + 2] = [j, i]
                exchanged = True
    _number(column, place)
