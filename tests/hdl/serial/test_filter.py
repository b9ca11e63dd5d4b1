"""Serial machines equal the integer program, whatever the streams do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.sim import SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from catgrad import Formats, Serial, dsp
from catgrad.hardware import Hardware
from catgrad.hdl.serial.filter import SerialFilter
from catgrad.serial import Sums
from sim import expected, random_samples, simulate
from tests.hdl import bench
from tests.serial.netlists import netlist_of, sums

FORMATS = Formats.uniform(16, 14)
CASCADE = dsp.biquads(dsp.balanced(signal.butter(6, 0.2, output="sos")), bits=14)


@cache
def cascade(schedule: Serial | None = None) -> Hardware:
    return dsp.Filter(CASCADE).hardware(FORMATS, schedule or Serial())


@settings(max_examples=25)
@given(
    sums=sums(),
    seed=st.integers(0, 2**32 - 1),
    stall=st.sampled_from([0.0, 0.3, 0.8, 0.95]),
    loads=st.booleans(),
)
def test_machine_and_netlist(
    sums: Sums, seed: int, stall: float, loads: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netlist = netlist_of(sums)
    random = np.random.default_rng(seed)
    samples = random_samples(netlist, 8, seed, train=0)
    initial = [int(random.integers(f.min, f.max, endpoint=True)) for f in sums.parameters]
    load = initial if loads and initial else None
    design = SerialFilter(netlist, None if load else initial)
    directory = tmp_path_factory.mktemp("sim")
    trace = simulate(design, samples, stall=stall, seed=seed, directory=directory, load=load)
    assert trace.compare(expected(netlist, samples, initial)) > 0


@pytest.mark.parametrize("model", [CASCADE, dsp.fir(7), dsp.resample(np.ones(5) / 8, 2, 3)])
def test_samples_follow_each_other_after_an_interval(model: object, tmp_path: Path) -> None:
    hardware = dsp.Filter(model).hardware(FORMATS, Serial())
    cycles = []
    for count in (4, 9):
        samples, design = random_samples(hardware, count), hardware.component()
        cycles.append(simulate(design, samples, stall=0, directory=tmp_path).cycles)
    assert cycles[1] - cycles[0] == 5 * hardware.report().interval


def test_a_sample_that_is_waited_for_is_predicted_after_the_latency() -> None:
    design = cascade().component()
    seen = []

    async def feed(ctx: SimulatorContext) -> None:
        ctx.set(design.prediction.ready, 1)
        await bench.ticks(ctx, 100)
        for number in (1000, -20000):
            ctx.set(design.x.payload[0], number)
            ctx.set(design.x.valid, 1)
            await bench.until(ctx, design.x.ready)
            ctx.set(design.x.valid, 0)
            waited = 1
            while not ctx.get(design.prediction.valid):
                assert ctx.get(design.busy)
                await ctx.tick()
                waited += 1
            seen.append(waited)
            assert not ctx.get(design.busy)
            await bench.ticks(ctx, 50)

    bench.simulate(design, feed)
    assert seen == [design.latency] * 2


def test_a_reset_clears_the_memory() -> None:
    hardware = cascade()
    samples = random_samples(hardware, 6, 1)
    wanted = expected(hardware.netlist, samples).predictions[:, 0].tolist()
    design, restart = hardware.component(), Signal()
    top = Module()
    top.submodules.design = ResetInserter(restart)(design)
    seen: list[list[int]] = []
    random = np.random.default_rng(0)

    async def feed(ctx: SimulatorContext) -> None:
        for cycles in (1, 3):
            for x in samples.x.tolist():
                await bench.send(ctx, design.x, x, random, 0.5)
            await bench.ticks(ctx, int(random.integers(40, 60)))
            ctx.set(restart, 1)
            await bench.ticks(ctx, cycles)
            ctx.set(restart, 0)

    async def drain(ctx: SimulatorContext) -> None:
        for _ in range(2):
            run = [await bench.receive(ctx, design.prediction, random, 0.2) for _ in wanted]
            seen.append([number for (number,) in run])

    bench.simulate(design, feed, drain, top=top, patient=False)
    assert seen == [wanted, wanted]


def test_parameters_change_between_samples_and_not_within_one() -> None:
    hardware = dsp.Filter(dsp.fir(4)).hardware(Formats.uniform(12, 8), Serial())
    design = hardware.component()
    random = np.random.default_rng(3)
    taps = random.integers(-500, 500, (5, 4)).tolist()
    x = random.integers(-2000, 2000, 5).tolist()
    seen, line = [], [0, 0, 0, 0]

    async def feed(ctx: SimulatorContext) -> None:
        for row, number in zip(taps, x, strict=True):
            for address, value in enumerate(row):
                await bench.send(ctx, design.load, (address, value), random, 0.3)
            await bench.send(ctx, design.x, [number], random, 0.3)
            # The next parameters are offered while this sample is computed.

    async def drain(ctx: SimulatorContext) -> None:
        for _ in x:
            seen.append(await bench.receive(ctx, design.prediction, random, 0.3))
        for address in range(4):
            await bench.send(ctx, design.fetch, address, random, 0.3)
            assert await bench.receive(ctx, design.fetched, random, 0.3) == taps[-1][address]

    bench.simulate(design, feed, drain)
    wanted = []
    for row, number in zip(taps, x, strict=True):
        line = [number, *line[:3]]
        total = sum(a * b for a, b in zip(row, line, strict=True))
        wanted.append((min(max((total + 128) >> 8, -2048), 2047),))
    assert seen == wanted


def test_parameters_are_fetched_while_a_load_waits() -> None:
    design = dsp.Filter(dsp.fir(4)).hardware(Formats.uniform(12, 8), Serial()).component()
    random = np.random.default_rng(4)
    served = []

    async def feed(ctx: SimulatorContext) -> None:
        # Nobody takes the prediction of the first sample, so the second one stays inside.
        for number in (100, 200):
            await bench.send(ctx, design.x, [number], random, 0.3)
        ctx.set(design.load.payload, {"address": 1, "value": -5})
        ctx.set(design.load.valid, 1)
        for address in (1, 2):
            await bench.send(ctx, design.fetch, address, random, 0.3)
            served.append(await bench.receive(ctx, design.fetched, random, 0.3))
        assert not ctx.get(design.load.ready)
        for _ in range(2):
            await bench.receive(ctx, design.prediction, random, 0.3)
        await bench.until(ctx, design.load.ready)
        ctx.set(design.load.valid, 0)
        await bench.send(ctx, design.fetch, 1, random, 0.3)
        served.append(await bench.receive(ctx, design.fetched, random, 0.3))

    bench.simulate(design, feed, budget=1000)
    assert served == [design.initial[1], design.initial[2], -5]


def test_numbers_that_no_block_holds_are_left_to_synthesis() -> None:
    wide = dsp.Filter(dsp.fir([0.25, 0.75])).hardware(Formats.uniform(18, 15), Serial("ice40"))
    report = wide.report()
    assert not report.in_block
    assert report.notes[-1] == (
        f"the multiplier is left to synthesis, since factors of 18 and 3 bits with totals of "
        f"{report.total_bits} do not fit a block, which has 16 for each factor and 32 for totals"
    )
    assert cascade(Serial("ice40")).report().in_block


def test_what_the_report_says() -> None:
    assert str(cascade(Serial("ice40")).report()) == (
        "0 parameters; 73 array operations as 3 sums of 15 products on 1 multiplier, rounded in 1 "
        "way; latency 16 cycles, one sample every 15 cycles, 0 of them idle; totals of 32 bits in "
        "the multiplier block; a ring of 16 numbers of 16 bits, 736 bits of memory in all; it only "
        "predicts"
    )
