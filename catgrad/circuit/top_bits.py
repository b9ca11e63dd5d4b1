"""Let tests of ranges read no more bits than they look at."""

from __future__ import annotations

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, same_cell
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist, unpack_format
from catgrad.circuit.verify import verify


def top_bits(netlist: Netlist) -> Netlist:
    """The netlist in which whether a number fits a format is asked of its upper bits alone.

        %2 = fits %1 s8 : u1      ->      %2 = shr %1 7 : s3
                                          %3 = fits %2 s1 : u1

    It takes as many gates, but where it waits for a later stage, only these bits do.
    """
    b = NetlistBuilder()
    new: list[int] = []
    for cell in range(len(netlist)):
        kind = Kind(netlist.kind[cell])
        args = [new[arg] for arg in netlist.args[cell].tolist() if arg >= 0]
        if kind is Kind.INPUT:
            net = int(b.input(f"cell_{cell}", [netlist.format(cell)])[0])
        elif kind is Kind.FITS:
            asked = unpack_format(int(netlist.value[cell]))
            signed = asked.signed and b.format(args[0]).signed
            below = asked.width - 1 if signed else 0
            net = int(b.fits(b.shr(args[0], below), Format(asked.width - below, asked.signed)))
        else:
            net = same_cell(b, netlist, cell, args)
        new.append(net)
    return verify(copied(netlist, b, np.array(new, dtype=np.int64)))
