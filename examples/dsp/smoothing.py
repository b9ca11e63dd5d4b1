"""FIR filters as designed by SciPy, and what predicts a recording.

The recording is the electroencephalogram of `eeg.py`. A low-pass of 25 taps goes into three
circuits of which the numbers are the same: direct, symmetric (13 multiplications) and, with an
accumulator wide enough, transposed. Beside it is a moving average of 8. Last, a filter that learns
predicts each sample from the 8 before it; what it cannot predict are the events.

    python examples/dsp/smoothing.py
"""

from __future__ import annotations

import numpy as np
from eeg import RATE, Floats, recording
from matplotlib.axes import Axes
from plots import save
from scipy import signal

from catgrad import Fixed, Formats, dsp
from catgrad.circuit import Kind

FORMATS = Formats.uniform(16, 15)
BITS = 15
TAPS = signal.firwin(25, 12, fs=RATE)
FILTERS = {
    "direct": dsp.fir(TAPS, bits=BITS),
    "symmetric": dsp.fir(TAPS, form="symmetric", bits=BITS),
    "transposed": dsp.fir(TAPS, form="transposed", bits=BITS, accumulator=Fixed(34, 30)),
}
AVERAGE = dsp.moving_average(8, data=FORMATS.data)
PREDICTED_FROM = 8


def predictor() -> dsp.Filter:
    """From the sample before to this one, by the last eight."""
    learned = dsp.nlms(PREDICTED_FROM, 2**-3, epsilon=2**-3)
    return dsp.Filter(dsp.delay(dsp.SAMPLE) >> learned.model, learned.rule, learned.loss)


def smoothed(x: Floats) -> dict[str, Floats]:
    """What each circuit's integers give."""
    found = {}
    for name, model in (FILTERS | {"moving average": AVERAGE}).items():
        hardware = dsp.Filter(model).hardware(FORMATS)
        kinds = hardware.netlist.kind
        print(f"{name}: {(kinds == Kind.MUL).sum()} products, {(kinds == Kind.ADD).sum()} sums")
        found[name] = dsp.run_integers(hardware, x).output
    return found


def main() -> None:
    x = recording()[:, 0]
    found = smoothed(x)
    ideal = signal.lfilter(np.round(TAPS * 2**BITS) / 2**BITS, 1, x)
    same = all(np.array_equal(found["direct"], found[name]) for name in FILTERS)
    worst = np.abs(found["direct"] - ideal).max() * 2**15
    print(
        f"the three forms are {'equal' if same else 'NOT equal'}; SciPy is {worst:.2f} steps away"
    )

    hardware = predictor().hardware(Formats.uniform(16, 14, weights=Fixed(20, 18)))
    predicted = dsp.run_integers(hardware, x, y=x).output
    gain = 10 * np.log10((x[200:] ** 2).mean() / ((x - predicted)[200:] ** 2).mean())
    print(f"prediction gain: {gain:.1f} dB")
    seconds = np.arange(len(x)) / RATE

    def smooth(axes: Axes) -> None:
        axes.plot(seconds, x, lw=0.6, color="grey", label="electrode 1")
        axes.plot(seconds, found["symmetric"], label="low-pass of 25 taps")
        axes.plot(seconds, found["moving average"], lw=1, label="moving average of 8")
        axes.set(xlabel="seconds", xlim=(0, 5))

    def unpredicted(axes: Axes) -> None:
        axes.plot(seconds, x, lw=0.6, color="grey", label="electrode 1")
        axes.plot(seconds, x - predicted, lw=1, label="what was not predicted")
        axes.set(xlabel="seconds")

    print(save("smoothing", smooth, unpredicted))


if __name__ == "__main__":
    main()
