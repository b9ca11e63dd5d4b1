"""Filters as they are designed, run and asked for: what goes in as it is, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import signal

from catgrad import CatgradError, Dtype, Fixed, Formats, NdArrayType, Spatial, dsp, obj
from catgrad.circuit.netlist import Kind
from catgrad.core import operation as ops
from catgrad.layers import rate

H = signal.firwin(8, 0.3)
SOS = signal.butter(4, 0.2, output="sos")
X = np.linspace(-0.5, 0.5, 8)
DATA = Formats.uniform(16, 14)
FINE = Formats.uniform(16, 14, weights=Fixed(20, 18))
FIXED = dsp.Filter(dsp.fir([0.5, 0.25])).hardware(DATA)
LEARNER = dsp.lms(4, 2**-4).hardware(DATA)
LOUD = (100 * np.arange(8)).astype(np.int16)


@given(
    half=st.lists(st.floats(-1, 1).filter(lambda c: abs(c) > 1e-3), min_size=1, max_size=8),
    odd=st.booleans(),
    sign=st.sampled_from([1.0, -1.0]),
    bits=st.none() | st.integers(9, 16),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=12, deadline=None)
def test_a_design_is_symmetric_but_for_the_rounding_of_floats(
    half: list[float], odd: bool, sign: float, bits: int | None, seed: int
) -> None:
    middle = [0.5 if sign > 0 else 0.0] if odd else []
    exact = np.array([*half, *middle, *(sign * c for c in half[::-1])])
    noisy = exact * (1 + np.random.default_rng(seed).uniform(-1, 1, len(exact)) * 1e-15)
    found = dsp.run(dsp.fir(noisy, form="symmetric", bits=bits), np.eye(1, len(exact))[0]).output
    step = 1e-6 if bits is None else 2.0**-bits
    assert np.abs(found - exact).max() <= step
    assert np.array_equal(found, sign * found[::-1])


@pytest.mark.parametrize("taps", [2, 15, 48, 64, 101])
@pytest.mark.parametrize("edge", [0.05, 0.22, 0.4])
def test_designs_of_scipy_are_symmetric(taps: int, edge: float) -> None:
    for h in (
        signal.firwin(taps, edge),
        signal.firwin(taps | 1, edge, pass_zero=False),
        signal.firls(taps | 1, [0, edge, 2 * edge, 1], [1, 1, 0, 0]),
    ):
        dsp.fir(h, form="symmetric")
        dsp.fir(h, form="symmetric", bits=15)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=12))
@settings(max_examples=10, deadline=None)
def test_signs_are_those_of_the_integers(signals: list[tuple[int, int]]) -> None:
    """However quiet the signals are: against the rules over Python's integers."""
    x, y = np.array(signals).T
    for of in dsp.adaptive.SIGNS:
        run = dsp.run_integers(SIGNED[of], x * 2.0**-14, y=y * 2.0**-14)
        w, line = [0, 0, 0], [0, 0, 0]
        for now, wanted in signals:
            line = [now, *line[:2]]
            output = (sum(a * b for a, b in zip(w, line, strict=True)) + (1 << 17)) >> 18
            e = wanted - output
            for k, u in enumerate(line):
                factors = {"error": (np.sign(e), u), "data": (e, np.sign(u))}
                a, b = factors.get(of, (np.sign(e) << 14, np.sign(u)))
                # 2**-4 of a step of the data is a step of the weights.
                w[k] += int(a * b)
        assert run.parameters[0].tolist() == w


SIGNED = {of: dsp.sign_lms(3, 2**-4, of).hardware(FINE) for of in ("error", "data", "both")}


@pytest.mark.parametrize("of", SIGNED)
def test_a_product_by_a_sign_is_a_choice(of: str) -> None:
    """The only ones are those of the three taps."""
    assert (SIGNED[of].netlist.kind == Kind.MUL).sum() == 3


def test_channels_have_parameters_of_their_own() -> None:
    x = np.random.default_rng(1).uniform(-0.9, 0.9, (60, 3))
    y = x * [0.5, -0.25, 0.125]
    filter = dsp.lms(1, 2**-4)
    turns = filter.hardware(DATA, Spatial(clock=20e6, channels=3))
    together = dsp.run_integers(turns, x.ravel(), y=y.ravel())
    assert together.parameters[0].shape == (3, 1)
    for k in range(3):
        alone = dsp.run_integers(filter.hardware(DATA), x[:, k], y=y[:, k])
        assert np.array_equal(together.parameters[0][k], alone.parameters[0])
        assert np.array_equal(together.output[k::3], alone.output)


