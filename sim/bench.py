"""The test bench: drives the streams of a learning core, and watches them.

The bench knows nothing of the simulator. It meets the design as `Pins`, and every simulator that
can offer those runs the same bench: the same samples, the same stalls in the same cycles, the same
checks. One clock cycle is

    drive  ->  settle  ->  observe  ->  clock
    set pins               read pins    rising edge

The bench swings the clock itself, so no simulator's order of events around an edge matters.
What it does is a function of the stimulus and of the pins alone: a run that failed can be repeated,
with a waveform this time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from sim.streams import Pins, SimulationError, Sink, Source

COUNTER_BITS = 32
"""The counters of a design start again from 0 after 2**32 - 1."""


@dataclass(frozen=True)
class Stimulus:
    """What is done to a design; payloads are words (see `sim.words`).

    - `widths`, the bits of each pin that the design has
    - `x`, one word a sample, and `train`, 1 where the design learns from it
    - `y`, one word for each sample with `train`, then one too many, which nobody may take; nothing
      for a design without targets
    - `load` and `fetch`, what goes into these streams before the samples and after them
    - `stall`, the probability in each cycle that a port offers nothing, or takes nothing
    - `seed`, of every random choice
    - `budget`, in cycles; `tail`, the cycles after the last prediction in which no other may come
    """

    widths: Mapping[str, int]
    x: Sequence[int]
    y: Sequence[int]
    train: Sequence[int]
    load: Sequence[int]
    fetch: Sequence[int]
    stall: float
    seed: int
    budget: int
    tail: int


@dataclass
class Record:
    """What the pins showed when each prediction was taken; what was fetched; and how long it took.

    `cycles` counts from the first cycle in which a sample could be offered to the one in which the
    last prediction was taken.
    """

    predictions: list[int] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    forward_saturations: list[int] = field(default_factory=list)
    learning_saturations: list[int] = field(default_factory=list)
    fetched: list[int] = field(default_factory=list)
    cycles: int = 0


class Bench:
    """Takes a design through a stimulus: loads parameters, streams samples, fetches parameters."""

    def __init__(self, stimulus: Stimulus):
        random = Random(stimulus.seed)

        def source(stream: str, *others: str) -> Source:
            pins = (f"{stream}.payload", *others)
            payload = {pin: stimulus.widths.get(pin, 0) for pin in pins}
            return Source(stream, payload, stimulus.stall, random)

        self.stimulus = stimulus
        self.record = Record()
        self.cycle = 0
        self.x = source("x", "train")
        self.y = source("y")
        self.load = source("load")
        self.fetch = source("fetch")
        self.prediction = Sink("prediction", stimulus.stall, random)
        self.fetched = Sink("fetched", stimulus.stall, random)
        # trained[i] of the first i samples are learned from.
        self.trained = [0, *accumulate(stimulus.train)]

    async def run(self, pins: Pins) -> Record:
        """The whole run; SimulationError where the design breaks a rule or the budget is spent."""
        stimulus, record = self.stimulus, self.record
        await self.reset(pins)

        self.load.items = [(word,) for word in stimulus.load]
        await self.until(pins, lambda: self.load.taken, len(stimulus.load), "parameters loaded")

        start = self.cycle
        self.x.items = list(zip(stimulus.x, stimulus.train, strict=True))
        self.y.items = [(word,) for word in stimulus.y]
        arrived = record.predictions
        await self.until(pins, lambda: len(arrived), len(stimulus.x), "predictions arrived")
        record.cycles = self.cycle - start
        for _ in range(stimulus.tail):
            await self.step(pins)
        if self.y.taken < len(stimulus.y) - 1:
            raise SimulationError(
                f"{self.y.taken} of {len(stimulus.y) - 1} targets were taken; "
                "each sample with train = 1 takes one."
            )

        self.fetch.items = [(word,) for word in stimulus.fetch]
        fetched = record.fetched
        await self.until(pins, lambda: len(fetched), len(stimulus.fetch), "parameters fetched")
        return record

    async def reset(self, pins: Pins) -> None:
        """One cycle of reset, in which outputs mean nothing yet."""
        pins.set("rst", 1)
        self.drive(pins)
        await pins.settle()
        await pins.clock()
        pins.set("rst", 0)

    async def until(self, pins: Pins, count: Callable[[], int], total: int, what: str) -> None:
        """Run until `count` is `total`, within the budget."""
        while count() < total:
            if self.cycle >= self.stimulus.budget:
                raise SimulationError(
                    f"cycle budget of {self.stimulus.budget} spent: {count()} of {total} {what}."
                )
            await self.step(pins)

    async def step(self, pins: Pins) -> None:
        """One clock cycle."""
        self.drive(pins)
        await pins.settle()
        self.observe(pins)
        await pins.clock()
        self.cycle += 1

    def drive(self, pins: Pins) -> None:
        for stream in (self.x, self.y, self.load, self.fetch, self.prediction, self.fetched):
            stream.drive(pins)

    def observe(self, pins: Pins) -> None:
        for source in (self.x, self.y, self.load, self.fetch):
            source.observe(pins)
        if self.y.taken > self.trained[self.x.taken]:
            raise SimulationError(
                f"target {self.y.taken} was taken in cycle {self.cycle}, after "
                f"{self.trained[self.x.taken]} samples with train = 1; each of those takes one."
            )
        prediction = self.prediction.observe(pins, self.cycle)
        if prediction is not None:
            self.note_prediction(pins, prediction)
        fetched = self.fetched.observe(pins, self.cycle)
        if fetched is not None:
            self.note_parameter(fetched)

    def note_prediction(self, pins: Pins, prediction: int) -> None:
        record = self.record
        record.predictions.append(prediction)
        record.parameters.append(pins.get("parameters"))
        record.forward_saturations.append(pins.get("forward_saturations"))
        record.learning_saturations.append(pins.get("learning_saturations"))
        number = len(record.predictions)
        if number > self.x.taken:
            raise SimulationError(
                f"prediction {number} arrived in cycle {self.cycle}, after {self.x.taken} samples; "
                "each of those gives one."
            )
        if pins.get("samples") != number % (1 << COUNTER_BITS):
            raise SimulationError(
                f"samples is {pins.get('samples')} in cycle {self.cycle}, in which prediction "
                f"{number} is taken; it counts predictions."
            )

    def note_parameter(self, fetched: int) -> None:
        self.record.fetched.append(fetched)
        if len(self.record.fetched) > self.fetch.taken:
            raise SimulationError(
                f"parameter {len(self.record.fetched)} was fetched in cycle {self.cycle}, after "
                f"{self.fetch.taken} addresses; each of those gives one."
            )
