"""Filters whose formats hold all that they can need are exact, whatever goes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import signal

from catgrad import CatgradError, Fixed, Formats, dsp
from catgrad.dsp.biquad import sections
from catgrad.hypergraph import OpenHypergraph

BITS = 14
DATA = Fixed(12, 11)

DESIGNS: dict[str, Any] = {
    "low": signal.butter(5, 0.2, output="sos"),
    "high": signal.cheby1(4, 1, 0.4, "high", output="sos"),
    "band": signal.butter(2, [0.3, 0.5], "band", output="sos"),
    "elliptic": signal.ellip(4, 0.5, 40, 0.3, output="sos"),
    "notch": [[1.5, 0.0, -1.5, 1.0, 0.0, 0.0]],
    "resonant": [[0.2, 0.1, 0.05, 1.0, -1.6, 0.97]],
}


def outputs(model: OpenHypergraph, x: np.ndarray) -> list[int]:
    """The integers of a filter, in units of the data."""
    hardware = dsp.Filter(model).hardware(Formats.uniform(DATA.width, DATA.fraction))
    run = dsp.run_integers(hardware, x * DATA.step)
    assert run.saturations == 0
    found: list[int] = np.rint(run.output / DATA.step).astype(int).tolist()
    return found


def worst(h: np.ndarray, random: np.random.Generator, n: int) -> np.ndarray:
    """Full scale, in the order that makes the output greatest, then at random."""
    most = np.where(h[::-1] > 0, DATA.max, DATA.min)
    return np.concatenate([most, random.integers(DATA.min, DATA.max + 1, n)])


def whole_zeros(row: np.ndarray) -> bool:
    b0, b1, b2 = row[:3]
    shapes = [(2, 1), (-2, 1), (0, -1), (1, 0), (-1, 0), (0, 0)]
    return any(np.allclose([b1, b2], np.multiply(shape, b0), rtol=0) for shape in shapes)


@pytest.mark.parametrize("name", DESIGNS)
def test_sections_round_once_and_never_saturate(name: str) -> None:
    """Against direct form I over Python's integers, which have no width."""
    sos = dsp.balanced(DESIGNS[name])
    impulse = np.eye(1, 120)[0]
    x = worst(signal.sosfilt(sos, impulse), np.random.default_rng(1), 80)
    wanted = x.tolist()
    for row in sections(sos):
        b0, b1, b2, a1, a2 = (round(c * 2**BITS) for c in row.tolist())
        if whole_zeros(row):
            b1, b2 = (round(c / row[0]) * b0 for c in row[1:3].tolist())
        x1 = x2 = y1 = y2 = 0
        for n, u in enumerate(wanted):
            total = b0 * u + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = u, x1, (total + (1 << BITS - 1)) >> BITS, y1
            wanted[n] = y1
    assert outputs(dsp.biquads(sos, bits=BITS, data=DATA), x) == wanted


def test_a_look_ahead_is_the_same_filter_but_for_its_coefficients() -> None:
    """Against the longer recursion over Python's integers, and SciPy's of the design."""
    sos = dsp.balanced(DESIGNS["low"])
    x = worst(signal.sosfilt(sos, np.eye(1, 120)[0]), np.random.default_rng(2), 80)
    wanted = x.tolist()
    for b0, b1, b2, a1, a2 in sections(sos).tolist():
        ahead = np.convolve([b0, b1, b2], [1, -a1, a2])
        b, a = ([round(c * 2**BITS) for c in row] for row in (ahead, [2 * a2 - a1**2, a2**2]))
        u, y = [0] * 4 + wanted, [0] * 4
        for n in range(4, len(u)):
            total = sum(c * u[n - i] for i, c in enumerate(b)) - a[0] * y[n - 2] - a[1] * y[n - 4]
            y.append((total + (1 << BITS - 1)) >> BITS)
        wanted = y[4:]
    found = outputs(dsp.biquads(sos, bits=BITS, data=DATA, look_ahead=2), x)
    assert found == wanted
    assert np.abs(np.array(found) - signal.sosfilt(sos, x)).max() < 10


