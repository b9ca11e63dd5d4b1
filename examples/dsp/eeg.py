"""Filters on a recording: alpha waves, and mains hum taken away, from an electroencephalogram.

The recording has four channels of 800 samples, 80 a second, and comes with Matplotlib
(``eeg.dat``). Each channel goes through the same circuit: a DC blocker takes the drift of the
electrodes away, and a band-pass of three biquads, designed by SciPy, leaves the alpha waves from 8
to 13 Hz. Then hum of 20 Hz is added to one channel, and LMS takes it away again by a reference of
the same frequency, two taps with a quarter of a period between them (Widrow et al., "Adaptive noise
cancelling: principles and applications", Proceedings of the IEEE 63, 1975).

    python examples/dsp/eeg.py
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from plots import save
from scipy import signal

from catgrad import Dtype, Fixed, Formats, NdArrayType, dsp
from catgrad.hypergraph import OpenHypergraph

Floats = NDArray[np.float64]

RATE = 80  # samples a second
CHANNELS = NdArrayType((4,), Dtype.float32)
FORMATS = Formats.uniform(18, 15)
BITS = 14  # after the binary point of each coefficient
HUM = 20.0  # Hz
ALPHA = dsp.balanced(signal.butter(3, (8, 13), "bandpass", fs=RATE, output="sos"))


def recording() -> Floats:
    """float[800, 4], scaled to at most 0.9."""
    path = get_sample_data("eeg.dat", asfileobj=False)
    data = np.fromfile(path, dtype=float).reshape(800, 4)
    return np.asarray(0.9 * data / np.abs(data).max())


def alpha() -> OpenHypergraph:
    """From the electrodes to the alpha waves."""
    blocker = dsp.dc_blocker(4, CHANNELS, mean=Fixed(24, 21))
    return blocker >> dsp.biquads(ALPHA, CHANNELS, bits=BITS)


def reference(samples: int) -> Floats:
    """The hum as a wire beside the electrodes would carry it."""
    return np.asarray(0.5 * np.sin(2 * np.pi * HUM * np.arange(samples) / RATE))


def canceller() -> dsp.Filter:
    """From the reference to the hum in an electrode."""
    return dsp.lms(2, 2**-5)


def power(x: Floats) -> tuple[Floats, Floats]:
    """Frequencies, and the power at each in dB."""
    frequencies, density = signal.welch(x, RATE, nperseg=200)
    return frequencies, 10 * np.log10(density)


def main() -> None:
    x = recording()
    waves = dsp.run(alpha(), x).output
    hardware = dsp.Filter(alpha()).hardware(FORMATS)
    integers = dsp.run_integers(hardware, x)
    print("band-pass:", dsp.biquad_report(ALPHA, FORMATS.data, bits=BITS))
    print(
        f"integers and float differ by {np.abs(integers.output - waves).max():.2g} at most; "
        f"{integers.saturations} numbers saturated"
    )

    hum = reference(len(x))
    electrode = 0.3 * x[:, 0] + 0.8 * np.roll(hum, 1)
    learned = dsp.run_integers(canceller().hardware(FORMATS), hum, y=electrode)
    clean = electrode - learned.output
    left, before = (np.abs(a - 0.3 * x[:, 0])[400:].mean() for a in (clean, electrode))
    print(f"hum: {20 * np.log10(before / left):.1f} dB less")

    seconds = np.arange(len(x)) / RATE

    def both(axes: Axes) -> None:
        axes.plot(seconds, x[:, 0], lw=0.8, color="grey", label="electrode 1")
        axes.plot(seconds, waves[:, 0], lw=4, alpha=0.4, label="8 to 13 Hz, float")
        axes.plot(seconds, integers.output[:, 0], lw=1, color="C0", label="18 bit integers")
        axes.set(xlabel="seconds")

    def spectra(axes: Axes) -> None:
        for name, signal_ in (("with hum", electrode), ("cancelled", clean[200:])):
            axes.plot(*power(signal_), label=name)
        axes.set(xlabel="Hz", ylabel="dB")

    print(save("eeg", both, spectra))


if __name__ == "__main__":
    main()
