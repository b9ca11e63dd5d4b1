"""An adaptive filter: a linear model trained online *is* an LMS filter (Widrow and Hoff, 1960).

System identification: white noise `x` goes through an unknown channel, a finite impulse response,
and a little measurement noise is added; the filter is shown both ends and finds the response.

    catgrad train examples/lms.py --simulate --compare    learn it, on a board that is simulated
    catgrad build examples/lms.py --board icebreaker      the bitstream
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catgrad import Dtype, Folded, Formats, NdArrayType, Spatial, compile_hardware, layers
from catgrad.hardware import Hardware
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.layout import shape_of
from catgrad.hypergraph import OpenHypergraph

Floats = NDArray[np.float64]

TAPS = 4
RATE = 2**-5
CYCLES = 2  # of the clock, in which the numbers of one sample settle
FORMATS = Formats.uniform(16, 14)
SAMPLES = 1000  # that `catgrad train` sends
NOISE = 0.01  # standard deviation of the measurement noise


def hardware() -> Hardware:
    """The filter, a circuit for each operation."""
    return compile_hardware(model(), layers.sgd(RATE), layers.mse, FORMATS, Spatial(cycles=CYCLES))


def front(hardware: Hardware) -> DelayLine | None:
    """The last samples, kept on the board, so that each frame brings only the newest.

    None before lanes, which take the numbers of a sample one by one.
    """
    if isinstance(hardware.schedule, Folded):
        return None
    [sample] = {shape_of(format) for format in hardware.netlist.input("x").formats}
    return DelayLine(sample, TAPS)


def data() -> dict[str, Floats]:
    """The two signals as `catgrad train` takes them."""
    x, y = signals(SAMPLES)
    return {"x": x[:, :1], "y": y}


def model(taps: int = TAPS) -> OpenHypergraph:
    """The dot product of the last `taps` samples with as many weights."""
    one = NdArrayType((1,), Dtype.float32)
    return layers.linear(one, NdArrayType((taps,), Dtype.float32), one)


def channel(taps: int = TAPS) -> Floats:
    """The response to identify: a decaying oscillation of unit energy."""
    response = np.cos(1.1 * np.arange(taps)) * np.exp(-0.35 * np.arange(taps))
    return np.asarray(response / np.sqrt((response**2).sum()))


def signals(samples: int, taps: int = TAPS, seed: int = 0) -> tuple[Floats, Floats]:
    """`x` float[samples, taps], the newest sample first, and what the channel makes of it, `y`."""
    random = np.random.default_rng(seed)
    x = random.uniform(-0.9, 0.9, samples)
    delayed = np.concatenate([np.zeros(taps - 1), x])
    windows = np.lib.stride_tricks.sliding_window_view(delayed, taps)[:, ::-1]
    y = windows @ channel(taps) + NOISE * random.normal(size=samples)
    return windows.copy(), np.clip(y, -1.99, 1.99)[:, None]
