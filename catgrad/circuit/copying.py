"""Copying cells from one netlist to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.format import Format, IntArray
from catgrad.circuit.netlist import Kind, Netlist, Port, unpack_format


def copy_cell(b: NetlistBuilder, netlist: Netlist, cell: int, args: Sequence[int]) -> int:
    """Add a cell of a netlist, which is no INPUT, with other arguments; returns its net.

    It gets the smallest format that its arguments' formats allow, if it may have any.
    """
    kind, n = Kind(netlist.kind[cell]), int(netlist.value[cell])
    match kind:
        case Kind.CONST:
            net = b.const(n)
        case Kind.SHL:
            net = b.shl(args[0], n)
        case Kind.SHR:
            net = b.shr(args[0], n)
        case Kind.SATURATE:
            net = b.saturate(args[0], netlist.format(cell))
        case Kind.WRAP:
            net = b.wrap(args[0], netlist.format(cell))
        case Kind.FITS:
            net = b.fits(args[0], unpack_format(n))
        case Kind.LOOKUP:
            net = b.lookup(args[0], netlist.tables[n])
        case _:
            net = getattr(b, str(kind))(*args)
    return int(net)


def same_cell(b: NetlistBuilder, netlist: Netlist, cell: int, args: Sequence[int]) -> int:
    """The same, for arguments that carry the same numbers: in a format no wider than it had.

    What was narrowed to the numbers that there are stays so, as the select of a multiplexer must.
    """
    return in_format(b, copy_cell(b, netlist, cell, args), netlist.format(cell))


def in_format(b: NetlistBuilder, net: int, format: Format) -> int:
    """A net whose numbers are known to fit a format, in that one unless its own is narrower."""
    own = b.format(net)
    fits = format.min <= own.min and own.max <= format.max
    return net if fits else int(b.wrap(net, format))


def copied(netlist: Netlist, b: NetlistBuilder, new: IntArray) -> Netlist:
    """What was built, with the ports of a netlist; `new : int64[n]` is what each net has become."""

    def port(old: Port) -> Port:
        return replace(old, nets=new[old.nets])

    return replace(
        b.build(),
        inputs=tuple(map(port, netlist.inputs)),
        outputs=tuple(map(port, netlist.outputs)),
    )
