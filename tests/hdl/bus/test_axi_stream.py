"""What AXI4-Stream adds to a stream: a register for ready, whole bytes, the end of a sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, Shape, Signal, Value, unsigned
from amaranth.lib import data
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit.format import Format
from catgrad.hdl.bus.axi_stream import Beats, Slice, data_bits, packed, places, unpack
from catgrad.hdl.layout import layout_of
from tests.hdl.bench import receive, send, simulate


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 15), max_size=12),
    st.sampled_from([0, 0.3, 0.8]),
    st.sampled_from([0, 0.3, 0.8]),
)
def test_a_slice_gives_what_it_takes(items: list[int], stall_i: float, stall_o: float) -> None:
    slice = Slice(unsigned(4))
    rng, other = np.random.default_rng(0), np.random.default_rng(1)
    received: list[Any] = []

    async def source(ctx: SimulatorContext) -> None:
        for item in items:
            await send(ctx, slice.i, item, rng, stall_i)

    async def sink(ctx: SimulatorContext) -> None:
        for _ in items:
            received.append(await receive(ctx, slice.o, other, stall_o))

    simulate(slice, source, sink)
    assert received == items


def test_ready_of_a_slice_depends_on_nothing_of_the_same_cycle() -> None:
    slice = Slice(unsigned(4))

    async def testbench(ctx: SimulatorContext) -> None:
        for cycle in range(20):
            ctx.set(slice.o.ready, 0)
            ctx.set(slice.i.valid, cycle % 3 > 0)
            before = ctx.get(slice.i.ready)
            ctx.set(slice.o.ready, 1)
            ctx.set(slice.i.valid, cycle % 2)
            assert ctx.get(slice.i.ready) == before
            ctx.set(slice.o.ready, cycle % 5 > 2)
            await ctx.tick()

    simulate(slice, testbench, patient=False)


@pytest.mark.parametrize("transfers", [1, 2, 3, 8])
def test_beats_mark_the_last_transfer_of_each_sample(transfers: int) -> None:
    beats = Beats(transfers)
    rng = np.random.default_rng(0)
    found: list[int] = []

    async def testbench(ctx: SimulatorContext) -> None:
        while len(found) < 4 * transfers:
            step = int(rng.random() < 0.5)
            ctx.set(beats.step, step)
            if step:
                found.append(ctx.get(beats.last))
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()  # With one transfer a sample there is nothing to remember.
    top.submodules.beats = beats
    simulate(beats, testbench, top=top, patient=False)
    assert found == ([0] * (transfers - 1) + [1]) * 4


FORMATS = st.lists(st.builds(Format, st.integers(1, 20), st.booleans()), min_size=1, max_size=5)


@settings(max_examples=40)
@given(FORMATS, st.integers(0, 2**32 - 1))
def test_numbers_lie_in_whole_bytes(formats: list[Format], seed: int) -> None:
    """Each starts where the bytes of the one before end, and is extended by its sign."""
    rng = np.random.default_rng(seed)
    layout = layout_of(formats)
    given, back = Signal(layout), Signal(layout)
    numbers = [int(rng.integers(f.min, f.max + 1)) for f in formats]
    noise = int(rng.integers(0, 2**62))
    m = Module()
    tdata = Signal(data_bits(given))
    filled = Signal(len(tdata))
    unpack(m, "tdata", filled, back)
    m.d.comb += tdata.eq(packed(given))

    async def testbench(ctx: SimulatorContext) -> None:
        word, position = 0, 0
        for number, f in zip(numbers, formats, strict=True):
            word |= (number & (1 << f.width) - 1) << position
            position += f.width
        ctx.set(Value.cast(given), word)
        shown = ctx.get(tdata).to_bytes(len(tdata) // 8, "little")
        mask = 0
        for number, (low, shape) in zip(numbers, places(given), strict=True):
            own = shown[low // 8 :][: -(-shape.width // 8)]
            assert int.from_bytes(own, "little", signed=shape.signed) == number
            mask |= (1 << shape.width) - 1 << low
        ctx.set(filled, int.from_bytes(shown, "little") & mask | noise & ~mask)
        assert ctx.get(Value.cast(back)) == word

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()


def test_a_structure_takes_as_many_bytes_as_its_numbers() -> None:
    payload = Signal(data.StructLayout({"0": 12, "1": Shape(3, True)}))
    assert [(low, shape.width) for low, shape in places(payload)] == [(0, 12), (16, 3)]
    assert data_bits(payload) == 24
