"""An echo canceller: normalised LMS learns the room, and takes its echo out of the microphone.

What is played is like speech: noise through the resonances of a vocal tract, loud and soft by turns
a few times a second. The room is a response that decays by 60 dB in a fifth of a second, of which
the filter has the first 16 ms. Measured is the echo return loss enhancement: how much weaker what
is left is than what the microphone picked up.

    python examples/dsp/echo.py
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from plots import save
from scipy import signal

from catgrad import Fixed, Formats, dsp

Floats = NDArray[np.float64]

RATE = 8000  # samples a second
TAPS = 128
STEP = 2**-2
FORMATS = Formats.uniform(16, 14, weights=Fixed(24, 22), table_bits=10)
BLOCK = 400  # samples over which powers are averaged


def canceller(taps: int = TAPS) -> dsp.Filter:
    """From what is played to the echo that it will make."""
    return dsp.nlms(taps, STEP, epsilon=2**-4)


def speech(samples: int, seed: int = 0) -> Floats:
    """Noise through four formants of a vowel, in syllables."""
    random = np.random.default_rng(seed)
    x = random.normal(size=samples)
    for frequency, width in ((500, 80), (1500, 120), (2500, 160), (3500, 240)):
        r, angle = np.exp(-np.pi * width / RATE), 2 * np.pi * frequency / RATE
        x = signal.lfilter([1 - r], [1, -2 * r * np.cos(angle), r * r], x)
    loudness = 0.3 + np.sin(np.pi * 3 * np.arange(samples) / RATE) ** 2
    x = x * loudness
    return np.asarray(0.9 * x / np.abs(x).max())


def room(taps: int = TAPS, seed: int = 1) -> Floats:
    """Noise that decays by 60 dB in 0.2 s, after a direct path."""
    random = np.random.default_rng(seed)
    h = random.normal(size=taps) * 10 ** (-3 * np.arange(taps) / (0.2 * RATE))
    h[:8] = 0
    return np.asarray(0.5 * h / np.sqrt((h**2).sum()))


def enhancement(echo: Floats, left: Floats) -> Floats:
    """Echo return loss enhancement in dB, block by block."""
    powers = [
        (a[: len(a) // BLOCK * BLOCK].reshape(-1, BLOCK) ** 2).mean(axis=1) for a in (echo, left)
    ]
    return np.asarray(10 * np.log10(powers[0] / powers[1]))


def run(samples: int = 3 * RATE) -> dict[str, Floats]:
    """The enhancement of the float form and of the integers."""
    x = speech(samples)
    microphone = signal.lfilter(room(), 1, x) + 1e-4 * np.random.default_rng(2).normal(size=samples)
    floats = dsp.run(canceller(), x, y=microphone)
    integers = dsp.run_integers(canceller().hardware(FORMATS), x, y=microphone)
    runs = {"float": floats, "integers of 16 bits, taps of 24": integers}
    return {name: enhancement(microphone, microphone - run.output) for name, run in runs.items()}


def main() -> None:
    found = run()

    def draw(axes: Axes) -> None:
        for (name, gain), width in zip(found.items(), (4, 1.5), strict=True):
            axes.plot(np.arange(len(gain)) * BLOCK / RATE, gain, lw=width, label=name)
        axes.set(xlabel="seconds", ylabel="echo return loss enhancement, dB")

    path = save("echo", draw)
    last = {name: gain[-10:].mean() for name, gain in found.items()}
    print(", ".join(f"{name}: {gain:.1f} dB" for name, gain in last.items()), f"({path})")


if __name__ == "__main__":
    main()
