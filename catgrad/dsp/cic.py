"""Cascaded integrators and combs: changes of rate without a multiplication.

    decimate by R:    x ──[integrate]ᴺ──(keep every R-th)──[comb]ᴺ── y
    interpolate by R: x ──[comb]ᴺ──(R - 1 zeros after each)──[integrate]ᴺ── y

An integrator of a signal with a mean overflows for sure. That does no harm where all numbers are
taken modulo one power of two that the output fits into, as the combs take the excess away again: so
they wrap, exactly (Hogenauer, "An economical class of digital filters for decimation and
interpolation", IEEE Transactions on ASSP 29, 1981).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.fixed_form import Formatted, Wrap
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.dsp.lines import (
    SAMPLE,
    along,
    apart,
    exactly,
    joined,
    number,
    part,
    require_count,
    require_format,
    stacked,
)
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback


def cic_decimator(
    rate: int,
    stages: int = 3,
    delay: int = 1,
    T: NdArrayType = SAMPLE,
    data: Fixed | None = None,
    bits_out: int | None = None,
) -> OpenHypergraph:
    """``T+rate → T``: of each `rate` samples one, after `stages` moving averages.

    Each is a mean of ``rate * delay`` samples; the gain at frequency 0 is 1.

    - `delay`: of the combs, in samples of the output
    - `data`: the format of the input, `Fixed(16, 15)` unless given, which is brought into it where
      it has another
    - `bits_out`: of how many bits the output is going to be; integrators and combs then drop the
      bits that would drown in its rounding (`cic_widths`), and have one more at the other end, for
      what rounding adds to full scale. None keeps all of them

    Latency 0: the output of a tick has its last sample in it.
    """
    rate, stages, delay = _counted("A CIC decimator", rate, stages, delay)
    data = _input(data)
    forms = _forms(rate, stages, delay, data, bits_out)
    line = along(T, delay)

    def body(*wires: Wire) -> list[Wire]:
        totals, pasts, x = wires[:stages], wires[stages : 2 * stages], wires[-1]
        samples = [_reshaped(one, T) for one in apart(x)]
        after = []
        for total, form in zip(totals, forms[:stages], strict=True):
            samples = _integrated(total, samples, form)
            after.append(samples[-1])
        y, moved = samples[-1], []
        for past, form in zip(pasts, forms[stages:], strict=True):
            entering = y
            y = call(Wrap(T, form), y - number(past, delay - 1))
            moved.append(_shifted(past, entering))
        return [*after, *moved, y * (1 / (rate * delay) ** stages)]

    # A comb remembers what the stage before it gives.
    kept = [*forms[:stages], *forms[stages - 1 : 2 * stages - 1]]
    source = obj(*[T] * stages, *[line] * stages, along(T, rate))
    zeros, names = [0.0] * (2 * stages), _names("integrator", "comb", stages)
    decimated = feedback(program(source, body), zeros, names, kept)
    return block("cic_decimator", op(Formatted(source[-1], data)) >> decimated)


def cic_interpolator(
    rate: int,
    stages: int = 3,
    delay: int = 1,
    T: NdArrayType = SAMPLE,
    data: Fixed | None = None,
) -> OpenHypergraph:
    """``T → T+rate``: between the samples `rate` - 1 new ones, smoothed by `stages` averages.

    The arguments are those of `cic_decimator`; the gain at frequency 0 is 1. In fixed point it is
    exact. Over floats a rounding error in an integrator is integrated for ever after, so the float
    form is good for samples with few bits, which it adds without rounding.
    """
    rate, stages, delay = _counted("A CIC interpolator", rate, stages, delay)
    data = _input(data)
    gain = (rate * delay) ** stages // rate if rate else 1
    form = Fixed(data.width + math.ceil(math.log2(max(gain, 2**stages))), data.fraction)
    line = along(T, delay)

    def body(*wires: Wire) -> list[Wire]:
        pasts, totals, x = wires[:stages], wires[stages : 2 * stages], wires[-1]
        y, moved = x, []
        for past in pasts:
            moved.append(_shifted(past, y))
            y = call(Wrap(T, form), y - number(past, delay - 1))
        samples = _integrated(totals[0], [y, *[None] * (rate - 1)], form)
        after = [samples[-1]]
        for total in totals[1:]:
            samples = _integrated(total, samples, form)
            after.append(samples[-1])
        return [*moved, *after, exactly(stacked(samples)) * (1 / gain)]

    kept = [data, *[form] * (2 * stages - 1)]
    source = obj(*[line] * stages, *[T] * stages, T)
    zeros, names = [0.0] * (2 * stages), _names("comb", "integrator", stages)
    interpolated = feedback(program(source, body), zeros, names, kept)
    return block("cic_interpolator", op(Formatted(T, data)) >> interpolated)


def cic_widths(rate: int, stages: int, delay: int, bits_in: int, bits_out: int) -> list[int]:
    """How many bits each integrator and then each comb of a decimator needs.

    What is dropped before all of them together makes no more noise than the rounding of the output
    (Hogenauer 1981, equations 11 and 21).

    >>> cic_widths(25, 4, 1, 16, 16)
    [34, 29, 26, 22, 21, 20, 19, 18]
    """
    rate, stages, delay = _counted("A CIC decimator", rate, stages, delay)
    require_count("The input of a CIC decimator", "bits", bits_in)
    require_count("The output of a CIC decimator", "bits", bits_out)
    full = bits_in + math.ceil(stages * math.log2(rate * delay))
    dropped = full - bits_out
    if dropped <= 0:
        return [full] * (2 * stages)
    widths = []
    for j in range(1, 2 * stages + 1):
        power = sum(h * h for h in _response_from(j, rate * delay, stages))
        bits = -math.log2(power) / 2 + dropped + math.log2(6 / stages) / 2 - math.log2(12) / 2
        widths.append(full - max(0, math.floor(bits)))
    return widths


def _response_from(j: int, n: int, stages: int) -> Sequence[int]:
    """The impulse response from the input of stage `j`, counted from 1, to the output."""
    if j > stages:
        order = 2 * stages + 1 - j
        return [(-1) ** k * math.comb(order, k) for k in range(order + 1)]
    return [
        sum(
            (-1) ** i * math.comb(stages, i) * math.comb(stages - j + k - n * i, k - n * i)
            for i in range(k // n + 1)
        )
        for k in range((n - 1) * stages + j)
    ]


def _input(data: Fixed | None) -> Fixed:
    require_format("data", data)
    return data or Fixed(16, 15)


def _counted(what: str, rate: int, stages: int, delay: int) -> tuple[int, int, int]:
    return (
        require_count(what, "samples", rate),
        require_count(what, "stages", stages),
        require_count(what, "samples of delay", delay),
    )


def _forms(rate: int, stages: int, delay: int, data: Fixed, bits_out: int | None) -> list[Fixed]:
    """The format of each integrator, and of each comb."""
    full = data.width + math.ceil(stages * math.log2(rate * delay))
    if bits_out is None:
        return [Fixed(full, data.fraction)] * (2 * stages)
    widths = cic_widths(rate, stages, delay, data.width, bits_out)
    # What rounding adds to a signal of full scale must not wrap.
    room = int(min(widths) < full)
    return [Fixed(width + room, data.fraction - (full - width)) for width in widths]


def _names(first: str, second: str, stages: int) -> list[str]:
    return [f"{kind}_{i}" for kind in (first, second) for i in range(1, stages + 1)]


def _integrated(total: Wire, samples: Sequence[Wire | None], form: Fixed) -> list[Wire]:
    """The running total; a sample that is None is 0."""
    totals = []
    for x in samples:
        if x is not None:
            total = call(Wrap(total.T, form), total + x)
        totals.append(total)
    return totals


def _shifted(past: Wire, x: Wire) -> Wire:
    """A line with one more sample, and without the oldest."""
    entering = _reshaped(x, along(x.T, 1))
    n = past.T.shape[-1]
    return joined([entering, part(past, 0, n - 1)]) if n > 1 else entering


def _reshaped(x: Wire, T: NdArrayType) -> Wire:
    return call(B.Reshape(x.T, T), x)
