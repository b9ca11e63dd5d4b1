"""A receiver front end in integers: mix down, change the rate, control the gain.

A signal of 16 bits, sampled at 1 MHz, has a station at 200 kHz with a tone of 2 kHz on it, and one
that is 20 times stronger at 260 kHz. An oscillator with a phase of 24 bits brings the station to
frequency 0; a cascade of integrators and combs takes one sample of eight; a polyphase filter takes
two of five more, and the strong station away; a gain control makes up for what the station lacks.

    python examples/dsp/receiver.py
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from plots import save
from scipy import signal

from catgrad import Fixed, Formats, dsp
from catgrad.hypergraph import OpenHypergraph

Floats = NDArray[np.float64]

RATE = 1_000_000
STATION, STRONG, TONE = 200_000, 260_000, 2_000  # Hz
DECIMATE = 8
UP, DOWN = 2, 5
FORMATS = Formats.uniform(16, 14, table_bits=12)


def antenna(samples: int, seed: int = 0) -> Floats:
    """Two stations, the wanted one with a tone in its amplitude, and noise."""
    random = np.random.default_rng(seed)
    t = np.arange(samples) / RATE
    station = 0.04 * (1 + 0.5 * np.sin(2 * np.pi * TONE * t)) * np.cos(2 * np.pi * STATION * t)
    strong = 0.8 * np.cos(2 * np.pi * STRONG * t)
    return np.asarray(station + strong + 0.001 * random.normal(size=samples))


def taps() -> Floats:
    """The polyphase filter, at twice the rate of what the combs give."""
    return np.asarray(UP * signal.firwin(64, 12_000, fs=UP * RATE / DECIMATE))


def stages() -> dict[str, OpenHypergraph]:
    """The blocks of the chain, after the mixer for one of its two outputs."""
    return {
        "mixer": dsp.mixer(2 * STATION / RATE),  # in half turns a sample
        "decimator": dsp.cic_decimator(DECIMATE, 4, data=FORMATS.data),
        "resampler": dsp.resample(taps(), UP, DOWN, bits=15),
        "gain": dsp.agc(0.5, 2**-4, most=31.0, gain=Fixed(24, 18)),
    }


def blocks(x: Floats, n: int) -> Floats:
    """`n` samples a tick."""
    return x[: len(x) // n * n].reshape(-1, n)


def receive(x: Floats, integers: bool) -> dict[str, Floats]:
    """What there is after each block, of the real part."""

    def through(name: str, *inputs: Floats) -> Floats:
        model = stages()[name]
        if integers:
            return dsp.run_integers(dsp.Filter(model).hardware(FORMATS), *inputs).outputs[0]
        return dsp.run(model, *inputs).outputs[0]

    mixed = through("mixer", x)
    slower = through("decimator", blocks(mixed, DECIMATE))
    channel = through("resampler", blocks(slower, DOWN)).reshape(-1)
    return {
        "mixer": mixed,
        "decimator": slower,
        "resampler": channel,
        "gain": through("gain", channel),
    }


def spectrum(x: Floats, rate: float) -> tuple[Floats, Floats]:
    """Frequencies in kHz, and the power at each in dB."""
    frequencies, density = signal.welch(x, rate, nperseg=min(len(x), 1024), detrend=False)
    return frequencies / 1000, 10 * np.log10(density + 1e-16)


def main() -> None:
    x = antenna(40_000)
    floats, integers = (receive(x, form) for form in (False, True))
    slow = RATE / DECIMATE
    rates = {"mixer": RATE, "decimator": slow, "resampler": slow * UP / DOWN}
    for name in floats:
        error = np.sqrt(((floats[name] - integers[name]) ** 2).mean())
        signal_ = np.sqrt((floats[name] ** 2).mean())
        print(f"after the {name}: rounding {20 * np.log10(error / signal_):.0f} dB")

    def spectra(axes: Axes) -> None:
        axes.plot(*spectrum(x, RATE), color="grey", lw=0.8, label="antenna")
        for name, rate in rates.items():
            axes.plot(*spectrum(integers[name], rate), label=f"after the {name}")
        axes.set(xlabel="kHz", ylabel="dB", xlim=(0, 300), ylim=(-130, -20))

    def sound(axes: Axes) -> None:
        t = np.arange(len(integers["gain"])) / (slow * UP / DOWN) * 1000
        axes.plot(t, floats["gain"], lw=4, alpha=0.4, label="float")
        axes.plot(t, integers["gain"], lw=1, color="C0", label="integers of 16 bits, gain of 24")
        axes.set(xlabel="milliseconds", ylabel="after the gain control")

    print(save("receiver", spectra, sound))


if __name__ == "__main__":
    main()
