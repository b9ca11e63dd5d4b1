"""Pipelines: netlists cut into stages, so that a new set of operands can enter in every cycle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from catgrad.circuit import timing as timings
from catgrad.circuit.bare import with_bare_blocks
from catgrad.circuit.families import Delays
from catgrad.circuit.feasible import Asked, cell_name
from catgrad.circuit.format import BoolArray, IntArray
from catgrad.circuit.loops import Loop, carried, still
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.paths import ends_ps
from catgrad.circuit.sharing_blocks import shared
from catgrad.circuit.timing import BLOCK_RAM_PS, ENTRIES, Timing, in_memory
from catgrad.circuit.turns import Turn, groups, with_choices
from catgrad.errors import CatgradError

__all__ = ["BLOCK_RAM_PS", "ENTRIES", "Pipeline", "in_memory", "pipeline", "smallest_interval"]


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A stage for each cell of a netlist.

    A sample enters in some cycle v: the inputs are right then. A cell of stage s computes in cycle
    v + s from what its arguments are then, delayed by registers; its result is right in that cycle.
    An output port is right in cycle v + `leaves[port]`.

    A cell with registers inside, `cycles` of them in a row, reads its arguments in stage
    s - `cycles`: a LOOKUP in block RAM, which a table of more than `ENTRIES` entries goes to, and
    with `delays` a MUL in a multiplier block.

    Loops lead through the ports `carried`. Each puts its value in at the end of the stage that
    `pushes` has for it, and takes one out in the stage of its target. Samples follow each other
    `interval` cycles apart, or more.

    - `stage : int64[n]`, from 0 to `latency`; inputs and constants are of stage 0, but for the
      targets of loops and the elements of the ports `free`, each of which enters in a stage of its
      own
    - `fixed`: input ports whose values are the same for all samples, and need no registers
    - `latency`: the last stage
    - `leaves`: the stage of each output port that is not carried; where none is given, the last
    - `delays`: the model of a family, or None for that of `catgrad.circuit.delays`
    - `period_asked`: what the stages were made for, in picoseconds, or None
    - `beat`: samples enter only in cycles that are a multiple of it. So an input that no loop
      brings can be right for a beat, and a register that is written once in a beat delays by one:
      in that of a cell of stage s, its result is right from stage s + 1 to s + `beat`
    - `turns`: which MUL cells are on one multiplier block
    - `bare`: the MUL cells whose multiplier blocks have no registers, see `catgrad.circuit.bare`
    """

    netlist: Netlist
    stage: IntArray
    latency: int
    delays: Delays | None = None
    loops: tuple[Loop, ...] = ()
    carried: tuple[str, ...] = ()
    pushes: tuple[int, ...] = ()
    interval: int = 1
    leaves: Mapping[str, int] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    period_asked: int | None = None
    beat: int = 1
    turns: tuple[Turn, ...] = ()
    bare: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        leaves = {
            port.name: self.leaves.get(port.name, self.latency)
            for port in self.netlist.outputs
            if port.name not in self.carried
        }
        object.__setattr__(self, "leaves", leaves)

    @cached_property
    def timing(self) -> Timing:
        """How long the cells take."""
        times = timings.timing(self.netlist, self.delays, self.period_asked, self.loops, self.bare)
        return with_choices(times, self.delays, self.turns)

    @cached_property
    def in_memory(self) -> BoolArray:
        """bool[n], the LOOKUP cells that read block RAM."""
        return in_memory(self.netlist)

    @cached_property
    def in_block(self) -> BoolArray:
        """bool[n], the MUL cells in multiplier blocks."""
        return timings.in_block(self.netlist, self.delays)

    @property
    def cycles(self) -> IntArray:
        """int64[n], how many registers in a row there are in each cell."""
        return self.timing.cycles

    @property
    def reads(self) -> IntArray:
        """int64[n], the stage in which each cell reads its arguments."""
        return self.stage - self.cycles

    @cached_property
    def last(self) -> IntArray:
        """int64[n], the last stage in which each net is read, at least its own."""
        netlist = self.netlist
        last = self.stage.copy()
        cell, operand = np.nonzero(netlist.args >= 0)
        np.maximum.at(last, netlist.args[cell, operand], self.reads[cell])
        for port in netlist.outputs:
            if port.name in self.leaves:
                last[port.nets] = np.maximum(last[port.nets], self.leaves[port.name])
        for loop, push in zip(self.loops, self.pushes, strict=True):
            last[loop.source] = max(last[loop.source], push)
        return last

    @cached_property
    def begins(self) -> IntArray:
        """int64[n], the stage up to which each net can be read itself, and not from a register.

        For a value that a loop holds that is the one in which the next is put in.
        """
        begins = self.stage.copy()
        begins[self.netlist.kind == Kind.INPUT] += self.beat - 1
        for loop, push in zip(self.loops, self.pushes, strict=True):
            begins[loop.target] = self.stage[loop.target] if loop.is_queue else push
        return begins

    @cached_property
    def delay(self) -> IntArray:
        """int64[n], how many registers in a row follow each net, until it is read no more."""
        delay = -(np.minimum(self.begins - self.last, 0) // self.beat)
        return np.where(still(self.netlist, self.fixed), 0, delay)

    @property
    def register_bits(self) -> int:
        """How many bits of registers the cuts between stages need, without those in cells."""
        return int((self.netlist.width * self.delay).sum())

    @property
    def loop_bits(self) -> int:
        """How many bits the values of loops take, in registers or memory."""
        return sum(int(self.netlist.width[loop.held]) * loop.distance for loop in self.loops)

    @cached_property
    def period_ps(self) -> int:
        """The longest path through the cells of one stage, by the model."""
        return int(ends_ps(self.netlist, self.timing, self.stage).max(initial=0))

    def verify(self) -> Pipeline:
        """The pipeline itself, if it is valid; else a `CatgradError` that names a fault."""
        self._verify_stages()
        self._verify_loops()
        self._verify_turns()
        needs = ends_ps(self.netlist, self.timing, self.stage)
        if self.timing.is_exact and self.period_asked is not None:
            late = needs > self.period_asked
            if late.any():
                cell = int(np.argmax(late))
                raise CatgradError(
                    f"{cell_name(self.netlist, cell)} needs {needs[cell]} ps of its stage, but the "
                    f"period is {self.period_asked} ps; put fewer cells into the stage, or allow a "
                    f"longer period."
                )
        return self

    def _verify_stages(self) -> None:
        netlist, stage = self.netlist, self.stage
        outside = (stage < 0) | (stage > self.latency)
        if outside.any():
            cell = int(np.argmax(outside))
            raise CatgradError(
                f"{cell_name(netlist, cell)} is in stage {stage[cell]}, but the pipeline has "
                f"stages 0 to {self.latency}; put the cell in one of those."
            )
        targets = [loop.target for loop in self.loops]
        for port in netlist.inputs:
            nets = port.nets[~np.isin(port.nets, targets)]
            enters = stage[nets[:1]].sum() if port.name in self.free else 0
            late = stage[nets] != enters
            if late.any():
                cell = int(nets[np.argmax(late)])
                raise CatgradError(
                    f"{cell_name(netlist, cell)} is in stage {stage[cell]}, but inputs are right "
                    f"in stage {enters}; put it there."
                )
        args = np.maximum(netlist.args, 0)
        variable = (netlist.args >= 0) & ~still(netlist, self.fixed)[args]
        early = variable & (stage[args] > self.reads[:, None])
        if early.any():
            cell, operand = (int(i) for i in np.argwhere(early)[0])
            arg = args[cell, operand]
            raise CatgradError(
                f"{cell_name(netlist, cell)} reads in stage {self.reads[cell]}, but cell {arg} "
                f"({Kind(netlist.kind[arg])}) is right from stage {stage[arg]} on; put a cell in "
                f"the stage of what it reads or in a later one, a read of block RAM in a later one."
            )
        for port in netlist.outputs:
            leaves = self.leaves.get(port.name, self.latency)
            if (stage[port.nets] > leaves).any():
                cell = int(port.nets[np.argmax(stage[port.nets] > leaves)])
                raise CatgradError(
                    f"Output port {port.name} leaves in stage {leaves}, but "
                    f"{cell_name(netlist, cell).lower()} is right from stage {stage[cell]} on; let "
                    f"the port leave then."
                )

    def _verify_loops(self) -> None:
        for loop, push in zip(self.loops, self.pushes, strict=True):
            begins, taken = int(self.stage[loop.source]), int(self.stage[loop.target])
            latest = taken + loop.distance * self.interval - 1
            if not max(begins, taken) <= push <= latest:
                raise CatgradError(
                    f"The value of cell {loop.target} for a later sample is put in at the end of "
                    f"stage {push}, but it is right from stage {begins} on, and is taken out in "
                    f"stage {taken}, {loop.distance} samples of {self.interval} cycles later; put "
                    f"it in at the end of a stage from {max(begins, taken)} to {latest}."
                )
            if loop.addend is not None and push != begins:
                raise CatgradError(
                    f"The sum for cell {loop.target} is held as it leaves its adder, in stage "
                    f"{begins}, but is put in at the end of stage {push}; put it in then."
                )

    def _verify_turns(self) -> None:
        for cells in groups(self.turns):
            slots: dict[int, int] = {}
            for cell in cells:
                if not self.in_block[cell]:
                    raise CatgradError(
                        f"{cell_name(self.netlist, cell)} takes turns with cell "
                        f"{next(other for other in cells if other != cell)}, but is in no "
                        f"multiplier block; let it have logic of its own."
                    )
                slot = int(self.reads[cell]) % self.beat
                other = slots.setdefault(slot, cell)
                if other != cell:
                    raise CatgradError(
                        f"{cell_name(self.netlist, cell)} takes turns with cell {other}, but reads "
                        f"in stage {self.reads[cell]}, and that one in stage {self.reads[other]}, "
                        f"while samples are {self.beat} cycles apart; give each a slot of its own."
                    )


def pipeline(
    netlist: Netlist,
    period_ps: int,
    delays: Delays | None = None,
    *,
    loops: Sequence[Loop] | None = None,
    interval: int | None = None,
    latency: int | None = None,
    free: Collection[str] = (),
    fixed: Collection[str] = (),
    together: bool = True,
    beat: int | None = None,
    stored: Collection[str] = (),
) -> Pipeline:
    """A pipeline of as few stages as the period allows, and then with the fewest register bits.

    No path through one stage takes longer than the period. With `delays` that is sure, or refused.
    Without, by the rough model, a cell that takes longer alone has no others before or after it in
    its stage.

    - `loops`: what later samples read, see `catgrad.circuit.loops`; None where no port is carried
    - `interval`: how many cycles samples are apart; None for as few as the loops allow
    - `latency`: the stage in which the first output port leaves; None for the first possible
    - `free`: input ports that may enter in any stage, all elements of a port in the same
    - `fixed`: input ports whose values are the same for all samples
    - `together`: whether all outputs leave in one stage, or each port in one of its own
    - `beat`: samples enter only in cycles that are a multiple of it, instead of `interval` or more
      cycles apart; so products can share multiplier blocks, see `catgrad.circuit.sharing_blocks`
    - `stored`: output ports that are written to a memory in the stage in which they leave

    Raises ``CatgradError`` when there are no such stages, with the path and the period that can be
    met.
    """
    if period_ps < 1:
        raise CatgradError(f"A period of {period_ps} ps is no time; give a pipeline at least 1 ps.")
    closed = tuple(loops or ())
    ports = () if loops is None else carried(netlist)
    asked = Asked(netlist, delays, closed, ports, 1, tuple(free), tuple(fixed), together, latency)
    asked = replace(asked, stored=tuple(stored))
    asked = with_bare_blocks(asked, period_ps, interval if beat is None else beat)
    if beat is not None:
        asked = replace(asked, turns=shared(asked, period_ps))
    placement = asked.feasible(period_ps)
    if latency is None:
        placement.leave_in(placement.earliest().first)
    placed = placement.fewest_registers()
    return Pipeline(
        netlist,
        placed.stage,
        max([placed.first, *placed.stage.tolist(), *placed.leaves.values()]),
        delays,
        closed,
        ports,
        placed.pushes,
        asked.interval,
        placed.leaves,
        tuple(free),
        tuple(fixed),
        period_ps,
        beat or 1,
        asked.turns,
        asked.bare,
    ).verify()


def smallest_interval(
    netlist: Netlist, period_ps: int, delays: Delays | None, loops: Sequence[Loop]
) -> int:
    """How many cycles samples have to be apart, at least, for these loops.

    Raises ``CatgradError`` when a cell alone takes longer than the period.
    """
    asked = Asked(netlist, delays, tuple(loops))
    return asked.smallest_interval(period_ps) if loops else 1
