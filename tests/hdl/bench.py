"""Streams in Amaranth's simulator: every test stalls at random and has a budget of cycles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import numpy as np
from amaranth.hdl import Value
from amaranth.lib import data, stream, wiring
from amaranth.sim import Simulator, SimulatorContext

Testbench = Callable[[SimulatorContext], Awaitable[None]]


def packed(shape: Any, values: Iterable[int] | int) -> Any:
    """A payload of these integers, as the simulator wants it."""
    if isinstance(shape, data.StructLayout):
        return {name: int(v) for (name, _), v in zip(shape, values, strict=True)}
    if isinstance(shape, data.ArrayLayout):
        return [int(v) for v in values]
    return values


def unpacked(payload: Any) -> tuple[int, ...] | int:
    """The integers of a payload."""
    if isinstance(payload, data.Const):
        return tuple(payload[name] for name, _ in payload.shape())
    return payload


async def ticks(ctx: SimulatorContext, cycles: int) -> None:
    """So many cycles. (Amaranth's own `repeat` and `until` complain if the simulation fails.)"""
    for _ in range(cycles):
        await ctx.tick()


async def until(ctx: SimulatorContext, condition: Any, *seen: Any) -> list[Any]:
    """The first cycle in which the condition is true; returns what was seen in it."""
    while True:
        _, _, true, *values = await ctx.tick().sample(condition, *seen)
        if true:
            return values


async def stalls(ctx: SimulatorContext, rng: np.random.Generator, stall: float) -> None:
    """Wait for no cycle with probability 1 - `stall`."""
    while rng.random() < stall:
        await ctx.tick()


async def send(
    ctx: SimulatorContext,
    port: stream.Interface,
    payload: Any,
    rng: np.random.Generator,
    stall: float,
) -> None:
    """Offer a payload until it is taken."""
    await stalls(ctx, rng, stall)
    ctx.set(port.payload, packed(port.payload.shape(), payload))
    ctx.set(port.valid, 1)
    await until(ctx, port.ready)
    ctx.set(port.valid, 0)


async def receive(
    ctx: SimulatorContext, port: stream.Interface, rng: np.random.Generator, stall: float
) -> Any:
    """Take one payload."""
    await stalls(ctx, rng, stall)
    ctx.set(port.ready, 1)
    (payload,) = await until(ctx, port.valid, port.payload)
    ctx.set(port.ready, 0)
    return unpacked(payload)


def patience(port: stream.Interface) -> Testbench:
    """The rule of streams: what is offered stays, unchanged, until it is taken."""

    async def watch(ctx: SimulatorContext) -> None:
        offered = None
        seen = port.valid, port.ready, Value.cast(port.payload)
        while True:
            *_, valid, ready, payload = await ctx.tick().sample(*seen)
            assert offered is None or (valid, payload) == (1, offered), "an offer was withdrawn"
            offered = payload if valid and not ready else None

    return watch


def simulate(
    component: wiring.Component,
    *testbenches: Testbench,
    top: Any = None,
    patient: bool = True,
    budget: int = 20_000,
) -> None:
    """Run until all testbenches have ended, in a module `top` if the component is in one.

    If `patient`, all output streams of the component are watched for it.
    """
    simulator = Simulator(component if top is None else top)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    for path, member, _ in component.signature.flatten(component):
        if patient and path[-1] == "valid" and member.flow is wiring.Out:
            simulator.add_testbench(patience(getattr(component, path[0])), background=True)

    async def watchdog(ctx: SimulatorContext) -> None:
        await ticks(ctx, budget)
        raise AssertionError(f"cycle budget of {budget} spent")

    simulator.add_testbench(watchdog, background=True)
    simulator.run()
