"""Pipelines whose samples enter every few cycles, and whose products take turns on blocks."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.back import rtlil
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.circuit.families import DELAYS
from catgrad.circuit.loops import loops
from catgrad.circuit.pipeline import pipeline
from catgrad.circuit.tiles import tiled
from catgrad.errors import CatgradError
from catgrad.hdl import counters, pipelined_learner
from catgrad.hdl.pipelined_learner import PipelinedLearner
from sim import Samples, expected, random_samples, simulate
from tests.hdl.netlists import netlists
from tests.hdl.test_pipelined_learner import late_netlist, late_trace
from tests.sim.cases import CASES, LMS

S8, S12 = Format(8, True), Format(12, True)
PERIODS = {None: 4_000, "ice40up": 50_000, "ecp5": 12_000}


def learner(
    netlist: Netlist,
    more: int = 0,
    family: str | None = "ice40up",
    channels: int = 1,
    period_ps: int | None = None,
    **options: object,
) -> PipelinedLearner:
    """The component, whose samples are `more` cycles further apart than loops ask for."""
    delays = None if family is None else DELAYS[family]
    netlist = tiled(netlist, delays) if delays else netlist
    learned = {port.name for port in netlist.outputs}
    closed = loops(netlist, [n for n in ("parameters", "state", "late") if n in learned], channels)
    asked = {
        "period_ps": period_ps or PERIODS[family],
        "delays": delays,
        "loops": closed,
        "free": ("y",),
        "fixed": () if "parameters" in learned else ("parameters",),
        "together": False,
    }
    beat = pipeline(netlist, **asked).interval + more
    plan = pipeline(netlist, **asked, beat=beat)
    design = PipelinedLearner(plan, channels=channels, **options)
    assert design.interval == beat
    assert design.predict_interval % beat == 0
    return design


@settings(max_examples=25, deadline=None)
@given(
    netlists(cells=24),
    st.integers(0, 99),
    st.sampled_from([0.0, 0.3, 0.8]),
    st.integers(0, 4),
    st.sampled_from([None, "ice40up"]),
)
def test_any_netlist(
    netlist: Netlist, seed: int, stall: float, more: int, family: str | None
) -> None:
    samples = random_samples(netlist, 20, seed)
    design = learner(netlist, more, family)
    trace = simulate(design, samples, stall=stall, seed=seed)
    assert trace.compare(expected(netlist, samples)) > 0


def lines_netlist(taps: int = 4, lines: int = 2) -> Netlist:
    """Filters beside each other: what their taps hold takes turns on the blocks."""
    b = NetlistBuilder()
    weights = b.input("parameters", [S8] * (taps * lines))
    state = b.input("state", [S12] * ((taps - 1) * lines)).reshape(lines, taps - 1)
    xs = b.input("x", [S12] * lines)
    sums, after = [], []
    for x, line, w in zip(xs, state, weights.reshape(lines, taps), strict=True):
        window = [x, *line]
        total = b.mul(window[0], w[0])
        for tap, weight in zip(window[1:], w[1:], strict=True):
            total = b.add(total, b.mul(tap, weight))
        sums.append(total)
        after += window[:-1]
    b.output("prediction", sums)
    b.output("state", after)
    return b.build()


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from([(2, 1), (3, 2), (4, 2), (4, 3)]),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.6]),
    st.integers(0, 99),
)
def test_lines_take_turns(size: tuple[int, int], more: int, stall: float, seed: int) -> None:
    netlist = lines_netlist(*size)
    random = np.random.default_rng(seed)
    begins = random.integers(-99, 99, len(netlist.input("state"))).tolist()
    weights = random.integers(-128, 128, len(netlist.input("parameters"))).tolist()
    samples = random_samples(netlist, 24, seed)
    design = learner(netlist, more, state=begins)
    trace = simulate(design, samples, load=weights, stall=stall, seed=seed)
    found = expected(netlist, samples, weights, begins)
    assert np.array_equal(trace.predictions, found.predictions)


def test_taps_that_take_turns_need_no_multiplexer() -> None:
    """They go round instead, in as many registers as a block has slots."""
    design = learner(lines_netlist(), 1)
    assert (design.interval, len(design.pipeline.turns)) == (2, 4)
    text = rtlil.convert(design, name="learner")
    for place in ("state_0_turn_0", "state_0_turn_1"):
        assert f"\\{place}\n" in text
    assert "state_0_turn_2" not in text


def test_what_is_computed_takes_no_turns_in_registers() -> None:
    """It may be right too late for the look-up table in front of them."""
    b = NetlistBuilder()
    weights, [x] = b.input("parameters", [S8] * 2), b.input("x", [S8])
    state = b.input("state", [S12] * 2)
    b.output("prediction", [b.add(*b.mul(weights, state))])
    b.output("state", [b.wrap(b.add(state[0], x), S12), b.wrap(b.sub(state[1], x), S12)])
    netlist = b.build()
    design = learner(netlist, 1)
    assert (design.interval, len(design.pipeline.turns)) == (2, 1)
    assert "_turn_" not in rtlil.convert(design, name="learner")
    samples = random_samples(netlist, 24)
    trace = simulate(design, samples, load=[70, -90], stall=0.3)
    assert trace.compare(expected(netlist, samples, [70, -90])) > 0


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("more", [1, 3])
def test_parameters_are_loaded_and_fetched(case, more: int) -> None:
    netlist = case.netlist()
    samples = random_samples(netlist, 20)
    trace = simulate(learner(netlist, more), samples, load=case.initial or None)
    assert trace.compare(case.model(samples)) > 0


@pytest.mark.parametrize("delay", [2, 3, 6, 13])
@pytest.mark.parametrize("stall", [0.0, 0.7])
def test_steps_come_late_by_samples_that_are_learned_from(delay: int, stall: float) -> None:
    netlist = late_netlist(delay)
    samples = random_samples(netlist, 50, seed=delay)
    for more, family in ((1, "ice40up"), (2, "ecp5"), (4, None)):
        trace = simulate(learner(netlist, more, family), samples, stall=stall, seed=more)
        wanted = late_trace(delay, samples)
        assert trace.predictions[:, 0].tolist() == [p for p, _ in wanted]
        assert trace.parameters[-1, 0] == wanted[-1][1]


@pytest.mark.parametrize("more", [0, 1, 2])
def test_channels_are_learners_of_their_own(more: int) -> None:
    netlist, channels = LMS.netlist(), 4
    design = learner(netlist, more, channels=channels)
    samples = random_samples(netlist, 6 * channels, seed=more)
    load = np.random.default_rng(0).integers(-128, 128, channels).tolist()
    trace = simulate(design, samples, load=load)
    for channel in range(channels):
        own = slice(channel, None, channels)
        mine = Samples(samples.x[own], samples.y[own], samples.train[own])
        alone = expected(netlist, mine, [load[channel]])
        assert np.array_equal(trace.predictions[own], alone.predictions)
        assert trace.parameters[-1, channel] == alone.parameters[-1, 0]


def test_samples_follow_in_every_beat() -> None:
    netlist = lines_netlist()
    design = learner(netlist, 2)
    samples = random_samples(netlist, 40)
    trace = simulate(design, samples, stall=0)
    cycles = design.latency + 39 * design.interval + 1
    assert cycles <= trace.cycles < cycles + design.interval


def test_its_verilog_does_the_same() -> None:
    netlist = late_netlist(6)
    samples = random_samples(netlist, 40)
    design = learner(netlist, 1)
    assert len(design.pipeline.turns) == 1
    trace = simulate(design, samples, "icarus")
    assert trace.predictions[:, 0].tolist() == [p for p, _ in late_trace(6, samples)]


def test_counters_are_in_two_halves_where_a_chain_is_too_long() -> None:
    netlist = late_netlist(8)
    short, long = (
        rtlil.convert(learner(netlist, 1, period_ps=period_ps), name="learner")
        for period_ps in (17_100, 50_000)
    )
    assert "samples_nearly" in short
    assert "samples_nearly" not in long


@pytest.mark.parametrize("more", [0, 2])
def test_what_the_low_half_of_a_counter_loses_the_high_half_gets(
    more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With halves of 6 bits, so that there are carries."""
    monkeypatch.setattr(pipelined_learner, "COUNTER_BITS", 12)
    monkeypatch.setattr(counters, "is_long", lambda *_: True)
    case = next(case for case in CASES if case.name == "mixed")
    samples = random_samples(case.netlist(), 150)
    design = learner(case.netlist(), max(more, 1))
    assert len(design.samples) == 12
    trace = simulate(design, samples, load=case.initial)
    assert trace.compare(case.model(samples)) > 0
    assert trace.forward_saturations[-1] + trace.learning_saturations[-1] > 128


def test_the_channels_of_a_pipeline_are_those_of_its_loops() -> None:
    plan = learner(LMS.netlist(), channels=3).pipeline
    with pytest.raises(CatgradError) as error:
        PipelinedLearner(plan, channels=2)
    assert str(error.value) == (
        "The loops of this pipeline come back after 3 samples, but it is to have 2 channels; make "
        "it with loops of that distance, or ask for 3 channels."
    )