SECTION = signal.butter(2, 0.2, output="sos")
ENTERED: dict[str, Callable[[Fixed], OpenHypergraph]] = {
    "biquads": lambda data: dsp.biquads(SECTION, bits=8, data=data),
    "biquads_ahead": lambda data: dsp.biquads(SECTION, bits=8, data=data, look_ahead=2),
    "fir": lambda data: dsp.fir([0.5, -0.25, 0.5], form="transposed", bits=6, data=data),
    "moving_average": lambda data: dsp.moving_average(5, data=data),
    "cic_decimator": lambda data: dsp.cic_decimator(1, 2, 3, data=data),
    "cic_interpolator": lambda data: dsp.cic_interpolator(1, 2, 3, data=data),
}


@pytest.mark.parametrize("name", ENTERED)
@given(
    st.integers(2, 12),
    st.integers(2, 9),
    st.lists(st.integers(-1900, 1900), min_size=1, max_size=12),
)
@example(8, 7, [973] * 12)
@settings(max_examples=3, deadline=None)
def test_an_input_is_brought_into_the_format_that_was_said(
    name: str, width: int, fraction: int, x: list[int]
) -> None:
    """As if it had been rounded and saturated before; and what saturates is counted."""
    data, shift = Fixed(width, fraction), 9 - fraction
    rounded = np.array([(2 * v + (1 << shift)) >> shift + 1 for v in x])
    entered = np.clip(rounded, data.min, data.max)
    hardware = dsp.Filter(ENTERED[name](data)).hardware(Formats.uniform(12, 9))
    shape = (len(x), *hardware.x_types[0].shape)
    found, wanted = (
        dsp.run_integers(hardware, np.ldexp(np.reshape(numbers, shape), -places))
        for numbers, places in ((x, 9), (entered, fraction))
    )
    assert (found.output == wanted.output).all()
    assert found.saturations - wanted.saturations == (rounded != entered).sum()


@given(st.lists(st.integers(-40, 40), min_size=1, max_size=7), st.integers(0, 2**32 - 1))
@example([-2], 0)
@settings(max_examples=6, deadline=None)
def test_partial_sums_are_exact(taps: list[int], seed: int) -> None:
    h = np.array(taps)
    x = worst(h, np.random.default_rng(seed), 20)
    model = dsp.fir(h / 2**6, form="transposed", bits=6, data=DATA)
    hardware = dsp.Filter(model).hardware(Formats.uniform(DATA.width, DATA.fraction))
    run = dsp.run_integers(hardware, x * DATA.step)
    exact = np.convolve(h, x)[: len(x)]
    wanted = np.clip((exact + 2**5) >> 6, DATA.min, DATA.max)
    assert np.rint(run.output / DATA.step).astype(int).tolist() == wanted.tolist()
    assert (run.saturations > 0) == (wanted != (exact + 2**5) >> 6).any()


