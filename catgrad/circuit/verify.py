"""Verification: the rules that every pass keeps and every reader of a netlist relies on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from catgrad.circuit.format import WIDEST, BoolArray, Format, Integers, limits
from catgrad.circuit.netlist import Kind, Netlist, Port
from catgrad.circuit.ranges import Ranges
from catgrad.errors import CatgradError

_READS = np.array([kind.operands for kind in Kind])


def verify(netlist: Netlist) -> Netlist:
    """The netlist itself, if it is valid; else a `CatgradError` that names a fault.

    - A cell reads as many nets as its kind has operands, all with lower numbers than its own.
    - Widths are from 1 to 4096, shifts from 0 to 4096; a table has a power of two of entries.
    - Comparisons, and the select of a MUX, are `u1`.
    - Ports have distinct names, their nets exist, and each INPUT cell is one element of one input
      port, in just the format of the cell.
    - The format of a cell, and of an element of an output port, holds every value that the net can
      carry, as computed from the formats of the inputs.
    """
    for number, entries in enumerate(netlist.tables):
        check_table(entries, number)
    _check_cells(netlist)
    _check_ports("Input", netlist.inputs, netlist)
    _check_ports("Output", netlist.outputs, netlist)
    _check_inputs(netlist)
    _check_ranges(netlist)
    return netlist


def check_table(entries: Sequence[int], number: int) -> None:
    """CatgradError unless the number of entries is a power of two."""
    n = len(entries)
    if n == 0 or n & (n - 1):
        raise CatgradError(
            f"Table {number} has {n} entries, but a lookup takes its index modulo a power of two; "
            f"pad the table to {1 << max(n - 1, 0).bit_length()}."
        )


def _check_cells(netlist: Netlist) -> None:
    kind, args, value = netlist.kind, netlist.args, netlist.value
    if ((kind < 0) | (kind >= len(Kind))).any():
        cell = int(np.argmax((kind < 0) | (kind >= len(Kind))))
        raise CatgradError(
            f"Cell {cell} has kind {kind[cell]}, but kinds are from 0 to {len(Kind) - 1}."
        )

    def check(fault: BoolArray, sentence: Callable[[int], str]) -> None:
        if fault.any():
            cell = int(np.argmax(fault))
            raise CatgradError(f"Cell {cell} ({Kind(kind[cell])}) {sentence(cell)}")

    def outside(number: Integers, least: int, greatest: int) -> BoolArray:
        return np.asarray((number < least) | (number > greatest), dtype=np.bool_)

    used = np.arange(3) < _READS[kind][:, None]
    check(
        np.any(np.where(used, args < 0, args != -1), axis=1),
        lambda i: (
            f"has arguments {args[i].tolist()}, but takes {_READS[kind[i]]}; "
            f"give it that many nets, then -1."
        ),
    )
    check(
        args.max(axis=1, initial=-1) >= np.arange(len(netlist)),
        lambda i: (
            f"reads net {args[i].max()}, but a cell reads only nets with lower numbers than "
            f"its own; put its arguments before it."
        ),
    )
    check(
        outside(netlist.width, 1, WIDEST),
        lambda i: f"is {netlist.width[i]} bits wide, but a width is from 1 to {WIDEST}.",
    )
    check(
        np.isin(kind, (Kind.SHL, Kind.SHR)) & outside(value, 0, WIDEST),
        lambda i: f"shifts by {value[i]}, but a shift is from 0 to {WIDEST}.",
    )
    check(
        (kind == Kind.FITS) & outside(value >> 1, 1, WIDEST),
        lambda i: f"asks about {value[i] >> 1} bits, but a width is from 1 to {WIDEST}.",
    )
    check(
        (kind == Kind.LOOKUP) & outside(value, 0, len(netlist.tables) - 1),
        lambda i: f"reads table {value[i]}, but the number of tables is {len(netlist.tables)}.",
    )
    valued = np.isin(kind, (Kind.CONST, Kind.SHL, Kind.SHR, Kind.FITS, Kind.LOOKUP))
    check(
        ~valued & outside(value, 0, 0),
        lambda i: f"has value {value[i]}, but its kind has none; set it to 0.",
    )
    bit = (netlist.width == 1) & ~netlist.signed
    check(
        np.isin(kind, (Kind.GT, Kind.FITS)) & ~bit,
        lambda i: f"has format {netlist.format(i)}, but its result is one bit; make it u1.",
    )
    check(
        (kind == Kind.MUX) & ~bit[args[:, 0]],
        lambda i: (
            f"selects with net {args[i, 0]} of format {netlist.format(args[i, 0])}, but a "
            f"select is u1; compare it with 0 first."
        ),
    )


def _check_ports(side: str, ports: Sequence[Port], netlist: Netlist) -> None:
    names = [port.name for port in ports]
    for port in ports:
        if names.count(port.name) > 1:
            raise CatgradError(f"{side} port {port.name} occurs twice; name the ports apart.")
        if not port.name.isidentifier():
            raise CatgradError(
                f"{side} port {port.name!r} has a name that is no identifier; use letters, digits "
                f"and underscores, beginning with a letter."
            )
        for what, items in (("formats", port.formats), ("fractions", port.fractions)):
            if items is not None and len(items) != len(port):
                raise CatgradError(
                    f"{side} port {port.name} has {len(port)} nets but {what} for {len(items)}; "
                    f"give one for each net."
                )
        outside = (port.nets < 0) | (port.nets >= len(netlist))
        if outside.any():
            element = int(np.argmax(outside))
            raise CatgradError(
                f"{side} port {port.name} has net {port.nets[element]} as element {element}, but "
                f"the netlist has {len(netlist)} cells."
            )


def _check_inputs(netlist: Netlist) -> None:
    times = np.zeros(len(netlist), dtype=np.int64)
    for port in netlist.inputs:
        for element, (net, format) in enumerate(zip(port.nets.tolist(), port.formats, strict=True)):
            if netlist.kind[net] != Kind.INPUT:
                raise CatgradError(
                    f"Input port {port.name} has cell {net} ({Kind(netlist.kind[net])}) as element "
                    f"{element}, but only input cells belong in an input port."
                )
            if format != netlist.format(net):
                raise CatgradError(
                    f"Input port {port.name} has format {format} at element {element}, but cell "
                    f"{net} (input) has format {netlist.format(net)}; make them equal."
                )
        np.add.at(times, port.nets, 1)
    fault = (netlist.kind == Kind.INPUT) & (times != 1)
    if fault.any():
        cell = int(np.argmax(fault))
        raise CatgradError(
            f"Cell {cell} (input) occurs {times[cell]} times in the input ports; "
            f"list it exactly once."
        )


def _check_ranges(netlist: Netlist) -> None:
    ranges = Ranges(netlist)
    exact = ranges.lo.dtype == object
    least, greatest = limits(netlist.width, netlist.signed, exact)
    for kind, cells in netlist.groups:
        lo, hi = ranges.fill(kind, cells)
        fault = np.asarray((lo < least[cells]) | (hi > greatest[cells]), dtype=np.bool_)
        if fault.any():
            i = int(np.argmax(fault))
            raise CatgradError(
                f"Cell {cells[i]} ({kind}) takes values from {lo[i]} to {hi[i]}, which its format "
                f"{netlist.format(cells[i])} does not hold; "
                f"give it {Format.holding(lo[i], hi[i])}."
            )
    for port in netlist.outputs:
        for element, (net, format) in enumerate(zip(port.nets.tolist(), port.formats, strict=True)):
            least_value, greatest_value = ranges.lo[net], ranges.hi[net]
            if least_value < format.min or greatest_value > format.max:
                raise CatgradError(
                    f"Output port {port.name} has format {format} at element {element}, but net "
                    f"{net} takes values from {least_value} to {greatest_value}; "
                    f"give it {Format.holding(least_value, greatest_value)}."
                )
