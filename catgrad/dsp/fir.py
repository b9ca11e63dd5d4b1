"""Finite impulse response: filters that are weighted sums of the last samples.

    direct                               transposed
    x ──┬──[z]──┬──[z]──┐                x ──┬─────────┬─────────┐
        h₀      h₁      h₂                   h₂        h₁        h₀
        └───(+)─┴───(+)─┴── y                └──[z]──(+)──[z]──(+)── y

(Oppenheim and Schafer, "Discrete-time signal processing", chapter on structures.)
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.fixed_form import Formatted, Wrap
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.dsp.lines import (
    SAMPLE,
    along,
    apart,
    as_designed,
    as_reals,
    coefficients,
    exactly,
    joined,
    number,
    part,
    require_count,
    require_effect,
    require_formats,
    rounded,
    window,
)
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback

Taps = int | ArrayLike
"""The impulse response as designed, or how many taps there are to learn."""

FORMS = ("direct", "transposed", "symmetric")

NOTHING = 1e-12
"""What two taps differ by, of the greatest one, that are meant to be equal."""


def fir(
    taps: Taps,
    T: NdArrayType = SAMPLE,
    form: str = "direct",
    *,
    bits: int | None = None,
    accumulator: Fixed | None = None,
    data: Fixed | None = None,
    name: str = "taps",
) -> OpenHypergraph:
    """``T → T``: ``y[n] = sum of taps[k] * x[n - k]``, of each number of `T` by itself.

    - `taps`: the impulse response, as from `scipy.signal.firwin`; or how many taps are to be
      learned, which are then a parameter called `name`
    - `form`: ``"direct"`` keeps the last samples and adds up all products at once.
      ``"symmetric"`` adds the two samples of equal taps before it multiplies: the response has to
      be the same, or its negative, from both ends, but for the rounding of floats, and of one that
      is learned only the first half is a parameter. ``"transposed"`` keeps partial sums, so that
      from input to output there is one product and one sum
    - `bits`: round each designed tap to so many bits after the binary point, with which not all may
      be 0; `fir_report` says what that makes of the response
    - `accumulator`: the format of the partial sums in the transposed form; None: what the formats
      say, which rounds after each tap. In the other forms the sum is exact, and rounded once
    - `data`: the format of the input, which is brought into it where it has another. With it, and
      with `bits`, each partial sum of the transposed form is kept exactly, in as many bits as it
      can need and without a look at its range, so that here too the sum is rounded once

    An option that would make no difference is refused. Latency 0: with each input comes the output
    that it is part of.

    >>> print(fir([0.25, 0.5, 0.25]).target)
    [float32[]]
    """
    if form not in FORMS:
        raise CatgradError(
            f"There is no FIR filter of the form {form!r}; choose {', '.join(FORMS[:-1])} or "
            f"{FORMS[-1]}."
        )
    require_formats(bits, data, accumulator)
    n, designed = response(taps, bits)
    if form == "transposed":
        if designed is None:
            raise CatgradError(
                f"A transposed FIR filter keeps sums of the past, through which no gradient "
                f"reaches the {n} taps; learn those of the direct form."
            )
        if data is None:
            return block("fir", _transposed(designed, T, accumulator))
        require_effect("An FIR filter whose partial sums are exact", accumulator=accumulator)
        exact = _transposed(designed, T, *_kept_exactly(designed, bits, data))
        return block("fir", op(Formatted(T, data)) >> exact)
    require_effect(f"An FIR filter of the form {form}", data=data, accumulator=accumulator)
    if designed is None:
        require_effect("An FIR filter that learns its taps", bits=bits)
    sign, kept = 0.0, designed
    if form == "symmetric":
        sign, kept = (1.0, None) if designed is None else _half(taps, bits)
    held = -(-n // 2) if sign else n

    def body(x: Wire) -> Wire:
        seen = _folded(x, sign) if sign else x
        h = coefficients(x, NdArrayType((held,), T.dtype), kept, name)
        return call(B.Compose(T, h.T, NdArrayType((), T.dtype)), seen, h)

    seen = window(n, T)
    return block("fir", seen >> program(seen.target, body))


def response(taps: Taps, bits: int | None = None) -> tuple[int, tuple[float, ...] | None]:
    """How many taps there are, and which."""
    if isinstance(taps, int | np.integer):
        return require_count("A filter", "taps", taps), None
    if len(shape := as_reals(taps).shape) != 1:
        raise CatgradError(
            f"A filter has one list of taps, not an array of shape {shape}; give one such as "
            f"scipy.signal.firwin(16, 0.5)."
        )
    meant, designed = as_designed(taps), as_designed(rounded(taps, bits))
    if any(meant) and not any(designed):
        greatest = max(meant, key=abs)
        enough = next(b for b in itertools.count(1) if rounded(greatest, b))
        raise CatgradError(
            f"With {bits} bits after the binary point {_all(len(meant))} 0, and the greatest was "
            f"{greatest:g}; give bits={enough} at least, and more for a response that is close."
        )
    return len(designed), designed


def _all(taps: int) -> str:
    return "the only tap is" if taps == 1 else f"all {taps} taps are"


def _half(taps: ArrayLike, bits: int | None) -> tuple[float, tuple[float, ...]]:
    """The first half of a response, and 1 where it is the same from both ends, -1 if the negative.

    Designs are symmetric but for the rounding of floats; some only once they are rounded to `bits`.
    """
    meant = np.array(as_designed(taps))
    close = NOTHING * np.abs(meant).max()
    for h in (meant, rounded(meant, bits)):
        for sign in (1.0, -1.0):
            mirrored = sign * h[::-1]
            if np.abs(h - mirrored).max() <= close:
                half = (h + mirrored)[: -(-len(h) // 2)] / 2
                return sign, as_designed(rounded(half, bits))
    last = meant[::-1]
    differ = np.abs(np.abs(meant) - np.abs(last)) > close
    k = int(np.argmax(differ if differ.any() else meant != last))
    raise CatgradError(
        f"Tap {k} of {len(meant)} is {meant[k]:g} but tap {len(meant) - 1 - k} is {last[k]:g}, so "
        f"that the response is not symmetric; use form='direct'."
    )


def _folded(x: Wire, sign: float) -> Wire:
    """``T+n → T+ceil(n/2)``: the two samples of equal taps added, exactly."""
    n = x.T.shape[-1]
    half = n // 2
    if not half:
        return x
    first = part(x, 0, half)
    last = joined(apart(part(x, n - half, n))[::-1])
    pairs = exactly(first + last if sign > 0 else first - last)
    return exactly(joined([pairs, part(x, half, half + 1)])) if n % 2 else pairs


def _kept_exactly(
    designed: tuple[float, ...], bits: int | None, data: Fixed
) -> tuple[Fixed, list[Fixed]]:
    """A format for all partial sums of the transposed form, and the one that each needs."""
    if bits is None:
        raise CatgradError(
            "The partial sums of a transposed FIR filter are exact where its taps are rounded to "
            "so many bits; give bits beside data."
        )
    reach = np.cumsum(np.abs(np.ldexp(designed, bits))[::-1])[-2::-1] * max(-data.min, data.max)
    forms = [
        Fixed(int(greatest).bit_length() + 1, data.fraction + bits) for greatest in reach.tolist()
    ]
    return max(forms, key=lambda form: form.width, default=data), forms


def _transposed(
    designed: tuple[float, ...],
    T: NdArrayType,
    accumulator: Fixed | None,
    forms: Sequence[Fixed] = (),
) -> OpenHypergraph:
    """Partial sums, that of the output first: ``s[k]' = s[k + 1] + h[k + 1] * x``.

    Where each has one of the `forms`, whose range it does not leave, there is nothing to saturate.
    """
    n = len(designed)
    line, each = along(T, n), NdArrayType((n,), T.dtype)

    def products(x: Wire) -> Wire:
        h = coefficients(x, line, np.broadcast_to(designed, line.shape), "taps")
        return call(B.NCopy(T, each), x) * h

    if n == 1:
        return program(obj(T), lambda x: number(products(x), 0))

    def bounded(k: int, total: Wire) -> Wire:
        return call(Wrap(total.T, forms[k]), total) if forms else total

    def body(sums: Wire, x: Wire) -> tuple[Wire, Wire]:
        terms = exactly(products(x))
        past = [bounded(k, total) for k, total in enumerate(apart(sums))]
        new = [
            bounded(k, term if before is None else exactly(before + term))
            for k, (before, term) in enumerate(
                zip([*past[1:], None], apart(part(terms, 1, n)), strict=True)
            )
        ]
        return joined(new), number(past[0], 0) + number(terms, 0)

    return feedback(program(obj(along(T, n - 1), T), body), 0.0, "sums", accumulator)
