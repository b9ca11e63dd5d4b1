"""A pipeline in Amaranth gives what its netlist evaluates to, a new result in each cycle."""

from __future__ import annotations

from typing import Any

import numpy as np
from amaranth.hdl import Const, Module, Signal, Value
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.evaluate import evaluate
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Netlist
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.hdl.layout import shape_of
from catgrad.hdl.pipelined import pipelined, rests
from tests.hdl.netlists import netlists, random_values


def streamed(
    plan: Pipeline, inputs: dict[str, np.ndarray[Any, Any]], clear: Value | None = None
) -> dict[str, list[list[int]]]:
    """The outputs for a stream of inputs, one set in each cycle."""
    m = Module()
    m.d.sync += Signal(name="alive").eq(1)
    signals = {
        port.name: [
            Signal(shape_of(f), name=f"{port.name}_{i}") for i, f in enumerate(port.formats)
        ]
        for port in plan.netlist.inputs
    }
    outputs = pipelined(m, plan, signals, clear)
    seen: dict[str, list[list[int]]] = {name: [] for name in outputs}
    length = max(map(len, inputs.values()), default=1)

    async def testbench(ctx: SimulatorContext) -> None:
        for cycle in range(length + plan.latency):
            for name, port in signals.items():
                for signal, value in zip(port, inputs[name][cycle % length].tolist(), strict=True):
                    ctx.set(signal, value)
            if cycle >= plan.latency:
                for name, values in outputs.items():
                    seen[name].append([ctx.get(value) for value in values])
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return seen


def check(netlist: Netlist, period_ps: int, seed: int, cycles: int = 12) -> Pipeline:
    rng = np.random.default_rng(seed)
    inputs = {port.name: random_values(rng, port.formats, cycles) for port in netlist.inputs}
    plan = pipeline(netlist, period_ps)
    expected = evaluate(netlist, inputs)
    for name, values in streamed(plan, inputs).items():
        assert values == expected[name].tolist(), name
    return plan


@settings(max_examples=40)
@given(netlists(cells=40), st.integers(1, 12_000), st.integers(0, 2**32))
def test_a_stream_of_inputs_gives_a_stream_of_outputs(
    netlist: Netlist, period_ps: int, seed: int
) -> None:
    check(netlist, period_ps, seed)


def test_a_large_table_is_read_a_cycle_after_its_index() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [Format(8, True), Format(9, True)])
    entry = b.lookup(x, [i * i for i in range(256)])
    second = b.lookup(b.wrap(b.add(entry, y), Format(7, False)), list(range(127, -1, -1)))
    b.output("z", [second, entry, b.add(x, y)])
    assert check(b.build(), 100_000, 0, cycles=30).latency == 2


@settings(max_examples=40)
@given(netlists(cells=20), st.integers(1, 4000), st.integers(0, 2**32))
def test_what_rests_is_zero_when_it_is_cleared(netlist: Netlist, period_ps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = {port.name: random_values(rng, port.formats, 6) for port in netlist.inputs}
    plan = pipeline(netlist, period_ps)
    resting = [port.name for port in netlist.outputs if rests(plan, port.name)]
    seen = streamed(plan, inputs, Const(1, 1))
    for name in resting:
        if plan.latency:
            assert not np.any(seen[name]), name


def test_a_saturated_difference_rests_and_an_inverted_bit_does_not() -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [Format(8, True)] * 2)
    difference = b.sub(x, y)
    fits = b.fits(difference, Format(8, True))
    b.output("number", [b.saturate(difference, Format(8, True))], [Format(8, True)])
    b.output("flag", [fits], [Format(1, False)])
    plan = pipeline(b.build(), 4000)
    assert plan.latency == 1
    assert rests(plan, "number")
    assert not rests(plan, "flag")
