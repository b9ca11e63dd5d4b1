"""A netlist in Amaranth is the netlist."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Const, Module, Signal, Value, signed
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.evaluate import evaluate
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.hdl.cells import expression, window
from catgrad.hdl.datapath import combinational, datapath
from catgrad.hdl.layout import shape_of
from catgrad.hdl.schedule import schedule
from catgrad.hdl.unread import runs, unread_bits
from tests.hdl.netlists import netlists, random_values

formats = st.builds(Format, st.integers(1, 10), st.booleans())


def wrapped(value: int, format: Format) -> int:
    """value modulo 2**width, in the format"""
    return (value - format.min) % (1 << format.width) + format.min


def computed(
    m: Module, signals: list[Signal], values: list[list[int]], results: list[Value]
) -> Any:
    """What the results are for each row of values."""
    rows = []

    async def testbench(ctx: SimulatorContext) -> None:
        for row in values:
            for signal, value in zip(signals, row, strict=True):
                ctx.set(signal, value)
            await ctx.delay(1e-6)
            rows.append([ctx.get(result) for result in results])

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
    return rows


def run_combinational(
    netlist: Netlist, inputs: dict[str, np.ndarray[Any, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """The netlist's outputs, from Amaranth's simulator."""
    m = Module()
    signals = {
        port.name: [
            Signal(shape_of(f), name=f"{port.name}_{i}") for i, f in enumerate(port.formats)
        ]
        for port in netlist.inputs
    }
    outputs = combinational(m, netlist, signals)
    results = computed(
        m,
        [signal for port in signals.values() for signal in port],
        np.concatenate(list(inputs.values()), axis=1).tolist(),
        [value for port in outputs.values() for value in port],
    )
    ends = np.cumsum([len(port) for port in outputs.values()])[:-1]
    parts = np.split(np.array(results), ends, axis=1)
    return dict(zip(outputs, parts, strict=True))


@given(formats, formats, st.integers(1, 12), st.booleans())
def test_what_puts_bits_side_by_side_and_what_inverts_them_adds_right(
    first: Format, second: Format, shift: int, swap: bool
) -> None:
    b = NetlistBuilder()
    x, y = b.input("x", [first, second])
    operands = [b.shl(x, shift), y]
    total = b.add(*operands[:: -1 if swap else 1])
    b.output("z", [total, b.sub(b.const(-1), total), b.sub(b.const(-1), y)])
    rng = np.random.default_rng(0)
    inputs = {"x": random_values(rng, [first, second], 40)}
    expected = evaluate(b.build(), inputs)["z"]
    assert run_combinational(b.build(), inputs)["z"].tolist() == expected.tolist()


@settings(max_examples=60)
@given(netlists(cells=50), st.integers(0, 2**32))
def test_a_netlist_computes_what_it_evaluates_to(netlist: Netlist, seed: int) -> None:
    rng = np.random.default_rng(seed)
    inputs = {port.name: random_values(rng, port.formats, 20) for port in netlist.inputs}
    expected = evaluate(netlist, inputs)
    for name, output in run_combinational(netlist, inputs).items():
        assert output.tolist() == expected[name].tolist(), name


@given(formats, st.integers(-12, 12), formats, st.data())
def test_a_window_is_a_shift_that_wraps(
    source: Format, start: int, format: Format, data: st.DataObject
) -> None:
    x = data.draw(st.integers(source.min, source.max))
    value = window(Const(x, shape_of(source)), start, format)
    assert value.shape() == shape_of(format)
    shifted = x << -start if start < 0 else x >> start
    assert computed(Module(), [], [[]], [value]) == [[wrapped(shifted, format)]]


@pytest.mark.parametrize("kind", [Kind.SATURATE, Kind.FITS])
@given(formats, formats)
def test_saturation_and_range_are_right_for_every_value(
    kind: Kind, source: Format, format: Format
) -> None:
    b = NetlistBuilder()
    x = b.input("x", [source])
    b.output("z", getattr(b, str(kind))(x, format))
    values = np.arange(source.min, source.max + 1)[:, None]
    clamped = np.clip(values, format.min, format.max)
    expected = clamped if kind is Kind.SATURATE else (clamped == values).astype(int)
    assert run_combinational(b.build(), {"x": values})["z"].tolist() == expected.tolist()


@given(formats, st.integers(0, 6), st.data())
def test_a_lookup_takes_its_index_modulo_the_table(
    source: Format, bits: int, data: st.DataObject
) -> None:
    size = 1 << bits
    table = data.draw(st.lists(st.integers(-99, 99), min_size=size, max_size=size))
    b = NetlistBuilder()
    x = b.input("x", [source])
    b.output("z", [b.lookup(x[0], table), b.lookup(x[0], table)])
    values = np.arange(source.min, source.max + 1)[:, None]
    expected = [[table[i % size]] * 2 for (i,) in values.tolist()]
    assert run_combinational(b.build(), {"x": values})["z"].tolist() == expected


def test_a_long_chain_of_wires_is_no_deep_expression() -> None:
    b = NetlistBuilder()
    net = b.input("x", [Format(8, True)])[0]
    for _ in range(1000):
        net = b.wrap(b.shr(b.shl(net, 1), 1), Format(8, True))
    b.output("z", [net])
    values = np.array([[-128], [5]])
    assert run_combinational(b.build(), {"x": values})["z"].tolist() == [[-128], [5]]


def test_an_input_is_not_an_expression() -> None:
    with pytest.raises(AssertionError, match=r"^input is no expression of 0 arguments$"):
        expression(Kind.INPUT, 0, Format(1, False), [])


@settings(max_examples=40)
@given(netlists(cells=50), st.integers(1, 6), st.integers(0, 2**32))
def test_a_scheduled_netlist_is_right_in_its_last_cycle_and_stays_so(
    netlist: Netlist, cycles: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    inputs = {port.name: random_values(rng, port.formats, 4) for port in netlist.inputs}
    expected = evaluate(netlist, inputs)
    m = Module()
    m.d.sync += Signal(name="alive").eq(1)
    signals = {
        port.name: [
            Signal(shape_of(f), name=f"{port.name}_{i}") for i, f in enumerate(port.formats)
        ]
        for port in netlist.inputs
    }
    outputs = datapath(m, schedule(netlist, cycles), signals)

    async def testbench(ctx: SimulatorContext) -> None:
        for sample in range(4):
            for name, port in signals.items():
                for signal, value in zip(port, inputs[name][sample].tolist(), strict=True):
                    ctx.set(signal, value)
            for _ in range(cycles - 1):
                await ctx.tick()
            for _ in range(3):
                for name, port in outputs.items():
                    assert [ctx.get(v) for v in port] == expected[name][sample].tolist()
                await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_a_value_takes_its_cycles() -> None:
    """Through a register at each cut, not past it: five additions in three cycles."""
    b = NetlistBuilder()
    net = b.input("x", [Format(8, True)])[0]
    for _ in range(5):
        net = b.wrap(b.add(net, net), Format(8, True))
    b.output("z", [net])
    plan = schedule(b.build(), 3)
    assert plan.cycle.max() == 2
    m = Module()
    x = Signal(signed(8))
    (z,) = datapath(m, plan, {"x": [x]})["z"]
    seen = []

    async def testbench(ctx: SimulatorContext) -> None:
        ctx.set(x, 1)
        for _ in range(4):
            seen.append(ctx.get(z))
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == [0, 0, 32, 32]


@given(st.integers(0, 2**80))
def test_runs_are_the_bits(bits: int) -> None:
    ranges = list(runs(bits))
    assert sum((1 << stop) - (1 << start) for start, stop in ranges) == bits
    assert all(stop < start for (_, stop), (start, _) in pairwise(ranges))


@settings(max_examples=40)
@given(netlists(cells=40), st.integers(1, 4))
def test_an_output_does_not_depend_on_an_unread_bit(netlist: Netlist, cycles: int) -> None:
    """Bits of inputs, which can be flipped from outside."""
    wires, _ = unread_bits(schedule(netlist, cycles))
    rng = np.random.default_rng(0)
    inputs = {port.name: random_values(rng, port.formats, 30) for port in netlist.inputs}
    flipped = {
        port.name: np.array(
            [
                [wrapped(x ^ wires[net], netlist.format(net)) for x, net in flip]
                for flip in (zip(row, port.nets, strict=True) for row in inputs[port.name].tolist())
            ]
        )
        for port in netlist.inputs
    }
    before, after = evaluate(netlist, inputs), evaluate(netlist, flipped)
    assert {name: v.tolist() for name, v in before.items()} == {
        name: v.tolist() for name, v in after.items()
    }


def test_what_rounding_and_wrapping_drop_is_unread() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)] * 2)
    product = b.mul(x[0], x[1])
    b.output("z", [b.wrap(b.shr(product, 4), Format(6, True)), b.fits(x[0], Format(3, True))])
    wires, registers = unread_bits(schedule(b.build(), 1))
    assert [bin(bits) for bits in wires[:3]] == ["0b0", "0b0", "0b1111110000001111"]
    assert set(registers) == {(1 << w) - 1 for w in (8, 16, 12, 6, 1)}
