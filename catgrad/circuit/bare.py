"""Bare blocks: multiplier blocks without their registers, on loops that have no time for these."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from catgrad.circuit.timing import in_block

if TYPE_CHECKING:
    from catgrad.circuit.feasible import Asked


def with_bare_blocks(asked: Asked, period_ps: int, interval: int | None) -> Asked:
    """What is asked, for samples `interval` cycles apart, or None for as few as there can be.

    A block with registers takes the samples of a loop two cycles or more, and without them a
    fraction of one::

        y ──[register]── × ──[register]── + ──┐         y ── × ── + ──[register]──┐
        └─────────────────────────[register]──┘         └─────────────────────────┘

    Registers go only where samples would else be farther apart, a loop at a time.
    """
    none = replace(asked, bare=(), latency=None)
    if interval is None:
        interval = none.smallest_interval(period_ps) if asked.loops else 1
        if interval > 1 and (may := _may_be_bare(asked, period_ps)):
            interval = min(interval, replace(none, bare=may).smallest_interval(period_ps))
    found = replace(none, interval=interval)
    while circle := found.circle(period_ps):
        more = sorted({*circle} & {*_may_be_bare(asked, period_ps)} - {*found.bare})
        if not more:
            break
        found = replace(found, bare=(*found.bare, *more))
    return replace(found, latency=asked.latency)


def _may_be_bare(asked: Asked, period_ps: int) -> tuple[int, ...]:
    """The cells whose blocks can do without registers at a clock."""
    delays = asked.delays
    if delays is None or not delays.block_through:
        return ()
    may = np.flatnonzero(in_block(asked.netlist, delays))
    times = replace(asked, bare=tuple(may.tolist())).timing(period_ps)
    return tuple(may[times.start[may] + times.through[may] <= period_ps].tolist())
