"""Merging: one netlist for all that compute alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copy_cell
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist, Port
from catgrad.circuit.verify import verify

_OWN_FORMAT = (Kind.SATURATE, Kind.WRAP)
_BITS = (Kind.INPUT, Kind.CONST, Kind.GT, Kind.FITS, Kind.LOOKUP, *_OWN_FORMAT)
"""What is one bit in all netlists of one structure is also one bit in the merged netlist."""


def merge(netlists: Sequence[Netlist]) -> tuple[tuple[Netlist, ...], tuple[int, ...]]:
    """As few netlists that do the work of all, and which of them does that of each.

    Netlists of one structure become one: the same cells, constants, shifts and tables, ports of the
    same names and lengths. Where formats only have to hold the numbers they may differ, and the
    merged netlist holds the numbers of all; a SATURATE, WRAP or FITS computes with its format, and
    has to agree. What an element of a port carries is the same number in a wider format::

        evaluate(merged[which[i]], inputs) == evaluate(netlists[i], inputs)

    Ports keep their fractions where all agree.
    """
    families: dict[object, list[Netlist]] = {}
    which = []
    for netlist in netlists:
        key = _structure(verify(netlist))
        families.setdefault(key, []).append(netlist)
        which.append(list(families).index(key))
    return tuple(verify(_widest(family)) for family in families.values()), tuple(which)


def _structure(netlist: Netlist) -> object:
    """What netlists that become one have in common, comparable and hashable."""
    kind = netlist.kind
    exact = np.isin(kind, _OWN_FORMAT)
    if not np.isin(kind[netlist.args[kind == Kind.MUX, 0]], _BITS).all():
        exact |= kind == Kind.INPUT
    formats = tuple(netlist.format(cell) for cell in np.flatnonzero(exact).tolist())
    ports = tuple(
        tuple((port.name, *port.nets.tolist()) for port in side)
        for side in (netlist.inputs, netlist.outputs)
    )
    values = tuple(netlist.value.tolist())
    return kind.tobytes(), netlist.args.tobytes(), values, netlist.tables, formats, ports


def _widest(family: Sequence[Netlist]) -> Netlist:
    """Netlists of one structure as one."""
    first = family[0]
    if all(netlist == first for netlist in family):
        return first
    b = NetlistBuilder()
    inputs = {
        net: union([netlist.format(net) for netlist in family])
        for port in first.inputs
        for net in port.nets.tolist()
    }
    width, signed = first.width.copy(), first.signed.copy()
    for cell, kind in enumerate(map(Kind, first.kind.tolist())):
        if kind is Kind.INPUT:
            b.input(f"cell_{cell}", [inputs[cell]])
        else:
            copy_cell(b, first, cell, first.args[cell, : kind.operands].tolist())
        width[cell], signed[cell] = b.format(cell)

    def port(ports: Sequence[Port], shown: bool) -> Port:
        """A port of the merged netlist; an output shows at least the format of its net."""
        nets = ports[0].nets.tolist()
        formats = [list(column) for column in zip(*(p.formats for p in ports), strict=True)]
        for net, column in zip(nets, formats, strict=True):
            column += [b.format(net)] if shown else []
        agreed = all(p.fractions == ports[0].fractions for p in ports)
        return Port(
            ports[0].name,
            ports[0].nets,
            tuple(map(union, formats)),
            ports[0].fractions if agreed else None,
        )

    return replace(
        first,
        width=width,
        signed=signed,
        inputs=tuple(port(p, False) for p in zip(*(n.inputs for n in family), strict=True)),
        outputs=tuple(port(p, True) for p in zip(*(n.outputs for n in family), strict=True)),
    )


def union(formats: Sequence[Format]) -> Format:
    """The smallest format that holds every integer of all of them.

    >>> str(union([Format(8, True), Format(8, False)]))
    's9'
    """
    return Format.holding(
        min(format.min for format in formats), max(format.max for format in formats)
    )
