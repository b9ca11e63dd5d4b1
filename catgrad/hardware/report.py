"""What hardware consists of, and how long it takes, counted before synthesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from catgrad.circuit import Kind, Netlist, statistics
from catgrad.circuit.constants import ConstantMap
from catgrad.circuit.pipeline import Pipeline
from catgrad.circuit.tiles import products_in_logic
from catgrad.core.types import NdArrayType
from catgrad.fixed.assign import rate_notes
from catgrad.fixed.exact import Narrowed
from catgrad.fixed.functions import table_errors
from catgrad.folded.bind import block_rams
from catgrad.folded.bodies import tightened
from catgrad.folded.cycles import machine_cycles
from catgrad.folded.machine import Instruction, Machine
from catgrad.hardware.schedules import Spatial
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.folded.rounding import factor_widths
from catgrad.hdl.multiplier import BLOCK_BITS
from catgrad.hdl.pipelined_learner import PipelinedLearner
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.kernel import Kernel
from catgrad.learner import Learner
from catgrad.special.definition import Definition


@dataclass(frozen=True)
class Report:
    """What a piece of hardware consists of, whatever its schedule.

    `latency` and `interval` are in clock cycles; `narrowed` counts the arrays that are rounded on
    the way, within an operation of several steps; `table_errors` is the greatest difference of
    each tabulated function from the real one; `notes` are what may keep the hardware from what was
    meant.
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
    """That of circuits: `cells` counts the netlist's cells by kind.

    `learns` is whether it learns, or only predicts; `constants` are the linear maps whose products
    with constants are shifts and adds.
    """

    cells: dict[str, int]
    register_bits: int
    learns: bool = True
    constants: tuple[ConstantMap, ...] = ()

    def __str__(self) -> str:
        cells = ", ".join(f"{n} {kind}" for kind, n in self.cells.items())
        return (
            f"{self.parameters} parameters in {self.register_bits} register bits; "
            f"{self.core_operations} array operations, {self.narrowed} operands rounded on the way "
            f"through one, {sum(self.cells.values())} cells ({cells}); "
            f"latency {self.latency} cycles, one sample every {self.interval} cycles"
            f"{''.join(f'; constants {linear}' for linear in self.constants)}"
            f"{'' if self.learns else '; it only predicts'}{self.remarks()}"
        )


@dataclass(frozen=True)
class PipelineReport(SpatialReport):
    """That of pipelines: `cells` are those of the netlist whose cells are in stages.

    - `clock`: in hertz, what the stages are made for; `period_ps`: the longest path through one, by
      the model of the family
    - `predict_interval`: the interval behind a sample that is not learned from
    - `stages`: of the pipeline; `pipeline_bits`: of the registers between them
    - `register_bits`: of what is kept from sample to sample; `queue_bits`: of what a delayed rule
      has waiting
    - `blocks`: how many products are in multiplier blocks; the others are logic; `shared`: how many
      of these are on the block of another
    """

    clock: float = 0
    period_ps: int = 0
    predict_interval: int = 1
    stages: int = 1
    pipeline_bits: int = 0
    queue_bits: int = 0
    blocks: int = 0
    shared: int = 0
    delay: int = 0
    channels: int = 1

    def __str__(self) -> str:
        cells = ", ".join(f"{n} {kind}" for kind, n in self.cells.items())
        learner = "".join(
            [
                f", learning {self.delay} samples late" if self.delay else "",
                f", for {self.channels} learners in turn" if self.channels > 1 else "",
                f", every {self.predict_interval} behind one that is only predicted"
                if self.learns and self.predict_interval != self.interval
                else "",
            ]
        )
        blocks = f"{self.blocks - self.shared} multiplier" if self.shared else "multiplier"
        return (
            f"{self.parameters} parameters and state in {self.register_bits} register bits; "
            f"{self.core_operations} array operations, {self.narrowed} operands rounded on the way "
            f"through one, {sum(self.cells.values())} cells ({cells}) in {self.stages} stages with "
            f"{self.pipeline_bits} register bits between them and {self.queue_bits} in queues; "
            f"{self.blocks} products in {blocks} blocks, {self.multipliers - self.blocks} in "
            f"logic; a stage takes {self.period_ps} ps by the model, a cycle at "
            f"{self.clock / 1e6:g} MHz {1e12 / self.clock:.0f}; latency {self.latency} cycles, one "
            f"sample every {self.interval} cycles{learner}"
            f"{''.join(f'; constants {linear}' for linear in self.constants)}"
            f"{'' if self.learns else '; it only predicts'}{self.remarks()}"
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
    learns: bool = True,
    constants: tuple[ConstantMap, ...] = (),
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
        learns=learns,
        constants=constants,
    )


