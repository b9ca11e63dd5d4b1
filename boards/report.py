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
    """A clock: what place and route promises, and what the board gives it, in MHz.

    Where place and route leaves some delays out there is no promise.
    """

    name: str
    fmax_mhz: float | None
    target_mhz: float

    def __str__(self) -> str:
        needed = f"{self.target_mhz:g} MHz needed"
        if self.fmax_mhz is None:
            return f"{needed}; what is reached is not known, since nextpnr leaves multipliers out"
        return f"{self.fmax_mhz:.1f} MHz reached, {needed}"


@dataclass(frozen=True)
class BuildReport:
    """A finished build.

    - `name`, `board`: of the design and of the board; `digest`: the design's identity.
    - `made_of`: the hash of all that the tools were given, and of their versions.
    - `uses`: the resources; `clocks`: each clock of the design; neither where a vendor's tools have
      yet to find out.
    - `clock_mhz`: the clock of the board.
    - `interval`: clock cycles from one sample to the next, without the time on the line.
    - `tools`: the version of each package that had a part in it.
    - `files`: the SHA-256 of each file of the build.
    """

    name: str
    board: str
    digest: str
    made_of: str
    uses: tuple[Use, ...]
    clocks: tuple[Clock, ...]
    clock_mhz: float
    interval: int
    tools: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def samples_per_second(self) -> float:
        """Samples in a second at the board's clock, if each is there in time."""
        return self.clock_mhz * 1e6 / self.interval

    def to_json(self) -> str:
        """The text of a report file."""
        rate = {"samples_per_second": self.samples_per_second}
        return json.dumps(asdict(self) | rate, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> BuildReport:
        """The report that `to_json` made this text of."""
        fields = json.loads(text)
        del fields["samples_per_second"]
        fields["uses"] = tuple(Use(**use) for use in fields["uses"])
        fields["clocks"] = tuple(Clock(**clock) for clock in fields["clocks"])
        return cls(**fields)

    def file(self, suffix: str) -> str:
        """The name of the file of the build that ends so."""
        return next(name for name in self.files if name.endswith(suffix))

    def __str__(self) -> str:
        """A table for people."""
        lines = [f"{self.name} on {self.board}"]
        lines += [f"  {use.resource:<12} {use.used:>6} of {use.available}" for use in self.uses]
        lines += [f"  {clock}" for clock in self.clocks]
        lines += [
            f"  {self.samples_per_second:,.0f} samples/s in the core, {self.interval} cycles each"
        ]
        return "\n".join(lines)
