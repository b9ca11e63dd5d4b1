"""Saturations as choices, so that a register may stand in the middle of one."""

from __future__ import annotations

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, copy_cell
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist

NARROW = 3
"""A saturation that looks at no more bits than these is left as it is: one look-up table."""


def clamps(netlist: Netlist) -> Netlist:
    """The netlist in which wide saturations are chosen by whether the number fits, and its sign.

        %2 = fits %1 s8 : u1            %2 = fits %1 s8 : u1
        %3 = saturate %1 : s8     ->    %3 = wrap %1 : s8
                                        %4 = mux %2 %3 %bound : s8, a bound by the sign of %1
        %5 = gt %1 %0 : u1              %5 = mux %2 of %3 greater than 0, and that sign

    Behind a register are then as many bits as the result has, and two more, and not all of %1.
    """
    b = NetlistBuilder()
    new: list[int] = []
    kind, args = netlist.kind, netlist.args.tolist()
    zero = ((kind == Kind.CONST) & (netlist.value == 0)).tolist()
    formats: dict[int, Format] = {}
    for cell in np.flatnonzero(kind == Kind.SATURATE).tolist():
        wide, format = netlist.format(args[cell][0]), netlist.format(cell)
        looks_at = wide.width - format.width + 1
        if wide.signed and format.signed and format.width > 1 and looks_at > NARROW:
            formats[args[cell][0]] = format

    def sign(net: int) -> int:
        """Whether a number is negative, a bit."""
        return int(b.wrap(b.shr(new[net], netlist.format(net).width - 1), Format(1, False)))

    def clamped(net: int, format: Format) -> int:
        bound = b.mux(sign(net), b.const(format.min), b.const(format.max))
        return int(b.mux(b.fits(new[net], format), b.wrap(new[net], format), bound))

    def positive(net: int, format: Format) -> int:
        """Whether a number is greater than 0."""
        inside = b.gt(b.wrap(new[net], format), b.const(0))
        return int(b.mux(b.fits(new[net], format), inside, b.gt(b.const(1), sign(net))))

    for cell in range(len(netlist)):
        first, second, _ = args[cell]
        format = netlist.format(cell)
        if kind[cell] == Kind.INPUT:
            net = int(b.input(f"cell_{cell}", [format])[0])
        elif kind[cell] == Kind.SATURATE and formats.get(first) == format:
            net = clamped(first, format)
        elif kind[cell] == Kind.GT and zero[first] and second in formats:
            net = sign(second)
        elif kind[cell] == Kind.GT and zero[second] and first in formats:
            net = positive(first, formats[first])
        else:
            net = copy_cell(b, netlist, cell, [new[arg] for arg in args[cell] if arg >= 0])
        new.append(net)
    return copied(netlist, b, np.array(new, dtype=np.int64))
