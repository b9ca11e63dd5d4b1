"""From a tick of a learner to its circuit: a netlist, and a pipeline of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from catgrad.circuit import Netlist, optimise
from catgrad.circuit.chains import short_chains
from catgrad.circuit.constants import ConstantMap, shifts_and_adds
from catgrad.circuit.families import DELAYS
from catgrad.circuit.halves import halves
from catgrad.circuit.loops import CARRIED, Loop, loops
from catgrad.circuit.lower import lower
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.circuit.queues import narrow_queues
from catgrad.circuit.reassociate import constants_first
from catgrad.circuit.sums import with_sums
from catgrad.circuit.tiles import tiled
from catgrad.circuit.top_bits import top_bits
from catgrad.combinators import keep_inputs, keep_outputs
from catgrad.errors import CatgradError
from catgrad.folded.bodies import tightened
from catgrad.hardware.lines import lines_behind_queues
from catgrad.hardware.schedules import Schedule, Spatial
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.kernel import to_kernels, unroll


class Roles(NamedTuple):
    """How many arrays of a tick are what: kept, memory, inputs, outputs; which kept ones are late.

    `late` are the queues of a delayed rule that are to have a port of their own. One that does not
    learn keeps its parameters as they are.
    """

    kept: int
    memories: int
    inputs: int
    outputs: int
    late: tuple[int, ...] = ()
    learns: bool = True


def netlist_of(program: OpenHypergraph, roles: Roles) -> Netlist:
    """The circuit of a tick ``K ● M ● X ● Y' → Y ● K' ● M' ● early ● late``.

    Every scalar operation is a cell of its own.
    """
    k, m, x, y, late, learns = roles
    kept = [*(i for i in range(k) if i not in late), *late]
    f = keep_inputs(program, [*kept, *range(k, len(program.s))])
    after = [y + i for i in kept] if learns else []
    order = [*range(y), *after, *range(y + k, len(program.t))]
    f = keep_outputs(f, order)

    def size(types: Labels) -> int:
        return sum(T.size for T in types)

    inputs, outputs = f.source, f.target
    first = k - len(late)
    parameters = ("parameters", size(inputs[:first]))
    queues = ("late", size(inputs[first:k]))
    memory = ("state", size(inputs[k : k + m]))
    netlist = lower(
        unroll(to_kernels(f)),
        inputs=[
            parameters,
            *([queues] if late else []),
            memory,
            ("x", size(inputs[k + m : k + m + x])),
            ("y", size(inputs[k + m + x :])),
        ],
        outputs=[
            ("prediction", size(outputs[:y])),
            *([parameters] if learns else []),
            *([queues] if late else []),
            memory,
            ("forward_saturations", 1),
            ("learning_saturations", 1),
        ],
    )
    return optimise(netlist)


def with_constants(netlist: Netlist, schedule: Schedule) -> tuple[Netlist, tuple[ConstantMap, ...]]:
    """The netlist, its constants as the schedule wants them, and what became of each linear map."""
    if not isinstance(schedule, Spatial) or schedule.constants is None:
        return netlist, ()
    inverters = schedule.family is not None and DELAYS[schedule.family].subtract > 0
    rebuilt, maps = shifts_and_adds(netlist, schedule.constants, inverters)
    return optimise(rebuilt), maps


def pipeline_of(netlist: Netlist, schedule: Spatial, state: Sequence[int] = ()) -> Pipeline:
    """The netlist in stages, for the clock of a schedule; `state` as it begins, by default 0."""
    delays = None if schedule.family is None else DELAYS[schedule.family]
    netlist = tightened(netlist)
    if delays is not None:
        netlist = tiled(netlist, delays)
    if schedule.delay:
        netlist = narrow_queues(netlist)
        netlist = optimise(lines_behind_queues(netlist, state) if schedule.always else netlist)
    if delays is not None:
        if schedule.interval is not None:
            netlist = halves(netlist, delays, schedule.period_ps)
        netlist = optimise(short_chains(top_bits(netlist), delays, schedule.period_ps))
    carried = {port.name for port in netlist.outputs if len(port)}
    ports = [name for name in CARRIED if name in carried]
    if delays is not None:
        netlist = optimise(constants_first(netlist, loops(netlist, ports)))
    closed = loops(netlist, ports, schedule.channels)

    def placed(netlist: Netlist, closed: Sequence[Loop]) -> Pipeline:
        return pipeline(
            netlist,
            schedule.period_ps,
            delays,
            loops=closed,
            free=("y",),
            fixed=() if "parameters" in carried else ("parameters",),
            together=False,
            beat=schedule.interval,
            stored=("prediction",),
        )

    if delays is None or not delays.adds_or_moves:
        return placed(netlist, closed)
    summed, sums = with_sums(netlist, closed)
    if sums == closed:
        return placed(netlist, closed)
    try:
        found = placed(summed, sums)
    except CatgradError:
        return placed(netlist, closed)
    if found.interval == (schedule.interval or 1):
        return found
    # What saturates behind an adder can have a stage of its own, where samples are so far apart.
    return min(found, placed(netlist, closed), key=_interval)


def _interval(pipeline: Pipeline) -> int:
    return pipeline.interval
