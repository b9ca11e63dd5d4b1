"""What became of a design on a board: how much of the device it takes, and how fast it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Use:
    """How many of a resource a design takes, and how many the device has."""

    resource: str
    used: int
    available: int


@dataclass(frozen=True)
class Clock:
    """A clock: what place and route promises, and what the board gives it, in MHz."""

    name: str
    fmax_mhz: float
    target_mhz: float


@dataclass(frozen=True)
class BuildReport:
    """A finished build.

    - `name`, `board`: of the design and of the board; `digest`: the design's identity.
    - `uses`: the resources; `clocks`: each clock of the design.
    - `interval`: clock cycles from one sample to the next, without the time on the line.
    - `tools`: the version of each package that had a part in it.
    - `files`: the SHA-256 of each file of the build.
    """

    name: str
    board: str
    digest: str
    uses: tuple[Use, ...]
    clocks: tuple[Clock, ...]
    interval: int
    tools: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def samples_per_second(self) -> float:
        """Samples in a second at the board's clock, if each is there in time."""
        return min(clock.target_mhz for clock in self.clocks) * 1e6 / self.interval

    def to_json(self) -> str:
        """The text of a report file."""
        rate = {"samples_per_second": self.samples_per_second}
        return json.dumps(asdict(self) | rate, indent=1) + "\n"

    def __str__(self) -> str:
        """A table for people."""
        lines = [f"{self.name} on {self.board}"]
        lines += [f"  {use.resource:<12} {use.used:>6} of {use.available}" for use in self.uses]
        lines += [
            f"  {clock.fmax_mhz:.1f} MHz reached, {clock.target_mhz:g} MHz needed"
            for clock in self.clocks
        ]
        lines += [
            f"  {self.samples_per_second:,.0f} samples/s in the core, {self.interval} cycles each"
        ]
        return "\n".join(lines)
