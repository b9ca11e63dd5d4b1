"""The family of LMS: how fast and how closely each finds an unknown system.

White noise goes through 16 taps, a decaying oscillation, and a little noise is added. Every filter
is shown both ends. The plot has the mean square error over the samples, of the integers.

    python examples/dsp/identification.py
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from plots import save

from catgrad import Fixed, Formats, dsp

Floats = NDArray[np.float64]

TAPS = 16
NOISE = 0.01  # standard deviation
FORMATS = Formats.uniform(16, 14, weights=Fixed(20, 18))

FILTERS = {
    "LMS": dsp.lms(TAPS, 2**-5),
    "normalised": dsp.nlms(TAPS, 2**-1),
    "sign of the error": dsp.sign_lms(TAPS, 2**-9),
    "sign of the data": dsp.sign_lms(TAPS, 2**-6, "data"),
    "sign of both": dsp.sign_lms(TAPS, 2**-10, "both"),
    "leaky": dsp.leaky_lms(TAPS, 2**-5, 2**-7),
    "delayed by 12": dsp.delayed_lms(TAPS, 2**-5, 12),
}


def signals(samples: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Both ends of the unknown system."""
    random = np.random.default_rng(seed)
    k = np.arange(TAPS)
    h = np.cos(1.1 * k) * np.exp(-0.25 * k)
    x = random.uniform(-0.9, 0.9, samples)
    y = np.convolve(x, 0.8 * h / np.sqrt((h**2).sum()))[:samples]
    return x, y + NOISE * random.normal(size=samples)


def run(samples: int = 3000) -> dict[str, tuple[Floats, Floats]]:
    """Of each filter the errors of the float form and of the integers."""
    x, y = signals(samples)
    found = {}
    for name, filter in FILTERS.items():
        outputs = (dsp.run(filter, x, y=y), dsp.run_integers(filter.hardware(FORMATS), x, y=y))
        floats, integers = (y - run.output for run in outputs)
        found[name] = floats, integers
    return found


def decibels(error: Floats, window: int = 100) -> Floats:
    """The mean square over a sliding window."""
    return np.asarray(10 * np.log10(np.convolve(error**2, np.ones(window) / window, "valid")))


def main() -> None:
    found = run()
    for name, (floats, integers) in found.items():
        last = [10 * np.log10((error[-500:] ** 2).mean()) for error in (floats, integers)]
        print(f"{name}: {last[0]:.1f} dB in float, {last[1]:.1f} dB in integers")

    def draw(axes: Axes) -> None:
        for name, (_, integers) in found.items():
            axes.plot(decibels(integers), lw=1.2, label=name)
        axes.set(xlabel="samples", ylabel="mean square error, dB")

    print(save("identification", draw, height=4.5))


if __name__ == "__main__":
    main()
