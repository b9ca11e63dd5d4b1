"""Registers behind a bus, with a learner played by the test: a memory of parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect
from amaranth.sim import Simulator, SimulatorContext

from catgrad.hdl.bus.axi_lite import AxiLite, axi_lite
from catgrad.hdl.bus.map import RegisterMap
from catgrad.hdl.bus.registers import COUNTERS, Registers
from catgrad.hdl.bus.wishbone import Wishbone, wishbone
from tests.hdl.bench import packed, stalls, ticks, until

DIGEST = 0x89ABCDEF
COUNTS = {"samples": 5, "forward_saturations": 6, "learning_saturations": 0xFFFFFFFF}

Answer = tuple[int, bool]
"""What was read, and whether it was an error."""

Transact = Callable[..., Awaitable[Answer]]

Process = Callable[[SimulatorContext], Awaitable[None]]


class Behind(wiring.Component):
    """A bus, the registers, and the learner's side of them."""

    def __init__(
        self, map: RegisterMap, bus: str, patience: int, parameters: int | None = None
    ) -> None:
        self.map = map
        places = range(1 << (map.address_bits or 0) if parameters is None else parameters)
        self.registers = Registers(map, places, DIGEST, patience)
        self.front = {"axi-lite": AxiLite, "wishbone": Wishbone}[bus](map.bits)
        ports = {"axi-lite": axi_lite, "wishbone": wishbone}[bus](map.bits)
        own = self.registers.signature.members
        inner = {name: own[name] for name in own if name not in ("request", "answer")}
        super().__init__({"bus": Out(ports).flip(), **inner})

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.registers, m.submodules.front = self.registers, self.front
        connect(m, self.front.request, self.registers.request)
        connect(m, self.registers.answer, self.front.answer)
        connect(m, wiring.flipped(self.bus), self.front.bus)
        for name in self.registers.signature.members:
            if name in ("request", "answer"):
                continue
            inside, outside = getattr(self.registers, name), getattr(self, name)
            if name in ("load", "fetch"):
                connect(m, inside, wiring.flipped(outside))
            elif name == "fetched":
                connect(m, wiring.flipped(outside), inside)
            elif name == "train":
                m.d.comb += outside.eq(inside)
            else:
                m.d.comb += inside.eq(outside)
        return m


def learner(top: Behind, memory: dict[int, int], rng: np.random.Generator, stall: float) -> Any:
    """Takes loads and answers fetches, at random moments."""

    async def loads(ctx: SimulatorContext) -> None:
        while True:
            await stalls(ctx, rng, stall)
            ctx.set(top.load.ready, 1)
            [payload] = await until(ctx, top.load.valid, top.load.payload)
            ctx.set(top.load.ready, 0)
            memory[payload.address] = payload.value

    async def fetches(ctx: SimulatorContext) -> None:
        while True:
            await stalls(ctx, rng, stall)
            ctx.set(top.fetch.ready, 1)
            [address] = await until(ctx, top.fetch.valid, top.fetch.payload)
            ctx.set(top.fetch.ready, 0)
            await stalls(ctx, rng, stall)
            ctx.set(top.fetched.payload, memory.get(address, 0))
            ctx.set(top.fetched.valid, 1)
            await until(ctx, top.fetched.ready)
            ctx.set(top.fetched.valid, 0)

    return loads, fetches


async def counters(ctx: SimulatorContext, top: Behind) -> None:
    """Numbers on the ports that show some."""
    for name in COUNTERS:
        ctx.set(getattr(top, name), COUNTS[name])
    for name in top.map.framed:
        ctx.set(getattr(top, f"{name}_misframed"), 17)


def axi_master(top: Behind, rng: np.random.Generator, stall: float) -> Transact:
    """One transaction of AXI4-Lite after another; address and data in any order."""
    bus = top.bus

    async def channel(
        ctx: SimulatorContext, valid: Any, ready: Any, values: list[tuple[Any, int]]
    ) -> None:
        for port, value in values:
            ctx.set(port, value)
        ctx.set(valid, 1)
        await until(ctx, ready)
        ctx.set(valid, 0)

    async def transact(
        ctx: SimulatorContext, address: int, data: int | None = None, strobe: int = 15
    ) -> Answer:
        await stalls(ctx, rng, stall)
        if data is None:
            await channel(ctx, bus.arvalid, bus.arready, [(bus.araddr, address)])
            await stalls(ctx, rng, stall)
            ctx.set(bus.rready, 1)
            word, response = await until(ctx, bus.rvalid, bus.rdata, bus.rresp)
            ctx.set(bus.rready, 0)
            return word, bool(response)
        sends = [
            (bus.awvalid, bus.awready, [(bus.awaddr, address)]),
            (bus.wvalid, bus.wready, [(bus.wdata, data), (bus.wstrb, strobe)]),
        ]
        for i in rng.permutation(2):
            await channel(ctx, *sends[i])
            await stalls(ctx, rng, stall)
        ctx.set(bus.bready, 1)
        [response] = await until(ctx, bus.bvalid, bus.bresp)
        ctx.set(bus.bready, 0)
        return 0, bool(response)

    return transact


def wishbone_master(top: Behind, rng: np.random.Generator, stall: float) -> Transact:
    """One cycle of Wishbone after another, with or without a pause."""
    bus = top.bus

    async def transact(
        ctx: SimulatorContext, address: int, data: int | None = None, strobe: int = 15
    ) -> Answer:
        await stalls(ctx, rng, stall)
        ctx.set(bus.we, int(data is not None))
        ctx.set(bus.adr, address)
        ctx.set(bus.dat_w, data or 0)
        ctx.set(bus.sel, strobe)
        ctx.set(bus.cyc, 1)
        ctx.set(bus.stb, 1)
        error, ack, word = await until(ctx, bus.ack | bus.err, bus.err, bus.ack, bus.dat_r)
        assert error != ack
        ctx.set(bus.cyc, 0)
        ctx.set(bus.stb, 0)
        return word if data is None else 0, bool(error)

    return transact


def background(top: Behind, testbench: Process, *forever: Process) -> None:
    """Run a test bench beside others that do not end."""
    done: list[bool] = []

    async def first(ctx: SimulatorContext) -> None:
        await testbench(ctx)
        done.append(True)

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(first)
    for other in forever:
        simulator.add_testbench(other, background=True)

    async def watchdog(ctx: SimulatorContext) -> None:
        await ticks(ctx, 20_000)
        raise AssertionError("cycle budget of 20000 spent")

    simulator.add_testbench(watchdog, background=True)
    simulator.run()
    assert done


MASTERS = {"axi-lite": axi_master, "wishbone": wishbone_master}
BUSES = sorted(MASTERS)

__all__ = [
    "BUSES",
    "COUNTS",
    "DIGEST",
    "MASTERS",
    "Behind",
    "background",
    "counters",
    "learner",
    "packed",
]
