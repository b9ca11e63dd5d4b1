"""Schedules: how the work of a learner is spread over circuits and over time."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from numbers import Real
from typing import Literal, get_args

from catgrad.circuit.constants import ShiftAndAdd
from catgrad.errors import CatgradError
from catgrad.folded.machine import Timing
from catgrad.hdl.multiplier import Family
from catgrad.hdl.multiply_accumulate import MacFamily

SpatialFamily = Literal["ice40hx", "ice40up", "ecp5", "gowin"]
"""An FPGA of which the delays are known."""

BLOCKS: dict[SpatialFamily, Family | None] = {
    "ice40hx": None,
    "ice40up": "ice40",
    "ecp5": "ecp5",
    "gowin": "gowin",
}
"""Whose multiplier blocks each has."""


def whole(number: object, least: int) -> int | None:
    """A whole number, of Python or NumPy, that is at least so much; None if it is none."""
    try:
        found = operator.index(number)  # type: ignore[arg-type]  # what is none raises TypeError
    except TypeError:
        return None
    return None if isinstance(number, bool) or found < least else found


SLOWEST_HZ = 1_000
"""Who writes less most likely means kilohertz or megahertz."""


@dataclass(frozen=True)
class Spatial:
    """The schedule in which every scalar operation is a circuit of its own.

    Without a clock, `cycles` is in how many clock cycles the values of one sample settle, before
    the next sample comes: more cycles reach a higher clock, at as many more registers.

    With a clock it is a pipeline: a new sample enters while others are on their way, one a cycle
    where no loop forbids it. What is learned from a sample comes late for those that follow at
    once, so a learner waits between samples for as long as it takes, unless one of these is given:

    - `clock`: in hertz
    - `family`: whose delays the pipeline is made for, "ice40hx", "ice40up", "ecp5" or "gowin", and
      whose multiplier blocks it uses; None: by the rough model of `catgrad.circuit.delays`
    - `delay`: the learning rule gets each gradient so many steps late, see `layers.delayed`. That
      changes what is learned, in the reference too
    - `channels`: so many learners, each with parameters of its own, take turns: sample n belongs to
      learner n modulo `channels`
    - `learns`: without, the circuit only predicts; its parameters are loaded and never change
    - `always`: every sample is learned from, and there is no port `train`. With a delay the samples
      of then wait in one queue, where they else need one for each number
    - `interval`: samples are so many cycles apart, and products share multiplier blocks, each of
      which has a slot for so many of them; None: as few cycles as loops allow, and a block for each
    - `constants`: products with constants become shifts and adds that share their parts; None:
      they are products like others, in multiplier blocks where the family has them
    """

    cycles: int = 1
    clock: float | None = None
    family: SpatialFamily | None = None
    delay: int = 0
    channels: int = 1
    learns: bool = True
    always: bool = False
    constants: ShiftAndAdd | None = None
    interval: int | None = None

    def __post_init__(self) -> None:
        if (cycles := whole(self.cycles, 1)) is None:
            raise CatgradError(
                f"A schedule needs a whole number of cycles, at least 1, not {self.cycles}; "
                f"write Spatial(cycles=1)."
            )
        object.__setattr__(self, "cycles", cycles)
        if self.family is not None and self.family not in list(BLOCKS):
            raise CatgradError(
                f"There are no delays of the family {self.family!r}; name one of "
                f"{', '.join(BLOCKS)}, or none."
            )
        for name, least, example in (("delay", 0, 8), ("channels", 1, 16), ("interval", 1, 2)):
            number = getattr(self, name)
            if name == "interval" and number is None:
                continue
            if (found := whole(number, least)) is None:
                raise CatgradError(
                    f"A spatial schedule needs a whole number for {name}, at least {least}, not "
                    f"{number!r}; write Spatial(clock=50e6, {name}={example})."
                )
            object.__setattr__(self, name, found)
        if self.constants is not None and not isinstance(self.constants, ShiftAndAdd):
            raise CatgradError(
                f"What becomes of constants is said by a ShiftAndAdd, not {self.constants!r}; "
                f"write Spatial(constants=ShiftAndAdd(depth=6)), or leave them as they are."
            )
        for name in ("learns", "always"):
            if not isinstance(getattr(self, name), bool):
                raise CatgradError(
                    f"Whether a spatial circuit {name.replace('always', 'always learns')} is True "
                    f"or False, not {getattr(self, name)!r}; write "
                    f"Spatial(clock=50e6, {name}=True)."
                )
        if not self.learns:
            self.require_learner("A circuit that only predicts, with learns=False,", "one")
        if self.clock is None:
            for name, unset in (
                ("family", None),
                ("channels", 1),
                ("always", False),
                ("interval", None),
            ):
                if getattr(self, name) != unset:
                    raise CatgradError(
                        f"{name}={getattr(self, name)!r} is for a pipeline, which needs a clock in "
                        f"hertz; write Spatial(clock=50e6, {name}={getattr(self, name)!r})."
                    )
            return
        if not isinstance(self.clock, Real) or not SLOWEST_HZ <= self.clock < math.inf:
            raise CatgradError(
                f"A clock is a number of hertz, at least {SLOWEST_HZ}, not {self.clock!r}; write "
                f"Spatial(clock=50e6) for 50 MHz."
            )
        if self.cycles != 1:
            raise CatgradError(
                f"A pipeline finds out itself how many cycles a sample takes, and has no use for "
                f"cycles={self.cycles}; write Spatial(clock={self.clock:g})."
            )
        if self.delay and self.channels > 1:
            raise CatgradError(
                f"A schedule has channels or a delay, and this one has channels={self.channels} "
                f"and delay={self.delay}; leave one out."
            )

    def require_learner(self, what: str, leave: str = "it") -> None:
        """Refuse words on how to learn, for what learns from no sample."""
        for name, unset in (("delay", 0), ("always", False)):
            if (number := getattr(self, name)) != unset:
                raise CatgradError(
                    f"{what} learns from no sample, so {name}={number} says nothing; leave "
                    f"{leave} out."
                )

    @property
    def is_pipeline(self) -> bool:
        """Whether samples follow each other while others are on their way."""
        return self.clock is not None

    @property
    def period_ps(self) -> int:
        """How long a cycle is, if there is a clock."""
        assert self.clock is not None
        return math.floor(1e12 / self.clock)

    @property
    def blocks(self) -> Family | None:
        """Whose multiplier blocks there are."""
        return BLOCKS[self.family] if self.family else None


TIMING: dict[Family, Timing] = {"ice40": Timing(), "ecp5": Timing(read=2), "gowin": Timing()}
"""Block RAM of an ECP5 is slow beside its logic, so that its numbers leave through registers."""

STAGE_PS: dict[Family, int] = {"ice40": 7000, "ecp5": 7000, "gowin": 7000}
"""What fits into a cycle beside the multipliers.

