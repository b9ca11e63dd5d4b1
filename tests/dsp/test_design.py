"""What designs promise: responses, noise, exact wrapping, gradients; and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import signal

from catgrad import CatgradError, Dtype, Fixed, Formats, NdArrayType, Serial, dsp, obj
from catgrad.bidirectional.unrolled import unroll_time
from catgrad.core import operation as ops
from catgrad.dsp.biquad import recursive, sections
from catgrad.dsp.bounded import in_integers, polynomials
from catgrad.dsp.lines import SAMPLE
from catgrad.hardware.recursions import as_compiled, is_stable, poles, radius
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.parameter import factor_parameters
from tests.bidirectional.differences import check

D = NdArrayType((), Dtype.float64)
STEEP = dsp.balanced(signal.cheby1(6, 0.5, 0.15, output="sos"))
SLOW = signal.butter(2, 0.004, output="sos")
SLOWER = signal.butter(2, 0.0002, output="sos")
DATA = Fixed(18, 15)
ROOMY = Formats.uniform(18, 15)
THIRDS = dsp.Filter(dsp.fir([1 / 3] * 3)).hardware(Formats.uniform(16, 14))

DIFFERENTIABLE: dict[str, OpenHypergraph] = {
    "fir_direct": dsp.fir(3, D),
    "fir_symmetric": dsp.fir(5, D, "symmetric"),
    "fir_transposed": dsp.fir([0.5, -0.25, 0.125], D, "transposed"),
    "biquads_df1": dsp.biquads(2, D),
    "biquads_df2t": dsp.biquads(STEEP, D, "df2t"),
    "moving_average": dsp.moving_average(3, D),
    "moving_average_running": dsp.moving_average(3, D, Fixed(16, 10)),
    "dc_blocker": dsp.dc_blocker(2, D),
    "agc": dsp.agc(0.25, 2**-2, 8.0, D),
    "cic_decimator": dsp.cic_decimator(2, 2, T=D, data=Fixed(16, 10)),
    "cic_interpolator": dsp.cic_interpolator(2, 2, T=D, data=Fixed(16, 10)),
    "resample": dsp.resample(5, 3, 2, D),
    "nco": dsp.nco(0.01, D),
    "mixer": dsp.mixer(0.1, D),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_the_derivative_through_time(name: str) -> None:
    random = np.random.default_rng(3)
    _, f = factor_parameters(unroll_time(DIFFERENTIABLE[name], 3))
    check(f, [random.uniform(0.02, 0.3, T.shape) for T in f.source], random)


def mantissas(model: OpenHypergraph, data: Fixed, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and outputs of the integers of a model, in units of the data."""
    hardware = dsp.Filter(model).hardware(Formats.uniform(data.width, data.fraction))
    run = dsp.run_integers(hardware, x)
    return np.asarray(x) / data.step, run.output / data.step


