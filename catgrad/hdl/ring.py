"""Rings: words that wait in a small memory, in order."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value, ValueLike
from amaranth.lib.memory import Memory

from catgrad.hdl.folded.table import modulo
from catgrad.hdl.multiplier import Family
from catgrad.hdl.tokens import level

BLOCK_RAM_ONLY: tuple[Family, ...] = ("ice40",)
"""Families without memories whose words are there in the cycle of their address."""


def ring(
    m: Module,
    name: str,
    word: Value,
    push: ValueLike,
    pop: ValueLike,
    depth: int,
    *,
    first: int = 0,
    zeros: bool = True,
    ahead: bool = True,
    there: Signal | None = None,
    family: Family | None = None,
) -> Signal:
    """The oldest word of a queue of at most `depth` words, `first` of which are there after reset.

    Where `push` is 1 `word` enters, and where `pop` is 1 the oldest leaves; who pushes and pops has
    to know that there is room, or a word. Latency: with `ahead` the oldest word stands in a
    register, two cycles after it was pushed at the earliest; without, it comes from the memory one
    cycle after. Interval: 1 cycle. Words are bits; nothing rounds or overflows.

    The words that are there after a reset are 0, or without `zeros` any. `there`, if given, is made
    to say whether the oldest word stands in its register.
    """
    size = 1 << max(1, (depth - 1).bit_length())
    bits = size.bit_length() - 1
    memory = Memory(shape=len(word), depth=size, init=[], attrs=_attributes(family))
    m.submodules[f"{name}_memory"] = memory
    write = Signal(bits, init=first % size, name=f"{name}_write")
    port = memory.write_port()
    m.d.comb += [port.addr.eq(write), port.data.eq(word), port.en.eq(push)]
    with m.If(push):
        m.d.sync += write.eq(modulo(m, f"{name}_write_next", write + 1, bits))
    oldest = Signal(len(word), name=f"{name}_oldest")
    if ahead and not first and family not in BLOCK_RAM_ONLY:
        there = Signal(name=f"{name}_loaded") if there is None else there
        _load(m, name, memory, oldest, there, write, pop)
        return oldest
    if there is not None:
        count = level(m, f"{name}_count", depth, first, Value.cast(push), Value.cast(pop))
        m.d.sync += there.eq((count > 1) | ((count == 1) & ~Value.cast(pop)))
    read = Signal(bits, name=f"{name}_read")
    # Kept ready, so that no adder stands before the address of the memory.
    later = Signal(bits, init=1 % size, name=f"{name}_later")
    following = Signal(bits, name=f"{name}_next")
    m.d.comb += following.eq(Mux(pop, later, read))
    m.d.sync += read.eq(following)
    with m.If(pop):
        m.d.sync += later.eq(modulo(m, f"{name}_later_next", later + 1, bits))
    real = _real(m, name, pop, read, first if zeros else 0)
    if not ahead:
        entry = memory.read_port(domain="comb")
        m.d.comb += [entry.addr.eq(read), oldest.eq(entry.data)]
        if real is not None:
            now = Signal(name=f"{name}_is_real")
            m.d.sync += now.eq(real)
            m.d.comb += oldest.eq(Mux(now, entry.data, 0))
    elif family in BLOCK_RAM_ONLY:
        entry = memory.read_port()
        m.d.comb += [entry.addr.eq(following), oldest.eq(entry.data)]
        if real is not None:
            now = Signal(name=f"{name}_is_real")
            m.d.sync += now.eq(real)
            m.d.comb += oldest.eq(Mux(now, entry.data, 0))
    else:
        entry = memory.read_port(domain="comb")
        m.d.comb += entry.addr.eq(following)
        m.d.sync += oldest.eq(entry.data)
        if real is not None:
            with m.If(~real):
                m.d.sync += oldest.eq(0)
    return oldest


def _load(
    m: Module,
    name: str,
    memory: Memory,
    oldest: Signal,
    there: Signal,
    write: Signal,
    pop: ValueLike,
) -> None:
    """Load the oldest word when none is `there` or it leaves, from an address that is known."""
    ahead = Signal.like(write, name=f"{name}_ahead")
    more = Signal(name=f"{name}_more")
    entry = memory.read_port(domain="comb")
    m.d.comb += [entry.addr.eq(ahead), more.eq(ahead != write)]
    with m.If(Value.cast(pop) | ~there):
        m.d.sync += [oldest.eq(entry.data), there.eq(more)]
        with m.If(more):
            m.d.sync += ahead.eq(modulo(m, f"{name}_ahead_next", ahead + 1, len(ahead)))


def _real(m: Module, name: str, pop: ValueLike, read: Signal, zeros: int) -> Signal | None:
    """Whether the word that is oldest in the next cycle was pushed, and is none of the zeros."""
    if not zeros:
        return None
    real, after = Signal(name=f"{name}_real"), Signal(name=f"{name}_real_next")
    last = read == (zeros - 1) % (1 << len(read))
    m.d.comb += after.eq(real | (Value.cast(pop) & last))
    m.d.sync += real.eq(after)
    return after


def _attributes(family: Family | None) -> dict[str, str | int]:
    """Block RAM would be slow, and be wasted on so few words, where there is anything else.

    A word is never needed in the cycle in which it is written.
    """
    if family in BLOCK_RAM_ONLY:
        return {"no_rw_check": 1}
    return {"ram_style": "distributed"}
