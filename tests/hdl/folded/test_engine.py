"""An engine computes what its phases do, whoever makes whom wait."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator, SimulatorContext

from catgrad.folded.machine import Mode, Timing
from catgrad.hdl.folded.engine import Engine
from tests.folded.programs import MODELS
from tests.hdl.bench import simulate, stalls, until
from tests.hdl.folded.engines import Run, expected, machine_of, make_run, perceptron
from tests.hdl.test_verilog import check

SMALL = perceptron(5, 4, 3)


def assert_equal(run: Run) -> None:
    """The run gave what the phases give."""
    phases = run.engine.machine.phases
    predictions, parameters, counters = expected(phases, run.initial, run.x, run.y, run.train)
    assert run.predictions == predictions
    assert run.counters == [counters]
    assert run.parameters == parameters


@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 8])
def test_an_engine_equals_its_phases(lanes: int) -> None:
    run, _ = make_run(SMALL, lanes, seed=lanes, stall=0.3 * (lanes % 3))
    run.simulate()
    assert_equal(run)


@pytest.mark.parametrize("name", ["hinge", "cross_entropy batch"])
def test_lanes_without_anything_to_multiply(name: str) -> None:
    run, _ = make_run(MODELS[name](), 3, seed=5, samples=4, stall=0.3)
    program = run.engine.machine.instructions
    assert any(i.mode is Mode.PARALLEL and not i.factors for i in program)
    run.simulate()
    assert_equal(run)


@pytest.mark.parametrize("seed", [5, 6])
def test_targets_can_be_factors(seed: int) -> None:
    """After a sample without a target, those of the next ones are in the other copy."""
    run, phases = make_run(MODELS["hinge"](), 2, seed, samples=5)
    run.train = [False, True, False, True, True]
    kinds = [phases.arrays[f.array].kind for phase in phases.phases for f in phase.factors]
    assert "y" in kinds
    run.simulate()
    assert_equal(run)


@pytest.mark.parametrize("timing", [Timing(2, 2), Timing(1, 3)])
def test_memories_and_multipliers_can_take_longer(timing: Timing) -> None:
    run, _ = make_run(SMALL, 3, seed=7, samples=4, stall=0.3, timing=timing)
    run.simulate()
    assert_equal(run)


@pytest.mark.parametrize("learn", [0.0, 1.0])
def test_all_or_none_of_the_samples_train(learn: float) -> None:
    run, _ = make_run(SMALL, 2, seed=11, samples=4, stall=0.5, learn=learn)
    run.simulate()
    assert_equal(run)


def test_batches_are_taken_in_row_by_row() -> None:
    run, _ = make_run(perceptron(3, 2, batch=3), 2, seed=5, samples=4, stall=0.3)
    run.simulate()
    assert_equal(run)


@pytest.mark.parametrize("train", [False, True])
def test_latency_and_interval_are_as_stated(train: bool) -> None:
    run, _ = make_run(perceptron(8, 8, 2), 4, seed=3, samples=4, learn=float(train))
    engine, size = run.engine, len(run.x[0])
    taken: list[int] = []
    offered: list[int] = []
    stored: list[int] = []

    async def watch(ctx: SimulatorContext) -> None:
        seen = engine.x.valid & engine.x.ready, engine.prediction.valid, engine.samples
        cycle = numbers = 0
        while True:
            *_, transfer, valid, samples = await ctx.tick().sample(*seen)
            numbers += transfer
            taken.extend([cycle] * (transfer and numbers % size == 0))
            offered.extend([cycle] * valid)
            stored.extend([cycle] * (samples - len(stored)))
            cycle += 1

    simulator = Simulator(engine)
    simulator.add_clock(1e-6)
    for bench in (run.send_x, run.send_y, run.receive):
        simulator.add_testbench(bench)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    assert_equal(run)
    assert offered[0] - taken[0] == engine.latency
    if train:
        assert {b - a for a, b in pairwise(stored)} == {engine.interval}


def test_parameters_are_loaded_between_samples() -> None:
    run, _ = make_run(SMALL, 2, seed=2, samples=3, stall=0.3)
    engine, loaded = run.engine, [n // 2 for n in run.initial]
    run.engine = Engine(engine.machine, run.initial)
    run.initial = loaded

    async def load(ctx: SimulatorContext) -> None:
        for place, number in zip(engine.places.tolist(), loaded, strict=True):
            ctx.set(run.engine.load.payload, {"address": place, "value": number})
            ctx.set(run.engine.load.valid, 1)
            await until(ctx, run.engine.load.ready)
        ctx.set(run.engine.load.valid, 0)

    run.simulate(load)
    assert_equal(run)


def elsewhere(engine: Engine) -> list[int]:
    """The addresses at which there is no parameter."""
    return sorted({*range(1 << len(engine.fetch.payload))} - {*engine.places.tolist()})


@pytest.mark.parametrize(
    ("name", "lanes"), [("mlp", 3), pytest.param("gru", 2, marks=pytest.mark.slow)]
)
def test_what_is_loaded_elsewhere_changes_nothing(name: str, lanes: int) -> None:
    """Not the zeros that make rows whole, nor the targets of the gru that wait in that memory."""
    run, _ = make_run(MODELS[name](), lanes, seed=5, samples=3, stall=0.3)
    engine = run.engine
    assert elsewhere(engine)

    async def load(ctx: SimulatorContext) -> None:
        for place in run.rng.permutation(elsewhere(engine)).tolist():
            ctx.set(engine.load.payload, {"address": place, "value": 77})
            ctx.set(engine.load.valid, 1)
            await until(ctx, engine.load.ready)
            ctx.set(engine.load.valid, 0)
            await stalls(ctx, run.rng, 0.9)

    run.simulate(load)
    assert_equal(run)


def test_what_is_fetched_elsewhere_is_zero() -> None:
    engine = Engine(machine_of(SMALL, 3))
    found: list[int] = []

    async def host(ctx: SimulatorContext) -> None:
        addresses = range(1 << len(engine.fetch.payload))
        for place in addresses:
            ctx.set(engine.load.payload, {"address": place, "value": 1})
            ctx.set(engine.load.valid, 1)
            await until(ctx, engine.load.ready)
        ctx.set(engine.load.valid, 0)
        ctx.set(engine.fetched.ready, 1)
        for place in addresses:
            ctx.set(engine.fetch.payload, place)
            ctx.set(engine.fetch.valid, 1)
            await until(ctx, engine.fetch.ready)
            ctx.set(engine.fetch.valid, 0)
            await until(ctx, engine.fetched.valid)
            found.append(ctx.get(engine.fetched.payload))

    simulate(engine, host)
    there = {*engine.places.tolist()}
    assert found == [int(place in there) for place in range(len(found))]


def test_a_reset_forgets_what_was_to_be_counted() -> None:
    run, _ = make_run(perceptron(2, 3), 2, seed=1)
    engine, reset = run.engine, Signal()
    counters = [engine.forward_saturations, engine.learning_saturations, engine.samples]
    counted = [False] * len(counters)

    async def bench(ctx: SimulatorContext) -> None:
        ctx.set(engine.train, 1)
        ctx.set(engine.prediction.ready, 1)
        for port in (engine.x, engine.y):
            ctx.set(port.payload, -128)
        for cycle in range(10, 50):
            for port in (engine.x, engine.y):
                ctx.set(port.valid, 1)
            await ctx.tick().repeat(cycle)
            assert ctx.get(engine.busy)
            for i, counter in enumerate(counters):
                counted[i] |= ctx.get(counter) > 0
            ctx.set(engine.x.valid, 0)
            ctx.set(engine.y.valid, 0)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            for _ in range(8):
                assert not ctx.get(engine.busy)
                assert [ctx.get(counter) for counter in counters] == [0, 0, 0]
                await ctx.tick()

    simulator = Simulator(ResetInserter(reset)(engine))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert all(counted)


@pytest.mark.parametrize(("sizes", "lanes"), [((5, 4, 3), 3), ((3, 2), 1), ((1, 9, 1), 4)])
def test_no_reader_of_verilog_warns(sizes: tuple[int, ...], lanes: int, tmp_path: Path) -> None:
    check(Engine(machine_of(perceptron(*sizes), lanes)), tmp_path)
