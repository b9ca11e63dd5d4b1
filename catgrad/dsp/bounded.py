"""Biquads that never saturate: each section's output has the bits that it can need.

No output of a stable section exceeds its input's greatest magnitude times the sum of the magnitudes
of its impulse response; neither does what a rounding adds exceed half a step times the sum of what
becomes of that (Jackson, "On the interaction of roundoff noise and dynamic range in digital
filters", Bell System Technical Journal 49, 1970). So formats can be chosen in which nothing has to
be looked at on the way round the recursion::

        x ──[b₀ (1 + r z⁻¹)]──[1 + s z⁻¹]──(-)──(-)──[round]──┬── y
                                            │    │          [z⁻¹]
                                            │    └──[a₁]──────┤
                                            └──[z⁻¹]──[a₂]────┘
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from catgrad.bidirectional.fixed_form import Formatted, Wrap, Written
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.dsp.lines import along, exactly, number, stacked
from catgrad.errors import CatgradError
from catgrad.hardware.recursions import LOWER, NEAR, Recursive, radius
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.memory import feedback

Floats = NDArray[np.float64]


class Section(NamedTuple):
    """A section in integers over ``2**bits``, and the formats of its output and its products.

    `b` weighs the input and those before it, `a` the outputs `look_ahead` and twice as many samples
    ago. Where all zeros are 1, -1 or 0, its numerator is ``b[0] (1 + r z⁻¹) (1 + s z⁻¹)``, `zeros`
    are r and s, and one product is enough for it.
    """

    b: tuple[int, ...]
    a: tuple[int, int]
    zeros: tuple[int, int] | None
    output: Fixed
    product: Fixed


def bounded(
    designed: Floats, T: NdArrayType, bits: int, data: Fixed, look_ahead: int = 1
) -> OpenHypergraph:
    """The cascade of rows ``b0 b1 b2 a1 a2``, rounded to `bits` after the binary point.

    It is direct form I: each section rounds once. The memory is what each section reads of the past
    of its input and its output, and of products that its next output has a part in.

    With a `look_ahead` of 2 numerator and denominator are multiplied by ``1 - a₁ z⁻¹ + a₂ z⁻²``,
    poles and zeros opposite to the poles, and as stable. What is left of the denominator, ``1 + (2
    a₂ - a₁²) z⁻² + a₂² z⁻⁴``, leaves a recursion two samples of time (Parhi and Messerschmitt,
    "Pipeline interleaving and parallelism in recursive digital filters, part I", IEEE Transactions
    on ASSP 37, 1989). What is added cancels but for the rounding of the coefficients.
    """
    cascade = in_integers(designed, bits, data, look_ahead)
    forms = [data, *(section.output for section in cascade)]
    widest = max(forms, key=lambda form: form.width)
    longest = max((section.product for section in cascade), key=lambda form: form.width)
    depth = 2 * look_ahead - 1

    def within(x: Wire, form: Fixed) -> Wire:
        """A number that is known to fit a format."""
        return call(Wrap(x.T, form), x)

    def times(c: int, x: Wire) -> Wire:
        [constant] = x.draft.apply(Written(x.T, Fixed.holding(c, c, bits), c))
        return exactly(constant * x)

    def body(past: Wire, fed: Wire, back: Wire, x: Wire) -> tuple[Wire, ...]:
        before = [
            [within(number(past, k * depth + i), form) for i in range(depth)]
            for k, form in enumerate(forms)
        ]
        kept, forward, backward = [x, *before[0][:-1]], list[Wire](), list[Wire]()
        for k, (b, (near, far), zeros, output, product) in enumerate(cascade):
            xs, ys = [x, *before[k]], before[k + 1]
            if zeros:
                begun = times(b[0], _with(x, zeros[0], xs[1]))
                later = exactly(zeros[1] * begun)
            else:
                begun = times(b[0], x)
                later = times(b[1], x)
                for c, u in zip(b[2:], xs[1:], strict=True):
                    later = exactly(later + times(c, u))
            total = exactly(begun + within(number(fed, k), product))
            held = [within(number(back, k * depth + i), product) for i in range(depth)]
            last = times(near, ys[0])
            total = exactly(total - held[0])
            if look_ahead == 1:
                backward.append(within(times(far, ys[0]), product))
                x = within(exactly(total - last), output)
            else:
                backward += [held[1], within(times(far, ys[1]), product), within(last, product)]
                x = within(exactly(total - held[2]), output)
            forward.append(within(later, product))
            kept += [x, *ys[:-1]]
        return stacked(kept), stacked(forward), stacked(backward), x

    sizes = (len(forms) * depth, len(cascade), len(cascade) * depth)
    cascaded = feedback(
        program(obj(*(along(T, n) for n in sizes), T), body),
        [0.0, 0.0, 0.0],
        ["past", "forward", "backward"],
        [widest, longest, longest],
    )
    return op(Formatted(T, data)) >> cascaded


def _with(x: Wire, sign: int, other: Wire) -> Wire:
    """x + sign * other"""
    if not sign:
        return x
    return exactly(x + other if sign > 0 else x - other)


_ZEROS = ((1, 1), (-1, -1), (1, -1), (1, 0), (-1, 0), (0, 0))


def in_integers(designed: Floats, bits: int, data: Fixed, look_ahead: int) -> list[Section]:
    """The sections in integers, and what they can need.

    CatgradError at one whose poles are on the unit circle once rounded, or nearly, or outside.
    """
    rounded = [_rounded(row, bits, look_ahead) for row in designed.tolist()]
    reach = [radius(_pair(a, bits)) ** (1 / look_ahead) for _, a, _ in rounded]
    for k, r in enumerate(reach):
        if r >= 1 - NEAR:
            meant = radius((designed[k, 3], designed[k, 4]))
            remedy = "give more bits" if meant < 1 - NEAR else LOWER
            raise CatgradError(
                f"With {bits} bits after the binary point, section {k} of {len(rounded)} has a "
                f"pole {r:.12g} from 0, and rings for too long; {remedy}."
            )
    impulse = np.zeros(math.ceil(40 / (1 - max(reach))))
    impulse[0] = 1
    inputs, noises = impulse, list[Floats]()
    before = data
    found = []
    for b, a, zeros in rounded:
        numerator, denominator = polynomials(b, a, bits, look_ahead)
        inputs = signal.lfilter(numerator, denominator, inputs)
        noises = [signal.lfilter(numerator, denominator, noise) for noise in noises]
        noises.append(signal.lfilter([1.0], denominator, impulse))
        # A rounding is wrong by half a step or less.
        greatest = -data.min * _size(inputs) + sum(map(_size, noises)) / 2
        output = Fixed(int(greatest).bit_length() + 1, data.fraction)
        # Whatever fits the formats of the factors fits that of a product, so nothing is cut off.
        stored = a if look_ahead == 2 else a[1:]
        # One product for all of a numerator is of x and r x before s is multiplied in.
        forward = (1 + abs(zeros[0])) * abs(zeros[1] * b[0]) if zeros else sum(map(abs, b[1:]))
        held = max(forward * -before.min, max(map(abs, stored)) * -output.min)
        before, product = output, Fixed(int(held).bit_length() + 1, data.fraction + bits)
        found.append(Section(b, a, zeros, output, product))
    return found


def _rounded(
    row: Sequence[float], bits: int, look_ahead: int
) -> tuple[tuple[int, ...], tuple[int, int], tuple[int, int] | None]:
    """Numerator and denominator of a section in integers, and its zeros if they are simple."""
    a1, a2 = row[3:]
    zeros = _zeros(row) if look_ahead == 1 else None
    numerator, denominator = [*row[:3]], (a1, a2)
    if look_ahead == 2:
        numerator = np.convolve(row[:3], [1.0, -a1, a2]).tolist()
        denominator = (2 * a2 - a1**2, a2**2)
    b = tuple(round(math.ldexp(c, bits)) for c in numerator)
    near, far = (round(math.ldexp(c, bits)) for c in denominator)
    if zeros:
        r, s = zeros
        b = (b[0], (r + s) * b[0], r * s * b[0])
    return b, (near, far), zeros


def polynomials(
    b: tuple[int, ...], a: tuple[int, int], bits: int, look_ahead: int
) -> tuple[Floats, Floats]:
    """Numerator and denominator of a section in integers, from their constants on."""
    denominator = np.zeros(2 * look_ahead + 1)
    denominator[::look_ahead] = _real((1 << bits, *a), bits)
    return _real(b, bits), denominator


def _pair(a: tuple[int, int], bits: int) -> Recursive:
    near, far = _real(a, bits).tolist()
    return near, far


def _real(integers: Sequence[int], bits: int) -> Floats:
    """Integers over ``2**bits``."""
    return np.ldexp(np.array(integers, dtype=np.float64), -bits)


def _zeros(row: Sequence[float]) -> tuple[int, int] | None:
    """The r and s of a numerator ``b0 (1 + r z⁻¹) (1 + s z⁻¹)``, each 1, -1 or 0."""
    b0, b1, b2 = row[:3]
    close = 1e-9 * abs(b0)
    return next(
        (
            (r, s)
            for r, s in _ZEROS
            if abs(b1 - (r + s) * b0) <= close and abs(b2 - r * s * b0) <= close
        ),
        None,
    )


def _size(response: Floats) -> float:
    """The sum of the magnitudes of a response, and more than what is cut off of it adds."""
    return float(np.abs(response).sum()) * (1 + 2**-20)
