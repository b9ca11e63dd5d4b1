"""A pipelined learner gives the numbers of its netlist, whatever gaps there are between samples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.circuit.families import DELAYS
from catgrad.circuit.loops import loops
from catgrad.circuit.pipeline import pipeline
from catgrad.circuit.sums import with_sums
from catgrad.circuit.tiles import tiled
from catgrad.errors import CatgradError
from catgrad.hdl.pipelined_learner import PipelinedLearner
from catgrad.hdl.verilog import verilog
from sim import Samples, cell_models, cocotb_runner, expected, random_samples, simulate
from tests.hdl.bench import receive, send, ticks, until
from tests.hdl.netlists import netlists
from tests.sim.cases import CASES, LMS, Case

S8, S16 = Format(8, True), Format(16, True)


def learner(
    netlist: Netlist,
    period_ps: int = 3000,
    family: str | None = None,
    channels: int = 1,
    **options: object,
) -> PipelinedLearner:
    """The component for a netlist and a clock; blocks of a family are plain multiplications."""
    delays = None if family is None else DELAYS[family]
    netlist = tiled(netlist, delays) if delays else netlist
    learned = {port.name for port in netlist.outputs}
    carried = [name for name in ("parameters", "state", "late") if name in learned]
    closed = loops(netlist, carried, channels)
    if delays and delays.adds_or_moves:
        netlist, closed = with_sums(netlist, closed)
    plan = pipeline(
        netlist,
        period_ps,
        delays,
        loops=closed,
        free=("y",),
        fixed=() if "parameters" in learned else ("parameters",),
        together=False,
    )
    return PipelinedLearner(plan, channels=channels, **options)


@settings(max_examples=25)
@given(
    netlists(cells=24),
    st.integers(0, 99),
    st.sampled_from([0.0, 0.3, 0.8]),
    st.sampled_from([2000, 4000, 100_000]),
)
def test_any_netlist(netlist: Netlist, seed: int, stall: float, period_ps: int) -> None:
    samples = random_samples(netlist, 20, seed)
    design = learner(netlist, period_ps)
    trace = simulate(design, samples, stall=stall, seed=seed)
    assert trace.compare(expected(netlist, samples)) > 0


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("family", [None, "ecp5"])
def test_parameters_are_loaded_and_fetched(case: Case, family: str | None) -> None:
    netlist = case.netlist()
    samples = random_samples(netlist, 30)
    trace = simulate(learner(netlist, 9000, family), samples, load=case.initial or None)
    assert trace.compare(case.model(samples)) > 0


@pytest.mark.parametrize("case", CASES[:2], ids=["lms", "mixed"])
@pytest.mark.parametrize("channels", [1, 3])
def test_parameters_are_fetched_between_samples(case: Case, channels: int) -> None:
    """After each sample they are those of the model, and the next finds them as they were."""
    netlist = case.netlist()
    samples = random_samples(netlist, 12)
    design = learner(netlist, channels=channels)
    load = [*case.initial] * channels or None
    trace = simulate(design, samples, load=load, alone=True)
    for channel in range(channels):
        own = slice(channel, None, channels)
        mine = Samples(samples.x[own], samples.y[own], samples.train[own])
        alone = case.model(mine)
        k = len(case.initial)
        assert np.array_equal(trace.predictions[own], alone.predictions)
        shown = trace.parameters[own, channel * k : (channel + 1) * k]
        assert np.array_equal(shown, alone.parameters)


def adding() -> Netlist:
    """Two weights, of one format each, that are saturated sums of themselves and a step."""
    b = NetlistBuilder()
    formats = [S8, Format(6, True)]
    weights, x, (y, _) = (
        b.input("parameters", formats),
        b.input("x", [S8] * 2),
        b.input("y", [S8] * 2),
    )
    prediction = b.add(*b.mul(weights, x))
    error = b.sub(y, b.shr(prediction, 5))
    steps = [b.wrap(b.shr(b.mul(error, x[i]), 3), format) for i, format in enumerate(formats)]
    totals = [int(b.add(w, step)) for w, step in zip(weights, steps, strict=True)]
    missed = [b.gt(b.const(1), b.fits(*pair)) for pair in zip(totals, formats, strict=True)]
    b.output("prediction", [prediction])
    b.output("parameters", [b.saturate(*pair) for pair in zip(totals, formats, strict=True)])
    b.output("learning_saturations", [b.add(*missed)])
    return b.build()


def test_weights_that_are_held_as_sums() -> None:
    """They saturate often, and are the same after each sample."""
    netlist = adding()
    samples = random_samples(netlist, 60)
    design = learner(netlist, 9000, "ecp5")
    assert [loop.addend is None for loop in design.pipeline.loops] == [False, False]
    wanted = expected(netlist, samples)
    assert wanted.learning_saturations[-1] > 20
    assert simulate(design, samples, stall=0.3, alone=True).compare(wanted) > 0
    assert simulate(learner(netlist, 9000, "ecp5"), samples, stall=0.3).compare(wanted) > 0


@pytest.mark.parametrize(
    ("netlist", "channels", "period_ps", "family"),
    [
        *((CASES[1].netlist(), *options, None) for options in product([1, 3], [2000, 8000])),
        (adding(), 1, 9000, "ecp5"),
    ],
)
def test_parameters_are_reached_in_the_middle_of_a_stream(
    netlist: Netlist, channels: int, period_ps: int, family: str | None
) -> None:
    """Whenever a load or a fetch is raised, it takes place between two samples."""
    places = 2 * channels
    design = learner(netlist, period_ps, family, channels=channels)
    samples = random_samples(netlist, 60, seed=3)
    rng, stalls_rng = np.random.default_rng(channels), np.random.default_rng(9)
    targets = samples.y[samples.train]
    events: list[tuple[object, ...]] = []
    predictions: list[list[int]] = []
    fetched: list[int] = []

    async def x(ctx: SimulatorContext) -> None:
        for row, train in zip(samples.x.tolist(), samples.train.tolist(), strict=True):
            ctx.set(design.train, int(train))
            await send(ctx, design.x, row, stalls_rng, 0.4)

    async def y(ctx: SimulatorContext) -> None:
        for row in targets.tolist():
            await send(ctx, design.y, row, np.random.default_rng(0), 0.0)

    async def prediction(ctx: SimulatorContext) -> None:
        for _ in range(len(samples)):
            row = await receive(ctx, design.prediction, np.random.default_rng(0), 0.0)
            predictions.append(list(row))

    async def access(ctx: SimulatorContext) -> None:
        for number in range(40):
            await ticks(ctx, int(rng.integers(1, 12)))
            place = int(rng.integers(places))
            if number % 3 == 2:
                value = int(rng.integers(32))
                load = {"address": place, "value": value}
                ctx.set(design.load.payload, load)
                ctx.set(design.load.valid, 1)
                await until(ctx, design.load.ready)
                ctx.set(design.load.valid, 0)
            else:
                ctx.set(design.fetch.payload, place)
                ctx.set(design.fetch.valid, 1)
                await until(ctx, design.fetch.ready)
                ctx.set(design.fetch.valid, 0)

    async def answers(ctx: SimulatorContext) -> None:
        ctx.set(design.fetched.ready, 1)
        seen = design.fetched.valid, design.fetched.payload
        async for *_, valid, payload in ctx.tick().sample(*seen):
            if valid:
                fetched.append(payload)

    async def watch(ctx: SimulatorContext) -> None:
        ports = (design.x, design.load, design.fetch)
        valid = [port.valid & port.ready for port in ports]
        seen = (*valid, design.load.payload, design.fetch.payload)
        async for *_, entered, loads, fetches, load, place in ctx.tick().sample(*seen):
            assert entered + loads + fetches <= 1
            if entered:
                events.append(("sample",))
            if loads:
                events.append(("load", load["address"], load["value"]))
            if fetches:
                events.append(("fetch", place))

    async def end(ctx: SimulatorContext) -> None:
        while len(predictions) < len(samples) or len(fetched) < 27:
            await ctx.tick()

    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    for testbench in (x, y, prediction, access, end):
        simulator.add_testbench(testbench)
    for background in (answers, watch):
        simulator.add_testbench(background, background=True)

    async def watchdog(ctx: SimulatorContext) -> None:
        await ticks(ctx, 20_000)
        raise AssertionError("cycle budget spent")

    simulator.add_testbench(watchdog, background=True)
    simulator.run()

    weights, number, wanted, shown = [0] * places, 0, [], []
    for event, *details in events:
        if event == "load":
            weights[details[0]] = details[1]
        elif event == "fetch":
            shown.append(weights[details[0]])
        else:
            one = slice(number, number + 1)
            sample = Samples(samples.x[one], samples.y[one], samples.train[one])
            own = slice(number % channels * 2, number % channels * 2 + 2)
            alone = expected(netlist, sample, weights[own])
            wanted.append(alone.predictions[0].tolist())
            weights[own] = alone.parameters[-1].tolist()
            number += 1
    assert number == len(samples)
    assert (predictions, fetched) == (wanted, shown)


@pytest.mark.parametrize("evaluator", ["icarus", "cxxrtl"])
def test_its_verilog_does_the_same(evaluator: str) -> None:
    case = CASES[1]
    netlist = case.netlist()
    samples = random_samples(netlist, 30)
    trace = simulate(learner(netlist), samples, evaluator, load=case.initial)
    assert trace.compare(case.model(samples)) > 0


def filter_netlist(taps: int = 4) -> Netlist:
    """A line of samples, with the sum of which no loop interferes."""
    b = NetlistBuilder()
    line, (x,) = b.input("state", [S8] * (taps - 1)), b.input("x", [S8])
    window = [x, *line]
    total = b.mul(window[0], window[-1])
    for tap in window[1:]:
        total = b.add(total, b.mul(tap, b.const(3)))
    b.output("prediction", [total])
    b.output("state", window[:-1])
    return b.build()


def test_without_learning_there_is_one_sample_a_clock() -> None:
    netlist = filter_netlist()
    design = learner(netlist)
    assert (design.interval, design.predict_interval) == (1, 1)
    assert design.latency > 4
    samples = random_samples(netlist, 50)
    trace = simulate(design, samples, stall=0)
    assert trace.compare(expected(netlist, samples)) > 0
    assert trace.cycles == design.latency + 49 + 1


@given(st.integers(0, 50), st.sampled_from([0.0, 0.5]))
@settings(max_examples=10)
def test_state_changes_with_every_sample(seed: int, stall: float) -> None:
    netlist = filter_netlist(5)
    samples = random_samples(netlist, 30, seed)
    trace = simulate(learner(netlist), samples, stall=stall, seed=seed)
    assert trace.compare(expected(netlist, samples)) > 0


def test_samples_that_are_only_predicted_follow_at_once() -> None:
    """What is learned delays those after a sample, and no others."""
    netlist = LMS.netlist()
    design = learner(netlist)
    assert design.interval > design.predict_interval == 1
    samples = random_samples(netlist, 20)
    cycles = {}
    for train in (False, True):
        given_ = Samples(samples.x, samples.y, np.full(20, train))
        trace = simulate(design, given_, stall=0)
        trace.compare(expected(netlist, given_))
        cycles[train] = trace.cycles
    assert cycles[False] == design.latency + 19 + 1
    assert cycles[True] > cycles[False] + 19 * (design.interval - 1)


def late_netlist(delay: int) -> Netlist:
    """One weight: w' = w + e x, of `delay` learned samples ago, where e = y - w x, shifted."""
    b = NetlistBuilder()
    (w,), queue = b.input("parameters", [S16]), b.input("late", [S16] * delay)
    (x,), (y,) = b.input("x", [S8]), b.input("y", [S8])
    p = b.shr(b.mul(w, x), 6)
    b.output("prediction", [p])
    b.output("parameters", [b.saturate(b.add(w, queue[-1]), S16)])
    step = b.saturate(b.shr(b.mul(b.sub(y, p), x), 2), S16)
    b.output("late", [step, *queue[:-1]])
    return b.build()


