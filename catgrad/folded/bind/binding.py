"""From phases to a machine: layouts, modes, order, waits and memories, all settled and proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.errors import CatgradError
from catgrad.folded.bind.buffers import allocate, share
from catgrad.folded.bind.layout import Layouts, choose, spares
from catgrad.folded.bind.order import Starts, cost, ordered
from catgrad.folded.bind.plan import Plan, address
from catgrad.folded.bind.schedule import Scheduler
from catgrad.folded.bodies import bodies, kinds
from catgrad.folded.early import early_modes, hastened
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
    netlists, _ = kinds(phases)
    early = [hastened(pipeline(netlist, stage_ps), stage_ps) for netlist in netlists]
    return bind_bodies(phases, lanes, timing, *bodies(phases, stage_ps), early)


def bind_bodies(
    phases: Phases,
    lanes: int,
    timing: Timing,
    pipelines: Sequence[Pipeline],
    which: Sequence[int],
    early: Sequence[Pipeline] = (),
) -> Machine:
    """The machine with these bodies: phase i has the body ``which[i]``.

    `early`: those instead where totals come early; see `catgrad.folded.early`.
    """
    if lanes < 1:
        raise CatgradError(
            f"A folded engine needs at least one lane, not {lanes}; give Folded(lanes=8), for "
            f"example."
        )
    found: tuple[Scheduler, Layouts, Starts, Sequence[Pipeline]] | None = None
    for layouts, plans in choose(phases, lanes, which):
        made = _hastened(phases, plans, which, pipelines, early) if early else pipelines
        scheduler = Scheduler(phases, timing, [made[kind].latency for kind in which])
        starts = ordered(scheduler, plans)
        # The first choice, or a later one if that spares enough with all its waits.
        if found is None or spares(cost(found[0], found[2])[0], cost(scheduler, starts)[0]):
            found = scheduler, layouts, starts, made
    assert found is not None, "there is always a choice"
    scheduler, layouts, starts, pipelines = found
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
            instructions=_instructions(phases, starts, homes, which),
            forward=phases.forward,
            restart=restart,
        )
    )


def _hastened(
    phases: Phases,
    plans: Sequence[Plan],
    which: Sequence[int],
    pipelines: Sequence[Pipeline],
    early: Sequence[Pipeline],
) -> list[Pipeline]:
    """The bodies; of those that only totals of `early_modes` enter, the `early` ones."""
    multiplying = [plan for plan in plans if phases.phases[plan.phase].factors]
    modes = early_modes((plan.mode, len(plan.nest.loops) > plan.kept) for plan in multiplying)
    entering = [
        {plan.mode for plan in multiplying if which[plan.phase] == kind}
        for kind in range(len(pipelines))
    ]
    return [
        faster if own and own <= modes else slower
        for slower, faster, own in zip(pipelines, early, entering, strict=True)
    ]


def _instructions(
    phases: Phases, starts: Mapping[Plan, int], homes: Sequence[Home], which: Sequence[int]
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
                body=which[plan.phase],
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