LOW = DESIGNS["low"]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (
            lambda: dsp.biquads(LOW, data=DATA),
            (
                "Sections that cannot leave their range are known where coefficients are rounded "
                "to so many bits; give bits beside data."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, form="df2t", bits=14, data=DATA),
            (
                "Sections as wide as they need to be are of the form df1, not df2t; leave data "
                "out, or the form."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, bits=14, data=DATA, look_ahead=3),
            (
                "A recursion looks ahead by 1 sample, as it is designed, or by 2, not by 3; choose "
                "one of these."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, look_ahead=2),
            (
                "A look-ahead of 2 is for sections that are as wide as they need to be; give data, "
                "the format of the input."
            ),
        ),
        (
            lambda: dsp.biquads(DESIGNS["resonant"], bits=2, data=DATA),
            (
                "With 2 bits after the binary point, section 0 of 1 has a pole 1 from 0, and "
                "rings for too long; give more bits."
            ),
        ),
        (
            lambda: dsp.biquads([[1, 0, 0, 1, -2.25, 1.25]], bits=14, data=DATA),
            (
                "Section 0 of 1 has a pole 1.25 from 0 and never comes to rest; move it inside "
                "the unit circle, or design the filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.biquads([[1, 0, 0, 1, -1 + 2**-15, 0]], bits=16, data=DATA),
            (
                "With 16 bits after the binary point, section 0 of 1 has a pole 0.999969482422 "
                "from 0, and rings for too long; design the filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.balanced(np.array([[1, 0, 0, 1, -2.25, 1.25], [1, 0, 0, 1, 0, 0]])),
            (
                "Section 0 of 2 has a pole 1.25 from 0 and no greatest gain; move it inside the "
                "unit circle, or design the filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.fir([0.5, 0.25], form="transposed", data=DATA),
            (
                "The partial sums of a transposed FIR filter are exact where its taps are rounded "
                "to so many bits; give bits beside data."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, bits=14, data=DATA, accumulator=Fixed(24, 20)),
            (
                "A cascade that is as wide as it needs to be is the same whatever accumulator is, "
                "here Fixed(width=24, fraction=20, signed=True); leave accumulator out."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, accumulator=Fixed(24, 20)),
            (
                "A cascade of the form df1 is the same whatever accumulator is, here Fixed("
                "width=24, fraction=20, signed=True); leave accumulator out."
            ),
        ),
        (
            lambda: dsp.biquads(2, bits=14, data=DATA),
            (
                "A cascade that learns its coefficients is the same whatever bits is, here 14; "
                "leave bits out."
            ),
        ),
        (
            lambda: dsp.biquads(2, look_ahead=2),
            (
                "A cascade that learns its coefficients is the same whatever look_ahead is, here "
                "2; leave look_ahead out."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, bits=14, data=12),  # type: ignore[arg-type]
            ("A filter needs a signed format for data, not 12; give one such as Fixed(16, 15)."),
        ),
        (
            lambda: dsp.biquads(LOW, bits=14, data=Fixed(8, 7, signed=False)),
            (
                "A filter needs a signed format for data, not Fixed(width=8, fraction=7, "
                "signed=False); give one such as Fixed(16, 15)."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, form="df2t", accumulator=24),  # type: ignore[arg-type]
            (
                "A filter needs a signed format for accumulator, not 24; give one such as "
                "Fixed(16, 15)."
            ),
        ),
        (
            lambda: dsp.biquads(LOW, bits=-1, data=DATA),
            (
                "A coefficient needs a whole number of bits after the binary point, at least 0, "
                "not -1; give so many."
            ),
        ),
        (
            lambda: dsp.fir([0.5, 0.25], bits=1.5),  # type: ignore[arg-type]
            (
                "A coefficient needs a whole number of bits after the binary point, at least 0, "
                "not 1.5; give so many."
            ),
        ),
        (
            lambda: dsp.fir([0.5, 0.25], bits=6, data=DATA),
            (
                "An FIR filter of the form direct is the same whatever data is, here Fixed("
                "width=12, fraction=11, signed=True); leave data out."
            ),
        ),
        (
            lambda: dsp.fir([0.5, 0.5], form="symmetric", accumulator=DATA),
            (
                "An FIR filter of the form symmetric is the same whatever accumulator is, here "
                "Fixed(width=12, fraction=11, signed=True); leave accumulator out."
            ),
        ),
        (
            lambda: dsp.fir([0.5], form="transposed", bits=6, data=DATA, accumulator=DATA),
            (
                "An FIR filter whose partial sums are exact is the same whatever accumulator is, "
                "here Fixed(width=12, fraction=11, signed=True); leave accumulator out."
            ),
        ),
        (
            lambda: dsp.fir(16, bits=14),
            (
                "An FIR filter that learns its taps is the same whatever bits is, here 14; leave "
                "bits out."
            ),
        ),
        (
            lambda: dsp.Filter(dsp.biquads([[1.0, 0, 0, 1, -0.5, 0]], bits=70, data=DATA)).hardware(
                Formats.uniform(12, 11)
            ),
            (
                "The formats are too wide: an exact result is SQ(5,81), 86 bits with its sign, and "
                "the integers of the reference have 63; take at least 12 bits off the numbers that "
                "are multiplied."
            ),
        ),
    ],
)
def test_errors(build: Any, words: str) -> None:
    with pytest.raises(CatgradError) as caught:
        build()
    assert str(caught.value).partition("\nat ")[0] == words
