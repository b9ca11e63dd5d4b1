"""Sums that can be another number instead, without a gate for the choice."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Instance, Module, Mux, Signal, Value

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind
from catgrad.hdl.cells import expression, window
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family

HALF_CELL = 0x6F6C
"""What half a CCU2C shows of a, b, c and d, before the carry: a ^ b where c is 1, else d, or b if d
is 0. Its carry out is b, or its carry in where it shows 1."""


SATURATED_BIT = 0x8E00
"""A look-up table of a bit, the next to highest, the highest, and whether any is shown."""


def read_sum(
    m: Module,
    name: str,
    held: Value,
    adds: Value,
    format: Format,
    family: Family | None = None,
) -> Value:
    """A sum of one bit more than a signed format, saturated into it; 0 where `adds` is 0.

    Latency: 0 cycles. A bit depends on itself, on the two highest, and on `adds`, which is one
    look-up table. Synthesis would find what bits have in common, and look it up first.
    """
    if family != "ecp5":
        return Mux(adds, expression(Kind.SATURATE, 0, format, [held]), 0)
    negative, following = held[-1], held[-2]
    bits: list[Value] = []
    for i in range(format.width - 1):
        bit = Signal(name=f"{name}_{i}")
        inputs = {"i_A": held[i], "i_B": following, "i_C": negative, "i_D": adds}
        table = Instance("LUT4", p_INIT=Const(SATURATED_BIT, 16), **inputs, o_Z=bit)
        m.submodules[f"{name}_{i}_table"] = table
        bits.append(bit)
    return Cat(*bits, negative & adds).as_signed()


def chosen_sum(
    m: Module,
    name: str,
    a: Value,
    b: Value,
    adds: Value,
    other: Value,
    format: Format,
    family: Family | None = None,
) -> Signal:
    """a + b where `adds` is 1, else `other`, for which b has to be 0: bits of a signed format.

    Latency: 0 cycles. Nothing rounds, and what is over wraps. On ECP5 each cell of a carry chain
    has a look-up table of four inputs before the carry, of which a sum takes two. So it is written
    down cell by cell there: synthesis would put the choice into tables of their own.
    """
    total = Signal(shape_of(format), name=name)
    if family != "ecp5":
        m.d.comb += total.eq(Mux(adds, a + b, other))
        return total
    rows = [list(window(value, 0, format)) for value in (a, b, other)]
    bits = [(*row, total[place]) for place, row in enumerate(zip(*rows, strict=True))]
    # The first half makes a carry of 0, and one may be left over behind the highest bit.
    halves = [None, *bits, *[None] * (len(bits) % 2 == 0)]
    one, carry = Const(1, 1), None
    for pair in range(len(halves) // 2):
        ports: dict[str, Value | int | str] = {}
        for half, bit in enumerate(halves[2 * pair : 2 * pair + 2]):
            x, y, z, shown = bit or (one, one, one, None)
            ports |= {f"i_A{half}": x, f"i_B{half}": y, f"i_C{half}": adds, f"i_D{half}": z}
            ports |= {f"p_INIT{half}": Const(HALF_CELL if bit else 0, 16)}
            ports |= {f"p_INJECT1_{half}": "NO"}
            ports |= {} if shown is None else {f"o_S{half}": shown}
        # Place and route puts cells before and behind chains, but for these attributes.
        ports |= {"a_chain_begins": 1} if carry is None else {"i_CIN": carry}
        if 2 * pair + 2 < len(halves):
            carry = Signal(name=f"{name}_carry_{pair}")
            ports |= {"o_COUT": carry}
        else:
            ports |= {"a_chain_ends": 1}
        m.submodules[f"{name}_{pair}"] = Instance("CCU2C", **ports)
    return total
