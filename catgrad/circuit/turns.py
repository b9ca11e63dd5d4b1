"""Turns: products that share a multiplier block, each in a slot of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from catgrad.circuit.families import Delays
from catgrad.circuit.timing import Timing


class Turn(NamedTuple):
    """The MUL `cell` is on the block of the MUL `first`, and reads `later` stages after that.

    Where samples follow each other n cycles apart, or a multiple of that, a block has n slots: no
    two of its products read in stages that are the same modulo n.
    """

    first: int
    cell: int
    later: int


def groups(turns: Iterable[Turn]) -> tuple[tuple[int, ...], ...]:
    """The cells of each block that has several, the first one first."""
    found: dict[int, list[int]] = {}
    for first, cell, _ in turns:
        found.setdefault(first, [first]).append(cell)
    return tuple(map(tuple, found.values()))


def with_choices(timing: Timing, delays: Delays | None, turns: Sequence[Turn]) -> Timing:
    """The timing of a netlist whose shared blocks choose their operands by a look-up table."""
    if delays is None or not turns:
        return timing
    setup = timing.setup.copy()
    setup[np.unique([(first, cell) for first, cell, _ in turns])] += delays.lut
    return replace(timing, setup=setup)
