"""From a model and its learning rule to hardware."""

from __future__ import annotations

from typing import get_args

from catgrad.combinators import Canonical, keep_inputs
from catgrad.core.simplify import simplify
from catgrad.errors import CatgradError
from catgrad.fixed.assign import check
from catgrad.fixed.formats import Formats
from catgrad.fixed.instrument import count_saturations
from catgrad.fixed.quantise import quantise
from catgrad.fixed.ranges import Calibration
from catgrad.hardware.hardware import Hardware
from catgrad.hardware.schedules import Folded, Schedule, Spatial
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import learner, transition

HINTS = {
    "model": "call the layer, as in layers.linear(batch, inputs, outputs)",
    "formats": "write Formats.uniform(16, 12)",
    "schedule": "write Spatial(cycles=1) or Folded(lanes=8)",
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
    if calibration is not None:
        check(float_learner, formats, calibration)
    k, x, r = float_learner.kept, len(float_learner.X), len(float_learner.R)
    tick = transition(quantise(float_learner.whole, formats, k, r), k)
    late = range(k + x, len(tick.source))
    given, targets = late[:r], late[r:]
    program = simplify(count_saturations(tick, late))
    program = keep_inputs(program, [*range(k + x), *targets, *given])
    hardware = Hardware(float_learner, formats, schedule or Spatial(), program)
    _ = hardware.source  # refuses wires that are too wide for the integer program, now
    if isinstance(hardware.schedule, Folded):
        _ = hardware.phases  # refuses what cannot be folded, now
    return hardware
