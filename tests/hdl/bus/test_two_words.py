"""Parameters of two words: halves of different numbers never meet."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import SimulatorContext

from catgrad.hdl.bus.map import RegisterMap
from tests.hdl.bench import ticks, until
from tests.hdl.bus.behind import BUSES, MASTERS, Behind, background, learner

WIDE = RegisterMap(address_bits=3, value_bits=64, learns=True)


@pytest.mark.parametrize("bus", BUSES)
def test_half_of_a_parameter_is_never_read_beside_half_of_another(bus: str) -> None:
    top, rng = Behind(WIDE, bus, patience=20), np.random.default_rng(0)
    transact = MASTERS[bus](top, rng, 0.0)
    one, two = WIDE.address(1), WIDE.address(2)
    _, fetches = learner(top, {1: 0x77 << 32 | 1, 2: 0x55 << 32 | 2}, rng, 0.0)

    async def testbench(ctx: SimulatorContext) -> None:
        assert (await transact(ctx, one + 4))[1]  # There was no first word.
        assert await transact(ctx, one) == (1, False)
        assert (await transact(ctx, two + 4))[1]
        assert await transact(ctx, one + 4) == (0x77, False)
        assert (await transact(ctx, one + 4))[1]

    background(top, testbench, fetches)


@pytest.mark.parametrize("bus", BUSES)
def test_the_second_word_of_what_could_not_be_read_is_an_error_too(bus: str) -> None:
    top = Behind(WIDE, bus, patience=20)
    transact = MASTERS[bus](top, np.random.default_rng(0), 0.0)
    one, two = WIDE.address(1), WIDE.address(2)

    async def once(ctx: SimulatorContext) -> None:
        """The learner has no time for a second fetch."""
        ctx.set(top.fetch.ready, 1)
        await until(ctx, top.fetch.valid)
        ctx.set(top.fetch.ready, 0)
        ctx.set(top.fetched.payload, 0x77 << 32 | 1)
        ctx.set(top.fetched.valid, 1)
        await until(ctx, top.fetched.ready)
        ctx.set(top.fetched.valid, 0)

    async def testbench(ctx: SimulatorContext) -> None:
        assert await transact(ctx, one) == (1, False)
        for address in (two, two + 4, one + 4):
            assert (await transact(ctx, address))[1], address

    background(top, testbench, once)


@pytest.mark.parametrize("bus", BUSES)
def test_half_of_a_parameter_is_never_written_beside_half_of_another(bus: str) -> None:
    top = Behind(WIDE, bus, patience=20)
    transact = MASTERS[bus](top, np.random.default_rng(0), 0.0)
    one, two = WIDE.address(1), WIDE.address(2)
    taken: list[tuple[int, int]] = []
    awake: list[bool] = []

    async def late(ctx: SimulatorContext) -> None:
        while not awake:
            await ctx.tick()
        ctx.set(top.load.ready, 1)
        while True:
            [payload] = await until(ctx, top.load.valid, top.load.payload)
            taken.append((payload.address, payload.value))

    async def testbench(ctx: SimulatorContext) -> None:
        async def refused(address: int, data: int, strobe: int = 15) -> bool:
            return (await transact(ctx, address, data, strobe))[1]

        assert await refused(one + 4, 9)  # There was no first word.
        assert not await refused(one, 1)
        assert await refused(two + 4, 9)
        assert not await refused(one, 1)
        assert await refused(two, 9, 7)
        assert await refused(two + 4, 9)
        assert not await refused(one, 1)
        assert not await refused(two, 9, 0)  # Half of what a bus of 64 bits says.
        assert await refused(two + 4, 9)
        assert not await refused(one, 1)
        assert not await refused(one + 4, 2)
        assert await refused(one + 4, 9)
        assert not await refused(two, 3)
        assert await refused(two + 4, 4)  # The learner has not taken the other one yet.
        awake.append(True)
        await ticks(ctx, 5)
        assert not await refused(two + 4, 4)  # Which may be asked for again.
        await ticks(ctx, 5)
        assert taken == [(1, 2 << 32 | 1), (2, 4 << 32 | 3)]

    background(top, testbench, late)