def late_trace(delay: int, samples: Samples) -> list[tuple[int, int]]:
    """Its predictions and weights, in plain Python."""
    w, queue, rows = 0, [0] * delay, []
    for (x,), (y,), train in zip(samples.x, samples.y, samples.train, strict=True):
        p = (w * int(x)) >> 6
        if train:
            step = min(max(((int(y) - p) * int(x)) >> 2, S16.min), S16.max)
            w = min(max(w + queue[-1], S16.min), S16.max)
            queue = [step, *queue[:-1]]
        rows.append((p, w))
    return rows


@pytest.mark.parametrize("delay", [1, 2, 3, 4, 6, 13])
@pytest.mark.parametrize("stall", [0.0, 0.7])
def test_steps_come_late_by_samples_that_are_learned_from(delay: int, stall: float) -> None:
    netlist = late_netlist(delay)
    samples = random_samples(netlist, 60, seed=delay)
    for period_ps, family in ((2500, None), (7000, "ecp5"), (100_000, None)):
        trace = simulate(learner(netlist, period_ps, family), samples, stall=stall)
        found = trace.predictions[:, 0].tolist()
        wanted = late_trace(delay, samples)
        assert found == [p for p, _ in wanted]
        assert trace.parameters[-1, 0] == wanted[-1][1]


