"""Netlists as text, and back.

One line a cell, `%` for nets and `@` for tables; after the colon stands the format, and after its
point the fraction bits that a port shows:

    input x
      %0 : s16.12
      %1 : s16.12
    table @0
      0 1 4 9
    cells
      %2 = add %0 %1 : s17
      %3 = shr %2 4 : s13
      %4 = fits %3 s8 : u1
      %5 = lookup %3 @0 : u4
    output y
      %5 : u4
      %2 : s17.12

The others read `const -7`, `mux %4 %0 %1`, `saturate %2`, and so on. INPUT cells are defined in
their ports. Indentation and blank lines mean nothing, and `#` starts a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from catgrad.circuit.format import Format, integers
from catgrad.circuit.netlist import Kind, Netlist, Port, pack_format, unpack_format
from catgrad.errors import CatgradError

_KINDS = {str(kind): kind for kind in Kind if kind is not Kind.INPUT}
_VALUED = {Kind.CONST: "-7", Kind.SHL: "2", Kind.SHR: "2", Kind.FITS: "s8", Kind.LOOKUP: "@0"}
"""The kinds that write their value after their arguments, each with an example of one."""

_NET = re.compile(r"%(\d{1,18})")
_TABLE = re.compile(r"@(\d{1,18})")
_INTEGER = re.compile(r"-?\d{1,2000}")
_FORMAT = re.compile(r"([su])(\d{1,9})(?:\.(-?\d{1,9}))?")


def to_text(netlist: Netlist) -> str:
    """The text of a valid netlist; `parse` gives the netlist back, equal in every number."""
    return "".join(f"{line}\n" for line in _lines(netlist))


def parse(text: str) -> Netlist:
    """The netlist of a text; a `CatgradError` names the first line that cannot be read.

    What the text says is not checked beyond its syntax: call `verify`.

    >>> print(parse("input x\\n  %0 : s8\\ncells\\n  %1 = mul %0 %0 : u15\\noutput y\\n  %1 : u16"))
    Netlist(x[1] -> y[1], 2 cells)
    """
    reader = _Reader()
    for number, line in enumerate(text.splitlines(), 1):
        reader.read(number, line.partition("#")[0].split())
    return reader.netlist()


def _lines(netlist: Netlist) -> Iterator[str]:
    for port in netlist.inputs:
        yield from _port_lines("input", port)
    for number, entries in enumerate(netlist.tables):
        yield f"table @{number}"
        for start in range(0, len(entries), 16):
            yield "  " + " ".join(map(str, entries[start : start + 16]))
    yield "cells"
    columns = (netlist.kind, netlist.args, netlist.value, netlist.width, netlist.signed)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for net, (number, args, value, width, signed) in enumerate(rows):
        kind = Kind(number)
        if kind is not Kind.INPUT:
            words = [str(kind), *(f"%{arg}" for arg in args[: kind.operands])]
            if kind in _VALUED:
                words.append(_value_word(kind, value))
            yield f"  %{net} = {' '.join(words)} : {Format(width, signed)}"
    for port in netlist.outputs:
        yield from _port_lines("output", port)


def _port_lines(side: str, port: Port) -> Iterator[str]:
    yield f"{side} {port.name}"
    points = [""] * len(port) if port.fractions is None else [f".{f}" for f in port.fractions]
    for net, format, point in zip(port.nets.tolist(), port.formats, points, strict=True):
        yield f"  %{net} : {format}{point}"


def _value_word(kind: Kind, value: int) -> str:
    if kind is Kind.FITS:
        return str(unpack_format(value))
    return f"@{value}" if kind is Kind.LOOKUP else str(value)


@dataclass
class _Elements:
    """A port, as far as it was read."""

    name: str
    side: str
    nets: list[int] = field(default_factory=list)
    formats: list[Format] = field(default_factory=list)
    fractions: list[int | None] = field(default_factory=list)

    def port(self) -> Port:
        fractions = tuple(f for f in self.fractions if f is not None)
        return Port(self.name, np.array(self.nets, np.int64), tuple(self.formats), fractions)


class _Reader:
    """What was read so far. `section` reads the lines below the last heading."""

    def __init__(self) -> None:
        self.line = 0
        self.section: Callable[[list[str]], None] = self.read_outside
        self.cells: dict[int, tuple[int, Kind, list[int], int, Format]] = {}  # line first
        self.tables: list[list[int]] = []
        self.ports: list[_Elements] = []

    def read(self, line: int, words: list[str]) -> None:
        self.line = line
        match words:
            case []:
                pass
            case ["input" | "output" as side, name]:
                self.ports.append(_Elements(name, side))
                self.section = self.read_element
            case ["table", name]:
                if name != f"@{len(self.tables)}":
                    raise self.fault(f"table {name} stands where @{len(self.tables)} is next")
                self.tables.append([])
                self.section = self.read_entries
            case ["cells"]:
                self.section = self.read_cell
            case _:
                self.section(words)

    def read_outside(self, words: list[str]) -> None:
        raise self.expected("'input NAME', 'table @0', 'cells' or 'output NAME'", words)

    def read_element(self, words: list[str]) -> None:
        match words:
            case [net_word, ":", format_word]:
                net = self.net(net_word)
                format, fraction = self.format(format_word)
            case _:
                raise self.expected("an element such as '%0 : s16'", words)
        port = self.ports[-1]
        if port.fractions and (port.fractions[-1] is None) != (fraction is None):
            raise self.fault("give fraction bits to every element of a port, or to none")
        if port.side == "input":
            self.define(net, Kind.INPUT, [], 0, format)
        port.nets.append(net)
        port.formats.append(format)
        port.fractions.append(fraction)

    def read_entries(self, words: list[str]) -> None:
        self.tables[-1] += [self.integer(word) for word in words]

    def read_cell(self, words: list[str]) -> None:
        match words:
            case [net_word, "=", kind_word, *operands, ":", format_word]:
                net = self.net(net_word)
            case _:
                raise self.expected("a cell such as '%2 = add %0 %1 : s17'", words)
        if kind_word not in _KINDS:
            raise self.fault(f"there is no kind {kind_word!r}, only {', '.join(_KINDS)}")
        kind = _KINDS[kind_word]
        if len(operands) != kind.operands + (kind in _VALUED):
            example = ["%9 =", kind_word, *("%0", "%1", "%2")[: kind.operands]]
            if kind in _VALUED:
                example.append(_VALUED[kind])
            raise self.expected(f"a cell such as '{' '.join(example)} : {format_word}'", words)
        format, fraction = self.format(format_word)
        if fraction is not None:
            raise self.fault("only the elements of ports have fraction bits")
        args = [self.net(word) for word in operands[: kind.operands]]
        value = self.value(kind, operands[-1]) if kind in _VALUED else 0
        self.define(net, kind, args, value, format)

    def value(self, kind: Kind, word: str) -> int:
        if kind is Kind.FITS:
            format, _ = self.format(word)
            return int(pack_format(*format))
        return self.table(word) if kind is Kind.LOOKUP else self.integer(word)

    def net(self, word: str) -> int:
        return int(self.matched(_NET, word, "a net such as '%0'")[1])

    def table(self, word: str) -> int:
        return int(self.matched(_TABLE, word, "a table such as '@0'")[1])

    def integer(self, word: str) -> int:
        return int(self.matched(_INTEGER, word, "an integer")[0])

    def format(self, word: str) -> tuple[Format, int | None]:
        sign, width, fraction = self.matched(
            _FORMAT, word, "a format such as 's16', 'u8' or, in a port, 's16.12'"
        ).groups()
        return Format(int(width), sign == "s"), None if fraction is None else int(fraction)

    def matched(self, pattern: re.Pattern[str], word: str, what: str) -> re.Match[str]:
        match = pattern.fullmatch(word)
        if match is None:
            raise self.expected(what, [word])
        return match

    def define(self, net: int, kind: Kind, args: list[int], value: int, format: Format) -> None:
        if net in self.cells:
            raise self.fault(f"net %{net} was already defined in line {self.cells[net][0]}")
        self.cells[net] = self.line, kind, args, value, format

    def expected(self, what: str, words: list[str]) -> CatgradError:
        return self.fault(f"expected {what}, not '{' '.join(words)}'")

    def fault(self, sentence: str) -> CatgradError:
        return CatgradError(f"Line {self.line}: {sentence}.")

    def netlist(self) -> Netlist:
        n = len(self.cells)
        for net, (line, *_) in self.cells.items():
            if net >= n:
                missing = next(number for number in range(n) if number not in self.cells)
                self.line = line
                raise self.fault(f"net %{net} is defined, but %{missing} is not; leave no gaps")
        cells = [self.cells[net] for net in range(n)]
        return Netlist(
            np.array([kind for _, kind, _, _, _ in cells], dtype=np.int8),
            np.array([[*args, -1, -1, -1][:3] for _, _, args, _, _ in cells], np.int64).reshape(
                n, 3
            ),
            integers([value for _, _, _, value, _ in cells]),
            np.array([format.width for *_, format in cells], dtype=np.int64),
            np.array([format.signed for *_, format in cells], dtype=np.bool_),
            tuple(map(tuple, self.tables)),
            tuple(port.port() for port in self.ports if port.side == "input"),
            tuple(port.port() for port in self.ports if port.side == "output"),
        )
