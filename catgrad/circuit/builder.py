"""Building netlists: cells are added a number or an array of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit.format import (
    BIT,
    WIDEST,
    BoolArray,
    Format,
    IntArray,
    Integers,
    integers,
    limits,
    smallest,
)
from catgrad.circuit.netlist import Kind, Netlist, Port, pack_format
from catgrad.circuit.ranges import Tables, int64_suffices, result_range
from catgrad.circuit.verify import check_table
from catgrad.errors import CatgradError


class NetlistBuilder:
    """A netlist under construction.

    A method named after a kind adds cells of this kind and returns their nets. Arguments are nets,
    shift amounts and constants: integers or arrays of them, broadcast together as NumPy does, one
    cell for each element of the result. So `add(a, b)` adds two nets, or two vectors of nets.

    Each cell gets the smallest format that holds its results for all values of its arguments'
    formats; `saturate` and `wrap` are told theirs.

    >>> b = NetlistBuilder()
    >>> x = b.input("x", [Format(8, True)] * 2)
    >>> total = b.add(x[0], x[1])
    >>> b.output("total", [b.saturate(total, Format(8, True))])
    >>> netlist = b.build()
    >>> netlist
    Netlist(x[2] -> total[1], 4 cells)
    >>> str(netlist.format(total))
    's9'
    """

    def __init__(self) -> None:
        self._length = 0
        self._kind = np.zeros(0, dtype=np.int8)
        self._args = np.zeros((0, 3), dtype=np.int64)
        self._value: Integers = np.zeros(0, dtype=np.int64)
        self._width = np.zeros(0, dtype=np.int64)
        self._signed = np.zeros(0, dtype=np.bool_)
        self._tables: dict[tuple[int, ...], int] = {}
        self._inputs: list[Port] = []
        self._outputs: list[Port] = []

    def __len__(self) -> int:
        """The number of cells so far."""
        return self._length

    def format(self, net: int) -> Format:
        """The format of one net."""
        return Format(int(self._width[net]), bool(self._signed[net]))

    def input(
        self,
        name: str,
        formats: Iterable[tuple[int, bool]],
        fractions: Iterable[int] | None = None,
    ) -> IntArray:
        """A new input port with one net for each format; `fractions` are for display only."""
        port_formats = tuple(Format(*format) for format in formats)
        n = len(port_formats)
        width = np.array([format.width for format in port_formats], dtype=np.int64)
        signed = np.array([format.signed for format in port_formats], dtype=np.bool_)
        nets = self.append(Kind.INPUT, _no_arguments(n), np.zeros(n, np.int64), width, signed)
        self._inputs.append(Port(name, nets, port_formats, _tuple(fractions)))
        return nets

    def output(
        self,
        name: str,
        nets: ArrayLike,
        formats: Iterable[tuple[int, bool]] | None = None,
        fractions: Iterable[int] | None = None,
    ) -> None:
        """A new output port that shows these nets, in their present formats if none are given."""
        shown = self._present("output", np.array(nets, dtype=np.int64).reshape(-1))
        if formats is None:
            formats = zip(self._width[shown].tolist(), self._signed[shown].tolist(), strict=True)
        port_formats = tuple(Format(*format) for format in formats)
        self._outputs.append(Port(name, shown, port_formats, _tuple(fractions)))

    def const(self, value: ArrayLike) -> IntArray:
        """value, in the smallest format that holds it"""
        values = integers(value)
        flat = values.reshape(-1)
        nets = self.append(Kind.CONST, _no_arguments(len(flat)), flat, *smallest(flat, flat))
        return _like(values, nets)

    def add(self, a: ArrayLike, b: ArrayLike) -> IntArray:
        """a + b"""
        return self._cells(Kind.ADD, [a, b])

    def sub(self, a: ArrayLike, b: ArrayLike) -> IntArray:
        """a - b"""
        return self._cells(Kind.SUB, [a, b])

    def mul(self, a: ArrayLike, b: ArrayLike) -> IntArray:
        """a * b"""
        return self._cells(Kind.MUL, [a, b])

    def shl(self, a: ArrayLike, amount: ArrayLike) -> IntArray:
        """a * 2**amount"""
        return self._cells(Kind.SHL, [a], _amount(amount))

    def shr(self, a: ArrayLike, amount: ArrayLike) -> IntArray:
        """floor(a / 2**amount)"""
        return self._cells(Kind.SHR, [a], _amount(amount))

    def gt(self, a: ArrayLike, b: ArrayLike) -> IntArray:
        """1 if a > b else 0"""
        return self._cells(Kind.GT, [a, b])

    def mux(self, c: ArrayLike, a: ArrayLike, b: ArrayLike) -> IntArray:
        """a if c else b, where c is one unsigned bit"""
        return self._cells(Kind.MUX, [c, a, b])

    def saturate(self, a: ArrayLike, format: tuple[ArrayLike, ArrayLike]) -> IntArray:
        """a clamped into the format, a `Format` or a pair of arrays"""
        return self._cells(Kind.SATURATE, [a], 0, _format(format))

    def wrap(self, a: ArrayLike, format: tuple[ArrayLike, ArrayLike]) -> IntArray:
        """a modulo 2**width in the format, a `Format` or a pair of arrays"""
        return self._cells(Kind.WRAP, [a], 0, _format(format))

    def fits(self, a: ArrayLike, format: tuple[ArrayLike, ArrayLike]) -> IntArray:
        """1 if a lies in the format, a `Format` or a pair of arrays, else 0"""
        return self._cells(Kind.FITS, [a], pack_format(*_format(format)))

    def lookup(self, a: ArrayLike, entries: Sequence[int]) -> IntArray:
        """entries[a mod len(entries)], where the length is a power of two"""
        table = tuple(int(entry) for entry in entries)
        check_table(table, len(self._tables))
        return self._cells(Kind.LOOKUP, [a], self._tables.setdefault(table, len(self._tables)))

    def append(
        self, kind: ArrayLike, args: IntArray, value: Integers, width: IntArray, signed: BoolArray
    ) -> IntArray:
        """Add n cells given by columns, as a `Netlist` has them; returns their nets, int64[n].

        `kind` may be one kind for all. Nothing is checked and no format computed.
        """
        start, end = self._length, self._length + len(args)
        if end > len(self._kind):
            self._grow(end)
        if value.dtype == object:
            self._value = self._value.astype(object)
        self._kind[start:end] = kind
        self._args[start:end] = args
        self._value[start:end] = value
        self._width[start:end] = width
        self._signed[start:end] = signed
        self._length = end
        return np.arange(start, end)

    def build(self) -> Netlist:
        """The netlist so far."""
        n = self._length
        return Netlist(
            self._kind[:n].copy(),
            self._args[:n].copy(),
            integers(self._value[:n]),
            self._width[:n].copy(),
            self._signed[:n].copy(),
            tuple(self._tables),
            tuple(self._inputs),
            tuple(self._outputs),
        )

    def _grow(self, length: int) -> None:
        """Make room for so many cells, and at least double it."""
        for name in ("_kind", "_args", "_value", "_width", "_signed"):
            column = getattr(self, name)
            more = max(length, 2 * len(column)) - len(column)
            room = np.zeros((more, *column.shape[1:]), dtype=column.dtype)
            setattr(self, name, np.concatenate([column, room]))

    def _present(self, reader: str, nets: IntArray) -> IntArray:
        """The nets, if all of them exist."""
        absent = nets[(nets < 0) | (nets >= self._length)]
        if absent.size:
            raise CatgradError(
                f"The next {reader} reads net {absent[0]}, but there are only {self._length} cells "
                f"so far; add that one first."
            )
        return nets

    def _cells(
        self,
        kind: Kind,
        operands: Sequence[ArrayLike],
        value: ArrayLike = 0,
        format: tuple[ArrayLike, ArrayLike] = BIT,
    ) -> IntArray:
        """Add cells of one kind with broadcast operands, in the formats of their results."""
        columns = np.broadcast_arrays(*operands, value, *format)
        *nets, values, width, signed = (integers(column).reshape(-1) for column in columns)
        signs = signed.astype(np.bool_)
        args = _no_arguments(len(values))
        args[:, : len(nets)] = self._present(str(kind), np.stack(nets, axis=1))
        if kind not in (Kind.SATURATE, Kind.WRAP):
            width, signs = self._result_format(kind, args, values)
        return _like(columns[0], self.append(kind, args, values, width, signs))

    def _result_format(
        self, kind: Kind, args: IntArray, value: Integers
    ) -> tuple[IntArray, BoolArray]:
        """The smallest formats that hold the results of cells with these arguments."""
        arg_width, arg_signed = np.where(args >= 0, self._width[args], 0), self._signed[args]
        tables = Tables(tuple(self._tables) if kind is Kind.LOOKUP else ())
        kinds = np.full(len(args), kind, dtype=np.int8)
        own_width, own_signed = np.ones(len(args), np.int64), np.zeros(len(args), np.bool_)
        suffices = int64_suffices(kinds, arg_width, value, own_width, tables)
        ranges = [
            limits(arg_width[:, i], arg_signed[:, i], exact=not suffices)
            for i in range(kind.operands)
        ]
        return smallest(*result_range(kind, ranges, value, own_width, own_signed, tables))


def _no_arguments(n: int) -> IntArray:
    return np.full((n, 3), -1, dtype=np.int64)


def _like(shape_of: Integers, nets: IntArray) -> IntArray:
    """The nets in this shape; a single net as a plain NumPy integer."""
    shaped: IntArray = nets.reshape(shape_of.shape)[()]
    return shaped


def _tuple(items: Iterable[int] | None) -> tuple[int, ...] | None:
    return None if items is None else tuple(items)


def _format(format: tuple[ArrayLike, ArrayLike]) -> tuple[ArrayLike, ArrayLike]:
    width, signed = format
    return _between("width", 1, width), signed


def _amount(amount: ArrayLike) -> Integers:
    return _between("shift", 0, amount)


def _between(what: str, least: int, number: ArrayLike) -> Integers:
    """The numbers, if they are in the range that `verify` asks for."""
    numbers = integers(number)
    outside = numbers[(numbers < least) | (numbers > WIDEST)]
    if outside.size:
        raise CatgradError(f"A {what} is from {least} to {WIDEST}, not {outside[0]}.")
    return numbers