def test_a_delay_allows_one_sample_a_clock() -> None:
    assert learner(late_netlist(1), 8000).interval > 1
    assert learner(late_netlist(13), 8000).interval == 1


@pytest.mark.parametrize("channels", [2, 5, 16])
@pytest.mark.parametrize("family", [None, "ecp5"])
def test_channels_are_learners_of_their_own(channels: int, family: str | None) -> None:
    netlist = LMS.netlist()
    design = learner(netlist, 8000, family, channels)
    samples = random_samples(netlist, 7 * channels, seed=channels)
    load = np.random.default_rng(0).integers(-128, 128, channels).tolist()
    trace = simulate(design, samples, load=load)
    for channel in range(channels):
        own = slice(channel, None, channels)
        mine = Samples(samples.x[own], samples.y[own], samples.train[own])
        alone = expected(netlist, mine, [load[channel]])
        assert np.array_equal(trace.predictions[own], alone.predictions)
        assert trace.parameters[-1, channel] == alone.parameters[-1, 0]


def test_channels_keep_state_of_their_own() -> None:
    netlist = filter_netlist(3)
    samples = random_samples(netlist, 24)
    trace = simulate(learner(netlist, channels=3), samples)
    for channel in range(3):
        mine = Samples(samples.x[channel::3], None, samples.train[channel::3])
        assert np.array_equal(trace.predictions[channel::3], expected(netlist, mine).predictions)


