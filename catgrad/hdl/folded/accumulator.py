"""Accumulators whose first number is loaded."""

from __future__ import annotations

from amaranth.hdl import Const, Instance, Module, Mux, Signal, Value, signed

from catgrad.circuit.format import Format
from catgrad.hdl.cells import window
from catgrad.hdl.folded.table import modulo
from catgrad.hdl.multiplier import Family
from catgrad.hdl.unread import discard

_ADD_OR_LOAD = Const(0xA6AA, 16)
"""A look-up table of a carry chain: A + B, or A if C is 1, without a carry."""


def accumulator(
    m: Module,
    name: str,
    number: Value,
    width: int,
    first: Value,
    family: Family | None,
) -> Signal:
    """What a number adds up to with those before it, in the next cycle.

    One number comes in each cycle; where it is the `first` of a sum, those before it are forgotten.
    Nothing holds the sum, which is complete for one cycle only: a tile of iCE40 has too few wires
    for eight such adders and a clock enable, and the carry chain would be cut.

    The choice between the sum and the first number goes into the look-up tables of the adder, and
    as nothing else reads those, the accumulator into their flip-flops. Synthesis does that for
    iCE40; for ECP5 it leaves the choice outside the carry chain.
    """
    held = Signal(signed(width), name=f"{name}_accumulator", reset_less=True)
    if family == "ecp5":
        following = _add_or_load(m, name, number, held, first)
    else:
        total = modulo(m, f"{name}_sum", held + number, width).as_signed()
        following = Mux(first, number, total)
    m.d.sync += held.eq(following)
    return held


def _add_or_load(m: Module, name: str, number: Value, held: Signal, first: Value) -> Value:
    """held + number modulo its width, or the number; cells of ECP5, two bits each."""
    width = len(held)
    even = Format(width + width % 2, True)
    a, b = (Signal(even.width, name=f"{name}_{side}") for side in ("number", "held"))
    total = Signal(even.width, name=f"{name}_sum")
    carry = Signal(even.width // 2 + 1, name=f"{name}_carry")
    m.d.comb += [a.eq(window(number, 0, even)), b.eq(window(held, 0, even))]
    chain = Module()
    for i in range(even.width // 2):
        ports: dict[str, Value] = {f"o_S{k}": total[2 * i + k] for k in range(2)}
        for k in range(2):
            ports |= {f"i_A{k}": a[2 * i + k], f"i_B{k}": b[2 * i + k]}
            ports |= {f"i_C{k}": first, f"i_D{k}": Const(1, 1)}
        chain.submodules[f"bits_{2 * i}"] = Instance(
            "CCU2C",
            **{f"p_INIT{k}": _ADD_OR_LOAD for k in range(2)},
            **{f"p_INJECT1_{k}": "NO" for k in range(2)},
            **ports,
            i_CIN=carry[i],
            o_COUT=carry[i + 1],
        )
    m.submodules[f"{name}_chain"] = chain
    discard(m, f"{name}_chain", [total[width:], carry[-1]])
    return total[:width].as_signed()
