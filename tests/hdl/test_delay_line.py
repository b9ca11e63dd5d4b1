"""The last samples of a stream; and a filter that adapts."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth.hdl import Module, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Netlist
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.transducer import Transducer
from tests.hdl.bench import receive, send, simulate, unpacked, until


def history(samples: list[int], taps: int) -> list[tuple[int, ...]]:
    padded = [0] * (taps - 1) + samples
    return [tuple(padded[i : i + taps][::-1]) for i in range(len(samples))]


@settings(max_examples=40)
@given(
    st.lists(st.integers(-8, 7), max_size=12),
    st.integers(1, 5),
    st.sampled_from([0, 0.3, 0.8]),
    st.sampled_from([0, 0.3, 0.8]),
)
def test_each_sample_comes_out_with_those_before_it(
    samples: list[int], taps: int, stall_i: float, stall_o: float
) -> None:
    line = DelayLine(signed(4), taps)
    rng = np.random.default_rng(0)
    received: list[Any] = []

    async def source(ctx: SimulatorContext) -> None:
        for sample in samples:
            await send(ctx, line.i, sample, rng, stall_i)

    async def sink(ctx: SimulatorContext) -> None:
        for _ in samples:
            received.append(await receive(ctx, line.o, rng, stall_o))

    simulate(line, source, sink)
    assert received == history(samples, taps)


def test_latency_and_interval_are_as_stated() -> None:
    line = DelayLine(4, 2)
    entered, left = [], []

    async def offer(ctx: SimulatorContext) -> None:
        ctx.set(line.i.valid, 1)
        ctx.set(line.o.ready, 1)
        for now in range(10):
            *_, ready, valid = await ctx.tick().sample(line.i.ready, line.o.valid)
            entered.extend([now] * ready)
            left.extend([now] * valid)

    simulate(line, offer)
    assert (line.latency, line.interval) == (1, 1)
    assert entered == list(range(10))
    assert left == list(range(1, 10))


def test_a_structure_is_a_sample_too() -> None:
    shape = data.StructLayout({"re": signed(8), "im": signed(8)})
    line = DelayLine(shape, 2)
    rng = np.random.default_rng(0)

    async def pass_two(ctx: SimulatorContext) -> None:
        for sample in ({"re": 1, "im": -2}, {"re": 3, "im": -4}):
            ctx.set(line.i.payload, sample)
            ctx.set(line.i.valid, 1)
            await until(ctx, line.i.ready)
            ctx.set(line.i.valid, 0)
            both = await receive(ctx, line.o, rng, 0)
        assert [(z["re"], z["im"]) for z in both] == [(3, -4), (1, -2)]

    simulate(line, pass_two)


TAPS, FRACTION, RATE = 4, 12, 3
S16 = Format(16, True)


def lms_netlist() -> Netlist:
    """w . x, and w + (y - w . x) x / 2**RATE, on numbers with FRACTION fractional bits."""
    b = NetlistBuilder()
    w, x, y = b.input("parameters", [S16] * TAPS), b.input("x", [S16] * TAPS), b.input("y", [S16])
    products = b.mul(w, x)
    total = products[0]
    for product in products[1:]:
        total = b.add(total, product)
    prediction = b.saturate(b.shr(total, FRACTION), S16)
    error = b.sub(y[0], prediction)
    b.output("prediction", [prediction])
    step = b.shr(b.mul(error, x), FRACTION + RATE)
    b.output("parameters", b.saturate(b.add(w, step), S16))
    return b.build()


class AdaptiveFilter(wiring.Component):
    """A delay line before a linear learner."""

    def __init__(self) -> None:
        alone = data.ArrayLayout(signed(16), 1)
        self.line = DelayLine(signed(16), TAPS)
        self.learner = Transducer(lms_netlist(), cycles=3)
        super().__init__(
            {
                "i": In(stream.Signature(signed(16))),
                "y": In(stream.Signature(alone)),
                "prediction": Out(stream.Signature(alone)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.line = line = self.line
        m.submodules.learner = learner = self.learner
        wiring.connect(m, line.o, learner.x)
        wiring.connect(m, wiring.flipped(self.i), line.i)
        wiring.connect(m, wiring.flipped(self.y), learner.y)
        wiring.connect(m, learner.prediction, wiring.flipped(self.prediction))
        m.d.comb += learner.train.eq(1)
        return m


def test_with_a_linear_learner_it_identifies_a_filter() -> None:
    """Least mean squares: the weights go to those of the filter that made the targets, and every
    prediction is that of the integers in the definition."""
    rng = np.random.default_rng(1)
    unknown = np.array([2000, -1000, 500, 3000])
    samples = rng.integers(-4096, 4096, 200)
    windows = np.array(history(samples.tolist(), TAPS))
    targets = windows @ unknown >> FRACTION
    w, expected = np.zeros(TAPS, dtype=np.int64), []
    for window, target in zip(windows, targets, strict=True):
        expected.append((int(window @ w >> FRACTION),))
        w = w + ((target - expected[-1][0]) * window >> FRACTION + RATE)

    design = AdaptiveFilter()
    predictions: list[Any] = []

    async def source(ctx: SimulatorContext) -> None:
        for sample in samples.tolist():
            await send(ctx, design.i, sample, rng, 0.3)

    async def teacher(ctx: SimulatorContext) -> None:
        for target in targets.tolist():
            await send(ctx, design.y, [target], rng, 0.3)

    async def sink(ctx: SimulatorContext) -> None:
        for _ in samples:
            predictions.append(await receive(ctx, design.prediction, rng, 0.3))
        assert unpacked(ctx.get(design.learner.parameters)) == tuple(w.tolist())

    simulate(design, source, teacher, sink)
    assert predictions == expected
    assert np.abs(w - unknown).max() < 32
