"""Multipliers with registers, where FPGAs have them."""

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

from catgrad.errors import CatgradError
from catgrad.hdl.unread import discard

Family = Literal["ice40", "ecp5"]
"""An FPGA whose multiplier blocks are instantiated by name."""

BLOCK_BITS: dict[Family, int] = {"ice40": 16, "ecp5": 18}
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
    - `product`: Out, signed of ``a_width + b_width`` bits: a * b, and the constant more if `rounds`

    Latency: `latency` cycles, 2, or 3 with a register in the middle too. Interval: 1 cycle. The
    product is exact: nothing rounds or overflows. After a reset everything inside is 0.

    A constant, of fewer bits than the product has magnitude, costs no logic on iCE40, whose block
    has an adder behind the multiplier. That of ECP5 has none for it.

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
    ) -> None:
        if latency not in (2, 3):
            raise CatgradError(
                f"A multiplication takes 2 or 3 cycles, not {latency}; choose one of these."
            )
        greatest = 1 << max(a_width + b_width - 2, 0)
        if not 0 <= constant < greatest:
            raise CatgradError(
                f"The constant {constant} does not fit beside the product of {a_width} and "
                f"{b_width} bits; give one from 0 to {greatest - 1}."
            )
        self.latency = latency
        self.family = family
        if constant and family == "ecp5":
            raise CatgradError(
                "The multiplier block of ECP5 has no adder for a constant; add it to the product."
            )
        self.constant = constant
        members = {
            "a": In(signed(a_width)),
            "b": In(signed(b_width)),
            "product": Out(signed(a_width + b_width)),
        }
        if constant:
            members["rounds"] = In(1)
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
        if self.family is not None and self.fits:
            # Sign-extended to the operands of the block; of the product, the low bits hold it all.
            width = BLOCK_BITS[self.family]
            a, b = (Signal(signed(width), name=f"block_{name}") for name in "ab")
            product = Signal(signed(2 * width), name="block_product")
            m.d.comb += [a.eq(self.a), b.eq(self.b), self.product.eq(product)]
            discard(m, "block_product", [product[len(self.product) :]])
            middle = self.latency == 3
            if self.family == "ice40":
                if middle and self.constant:
                    later = Signal(name="rounds_1")
                    m.d.sync += later.eq(rounds)
                    rounds = later
                m.submodules.block = _sb_mac16(a, b, product, middle, self.constant, rounds)
                return m
            m.submodules.block = _mult18x18d(a, b, product, middle)
            return m
        a, b = (Signal.like(port, name=name) for port, name in ((self.a, "a_1"), (self.b, "b_1")))
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
    a: Value, b: Value, product: Value, middle: bool, constant: int, rounds: Value
) -> Instance:
    """The multiplier of an iCE40 UltraPlus, with its adders if there is a constant."""
    # Each parameter is as wide as the block declares it: a register that is switched on by a 1 of
    # 32 bits is silently off.
    on, off, high = Const(1, 1), Const(0, 1), Const(3, 2)
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
        p_A_REG=on,
        p_B_REG=on,
        p_PIPELINE_16x16_MULT_REG1=inner,
        p_TOP_8x8_MULT_REG=inner,
        p_BOT_8x8_MULT_REG=inner,
        # The register behind the multiplier, unless the one behind the adder comes next.
        p_PIPELINE_16x16_MULT_REG2=on if middle or not constant else off,
        **(adder if constant else plain),
        i_CLK=ClockSignal(),
        i_CE=on,
        i_IRSTTOP=ResetSignal(allow_reset_less=True),
        i_IRSTBOT=ResetSignal(allow_reset_less=True),
        i_AHOLD=off,
        i_BHOLD=off,
        i_A=a,
        i_B=b,
        o_O=product,
    )


def _mult18x18d(a: Value, b: Value, product: Value, middle: bool) -> Instance:
    """The multiplier of an ECP5."""
    on, off = Const(1, 1), Const(0, 1)
    registers = {"INPUTA": True, "INPUTB": True, "PIPELINE": middle, "OUTPUT": True}
    return Instance(
        "MULT18X18D",
        **{f"p_REG_{place}_CLK": "CLK0" if used else "NONE" for place, used in registers.items()},
        i_CLK0=ClockSignal(),
        i_CE0=on,
        i_RST0=ResetSignal(allow_reset_less=True),
        i_SIGNEDA=on,
        i_SIGNEDB=on,
        i_SOURCEA=off,
        i_SOURCEB=off,
        **{f"i_A{i}": bit for i, bit in enumerate(a)},
        **{f"i_B{i}": bit for i, bit in enumerate(b)},
        **{f"o_P{i}": bit for i, bit in enumerate(product)},
    )