@given(
    rate=st.integers(1, 5),
    stages=st.integers(1, 3),
    delay=st.integers(1, 2),
    level=st.sampled_from([-1.0, 0.9999, 0.5]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=4, deadline=None)
def test_integrators_that_wrap_are_exact(
    rate: int, stages: int, delay: int, level: float, seed: int
) -> None:
    data = Fixed(8, 7)
    random = np.random.default_rng(seed)
    x = np.floor((level + random.uniform(-0.05, 0.05, (150, rate))) / data.step) * data.step
    x = np.clip(x, data.min * data.step, data.max * data.step)
    model = dsp.cic_decimator(rate, stages, delay, data=data)
    entered, left = mantissas(model, data, x)
    total = entered.astype(np.int64).reshape(-1)
    for _ in range(stages):
        total = np.convolve(total, np.ones(rate * delay, np.int64))[: total.size]
    gain = (rate * delay) ** stages
    ideal = total[rate - 1 :: rate] / gain
    assert np.abs(left - ideal).max() <= 0.5 + (0 if gain & (gain - 1) == 0 else 0.01)


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_cascade_balanced_is_the_same_filter(data: st.DataObject) -> None:
    order, edge = data.draw(st.integers(1, 8)), data.draw(st.floats(0.05, 0.9))
    sos = signal.butter(order, edge, output="sos")
    balanced = dsp.balanced(sos)
    w, wanted = signal.sosfreqz(sos, 512)
    np.testing.assert_allclose(signal.sosfreqz(balanced, w)[1], wanted, atol=1e-9)
    for k in range(1, len(sos)):
        assert np.abs(signal.sosfreqz(balanced[:k], 512)[1]).max() <= 1 + 1e-9


@pytest.mark.parametrize("form", ["df1", "df2t"])
def test_rounding_noise_is_what_was_predicted(form: str) -> None:
    options: dict[str, Any] = {"form": form, "bits": 16}
    report = dsp.biquad_report(STEEP, DATA, **options)
    assert report.is_stable
    hardware = dsp.Filter(dsp.biquads(STEEP, **options)).hardware(ROOMY)
    x = np.random.default_rng(1).uniform(-0.9, 0.9, 5000)
    x = np.round(x / DATA.step) * DATA.step
    rounded = np.ascontiguousarray(np.insert(sections(STEEP, 16), 3, 1.0, axis=1))
    run = dsp.run_integers(hardware, x)
    assert run.saturations == 0
    measured = (run.output - signal.sosfilt(rounded, x)).var()
    assert 0.7 < measured / report.noise < 1.4


def test_coarse_coefficients_are_unstable() -> None:
    assert dsp.biquad_report(SLOW, DATA).is_stable
    coarse = dsp.biquad_report(SLOW, DATA, bits=6)
    assert not coarse.is_stable
    assert coarse.noise == np.inf
    assert str(coarse).startswith("1 section, UNSTABLE: greatest pole radius 1;")


@pytest.mark.parametrize("look_ahead", [1, 2])
def test_the_noise_of_sections_that_never_saturate(look_ahead: int) -> None:
    """Against SciPy, by the polynomials of the integers; what enters is rounded as well."""
    data, bits = Fixed(14, 11), 14
    sos = dsp.balanced(signal.butter(3, 0.3, output="sos"))
    options: dict[str, Any] = {"bits": bits, "data": data, "look_ahead": look_ahead}
    report = dsp.biquad_report(sos, DATA, **options)
    assert report.is_stable
    assert [len(found) for found in report.poles] == [2 * look_ahead] * 2
    assert "; outputs of 15, 15 bits; " in str(report)
    x = np.random.default_rng(4).uniform(-0.9, 0.9, 2500)
    ideal = np.round(x / DATA.step) * DATA.step
    hardware = dsp.Filter(dsp.biquads(sos, **options)).hardware(ROOMY)
    output = dsp.run_integers(hardware, ideal).output
    for section in in_integers(sections(sos), bits, data, look_ahead):
        b, a = polynomials(section.b, section.a, bits, look_ahead)
        ideal = signal.lfilter(b, a, ideal)
    assert 0.8 < (output - ideal).var() / report.noise < 1.25


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-1, 1)), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_poles_and_the_verdict_agree(designed: list[tuple[float, float]]) -> None:
    """Jury's criterion, and the roots that NumPy finds."""
    for a in designed:
        found = np.abs(np.roots([1, *a])).max(initial=0)
        assert radius(a) == pytest.approx(found, abs=1e-6)
        if abs(found - 1) > 1e-6:
            assert is_stable(a) == (found < 1)
    stable = all(map(is_stable, designed))
    rows = [[1, 0, 0, 1, *a] for a in designed]
    if stable:
        dsp.biquads(rows)
    else:
        assert "and never comes to rest; move it" in refused(lambda: dsp.biquads(rows))


