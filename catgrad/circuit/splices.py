"""Splices: additions that only put bits side by side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from catgrad.circuit.format import BoolArray, IntArray
from catgrad.circuit.netlist import Kind, Netlist

_ALL = 1 << 30
"""How many low bits of 0 are zero."""


class Splices(NamedTuple):
    """Of each ADD whose operands have no bit in common, where the two meet.

    ``at : int64[n]``, the lowest bit of the upper operand, 0 for every other cell. ``upper :
    int64[n]``, which operand that is, 0 or 1. The other one is not negative and ends below.
    """

    at: IntArray
    upper: IntArray


def splices(netlist: Netlist) -> Splices:
    """The splices of a netlist, as far as the formats, shifts and constants tell."""
    zeros = np.zeros(len(netlist), dtype=np.int64)  # low bits of each net that are always zero
    at, upper = np.zeros_like(zeros), np.zeros_like(zeros)
    for kind, cells in netlist.groups:
        a, b, c = netlist.args[cells].T
        match kind:
            case Kind.CONST:
                zeros[cells] = [_zeros(value) for value in netlist.value[cells].tolist()]
            case Kind.SHL:
                zeros[cells] = zeros[a] + netlist.value[cells].astype(np.int64)
            case Kind.SHR:
                zeros[cells] = np.maximum(zeros[a] - netlist.value[cells].astype(np.int64), 0)
            case Kind.ADD | Kind.SUB:
                zeros[cells] = np.minimum(zeros[a], zeros[b])
            case Kind.MUX:
                zeros[cells] = np.minimum(zeros[b], zeros[c])
        if kind is Kind.ADD:
            for operand, high, low in ((0, a, b), (1, b, a)):
                ends_below = ~netlist.signed[low] & (netlist.width[low] <= zeros[high])
                meets = np.minimum(zeros[high], netlist.width[high] - 1)
                found = ends_below & (meets >= netlist.width[low])
                at[cells[found]], upper[cells[found]] = meets[found], operand
    return Splices(at, upper)


def inverters(netlist: Netlist) -> BoolArray:
    """bool[n], the SUB cells that compute -1 - b, which inverts the bits of b."""
    of = netlist.args[:, 0]
    minus_one = (netlist.kind == Kind.CONST) & (netlist.value == -1)
    inverts: BoolArray = (netlist.kind == Kind.SUB) & minus_one[of].astype(np.bool_)
    return inverts


def _zeros(value: int) -> int:
    return (value & -value).bit_length() - 1 if value else _ALL
