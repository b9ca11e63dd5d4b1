"""Schedules: how the work of a learner is spread over circuits and over time."""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.errors import CatgradError
from catgrad.folded.machine import Timing
from catgrad.hdl.multiplier import Family


@dataclass(frozen=True)
class Spatial:
    """The schedule in which every scalar operation is a circuit of its own.

    `cycles` is in how many clock cycles the values of one sample settle: more cycles reach a
    higher clock, at as many more registers.
    """

    cycles: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.cycles, int) or self.cycles < 1:
            raise CatgradError(
                f"A schedule needs a whole number of cycles, at least 1, not {self.cycles}; "
                f"write Spatial(cycles=1)."
            )


TIMING: dict[Family, Timing] = {"ice40": Timing(), "ecp5": Timing(read=2)}
"""Block RAM of an ECP5 is slow beside its logic, so that its numbers leave through registers."""

STAGE_PS: dict[Family, int] = {"ice40": 8600, "ecp5": 7000}
"""What fits into a cycle beside the multipliers.

On iCE40 the clock is slow whatever is done, and a register costs as much as logic. The unit is that
of the delay model, in which the logic of all families is equally fast.
"""


@dataclass(frozen=True)
class Folded:
    """The schedule in which all layers take turns on a few multipliers.

    Parameters and numbers on the way live in memories, so the size of the circuit depends on the
    lanes and the formats, and not on the number of layers; see `catgrad.folded.machine.Machine`.

    - `lanes`: how many multipliers there are, each with an exact accumulator
    - `learns`: without, the engine only predicts; its parameters are loaded and never change
    - `family`: "ice40" or "ecp5" takes the multipliers of that family with all their registers;
      None leaves multipliers to synthesis, and simulates everywhere
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
        if not isinstance(self.lanes, int) or isinstance(self.lanes, bool) or self.lanes < 1:
            raise CatgradError(
                f"A folded schedule needs a whole number of lanes, at least 1, not {self.lanes!r}; "
                f"write Folded(lanes=8)."
            )
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
        if self.stage_ps is not None and not (isinstance(self.stage_ps, int) and self.stage_ps > 0):
            raise CatgradError(
                f"A stage takes a whole number of picoseconds, at least 1, not {self.stage_ps}; "
                f"write Folded(stage_ps=6000)."
            )

    @property
    def latencies(self) -> Timing:
        """The latencies of memories and multipliers."""
        return self.timing or (TIMING[self.family] if self.family else Timing())

    @property
    def period_ps(self) -> int:
        """How much fits into one cycle."""
        return self.stage_ps or STAGE_PS[self.family or "ecp5"]


Schedule = Spatial | Folded
