"""What the integers of a biquad cascade cost: poles that move, and noise from rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from catgrad.core.types import Fixed
from catgrad.dsp.biquad import FREQUENCIES, sections
from catgrad.hypergraph.text import plural

Floats = NDArray[np.float64]

IMPULSE = 1 << 14
"""Over how many samples the energy of an impulse response is added up."""


@dataclass(frozen=True)
class BiquadReport:
    """A cascade in fixed point.

    - `poles`: of each section, two complex numbers, once its coefficients are rounded
    - `gains`: from the input to the output of each section, the greatest at any frequency; where
      one is above the range of the data, a sine of full scale saturates
    - `deviation`: the greatest difference that rounding the coefficients makes to the response
    - `noise`: the variance of the rounding noise at the output, predicted: each rounding adds
      ``step**2 / 12``, uncorrelated with all others, which the rest of the cascade filters
      (Jackson 1970). Infinite where a pole is not inside the unit circle
    - `step`: what one unit of the output is worth
    """

    poles: tuple[tuple[complex, complex], ...]
    gains: tuple[float, ...]
    deviation: float
    noise: float
    step: float

    @property
    def radius(self) -> float:
        """How far the outermost pole is from 0."""
        return max(abs(pole) for pair in self.poles for pole in pair)

    @property
    def is_stable(self) -> bool:
        """Whether all poles are inside the unit circle."""
        return self.radius < 1

    def __str__(self) -> str:
        verdict = "stable" if self.is_stable else "UNSTABLE"
        gains = ", ".join(f"{gain:.3g}" for gain in self.gains)
        return (
            f"{plural(len(self.poles), 'section')}, {verdict}: "
            f"greatest pole radius {self.radius:.6g}; greatest gains {gains}; "
            f"the response is off by at most {self.deviation:.2g}; "
            f"rounding noise {np.sqrt(self.noise) / self.step:.3g} steps of {self.step:g} rms"
        )


def biquad_report(
    sos: ArrayLike,
    data: Fixed,
    form: str = "df1",
    *,
    bits: int | None = None,
    accumulator: Fixed | None = None,
) -> BiquadReport:
    """What `biquads` with the same arguments makes of a filter, where signals have the format
    `data`.
    """
    wanted, rounded = (_rows(sections(sos, b)) for b in (None, bits))
    poles = tuple((complex(p[0]), complex(p[1])) for p in map(_poles, rounded))
    with np.errstate(divide="ignore", invalid="ignore"):  # a pole on the unit circle
        partial = [signal.sosfreqz(rounded[: k + 1], FREQUENCIES)[1] for k in range(len(rounded))]
        ideal = signal.sosfreqz(wanted, FREQUENCIES)[1]
        deviation = float(np.nan_to_num(np.abs(partial[-1] - ideal), nan=np.inf).max())
    coarse = (accumulator or data).step
    sources = (data.step**2 + 2 * coarse**2 if form == "df2t" else data.step**2) / 12
    return BiquadReport(
        poles,
        tuple(float(np.abs(response).max()) for response in partial),
        deviation,
        sources * sum(noise_gains(rounded)) if _inside(poles) else np.inf,
        data.step,
    )


def noise_gains(sos: Floats) -> list[float]:
    """For white noise at the output of each section, before its recursion: power at the end.

    The noise goes through the poles of that section and all sections after it.
    """
    impulse = np.zeros(IMPULSE)
    impulse[0] = 1
    gains = []
    for k, row in enumerate(sos):
        response = signal.lfilter([1.0], row[3:], impulse)
        if k + 1 < len(sos):
            response = signal.sosfilt(sos[k + 1 :], response)
        gains.append(float((response**2).sum()))
    return gains


def _rows(five: Floats) -> Floats:
    return np.ascontiguousarray(np.insert(five, 3, 1.0, axis=1))


def _poles(row: Floats) -> NDArray[np.complex128]:
    found = np.roots(row[3:]).astype(complex)
    return np.concatenate([found, np.zeros(2 - len(found))])


def _inside(poles: tuple[tuple[complex, complex], ...]) -> bool:
    return all(abs(pole) < 1 for pair in poles for pole in pair)
