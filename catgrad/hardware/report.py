"""What hardware consists of, and how long it takes, counted before synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from catgrad.circuit import Kind, Netlist, statistics
from catgrad.core.types import NdArrayType
from catgrad.fixed.assign import rate_notes
from catgrad.fixed.exact import Narrowed
from catgrad.fixed.functions import table_errors
from catgrad.folded.bind import block_rams
from catgrad.folded.cycles import machine_cycles
from catgrad.folded.machine import Instruction, Machine
from catgrad.hdl.folded.engine import Engine
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import Learner


@dataclass(frozen=True)
class Report:
    """What a piece of hardware consists of, whatever its schedule.

    `latency` and `interval` are in clock cycles; `narrowed` counts the arrays that are rounded on
    the way, within an operation of several steps; `table_errors` is the greatest difference of
    each tabulated function from the real one; `notes` are what may keep the hardware from learning.
    """

    parameters: int
    core_operations: int
    narrowed: int
    multipliers: int
    latency: int
    interval: int
    table_errors: dict[str, float]
    notes: tuple[str, ...]

    def remarks(self) -> str:
        """What is to be said of tables and of learning, as clauses."""
        errors = (f"; {name} errs by {e:.2g} at most" for name, e in self.table_errors.items())
        return "".join([*errors, *(f"; note: {note}" for note in self.notes)])


@dataclass(frozen=True)
class SpatialReport(Report):
    """That of circuits: `cells` counts the netlist's cells by kind."""

    cells: dict[str, int]
    register_bits: int

    def __str__(self) -> str:
        cells = ", ".join(f"{n} {kind}" for kind, n in self.cells.items())
        return (
            f"{self.parameters} parameters in {self.register_bits} register bits; "
            f"{self.core_operations} array operations, {self.narrowed} operands rounded on the way "
            f"through one, {sum(self.cells.values())} cells ({cells}); "
            f"latency {self.latency} cycles, one sample every {self.interval} cycles"
            f"{self.remarks()}"
        )


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


def spatial_report(
    learner: Learner,
    program: OpenHypergraph,
    kept: Sequence[NdArrayType],
    netlist: Netlist,
    cycles: int,
) -> SpatialReport:
    """The report of a netlist that takes so many cycles for a sample."""
    count = statistics(netlist)
    return SpatialReport(
        **common(learner, program, kept),
        multipliers=count.cells.get(Kind.MUL, 0),
        latency=cycles,
        interval=cycles,
        cells={str(kind): n for kind, n in count.cells.items()},
        register_bits=sum(T.size * T.fixed.width for T in kept),
    )


def folded_report(
    learner: Learner, program: OpenHypergraph, kept: Sequence[NdArrayType], machine: Machine
) -> FoldedReport:
    """The report of a machine that runs a program."""
    work = [multiply_accumulates(machine, i) for i in machine.instructions]
    learns = len(machine.instructions) > machine.forward
    cycles = machine_cycles(machine)
    interval = cycles.train if learns else cycles.predict
    memories = tuple(MemoryReport(m.name, m.lanes, m.width, m.rows) for m in machine.memories)
    return FoldedReport(
        **common(learner, program, kept),
        multipliers=machine.lanes,
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
        block_rams={family: block_rams(machine, family) for family in ("ice40", "ecp5")},
    )


def common(
    learner: Learner, program: OpenHypergraph, kept: Sequence[NdArrayType]
) -> dict[str, Any]:
    """What is known of every schedule."""
    return {
        "parameters": sum(T.size for T in learner.P),
        "core_operations": len(program.H.x),
        "narrowed": sum(isinstance(x, Narrowed) for x in program.H.x),
        "table_errors": table_errors(program),
        "notes": rate_notes(learner, kept),
    }


def multiply_accumulates(machine: Machine, instruction: Instruction) -> int:
    """How many products an instruction forms."""
    phase = machine.phases.phases[instruction.phase]
    return prod(phase.kept) * prod(phase.reduced) if len(phase.factors) == 2 else 0
