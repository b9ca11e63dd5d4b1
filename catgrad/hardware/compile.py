"""From a model and its learning rule to hardware."""

from __future__ import annotations

from typing import get_args

from catgrad.combinators import Canonical, keep_inputs
from catgrad.core.simplify import simplify
from catgrad.core.types import Fixed
from catgrad.errors import CatgradError
from catgrad.fixed.assign import check
from catgrad.fixed.formats import Formats
from catgrad.fixed.instrument import count_saturations
from catgrad.fixed.quantise import quantise
from catgrad.fixed.ranges import Calibration
from catgrad.hardware.hardware import Hardware
from catgrad.hardware.reach import require_reach
from catgrad.hardware.recursions import require_stable
from catgrad.hardware.schedules import Folded, Schedule, Serial, Spatial
from catgrad.hypergraph import OpenHypergraph
from catgrad.layers.rules import delayed
from catgrad.learner import learner, transition
from catgrad.target.python.integers import WIDEST

HINTS = {
    "model": "call the layer, as in layers.linear(batch, inputs, outputs)",
    "formats": "write Formats.uniform(16, 12)",
    "schedule": "write Spatial(cycles=1), Folded(lanes=8) or Serial()",
}
"""How to get what compile_hardware needs."""


def compile_hardware(
    model: OpenHypergraph,
    rule: Canonical,
    loss: Canonical,
    formats: Formats,
    schedule: Schedule | None = None,
    calibration: Calibration | None = None,
) -> Hardware:
    """Compile a model and its learning rule to fixed-point hardware.

    The hardware is that of a `schedule`, `Spatial()` unless another is given; its integers do not
    depend on that. Where `calibration` is given, the float learner runs over it first, and formats
    that cannot hold what it puts on a wire are refused before any hardware is built.

    CatgradError at what the schedule cannot do, but for one thing: whether a pipeline keeps up with
    its clock, and with its interval, is known once it is made, by `Hardware.pipeline`, `report`,
    `component` or `verilog`.
    """
    for name, value, wanted in (
        ("model", model, OpenHypergraph),
        ("formats", formats, Formats),
        ("schedule", schedule or Spatial(), Schedule),
    ):
        if not isinstance(value, wanted):
            kinds = " or ".join(kind.__name__ for kind in get_args(wanted) or (wanted,))
            raise CatgradError(
                f"compile_hardware needs {kinds} for {name}, not {type(value).__name__}; "
                f"{HINTS[name]}."
            )
    if isinstance(schedule, Spatial) and schedule.delay:
        rule = delayed(rule, schedule.delay)
    float_learner = learner(model, rule, loss).expanded()
    for T in float_learner.P:
        if not T.is_floating:
            raise CatgradError(
                f"The model has a parameter of type {T}, but compile_hardware quantises those of "
                f"floating-point dtypes; write it in Dtype.float32."
            )
    for name, types in (("input", float_learner.X), ("output", float_learner.Y)):
        if sum(T.size for T in types) == 0:
            raise CatgradError(
                f"The model has no {name} numbers, which hardware has no stream for; "
                f"give it at least one {name} that is not empty."
            )
    require_stable(float_learner.whole, formats)
    require_reach(float_learner, formats)
    if isinstance(schedule, Spatial) and not float_learner.kept:
        schedule.require_learner("A model without parameters")
    if calibration is not None:
        check(float_learner, formats, calibration)
    k, m, r = float_learner.kept, len(float_learner.memories), len(float_learner.R)
    tick = transition(quantise(float_learner.whole, formats, k, r, float_learner.memories), k, m)
    before = k + m + len(float_learner.X)
    late = range(before, len(tick.source))
    given, targets = late[:r], late[r:]
    # What neither a prediction nor the memory needs is computed with training alone.
    ends = len(tick.target)
    predicted = [*range(ends - k - m), *range(ends - m, ends)]
    program = simplify(count_saturations(tick, predicted))
    program = keep_inputs(program, [*range(before), *targets, *given])
    _check_widths(program)
    hardware = Hardware(float_learner, formats, schedule or Spatial(), program)
    _ = hardware.source  # refuses wires that are too wide for the integer program, now
    if isinstance(hardware.schedule, Folded):
        _ = hardware.phases  # refuses what cannot be folded, now
    if isinstance(hardware.schedule, Serial):
        _ = hardware.serial  # refuses what is no sum of products, now
    return hardware


def _check_widths(program: OpenHypergraph) -> None:
    """CatgradError if an exact result has more bits than the reference's integers."""
    types = [T.fixed for T in program.H.w if isinstance(T.dtype, Fixed)]
    widest = max(types, key=lambda T: T.width + (not T.signed))
    bits = widest.width + (not widest.signed)
    if bits > WIDEST:
        raise CatgradError(
            f"The formats are too wide: an exact result is {widest}, {bits} bits with its sign, "
            f"and the integers of the reference have {WIDEST}; take at least "
            f"{-(-(bits - WIDEST) // 2)} bits off the numbers that are multiplied."
        )
