"""What hardware consists of, and how long it takes, counted before synthesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catgrad.circuit import Kind, Netlist, statistics
from catgrad.circuit.constants import ConstantMap
from catgrad.circuit.pipeline import Pipeline
from catgrad.circuit.tiles import products_in_logic
from catgrad.core.types import NdArrayType
from catgrad.fixed.assign import rate_notes
from catgrad.fixed.exact import Narrowed
from catgrad.fixed.functions import table_errors
from catgrad.folded.bodies import tightened
from catgrad.hardware.schedules import Spatial
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
      of these are on the block of another; `bare`: the cells whose blocks have no registers, on
      loops that have no time for these
    """

    clock: float = 0
    period_ps: int = 0
    predict_interval: int = 1
    stages: int = 1
    pipeline_bits: int = 0
    queue_bits: int = 0
    blocks: int = 0
    shared: int = 0
    bare: tuple[int, ...] = ()
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
        bare = f" ({len(self.bare)} of them without registers)" if self.bare else ""
        return (
            f"{self.parameters} parameters and state in {self.register_bits} register bits; "
            f"{self.core_operations} array operations, {self.narrowed} operands rounded on the way "
            f"through one, {sum(self.cells.values())} cells ({cells}) in {self.stages} stages with "
            f"{self.pipeline_bits} register bits between them and {self.queue_bits} in queues; "
            f"{self.blocks} products in {blocks} blocks{bare}, {self.multipliers - self.blocks} "
            f"in logic; a stage takes {self.period_ps} ps by the model, a cycle at "
            f"{self.clock / 1e6:g} MHz {1e12 / self.clock:.0f}; latency {self.latency} cycles, one "
            f"sample every {self.interval} cycles{learner}"
            f"{''.join(f'; constants {linear}' for linear in self.constants)}"
            f"{'' if self.learns else '; it only predicts'}{self.remarks()}"
        )


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
        bare=tuple(sorted(plan.bare)),
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
