"""An equaliser: LMS undoes a channel that smears QPSK symbols into each other.

The channel is (0.407, 0.815, 0.407), a standard one with deep distortion (Proakis, "Digital
communications", figure 9.4-5 (b) of the fourth edition), and noise. The real and the imaginary part
go through the same 31 taps. A known preamble trains them; after it the targets are 0, and the
filter follows its own decisions.

    python examples/dsp/equaliser.py
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from plots import save

from catgrad import Dtype, Fixed, Formats, NdArrayType, dsp

Floats = NDArray[np.float64]

CHANNEL = (0.407, 0.815, 0.407)
SNR = 30  # dB
TAPS = 31
LATE = (TAPS - 1) // 2 + 1  # samples from a symbol to its decision
PREAMBLE = 4000
DECIDED = 6000  # symbols over which errors are counted
LEVEL = 0.5  # symbols are ±0.5 ±0.5j
COMPLEX = NdArrayType((2,), Dtype.float32)  # the real and the imaginary part
FORMATS = Formats.uniform(16, 13, weights=Fixed(20, 17))
INTEGERS = "integers of 16 bits, taps of 20"


def equaliser(taps: int = TAPS) -> dsp.Filter:
    """From the received samples to the symbols."""
    return dsp.Filter(
        dsp.fir(taps, COMPLEX), dsp.lms(taps, 2**-5).rule, dsp.decisions([-LEVEL, LEVEL])
    )


def transmission(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """float[count, 2]: received samples, and the symbols that were sent `LATE` samples before."""
    random = np.random.default_rng(seed)
    symbols = random.choice([-LEVEL, LEVEL], (count, 2))
    received = np.stack([np.convolve(part, CHANNEL)[:count] for part in symbols.T], axis=1)
    noise = np.sqrt((received**2).mean()) * 10 ** (-SNR / 20)
    late = np.concatenate([np.zeros((LATE, 2)), symbols])[:count]
    return received + noise * random.normal(size=received.shape), late


def error_rate(found: Floats, sent: Floats) -> float:
    """The share of symbols of which a sign is wrong."""
    return float((np.sign(found) != np.sign(sent)).any(axis=1).mean())


def smoothed(errors: Floats) -> Floats:
    """Means over 100 symbols."""
    return np.convolve(errors, np.ones(100) / 100, "valid")


def eye(axes: Axes, found: Floats, title: str) -> None:
    """Pairs of successive real parts: open where they keep away from 0."""
    real = found[-600:, 0]
    axes.plot(np.arange(3), np.stack([real[:-2], real[1:-1], real[2:]]), color="C0", lw=0.4)
    axes.set(title=title, ylim=(-1.2, 1.2), xticks=[0, 1, 2], xlabel="symbols")


def run(count: int = 12000) -> tuple[Floats, Floats, dict[str, Floats]]:
    """What was received and sent, and what each form makes of it."""
    received, sent = transmission(count)
    targets = sent.copy()
    targets[PREAMBLE:] = 0  # from here on it decides by itself
    start = np.zeros(TAPS)
    start[TAPS // 2] = 1
    hardware = equaliser().hardware(FORMATS)
    mantissas = hardware.quantise_parameters([start])
    floats = dsp.run(equaliser(), received, y=targets, parameters=[start])
    integers = dsp.run_integers(hardware, received, y=targets, parameters=mantissas)
    return received, sent, {"float": floats.output, INTEGERS: integers.output}


def main() -> None:
    received, sent, found = run()
    tail = slice(-DECIDED, None)
    # Without an equaliser a sample is taken for the symbol that the middle of the channel brings.
    rates = {"received": error_rate(received[: 1 - LATE][tail], sent[LATE - 1 :][tail])}
    rates |= {name: error_rate(output[tail], sent[tail]) for name, output in found.items()}
    errors = {name: smoothed(((y - sent) ** 2).mean(axis=1)) for name, y in found.items()}

    def learning(axes: Axes) -> None:
        for (name, error), width in zip(errors.items(), (4, 1.5), strict=True):
            axes.plot(10 * np.log10(error), lw=width, label=name)
        axes.axvline(PREAMBLE, color="grey", lw=0.8, ls=":")
        axes.set(xlabel="symbols", ylabel="mean square error, dB")

    path = save(
        "equaliser",
        learning,
        lambda axes: eye(axes, received, "received"),
        lambda axes: eye(axes, found[INTEGERS], "equalised, integers"),
    )
    print("symbol errors:", ", ".join(f"{name} {rate:.2%}" for name, rate in rates.items()), path)


if __name__ == "__main__":
    main()
