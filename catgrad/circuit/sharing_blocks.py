"""Which products share a multiplier block, in a pipeline whose samples are several cycles apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from catgrad.circuit.feasible import Asked
from catgrad.circuit.format import IntArray
from catgrad.circuit.netlist import Netlist
from catgrad.circuit.timing import in_block
from catgrad.circuit.turns import Turn


def shared(asked: Asked, period_ps: int) -> tuple[Turn, ...]:
    """As few blocks as the products of a netlist need, where each has a slot in every cycle.

    Samples are `asked.interval` cycles apart, n say. This is modulo scheduling (Rau, *Iterative
    modulo scheduling*, MICRO 1994): operations that share a unit begin in cycles that differ modulo
    n. In what order they take turns is decided first, from the stages that the netlist has without
    sharing; then the distance of two of them is one more difference between stages, and the stages
    remain those of a linear programme, as in Canis, Brown and Anderson, *Modulo SDC scheduling with
    recurrence minimization in high-level synthesis*, FPL 2014.

    Products are ordered by stage, the first of them get a block each, and the following join those
    with the same operands, so that these need no multiplexer: an assignment of least cost. A
    product that finds no slot, since a loop leaves it no time, keeps a block of its own.

    Raises ``CatgradError`` when there is something to share and no stages even without that.
    """
    netlist, n = asked.netlist, asked.interval
    products = np.setdiff1d(np.flatnonzero(in_block(netlist, asked.delays)), asked.bare)
    if n == 1 or len(products) < 2:
        return ()
    stage = asked.feasible(period_ps).fewest_registers().stage
    products = products[np.argsort(stage[products], kind="stable")]
    blocks = [[cell] for cell in products[: -(-len(products) // n)].tolist()]
    found: list[Turn] = []
    for begin in range(len(blocks), len(products), len(blocks)):
        band = products[begin : begin + len(blocks)]
        for block, cell in _joined(netlist, blocks, band, stage):
            later = int(stage[cell] - stage[block[0]])
            taken = {0, *(turn.later % n for turn in found if turn.first == block[0])}
            found.append(Turn(block[0], cell, next(_free(later, taken, n))))
            block.append(cell)
    return _kept(asked, found, period_ps)


def _joined(
    netlist: Netlist, blocks: list[list[int]], band: IntArray, stage: IntArray
) -> Iterator[tuple[list[int], int]]:
    """Each product of a band, and the block where it needs the fewest bits of multiplexers."""
    # Imported here, since it takes longer to load than all of catgrad.
    from scipy.optimize import linear_sum_assignment

    far = int(stage.max(initial=0)) + 1
    cost = [
        [
            _chosen_bits(netlist, block, cell) * far + abs(stage[cell] - stage[block[0]])
            for cell in band.tolist()
        ]
        for block in blocks
    ]
    rows, columns = linear_sum_assignment(np.array(cost))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        yield blocks[row], int(band[column])


def _chosen_bits(netlist: Netlist, block: list[int], cell: int) -> int:
    """How many bits of operands a product has to choose that joins a block."""
    mine, theirs = (netlist.args[other, :2].tolist() for other in (cell, block[0]))
    if mine[0] in theirs[1:] or mine[1] in theirs[:1]:
        mine.reverse()
    return sum(
        int(netlist.width[net]) for net, other in zip(mine, theirs, strict=True) if net != other
    )


def _free(later: int, taken: set[int], n: int) -> Iterator[int]:
    """Distances in free slots, the nearest to this first, the later one of two."""
    for away in range(n):
        for distance in dict.fromkeys((later + away, later - away)):
            if distance % n not in taken:
                yield distance


def _kept(asked: Asked, found: list[Turn], period_ps: int) -> tuple[Turn, ...]:
    """The turns for which there are stages, in other slots where need be."""
    allowed, n = asked.allows(period_ps, found), asked.interval
    if allowed(found):
        return tuple(found)
    kept: list[Turn] = []
    for first, cell, later in found:
        taken = {0, *(turn.later % n for turn in kept if turn.first == first)}
        for distance in _free(later, taken, n):
            if allowed([*kept, Turn(first, cell, distance)]):
                kept.append(Turn(first, cell, distance))
                break
    return tuple(kept)
