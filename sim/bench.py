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
from enum import Enum
from itertools import accumulate
from random import Random

from sim.streams import Pins, SimulationError, Sink, Source

COUNTER_BITS = 32
"""The counters of a design start again from 0 after 2**32 - 1."""


class Look(Enum):
    """When the bench looks at what a design has learned: its parameters and its counters.

    - PREDICTION: while each prediction is taken, on a port that shows them
    - REST: after each sample, which enters alone; they are fetched once the design is at rest
    - END: likewise, after the last sample
    """

    PREDICTION = "prediction"
    REST = "rest"
    END = "end"


@dataclass(frozen=True)
class Stimulus:
    """What is done to a design; payloads are words (see `sim.words`).

    - `widths`, the bits of each pin that the design has
    - `transfers`, how many make up a sample on the streams x, y and prediction
    - `x`, the words of all samples, and with each of them `train`: a design looks at it in the
      first transfer of a sample, where it is 1 if the design learns from that
    - `y`, the words of each sample with `train`, then `spare` too many, which nobody may take;
      nothing for a design without targets. With nothing to spare, targets may be taken in advance
    - `load`, what goes into this stream before the samples
    - `fetch`, what goes into this stream whenever parameters are looked at; `look`, when that is
    - `stall`, the probability in each cycle that a port offers nothing, or takes nothing
    - `seed`, of every random choice
    - `budget`, in cycles; `tail`, the cycles after the last prediction in which no other may come
    """

    widths: Mapping[str, int]
    transfers: Mapping[str, int]
    x: Sequence[int]
    y: Sequence[int]
    train: Sequence[int]
    spare: int
    load: Sequence[int]
    fetch: Sequence[int]
    look: Look
    stall: float
    seed: int
    budget: int
    tail: int


@dataclass
class Record:
    """What the pins showed at each look; what was predicted and fetched; and how long it took.

    `parameters` are those of a port that shows them, and `fetched` those of each look that fetches.
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
        self.resting = False
        # trained[i] of the first i samples are learned from.
        self.trained = [0, *accumulate(stimulus.train[:: stimulus.transfers["x"]])]

    async def run(self, pins: Pins) -> Record:
        """The whole run; SimulationError where the design breaks a rule or the budget is spent."""
        stimulus, record = self.stimulus, self.record
        await self.reset(pins)

        self.load.items = [(word,) for word in stimulus.load]
        await self.until(pins, lambda: self.load.taken, len(stimulus.load), "parameters loaded")

        start = self.cycle
        x = list(zip(stimulus.x, stimulus.train, strict=True))
        self.y.items = [(word,) for word in stimulus.y]
        alone = stimulus.look is Look.REST
        for _ in range(len(x) // stimulus.transfers["x"] if alone else 1):
            more = stimulus.transfers["x"] if alone else len(x)
            self.x.items = x[: len(self.x.items) + more]
            await self.predictions(pins)
            record.cycles = self.cycle - start
            if alone:
                await self.look(pins)
        for _ in range(stimulus.tail):
            await self.step(pins)
        targets = len(stimulus.y) - stimulus.spare
        if self.y.taken < targets:
            raise SimulationError(
                f"{self.y.taken} of {targets} targets were taken; "
                "each sample with train = 1 takes one."
            )
        if not alone:
            await self.look(pins)
        return record

    async def predictions(self, pins: Pins) -> None:
        """Run until the samples that were given are all predicted."""
        arrived, transfers = self.record.predictions, self.stimulus.transfers
        samples = len(self.x.items) // transfers["x"]
        total = samples * transfers["prediction"]
        await self.until(pins, lambda: len(arrived), total, "predictions arrived")

    async def look(self, pins: Pins) -> None:
        """Fetch all parameters, and note the counters of a design that is at rest."""
        self.resting = False
        while not self.resting:
            self.check_budget(f"busy is still 1 after {self.predicted} predictions")
            await self.step(pins)
        if self.stimulus.look is not Look.PREDICTION:
            self.note_counters(pins)
            self.check_samples(pins)
        more = [(word,) for word in self.stimulus.fetch]
        self.fetch.items = [*self.fetch.items, *more]
        fetched, total = self.record.fetched, len(self.fetch.items)
        await self.until(pins, lambda: len(fetched), total, "parameters fetched")

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
            self.check_budget(f"{count()} of {total} {what}")
            await self.step(pins)

    def check_budget(self, state: str) -> None:
        if self.cycle >= self.stimulus.budget:
            raise SimulationError(f"cycle budget of {self.stimulus.budget} spent: {state}.")

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
        self.resting = not pins.get("busy")
        trained = self.trained[self.begun("x", self.x.taken)]
        if self.stimulus.spare and self.y.taken > trained:
            raise SimulationError(
                f"target {self.y.taken} was taken in cycle {self.cycle}, after {trained} samples "
                "with train = 1; each of those takes one."
            )
        prediction = self.prediction.observe(pins, self.cycle)
        if prediction is not None:
            self.note_prediction(pins, prediction)
        fetched = self.fetched.observe(pins, self.cycle)
        if fetched is not None:
            self.note_parameter(fetched)

    @property
    def predicted(self) -> int:
        """How many samples are predicted, the last of them perhaps in part."""
        return self.begun("prediction", len(self.record.predictions))

    def begun(self, stream: str, transfers: int) -> int:
        """How many samples have begun, after so many transfers on a stream."""
        return -(-transfers // self.stimulus.transfers[stream])

    def note_prediction(self, pins: Pins, prediction: int) -> None:
        self.record.predictions.append(prediction)
        number = self.predicted
        samples = self.x.taken // self.stimulus.transfers["x"]
        if number > samples:
            raise SimulationError(
                f"prediction {number} arrived in cycle {self.cycle}, after {samples} samples; "
                "each of those gives one."
            )
        if self.stimulus.look is Look.PREDICTION:
            self.record.parameters.append(pins.get("parameters"))
            self.note_counters(pins)
            self.check_samples(pins)

    def note_counters(self, pins: Pins) -> None:
        self.record.forward_saturations.append(pins.get("forward_saturations"))
        self.record.learning_saturations.append(pins.get("learning_saturations"))

    def check_samples(self, pins: Pins) -> None:
        number = self.predicted
        if pins.get("samples") != number % (1 << COUNTER_BITS):
            raise SimulationError(
                f"samples is {pins.get('samples')} in cycle {self.cycle}, after {number} "
                "predictions; it counts them."
            )

    def note_parameter(self, fetched: int) -> None:
        self.record.fetched.append(fetched)
        if len(self.record.fetched) > self.fetch.taken:
            raise SimulationError(
                f"parameter {len(self.record.fetched)} was fetched in cycle {self.cycle}, after "
                f"{self.fetch.taken} addresses; each of those gives one."
            )