@given(
    st.lists(
        st.tuples(st.floats(1, 6.5), st.floats(-4, 0.4), st.floats(1e-3, 1)),
        min_size=1,
        max_size=2,
    ),
    st.sampled_from(["df1", "df2t"]),
    st.integers(2, 20),
    st.integers(6, 20),
)
@example([(3.0, -2.8, 1e-3)], "df1", 6, 10)
@settings(max_examples=40, deadline=None)
def test_bits_that_are_advised_are_enough(
    designed: list[tuple[float, float, float]], form: str, bits: int, fraction: int
) -> None:
    """In hardware too, whatever the data are."""
    sos = []
    for near, angle, gain in designed:
        r, cosine = 1 - 10**-near, np.cos(10**angle)
        sos.append([gain, 0, 0, 1, -2 * r * cosine, r * r])
    try:
        dsp.biquads(sos, form=form, bits=bits)
        return
    except CatgradError as error:
        words = str(error)
    if advised := re.search(r"give bits=(\d+)\.", words):
        model = dsp.biquads(sos, form=form, bits=int(advised[1]))
        dsp.Filter(model).hardware(Formats.uniform(fraction + 6, fraction))
    else:
        assert words.endswith("design the filter for a lower sampling rate.")
        assert not re.search(r"\d", words.split(";")[1].replace("df1", ""))


@pytest.mark.parametrize("form", ["df1", "df2t"])
def test_unrolled_in_time_the_integers_are_those_of_ticks(form: str) -> None:
    model = dsp.biquads(signal.butter(2, 0.3, output="sos"), form=form)
    formats = Formats.uniform(16, 12)
    x = np.random.default_rng(0).integers(-4096, 4097, 12) / 4096
    ticks = dsp.run_integers(dsp.Filter(model).hardware(formats), x).output
    unrolled = dsp.Filter(unroll_time(model, len(x))).hardware(formats)
    assert dsp.run_integers(unrolled, x[None]).output[0].tolist() == ticks.tolist()


def test_a_pole_near_the_unit_circle_is_known_exactly() -> None:
    """From two real poles, one of them 1."""
    near = 2.0**-29
    assert poles((near - 2, 1 - near)) == (1, 1 - near)
    assert poles((2 - near, 1 - near)) == (near - 1, -1)


@pytest.mark.parametrize("form", ["df1", "df2t"])
@pytest.mark.parametrize("bits", [None, 18])
def test_the_report_has_the_coefficients_of_the_circuit(form: str, bits: int | None) -> None:
    hardware = dsp.Filter(dsp.biquads(STEEP, form=form, bits=bits)).hardware(ROOMY)
    known = {
        x.x * x.T.fixed.step
        for x in hardware.program.H.x.distinct()[0]
        if isinstance(x, ops.Constant)
    }
    for a in as_compiled(recursive(sections(STEEP, bits)), ROOMY.data.fraction):
        assert {-c for c in a} <= known
    gone = {-c for c in np.ravel(recursive(sections(STEEP, bits)))}
    assert not gone <= known


def test_taps_that_are_lost() -> None:
    """What `fir_report` says is what SciPy says of the constants in the circuit."""
    h = signal.firwin(31, 0.3)
    report = dsp.fir_report(h, DATA, bits=7)
    hardware = dsp.Filter(dsp.fir(h, bits=7)).hardware(ROOMY)
    [kept] = [np.array(x.numbers) for x in hardware.program.H.x if isinstance(x, ops.Array)]
    kept = kept / 2**7
    assert report.lost == ((kept == 0) & (np.abs(h) > 1e-9)).sum() > 0
    found, ideal = (signal.freqz(taps, worN=1 << 13)[1] for taps in (kept, h))
    assert report.gain == pytest.approx(np.abs(found).max())
    assert report.deviation == pytest.approx(np.abs(found - ideal).max())
    fine = dsp.fir_report(h, DATA)
    assert fine.lost == 0
    assert fine.deviation < 1e-4 < report.deviation