@pytest.mark.parametrize("bits", [None, 9])
def test_reports_have_the_integers_of_the_circuit(bits: int | None) -> None:
    report = dsp.fir_report(H, DATA.data, bits=bits)
    hardware = dsp.Filter(dsp.fir(H, bits=bits)).hardware(DATA)
    [kept] = [x for x in hardware.program.H.x if isinstance(x, ops.Array)]
    scale = 2.0**-report.fraction
    step = kept.T.fixed.step
    assert [c * scale for c in report.coefficients] == [c * step for c in kept.numbers]


@pytest.mark.parametrize("options", [{}, {"data": Fixed(16, 15)}])
def test_a_report_lists_coefficients_over_a_power_of_two(options: dict[str, Any]) -> None:
    sos = dsp.balanced(SOS)
    report = dsp.biquad_report(sos, DATA.data, bits=14, **options)
    found = np.array(report.coefficients) * 2.0**-report.fraction
    assert np.abs(found - sos[:, [0, 1, 2, 4, 5]]).max() <= 2.0**-14
    wide = dsp.biquad_report(sos, DATA.data, bits=14, data=Fixed(16, 15), look_ahead=2)
    assert [len(row) for row in wide.coefficients] == [7, 7]


@given(
    rate=st.sampled_from([2, 3, 4]),
    stages=st.integers(1, 3),
    bits=st.integers(8, 14),
    level=st.sampled_from([-1.0, 1.0]),
)
@settings(max_examples=6, deadline=None)
@example(rate=4, stages=3, bits=12, level=1.0)
def test_full_scale_does_not_wrap_where_bits_are_dropped(
    rate: int, stages: int, bits: int, level: float
) -> None:
    x = np.full((3 * stages, rate), min(level, 1 - 2**-15))
    model = dsp.cic_decimator(rate, stages, bits_out=bits)
    last = dsp.run_integers(dsp.Filter(model).hardware(Formats.uniform(16, 15)), x).output[-1]
    assert abs(last - level) < 2.0 ** (4 - bits)


def test_rates_that_are_given_come_behind_the_targets() -> None:
    filter = dsp.lms(2, rate())
    rates = np.full(8, 2**-4)
    wanted = dsp.run(dsp.lms(2, 2**-4), X, y=0.5 * X)
    assert np.allclose(dsp.run(filter, X, y=(0.5 * X, rates)).output, wanted.output)
    hardware = filter.hardware(DATA)
    close = dsp.run_integers(hardware, X, y=(0.5 * X, rates)).output
    assert np.abs(close - wanted.output).max() < 1e-3


def test_counts_may_be_those_of_numpy() -> None:
    n: Any = np.int64(4)
    assert dsp.run(dsp.fir(n), X).parameters[0].shape == (4,)
    assert dsp.run(dsp.lms(n, 0.1).model, X).parameters[0].shape == (4,)
    assert dsp.run(dsp.cic_decimator(n), X.reshape(-1, 4)).output.shape == (2,)
    assert dsp.window(n).target == dsp.window(4).target
    assert dsp.run(dsp.fir(H), X, parameters=[]).parameters == ()


