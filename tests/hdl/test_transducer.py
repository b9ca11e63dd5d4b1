"""A transducer computes what its netlist does, whoever makes whom wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter, Signal, signed, unsigned
from amaranth.lib import data
from amaranth.sim import SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.evaluate import Evaluator
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Netlist
from catgrad.hdl.transducer import Transducer
from tests.hdl.bench import packed, receive, send, simulate, stalls, ticks, unpacked, until
from tests.hdl.netlists import netlists, random_netlist, random_values

Ints = list[int]


class Reference:
    """The netlist, its parameters and its counters, one sample after another."""

    def __init__(self, netlist: Netlist, parameters: Ints) -> None:
        self.evaluator = Evaluator(netlist)
        self.inputs = {port.name: len(port) for port in netlist.inputs}
        self.parameters = list(parameters)
        self.counters = [0, 0, 0]

    def step(self, x: Ints, y: Ints, train: bool) -> tuple[tuple[int, ...], Ints, Ints]:
        """The prediction, then the parameters and the counters."""
        given = {"parameters": self.parameters, "x": x, "y": y if train else [0] * len(y)}
        outputs = {
            name: output[0].tolist()
            for name, output in self.evaluator(
                {name: [given[name]] for name in self.inputs}
            ).items()
        }
        if train:
            self.parameters = outputs.get("parameters", self.parameters)
        self.counters[0] += outputs.get("forward_saturations", [0])[0]
        self.counters[1] += train and outputs.get("learning_saturations", [0])[0]
        self.counters[2] += 1
        return tuple(outputs["prediction"]), list(self.parameters), list(self.counters)


def counters(t: Transducer) -> list[Signal]:
    return [t.forward_saturations, t.learning_saturations, t.samples]


@dataclass
class Run:
    """Samples through a transducer, each port stalling as often as it is told.

    After a run: `taken` targets were consumed, and `trace` has for each sample what `Reference`
    computes.
    """

    transducer: Transducer
    x: list[Ints]
    y: list[Ints]
    train: list[bool]
    rng: np.random.Generator
    stall: dict[str, float]
    taken: int = 0
    trace: list[tuple[Any, Ints, Ints]] = field(default_factory=list)

    async def send_x(self, ctx: SimulatorContext) -> None:
        t, port = self.transducer, self.transducer.x
        for x, train in zip(self.x, self.train, strict=True):
            await stalls(ctx, self.rng, self.stall["x"])
            ctx.set(port.payload, packed(port.payload.shape(), x))
            ctx.set(port.valid, 1)
            if t.learns:
                ctx.set(t.train, train)
            await until(ctx, port.ready)
            ctx.set(port.valid, 0)
            ctx.set(port.payload, packed(port.payload.shape(), [0] * len(x)))
            if t.learns:  # Only its value at the transfer counts.
                ctx.set(t.train, int(self.rng.integers(2)))

    async def send_y(self, ctx: SimulatorContext) -> None:
        if self.transducer.has_target:
            for y, train in zip(self.y, self.train, strict=True):
                if train:
                    await send(ctx, self.transducer.y, y, self.rng, self.stall["y"])
                    self.taken += 1

    async def receive_predictions(self, ctx: SimulatorContext) -> None:
        t = self.transducer
        for _ in self.x:
            await stalls(ctx, self.rng, self.stall["prediction"])
            ctx.set(t.prediction.ready, 1)
            prediction, parameters, *counts = await until(
                ctx, t.prediction.valid, t.prediction.payload, t.parameters, *counters(t)
            )
            ctx.set(t.prediction.ready, 0)
            self.trace.append((unpacked(prediction), list(unpacked(parameters)), counts))

    def simulate(self, *others: Any) -> None:
        simulate(self.transducer, self.send_x, self.send_y, self.receive_predictions, *others)


def make_run(
    netlist: Netlist, seed: int, samples: int = 8, cycles: int = 1, stall: float | None = None
) -> tuple[Run, Reference]:
    rng = np.random.default_rng(seed)

    def values(name: str) -> list[Ints]:
        formats = {port.name: port.formats for port in netlist.inputs}.get(name, ())
        if not formats:
            return [[] for _ in range(samples)]
        return random_values(rng, formats, samples).tolist()

    initial = values("parameters")[0]
    transducer = Transducer(netlist, initial, cycles)
    train = (rng.random(samples) < 0.7) & transducer.learns
    ports = ("x", "y", "prediction")
    stall_of = {p: rng.choice([0, 0.3, 0.8]) if stall is None else stall for p in ports}
    run = Run(transducer, values("x"), values("y"), train.tolist(), rng, stall_of)
    return run, Reference(netlist, initial)


def expected(run: Run, reference: Reference) -> list[tuple[Any, Ints, Ints]]:
    return [reference.step(*sample) for sample in zip(run.x, run.y, run.train, strict=True)]


@settings(max_examples=50)
@given(netlists(cells=30), st.integers(0, 2**32), st.integers(1, 5))
def test_no_sample_is_lost_doubled_or_changed(netlist: Netlist, seed: int, cycles: int) -> None:
    run, reference = make_run(netlist, seed, cycles=cycles)
    run.simulate()
    assert run.trace == expected(run, reference)
    assert run.taken == sum(run.train)


@settings(max_examples=20)
@given(netlists(cells=30, learns=False), st.integers(0, 2**32), st.integers(1, 3))
def test_a_netlist_that_only_predicts(netlist: Netlist, seed: int, cycles: int) -> None:
    run, reference = make_run(netlist, seed, cycles=cycles)
    assert not {"y", "train"} & set(run.transducer.signature.members)
    run.simulate()
    assert run.trace == expected(run, reference)


@given(st.integers(0, 2**32))
@settings(max_examples=10)
def test_without_training_parameters_stay_and_targets_wait(seed: int) -> None:
    run, reference = make_run(random_netlist(seed), seed)
    run.train = [False] * len(run.x)
    initial = list(reference.parameters)

    async def offer_target(ctx: SimulatorContext) -> None:
        ctx.set(run.transducer.y.valid, 1)
        while len(run.trace) < len(run.x):
            *_, taken = await ctx.tick().sample(run.transducer.y.ready)
            assert not taken

    run.simulate(offer_target)
    assert [parameters for _, parameters, _ in run.trace] == [initial] * len(run.x)
    assert [counts[1] for _, _, counts in run.trace] == [0] * len(run.x)
    assert run.trace == expected(run, reference)


def sum_netlist(n: int = 1, k: int = 2) -> Netlist:
    """prediction = x + parameters[0], and each parameter moves by y."""
    b = NetlistBuilder()
    parameters = b.input("parameters", [Format(8, i % 2 == 0) for i in range(k)])
    x, y = b.input("x", [Format(8, True)] * n), b.input("y", [Format(8, True)])
    b.output("prediction", b.add(x, parameters[0]))
    formats = b.build().input("parameters").formats
    new = [b.wrap(b.add(p, y[0]), f) for p, f in zip(parameters, formats, strict=True)]
    b.output("parameters", new, formats)
    b.output("learning_saturations", [b.gt(y[0], parameters[0])])
    return b.build()


@pytest.mark.parametrize("cycles", [1, 2, 7])
@pytest.mark.parametrize("late", ["neither", "x", "y"])
def test_latency_and_interval_are_as_stated(cycles: int, late: str) -> None:
    """Where nothing stalls; and where one of x and y comes 3 cycles after the other."""
    t = Transducer(sum_netlist(), [3, 4], cycles)
    transfers: list[int] = []
    valid: list[int] = []

    async def offer(ctx: SimulatorContext) -> None:
        ctx.set(t.train, 1)
        ctx.set(t.prediction.ready, 1)
        for port in (t.x, t.y):
            ctx.set(port.valid, port is not getattr(t, late, None))
        await ticks(ctx, 3)
        for port in (t.x, t.y):
            ctx.set(port.valid, 1)

    async def watch(ctx: SimulatorContext) -> None:
        last = {"x": -1, "y": -1}
        seen = t.x.valid, t.x.ready, t.y.valid, t.y.ready, t.prediction.valid
        for now in range(40):
            *_, x_valid, x_ready, y_valid, y_ready, predicts = await ctx.tick().sample(*seen)
            if predicts:
                valid.append(now)
                transfers.append(max(last.values()))
            last["x"] = now if x_valid and x_ready else last["x"]
            last["y"] = now if y_valid and y_ready else last["y"]

    simulate(t, offer, watch)
    assert t.latency == t.interval == cycles + 1
    assert {a - b for a, b in zip(valid, transfers, strict=True)} == {t.latency}
    assert set(np.diff(valid).tolist()) == {t.interval}


def test_a_target_may_come_long_after_its_input_and_long_before() -> None:
    run, reference = make_run(sum_netlist(), 0, samples=6)
    run.train = [True] * 6
    x_first, y_first = {"x": 0.0, "y": 0.95}, {"x": 0.95, "y": 0.0}
    for stall in (x_first, y_first):
        again = Run(
            Transducer(sum_netlist(), reference.parameters),
            run.x,
            run.y,
            run.train,
            run.rng,
            stall | {"prediction": 0.0},
        )
        again.simulate()
        assert again.trace == expected(again, Reference(sum_netlist(), reference.parameters))


def test_an_input_is_taken_before_its_target_is_offered() -> None:
    """So that one wire can carry both, one after the other."""
    t = Transducer(sum_netlist(), [3, 0])
    rng = np.random.default_rng(0)
    predictions = []

    async def one_after_the_other(ctx: SimulatorContext) -> None:
        ctx.set(t.train, 1)
        for x, y in ((5, -2), (6, 100)):
            await send(ctx, t.x, [x], rng, 0)
            await ticks(ctx, 5)
            await send(ctx, t.y, [y], rng, 0)
            predictions.append(await receive(ctx, t.prediction, rng, 0))

    simulate(t, one_after_the_other)
    assert predictions == [(8,), (7,)]


@settings(max_examples=25)
@given(
    st.lists(st.builds(Format, st.integers(1, 12), st.booleans()), min_size=1, max_size=9),
    st.integers(0, 2**32),
)
def test_loading_and_fetching_is_exact(formats: list[Format], seed: int) -> None:
    b = NetlistBuilder()
    b.input("parameters", formats)
    b.output("prediction", b.input("x", [Format(4, True)]))
    rng = np.random.default_rng(seed)
    initial, loaded = random_values(rng, formats, 2).tolist()
    t = Transducer(b.build(), initial)
    k = len(formats)
    addresses = range(1 << len(t.fetch.payload))
    before, after = [], []

    async def host(ctx: SimulatorContext) -> None:
        async def fetch(into: Ints) -> None:
            for address in addresses:
                await send(ctx, t.fetch, address, rng, 0.3)
                into.append(await receive(ctx, t.fetched, rng, 0.3))

        await fetch(before)
        assert list(unpacked(ctx.get(t.parameters))) == initial
        for address in rng.permutation(addresses).tolist():
            value = loaded[address] if address < k else 1
            await send(ctx, t.load, [address, value], rng, 0.3)
        await fetch(after)
        assert list(unpacked(ctx.get(t.parameters))) == loaded

    simulate(t, host)
    beyond = [0] * (len(addresses) - k)
    assert (before, after) == (initial + beyond, loaded + beyond)


def test_the_low_bits_of_a_loaded_value_count() -> None:
    t = Transducer(sum_netlist())
    rng = np.random.default_rng(0)

    async def host(ctx: SimulatorContext) -> None:
        await send(ctx, t.load, [0, 255], rng, 0)
        await send(ctx, t.load, [1, -1], rng, 0)
        assert unpacked(ctx.get(t.parameters)) == (-1, 255)

    simulate(t, host)


def test_loading_waits_for_the_sample_inside_and_goes_before_the_next() -> None:
    t = Transducer(sum_netlist(), [10, 0], cycles=4)
    rng = np.random.default_rng(0)
    predictions: list[Any] = []
    sent = Signal()

    async def offer_samples(ctx: SimulatorContext) -> None:
        ctx.set(t.train, 0)
        ctx.set(t.x.valid, 1)

    async def load(ctx: SimulatorContext) -> None:
        await until(ctx, t.x.valid & t.x.ready)
        for value in (20, 30):  # In one burst: no sample comes between.
            await send(ctx, t.load, [0, value], rng, 0)
        ctx.set(sent, 1)

    async def take_predictions(ctx: SimulatorContext) -> None:
        await ticks(ctx, 10)
        assert ctx.get(t.load.valid)
        assert not ctx.get(t.load.ready)
        for _ in range(3):
            predictions.append(await receive(ctx, t.prediction, rng, 0))
        assert ctx.get(sent)

    simulate(t, offer_samples, load, take_predictions)
    assert predictions == [(10,), (30,), (30,)]


@settings(max_examples=20)
@given(netlists(cells=20), st.integers(0, 2**32), st.integers(1, 3))
def test_loads_and_fetches_among_samples(netlist: Netlist, seed: int, cycles: int) -> None:
    """In the order of the transfers, each sees the effect of those before it."""
    run, reference = make_run(netlist, seed, cycles=cycles)
    t, rng = run.transducer, run.rng
    formats = netlist.input("parameters").formats
    events: list[tuple[str, Any]] = []
    asked, answers = [], []

    async def load(ctx: SimulatorContext) -> None:
        for values in random_values(rng, formats, 3).tolist():
            for address, value in enumerate(values):
                await send(ctx, t.load, [address, value], rng, 0.8)

    async def fetch(ctx: SimulatorContext) -> None:
        for address in rng.integers(0, len(formats), 9).tolist():
            await send(ctx, t.fetch, address, rng, 0.5)
            answers.append(await receive(ctx, t.fetched, rng, 0.5))

    async def watch(ctx: SimulatorContext) -> None:
        loads, samples, fetches = (p.valid & p.ready for p in (t.load, t.x, t.fetch))
        entry, address = t.load.payload, t.fetch.payload
        seen = loads, entry.address, entry.value, samples, fetches, address, t.parameters
        while len(run.trace) < len(run.x) or len(answers) < 9:
            _, _, *now = await ctx.tick().sample(*seen)
            loaded, where, value, sample, fetched, address_now, parameters = now
            assert not (loaded and sample)
            if loaded:
                events.append(("load", (where, value)))
            if sample:
                events.append(("sample", None))
            if fetched:
                asked.append(unpacked(parameters)[address_now])

    run.simulate(load, fetch, watch)
    samples = iter(zip(run.x, run.y, run.train, strict=True))
    predicted = []
    for event, change in events:
        if event == "load":
            reference.parameters[change[0]] = change[1]
        else:
            predicted.append(reference.step(*next(samples)))
    assert run.trace == predicted
    assert answers == asked


def test_fetching_goes_on_during_a_computation() -> None:
    t = Transducer(sum_netlist(), [10, 7], cycles=9)
    rng = np.random.default_rng(0)

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(t.train, 1)
        ctx.set(t.y.valid, 1)
        ctx.set(t.y.payload, [-20])
        await send(ctx, t.x, [0], rng, 0)
        await send(ctx, t.fetch, 0, rng, 0)
        assert await receive(ctx, t.fetched, rng, 0) == 10
        assert not ctx.get(t.prediction.valid)
        assert await receive(ctx, t.prediction, rng, 0) == (10,)
        await send(ctx, t.fetch, 0, rng, 0)
        assert await receive(ctx, t.fetched, rng, 0) == -10

    simulate(t, host)


def test_a_burst_of_fetches_is_one_a_cycle() -> None:
    t = Transducer(sum_netlist(k=4), [1, 2, 3, 4])
    values = []

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(t.fetched.ready, 1)
        ctx.set(t.fetch.valid, 1)
        for address in range(4):
            ctx.set(t.fetch.payload, address)
            *_, ready = await ctx.tick().sample(t.fetch.ready)
            assert ready
            assert ctx.get(t.fetched.valid)
            values.append(ctx.get(t.fetched.payload))

    simulate(t, host)
    assert values == [1, 2, 3, 4]


@given(st.integers(0, 40), st.integers(1, 4))
@settings(max_examples=20)
def test_reset_forgets_the_sample_inside(when: int, cycles: int) -> None:
    t = Transducer(sum_netlist(), [3, 4], cycles)
    reset = Signal()
    top = Module()
    top.submodules += ResetInserter(reset)(t)
    rng = np.random.default_rng(when)

    async def host(ctx: SimulatorContext) -> None:
        ctx.set(t.train, 1)
        ctx.set(t.x.valid, 1)
        ctx.set(t.y.valid, 1)
        ctx.set(t.y.payload, [5])
        ctx.set(t.prediction.ready, 1)
        await ticks(ctx, when + 1)
        for port in (t.x, t.y):
            ctx.set(port.valid, 0)
        ctx.set(t.prediction.ready, 0)
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        assert not ctx.get(t.prediction.valid)
        assert unpacked(ctx.get(t.parameters)) == (3, 4)
        assert [ctx.get(counter) for counter in counters(t)] == [0, 0, 0]
        await ticks(ctx, cycles + 3)
        assert not ctx.get(t.prediction.valid)
        await send(ctx, t.x, [100], rng, 0)
        await send(ctx, t.y, [-1], rng, 0)
        assert await receive(ctx, t.prediction, rng, 0) == (103,)
        assert unpacked(ctx.get(t.parameters)) == (2, 3)
        assert [ctx.get(counter) for counter in counters(t)] == [0, 0, 1]

    simulate(t, host, top=top, patient=False)


def test_members_follow_the_netlist() -> None:
    counts = {"forward_saturations", "learning_saturations", "samples"}
    store = {"parameters", "load", "fetch", "fetched"}
    assert set(Transducer(sum_netlist()).signature.members) == (
        {"x", "y", "train", "prediction"} | store | counts
    )
    b = NetlistBuilder()
    b.output("prediction", b.input("x", [Format(4, True), Format(4, False)]))
    t = Transducer(b.build())
    assert set(t.signature.members) == {"x", "prediction"} | counts
    assert t.x.payload.shape() == data.StructLayout({"0": signed(4), "1": unsigned(4)})
