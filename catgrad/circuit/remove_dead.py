"""Remove the cells that no output can see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from catgrad.circuit.format import integers
from catgrad.circuit.netlist import Kind, Netlist, Port


def remove_dead(netlist: Netlist) -> Netlist:
    """The netlist without the cells, and the tables, that no output depends on.

    Inputs stay, read or not: they are the interface. The others keep their order.

        %2 = add %0 %1 : s17
        %3 = mul %0 %1 : s32        %2 = add %0 %1 : s17
        output y              ->    output y
          %2 : s17                    %2 : s17
    """
    alive = netlist.kind == Kind.INPUT
    reached = np.unique(np.concatenate([_NONE, *(port.nets for port in netlist.outputs)]))
    while reached.size:
        alive[reached] = True
        read = np.unique(netlist.args[reached])
        reached = read[(read >= 0) & ~alive[read]]

    number = np.cumsum(alive) - 1
    args = netlist.args[alive]
    lookup = netlist.kind[alive] == Kind.LOOKUP
    value = netlist.value[alive].copy()
    used, value[lookup] = np.unique(value[lookup].astype(np.int64), return_inverse=True)

    def renumbered(port: Port) -> Port:
        return replace(port, nets=number[port.nets])

    return Netlist(
        netlist.kind[alive],
        np.where(args >= 0, number[args], -1),
        integers(value),
        netlist.width[alive],
        netlist.signed[alive],
        tuple(netlist.tables[table] for table in used),
        tuple(map(renumbered, netlist.inputs)),
        tuple(map(renumbered, netlist.outputs)),
    )


_NONE = np.zeros(0, dtype=np.int64)
