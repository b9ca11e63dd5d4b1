"""Netlists: circuits of integer cells, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.circuit.format import BoolArray, Format, IntArray, Integers


class Kind(IntEnum):
    """What a cell computes from its arguments a and b (after c, for a MUX) and its `value` n."""

    INPUT = 0  # an element of an input port
    CONST = 1  # n
    ADD = 2  # a + b
    SUB = 3  # a - b
    MUL = 4  # a * b
    SHL = 5  # a * 2**n
    SHR = 6  # floor(a / 2**n)
    GT = 7  # 1 if a > b else 0
    MUX = 8  # a if c else b, where c is 0 or 1; the arguments are c, a, b
    SATURATE = 9  # a clamped into the cell's own format
    WRAP = 10  # a modulo 2**width, in the cell's own format
    FITS = 11  # 1 if a lies in the format that n packs, else 0
    LOOKUP = 12  # entries[a mod len(entries)] of table n

    @property
    def operands(self) -> int:
        """How many arguments a cell of this kind reads."""
        return _OPERANDS[self]

    def __str__(self) -> str:
        return self.name.lower()


_OPERANDS = (0, 0, 2, 2, 2, 1, 1, 2, 3, 1, 1, 1, 1)


def pack_format(width: ArrayLike, signed: ArrayLike) -> IntArray:
    """The `value` of a FITS cell that asks about this format: `2 * width + signed`."""
    return 2 * np.asarray(width, dtype=np.int64) + np.asarray(signed, dtype=np.bool_)


def unpack_format(value: int) -> Format:
    """The format that a FITS cell of this `value` asks about."""
    return Format(int(value) >> 1, bool(int(value) & 1))


@dataclass(frozen=True, eq=False)
class Port:
    """Nets that enter or leave a netlist together, under one name.

    `nets : int64[m]`, the net of each element. `formats`, what each element looks like from
    outside: an input net has just that format, an output net may be narrower than the port, which
    then extends it. `fractions`, if given, is where the user sees the binary point of each element;
    no cell depends on it.
    """

    name: str
    nets: IntArray
    formats: tuple[Format, ...]
    fractions: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not self.fractions:  # so that an empty port has one form
            object.__setattr__(self, "fractions", None)

    def __len__(self) -> int:
        return len(self.nets)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Port):
            return NotImplemented
        return (
            self.name == other.name
            and np.array_equal(self.nets, other.nets)
            and self.formats == other.formats
            and self.fractions == other.fractions
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def width(self) -> IntArray:
        """int64[m], the width of each element."""
        return np.array([f.width for f in self.formats], dtype=np.int64)

    @property
    def signed(self) -> BoolArray:
        """bool[m], whether each element has a sign."""
        return np.array([f.signed for f in self.formats], dtype=np.bool_)


@dataclass(frozen=True, eq=False, repr=False)
class Netlist:
    """An acyclic graph of integer cells.

    Picture a list of assignments in which each name is assigned once: cell i computes net i from
    nets with lower numbers, and net i carries an integer that always fits the cell's format.

    - `kind : int8[n]`, a `Kind`
    - `args : int64[n, 3]`, the nets read, -1 where a kind has fewer than three operands
    - `value : int64[n]`, the constant of a CONST, the shift of a SHL or SHR, the table of a LOOKUP,
      the packed format of a FITS (`pack_format`), else 0. Python integers (dtype object) where a
      constant needs more than 64 bits
    - `width : int64[n]` and `signed : bool[n]`, the format of each net
    - `tables`, each a power of two of integers
    - `inputs` and `outputs`, the ports; each INPUT cell is in exactly one input port

    `verify` checks all of this. The arrays are read-only.
    """

    kind: NDArray[np.int8]
    args: IntArray
    value: Integers
    width: IntArray
    signed: BoolArray
    tables: tuple[tuple[int, ...], ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def __post_init__(self) -> None:
        for name in ("kind", "args", "value", "width", "signed"):
            array = getattr(self, name).view()
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        """The number of cells."""
        return len(self.kind)

    def __eq__(self, other: object) -> bool:
        """The same cells, numbered alike, with the same tables and ports."""
        if not isinstance(other, Netlist):
            return NotImplemented
        return (
            np.array_equal(self.kind, other.kind)
            and np.array_equal(self.args, other.args)
            and np.array_equal(self.value, other.value)
            and np.array_equal(self.width, other.width)
            and np.array_equal(self.signed, other.signed)
            and (self.tables, self.inputs, self.outputs)
            == (other.tables, other.inputs, other.outputs)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        def show(ports: Sequence[Port]) -> str:
            return ", ".join(f"{port.name}[{len(port)}]" for port in ports)

        return f"Netlist({show(self.inputs)} -> {show(self.outputs)}, {len(self)} cells)"

    def format(self, net: int) -> Format:
        """The format of one net."""
        return Format(int(self.width[net]), bool(self.signed[net]))

    def input(self, name: str) -> Port:
        """The input port of this name; KeyError if there is none."""
        return {port.name: port for port in self.inputs}[name]

    def output(self, name: str) -> Port:
        """The output port of this name; KeyError if there is none."""
        return {port.name: port for port in self.outputs}[name]

    @cached_property
    def levels(self) -> IntArray:
        """int64[n], 0 for a cell that reads nothing, else one more than the highest argument's."""
        used = self.args >= 0
        missing = used.sum(axis=1)
        reader = np.nonzero(used)[0]
        read = self.args[used]
        by_net = np.argsort(read, kind="stable")
        readers = reader[by_net]
        first = np.searchsorted(read[by_net], np.arange(len(self) + 1))

        levels = np.zeros(len(self), dtype=np.int64)
        ready = np.flatnonzero(missing == 0)
        level = 0
        while ready.size:
            levels[ready] = level
            sizes = first[ready + 1] - first[ready]
            within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            reached, times = np.unique(
                readers[np.repeat(first[ready], sizes) + within], return_counts=True
            )
            missing[reached] -= times
            ready = reached[missing[reached] == 0]
            level += 1
        return levels

    @cached_property
    def groups(self) -> tuple[tuple[Kind, IntArray], ...]:
        """The cells by level, and in a level by kind: the unit in which passes work.

        The cells of a group read earlier groups only, so one NumPy expression handles them all.
        """
        order = np.lexsort((self.kind, self.levels))
        level, kind = self.levels[order], self.kind[order]
        starts = np.flatnonzero((np.diff(level) != 0) | (np.diff(kind) != 0)) + 1
        parts = np.split(order, starts) if len(order) else []
        return tuple((Kind(self.kind[cells[0]]), cells) for cells in parts)