def test_channels_and_delays_exclude_each_other() -> None:
    with pytest.raises(CatgradError) as error:
        learner(late_netlist(2), channels=4)
    assert str(error.value) == (
        "A pipeline has 4 channels or a delayed rule, not both; give each channel its own "
        "pipeline, or leave the delay out."
    )


@pytest.mark.parametrize("channels", [2, 3])
def test_what_waits_behind_state_is_that_of_its_channel(channels: int) -> None:
    netlist = filter_netlist(8)
    samples = random_samples(netlist, 12 * channels)
    trace = simulate(learner(netlist, 2000, channels=channels), samples)
    for channel in range(channels):
        own = slice(channel, None, channels)
        mine = Samples(samples.x[own], None, samples.train[own])
        assert np.array_equal(trace.predictions[own], expected(netlist, mine).predictions)


def fixed_netlist() -> Netlist:
    """Weights that nothing changes, and are read in several stages."""
    b = NetlistBuilder()
    weights, xs = b.input("parameters", [S8] * 3), b.input("x", [S8] * 3)
    total = b.const(0)
    for w, x in zip(weights, xs, strict=True):
        total = b.add(b.saturate(total, S16), b.mul(w, x))
    b.output("prediction", [total])
    return b.build()


@pytest.mark.parametrize("period_ps", [2000, 8000])
def test_channels_that_do_not_learn_have_parameters_of_their_own(period_ps: int) -> None:
    netlist = fixed_netlist()
    samples = random_samples(netlist, 30)
    load = np.random.default_rng(0).integers(-128, 128, 9).tolist()
    trace = simulate(learner(netlist, period_ps, channels=3), samples, load=load)
    for channel in range(3):
        mine = Samples(samples.x[channel::3], None, samples.train[channel::3])
        alone = expected(netlist, mine, load[channel * 3 : channel * 3 + 3])
        assert np.array_equal(trace.predictions[channel::3], alone.predictions)


def test_the_cells_of_ecp5_do_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiplier blocks, and adders that take in what is loaded, by models of them."""
    netlist = adding()
    samples = random_samples(netlist, 40)
    plan = learner(netlist, 9000, "ecp5").pipeline
    design, cells = (PipelinedLearner(plan, [3, -2], family=family) for family in (None, "ecp5"))
    source = "\n".join([verilog(cells, cocotb_runner.TOP), cell_models.ecp5()])
    assert "CCU2C" in source
    monkeypatch.setattr(cocotb_runner, "verilog", lambda _design, _name: source)
    trace = simulate(design, samples, "icarus", stall=0.3, load=[5, -30], alone=True)
    assert trace.compare(expected(netlist, samples, [5, -30])) > 0
