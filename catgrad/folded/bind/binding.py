"""From phases to a machine: layouts, modes, order, waits and memories, all settled and proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catgrad.circuit.pipeline import Pipeline
from catgrad.errors import CatgradError
from catgrad.folded.bind.buffers import allocate, share
from catgrad.folded.bind.layout import Choice, Layouts, choose, spares
from catgrad.folded.bind.order import Starts, cost, ordered
from catgrad.folded.bind.plan import Plan, address
from catgrad.folded.bind.schedule import Scheduler
from catgrad.folded.bodies import bodies
from catgrad.folded.machine import Access, Home, Instruction, Machine, Timing
from catgrad.folded.phase import Phases, Place
from catgrad.folded.prove import prove

_TIMING = Timing()


def bind(phases: Phases, lanes: int, timing: Timing = _TIMING, stage_ps: int = 6000) -> Machine:
    """The machine that runs phases on so many lanes, proved.

    `stage_ps`: how much of the bodies fits into one cycle.

    No phase reads an array at two places, or stores to one twice: `fuse` sees to that. Raises
    ``CatgradError`` where there is no lane.
    """
    return bind_bodies(phases, lanes, timing, *bodies(phases, stage_ps))


def bind_bodies(
    phases: Phases,
    lanes: int,
    timing: Timing,
    pipelines: Sequence[Pipeline],
    kinds: Sequence[int],
) -> Machine:
    """The machine with these bodies: phase i has the body ``kinds[i]``."""
    if lanes < 1:
        raise CatgradError(
            f"A folded engine needs at least one lane, not {lanes}; give Folded(lanes=8), for "
            f"example."
        )
    scheduler = Scheduler(phases, timing, [pipelines[kind].latency for kind in kinds])
    layouts, starts = _started(scheduler, choose(phases, lanes, kinds))
    starts = share(scheduler, starts, layouts)
    restart = scheduler.restarts(starts)
    memories, homes = allocate(scheduler, starts, restart, layouts)
    return prove(
        Machine(
            lanes=lanes,
            timing=timing,
            phases=phases,
            memories=memories,
            homes=homes,
            bodies=tuple(pipelines),
            instructions=_instructions(phases, starts, homes, kinds),
            forward=phases.forward,
            restart=restart,
        )
    )


def _started(scheduler: Scheduler, choices: Sequence[Choice]) -> tuple[Layouts, Starts]:
    """The first choice with its starts, or a later one if that spares enough with all its waits."""
    (layouts, plans), *others = choices
    starts = ordered(scheduler, plans)
    for other, later in others:
        found = ordered(scheduler, later)
        if spares(cost(scheduler, starts)[0], cost(scheduler, found)[0]):
            layouts, starts = other, found
    return layouts, starts


def _instructions(
    phases: Phases, starts: Mapping[Plan, int], homes: Sequence[Home], kinds: Sequence[int]
) -> tuple[Instruction, ...]:
    """The plans in the order in which they start, each with what it waits for."""
    result, end = [], 0
    for plan, start in sorted(starts.items(), key=lambda item: item[1]):
        phase = phases.phases[plan.phase]
        accesses = [
            _access(plan, index, place, index >= len(phase.factors), homes[place.array])
            for index, place in enumerate(phase.places)
        ]
        factors, operands = len(phase.factors), len(phase.factors) + len(phase.operands)
        result.append(
            Instruction(
                phase=plan.phase,
                mode=plan.mode,
                loops=plan.extents,
                kept=plan.kept,
                tile=plan.lane,
                tail=plan.tail,
                wait=start - end,
                gap=plan.gap,
                factors=tuple(accesses[:factors]),
                operands=tuple(accesses[factors:operands]),
                stores=tuple(accesses[operands:]),
                body=kinds[plan.phase],
            )
        )
        end = start + plan.cycles
    return tuple(result)


def _access(plan: Plan, index: int, place: Place, results: bool, home: Home) -> Access:
    """An address from the first row of its memory on."""
    found = address(plan, index, place, results, home.layout)
    assert found is not None, "a plan has only affine addresses"
    unit = 0 if found.vector else (home.layout.lanes - 1).bit_length()
    base = (home.base << unit) + found.base
    return Access(home.memory, base, found.strides, found.vector, home.buffer << unit)
