"""From an open hypergraph to columns of items: what is drawn beside what, but not yet where."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from itertools import pairwise

from catgrad.draw.outline import END, LANE, START, Outline, join
from catgrad.hypergraph import FiniteFunction, OpenHypergraph, SegmentedArray, layering
from catgrad.hypergraph.array import host

Caption = Callable[[Hashable], str]


class Kind(Enum):
    """What an item of a column is."""

    INPUT = auto()  # a wire enters the diagram
    OUTPUT = auto()  # a wire leaves it
    BOX = auto()  # an operation
    JOIN = auto()  # a node with no writer, or with several: they meet in a dot
    LANE = auto()  # a wire passes by the boxes of the column


@dataclass(frozen=True)
class Item:
    """One place in a column."""

    kind: Kind
    column: int
    outline: Outline


Port = tuple[int, int]  # the number of an item, and of one of its ports on the side in question


@dataclass(frozen=True)
class Link:
    """A piece of a wire between neighbouring columns, from a right port to a left port."""

    start: Port
    end: Port


@dataclass(frozen=True)
class Wire:
    """All links of a wire that starts at the right port `start`, from left to right.

    Links that leave from one port are branches.
    """

    text: str
    start: Port
    links: list[Link]


@dataclass(frozen=True)
class Diagram:
    """Picture the columns of a newspaper, and threads across the gaps between them.

    `columns` holds item numbers, top to bottom.
    """

    items: list[Item]
    columns: list[list[int]]
    wires: list[Wire]

    @cached_property
    def gaps(self) -> list[list[Link]]:
        """The links from each column to the next."""
        gaps: list[list[Link]] = [[] for _ in self.columns]
        for link in (link for wire in self.wires for link in wire.links):
            gaps[self.items[link.start[0]].column].append(link)
        return gaps


def cut(f: OpenHypergraph, outlines: list[Outline], types: list[str]) -> Diagram:
    """Cut `f` into columns: inputs, operations layer by layer, outputs.

    `outlines` holds one for each operation, `types` the text of each wire. A wire takes a lane in
    each column between the item that writes it and the last one that reads it. So the branches of a
    wire share a trunk, and nothing passes behind a box.
    """
    sources, targets = _nodes(f.s), _nodes(f.t)
    boxes = list(zip(_segments(f.H.s), _segments(f.H.t), strict=True))
    layers = _late(host(layering(f)).tolist(), boxes, targets)
    last = 2 * max(layers, default=-1) + 2

    items: list[Item] = []
    written: list[list[Port]] = [[] for _ in types]
    read: list[list[Port]] = [[] for _ in types]

    def add(kind: Kind, column: int, outline: Outline, reads: list[int], writes: list[int]) -> None:
        for port, node in enumerate(reads):
            read[node].append((len(items), port))
        for port, node in enumerate(writes):
            written[node].append((len(items), port))
        items.append(Item(kind, column, outline))

    for node in sources:
        add(Kind.INPUT, -2, START, [], [node])
    for layer, outline, (reads, writes) in zip(layers, outlines, boxes, strict=True):
        add(Kind.BOX, 2 * layer, outline, reads, writes)
    for node in targets:
        add(Kind.OUTPUT, last, END, [node], [])

    # A wire starts once. A node that is not written once is joined into one that is, in an odd
    # column: behind all its writers and before all its readers.
    wires: list[tuple[str, Port, list[Port]]] = []
    for node, (text, starts) in enumerate(zip(types, written, strict=True)):
        at = (len(items), 0)
        if len(starts) == 1:
            wires.append((text, starts[0], read[node]))
            continue
        behind = [items[i].column + 1 for i, _ in starts]
        before = [items[i].column - 1 for i, _ in read[node]]
        column = max(behind) if behind else min(before, default=-1)
        items.append(Item(Kind.JOIN, column, join(len(starts))))
        wires += [(text, start, [(at[0], port)]) for port, start in enumerate(starts)]
        wires.append((text, at, read[node]))
    return _with_lanes(items, wires)


def _nodes(f: FiniteFunction) -> list[int]:
    nodes: list[int] = host(f.table).tolist()
    return nodes


def _segments(ports: SegmentedArray[FiniteFunction]) -> list[list[int]]:
    nodes, ends = _nodes(ports.values), host(ports.offsets).tolist()
    return [nodes[start:end] for start, end in pairwise(ends)]


def _late(
    layers: list[int], boxes: list[tuple[list[int], list[int]]], targets: list[int]
) -> list[int]:
    """Move operations to later layers where that makes wires shorter.

    A constant moves beside its reader; so does any operation that is the last reader of fewer
    wires than it writes, or of as many if another operation waits for it.
    """
    layers = list(layers)
    end = max(layers, default=-1) + 1
    first_read, last_read = dict.fromkeys(targets, end), dict.fromkeys(targets, end)
    for x in sorted(range(len(boxes)), key=lambda x: -layers[x]):
        reads, writes = boxes[x]
        latest = min((first_read.get(node, end) for node in writes), default=0) - 1
        stretched = sum(last_read.get(node, -1) < latest for node in set(reads))
        shortened = len(set(writes)) + (latest < end - 1)
        if layers[x] < latest and stretched < shortened:
            layers[x] = latest
        for node in reads:
            first_read[node] = min(first_read.get(node, end), layers[x])
            last_read[node] = max(last_read.get(node, -1), layers[x])
    return layers


def _with_lanes(items: list[Item], wires: list[tuple[str, Port, list[Port]]]) -> Diagram:
    """Number the columns in use from 0, and lead each wire through every column on its way."""
    used = {column: c for c, column in enumerate(sorted({item.column for item in items}))}
    items = [replace(item, column=used[item.column]) for item in items]
    led = []
    for text, start, ends in wires:
        port, links = start, []
        arrivals: dict[int, list[Port]] = {}
        for end in ends:
            arrivals.setdefault(items[end[0]].column, []).append(end)
        last = max(arrivals, default=-1)
        for column in range(items[start[0]].column + 1, last + 1):
            links += [Link(port, end) for end in arrivals.get(column, [])]
            if column < last:
                lane = (len(items), 0)
                items.append(Item(Kind.LANE, column, LANE))
                links.append(Link(port, lane))
                port = lane
        led.append(Wire(text, start, links))
    columns: list[list[int]] = [[] for _ in used]
    for i, item in enumerate(items):
        columns[item.column].append(i)
    return Diagram(items, columns, led)
