"""Pipelines: netlists cut into stages, so that a new set of operands can enter in every cycle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from catgrad.circuit.delays import delays_ps
from catgrad.circuit.format import BoolArray, IntArray
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.retime import retime
from catgrad.errors import CatgradError

ENTRIES = 64
"""A table of more entries is read from block RAM."""

BLOCK_RAM_PS = 2000
"""From the beginning of a cycle to the entry that a block RAM gives in it, in picoseconds."""


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A stage for each cell of a netlist.

    The inputs are right in some cycle v. A cell of stage s computes in cycle v + s from what its
    arguments are then, delayed by registers; the outputs are right in cycle v + `latency`.

    A LOOKUP in a table of more than `ENTRIES` entries reads block RAM, which takes a cycle: its
    stage s is that of the entry, and the index is read in stage s - 1.

    `stage : int64[n]`, from 0 to `latency`; inputs and constants are of stage 0.
    """

    netlist: Netlist
    stage: IntArray
    latency: int

    @cached_property
    def in_memory(self) -> BoolArray:
        """bool[n], the LOOKUP cells that read block RAM."""
        return in_memory(self.netlist)

    @property
    def reads(self) -> IntArray:
        """int64[n], the stage in which each cell reads its arguments."""
        return self.stage - self.in_memory

    @cached_property
    def delay(self) -> IntArray:
        """int64[n], how many cycles after a net is computed it is still read: its registers."""
        netlist = self.netlist
        last = self.stage.copy()
        cell, operand = np.nonzero(netlist.args >= 0)
        np.maximum.at(last, netlist.args[cell, operand], self.reads[cell])
        for port in netlist.outputs:
            last[port.nets] = self.latency
        return np.where(netlist.kind == Kind.CONST, 0, last - self.stage)

    @property
    def register_bits(self) -> int:
        """How many bits of registers the cuts between stages need."""
        return int((self.netlist.width * self.delay).sum())

    @cached_property
    def period_ps(self) -> int:
        """The longest path through the cells of one stage, by the estimate of `delays_ps`."""
        netlist = self.netlist
        delay = _delays_ps(netlist)
        arrival = delay.copy()
        for kind, cells in netlist.groups:
            args = netlist.args[cells, : kind.operands]
            together = self.stage[args] == self.stage[cells, None]
            arrival[cells] += (arrival[args] * together).max(axis=1, initial=0)
        return int(arrival.max(initial=0))

    def verify(self) -> Pipeline:
        """The pipeline itself, if it is valid; else a `CatgradError` that names a fault."""
        netlist, stage = self.netlist, self.stage
        outside = (stage < 0) | (stage > self.latency)
        if outside.any():
            cell = int(np.argmax(outside))
            raise CatgradError(
                f"{_cell(netlist, cell)} is in stage {stage[cell]}, but the pipeline has stages 0 "
                f"to {self.latency}; put the cell in one of those."
            )
        late = (netlist.kind == Kind.INPUT) & (stage > 0)
        if late.any():
            cell = int(np.argmax(late))
            raise CatgradError(
                f"{_cell(netlist, cell)} is in stage {stage[cell]}, but inputs are right in "
                f"stage 0; put it there."
            )
        args = np.maximum(netlist.args, 0)
        variable = (netlist.args >= 0) & (netlist.kind[args] != Kind.CONST)
        early = variable & (stage[args] > self.reads[:, None])
        if early.any():
            cell, operand = (int(i) for i in np.argwhere(early)[0])
            arg = args[cell, operand]
            raise CatgradError(
                f"{_cell(netlist, cell)} reads in stage {self.reads[cell]}, but cell {arg} "
                f"({Kind(netlist.kind[arg])}) is right from stage {stage[arg]} on; put a cell in "
                f"the stage of what it reads or in a later one, a read of block RAM in a later one."
            )
        return self


def pipeline(netlist: Netlist, period_ps: int) -> Pipeline:
    """A pipeline of as few stages as the period allows, with few registers.

    No path through one stage takes longer than the period by the estimate of `delays_ps`; only a
    cell that takes longer alone does, which then has no others before or after it in its stage.
    """
    if period_ps < 1:
        raise CatgradError(f"A period of {period_ps} ps is no time; give a pipeline at least 1 ps.")
    delay, synchronous = _delays_ps(netlist), in_memory(netlist)
    stage = np.zeros(len(netlist), dtype=np.int64)
    finish = np.zeros(len(netlist), dtype=np.int64)
    for kind, cells in netlist.groups:
        args = netlist.args[cells, : kind.operands]
        earliest = stage[args].max(axis=1, initial=0) + synchronous[cells]
        start = (finish[args] * (stage[args] == earliest[:, None])).max(axis=1, initial=0)
        full = (start > 0) & (delay[cells] > 0) & (start + delay[cells] > period_ps)
        stage[cells] = earliest + full
        finish[cells] = np.where(full, 0, start) + delay[cells]
    latency = int(stage.max(initial=0))
    stage = retime(netlist, latency, delay, synchronous, period_ps)
    return Pipeline(netlist, stage, latency).verify()


def in_memory(netlist: Netlist) -> BoolArray:
    """bool[n], the LOOKUP cells of a netlist whose tables are for block RAM."""
    large = np.array([len(table) > ENTRIES for table in netlist.tables] + [False])
    lookup = netlist.kind == Kind.LOOKUP
    found: BoolArray = large[np.where(lookup, netlist.value, -1).astype(np.int64)]
    return found


def _delays_ps(netlist: Netlist) -> IntArray:
    """Those of `delays_ps`, but for what is read from block RAM."""
    return np.where(in_memory(netlist), BLOCK_RAM_PS, delays_ps(netlist))


def _cell(netlist: Netlist, cell: int) -> str:
    return f"Cell {cell} ({Kind(netlist.kind[cell])})"
