"""Folded engines in Amaranth's simulator, beside the integers of their phases."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from amaranth.sim import SimulatorContext

from catgrad import Dtype, NdArrayType, layers
from catgrad.combinators import identity
from catgrad.fixed.formats import Formats
from catgrad.folded.bind import bind
from catgrad.folded.evaluate import evaluate
from catgrad.folded.fuse import fuse
from catgrad.folded.machine import Machine, Timing
from catgrad.folded.phase import Phases
from catgrad.hardware import Hardware, compile_hardware
from catgrad.hdl.folded.engine import Engine
from catgrad.kernel import to_kernels
from tests.hdl.bench import receive, simulate, stalls, until

Ints = list[int]
TIMING = Timing()


def perceptron(*sizes: int, batch: int = 1, width: int = 8, fraction: int = 4) -> Hardware:
    """Dense layers, with ReLU between them, learned by gradient descent on squared errors."""
    batch_type, *types = [NdArrayType((size,), Dtype.float32) for size in (batch, *sizes)]
    model = None
    for i, (a, b) in enumerate(pairwise(types)):
        last = i == len(types) - 2
        layer = layers.dense(batch_type, a, b, identity if last else layers.relu)
        model = layer if model is None else model >> layer
    assert model is not None
    return compile_hardware(model, layers.sgd(2**-3), layers.mse, Formats.uniform(width, fraction))


def phases_of(hardware: Hardware) -> Phases:
    """The phases of a step."""
    return fuse(
        to_kernels(hardware.program),
        len(hardware.parameter_types),
        len(hardware.x_types),
        len(hardware.y_types),
    )


def machine_of(hardware: Hardware, lanes: int, timing: Timing = TIMING) -> Machine:
    """The machine of a step."""
    return bind(phases_of(hardware), lanes, timing)


@dataclass
class Run:
    """Samples through an engine, each port stalling as often as it is told."""

    engine: Engine
    initial: Ints
    x: list[Ints]
    y: list[Ints]
    train: list[bool]
    rng: np.random.Generator
    stall: dict[str, float]
    predictions: list[Ints] = field(default_factory=list)
    parameters: Ints = field(default_factory=list)
    counters: list[Ints] = field(default_factory=list)

    async def send_x(self, ctx: SimulatorContext) -> None:
        engine = self.engine
        for x, train in zip(self.x, self.train, strict=True):
            for i, number in enumerate(x):
                await stalls(ctx, self.rng, self.stall["x"])
                ctx.set(engine.x.payload, number)
                ctx.set(engine.x.valid, 1)
                if engine.learns:  # Only what it is at the first number counts.
                    ctx.set(engine.train, train if i == 0 else int(self.rng.integers(2)))
                await until(ctx, engine.x.ready)
                ctx.set(engine.x.valid, 0)

    async def send_y(self, ctx: SimulatorContext) -> None:
        for y, train in zip(self.y, self.train, strict=True):
            for number in y if train else ():
                await stalls(ctx, self.rng, self.stall["y"])
                ctx.set(self.engine.y.payload, number)
                ctx.set(self.engine.y.valid, 1)
                await until(ctx, self.engine.y.ready)
                ctx.set(self.engine.y.valid, 0)

    async def receive(self, ctx: SimulatorContext) -> None:
        size = sum(a.size for a in self.engine.machine.phases.arrays if a.kind == "prediction")
        for _ in self.x:
            numbers = []
            for _ in range(size):
                numbers.append(
                    await receive(ctx, self.engine.prediction, self.rng, self.stall["prediction"])
                )
            self.predictions.append(numbers)
        await until(ctx, ~self.engine.busy)
        engine = self.engine
        self.counters.append(
            [
                ctx.get(engine.forward_saturations),
                ctx.get(engine.learning_saturations),
                ctx.get(engine.samples),
            ]
        )
        for place in engine.places.tolist():
            ctx.set(engine.fetch.payload, place)
            ctx.set(engine.fetch.valid, 1)
            await until(ctx, engine.fetch.ready)
            ctx.set(engine.fetch.valid, 0)
            self.parameters.append(
                await receive(ctx, engine.fetched, self.rng, self.stall["prediction"])
            )

    def simulate(self, *others: Any, budget: int = 20_000) -> None:
        benches = [self.send_x, self.receive, *others]
        if hasattr(self.engine, "y"):
            benches.append(self.send_y)
        simulate(self.engine, *benches, budget=budget)


def expected(
    phases: Phases, initial: Ints, x: list[Ints], y: list[Ints], train: list[bool]
) -> tuple[list[Ints], Ints, Ints]:
    """Predictions, the parameters after all samples, and the counters."""
    arrays = sorted(
        (a for a in phases.arrays if a.kind in ("state", "x", "y")),
        key=lambda a: (("state", "x", "y").index(a.kind), a.number),
    )
    sizes = {kind: [a.size for a in arrays if a.kind == kind] for kind in ("state", "x", "y")}

    def split(numbers: Ints, kind: str) -> list[Any]:
        return np.split(np.array(numbers), np.cumsum(sizes[kind])[:-1]) if sizes[kind] else []

    state, predictions, counters = split(initial, "state"), [], [0, 0, len(x)]
    for sample, target, learns in zip(x, y, train, strict=True):
        inputs = [*state, *split(sample, "x"), *(split(target, "y") if learns else [])]
        result = evaluate(phases, inputs, learns)
        predictions.append([int(n) for p in result.predictions for n in np.ravel(p)])
        state = result.state
        counters[0] += int(result.early)
        counters[1] += int(result.late)
    return predictions, [int(n) for s in state for n in np.ravel(s)], counters


def make_run(
    hardware: Hardware,
    lanes: int,
    seed: int,
    samples: int = 6,
    stall: float = 0.0,
    learn: float = 0.7,
    timing: Timing = TIMING,
) -> tuple[Run, Phases]:
    rng = np.random.default_rng(seed)
    machine = machine_of(hardware, lanes, timing)

    def values(kind: str, count: int) -> list[Ints]:
        arrays = sorted(
            (a for a in machine.phases.arrays if a.kind == kind), key=lambda a: a.number
        )
        return [
            [int(n) for a in arrays for n in rng.integers(a.format.min, a.format.max + 1, a.size)]
            for _ in range(count)
        ]

    (initial,) = values("state", 1)
    engine = Engine(machine, initial)
    run = Run(
        engine,
        initial,
        values("x", samples),
        values("y", samples),
        [bool(t) for t in rng.random(samples) < learn],
        rng,
        dict.fromkeys(("x", "y", "prediction"), stall),
    )
    return run, machine.phases
