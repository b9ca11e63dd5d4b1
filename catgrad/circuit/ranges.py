"""Ranges: the least and the greatest integer that each net can carry.

`result_range` has one rule for each kind of cell, from the ranges of the arguments to the range of
the result, for a whole group of cells at a time. The rule is exact for one cell; over a netlist it
gives a bound, since it does not know when two arguments depend on the same input.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from catgrad.circuit.format import (
    INT64_BITS,
    BoolArray,
    IntArray,
    Integers,
    integers,
    limits,
    wrap,
)
from catgrad.circuit.netlist import Kind, Netlist

Range = tuple[Integers, Integers]
"""The least and the greatest value of each net of a group."""


class Tables:
    """The tables of a netlist laid end to end, so that a group of lookups is one indexing."""

    def __init__(self, tables: Sequence[Sequence[int]]) -> None:
        self.size = np.array([len(table) for table in tables], dtype=np.int64)
        self.offset = np.cumsum(self.size) - self.size
        self._tables = tables

    @cached_property
    def entries(self) -> Integers:
        return integers([entry for table in self._tables for entry in table])

    @cached_property
    def least(self) -> Integers:
        return integers([min(table) for table in self._tables])

    @cached_property
    def greatest(self) -> Integers:
        return integers([max(table) for table in self._tables])

    def lookup(self, table: IntArray, a: Integers) -> Integers:
        """entries[a mod len(entries)] of each table."""
        index = (a & (self.size[table] - 1)).astype(np.int64)
        found: Integers = self.entries[self.offset[table] + index]
        return found


def result_range(
    kind: Kind,
    args: Sequence[Range],
    value: Integers,
    width: IntArray,
    signed: BoolArray,
    tables: Tables,
) -> Range:
    """The range of each cell of a group of one kind.

    `args` are the ranges of its arguments; `value`, `width` and `signed` are the cells' own, and
    only INPUT, SATURATE and WRAP look at the format. Nothing overflows if the ranges are Python
    integers, or if `int64_suffices`.
    """
    exact = any(lo.dtype == object for lo, _ in args)
    match kind, args:
        case Kind.INPUT, []:
            return limits(width, signed, exact=bool(np.any(width > INT64_BITS)))
        case Kind.CONST, []:
            return value, value
        case Kind.ADD, [(lo, hi), (lo_b, hi_b)]:
            return lo + lo_b, hi + hi_b
        case Kind.SUB, [(lo, hi), (lo_b, hi_b)]:
            return lo - hi_b, hi - lo_b
        case Kind.MUL, [(lo, hi), (lo_b, hi_b)]:
            corners = lo * lo_b, lo * hi_b, hi * lo_b, hi * hi_b
            return np.minimum.reduce(corners), np.maximum.reduce(corners)
        case Kind.SHL, [(lo, hi)]:
            return lo << value, hi << value
        case Kind.SHR, [(lo, hi)]:
            return lo >> value, hi >> value
        case Kind.GT, [(lo, hi), (lo_b, hi_b)]:
            return _truth(always=lo > hi_b, ever=hi > lo_b)
        case Kind.MUX, [select, (lo, hi), (lo_b, hi_b)]:
            always, never = select[0] > 0, select[1] <= 0
            return (
                np.where(always, lo, np.where(never, lo_b, np.minimum(lo, lo_b))),
                np.where(always, hi, np.where(never, hi_b, np.maximum(hi, hi_b))),
            )
        case Kind.SATURATE, [(lo, hi)]:
            least, greatest = limits(width, signed, exact)
            return np.clip(lo, least, greatest), np.clip(hi, least, greatest)
        case Kind.WRAP, [(lo, hi)]:
            least, greatest = limits(width, signed, exact)
            wrapped_lo, wrapped_hi = wrap(lo, width, signed), wrap(hi, width, signed)
            together = wrapped_hi - wrapped_lo == hi - lo
            return np.where(together, wrapped_lo, least), np.where(together, wrapped_hi, greatest)
        case Kind.FITS, [(lo, hi)]:
            least, greatest = limits(value >> 1, (value & 1).astype(np.bool_), exact)
            always, ever = (least <= lo) & (hi <= greatest), (least <= hi) & (lo <= greatest)
            return _truth(always, ever)
        case Kind.LOOKUP, [(lo, hi)]:
            known, entry = lo == hi, tables.lookup(value, lo)
            return (
                np.where(known, entry, tables.least[value]),
                np.where(known, entry, tables.greatest[value]),
            )
    raise AssertionError(f"{kind} does not take {len(args)} arguments")


def int64_suffices(
    kind: NDArray[np.int8], arg_width: IntArray, value: Integers, width: IntArray, tables: Tables
) -> bool:
    """Whether no rule above overflows int64; `arg_width` is [n, 3], with 0 for no argument.

    It keeps a bit to spare, because the rules also subtract the ends of a range.
    """
    if object in (value.dtype, tables.entries.dtype):
        return False
    a, b = arg_width[:, 0], arg_width[:, 1]
    bits = np.maximum(arg_width.max(axis=1, initial=0) + 2, width)
    bits = np.maximum(bits, np.where(kind == Kind.MUL, a + b, 0))
    bits = np.maximum(bits, np.where(kind == Kind.SHL, a + value, 0))
    bits = np.maximum(bits, np.where(kind == Kind.FITS, value >> 1, 0))
    return not np.any(bits >= INT64_BITS)


class Ranges:
    """The ranges of the nets of a netlist, `lo` and `hi`, filled in group by group.

    Call `fill` with the groups of the netlist in order. Nothing overflows as long as each format
    holds the range that was filled in.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.tables = Tables(netlist.tables)
        arg_width = np.where(netlist.args >= 0, netlist.width[netlist.args], 0)
        suffices = int64_suffices(
            netlist.kind, arg_width, netlist.value, netlist.width, self.tables
        )
        self.lo: Integers = np.zeros(len(netlist), dtype=np.int64 if suffices else object)
        self.hi: Integers = self.lo.copy()

    def fill(self, kind: Kind, cells: IntArray, args: IntArray | None = None) -> Range:
        """Compute, keep and return the ranges of cells of one kind, reading `args` or their own."""
        netlist = self.netlist
        read = netlist.args[cells] if args is None else args
        value = netlist.value[cells]
        if kind is not Kind.CONST:
            value = value.astype(np.int64)
        lo, hi = result_range(
            kind,
            [(self.lo[net], self.hi[net]) for net in read.T[: kind.operands]],
            value,
            netlist.width[cells],
            netlist.signed[cells],
            self.tables,
        )
        self.lo[cells], self.hi[cells] = lo, hi
        return lo, hi


def ranges(netlist: Netlist) -> Range:
    """The range of each net of a verified netlist, from the formats of its inputs."""
    filled = Ranges(netlist)
    for kind, cells in netlist.groups:
        filled.fill(kind, cells)
    return filled.lo, filled.hi


def _truth(always: BoolArray, ever: BoolArray) -> Range:
    """The range of a bit that is 1 always, at times, or never."""
    return always.astype(np.int64), ever.astype(np.int64)
