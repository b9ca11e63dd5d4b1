"""Polyphase resampling: a change of rate by a fraction, without computing what is dropped.

Between the samples of the input there are ``up - 1`` zeros, a filter `h` smooths them, and of each
`down` samples one is kept. Every output multiplies only every `up`-th tap, its *phase* of `h`, with
samples that are not zero (Crochiere and Rabiner, "Multirate digital signal processing", 1983).
"""

from __future__ import annotations

from math import gcd

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import NdArrayType
from catgrad.dsp.fir import Taps, response
from catgrad.dsp.lines import (
    SAMPLE,
    coefficients,
    part,
    require_count,
    require_formats,
    stacked,
    window,
)
from catgrad.hypergraph import OpenHypergraph


def resample(
    taps: Taps,
    up: int = 1,
    down: int = 1,
    T: NdArrayType = SAMPLE,
    *,
    bits: int | None = None,
    name: str = "taps",
) -> OpenHypergraph:
    """``T+down → T+up``, `down` samples a tick in and `up` out, both divided by what they share.

    It is `scipy.signal.upfirdn` in blocks: output `m` of the signal is the sum of
    ``taps[m * down - i * up] * x[i]`` over all `i`. A side that has one sample a tick has no axis
    for it, so that decimating is ``T+down → T`` and interpolating ``T → T+up``.

    - `taps`: the filter at the rate of the input times `up`, or how many taps are to be learned
    - `bits`: round each designed tap to so many bits after the binary point

    Latency 0.
    """
    up = require_count("A resampler", "samples up", up)
    down = require_count("A resampler", "samples down", down)
    require_formats(bits, None, None)
    up, down = up // gcd(up, down), down // gcd(up, down)
    n, designed = response(taps, bits)
    longest = -(-n // up)
    # In a tick the last output has all of the new samples in its reach, the first only one.
    seen = window(max(longest + down - 1, down), T, down if down > 1 else None)
    scalar = NdArrayType((), T.dtype)

    def body(x: Wire) -> Wire:
        h = coefficients(x, NdArrayType((n,), T.dtype), designed, name)
        outputs = []
        for m in range(up):
            phase, newest = m * down % up, m * down // up
            if phase >= n:
                outputs.append(x.draft.constant(T, 0))
                continue
            branch = part(h, phase, n, up)
            start = down - 1 - newest
            reach = part(x, start, start + branch.T.size)
            outputs.append(call(B.Compose(T, branch.T, scalar), reach, branch))
        return outputs[0] if up == 1 else stacked(outputs)

    return block("resample", seen >> program(seen.target, body))