The unit is that of the delay model, in which the logic of all families is equally fast. With less
of it in a cycle the bodies take more registers, and the clock is that of the memories, of the
accumulators and of the sequencer: it gains little.
"""


@dataclass(frozen=True)
class Folded:
    """The schedule in which all layers take turns on a few multipliers.

    Parameters and numbers on the way live in memories, so the size of the circuit depends on the
    lanes and the formats, and not on the number of layers; see `catgrad.folded.machine.Machine`.

    - `lanes`: how many multipliers there are, each with an exact accumulator; as many as the
      longest loop of the model has iterations are enough, and more take logic for nothing
    - `learns`: without, the engine only predicts; its parameters are loaded and never change
    - `family`: "ice40", "ecp5" or "gowin" takes the multipliers of that family with all their
      registers; None leaves multipliers to synthesis, and simulates everywhere
    - `timing`: the latencies of its memories and multipliers, in cycles; None: what suits the
      family
    - `stage_ps`: how much of the arithmetic beside the multiplications fits into one cycle, by the
      delay model of `catgrad.circuit.delays`; None: what suits the family
    """

    lanes: int = 8
    learns: bool = True
    family: Family | None = None
    timing: Timing | None = None
    stage_ps: int | None = None

    def __post_init__(self) -> None:
        if (lanes := whole(self.lanes, 1)) is None:
            raise CatgradError(
                f"A folded schedule needs a whole number of lanes, at least 1, not {self.lanes!r}; "
                f"write Folded(lanes=8)."
            )
        object.__setattr__(self, "lanes", lanes)
        if not isinstance(self.learns, bool):
            raise CatgradError(
                f"Whether a folded engine learns is True or False, not {self.learns!r}; write "
                f"Folded(learns=False) for one that only predicts."
            )
        if self.timing is not None and not isinstance(self.timing, Timing):
            raise CatgradError(
                f"The timing of a folded schedule is a Timing, not {self.timing!r}; write "
                f"Folded(timing=Timing(read=1, multiply=2)), or leave it to the family."
            )
        if self.family is not None and self.family not in list(STAGE_PS):
            raise CatgradError(
                f"There are no multipliers for the family {self.family!r}; name one of "
                f"{', '.join(STAGE_PS)}, or none."
            )
        if self.stage_ps is not None:
            if (stage_ps := whole(self.stage_ps, 1)) is None:
                raise CatgradError(
                    f"A stage takes a whole number of picoseconds, at least 1, not "
                    f"{self.stage_ps}; write Folded(stage_ps=6000)."
                )
            object.__setattr__(self, "stage_ps", stage_ps)

    @property
    def latencies(self) -> Timing:
        """The latencies of memories and multipliers."""
        return self.timing or (TIMING[self.family] if self.family else Timing())

    @property
    def period_ps(self) -> int:
        """How much fits into one cycle."""
        return self.stage_ps or STAGE_PS[self.family or "ecp5"]


@dataclass(frozen=True)
class Serial:
    """The schedule in which a filter forms its products one after another on one multiplier.

    For models that only predict, and whose numbers are sums of products, rounded: filters with
    constant or loaded coefficients, their cascades and sums. A sample takes as many cycles as there
    are products, unless it has to wait for one; see `catgrad.serial`. Of what a `Folded` engine of
    one lane takes for the same filter, that is a fraction, in cycles and in cells.

    - `family`: "ice40" takes the multiplier block of that family with its accumulator; None leaves
      the multiplier to synthesis, and simulates everywhere
    """

    family: MacFamily | None = None

    def __post_init__(self) -> None:
        if self.family is not None and self.family not in get_args(MacFamily):
            raise CatgradError(
                f"No multiplier block of the family {self.family!r} accumulates; name one of "
                f"{', '.join(get_args(MacFamily))}, or none."
            )

    @property
    def learns(self) -> bool:
        """Never."""
        return False


Schedule = Spatial | Folded | Serial
