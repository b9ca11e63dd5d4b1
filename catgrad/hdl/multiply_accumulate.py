"""A multiplier with an accumulator behind it: sums of products, one product a cycle."""

from __future__ import annotations

from typing import Literal

from amaranth.hdl import (
    ClockSignal,
    Const,
    Instance,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
    signed,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from catgrad.hdl.unread import discard

MacFamily = Literal["ice40"]
"""An FPGA whose multiplier blocks accumulate, and are instantiated by name."""

OPERAND_BITS, TOTAL_BITS = 16, 32
"""Of such a block: of its operands, signs included, and of its adder."""


def in_block(a_width: int, b_width: int, width: int, family: MacFamily | None) -> bool:
    """Whether factors and total of these widths are in a single multiplier block."""
    fits = max(a_width, b_width) <= OPERAND_BITS and width <= TOTAL_BITS
    return family is not None and fits


class MultiplyAccumulate(wiring.Component):
    """Sums of products of two signed numbers::

        a ──[register]──┐                    ┌──────────────────┐
                        ├── × ──[register]──(±)──[register]──┬──┴── total
        b ──[register]──┘                    │               │
                                           first ? constant : ┘

    Members
    -------
    - `a`, `b`: In, signed of `a_width` and `b_width` bits
    - `first`, `minus`, `constant`: In, two cycles after the factors: the product is added to
      `constant` instead of the total, and subtracted instead of added
    - `enable`: In(1); in a cycle with 0 all registers keep what they have
    - `total`: Out, signed of `width` bits, modulo 2**width

    Latency: 3 cycles from the factors to the total with their product, 1 from `first`. Interval: 1
    cycle. Nothing rounds. After a reset everything inside is 0.

    With a `family` it is one multiplier block with its registers and its adder, as long as numbers
    fit, and the logic beside it is that of `first`; else the choice is left to synthesis. Place and
    route knows no delay inside the block of an iCE40 UltraPlus: it is up to 9.1 ns from the
    registers of the factors to that of the product, and up to 5.2 ns from `constant` or the total
    through the adder (project IceStorm, ``timings_up5k.txt``).
    """

    def __init__(
        self, a_width: int, b_width: int, width: int, family: MacFamily | None = None
    ) -> None:
        self.family = family
        self.in_block = in_block(a_width, b_width, width, family)
        super().__init__(
            {
                "a": In(signed(a_width)),
                "b": In(signed(b_width)),
                "first": In(1),
                "minus": In(1),
                "constant": In(signed(width)),
                "enable": In(1),
                "total": Out(signed(width)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        base = Signal(signed(len(self.total)))
        m.d.comb += base.eq(Mux(self.first, self.constant, self.total))
        if self.in_block:
            total = Signal(signed(TOTAL_BITS), name="block_total")
            block_a, block_b = (Signal(signed(OPERAND_BITS), name=f"block_{n}") for n in "ab")
            added = Signal(signed(TOTAL_BITS), name="block_base")
            m.d.comb += [block_a.eq(self.a), block_b.eq(self.b), added.eq(base)]
            m.d.comb += self.total.eq(total)
            discard(m, "block_total", [total[len(self.total) :]])
            m.submodules.block = _sb_mac16(block_a, block_b, added, self.minus, self.enable, total)
            return m
        a, b = (
            Signal.like(port, name=f"{name}_1") for port, name in ((self.a, "a"), (self.b, "b"))
        )
        product = Signal(signed(len(a) + len(b)))
        after = Signal(signed(max(len(self.total), len(product)) + 1))
        m.d.comb += after.eq(Mux(self.minus, base - product, base + product))
        with m.If(self.enable):
            m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b)]
            m.d.sync += self.total.eq(after)
        discard(m, "after", [after[len(self.total) :]])
        return m


def _sb_mac16(
    a: Value, b: Value, added: Value, minus: Value, enable: Value, total: Value
) -> Instance:
    """The multiplier of an iCE40 UltraPlus; its adder takes the product and `added`."""
    # Each parameter is as wide as the block declares it: a register that is switched on by a 1 of
    # 32 bits is silently off.
    on, off = Const(1, 1), Const(0, 1)
    halves: dict[str, Value] = {}
    for half, reset in (("TOP", "i_ORSTTOP"), ("BOT", "i_ORSTBOT")):
        halves |= {
            f"p_{half}OUTPUT_SELECT": Const(1, 2),
            f"p_{half}ADDSUB_LOWERINPUT": Const(2, 2),
            f"p_{half}ADDSUB_UPPERINPUT": on,
            f"i_ADDSUB{half}": minus,
            f"i_OLOAD{half}": off,
            f"i_OHOLD{half}": off,
            f"i_IRST{half}": ResetSignal(allow_reset_less=True),
            reset: ResetSignal(allow_reset_less=True),
        }
    return Instance(
        "SB_MAC16",
        p_A_SIGNED=on,
        p_B_SIGNED=on,
        p_MODE_8x8=off,
        p_A_REG=on,
        p_B_REG=on,
        p_PIPELINE_16x16_MULT_REG2=on,
        p_TOPADDSUB_CARRYSELECT=Const(2, 2),
        **halves,
        i_CLK=ClockSignal(),
        i_CE=enable,
        i_AHOLD=off,
        i_BHOLD=off,
        i_CHOLD=off,
        i_DHOLD=off,
        i_A=a,
        i_B=b,
        i_C=added[16:],
        i_D=added[:16],
        o_O=total,
    )
