"""Registers behind both buses: a dictionary says what they answer, however everything stalls."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import SimulatorContext
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from catgrad import CatgradError
from catgrad.hdl.bus.map import CONTROL_BYTES, IDENTITY, RegisterMap, register_address
from tests.hdl.bench import simulate, ticks, until
from tests.hdl.bus.behind import (
    BUSES,
    COUNTS,
    DIGEST,
    MASTERS,
    Behind,
    background,
    counters,
    learner,
)

MAPS = st.builds(
    RegisterMap,
    address_bits=st.integers(1, 7),
    value_bits=st.sampled_from([2, 16, 32, 33, 40, 64]),
    learns=st.booleans(),
    framed=st.sampled_from([(), ("x",), ("x", "y")]),
)


@given(MAPS)
def test_nothing_overlaps(map: RegisterMap) -> None:
    registers = [register.address for register in map.registers]
    assert len({*registers}) == len(registers)
    assert max(registers) < CONTROL_BYTES <= map.window
    places = [map.address(place) for place in range(1 << map.address_bits)]
    assert places == sorted({*places})
    assert places[0] == map.window
    assert places[-1] + map.stride == map.window + map.window_bytes <= 1 << map.bits


def test_parameters_of_three_words_are_refused() -> None:
    with pytest.raises(CatgradError) as error:
        RegisterMap(4, 65, True)
    assert str(error.value) == (
        "A parameter has 65 bits, but registers carry 64; give the parameters a narrower format, "
        "or export without registers."
    )


class Model:
    """What registers answer."""

    def __init__(self, map: RegisterMap, parameters: int) -> None:
        self.map, self.parameters = map, parameters
        self.memory: dict[int, int] = {}
        self.train = 0
        self.read_half: tuple[int, int] | None = None  # The place and the word.
        self.written_half: tuple[int, int] | None = None
        own = {
            "IDENTITY": IDENTITY,
            "REVISION": 1,
            "DIGEST": DIGEST,
            "PARAMETERS": parameters,
            "X_MISFRAMED": 17,
            "Y_MISFRAMED": 17,
            "CONTROL": 0,
            "STATUS": 0,
            **{name.upper(): count for name, count in COUNTS.items()},
        }
        self.words = {r.address: own[r.name] for r in map.registers}

    def read(self, address: int) -> tuple[int, bool]:
        map = self.map
        if address < map.window:
            return self.words.get(address, 0), address not in self.words
        place, offset = divmod(address - map.window, map.stride)
        if place >= self.parameters:
            return 0, True
        value = self.memory.get(place, 0) & ((1 << 32 * map.words) - 1)
        if map.words == 1:
            return value, False
        half, self.read_half = self.read_half, None
        if offset == 0:
            self.read_half = place, value >> 32
            return value & 0xFFFFFFFF, False
        if half is None or half[0] != place:
            self.read_half = half
            return 0, True
        return half[1], False

    def write(self, address: int, data: int, strobe: int) -> bool:
        map = self.map
        control = register_address("CONTROL")
        if strobe == 0:
            return False
        if address < map.window:
            if address == control and map.learns:
                if strobe & 1:
                    self.words[control] = data & 1
                return False
            return True
        place, offset = divmod(address - map.window, map.stride)
        half, self.written_half = self.written_half, None
        if place >= self.parameters or strobe != 15:
            return True
        if map.words == 2:
            if offset == 0:
                self.written_half = place, data
                return False
            if half is None or half[0] != place:
                return True
            data = half[1] | data << 32
        value = data & ((1 << map.value_bits) - 1)
        self.memory[place] = value - (value >> map.value_bits - 1 << map.value_bits)
        return False


# Shrinking would build the circuits anew for each attempt.
@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(MAPS, st.sampled_from(BUSES), st.sampled_from([0.0, 0.4]), st.integers(0, 100))
def test_a_bus_sees_what_a_dictionary_says(
    map: RegisterMap, bus: str, stall: float, seed: int
) -> None:
    """At unaligned addresses too, which mean the word that they are in."""
    rng = np.random.default_rng(seed)
    parameters = int(rng.integers(1, 1 << map.address_bits, endpoint=True))
    top, model = Behind(map, bus, patience=400, parameters=parameters), Model(map, parameters)
    memory: dict[int, int] = {}
    host, transact = np.random.default_rng(seed + 1), MASTERS[bus](top, rng, stall)

    async def testbench(ctx: SimulatorContext) -> None:
        await counters(ctx, top)
        address = 0
        for _ in range(40):
            if map.words == 2 and address >= map.window and host.random() < 0.5:
                address ^= 4  # The other word of the same parameter.
            else:
                half = map.window if host.random() < 0.6 else 0
                address = half + 4 * int(host.integers(0, max(16, map.window_bytes // 4)))
                address %= 1 << map.bits
            offset = int(host.integers(0, 4)) if host.random() < 0.3 else 0
            if host.random() < 0.5:
                data = int(host.integers(0, 1 << 32))
                strobe = 15 if host.random() < 0.8 else int(host.integers(0, 16))
                assert await transact(ctx, address + offset, data, strobe) == (
                    0,
                    model.write(address, data, strobe),
                )
            elif address != register_address("STATUS"):
                word, error = await transact(ctx, address + offset)
                assert (0 if error else word, error) == model.read(address)
        await ticks(ctx, 100)
        assert memory == model.memory
        if map.learns:
            assert ctx.get(top.train) == model.words[register_address("CONTROL")]

    loads, fetches = learner(top, memory, np.random.default_rng(seed + 2), stall)
    background(top, testbench, loads, fetches)


@pytest.mark.parametrize("bus", BUSES)
def test_a_learner_that_does_not_answer_is_an_error_and_no_hang(bus: str) -> None:
    map = RegisterMap(address_bits=3, value_bits=16, learns=True)
    top = Behind(map, bus, patience=20)
    rng = np.random.default_rng(0)
    transact = MASTERS[bus](top, rng, 0.0)
    first, second = map.address(1), map.address(2)
    status, loading = register_address("STATUS"), 3
    memory = {1: 11, 2: 22}
    loads, fetches = learner(top, memory, rng, 0.3)
    awake = []

    async def testbench(ctx: SimulatorContext) -> None:
        assert await transact(ctx, first, 111) == (0, False)
        assert await transact(ctx, second, 222) == (0, True)
        assert await transact(ctx, status) == (loading, False)
        _, error = await transact(ctx, first)
        assert error
        assert memory == {1: 11, 2: 22}
        awake.append(True)
        await ticks(ctx, 30)
        assert memory == {1: 111, 2: 22}
        assert await transact(ctx, status) == (0, False)
        assert await transact(ctx, second) == (22, False)
        assert await transact(ctx, first) == (111, False)

    def later(process):
        async def run(ctx: SimulatorContext) -> None:
            while not awake:
                await ctx.tick()
            await process(ctx)

        return run

    background(top, testbench, later(loads), later(fetches))


@pytest.mark.parametrize("wait", range(6, 30, 2))
def test_an_answer_that_comes_too_late_is_not_that_of_the_next_question(wait: int) -> None:
    map = RegisterMap(address_bits=3, value_bits=16, learns=True)
    top = Behind(map, "axi-lite", patience=10)
    transact = MASTERS["axi-lite"](top, np.random.default_rng(0), 0.0)

    async def slow(ctx: SimulatorContext) -> None:
        """The first answer takes so many cycles."""
        for cycles in (wait, 0):
            ctx.set(top.fetch.ready, 1)
            [address] = await until(ctx, top.fetch.valid, top.fetch.payload)
            ctx.set(top.fetch.ready, 0)
            await ticks(ctx, cycles)
            ctx.set(top.fetched.payload, 200 + address)
            ctx.set(top.fetched.valid, 1)
            await until(ctx, top.fetched.ready)
            ctx.set(top.fetched.valid, 0)

    async def testbench(ctx: SimulatorContext) -> None:
        word, error = await transact(ctx, map.address(1))
        assert error or word == 201
        for _ in range(5):  # It waits behind the first, and may run out of patience too.
            word, error = await transact(ctx, map.address(2))
            if not error:
                break
        assert (word, error) == (202, False)

    background(top, testbench, slow)


@pytest.mark.parametrize("bus", BUSES)
def test_a_parameter_is_handed_on_while_registers_are_read(bus: str) -> None:
    """Once, and the learner, which waits for that, is let go."""
    map = RegisterMap(address_bits=3, value_bits=16, learns=True)
    top = Behind(map, bus, patience=100)
    transact = MASTERS[bus](top, np.random.default_rng(0), 0.0)
    taken: list[int] = []

    async def late(ctx: SimulatorContext) -> None:
        await ticks(ctx, 40)
        ctx.set(top.load.ready, 1)
        while True:
            [payload] = await until(ctx, top.load.valid, top.load.payload)
            taken.append(payload.value)

    async def testbench(ctx: SimulatorContext) -> None:
        status = register_address("STATUS")
        assert await transact(ctx, map.address(5), 77) == (0, False)
        assert await transact(ctx, status) == (3, False)
        while (await transact(ctx, status))[0]:
            pass
        await ticks(ctx, 20)
        assert taken == [77]

    background(top, testbench, late)


@pytest.mark.parametrize("bus", BUSES)
def test_a_read_sees_the_write_before_it(bus: str) -> None:
    map = RegisterMap(address_bits=3, value_bits=16, learns=True)
    top, memory = Behind(map, bus, patience=100), {5: 1}
    rng = np.random.default_rng(0)
    transact = MASTERS[bus](top, rng, 0.0)
    _, fetches = learner(top, memory, rng, 0.0)

    async def late(ctx: SimulatorContext) -> None:
        [payload] = await until(ctx, top.load.valid, top.load.payload)
        await ticks(ctx, 40)
        ctx.set(top.load.ready, 1)
        memory[payload.address] = payload.value
        await ctx.tick()
        ctx.set(top.load.ready, 0)

    async def testbench(ctx: SimulatorContext) -> None:
        assert await transact(ctx, map.address(5), 77) == (0, False)
        assert await transact(ctx, map.address(5)) == (77, False)

    background(top, testbench, late, fetches)


def test_each_write_of_axi_is_answered() -> None:
    """The second waits until somebody takes the answer to the first."""
    map = RegisterMap(address_bits=2, value_bits=16, learns=True)
    top = Behind(map, "axi-lite", patience=50)
    bus = top.bus
    answers: list[int] = []

    async def writes(ctx: SimulatorContext) -> None:
        for address in (register_address("CONTROL"), register_address("IDENTITY")):
            for valid, port, value in (
                (bus.awvalid, bus.awaddr, address),
                (bus.wvalid, bus.wdata, 1),
            ):
                ctx.set(port, value)
                ctx.set(bus.wstrb, 15)
                ctx.set(valid, 1)
                await until(ctx, bus.awready if valid is bus.awvalid else bus.wready)
                ctx.set(valid, 0)

    async def takes(ctx: SimulatorContext) -> None:
        for _ in range(2):
            await ticks(ctx, 20)
            ctx.set(bus.bready, 1)
            answers.extend(await until(ctx, bus.bvalid, bus.bresp))
            ctx.set(bus.bready, 0)

    simulate(top, writes, takes, patient=False)
    assert answers == [0, 2]


def test_reads_and_writes_of_axi_go_on_together() -> None:
    """A read that waits for its taker does not hold up writes, nor the other way round."""
    map = RegisterMap(address_bits=2, value_bits=16, learns=True)
    top = Behind(map, "axi-lite", patience=50)
    bus, control = top.bus, register_address("CONTROL")

    async def testbench(ctx: SimulatorContext) -> None:
        ctx.set(bus.araddr, register_address("IDENTITY"))
        ctx.set(bus.arvalid, 1)
        await until(ctx, bus.arready)
        ctx.set(bus.arvalid, 0)
        for value in (1, 0, 1):
            ctx.set(bus.awaddr, control)
            ctx.set(bus.wdata, value)
            ctx.set(bus.wstrb, 15)
            ctx.set(bus.awvalid, 1)
            ctx.set(bus.wvalid, 1)
            await until(ctx, bus.awready & bus.wready)
            ctx.set(bus.awvalid, 0)
            ctx.set(bus.wvalid, 0)
            ctx.set(bus.bready, 1)
            await until(ctx, bus.bvalid)
            ctx.set(bus.bready, 0)
            assert ctx.get(top.train) == value
        ctx.set(bus.rready, 1)
        assert await until(ctx, bus.rvalid, bus.rdata) == [IDENTITY]

    simulate(top, testbench, patient=False)


@pytest.mark.parametrize("cycles", range(1, 9))
@pytest.mark.parametrize("name", ["IDENTITY", "a parameter"])
def test_a_wishbone_master_that_gives_up_gets_no_answer(name: str, cycles: int) -> None:
    map = RegisterMap(address_bits=2, value_bits=16, learns=True)
    top = Behind(map, "wishbone", patience=30)
    bus = top.bus
    transact = MASTERS["wishbone"](top, np.random.default_rng(0), 0.0)
    ended: list[bool] = []

    async def testbench(ctx: SimulatorContext) -> None:
        # Nobody answers a fetch here.
        ctx.set(bus.adr, map.address(0) if name == "a parameter" else register_address(name))
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        for _ in range(cycles):
            ended.append(bool(ctx.get(bus.ack | bus.err)))
            await ctx.tick()
            if ended[-1]:
                break
        ctx.set(bus.cyc, 0)
        ctx.set(bus.stb, 0)
        assert not ctx.get(bus.ack | bus.err)
        await ticks(ctx, 1)
        assert await transact(ctx, register_address("DIGEST")) == (DIGEST, False)

    async def watch(ctx: SimulatorContext) -> None:
        while True:
            *_, strobe, answered = await ctx.tick().sample(bus.cyc & bus.stb, bus.ack | bus.err)
            assert strobe or not answered

    background(top, testbench, watch)