FAR = NdArrayType((4,), Dtype.float32)
COUNT = "a whole number of {}, at least 1, not {}; give so many."
SIGNED_FORMAT = "A filter needs a signed format for {}, not {}; give one such as Fixed(16, 15)."
ARRAY = "{} needs an array type for T, not 4; write NdArrayType((4,), Dtype.float32)."
OBJECT = "An object consists of array types, not of 4; write NdArrayType((4,), Dtype.float32)."
COMPLEX = (
    "A filter has real coefficients, but these have imaginary parts up to {}; make a filter of the "
    "real parts, and one of the imaginary parts."
)
ARRAYS = (
    "There are {} arrays of {}, but the model has 1; give one for each, in the order of its types."
)
FINITE = "dsp.{} needs a finite number for {}, not {}; write one such as 0.1."
UNSIGNED = Fixed(16, 15, False)
WRONG: Any = 4


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: dsp.fir(1j * H), COMPLEX.format(f"{H.max():g}")),
        (lambda: dsp.resample(1j * H), COMPLEX.format(f"{H.max():g}")),
        (lambda: dsp.fir_report(1j * H, DATA.data), COMPLEX.format(f"{H.max():g}")),
        (lambda: dsp.biquads(1j * SOS), COMPLEX.format(2)),
        (lambda: dsp.balanced(1j * SOS), COMPLEX.format(2)),
        (lambda: dsp.biquad_report(1j * SOS, DATA.data), COMPLEX.format(2)),
        (
            lambda: dsp.fir([1.0, 2.0, -2.0, 1.0], form="symmetric"),
            (
                "Tap 1 of 4 is 2 but tap 2 is -2, so that the response is not symmetric; use "
                "form='direct'."
            ),
        ),
        (lambda: dsp.fir(H, WRONG), ARRAY.format("A filter")),
        (lambda: dsp.biquads(SOS, WRONG), ARRAY.format("A filter")),
        (lambda: dsp.nlms(4, 0.1, WRONG), ARRAY.format("A filter")),
        (lambda: dsp.sign_lms(4, 0.1, T=WRONG), ARRAY.format("A filter")),
        (lambda: dsp.moving_average(4, WRONG), ARRAY.format("A filter")),
        (lambda: dsp.cic_decimator(4, T=WRONG), ARRAY.format("A filter")),
        (lambda: dsp.nco(0.1, WRONG), OBJECT),
        (
            lambda: dsp.moving_average(4, data=WRONG),
            "A filter needs a format for data, not 4; give one such as Fixed(16, 15).",
        ),
        (lambda: dsp.cic_decimator(4, data=WRONG), SIGNED_FORMAT.format("data", 4)),
        (lambda: dsp.cic_decimator(4, data=UNSIGNED), SIGNED_FORMAT.format("data", repr(UNSIGNED))),
        (
            lambda: dsp.cic_interpolator(4, data=UNSIGNED),
            SIGNED_FORMAT.format("data", repr(UNSIGNED)),
        ),
        (lambda: dsp.biquad_report(SOS, WRONG), SIGNED_FORMAT.format("signals", 4)),
        (lambda: dsp.fir_report(H, WRONG), SIGNED_FORMAT.format("signals", 4)),
        (lambda: dsp.nco(0.1, phase=WRONG), SIGNED_FORMAT.format("phase", 4)),
        (lambda: dsp.dc_blocker(4, mean=WRONG), SIGNED_FORMAT.format("mean", 4)),
        (
            lambda: dsp.agc(0.25, gain=WRONG),
            "A filter needs a format for gain, not 4; give one such as Fixed(16, 15).",
        ),
        (lambda: dsp.nco(np.nan), FINITE.format("nco", "carrier", "nan")),
        (lambda: dsp.nco(np.inf), FINITE.format("nco", "carrier", "inf")),
        (lambda: dsp.mixer([0.1, 0.2]), FINITE.format("mixer", "frequency", "[0.1, 0.2]")),  # type: ignore[arg-type]
        (lambda: dsp.agc("a"), FINITE.format("agc", "target", "'a'")),  # type: ignore[arg-type]
        (lambda: dsp.decisions([np.nan, 1]), FINITE.format("decisions", "levels", "nan")),
        (
            lambda: dsp.decisions([1])(obj(dsp.SAMPLE)),
            (
                "Decisions cannot decide between (1.0,); give two levels or more, in rising "
                "order, none of them 0."
            ),
        ),
        (
            lambda: dsp.cic_widths(0, 3, 1, 16, 16),
            f"A CIC decimator needs {COUNT.format('samples', 0)}",
        ),
        (
            lambda: dsp.cic_widths(8, 3, 1, -16, 16),
            f"The input of a CIC decimator needs {COUNT.format('bits', -16)}",
        ),
        (
            lambda: dsp.balanced(signal.butter(4, 0.2, output="zpk")),
            (
                "Coefficients are an array of numbers, which this tuple is not; design a filter "
                "by taps, as scipy.signal.firwin(16, 0.5), or by sections, with output='sos'."
            ),
        ),
        (
            lambda: dsp.balanced([[0, 0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0]]),
            (
                "Section 0 of 2 lets nothing through, and has no gain to be spread; give it a "
                "numerator that is not 0."
            ),
        ),
        (lambda: dsp.lms(4.0, 0.1), f"An adaptive filter needs {COUNT.format('taps', 4.0)}"),  # type: ignore[arg-type]
        (
            lambda: dsp.lms(H, 0.1),
            (
                "dsp.lms learns its taps and is told how many, not which; write dsp.lms(8, ...), "
                "and give dsp.run the parameters to begin with."
            ),
        ),
        (
            lambda: dsp.lms(4, -0.1),
            "dsp.lms learns at rates of at least 0, not at -0.1; write one such as 2**-6.",
        ),
        (
            lambda: dsp.nlms(4, 3),
            "dsp.nlms learns at rates from 0 to 2, not at 3; write one such as 2**-6.",
        ),
        (
            lambda: dsp.leaky_lms(4, 0.1, -0.1),
            (
                "Taps leak away by a part between 0 and 1 of them a sample, not by a rate of 0.1 "
                "times a leak of -0.1; write leaky_lms(16, 2**-6, 2**-4)."
            ),
        ),
        (
            lambda: dsp.Filter(dsp.agc(0.25, most=16)).hardware(DATA),
            (
                "The gain goes up to 16, but SQ(2,14) holds at most 1.99994; give "
                "gain=Fixed(28, 22), or a smaller most."
            ),
        ),
        (lambda: dsp.run(dsp.fir(H)), ARRAYS.format(0, "x")),
        (lambda: dsp.run(dsp.fir(H), X, X), ARRAYS.format(2, "x")),
        (lambda: dsp.run(dsp.lms(4, 0.1), X, y=(X, X)), ARRAYS.format(2, "y")),
        (
            lambda: dsp.run(dsp.lms(4, 0.1), X, parameters=[[0.0] * 4, [1.0]]),
            ARRAYS.format(2, "parameters"),
        ),
        (
            lambda: dsp.run(dsp.lms(4, 0.1), X, parameters=[np.zeros(5)]),
            "parameter taps has shape (5,), not (4,); give the parameters of this model.",
        ),
        (
            lambda: dsp.run_integers(LEARNER, X, parameters=[np.zeros(4)]),
            (
                "parameter taps has dtype float64, but SQ(2,14)[4] holds integer mantissas; "
                "quantise the parameters first."
            ),
        ),
        (
            lambda: dsp.run_integers(dsp.fir(H), X),  # type: ignore[arg-type]
            (
                "dsp.run_integers goes through compiled hardware, and this is a model or a "
                "filter; write dsp.Filter(model).hardware(Formats.uniform(16, 14)), or dsp.run."
            ),
        ),
        (
            lambda: dsp.run(FIXED, X),  # type: ignore[arg-type]
            (
                "dsp.run goes through the float form of a filter, and this is compiled hardware; "
                "write dsp.run_integers."
            ),
        ),
        (
            lambda: dsp.run(dsp.cic_decimator(4), X),
            (
                "x has samples of shape (), but the model takes (4,); reshape it, as by "
                "x.reshape(-1, 4)."
            ),
        ),
        (
            lambda: dsp.run_integers(FIXED, LOUD),
            (
                "x ranges from 0 to 700, but SQ(2,14) holds -2 to 1.99994; divide it by 32768, or "
                "use Fixed(16, 0)."
            ),
        ),
        (
            lambda: dsp.run_integers(FIXED, 4 * X),
            (
                "x ranges from -2 to 2, but SQ(2,14) holds -2 to 1.99994; use Fixed(16, 13), or "
                "scale the data by at most 0.9999."
            ),
        ),
        (
            lambda: dsp.run_integers(LEARNER, X, y=LOUD / 1.0),
            (
                "y ranges from 0 to 700, but SQ(2,14) holds -2 to 1.99994; use Fixed(16, 5), or "
                "scale the data by at most 0.002857."
            ),
        ),
    ],
)
def test_errors(build: Any, words: str) -> None:
    with pytest.raises(CatgradError) as caught:
        build()
    assert str(caught.value).partition("\nat ")[0] == words


def test_what_was_said_of_a_range_is_enough() -> None:
    """A signal divided, scaled or given another format as the message says goes in."""
    dsp.run_integers(FIXED, LOUD / 32768)
    dsp.run_integers(FIXED, 4 * X * 0.9999)
    dsp.run_integers(dsp.Filter(dsp.fir([0.5])).hardware(Formats.uniform(16, 0)), LOUD)
