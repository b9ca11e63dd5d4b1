"""Statistics: what a netlist is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catgrad.circuit.netlist import Kind, Netlist


@dataclass(frozen=True)
class Statistics:
    """How many cells of each kind there are, and their result bits; printed as a table.

    `depth` is the most cells on a path from an input to an output, `widest` the bits of the widest
    net.
    """

    cells: dict[Kind, int]
    bits: dict[Kind, int]
    depth: int
    widest: int

    def __str__(self) -> str:
        rows = [("kind", "cells", "bits")]
        rows += [(str(kind), str(n), str(self.bits[kind])) for kind, n in self.cells.items()]
        rows += [("all", str(sum(self.cells.values())), str(sum(self.bits.values())))]
        lines = [f"{kind:9}{cells:>9}{bits:>11}" for kind, cells, bits in rows]
        return "\n".join([*lines, f"depth {self.depth}, widest net {self.widest} bits"])


def statistics(netlist: Netlist) -> Statistics:
    """Count the cells of a netlist; kinds that do not occur are left out."""
    cells = np.bincount(netlist.kind, minlength=len(Kind)).tolist()
    bits = np.bincount(netlist.kind, weights=netlist.width, minlength=len(Kind)).tolist()
    present = [kind for kind in Kind if cells[kind]]
    return Statistics(
        {kind: cells[kind] for kind in present},
        {kind: int(bits[kind]) for kind in present},
        int(netlist.levels.max(initial=0)),
        int(netlist.width.max(initial=0)),
    )
