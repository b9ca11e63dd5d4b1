"""Fold constants, and cells whose result is already there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.format import (
    WIDEST,
    BoolArray,
    IntArray,
    Integers,
    bit_length,
    integers,
    limits,
    smallest,
)
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.ranges import Ranges


def fold_constants(netlist: Netlist) -> Netlist:
    """The netlist in which what the ranges and a little algebra decide is no longer computed.

    - A cell with only one possible value is a CONST: constants of constants, x * 0, x - x, a
      comparison that the ranges decide.
    - Nobody reads x + 0, x - 0, x * 1, x << 0, a SATURATE or WRAP that holds its argument anyway, a
      MUX with a constant select or equal branches, or one between 1 and 0: they read x instead.
    - x + x and x * 2**n are shifts, and a shift of a shift is one shift, where the bits allow.

    Cells that nobody reads any longer are left for `remove_dead`.

        %1 = const 4 : u3           %1 = const 4 : u3
        %2 = mul %0 %1 : s19        %2 = shl %0 2 : s19
        %3 = shr %2 1 : s18   ->    %3 = shl %0 1 : s18
        %4 = saturate %3 : s20      %4 = saturate %3 : s20
        output y                    output y
          %4 : s20                    %3 : s20
    """
    folding = _Folding(netlist)
    for kind, cells in netlist.groups:
        folding.fold(kind, cells)
    return folding.result()


class _Folding:
    """The netlist being rewritten, from the inputs up.

    `same[i]` is the net that everyone reads in place of net i, since it has the same value.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.ranges = Ranges(netlist)
        self.same = np.arange(len(netlist))
        self.kind = netlist.kind.copy()
        self.args = netlist.args.copy()
        self.value = netlist.value.astype(self.ranges.lo.dtype)

    def fold(self, kind: Kind, cells: IntArray) -> None:
        """Rewrite cells of one level and kind; the cells that they read are done."""
        self.args[cells, : kind.operands] = self.same[self.args[cells, : kind.operands]]
        lo, hi = self.ranges.fill(kind, cells, self.args[cells])
        if kind in (Kind.INPUT, Kind.CONST):
            return
        known = np.asarray(lo == hi, dtype=np.bool_)
        self.constant(cells[known], lo[known])

        cells = cells[~known]
        a, b, c = self.args[cells].T
        match kind:
            case Kind.ADD:
                self.alias(cells, self.equals(a, 0), b)
                self.alias(cells, self.equals(b, 0), a)
                self.shift_left(cells, a == b, a, np.ones_like(a))
            case Kind.SUB:
                self.alias(cells, self.equals(b, 0), a)
                self.constant(cells[a == b], 0)
            case Kind.MUL:
                self.shift_left(cells, self.is_power(a), b, self.exponent(a))
                self.shift_left(cells, self.is_power(b), a, self.exponent(b))
            case Kind.SHL | Kind.SHR:
                self.merge_shifts(cells)
            case Kind.GT:
                self.alias(cells, self.equals(b, 0) & self.is_bit(a), a)
                self.constant(cells[a == b], 0)
            case Kind.MUX:
                self.alias(cells, self.equals(b, 1) & self.equals(c, 0), a)
                self.alias(cells, self.equals(a, 1) | (b == c), b)
                self.alias(cells, self.equals(a, 0), c)
            case Kind.SATURATE | Kind.WRAP:
                self.alias(cells, self.is_held(a, cells), a)

    def equals(self, nets: IntArray, value: int) -> BoolArray:
        return self.within(nets, value, value)

    def is_bit(self, nets: IntArray) -> BoolArray:
        return self.within(nets, 0, 1)

    def is_held(self, nets: IntArray, cells: IntArray) -> BoolArray:
        """Whether the formats of the cells hold the values of the nets."""
        width, signed = self.netlist.width[cells], self.netlist.signed[cells]
        return self.within(nets, *limits(width, signed, exact=self.ranges.lo.dtype == object))

    def within(self, nets: IntArray, least: ArrayLike, greatest: ArrayLike) -> BoolArray:
        lo, hi = self.ranges.lo[nets], self.ranges.hi[nets]
        return np.asarray((lo >= least) & (hi <= greatest), dtype=np.bool_)

    def is_power(self, nets: IntArray) -> BoolArray:
        """Whether each net is constant and a power of two."""
        lo, hi = self.ranges.lo[nets], self.ranges.hi[nets]
        return np.asarray((lo == hi) & (lo > 0) & (lo & (lo - 1) == 0), dtype=np.bool_)

    def exponent(self, nets: IntArray) -> IntArray:
        """n of each net that is the constant 2**n."""
        return bit_length(np.maximum(self.ranges.lo[nets], 1)) - 1

    def constant(self, cells: IntArray, value: ArrayLike) -> None:
        self.kind[cells] = Kind.CONST
        self.args[cells] = -1
        self.value[cells] = self.ranges.lo[cells] = self.ranges.hi[cells] = value

    def alias(self, cells: IntArray, where: BoolArray, nets: IntArray) -> None:
        """Let everyone read these nets in place of the cells."""
        self.same[cells[where]] = nets[where]

    def shift_left(
        self, cells: IntArray, where: BoolArray, nets: IntArray, amount: IntArray
    ) -> None:
        cells = cells[where]
        self.kind[cells] = Kind.SHL
        self.args[cells] = -1
        self.args[cells, 0] = nets[where]
        self.value[cells] = amount[where]
        self.merge_shifts(cells)

    def merge_shifts(self, cells: IntArray) -> None:
        """Take together what a shift shifts that is itself shifted, as long as no bit is lost."""
        while cells.size:
            self.alias(cells, self.value[cells] == 0, self.args[cells, 0])
            inner = self.args[cells, 0]
            is_left = self.kind[inner] == Kind.SHL
            is_right = self.kind[inner] == Kind.SHR
            # A left shift of a right shift clears the low bits, and no single shift does.
            merges = is_left | (is_right & (self.kind[cells] == Kind.SHR))
            cells, inner = cells[merges], inner[merges]
            left = self.left(inner) + self.left(cells)
            self.kind[cells] = np.where(left >= 0, Kind.SHL, Kind.SHR)
            # Nothing changes beyond the widest net: all its bits are gone.
            self.value[cells] = np.minimum(abs(left), WIDEST)
            self.args[cells, 0] = self.args[inner, 0]

    def left(self, shifts: IntArray) -> Integers:
        """By how many bits cells shift to the left; negative for a SHR."""
        value = self.value[shifts]
        return np.where(self.kind[shifts] == Kind.SHL, value, -value)

    def result(self) -> Netlist:
        width, signed = self.netlist.width.copy(), self.netlist.signed.copy()
        # A net read in place of a narrower one may have to be as narrow: a select, for one.
        lo, hi = self.ranges.lo, self.ranges.hi
        replacing = np.unique(self.same[self.same != np.arange(len(self.same))])
        width[replacing], signed[replacing] = smallest(lo[replacing], hi[replacing])
        return replace(
            self.netlist,
            kind=self.kind,
            args=self.args,
            value=integers(self.value),
            width=width,
            signed=signed,
            outputs=tuple(
                replace(port, nets=self.same[port.nets]) for port in self.netlist.outputs
            ),
        )
