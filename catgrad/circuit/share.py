"""Share equal cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from catgrad.circuit.netlist import Kind, Netlist

_COMMUTATIVE = (Kind.ADD, Kind.MUL)


def share(netlist: Netlist) -> Netlist:
    """The netlist in which, of all equal cells, only the first is read.

    Cells are equal if they agree in kind, value and format and read equal nets; ADD and MUL in
    either order, and with the lower net first from here on. The others are left unread, for
    `remove_dead`.

        %2 = add %0 %1 : s17        %2 = add %0 %1 : s17
        %3 = add %1 %0 : s17  ->    %3 = add %0 %1 : s17
        %4 = mul %2 %3 : s33        %4 = mul %2 %2 : s33
    """
    args = netlist.args.copy()
    value = np.unique(netlist.value, return_inverse=True)[1]  # numbers sort faster than objects
    first = np.arange(len(netlist))  # the first cell equal to each
    # Cells are equal only if they are of one level and kind, so no two groups share any.
    for kind, cells in netlist.groups:
        read = first[args[cells, : kind.operands]]
        if kind in _COMMUTATIVE:
            read.sort(axis=1)
        args[cells, : kind.operands] = read
        if kind is not Kind.INPUT:
            keys = np.column_stack(
                [read, value[cells], netlist.width[cells], netlist.signed[cells]]
            )
            order = np.lexsort(keys.T)
            new = np.any(np.diff(keys[order], axis=0, prepend=-1) != 0, axis=1)
            # The sort is stable, so the first of equal cells has the lowest number.
            first[cells[order]] = cells[order[new]][np.cumsum(new) - 1]
    return replace(
        netlist,
        args=args,
        outputs=tuple(replace(port, nets=first[port.nets]) for port in netlist.outputs),
    )
