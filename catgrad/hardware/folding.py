"""Folded engines as hardware: what they consist of, phase by phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from catgrad.circuit.netlist import Kind
from catgrad.core.types import NdArrayType
from catgrad.folded.bind import block_rams
from catgrad.folded.cycles import machine_cycles
from catgrad.folded.machine import Instruction, Machine, Mode
from catgrad.hardware.report import Report, common
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.folded.rounding import factor_widths
from catgrad.hdl.multiplier import BLOCK_BITS, Family
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import Learner

MOST_BLOCK_RAMS = {"ice40": 32, "ecp5": 208}
"""Those of the largest device of each family."""


@dataclass(frozen=True)
class PhaseReport:
    """One phase: how its lanes share the work, and for how many cycles they are at it."""

    name: str
    mode: str
    multiply_accumulates: int
    cycles: int
    learning: bool

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.mode}, {self.multiply_accumulates:,} multiply-accumulates in "
            f"{self.cycles:,} cycles{' (learning)' if self.learning else ''}"
        )


@dataclass(frozen=True)
class MemoryReport:
    """A memory: so many rows of a number of `width` bits for each lane."""

    name: str
    lanes: int
    width: int
    rows: int

    def __str__(self) -> str:
        return f"{self.name}: {self.rows} rows of {self.lanes} x {self.width} bits"


@dataclass(frozen=True)
class FoldedReport(Report):
    """That of an engine.

    `interval` is that of samples from which it learns, and `predict_interval` that of those which
    it only predicts; `latency` is from the transfer of the last number of a sample to the cycle in
    which its prediction is valid, where the engine was idle. `use` is the share of the
    lanes' cycles in which they multiply; `block_rams` how many the memories take on each family.
    """

    lanes: int
    predict_interval: int
    multiply_accumulates: int
    use: float
    bodies: int
    phases: tuple[PhaseReport, ...]
    memories: tuple[MemoryReport, ...]
    memory_bits: int
    block_rams: dict[str, int]

    def __str__(self) -> str:
        rams = ", ".join(f"{count} on {family}" for family, count in self.block_rams.items())
        summary = (
            f"{self.parameters} parameters; {self.core_operations} array operations in "
            f"{len(self.phases)} phases on {self.lanes} lanes, {self.multipliers} multipliers; "
            f"{self.multiply_accumulates:,} multiply-accumulates in {self.interval:,} cycles a "
            f"sample, {self.use:.1%} of what the lanes can do; {self.predict_interval:,} cycles "
            f"for a prediction alone, latency {self.latency:,}; {self.memory_bits:,} bits in "
            f"{len(self.memories)} memories, block RAMs: {rams}{self.remarks()}"
        )
        return "\n  ".join([summary, *map(str, self.phases), *map(str, self.memories)])


def folded_report(
    learner: Learner,
    program: OpenHypergraph,
    kept: Sequence[NdArrayType],
    machine: Machine,
    family: Family | None = None,
) -> FoldedReport:
    """The report of a machine that runs a program, for a family of FPGAs or for any."""
    work = [multiply_accumulates(machine, i) for i in machine.instructions]
    learns = len(machine.instructions) > machine.forward
    cycles = machine_cycles(machine)
    interval = cycles.train if learns else cycles.predict
    memories = tuple(MemoryReport(m.name, m.lanes, m.width, m.rows) for m in machine.memories)
    known = common(learner, program, kept)
    rams = {name: block_rams(machine, name) for name in MOST_BLOCK_RAMS}
    rates = known["notes"] if learns else ()
    notes = (*lane_notes(machine), *block_notes(machine), *memory_notes(rams, family))
    known["notes"] = (*rates, *notes)
    return FoldedReport(
        **known,
        multipliers=multipliers(machine),
        latency=Engine(machine).latency,
        interval=interval,
        lanes=machine.lanes,
        predict_interval=cycles.predict,
        multiply_accumulates=sum(work),
        use=sum(work) / (interval * machine.lanes),
        bodies=len(machine.bodies),
        phases=tuple(
            PhaseReport(
                name=machine.phases.phases[instruction.phase].name,
                mode=instruction.mode.value,
                multiply_accumulates=count,
                cycles=instruction.cycles,
                learning=number >= machine.forward,
            )
            for number, (instruction, count) in enumerate(
                zip(machine.instructions, work, strict=True)
            )
        ),
        memories=memories,
        memory_bits=sum(m.lanes * m.width * m.rows for m in memories),
        block_rams=rams,
    )


def multipliers(machine: Machine) -> int:
    """How many synthesis meets: one of each lane, if these multiply, and those of the bodies.

    Of each body there is one for each lane in mode PARALLEL, and one for all other modes; what it
    multiplies by a single bit is no product.
    """
    units = {(i.mode is Mode.PARALLEL, i.body) for i in machine.instructions}
    count = machine.lanes if any(len(i.factors) == 2 for i in machine.instructions) else 0
    for is_parallel, body in units:
        netlist = machine.bodies[body].netlist
        widths = netlist.width[netlist.args[netlist.kind == Kind.MUL, :2]]
        count += int(np.sum(widths.min(axis=1, initial=2) > 1)) * (
            machine.lanes if is_parallel else 1
        )
    return count


def lane_notes(machine: Machine) -> tuple[str, ...]:
    """What to say of more lanes than any loop has iterations for."""
    loops = [
        extent
        for phase in machine.phases.phases
        if phase.reduction in (None, "sum")
        for extent in (*phase.kept, *phase.reduced)
    ]
    longest = max(loops, default=1)
    if machine.lanes <= longest:
        return ()
    note = (
        f"no loop that {machine.lanes:,} lanes share has more than {longest:,} iterations, so "
        f"that {longest:,} lanes are enough, with less logic and memory"
    )
    return (note,)


def memory_notes(rams: Mapping[str, int], family: Family | None) -> tuple[str, ...]:
    """What to say of memories that no device has room for, of the one family or of any."""
    return tuple(
        f"the memories take {count:,} block RAMs on {name}, and its largest device has "
        f"{MOST_BLOCK_RAMS[name]}; fewer lanes, narrower formats or a smaller model take fewer"
        for name, count in rams.items()
        if count > MOST_BLOCK_RAMS[name] and family in (None, name)
    )


def block_notes(machine: Machine) -> tuple[str, ...]:
    """What to say of multipliers that are no single block of a family."""
    width = max(factor_widths(machine), default=0)
    narrower = [f"{family} ({bits})" for family, bits in BLOCK_BITS.items() if bits < width]
    if not narrower:
        return ()
    note = (
        f"each multiplier is several blocks, since factors have {width} bits with a sign, more "
        f"than those of {', '.join(narrower)}"
    )
    return (note,)


def multiply_accumulates(machine: Machine, instruction: Instruction) -> int:
    """How many products an instruction forms."""
    phase = machine.phases.phases[instruction.phase]
    return prod(phase.kept) * prod(phase.reduced) if len(phase.factors) == 2 else 0
