"""Hardware as what its core says of itself, with samples for its test bench."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.format import BoolArray, Integers
from catgrad.core.types import NdArrayType
from catgrad.errors import CatgradError
from catgrad.export import Array, Description, Options, Vectors
from catgrad.hardware.folding import FoldedReport
from catgrad.hardware.origins import operations, origins
from catgrad.hardware.ports import port_lines
from catgrad.hardware.schedules import Spatial
from catgrad.hardware.tracing import Runner
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.pipelined_learner import PipelinedLearner
from catgrad.hdl.serial.filter import SerialFilter
from catgrad.hdl.transducer import Transducer
from catgrad.parameters import array_names
from catgrad.special.definition import numbered

if TYPE_CHECKING:
    from catgrad.hardware.hardware import Hardware

NUMBERS = 2048
"""About as many a test bench holds, where nobody says how many samples it has."""

SAMPLES = range(8, 65)
"""How many samples it has then, at least and at most."""

RUN = 4
"""Samples that follow each other with one `train`."""


def description(
    hardware: Hardware,
    parameters: Sequence[ArrayLike] | None,
    options: Options,
    samples: int | None = None,
    seed: int = 0,
) -> Description:
    """What there is to know of a piece of hardware, reset with `parameters` (else 0)."""
    names = array_names(hardware.parameter_names)
    predictions = numbered("prediction", len(hardware.prediction_types))
    component = hardware.component(parameters)
    return Description(
        options=options,
        component=component,
        without_blocks=hardware.component(parameters, blocks=False)
        if getattr(component, "family", None)
        else None,
        x=arrays(hardware._x_names, hardware.x_types),
        y=arrays(hardware._y_names, hardware.y_types) if hardware.learns else (),
        targets=tuple(map(Array, hardware._y_names, hardware.y_types)),
        prediction=arrays(predictions, hardware.prediction_types),
        parameters=arrays(names, hardware.parameter_types),
        kept=tuple(map(Array, hardware.learner.kept_names, hardware.program.source)),
        shown=tuple(hardware.loadable),
        memory=tuple(
            (Array(name, T), np.ravel(value).tolist())
            for name, T, value in zip(
                hardware.learner.memory_names,
                hardware.memory_types,
                hardware.initial_memory,
                strict=True,
            )
        ),
        notes=tuple(port_lines(hardware, options)),
        beat=component.pipeline.beat if isinstance(component, PipelinedLearner) else None,
        reference=hardware.source,
        summary=str(hardware.report()),
        vectors=vectors(hardware, samples, seed),
        origins=wires(hardware, component),
        operations=tuple(made_of(hardware)),
        learns="train" in component.signature.members or learns_always(hardware),
    )


def arrays(names: Sequence[str], types: Sequence[NdArrayType]) -> tuple[Array, ...]:
    """Those that have numbers, by name."""
    return tuple(Array(name, T) for name, T in zip(names, types, strict=True) if T.size)


def wires(
    hardware: Hardware, component: Transducer | PipelinedLearner | Engine | SerialFilter
) -> dict[str, str]:
    """What wires of the Verilog are, by name; nothing of machines, whose wires are many things."""
    if isinstance(component, Engine | SerialFilter):
        return {}
    netlist = component.netlist if isinstance(component, Transducer) else component.pipeline.netlist
    registers = [
        f"{name}[{', '.join(map(str, place))}]"
        for name, T in zip(hardware.parameter_names, hardware.parameter_types, strict=True)
        for place in np.ndindex(*T.shape)
    ]
    named = {f"parameter_{i}": label for i, label in enumerate(registers)}
    return named | origins(hardware, netlist)


def made_of(hardware: Hardware) -> list[str]:
    """The operations that became the circuit: lines of the reference, or phases of an engine."""
    report = hardware.report()
    if isinstance(report, FoldedReport):
        return list(map(str, report.phases))
    return operations(hardware)


def vectors(hardware: Hardware, samples: int | None, seed: int) -> Vectors:
    """Random samples, random parameters to begin with, and what the reference makes of them.

    Most numbers are small, so that not everything saturates; every eighth is an extreme one.
    """
    random = np.random.default_rng(seed)
    if samples is None:
        size = sum(T.size for T in (*hardware.x_types, *hardware.y_types))
        samples = int(np.clip(NUMBERS // max(size, 1), SAMPLES[0], SAMPLES[-1]))
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise CatgradError(
            f"A test bench needs a whole number of samples, at least 1, not {samples!r}; leave it "
            f"out for a number that suits the model."
        )
    train = np.full(samples, hardware.learns)
    if not learns_always(hardware):
        train &= np.arange(samples) // RUN % 3 != 1
    before = [draw(random, T) for T in hardware.parameter_types]
    rows = [
        ([draw(random, T) for T in hardware.x_types], [draw(random, T) for T in hardware.y_types])
        for _ in range(samples)
    ]
    return run(hardware, before, rows, train)


def learns_always(hardware: Hardware) -> bool:
    """Whether there is no choice but to learn from every sample."""
    return isinstance(hardware.schedule, Spatial) and hardware.schedule.always


def run(
    hardware: Hardware,
    before: list[Integers],
    rows: list[tuple[list[Integers], list[Integers]]],
    train: BoolArray,
) -> Vectors:
    """The samples through the reference, one after another."""
    runner = Runner(hardware, before)
    start, forward, learning = runner.parameters, 0, 0
    predictions = []
    for (x, y), learns in zip(rows, train, strict=True):
        prediction, *saturated = runner.step(x, y, bool(learns))
        predictions.append(hardware.flatten(prediction))
        forward, learning = forward + saturated[0], learning + saturated[1]
    return Vectors(
        x=np.array([hardware.flatten(x) for x, _ in rows]),
        y=np.array([hardware.flatten(y) for _, y in rows]),
        train=np.asarray(train, bool),
        predictions=np.array(predictions),
        before=start,
        after=runner.parameters,
        forward_saturations=forward % 2**32,
        learning_saturations=learning % 2**32,
    )


def draw(random: np.random.Generator, T: NdArrayType) -> Integers:
    """An array of any integers of its format, most of them small."""
    low, high = T.fixed.min, T.fixed.max
    numbers = random.integers(low, high + 1, T.shape, dtype=np.int64)
    numbers >>= random.integers(0, 4, T.shape)
    extreme = random.choice([low, high], T.shape)
    return np.asarray(np.where(random.random(T.shape) < 1 / 8, extreme, numbers), dtype=np.int64)
