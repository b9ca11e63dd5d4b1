"""Which line of the integer program each cell of a netlist belongs to.

Passes share, merge and rewrite cells, and carry no names. So names are found afterwards: the
program and the netlist compute the same random samples, and a net whose numbers are those of an
element of an array has that element's name. Names go into comments, and nothing depends on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from catgrad.circuit import Netlist
from catgrad.circuit.evaluate import Evaluator
from catgrad.circuit.format import Integers
from catgrad.circuit.netlist import Kind, Port

if TYPE_CHECKING:
    from catgrad.hardware.hardware import Hardware

SAMPLES = 96
"""How many samples have to agree."""

LIMIT = 1 << 16
"""Cells of a netlist beyond which nobody reads comments."""


def origins(hardware: Hardware, netlist: Netlist) -> dict[str, str]:
    """For each cell with a name in the Verilog (``add_12``), what it is in `reference.py`.

    "towards" an element is what only leads to it.
    """
    if len(netlist) > LIMIT:
        return {}
    random = np.random.default_rng(0)
    types = list(hardware.program.source)
    arguments = [
        np.where(
            random.random((SAMPLES, *T.shape)) < 1 / 2,
            random.integers(T.fixed.min, T.fixed.max + 1, (SAMPLES, *T.shape)),
            random.integers(T.fixed.min, T.fixed.max + 1, (SAMPLES, *T.shape)) >> 3,
        ).astype(np.int64)
        for T in types
    ]
    names = _signatures(hardware, arguments)
    values = _nets(hardware, netlist, arguments)
    origin = [""] * len(netlist)
    for net in range(len(netlist)):
        row = np.ascontiguousarray(values[net])
        if (row != row[0]).any():
            labels = names.get(row.tobytes(), [""])
            # A number that saturates nowhere is equal before and after: in the same order here.
            origin[net] = labels.pop(0) if len(labels) > 1 else labels[0]
    found = list(origin)
    for cell in reversed(range(len(netlist))):
        label = origin[cell] or found[cell]
        if label:
            for net in netlist.args[cell, : Kind(netlist.kind[cell]).operands].tolist():
                if not found[net]:
                    found[net] = label if label.startswith("towards ") else f"towards {label}"
    return {
        f"{Kind(netlist.kind[cell])}_{cell}": label for cell, label in enumerate(found) if label
    }


def _signatures(hardware: Hardware, arguments: list[Integers]) -> dict[bytes, list[str]]:
    """The names of the elements of all arrays, by their numbers, in the order of the program.

    Bits that are alike have no names: such bits may differ for other samples.
    """
    transition = _watched(hardware)
    rows = [transition(*(a[i] for a in arguments)) for i in range(SAMPLES)]
    names: dict[bytes, list[str]] = {}
    for name, value in rows[0].items():
        if not isinstance(value, np.ndarray | np.integer | np.bool_):
            continue
        column = np.stack([np.asarray(row[name]) for row in rows]).astype(np.int64)
        flat = np.ascontiguousarray(column.reshape(SAMPLES, -1).T)
        for number, element in enumerate(flat):
            place = np.unravel_index(number, column.shape[1:])
            label = f"{name}[{', '.join(map(str, place))}]" if place else name
            key, is_bit = element.tobytes(), int(element.max()) - int(element.min()) < 2
            names[key] = [""] if is_bit and key in names else [*names.get(key, []), label]
    return names


def _watched(hardware: Hardware) -> Any:
    """`transition` of the integer program, which returns all of its variables by name."""
    head, body = hardware.source.split("    def transition(")
    body = re.sub(r"^        return \[.*\Z", "        return locals()\n", body, flags=re.M | re.S)
    known: dict[str, Any] = {}
    exec(head + "    def transition(" + body, known)
    return known["Reference"].transition


def _nets(hardware: Hardware, netlist: Netlist, arguments: list[Integers]) -> Integers:
    """int64[n, samples], the numbers on all nets; those of wider ones modulo 2**64."""
    whole = Port("all", np.arange(len(netlist)), tuple(map(netlist.format, range(len(netlist)))))
    given = {
        name: np.concatenate([a.reshape(SAMPLES, -1) for a in part] or [np.zeros((SAMPLES, 0))], 1)
        for name, part in _ports(hardware, arguments)
    }
    shown = replace(netlist, outputs=(whole,))
    inputs = {port.name: given[port.name].astype(np.int64) for port in netlist.inputs}
    values = Evaluator(shown)(inputs)["all"]
    if values.dtype == object:
        values = np.array([[int(v) & (1 << 64) - 1 for v in row] for row in values], np.uint64)
    return values.view(np.int64).T


def _ports(hardware: Hardware, arguments: list[Integers]) -> Iterator[tuple[str, list[Integers]]]:
    """What enters each port of the netlist."""
    k, m = hardware.learner.kept, len(hardware.memory_types)
    x = k + m + len(hardware.x_types)
    yield "parameters", [arguments[i] for i in hardware.loadable]
    yield "late", [arguments[i] for i in hardware.late]
    yield "state", arguments[k : k + m]
    yield "x", arguments[k + m : x]
    yield "y", arguments[x:] if hardware.learns else []


def operations(hardware: Hardware) -> list[str]:
    """The lines of `transition` in the integer program."""
    _, body = hardware.source.split("    def transition(")
    _, _, statements = body.rpartition('"""\n')
    return [line.removeprefix(" " * 8) for line in statements.rstrip().split("\n")]
