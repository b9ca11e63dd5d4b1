"""Both ends of a stream, as the bench plays them; a design's pins, which they set and read.

A transfer takes place in each cycle in which `valid` and `ready` are both 1. Who sets `valid` keeps
it, and the payload with it, until the transfer; who sets `ready` may change its mind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Protocol

from catgrad.errors import CatgradError


class SimulationError(CatgradError):
    """A design broke a rule of its streams, or did not finish."""


class Pins(Protocol):
    """A running design as named pins: "x.valid", "train". What a wide pin carries is a word.

    A pin that the design lacks, because it has no parameters or does not learn, shows 0 and may be
    set in vain.
    """

    def set(self, pin: str, value: int) -> None:
        """Put a value >= 0 on an input pin."""

    def get(self, pin: str) -> int:
        """The settled value of an output pin."""

    async def settle(self) -> None:
        """Let what was set spread through the design's logic."""

    async def clock(self) -> None:
        """One rising edge."""


class Source:
    """Offers items on an input stream: in order, from a random moment on, until each is taken.

    An item has one value for each pin of `payload`, the pins that belong to a transfer. Whenever
    nothing is offered these pins carry noise, for a design that looks at the wrong moment to see.
    """

    def __init__(self, stream: str, payload: Mapping[str, int], stall: float, random: Random):
        self.valid, self.ready = f"{stream}.valid", f"{stream}.ready"
        self.payload = payload
        self.stall = stall
        self.random = random
        self.items: Sequence[tuple[int, ...]] = ()
        self.offering = False
        self.taken = 0

    def drive(self, pins: Pins) -> None:
        if not self.offering and self.taken < len(self.items):
            self.offering = self.random.random() >= self.stall
        if self.offering:
            item = self.items[self.taken]
        else:
            item = tuple(self.random.getrandbits(width) for width in self.payload.values())
        pins.set(self.valid, int(self.offering))
        for pin, value in zip(self.payload, item, strict=True):
            pins.set(pin, value)

    def observe(self, pins: Pins) -> None:
        if self.offering and pins.get(self.ready):
            self.offering = False
            self.taken += 1


class Sink:
    """Takes what an output stream offers, at random moments, and holds it to the rules of streams.

    What is offered stays offered, unchanged, until it is taken. Sometimes the sink is patient, and
    not ready before it has seen something offered: `valid` must not wait for `ready`.
    """

    def __init__(self, stream: str, stall: float, random: Random):
        self.valid, self.ready = f"{stream}.valid", f"{stream}.ready"
        self.payload = f"{stream}.payload"
        self.stall = stall
        self.random = random
        self.accepting = False
        self.patient = False
        self.offered: int | None = None

    def drive(self, pins: Pins) -> None:
        willing = self.offered is not None or not self.patient
        self.accepting = willing and self.random.random() >= self.stall
        pins.set(self.ready, int(self.accepting))

    def observe(self, pins: Pins, cycle: int) -> int | None:
        """The word that is taken at the end of this cycle, if one is."""
        before = self.offered
        self.offered = pins.get(self.payload) if pins.get(self.valid) else None
        if before is not None and self.offered is None:
            raise SimulationError(
                f"{self.valid} fell in cycle {cycle} before {self.ready} had risen; "
                "a payload stays offered until it is taken."
            )
        if before is not None and self.offered != before:
            raise SimulationError(
                f"{self.payload} changed from {before:#x} to {self.offered:#x} in cycle {cycle} "
                f"before {self.ready} had risen; a payload stays as it is until it is taken."
            )
        if not self.accepting:
            return None
        taken, self.offered = self.offered, None
        if taken is not None:
            self.patient = self.random.random() < self.stall
        return taken
