"""The program of a serial machine in a memory, step after step."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from catgrad.circuit.format import Format
from catgrad.hdl.folded.table import modulo
from catgrad.serial.program import Program

ATTRIBUTES: dict[str, str | int] = {"ram_style": "block", "no_rw_check": 1}
"""Of the memories of a serial machine: no word is read in the cycle in which it is written."""


def control(m: Module, program: Program, advance: Value, clearing: Value) -> dict[str, Value]:
    """The fields of the word of control at hand, by name.

    A step takes the cycles up to one in which `advance` is 1. Fields that are equal in all steps
    are in the memory once, and those that never change are not. In the first cycle after a reset
    the word is any.
    """
    columns, formats = stored(program)
    memory = Memory(
        shape=unsigned(word_bits(program)),
        depth=program.interval + 1,
        init=[packed(word, formats) for word in zip(*columns, strict=True)],
        attrs=ATTRIBUTES,
    )
    m.submodules.program = memory
    port = memory.read_port()
    step = Signal(range(program.interval + 1))
    m.d.comb += [port.addr.eq(step), port.en.eq(advance | clearing)]
    fields: dict[tuple[int, ...], Value] = {}
    start = 0
    for column, format in zip(columns, formats, strict=True):
        bits = port.data[start : start + format.width]
        fields[column] = bits.as_signed() if format.signed else bits
        start += format.width
    at_hand = {
        name: fields[column] if column in fields else Const(column[0])
        for name, column in program.columns.items()
    }
    with m.If(advance):
        m.d.sync += step.eq(modulo(m, "step_next", step + 1, len(step)))
        with m.If(at_hand["wraps"]):
            m.d.sync += step.eq(1)
    return at_hand


def stored(program: Program) -> tuple[list[tuple[int, ...]], list[Format]]:
    """The columns that are in the memory, and the formats of their fields."""
    columns = [c for c in dict.fromkeys(program.columns.values()) if len({*c}) > 1]
    return columns, [Format.holding(min(column), max(column)) for column in columns]


def word_bits(program: Program) -> int:
    """How wide a word of control is."""
    return sum(format.width for format in stored(program)[1])


def packed(numbers: Sequence[int], formats: Sequence[Format]) -> int:
    """Numbers side by side in one, the first in the lowest bits."""
    word, start = 0, 0
    for number, format in zip(numbers, formats, strict=True):
        word |= (number & ((1 << format.width) - 1)) << start
        start += format.width
    return word
