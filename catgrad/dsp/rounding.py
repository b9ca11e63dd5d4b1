"""What the integers of a filter cost: coefficients that move, poles with them, and noise."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from catgrad.core.types import Fixed
from catgrad.dsp.biquad import FREQUENCIES, recursive, require_form, require_options, sections
from catgrad.dsp.bounded import in_integers, polynomials
from catgrad.dsp.lines import as_designed, require_format, rounded
from catgrad.hardware.recursions import as_compiled, as_constant, poles, radius, unstable
from catgrad.hypergraph.text import plural

Floats = NDArray[np.float64]

Section = tuple[Floats, Floats]
"""Numerator and denominator, polynomials in z⁻¹ from their constants on."""

_NOTHING = 1e-12
"""What a tap is of the greatest one, that is to be 0."""

LONGEST = 1 << 20
"""Over how many samples the energy of an impulse response is added up, at most."""


@dataclass(frozen=True)
class BiquadReport:
    """A cascade in fixed point.

    - `poles`: of each section, once its coefficients are rounded; with a look-ahead four of them
    - `gains`: from the input to the output of each section, the greatest at any frequency; where
      one is above the range of the data, a sine of full scale saturates
    - `deviation`: the greatest difference that rounding the coefficients makes to the response
    - `noise`: the variance of the rounding noise at the output, predicted: each rounding adds
      ``step**2 / 12``, uncorrelated with all others, which the rest of the cascade filters
      (Jackson 1970). Infinite where a pole is not inside the unit circle
    - `step`: what one unit of the output is worth
    - `outputs`: with `data` the format of each section's output, which holds whatever can come;
      without none, and sections saturate where their signals end
    - `coefficients`: of each section b and then a, but for the 1 that it begins with, as integers
      over ``2**fraction``; with a look-ahead those of the longer recursion that are not 0
    """

    poles: tuple[tuple[complex, ...], ...]
    gains: tuple[float, ...]
    deviation: float
    noise: float
    step: float
    outputs: tuple[Fixed, ...] = ()
    coefficients: tuple[tuple[int, ...], ...] = ()
    fraction: int = 0

    @property
    def radius(self) -> float:
        """How far the outermost pole is from 0."""
        return max(abs(pole) for section in self.poles for pole in section)

    @property
    def is_stable(self) -> bool:
        """Whether all poles are inside the unit circle."""
        return math.isfinite(self.noise)

    def __str__(self) -> str:
        verdict = "stable" if self.is_stable else "UNSTABLE"
        gains = ", ".join(f"{gain:.3g}" for gain in self.gains)
        widths = ", ".join(str(form.width) for form in self.outputs)
        wide = f"outputs of {widths} bits; " if widths else ""
        return (
            f"{plural(len(self.poles), 'section')}, {verdict}: "
            f"greatest pole radius {self.radius:.6g}; greatest gains {gains}; {wide}"
            f"the response is off by at most {self.deviation:.2g}; "
            f"rounding noise {np.sqrt(self.noise) / self.step:.3g} steps of {self.step:g} rms"
        )


@dataclass(frozen=True)
class FirReport:
    """An FIR filter in fixed point.

    - `taps`: how many there are; `lost`: how many of them are 0, and were not as designed, but for
      the rounding of floats
    - `gain`: the greatest at any frequency
    - `deviation`: the greatest difference that rounding the taps makes to the response, so that a
      stop band need not be deeper
    - `coefficients`: the taps as integers over ``2**fraction``
    """

    taps: int
    lost: int
    gain: float
    deviation: float
    coefficients: tuple[int, ...] = ()
    fraction: int = 0

    def __str__(self) -> str:
        lost = f", {self.lost} of them rounded to 0" if self.lost else ""
        depth = f" ({20 * math.log10(self.deviation):.0f} dB)" if self.deviation else ""
        return (
            f"{plural(self.taps, 'tap')}{lost}; greatest gain {self.gain:.3g}; "
            f"the response is off by at most {self.deviation:.2g}{depth}"
        )


def fir_report(taps: ArrayLike, signals: Fixed, *, bits: int | None = None) -> FirReport:
    """What `fir` and `resample` make of designed taps, where signals have the format `signals`.

    Taps are those of the circuit: rounded to `bits`, and to the significant bits that constants
    keep. They add up exactly, so that without partial sums of a format of their own there is one
    rounding for each output.

    >>> from scipy.signal import firwin
    >>> report = fir_report(firwin(63, 0.3), Fixed(16, 15), bits=8)
    >>> report.taps, report.lost, report.coefficients[29:34], report.fraction
    (63, 14, (38, 66, 77, 66, 38), 8)
    """
    require_format("signals", signals)
    meant = np.array(as_designed(taps))
    kept = np.array([as_constant(c, signals.fraction) for c in as_designed(rounded(meant, bits))])
    found, ideal = (signal.freqz(h, worN=FREQUENCIES)[1] for h in (kept, meant))
    [integers], fraction = _integers([kept.tolist()])
    lost = (kept == 0) & (np.abs(meant) > _NOTHING * np.abs(meant).max())
    return FirReport(
        len(meant),
        int(lost.sum()),
        float(np.abs(found).max()),
        float(np.abs(found - ideal).max()),
        integers,
        fraction,
    )


def biquad_report(
    sos: ArrayLike,
    signals: Fixed,
    form: str = "df1",
    *,
    bits: int | None = None,
    accumulator: Fixed | None = None,
    data: Fixed | None = None,
    look_ahead: int = 1,
) -> BiquadReport:
    """What `biquads` with the same arguments makes of a filter, where signals have the format
    `signals`.

    Coefficients are those of the circuit: rounded to `bits`, and without `data` to the significant
    bits that constants keep. With `data` what enters is rounded as well, if it is finer.

    CatgradError where `biquads` refuses the options, or with `data` the sections. Without, those
    that are not stable have a report, which says so.
    """
    require_format("signals", signals)
    require_form(form, bits, accumulator, data)
    require_options(form, bits, accumulator, data, look_ahead)
    outputs = tuple[Fixed, ...]()
    if data is not None and bits is not None:
        cascade = in_integers(sections(sos), bits, data, look_ahead)
        outputs = tuple(section.output for section in cascade)
        found = [polynomials(section.b, section.a, bits, look_ahead) for section in cascade]
    else:
        found = _polynomials(_compiled(sections(sos, bits), signals.fraction))
    recursions = [(float(a[look_ahead]), float(a[-1])) for _, a in found]
    with np.errstate(divide="ignore", invalid="ignore"):  # a pole on the unit circle
        partial, ideal = _responses(found), _responses(_polynomials(sections(sos)))
        deviation = float(np.nan_to_num(np.abs(partial[-1] - ideal[-1]), nan=np.inf).max())
    step, noise = (data or signals).step, math.inf
    if unstable(recursions) is None:
        reach = max(map(radius, recursions)) ** (1 / look_ahead)
        entering, *gains = _noise_gains(found, min(math.ceil(40 / (1 - reach)), LONGEST))
        sums = 2 * (accumulator or signals).step ** 2 if form == "df2t" else 0
        noise = ((step**2 + sums) * sum(gains) + max(step**2 - signals.step**2, 0) * entering) / 12
    return BiquadReport(
        tuple(_with_ahead(poles(a), look_ahead) for a in recursions),
        tuple(float(np.abs(response).max()) for response in partial),
        deviation,
        noise,
        step,
        outputs,
        *_integers([[*b, *a] for (b, _), a in zip(found, recursions, strict=True)]),
    )


def _integers(rows: Sequence[Sequence[float]]) -> tuple[tuple[tuple[int, ...], ...], int]:
    """Numbers that end somewhere after the binary point as integers, and after how many bits."""
    fraction = max(float(c).as_integer_ratio()[1].bit_length() - 1 for row in rows for c in row)
    return tuple(tuple(int(math.ldexp(c, fraction)) for c in row) for row in rows), fraction


def _compiled(designed: Floats, fraction: int) -> Floats:
    """Rows ``b0 b1 b2 a1 a2`` as constants keep them where data have so many fraction bits."""
    b = [[as_constant(c, fraction) for c in row[:3]] for row in designed.tolist()]
    return np.hstack([b, as_compiled(recursive(designed), fraction)])


def _polynomials(designed: Floats) -> list[Section]:
    return [(row[:3], np.array([1.0, *row[3:]])) for row in designed]


def _responses(cascade: Sequence[Section]) -> NDArray[np.complex128]:
    """complex128[sections, frequencies], from the input to the output of each section."""
    each = [signal.freqz(b, a, FREQUENCIES)[1] for b, a in cascade]
    found: NDArray[np.complex128] = np.cumprod(each, axis=0)
    return found


def _noise_gains(cascade: Sequence[Section], samples: int) -> list[float]:
    """For white noise at the input, and at the output of each section before its recursion: power
    at the end, which responses of so many samples make.

    The latter goes through the poles of that section and all sections after it.
    """
    impulse = np.zeros(samples)
    impulse[0] = 1
    noises = [impulse]
    for b, a in cascade:
        noises = [signal.lfilter(b, a, noise) for noise in noises]
        noises.append(signal.lfilter([1.0], a, impulse))
    return [float((noise**2).sum()) for noise in noises]


def _with_ahead(found: tuple[complex, complex], look_ahead: int) -> tuple[complex, ...]:
    """The poles in z of those in z to the power of a look-ahead."""
    if look_ahead == 1:
        return found
    roots = [cmath.sqrt(pole) for pole in found]
    return (*roots, *(-root for root in roots))
