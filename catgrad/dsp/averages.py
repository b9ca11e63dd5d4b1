"""Means of a signal: moving averages, and the removal of what does not change."""

from __future__ import annotations

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.fixed_form import Formatted, Wrap
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.dsp.lines import (
    SAMPLE,
    along,
    exactly,
    joined,
    number,
    part,
    require_count,
    require_format,
    window,
)
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback


def moving_average(n: int, T: NdArrayType = SAMPLE, data: Fixed | None = None) -> OpenHypergraph:
    """``T → T``, the mean of the last `n` samples; before the first one there are zeros.

    - `data`: the format of the input, which is brought into it where it has another. With it the
      sum is kept, and each sample is added as it enters and subtracted as it leaves: two additions
      whatever `n` is. In fixed point that sum is exact for ever, since it wraps (Hogenauer 1981,
      see `cic_decimator`); over floats rounding errors stay in it. Without, all `n` samples are
      added up anew

    Latency 0.
    """
    n = require_count("A moving average", "samples", n)
    require_format("data", data, signed=False)
    if data is None:
        seen = window(n, T)
        numbers = NdArrayType((n,), T.dtype)
        mean = program(seen.target, lambda x: exactly(call(B.NAdd(T, numbers), x)) * (1 / n))
        return block("moving_average", seen >> mean)
    form = grown(data, n)

    def body(total: Wire, past: Wire, x: Wire) -> tuple[Wire, Wire, Wire]:
        after = call(Wrap(T, form), total + (x - number(past, n - 1)))
        entering = call(B.Reshape(T, along(T, 1)), x)
        return after, joined([entering, part(past, 0, n - 1)]), after * (1 / n)

    line = along(T, n)
    summed = feedback(program(obj(T, line, T), body), [0.0, 0.0], ["total", "line"], [form, data])
    return block("moving_average", op(Formatted(T, data)) >> summed)


def grown(data: Fixed, n: int) -> Fixed:
    """The format that holds any sum of `n` numbers of format `data`."""
    return Fixed(data.width + (n - 1).bit_length(), data.fraction, data.signed)


def dc_blocker(shift: int, T: NdArrayType = SAMPLE, mean: Fixed | None = None) -> OpenHypergraph:
    """``T → T``, the signal less its slowly following mean.

    ``y = x - m`` and ``m' = m + 2**-shift * y``, which is ``(1 - z⁻¹) / (1 - (1 - 2**-shift) z⁻¹)``
    (Yates and Lyons, "DC blocker algorithms", IEEE Signal Processing Magazine 25, 2008).

    - `mean`: the format of `m` in fixed point. Give it `shift` fraction bits more than the data
      have, and no change is too small to be followed; None: what the formats say

    Latency 0.
    """
    shift = require_count("A DC blocker", "bits to shift", shift)
    require_format("mean", mean)

    def body(m: Wire, x: Wire) -> tuple[Wire, Wire]:
        y = x - m
        return m + 2.0**-shift * y, y

    return block("dc_blocker", feedback(program(obj(T, T), body), 0.0, "mean", mean))
