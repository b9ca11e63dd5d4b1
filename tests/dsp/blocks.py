"""Every block of catgrad.dsp, with the formats that suit it and what SciPy says that it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from catgrad import Fixed, Formats, dsp
from catgrad.dsp import Filter
from catgrad.hypergraph import OpenHypergraph

Array = NDArray[Any]

DATA = Formats.uniform(16, 15)
ROOMY = Formats.uniform(18, 14, table_bits=10)
LEARNING = Formats.uniform(16, 14, weights=Fixed(20, 18))


@dataclass(frozen=True)
class Block:
    """A block, its formats, the greatest magnitude of its input, and its meaning in SciPy.

    `peer` gets the inputs as the block does, samples first, and gives each of the outputs.
    """

    model: OpenHypergraph | Filter
    formats: Formats
    peer: Callable[..., Any] | None = None
    scale: float = 0.9
    bits: int = 24  # of the samples in float, which are dyadic
    close: float = 5e-6  # how far the float form may be from SciPy

    @property
    def filter(self) -> Filter:
        return self.model if isinstance(self.model, Filter) else Filter(self.model)

    def inputs(self, n: int, seed: int) -> list[Array]:
        random = np.random.default_rng(seed)
        arrays = [random.uniform(-1, 1, (n, *T.shape)) for T in self.filter.model.source]
        return [np.round(self.scale * a * 2**self.bits) / 2**self.bits for a in arrays]


H = signal.firwin(9, 0.4)
ODD = np.array([0.5, -0.3, 0.1, 0.2])
FINE = np.round(signal.firwin(7, 0.3) * 2**12) / 2**12
ANTI = np.array([-0.4, 0.1, 0.0, -0.1, 0.4])
SOS = dsp.balanced(signal.cheby1(5, 0.5, 0.2, output="sos"))
WIDE = signal.firwin(20, 1 / 5)


def filtered(b: Any, a: Any = 1.0) -> Callable[[Array], Array]:
    return lambda x: signal.lfilter(b, a, x, axis=0)


def cascade(x: Array) -> Array:
    return np.asarray(signal.sosfilt(SOS, x, axis=0))


def mean_response(rate: int, stages: int, delay: int) -> Array:
    box, h = np.ones(rate * delay) / (rate * delay), np.ones(1)
    for _ in range(stages):
        h = np.convolve(h, box)
    return h


def decimated(rate: int, stages: int, delay: int) -> Callable[[Array], Array]:
    h = mean_response(rate, stages, delay)
    return lambda x: signal.lfilter(h, 1, x.reshape(-1))[rate - 1 :: rate]


def interpolated(rate: int, stages: int, delay: int) -> Callable[[Array], Array]:
    h = rate * mean_response(rate, stages, delay)
    return lambda x: signal.upfirdn(h, x, rate)[: len(x) * rate].reshape(-1, rate)


def resampled(h: Array, up: int, down: int) -> Callable[[Array], Array]:
    def peer(x: Array) -> Array:
        full = signal.upfirdn(h, x.reshape(-1), up, down)[: len(x) * up]
        full = np.pad(full, (0, len(x) * up - len(full)))
        return full if up == 1 else full.reshape(-1, up)

    return peer


def turned(frequency: Array) -> Array:
    phase = np.concatenate([[0.0], np.cumsum(frequency)[:-1]])
    return np.exp(1j * np.pi * phase)


def oscillated(deviation: Array) -> tuple[Array, Array]:
    z = turned(0.123 + deviation)
    return z.real, z.imag


def mixed(x: Array) -> tuple[Array, Array]:
    z = x * turned(np.full(len(x), 0.4)).conj()
    return z.real, z.imag


def controlled(x: Array) -> Array:
    g, y = 1.0, np.zeros(len(x))
    for n, number in enumerate(x):
        y[n] = g * number
        g = min(max(g + 2**-4 * (0.25 - abs(y[n])), 0.0), 4.0)
    return y


def blocked(x: Array) -> Array:
    return np.asarray(signal.lfilter([1, -1], [1, -(1 - 2**-4)], x))


FIXED: dict[str, Block] = {
    "fir_direct": Block(dsp.fir(H), DATA, filtered(H)),
    "fir_transposed": Block(
        dsp.fir(ODD, form="transposed", accumulator=Fixed(24, 20)), DATA, filtered(ODD)
    ),
    "fir_symmetric": Block(dsp.fir(H, form="symmetric"), DATA, filtered(H)),
    "fir_antisymmetric": Block(dsp.fir(ANTI, form="symmetric"), DATA, filtered(ANTI)),
    "fir_transposed_exact": Block(
        dsp.fir(FINE, form="transposed", bits=12, data=Fixed(16, 15)), DATA, filtered(FINE)
    ),
    "biquads_df1": Block(dsp.biquads(SOS), ROOMY, cascade),
    "biquads_df2t": Block(dsp.biquads(SOS, form="df2t", accumulator=Fixed(24, 20)), ROOMY, cascade),
    "biquads_bounded": Block(
        dsp.biquads(SOS, bits=16, data=Fixed(18, 14)), ROOMY, cascade, close=1e-3
    ),
    "moving_average": Block(dsp.moving_average(5), DATA, filtered(np.ones(5) / 5)),
    "moving_average_running": Block(
        dsp.moving_average(6, data=Fixed(16, 15)), DATA, filtered(np.ones(6) / 6), bits=15
    ),
    "dc_blocker": Block(dsp.dc_blocker(4, mean=Fixed(22, 19)), ROOMY, blocked),
    "agc": Block(dsp.agc(0.25, 2**-4, 4.0, gain=Fixed(24, 18)), DATA, controlled, 0.2),
    "cic_decimator": Block(dsp.cic_decimator(4, 3), DATA, decimated(4, 3, 1), bits=12),
    "cic_decimator_pruned": Block(dsp.cic_decimator(5, 2, 2, bits_out=16), DATA),
    "cic_interpolator": Block(dsp.cic_interpolator(3, 3), DATA, interpolated(3, 3, 1), bits=12),
    "resample_3_2": Block(dsp.resample(WIDE, 3, 2), ROOMY, resampled(WIDE, 3, 2)),
    "resample_1_4": Block(dsp.resample(WIDE, 1, 4), ROOMY, resampled(WIDE, 1, 4)),
    "resample_4_1": Block(dsp.resample(WIDE, 4, 1), ROOMY, resampled(WIDE, 4, 1)),
    "nco": Block(dsp.nco(0.123), ROOMY, oscillated, close=1e-4),
    "mixer": Block(dsp.mixer(0.4), ROOMY, mixed, close=1e-4),
}

ADAPTIVE: dict[str, Block] = {
    "lms": Block(dsp.lms(4, 2**-5), LEARNING),
    "lms_symmetric": Block(dsp.lms(5, 2**-5, form="symmetric"), LEARNING),
    "nlms": Block(dsp.nlms(4, 2**-3), LEARNING),
    "sign_error_lms": Block(dsp.sign_lms(4, 2**-8), LEARNING),
    "sign_data_lms": Block(dsp.sign_lms(4, 2**-6, "data"), LEARNING),
    "sign_sign_lms": Block(dsp.sign_lms(4, 2**-8, "both"), LEARNING),
    "leaky_lms": Block(dsp.leaky_lms(4, 2**-5, 2**-4), LEARNING),
    "delayed_lms": Block(dsp.delayed_lms(4, 2**-5, 3), LEARNING),
    "learned_biquad": Block(Filter(dsp.biquads(1), dsp.lms(1, 2**-5).rule), LEARNING),
    "learned_resampler": Block(Filter(dsp.resample(6, 3, 2), dsp.lms(1, 2**-5).rule), LEARNING),
    "decided": Block(Filter(dsp.fir(4), dsp.lms(1, 2**-5).rule, dsp.decisions([-1, 1])), LEARNING),
}

BLOCKS = FIXED | ADAPTIVE
