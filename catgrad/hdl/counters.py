"""Counters of what happens to the samples of a pipeline."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value

from catgrad.circuit.pipeline import Pipeline
from catgrad.hdl.unread import discard


def count(m: Module, pipeline: Pipeline, counter: Signal, event: Value, number: Value) -> None:
    """Let a counter grow by a number in the cycle after the next to one with an event.

    Both have a register of their own, so that the stage of the number does not grow by an addition.
    """
    name = counter.name
    happened, more = Signal(name=f"{name}_change"), Signal.like(number, name=f"{name}_more")
    m.d.sync += [happened.eq(event), more.eq(number)]
    if is_long(pipeline, len(counter)):
        _in_halves(m, counter, happened, more)
        return
    total = counter + more
    after = Signal(total.shape(), name=f"{name}_next")
    m.d.comb += after.eq(total)
    discard(m, name, [after[len(counter) :]])
    with m.If(happened):
        m.d.sync += counter.eq(after)


def is_long(pipeline: Pipeline, bits: int) -> bool:
    """Whether a carry chain takes longer than a cycle, where events are several cycles apart."""
    delays, period_ps = pipeline.delays, pipeline.period_asked
    if pipeline.beat == 1 or delays is None or period_ps is None:
        return False
    return delays.register + delays.carry + bits * delays.carry_bit > period_ps


def _in_halves(m: Module, counter: Signal, event: Value, number: Value) -> None:
    """Add to the low half, and one to the high half if there is a carry.

    That the low half is about to be full, but for its lowest bits, has been known for a cycle.
    """
    half, bits = len(counter) // 2, len(number)
    nearly = Signal(name=f"{counter.name}_nearly")
    sums = (counter[:half] + number, counter[:bits] + number, counter[half:] + 1)
    low, few, high = (
        Signal(len(total), name=f"{counter.name}_{part}")
        for part, total in zip(("low", "few", "high"), sums, strict=True)
    )
    m.d.comb += [part.eq(total) for part, total in zip((low, few, high), sums, strict=True)]
    discard(m, f"{counter.name}_sums", [low[half:], few[:bits], high[half:]])
    m.d.sync += nearly.eq(counter[bits:half].all())
    with m.If(event):
        m.d.sync += counter[:half].eq(low)
        with m.If(nearly & few[bits]):
            m.d.sync += counter[half:].eq(high)
