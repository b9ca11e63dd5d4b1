"""Infinite impulse response: cascades of second-order sections, and what rounding does to them.

    H(z) = product of (b₀ + b₁ z⁻¹ + b₂ z⁻²) / (1 + a₁ z⁻¹ + a₂ z⁻²)

A cascade is given as second-order sections, rows ``b0 b1 b2 1 a1 a2``, as `scipy.signal` designs
them with ``output="sos"``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.fixed_form import Recursion
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Fixed, NdArrayType, obj
from catgrad.dsp.bounded import bounded
from catgrad.dsp.lines import (
    SAMPLE,
    along,
    as_reals,
    exactly,
    number,
    require_count,
    require_effect,
    require_formats,
    rounded,
    stacked,
)
from catgrad.errors import CatgradError
from catgrad.fixed.constants import CONSTANT_BITS
from catgrad.hardware.recursions import INSIDE, Recursive, as_compiled, finer, unstable
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.text import plural
from catgrad.special.memory import feedback
from catgrad.special.parameter import Parameter

Floats = NDArray[np.float64]

FORMS = ("df1", "df2t")

FREQUENCIES = 1 << 13
"""At how many frequencies a gain is looked at."""


def biquads(
    sos: int | ArrayLike,
    T: NdArrayType = SAMPLE,
    form: str = "df1",
    *,
    bits: int | None = None,
    accumulator: Fixed | None = None,
    data: Fixed | None = None,
    look_ahead: int = 1,
    name: str = "coefficients",
) -> OpenHypergraph:
    """``T → T``: second-order sections one after another, of each number of `T` by itself.

    - `sos`: float[sections, 6], as from ``scipy.signal.butter(4, 0.2, output="sos")``; or how many
      sections are to be learned, whose parameter `name` is ``[sections, 5]``, rows
      ``b0 b1 b2 a1 a2``
    - `form`: ``"df1"``, direct form I, keeps the last two inputs and outputs of each section (a
      section's outputs are the next one's inputs, and kept once), and rounds once a section.
      ``"df2t"``, transposed direct form II, keeps two sums, which are rounded as well
    - `bits`: round each coefficient to so many bits after the binary point
    - `accumulator`: the format of the sums in the transposed form; None: what the formats say
    - `data`: the format of the input, which is brought into it where it has another. With it, and
      with `bits`, each section of the form df1 has as many bits as its output can need, and never
      saturates; one product and one sum are all that its recursion waits for, and numerators with
      zeros at 1 and -1 take one product, see `catgrad.dsp.bounded`
    - `look_ahead`: with `data`, by how many samples a recursion is known ahead, 1 or 2. With 2 it
      may take two cycles, for four products more in each section; poles are doubled, and cancelled
      by zeros but for the rounding of the coefficients

    An option that would make no difference is refused. Latency 0. The gradient of one sample takes
    the memory for a constant; that of `unroll_time` goes back through it.
    """
    require_form(form, bits, accumulator, data)
    if isinstance(sos, int | np.integer):
        sos = require_count("A cascade", "sections", sos)
        if form == "df2t":
            raise CatgradError(
                f"Transposed biquads keep sums of the past, through which no gradient reaches the "
                f"coefficients of {plural(sos, 'section')}; learn those of the form df1."
            )
        ahead = None if look_ahead == 1 else look_ahead
        unused = {"bits": bits, "accumulator": accumulator, "data": data, "look_ahead": ahead}
        require_effect("A cascade that learns its coefficients", **unused)
        return block("biquads", _learned(sos, T, name))
    meant = sections(sos)
    if found := unstable(recursive(meant)):
        raise CatgradError(f"{found.capitalize()} and never comes to rest; {INSIDE}.")
    require_options(form, bits, accumulator, data, look_ahead)
    if data is not None and bits is not None:
        return block("biquads", bounded(meant, T, bits, data, look_ahead))
    designed = rounded(meant, bits)
    if bits is not None and (found := unstable(recursive(designed))):
        raise CatgradError(
            f"With {bits} bits after the binary point, {found} and never comes to rest; "
            f"{_enough(meant, bits)}."
        )
    if form == "df1":
        return block("biquads", _direct(designed, T))
    return block("biquads", _transposed(designed, T, accumulator))


def require_form(
    form: str, bits: int | None, accumulator: Fixed | None, data: Fixed | None
) -> None:
    """Refuse a form that there is not, and options of the wrong kind."""
    if form not in FORMS:
        raise CatgradError(
            f"There are no biquads of the form {form!r}; choose {FORMS[0]} or {FORMS[1]}."
        )
    require_formats(bits, data, accumulator)


def require_options(
    form: str,
    bits: int | None,
    accumulator: Fixed | None,
    data: Fixed | None,
    look_ahead: int,
) -> None:
    """Refuse options of `biquads` that do not go together."""
    if data is None:
        if look_ahead != 1:
            raise CatgradError(
                f"A look-ahead of {look_ahead!r} is for sections that are as wide as they need to "
                f"be; give data, the format of the input."
            )
        if form == "df1":
            require_effect("A cascade of the form df1", accumulator=accumulator)
        return
    if form != "df1":
        raise CatgradError(
            f"Sections as wide as they need to be are of the form df1, not {form}; leave data "
            f"out, or the form."
        )
    require_effect("A cascade that is as wide as it needs to be", accumulator=accumulator)
    if bits is None:
        raise CatgradError(
            "Sections that cannot leave their range are known where coefficients are rounded to "
            "so many bits; give bits beside data."
        )
    if look_ahead not in (1, 2):
        raise CatgradError(
            f"A recursion looks ahead by 1 sample, as it is designed, or by 2, not by "
            f"{look_ahead!r}; choose one of these."
        )


def balanced(sos: ArrayLike) -> Floats:
    """The same filter, its gain spread so that no section's output exceeds a full-scale sine.

    From the input to the output of each section but the last the greatest gain at any frequency is
    1 (the L∞ scaling of Jackson, "Roundoff-noise analysis for fixed-point digital filters realized
    in cascade or parallel form", IEEE Transactions on Audio and Electroacoustics 18, 1970);
    `scipy.signal` leaves all of the gain to the first section.

    >>> from scipy.signal import butter
    >>> bool(balanced(butter(4, 0.1, output="sos"))[0, 0] > 0.01)
    True
    """
    array = as_reals(sos).copy()
    if found := unstable(recursive(sections(array))):
        raise CatgradError(f"{found.capitalize()} and no greatest gain; {INSIDE}.")
    for k in range(len(array) - 1):
        peak = np.abs(signal.sosfreqz(array[: k + 1], FREQUENCIES)[1]).max()
        if not peak:
            raise CatgradError(
                f"Section {k} of {len(array)} lets nothing through, and has no gain to be spread; "
                f"give it a numerator that is not 0."
            )
        array[k, :3] /= peak
        array[k + 1, :3] *= peak
    return array


def sections(sos: ArrayLike, bits: int | None = None) -> Floats:
    """float[sections, 5], rows ``b0 b1 b2 a1 a2``, divided by a0 and rounded to `bits`."""
    array = as_reals(sos)
    if array.ndim != 2 or array.shape[1] != 6 or not len(array):
        raise CatgradError(
            f"A cascade has rows b0 b1 b2 a0 a1 a2, but this array has shape {array.shape}; "
            f"design it with output='sos', as scipy.signal.butter(4, 0.2, output='sos')."
        )
    if not np.isfinite(array).all() or not array[:, 3].all():
        raise CatgradError(
            "A section needs finite coefficients and an a0 that is not 0; design it with "
            "scipy.signal."
        )
    scaled = array / array[:, 3:4]
    return rounded(scaled[:, [0, 1, 2, 4, 5]], bits)


def _enough(meant: Floats, bits: int) -> str:
    """The fewest bits that are enough and that any constant keeps, or what to do otherwise."""
    for more in range(bits + 1, CONSTANT_BITS + 1):
        kept = recursive(rounded(meant, more))
        if unstable(kept) is None and as_compiled(kept, 0) == [*kept]:
            return f"give bits={more}"
    return finer(recursive(meant))


def recursive(designed: Floats) -> tuple[Recursive, ...]:
    """The a1 and a2 of each section."""
    return tuple((a1, a2) for a1, a2 in designed[:, 3:].tolist())


def _weighted(terms: Sequence[tuple[float, Wire]]) -> Wire:
    """The sum of coefficient times number, without those that are 0."""
    total: Wire | None = None
    for c, x in terms:
        if c:
            term = x if c == 1 else c * x
            total = term if total is None else total + term
    return terms[0][1] * 0 if total is None else total


def _direct(designed: Floats, T: NdArrayType) -> OpenHypergraph:
    """Direct form I; the memory is the last two of the input and of each section's output."""
    count = len(designed)
    line = along(T, 2 * count + 2)

    def body(past: Wire, x: Wire) -> tuple[Wire, Wire]:
        past = call(Recursion(line, recursive(designed)), past)
        held = [number(past, i) for i in range(2 * count + 2)]
        kept = [x, held[0]]
        for k, (b0, b1, b2, a1, a2) in enumerate(designed.tolist()):
            u1, u2, y1, y2 = held[2 * k : 2 * k + 4]
            x = _weighted([(b0, x), (b1, u1), (b2, u2), (-a1, y1), (-a2, y2)])
            kept += [x, y1]
        return stacked(kept), x

    return feedback(program(obj(line, T), body), 0.0, "past")


def _learned(count: int, T: NdArrayType, name: str) -> OpenHypergraph:
    """Direct form I, each section the product of a row of the parameter with what it multiplies."""
    row = NdArrayType((5,), T.dtype)

    def body(past: Wire, x: Wire) -> tuple[Wire, Wire]:
        [rows] = x.draft.apply(Parameter(NdArrayType((count, 5), T.dtype), name))
        held = [number(past, i) for i in range(2 * count + 2)]
        kept = [x, held[0]]
        for k in range(count):
            u1, u2, y1, y2 = held[2 * k : 2 * k + 4]
            one = call(B.Slice.along(rows.T, 0, k, k + 1), rows)
            seen = stacked([x, u1, u2, -y1, -y2])
            product = B.Compose(T, row, NdArrayType((), T.dtype))
            x = call(product, seen, call(B.Reshape(one.T, row), one))
            kept += [x, y1]
        return stacked(kept), x

    return feedback(program(obj(along(T, 2 * count + 2), T), body), 0.0, "past")


def _transposed(designed: Floats, T: NdArrayType, sums: Fixed | None) -> OpenHypergraph:
    """Transposed direct form II; the memory is two sums of each section."""
    line = along(T, 2 * len(designed))

    def body(past: Wire, x: Wire) -> tuple[Wire, Wire]:
        past = call(Recursion(line, recursive(designed)), past)
        kept = []
        for k, (b0, b1, b2, a1, a2) in enumerate(designed.tolist()):
            s1, s2 = number(past, 2 * k), number(past, 2 * k + 1)
            y = _weighted([(1.0, s1), (b0, x)])
            kept.append(exactly(_weighted([(1.0, s2), (b1, x), (-a1, y)])))
            kept.append(exactly(_weighted([(b2, x), (-a2, y)])))
            x = y
        return stacked(kept), x

    return feedback(program(obj(line, T), body), 0.0, "sums", sums)
