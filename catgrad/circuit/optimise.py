"""All passes together."""

from __future__ import annotations

from catgrad.circuit.fold_constants import fold_constants
from catgrad.circuit.narrow import narrow
from catgrad.circuit.netlist import Netlist
from catgrad.circuit.remove_dead import remove_dead
from catgrad.circuit.share import share
from catgrad.circuit.verify import verify


def optimise(netlist: Netlist) -> Netlist:
    """The netlist after every pass, repeated until none changes it.

    It computes the same function, with the same ports. It is verified before and after.
    """
    before, after = None, verify(netlist)
    while after != before:
        before = after
        after = remove_dead(share(narrow(fold_constants(before))))
    return verify(after)
