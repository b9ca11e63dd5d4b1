"""Delays: how long each cell of a netlist takes in an FPGA, roughly."""

from __future__ import annotations

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.splices import inverters, splices

LUT_PS = 1000
"""One four-input look-up table with its wires, in picoseconds."""

CARRY_PS = 100
"""One bit of a carry chain."""


def delays_ps(netlist: Netlist) -> IntArray:
    """int64[n], a rough delay for each cell, the same for every FPGA.

    - ADD, SUB, GT: a look-up table and the carry chain of the widest operand. An ADD that only puts
      bits side by side, and -1 - b, whose inverters go into the tables around them: wires only.
      1 > b of a single bit b is such an inverter too.
    - MUL: twice that of an addition as wide as the product.
    - MUX: a look-up table.
    - FITS, SATURATE: a tree over the bits of the operand; SATURATE then a multiplexer.
    - LOOKUP: a look-up table on four bits of the index, and one more for each further bit.
    - SHL, SHR, WRAP: wires only.
    """
    args = np.maximum(netlist.args, 0)
    width = np.where(netlist.args >= 0, netlist.width[args], 0).max(axis=1, initial=0)
    chain = LUT_PS + CARRY_PS * width
    tree = LUT_PS * np.maximum(1, np.ceil(np.log2(np.maximum(width, 1)) / 2)).astype(np.int64)
    index = np.array([len(table).bit_length() - 1 for table in netlist.tables] + [0])
    lookup = netlist.kind == Kind.LOOKUP
    table = index[np.where(lookup, netlist.value, -1).astype(np.int64)]
    delay = {
        Kind.ADD: chain,
        Kind.SUB: chain,
        Kind.GT: chain,
        Kind.MUL: 2 * (LUT_PS + CARRY_PS * netlist.width),
        Kind.MUX: np.full(len(netlist), LUT_PS),
        Kind.FITS: tree,
        Kind.SATURATE: tree + LUT_PS,
        Kind.LOOKUP: LUT_PS * np.maximum(1, table - 3),
    }
    result = np.zeros(len(netlist), dtype=np.int64)
    for kind, of_kind in delay.items():
        cells = netlist.kind == kind
        result[cells] = of_kind[cells]
    first, second = args[:, 0], args[:, 1]
    negates = (netlist.kind == Kind.GT) & (netlist.kind[first] == Kind.CONST)
    negates &= (netlist.value[first] == 1) & (netlist.width[second] == 1) & ~netlist.signed[second]
    result[(splices(netlist).at > 0) | inverters(netlist) | negates] = 0
    return result