def pipeline_report(
    learner: Learner,
    program: OpenHypergraph,
    kept: Sequence[NdArrayType],
    netlist: Netlist,
    design: PipelinedLearner,
    schedule: Spatial,
    learns: bool,
    constants: tuple[ConstantMap, ...] = (),
) -> PipelineReport:
    """The report of a pipeline of a netlist; `kept` are its parameters and its memory."""
    plan = design.pipeline
    count = statistics(plan.netlist)
    blocks = int(plan.in_block.sum())
    queues = [loop for loop in plan.loops if loop.is_queue]
    # A sum is held one bit wider, before it is saturated.
    bits = sum(T.size * T.fixed.width for T in kept)
    bits += sum(loop.addend is not None for loop in plan.loops)
    known = common(learner, program, kept)
    known["notes"] = (*known["notes"], *sharing_notes(plan))
    return PipelineReport(
        **known,
        multipliers=blocks + products_in_logic(tightened(netlist), plan.delays),
        latency=design.latency,
        interval=design.interval,
        cells={str(kind): n for kind, n in count.cells.items()},
        register_bits=bits * schedule.channels,
        learns=learns,
        constants=constants,
        clock=schedule.clock or 0,
        period_ps=plan.period_ps,
        predict_interval=design.predict_interval,
        stages=plan.latency + 1,
        pipeline_bits=plan.register_bits,
        queue_bits=sum(int(plan.netlist.width[q.target]) * q.distance for q in queues),
        blocks=blocks,
        shared=len(plan.turns),
        delay=learner.delay if learns else 0,
        channels=schedule.channels,
    )


def sharing_notes(plan: Pipeline) -> tuple[str, ...]:
    """What to say of products that share fewer multiplier blocks than their number allows."""
    products = int(plan.in_block.sum())
    blocks, fewest = products - len(plan.turns), -(-products // plan.beat)
    if blocks <= fewest:
        return ()
    note = (
        f"{products} products take {blocks} multiplier blocks, where {fewest} have slots for all "
        f"of them at an interval of {plan.beat} cycles, since loops leave them no time for others; "
        f"a slower clock or a longer interval does, and for a learner a longer delay"
    )
    return (note,)


def folded_report(
    learner: Learner, program: OpenHypergraph, kept: Sequence[NdArrayType], machine: Machine
) -> FoldedReport:
    """The report of a machine that runs a program."""
    work = [multiply_accumulates(machine, i) for i in machine.instructions]
    learns = len(machine.instructions) > machine.forward
    cycles = machine_cycles(machine)
    interval = cycles.train if learns else cycles.predict
    memories = tuple(MemoryReport(m.name, m.lanes, m.width, m.rows) for m in machine.memories)
    known = common(learner, program, kept)
    known["notes"] = (*known["notes"], *block_notes(machine))
    return FoldedReport(
        **known,
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


def common(
    learner: Learner, program: OpenHypergraph, kept: Sequence[NdArrayType]
) -> dict[str, Any]:
    """What is known of every schedule."""
    return {
        "parameters": sum(T.size for T in learner.P),
        "core_operations": len(program.H.x),
        "narrowed": narrowed(program),
        "table_errors": table_errors(program),
        "notes": rate_notes(learner, kept),
    }


def narrowed(f: OpenHypergraph) -> int:
    """How many arrays a program rounds on the way, within definitions and kernels as well."""
    total = 0
    for label, times in Counter(f.H.x).items():
        match label:
            case Narrowed():
                total += times
            case Definition():
                total += times * narrowed(label.arrow())
            case Kernel():
                total += times * sum(narrowed(nest.body) for nest in label.nests)
    return total


def multiply_accumulates(machine: Machine, instruction: Instruction) -> int:
    """How many products an instruction forms."""
    phase = machine.phases.phases[instruction.phase]
    return prod(phase.kept) * prod(phase.reduced) if len(phase.factors) == 2 else 0
