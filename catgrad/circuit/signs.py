"""Let comparisons with 0 read a sign."""

from __future__ import annotations

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, copy_cell
from catgrad.circuit.netlist import Kind, Netlist


def signs(netlist: Netlist) -> Netlist:
    """The netlist in which the larger of a number and 0 is chosen by the sign alone.

    A comparison of a saturated number with 0 compares the number before it is saturated, and need
    not wait for that.

        %3 = saturate %2 : s8
        %4 = gt %3 %0 : u1              %4 = gt %2 %0 : u1
        %5 = mux %4 %3 %0 : u7    ->    %5 = gt %0 %2 : u1
                                        %6 = mux %5 %0 %3 : s8
    """
    b = NetlistBuilder()
    new: list[int] = []
    kind, args = netlist.kind, netlist.args.tolist()
    zero = ((kind == Kind.CONST) & (netlist.value == 0)).tolist()

    def compared(net: int) -> int:
        """A net with the sign of this one, 0 where it is 0."""
        format = netlist.format(net)
        saturates = kind[net] == Kind.SATURATE and format.signed and format.max > 0
        return compared(args[net][0]) if saturates else net

    def is_positive(bit: int, net: int) -> bool:
        """Whether a bit says that this net is greater than 0."""
        return bool(kind[bit] == Kind.GT and args[bit][0] == net and zero[args[bit][1]])

    for cell in range(len(netlist)):
        first, second, third = args[cell]
        match Kind(kind[cell]):
            case Kind.INPUT:
                net = int(b.input(f"cell_{cell}", [netlist.format(cell)])[0])
            case Kind.GT:
                if zero[first] or zero[second]:
                    first, second = compared(first), compared(second)
                net = int(b.gt(new[first], new[second]))
            case Kind.MUX if is_positive(first, second) and zero[third]:
                negative = b.gt(new[third], new[compared(second)])
                net = int(b.mux(negative, new[third], new[second]))
            case _:
                net = copy_cell(b, netlist, cell, [new[arg] for arg in args[cell] if arg >= 0])
        new.append(net)
    return copied(netlist, b, np.array(new, dtype=np.int64))
