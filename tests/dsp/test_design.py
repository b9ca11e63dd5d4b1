"""What designs promise: responses, noise, exact wrapping, gradients; and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from catgrad import CatgradError, Dtype, Fixed, Formats, NdArrayType, Serial, dsp, obj
from catgrad.bidirectional.unrolled import unroll_time
from catgrad.dsp.biquad import sections
from catgrad.dsp.lines import SAMPLE
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.parameter import factor_parameters
from tests.bidirectional.differences import check

D = NdArrayType((), Dtype.float64)
STEEP = dsp.balanced(signal.cheby1(6, 0.5, 0.15, output="sos"))
DATA = Fixed(18, 15)
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
    hardware = dsp.Filter(dsp.biquads(STEEP, **options)).hardware(Formats.uniform(18, 15))
    x = np.random.default_rng(1).uniform(-0.9, 0.9, 5000)
    x = np.round(x / DATA.step) * DATA.step
    rounded = np.ascontiguousarray(np.insert(sections(STEEP, 16), 3, 1.0, axis=1))
    run = dsp.run_integers(hardware, x)
    assert run.saturations == 0
    measured = (run.output - signal.sosfilt(rounded, x)).var()
    assert 0.7 < measured / report.noise < 1.4


def test_coarse_coefficients_are_unstable() -> None:
    sos = signal.butter(2, 0.004, output="sos")
    assert dsp.biquad_report(sos, DATA).is_stable
    coarse = dsp.biquad_report(sos, DATA, bits=6)
    assert not coarse.is_stable
    assert coarse.noise == np.inf
    assert str(coarse).startswith("1 section, UNSTABLE: greatest pole radius 1")


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
