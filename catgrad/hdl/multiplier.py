"""Multipliers with registers, where FPGAs have them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
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

from catgrad.errors import CatgradError
from catgrad.hdl.unread import discard

Family = Literal["ice40", "ecp5", "gowin"]
"""An FPGA whose multiplier blocks are instantiated by name."""

Held = Literal["operands", "product"]
"""What the registers of a block hold until they are enabled."""

BLOCK_BITS: dict[Family, int] = {"ice40": 16, "ecp5": 18, "gowin": 18}
"""The width of the operands of a multiplier block, sign included."""


class Multiplier(wiring.Component):
    """The product of two signed numbers, with registers before and after it::

        a ──[register]──┐
                        ├── × ──[register]── product
        b ──[register]──┘

    Members
    -------
    - `a`, `b`: In, signed of `a_width` and `b_width` bits
    - `rounds`: In(1), absent if `constant` is 0
    - `enable`: In(1), whether its registers take in anything; absent unless it `holds` something
    - `product`: Out, signed of ``a_width + b_width`` bits: a * b, and the constant more if `rounds`

    Latency: `latency` cycles, 2, or 3 with a register in the middle too, or 0 without any; 1 where
    it `holds` the "operands" or the "product" and nothing else. Interval: 1 cycle. The product is
    exact: nothing rounds or overflows. After a reset everything inside is 0.

    A constant, of fewer bits than the product has magnitude, costs no logic on iCE40, whose block
    has an adder behind the multiplier. Those of ECP5 and Gowin have none for it.

    With a `family` it is one multiplier block of such FPGAs, with the block's own registers, as
    long as the operands fit; synthesis by itself leaves those registers unused, or loses them.
    Wider operands, and `family=None`, leave the choice to synthesis, and can be simulated anywhere.
    """

    def __init__(
        self,
        a_width: int,
        b_width: int,
        family: Family | None = None,
        latency: int = 2,
        constant: int = 0,
        holds: Held | None = None,
    ) -> None:
        latency = latency if holds is None else 1
        if holds is None and latency not in (0, 2, 3):
            raise CatgradError(
                f"A multiplication takes 2 or 3 cycles, or 0 without registers, not {latency}; "
                f"choose one of these."
            )
        if constant and latency < 2:
            raise CatgradError(
                f"A multiplication of {latency} cycles adds no constant; add it to the product."
            )
        greatest = 1 << max(a_width + b_width - 2, 0)
        if not 0 <= constant < greatest:
            raise CatgradError(
                f"The constant {constant} does not fit beside the product of {a_width} and "
                f"{b_width} bits; give one from 0 to {greatest - 1}."
            )
        self.latency, self.holds = latency, holds
        self.family = family
        if constant and family in ("ecp5", "gowin"):
            name = {"ecp5": "ECP5", "gowin": "Gowin"}[family]
            raise CatgradError(
                f"The multiplier block of {name} has no adder for a constant; add it to the "
                f"product."
            )
        self.constant = constant
        members = {
            "a": In(signed(a_width)),
            "b": In(signed(b_width)),
            "product": Out(signed(a_width + b_width)),
        }
        if constant:
            members["rounds"] = In(1)
        if holds:
            members["enable"] = In(1)
        super().__init__(members)

    @property
    def fits(self) -> bool:
        """Whether it is a single multiplier block."""
        return self.family is not None and (
            max(len(self.a), len(self.b)) <= BLOCK_BITS[self.family]
        )

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        rounds: Value = self.rounds if self.constant else Const(0, 1)
        enable: Value = self.enable if self.holds else Const(1, 1)
        if self.family is not None and self.fits:
            # Sign-extended to the operands of the block; of the product, the low bits hold it all.
            width = BLOCK_BITS[self.family]
            a, b = (Signal(signed(width), name=f"block_{name}") for name in "ab")
            product = Signal(signed(2 * width), name="block_product")
            m.d.comb += [a.eq(self.a), b.eq(self.b), self.product.eq(product)]
            discard(m, "block_product", [product[len(self.product) :]])
            places = [self.latency >= cycles for cycles in (1, 2, 3)]
            if self.holds == "product":
                places = [False, True, False]
            if self.family == "ice40":
                if places[2] and self.constant:
                    later = Signal(name="rounds_1")
                    m.d.sync += later.eq(rounds)
                    rounds = later
                m.submodules.block = _sb_mac16(a, b, product, enable, places, self.constant, rounds)
                return m
            named = _mult18x18d if self.family == "ecp5" else _mult18x18
            m.submodules.block = named(a, b, product, enable, places)
            return m
        if not self.latency:
            m.d.comb += self.product.eq(self.a * self.b)
            return m
        if self.holds == "product":
            held = Signal.like(self.product, name="product_1")
            m.d.comb += self.product.eq(held)
            with m.If(self.enable):
                m.d.sync += held.eq(self.a * self.b)
            return m
        a, b = (Signal.like(port, name=name) for port, name in ((self.a, "a_1"), (self.b, "b_1")))
        with m.If(self.enable) if self.holds else nullcontext():
            m.d.sync += [a.eq(self.a), b.eq(self.b)]
        result: Value = a * b
        if self.constant:
            added = Signal(name="rounds_1")
            m.d.sync += added.eq(rounds)
            total = Signal(signed(len(self.product) + 1), name="total")
            m.d.comb += total.eq(result + Mux(added, self.constant, 0))
            result = total[: len(self.product)].as_signed()
            discard(m, "total", [total[len(self.product) :]])
        for cycle in range(2, self.latency + 1):
            register = Signal.like(self.product, name=f"product_{cycle}")
            m.d.sync += register.eq(result)
            result = register
        m.d.comb += self.product.eq(result)
        return m


def _sb_mac16(
    a: Value,
    b: Value,
    product: Value,
    enable: Value,
    places: Sequence[bool],
    constant: int,
    rounds: Value,
) -> Instance:
    """The multiplier of an iCE40 UltraPlus, with its adders if there is a constant.

    `places`: whether there are registers before it, behind it, and in the middle.
    """
    # Each parameter is as wide as the block declares it: a register that is switched on by a 1 of
    # 32 bits is silently off.
    on, off, high = Const(1, 1), Const(0, 1), Const(3, 2)
    before, behind, middle = places
    inner = on if middle and not constant else off
    added = Const(constant, 32) & rounds.replicate(32)
    adder = {
        f"p_{half}{name}": value
        for half in ("TOP", "BOT")
        for name, value in {
            "OUTPUT_SELECT": Const(1, 2),
            "ADDSUB_LOWERINPUT": Const(2, 2),
            "ADDSUB_UPPERINPUT": on,
        }.items()
    }
    adder |= {"p_C_REG": on, "p_D_REG": on, "p_TOPADDSUB_CARRYSELECT": Const(2, 2)}
    adder |= {"i_C": added[16:], "i_D": added[:16], "i_CHOLD": off, "i_DHOLD": off}
    for half in ("TOP", "BOT"):
        adder |= {f"i_{name}{half}": off for name in ("ADDSUB", "OLOAD", "OHOLD")}
        adder[f"i_ORST{half}"] = ResetSignal()
    plain = {"p_TOPOUTPUT_SELECT": high, "p_BOTOUTPUT_SELECT": high}
    return Instance(
        "SB_MAC16",
        p_A_SIGNED=on,
        p_B_SIGNED=on,
        p_MODE_8x8=off,
        p_A_REG=on if before else off,
        p_B_REG=on if before else off,
        p_PIPELINE_16x16_MULT_REG1=inner,
        p_TOP_8x8_MULT_REG=inner,
        p_BOT_8x8_MULT_REG=inner,
        # The register behind the multiplier, unless the one behind the adder comes next.
        p_PIPELINE_16x16_MULT_REG2=on if behind and (middle or not constant) else off,
        **(adder if constant else plain),
        i_CLK=ClockSignal(),
        i_CE=enable,
        i_IRSTTOP=ResetSignal(allow_reset_less=True),
        i_IRSTBOT=ResetSignal(allow_reset_less=True),
        i_AHOLD=off,
        i_BHOLD=off,
        i_A=a,
        i_B=b,
        o_O=product,
    )


def _mult18x18d(
    a: Value, b: Value, product: Value, enable: Value, places: Sequence[bool]
) -> Instance:
    """The multiplier of an ECP5."""
    on, off = Const(1, 1), Const(0, 1)
    before, behind, middle = places
    registers = {"INPUTA": before, "INPUTB": before, "PIPELINE": middle, "OUTPUT": behind}
    return Instance(
        "MULT18X18D",
        **{f"p_REG_{place}_CLK": "CLK0" if used else "NONE" for place, used in registers.items()},
        i_CLK0=ClockSignal(),
        i_CE0=enable,
        i_RST0=ResetSignal(allow_reset_less=True),
        i_SIGNEDA=on,
        i_SIGNEDB=on,
        i_SOURCEA=off,
        i_SOURCEB=off,
        **{f"i_A{i}": bit for i, bit in enumerate(a)},
        **{f"i_B{i}": bit for i, bit in enumerate(b)},
        **{f"o_P{i}": bit for i, bit in enumerate(product)},
    )


def _mult18x18(
    a: Value, b: Value, product: Value, enable: Value, places: Sequence[bool]
) -> Instance:
    """The multiplier of a Gowin GW1N or GW2A (UG287)."""
    # The packer reads a parameter of 32 bits as a register, even if it is 0, and takes a reset that
    # is not said to be synchronous for an asynchronous one.
    on, off = Const(1, 1), Const(0, 1)
    before, behind, middle = places
    registers = {"AREG": before, "BREG": before, "PIPE_REG": middle, "OUT_REG": behind}
    return Instance(
        "MULT18X18",
        **{f"p_{name}": on if used else off for name, used in registers.items()},
        p_MULT_RESET_MODE="SYNC",
        i_CLK=ClockSignal(),
        i_CE=enable,
        i_RESET=ResetSignal(allow_reset_less=True),
        i_ASIGN=on,
        i_BSIGN=on,
        i_ASEL=off,
        i_BSEL=off,
        i_SIA=Const(0, 18),
        i_SIB=Const(0, 18),
        i_A=a,
        i_B=b,
        o_DOUT=product,
    )
