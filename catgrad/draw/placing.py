"""How high each item stands: wires as straight as the order of the columns allows.

The lanes that a wire takes from one fork to the next are locked into a block, so that it stays
level all the way, after Brandes and Köpf (2001). Blocks then move to where their links pull them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from catgrad.draw.diagram import Diagram, Kind

CLEAR = 14  # between neighbouring items of a column, px
ROOMY = 1.5  # of the height of the highest column may be the height of the diagram
SPREAD = 60  # rounds in which tension spreads over the diagram
SETTLE = 12  # rounds in which each block finds a level that makes links straight


def place(d: Diagram) -> list[float]:
    """The height of the middle of each item, px from the top."""
    blocks = _compact(d)
    y = blocks.apart([0.0] * len(blocks.down))
    for _ in range(SPREAD):
        # Half way, since the neighbours move as well.
        y = blocks.apart([(here + blocks.average(b, y)) / 2 for b, here in enumerate(y)])
    for _ in range(SETTLE):
        for path in (blocks.down, blocks.down[::-1]):
            for b in path:
                y[b] = blocks.straightest(b, y)
    middles = [y[b] for b in blocks.of]
    tops = (m - item.outline.height / 2 for m, item in zip(middles, d.items, strict=True))
    top = min(tops, default=0.0)
    return [middle - top for middle in middles]


@dataclass(frozen=True)
class _Blocks:
    """Items that stand at one height, and what holds between them.

    `of` maps items to blocks. ``pulls[b]`` holds pairs: another block, and how much lower than it
    block `b` makes their link straight. ``above[b]`` maps the blocks right above `b` to the
    distance to keep, ``below[b]`` likewise. `down` lists all blocks, each after those above it.
    """

    of: list[int]
    pulls: list[list[tuple[int, float]]]
    above: list[dict[int, float]]
    below: list[dict[int, float]]
    down: list[int]

    def apart(self, y: list[float]) -> list[float]:
        """Heights near `y` that keep all distances: midway between pushing down and pushing up."""
        low, high = list(y), list(y)
        for b in self.down:
            low[b] = max([y[b], *(low[a] + room for a, room in self.above[b].items())])
        for b in reversed(self.down):
            high[b] = min([y[b], *(high[a] - room for a, room in self.below[b].items())])
        return [(a + b) / 2 for a, b in zip(low, high, strict=True)]

    def average(self, b: int, y: list[float]) -> float:
        """Where the links of a block pull it."""
        levels = [y[a] + drop for a, drop in self.pulls[b]]
        return sum(levels) / len(levels) if levels else y[b]

    def straightest(self, b: int, y: list[float]) -> float:
        """The best height for one block while all others stay.

        Best is the least climb of its links; among those, most straight links; then the nearest.
        """
        least = max((y[a] + room for a, room in self.above[b].items()), default=-float("inf"))
        most = min((y[a] - room for a, room in self.below[b].items()), default=float("inf"))
        levels = [y[a] + drop for a, drop in self.pulls[b]]

        def cost(level: float) -> tuple[float, int, float]:
            climb = sum(abs(level - wish) for wish in levels)
            return round(climb, 6), -levels.count(level), abs(level - y[b])

        return min((y[b], *(min(max(wish, least), most) for wish in levels)), key=cost)


def _compact(d: Diagram) -> _Blocks:
    """Long blocks where that leaves the diagram about as high as its highest column, else shorter
    ones: blocks that stand on each other in column after column pile up."""
    highest = max((sum(_room(d, i) for i in column) for column in d.columns), default=0.0)
    for longest in (len(d.columns), 32, 16, 8, 4, 2):
        blocks = _blocks(d, longest)
        y = blocks.apart([0.0] * len(blocks.down))
        if max(y, default=0.0) - min(y, default=0.0) <= ROOMY * highest:
            break
    return blocks


def _room(d: Diagram, i: int) -> float:
    return d.items[i].outline.height + CLEAR


def _blocks(d: Diagram, longest: int) -> _Blocks:
    """Blocks across at most `longest` columns."""
    of = _locked(d, longest)
    count = max(of, default=-1) + 1
    pulls: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for link in (link for wire in d.wires for link in wire.links):
        (i, write), (j, read) = link.start, link.end
        drop = d.items[i].outline.writes[write] - d.items[j].outline.reads[read]
        if of[i] != of[j]:
            pulls[of[i]].append((of[j], -drop))
            pulls[of[j]].append((of[i], drop))
    above: list[dict[int, float]] = [{} for _ in range(count)]
    below: list[dict[int, float]] = [{} for _ in range(count)]
    for upper, lower in (pair for column in d.columns for pair in pairwise(column)):
        room = (_room(d, upper) + _room(d, lower)) / 2
        x, y = of[upper], of[lower]
        above[y][x] = below[x][y] = max(room, above[y].get(x, room))

    # Curves that run from left to right and do not cross are above each other without circles.
    waits = [len(blocks) for blocks in above]
    down = [b for b in range(count) if not waits[b]]
    for x in down:
        for y in below[x]:
            waits[y] -= 1
            if not waits[y]:
                down.append(y)
    return _Blocks(of, pulls, above, below, down)


def _locked(d: Diagram, longest: int) -> list[int]:
    """The block of each item. Of two wires that cross, the longer one stays level."""
    where = {i: n for column in d.columns for n, i in enumerate(column)}
    level: list[list[tuple[int, int]]] = [[] for _ in d.columns]
    first = list(range(len(d.items)))
    for wire in sorted(d.wires, key=lambda wire: -len(wire.links)):
        branches = Counter(link.start for link in wire.links)
        for i, j in ((link.start[0], link.end[0]) for link in wire.links):
            others = level[d.items[i].column]
            lanes = d.items[i].kind is d.items[j].kind is Kind.LANE and branches[i, 0] == 1
            short = d.items[j].column - d.items[first[i]].column < longest
            if lanes and short and all((where[i] < a) == (where[j] < b) for a, b in others):
                others.append((where[i], where[j]))
                first[j] = first[i]
    numbers = {i: b for b, i in enumerate(sorted(set(first)))}
    return [numbers[i] for i in first]
