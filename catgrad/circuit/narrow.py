"""Narrow nets to the bits that they need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from catgrad.circuit.format import smallest
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.ranges import ranges


def narrow(netlist: Netlist) -> Netlist:
    """The same cells, each in the smallest format that holds its range.

    Ports keep their formats, and so do inputs, whose range is their format.

        input x                     input x
          %0 : u4                     %0 : u4
        cells                       cells
          %1 = const 3 : s8   ->      %1 = const 3 : u2
          %2 = mul %0 %1 : s12        %2 = mul %0 %1 : u6
    """
    width, signed = smallest(*ranges(netlist))
    # A WRAP is the same in each format that holds its range: what is equal modulo 2**n is equal
    # modulo each lower power. A SATURATE is, because the smaller format ends where the old one did
    # on each side on which it clamps; only s1 ends at 0, and u1, the smallest that holds 0, at 1.
    bound = (netlist.kind == Kind.SATURATE) & (netlist.width == 1)
    return replace(
        netlist,
        width=np.where(bound, netlist.width, width),
        signed=np.where(bound, netlist.signed, signed),
    )
