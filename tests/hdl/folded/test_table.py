"""Tables, multiplexers and comparisons are what they say, wherever an entry is given."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.hdl.folded.table import Delays, equals, modulo, pick, table


@settings(max_examples=25)
@given(st.dictionaries(st.integers(0, 31), st.integers(0, 63)), st.integers(1, 20))
def test_logic_follows_the_index(entries: dict[int, int], size: int) -> None:
    index, found, picked, same, low = (Signal(n) for n in (5, 6, 6, 1, 3))
    m = Module()
    m.d.comb += [
        found.eq(table(index, entries, 6)),
        picked.eq(pick(index, [Signal(6, init=3 * i) for i in range(size)])),
        same.eq(equals(index, size)),
        low.eq(modulo(m, "sum", index + 1, 3)),
    ]

    async def check(ctx: SimulatorContext) -> None:
        for i in range(32):
            ctx.set(index, i)
            await ctx.delay(1e-6)
            assert i not in entries or ctx.get(found) == entries[i]
            assert i >= size or ctx.get(picked) == 3 * i
            assert ctx.get(same) == (i == size)
            assert ctx.get(low) == (i + 1) % 8

    simulator = Simulator(m)
    simulator.add_testbench(check)
    simulator.run()


def test_delays_are_shared_and_bits_are_reset() -> None:
    m = Module()
    later, bit, number = Delays(m), Signal(name="bit"), Signal(4, name="number")
    assert later(bit, 0) is bit
    assert later(bit, 2) is later(bit, 2)
    assert not later(bit, 1).reset_less
    assert later(number, 1).reset_less
