"""The serial port: bytes arrive as they were sent, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.uart import Receiver, Transmitter, divisor_for
from catgrad.errors import CatgradError

Pulses = Sequence[tuple[int, float]]
"""Levels of a wire, and how many clock cycles each lasts."""


def frame(byte: int, bit: float, stop: int = 1) -> Pulses:
    """A byte on the wire."""
    return [(level, bit) for level in (0, *(byte >> i & 1 for i in range(8)), stop)]


def receive(pulses: Pulses, divisor: int) -> tuple[bytes, int]:
    """What a receiver makes of a wire: the bytes, and how many of them it found damaged."""
    receiver = Receiver(divisor)
    received, errors = bytearray(), 0

    async def drive(ctx: SimulatorContext) -> None:
        cycle, edge = 0, 0.0
        for level, cycles in [(1, 20.0), *pulses, (1, 15.0 * divisor)]:
            edge += cycles
            if round(edge) > cycle:
                ctx.set(receiver.rx, level)
                await ctx.tick().repeat(round(edge) - cycle)
                cycle = round(edge)

    async def watch(ctx: SimulatorContext) -> None:
        nonlocal errors
        async for *_, valid, payload, error in ctx.tick().sample(
            receiver.o.valid, receiver.o.payload, receiver.error
        ):
            errors += error
            if valid:
                received.append(payload)

    simulator = Simulator(receiver)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    return bytes(received), errors


@settings(max_examples=20)
@given(st.binary(max_size=6), st.floats(-0.02, 0.02), st.integers(8, 20), st.data())
def test_bytes_arrive_whatever_the_gaps_and_at_2_percent_mismatch(
    sent: bytes, mismatch: float, divisor: int, data: st.DataObject
) -> None:
    gaps = st.floats(0, 3 * divisor)
    pulses = [
        pulse
        for byte in sent
        for pulse in [*frame(byte, divisor * (1 + mismatch)), (1, data.draw(gaps))]
    ]
    assert receive(pulses, divisor) == (sent, 0)


@settings(max_examples=20)
@given(st.binary(max_size=3), st.binary(max_size=3), st.integers(0, 255), st.integers(4, 12))
def test_a_byte_without_stop_bit_is_dropped_and_the_rest_arrives(
    before: bytes, after: bytes, damaged: int, divisor: int
) -> None:
    pulses = [pulse for byte in before for pulse in frame(byte, divisor)]
    pulses += [*frame(damaged, divisor, stop=0), (1, divisor)]
    pulses += [pulse for byte in after for pulse in frame(byte, divisor)]
    assert receive(pulses, divisor) == (before + after, 1)


def test_a_long_break_is_one_error() -> None:
    assert receive([(0, 500), (1, 10), *frame(0x5A, 8)], 8) == (b"\x5a", 1)


def test_a_glitch_is_not_a_start_bit() -> None:
    assert receive([(0, 2), (1, 40), *frame(0x5A, 8)], 8) == (b"\x5a", 0)


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=6), st.integers(2, 10), st.data())
def test_a_receiver_reads_what_a_transmitter_sends(
    sent: bytes, divisor: int, data: st.DataObject
) -> None:
    m = Module()
    m.submodules.transmitter = transmitter = Transmitter(divisor)
    m.submodules.receiver = receiver = Receiver(divisor)
    m.d.comb += receiver.rx.eq(transmitter.tx)
    received = bytearray()

    async def send(ctx: SimulatorContext) -> None:
        for byte in sent:
            await ctx.tick().repeat(data.draw(st.integers(1, 30)))
            ctx.set(transmitter.i.payload, byte)
            ctx.set(transmitter.i.valid, 1)
            await ctx.tick().until(transmitter.i.ready)
            ctx.set(transmitter.i.valid, 0)

    async def watch(ctx: SimulatorContext) -> None:
        for _cycle in range(1000 + 100 * len(sent)):
            *_, valid, byte, error = await ctx.tick().sample(
                receiver.o.valid, receiver.o.payload, receiver.error
            )
            assert not error
            if valid:
                received.append(byte)
            if len(received) == len(sent):
                return
        raise AssertionError(f"cycle budget spent: {len(received)} of {len(sent)} bytes arrived")

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    simulator.add_testbench(watch)
    simulator.run()
    assert bytes(received) == sent


def test_the_ports_are_those_of_a_stream() -> None:
    for component in (Receiver(8), Transmitter(8)):
        assert isinstance(component, wiring.Component)
        assert component.signature.is_compliant(component)


@pytest.mark.parametrize(
    ("clock_hz", "baud", "divisor"),
    [(12e6, 115_200, 104), (12e6, 1_000_000, 12), (25e6, 115_200, 217), (25e6, 1_000_000, 25)],
)
def test_divisors_of_the_boards(clock_hz: float, baud: int, divisor: int) -> None:
    assert divisor_for(clock_hz, baud) == divisor


def test_a_rate_that_the_clock_cannot_make() -> None:
    with pytest.raises(CatgradError) as error:
        divisor_for(12e6, 2_500_000)
    assert str(error.value) == (
        "A clock of 12 MHz cannot keep 2500000 baud: the nearest rate that divides it is 2400000 "
        "baud; choose a standard rate of at most 3000000 baud."
    )


def test_a_rate_that_is_too_fast_to_sample() -> None:
    with pytest.raises(CatgradError) as error:
        divisor_for(12e6, 6_000_000)
    assert str(error.value) == (
        "A clock of 12 MHz cannot keep 6000000 baud: the nearest rate that divides it is 6000000 "
        "baud; choose a standard rate of at most 3000000 baud."
    )
