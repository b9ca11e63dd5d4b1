"""Samples to try a design with."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from catgrad.circuit import Format, Netlist
from catgrad.circuit.format import Integers, integers
from catgrad.core.types import NdArrayType
from catgrad.hardware import Hardware
from sim.trace import Samples


def random_samples(
    learner: Netlist | Hardware,
    count: int,
    seed: int = 0,
    train: float = 0.75,
    extreme: float = 0.25,
) -> Samples:
    """So many samples for hardware, or for a netlist with the ports of a `catgrad.hdl.Transducer`.

    Each element is the least or the greatest integer of its format with probability `extreme`, and
    else any integer of it. Each sample is learned from with probability `train`, or always by
    hardware that has no choice.
    """
    if isinstance(learner, Hardware) and getattr(learner.schedule, "always", False):
        train = 1
    random = Random(seed)
    formats = formats_of(learner)

    def element(format: Format) -> int:
        if random.random() < extreme:
            return random.choice([format.min, format.max])
        return random.randint(format.min, format.max)

    def payloads(name: str) -> Integers:
        return integers([[element(format) for format in formats[name]] for _ in range(count)])

    return Samples(
        payloads("x"),
        payloads("y") if "y" in formats else None,
        np.array([random.random() < train for _ in range(count)]),
    )


def formats_of(learner: Netlist | Hardware) -> dict[str, Sequence[Format]]:
    """The format of each integer of x, and of y where there are targets."""
    if isinstance(learner, Netlist):
        return {port.name: port.formats for port in learner.inputs if len(port)}

    def each(types: Sequence[NdArrayType]) -> list[Format]:
        fixed = [T.fixed for T in types for _ in range(T.size)]
        return [Format(form.width, form.signed) for form in fixed]

    targets = {"y": each(learner.y_types)} if learner.learns else {}
    return {"x": each(learner.x_types), **targets}