def test_no_mean_is_too_small_for_a_dc_blocker() -> None:
    data = Fixed(16, 15)
    model = dsp.dc_blocker(8, mean=Fixed(24, 23))
    _, left = mantissas(model, data, np.full(4000, 40 * data.step))
    assert left[0] == 40
    assert abs(left[-1]) <= 1


def test_an_equaliser_goes_on_by_its_own_decisions() -> None:
    random = np.random.default_rng(0)
    symbols = random.choice([-0.5, 0.5], 3000)
    received = np.convolve(symbols, [1.0, 0.4, -0.2])[:3000]
    taught = np.where(np.arange(3000) < 800, symbols, 0.0)
    loss = dsp.decisions([-0.5, 0.5])
    equaliser = dsp.Filter(dsp.fir(8), dsp.lms(8, 2**-5).rule, loss)
    formats = Formats.uniform(16, 13, weights=Fixed(20, 17))
    for output in (
        dsp.run(equaliser, received, y=taught).output,
        dsp.run_integers(equaliser.hardware(formats), received, y=taught).output,
    ):
        assert (np.sign(output) == np.sign(symbols))[1000:].all()
        assert np.abs(output - symbols)[-300:].max() < 0.2


def refused(f: Any) -> str:
    with pytest.raises(CatgradError) as caught:
        f()
    return str(caught.value).partition("\nat ")[0]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (
            lambda: dsp.fir([1.0, 2.0], form="lattice"),
            "There is no FIR filter of the form 'lattice'; choose direct, transposed or symmetric.",
        ),
        (
            lambda: dsp.fir([1.0, 2.0, 3.0], form="symmetric"),
            (
                "Tap 0 of 3 is 1 but tap 2 is 3, so that the response is not symmetric; use "
                "form='direct'."
            ),
        ),
        (
            lambda: dsp.fir(4, form="transposed"),
            (
                "A transposed FIR filter keeps sums of the past, through which no gradient reaches "
                "the 4 taps; learn those of the direct form."
            ),
        ),
        (
            lambda: dsp.fir(np.ones((2, 2))),
            (
                "A filter has one list of taps, not an array of shape (2, 2); give one such as "
                "scipy.signal.firwin(16, 0.5)."
            ),
        ),
        (
            lambda: dsp.fir(0),
            "A filter needs a whole number of taps, at least 1, not 0; give so many.",
        ),
        (
            lambda: dsp.biquads(signal.butter(2, 0.2, output="ba")[0]),
            (
                "A cascade has rows b0 b1 b2 a0 a1 a2, but this array has shape (3,); design it "
                "with output='sos', as scipy.signal.butter(4, 0.2, output='sos')."
            ),
        ),
        (
            lambda: dsp.biquads(2, form="df2t"),
            (
                "Transposed biquads keep sums of the past, through which no gradient reaches the "
                "coefficients of 2 sections; learn those of the form df1."
            ),
        ),
        (
            lambda: dsp.biquads(STEEP, form="lattice"),
            "There are no biquads of the form 'lattice'; choose df1 or df2t.",
        ),
        (
            lambda: dsp.biquads([[1, 2, 1, 1, 0, 0.5], [1, 0, 0, 1, -2.25, 1.25]]),
            (
                "Section 1 of 2 has a pole 1.25 from 0 and never comes to rest; move it inside "
                "the unit circle, or design the filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.biquads(signal.butter(2, [1e-8, 0.1], "band", output="sos"), bits=30),
            (
                "With 30 bits after the binary point, section 1 of 2 has a pole 1 from 0 and never "
                "comes to rest; design the filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.biquads([[1, 0, 0, 1, -1 - 2**-30, 0]]),
            (
                "Section 0 of 1 has a pole 1.00000000093 from 0 and never comes to rest; move it "
                "inside the unit circle, or design the filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.biquads(SLOW, form="df2t", bits=6),
            (
                "With 6 bits after the binary point, section 0 of 1 has a pole 1 from 0 and never "
                "comes to rest; give bits=12."
            ),
        ),
        (
            lambda: dsp.Filter(dsp.biquads(SLOWER)).hardware(Formats.uniform(16, 14)),
            (
                "With 16 significant bits, as constants have, section 0 of 1 has a pole 1 from 0 "
                "and never comes to rest; give the form df1 data and more bits, or design the "
                "filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.biquads([[1, 0, 0, 1, 2**-50 - 1, 0]], bits=20),
            (
                "With 20 bits after the binary point, section 0 of 1 has a pole 1 from 0 and never "
                "comes to rest; design the filter for a lower sampling rate."
            ),
        ),
        (
            lambda: dsp.biquad_report(STEEP, DATA, look_ahead=2),
            (
                "A look-ahead of 2 is for sections that are as wide as they need to be; give data, "
                "the format of the input."
            ),
        ),
        (
            lambda: dsp.fir([0.01, -0.02, 0.01], bits=4),
            (
                "With 4 bits after the binary point all 3 taps are 0, and the greatest was -0.02; "
                "give bits=5 at least, and more for a response that is close."
            ),
        ),
        (
            lambda: dsp.nco(0.1, phase=Fixed(24, 20)),
            "A phase goes from -1 to 1 in half turns, but SQ(4,20) does not; give Fixed(24, 23).",
        ),
        (
            lambda: dsp.sign_lms(4, 0.1, "taps"),
            "There is no sign LMS of 'taps'; choose error, data or both.",
        ),
        (
            lambda: dsp.agc(-1.0),
            (
                "A gain control has a target, a rate and a greatest gain above 0, not -1.0, "
                "0.00390625 and 16.0; write agc(0.25, rate=2**-8, most=16)."
            ),
        ),
        (
            lambda: dsp.run(dsp.fir([1.0]), np.zeros(0)),
            "The signals have 0 samples; give as many of each, and at least one.",
        ),
        (
            lambda: dsp.run_integers(THIRDS, [0.5, np.nan, 0.25]),
            ("x holds nan in sample 1; a signal has finite numbers, so remove or replace it."),
        ),
        (
            lambda: dsp.run_integers(THIRDS, ["a"]),
            (
                "x holds values of type str_, but a signal has real numbers; convert it, as by "
                "numpy.asarray(x, float)."
            ),
        ),
        (
            lambda: dsp.run(dsp.lms(2, 0.1), [0.5], y=[1j]),
            (
                "y holds values of type complex128, but a signal has real numbers; convert it, as "
                "by numpy.asarray(y, float)."
            ),
        ),
        (
            lambda: dsp.run_integers(
                dsp.lms(2, 0.1).hardware(Formats.uniform(16, 14), Serial()), [0.5], y=[0.5]
            ),
            (
                "There are targets, but this hardware only predicts, as its schedule says; leave "
                "y out, or compile it with a schedule that learns, such as Spatial()."
            ),
        ),
        (
            lambda: dsp.cic_decimator(0),
            "A CIC decimator needs a whole number of samples, at least 1, not 0; give so many.",
        ),
    ],
)
def test_errors(build: Any, words: str) -> None:
    assert refused(build) == words


def test_levels_to_decide_between() -> None:
    assert refused(lambda: dsp.decisions([1, -1])(obj(SAMPLE))).endswith(
        "cannot decide between (1.0, -1.0); give two levels or more, in rising order, none of "
        "them 0."
    )


def test_half_the_sampling_rate_is_exact() -> None:
    """Half a turn for each sample: no step is lost, however long it turns."""
    x = np.zeros(3000)
    hardware = dsp.Filter(dsp.nco(1.0, phase=Fixed(12, 11))).hardware(
        Formats(DATA, DATA, DATA, DATA)
    )
    cosine, _ = dsp.run_integers(hardware, x).outputs
    assert cosine[0] > 0.99
    assert np.array_equal(cosine, cosine[0] * np.where(np.arange(3000) % 2, -1, 1))
