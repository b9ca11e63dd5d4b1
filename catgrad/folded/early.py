"""Pipelines that are given a total one cycle before the other operands."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from catgrad.circuit.delays import delays_ps
from catgrad.circuit.format import IntArray
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.pipeline import BLOCK_RAM_PS, Pipeline, in_memory
from catgrad.folded.machine import Mode

TOTAL = "total"


def early_modes(uses: Iterable[tuple[Mode, bool]]) -> set[Mode]:
    """Modes whose totals are to be had a cycle early: products of lanes that nobody adds up.

    `uses`: the modes of all that has factors, each with whether it reduces.
    """
    known = set(uses)
    own = {mode for mode, _ in known if mode in (Mode.PARALLEL, Mode.DRAIN)}
    return {mode for mode in own if (mode, True) not in known}


def hastened(slower: Pipeline, period_ps: int) -> Pipeline:
    """The pipeline in no more stages than it needs if its total comes early; see `early`.

    What reads block RAM keeps its stages.
    """
    stage = _stages(slower.netlist, period_ps)
    if stage is None or slower.in_memory.any():
        return slower
    latency = min(slower.latency, max(0, int(stage.max(initial=0)) - 1))
    return Pipeline(slower.netlist, np.minimum(slower.stage, latency), latency).verify()


def early(pipeline: Pipeline, netlist: Netlist) -> Pipeline:
    """A netlist in one stage more than the pipeline, with a stage 0 that only the total reaches.

    The netlist is that of the pipeline, or one that needs no more time.

    Picture the register in which a total would wait for the operands pushed into the body, as far
    as the period allows: there are fewer bits, which share their logic cells with the logic before
    them. The operands are read as they come, and wait in no registers::

        total ──[register]──> round ──> ...      becomes      total ──> round ──[register]──> ...

    All stages take about equally long: the period is the shortest for so many of them.
    """
    latency = pipeline.latency + 1
    low, high = 0, max(pipeline.period_ps, 1)
    found = _stages(netlist, high)
    assert found is not None
    while high - low > 1:
        middle = (low + high) // 2
        stage = _stages(netlist, middle)
        if stage is None or stage.max(initial=0) > latency:
            low = middle
        else:
            high, found = middle, stage
    return Pipeline(netlist, found, latency)


def _stages(netlist: Netlist, period_ps: int) -> IntArray | None:
    """The earliest stage of each cell; None if one of them alone takes longer than the period."""
    synchronous = in_memory(netlist)
    delay = np.where(synchronous, BLOCK_RAM_PS, delays_ps(netlist))
    if delay.max(initial=0) > period_ps:
        return None
    stage = np.zeros(len(netlist), dtype=np.int64)
    finish = np.zeros(len(netlist), dtype=np.int64)
    for port in netlist.inputs:
        stage[port.nets] = int(port.name != TOTAL)
    for kind, cells in netlist.groups:
        if kind in (Kind.INPUT, Kind.CONST):
            continue
        args = netlist.args[cells, : kind.operands]
        earliest = stage[args].max(axis=1, initial=0) + synchronous[cells]
        start = (finish[args] * (stage[args] == earliest[:, None])).max(axis=1, initial=0)
        full = (start > 0) & (delay[cells] > 0) & (start + delay[cells] > period_ps)
        stage[cells] = earliest + full
        finish[cells] = np.where(full, 0, start) + delay[cells]
    return stage
