"""A multiplier with an accumulator adds up exactly what it is told to, and stands still if told."""

from __future__ import annotations

import numpy as np
from amaranth.sim import Simulator, SimulatorContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.hdl.multiply_accumulate import MultiplyAccumulate, in_block


@settings(max_examples=20)
@given(
    widths=st.tuples(st.integers(2, 18), st.integers(2, 18), st.integers(2, 40)),
    seed=st.integers(0, 2**32 - 1),
)
def test_totals(widths: tuple[int, int, int], seed: int) -> None:
    mac, random = MultiplyAccumulate(*widths), np.random.default_rng(seed)
    a_width, b_width, width = widths

    def drawn(bits: int) -> int:
        return int(random.integers(-(1 << (bits - 1)), 1 << (bits - 1)))

    seen, wanted = [], []

    async def testbench(ctx: SimulatorContext) -> None:
        factors, product, total = (0, 0), 0, 0
        for _ in range(40):
            a, b, constant = drawn(a_width), drawn(b_width), drawn(width)
            first, minus, enable = (int(bit) for bit in random.integers(0, 2, 3))
            for name, value in (("a", a), ("b", b), ("constant", constant), ("first", first)):
                ctx.set(getattr(mac, name), value)
            ctx.set(mac.minus, minus)
            ctx.set(mac.enable, enable)
            seen.append(ctx.get(mac.total))
            wanted.append(total)
            await ctx.tick()
            if enable:
                total = (constant if first else total) + (-product if minus else product)
                total = (total + (1 << (width - 1))) % (1 << width) - (1 << (width - 1))
                factors, product = (a, b), factors[0] * factors[1]

    simulator = Simulator(mac)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == wanted


def test_what_a_block_holds() -> None:
    assert in_block(16, 16, 32, "ice40")
    for widths in ((17, 16, 32), (16, 17, 32), (16, 16, 33)):
        assert not in_block(*widths, "ice40")
    assert not in_block(16, 16, 32, None)
