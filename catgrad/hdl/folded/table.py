"""Small constant tables as logic, and values delayed by registers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from catgrad.hdl.unread import discard

Bits = tuple[int | None, ...]
"""What a bit is for each value of an index; None where that does not matter."""


def table(index: Value, entries: Mapping[int, int], width: int) -> Value:
    """The entry at an index, `width` bits of it; whatever is smallest where there is no entry.

    Multiplexers bit by bit, an index bit only where it makes a difference: less logic than a
    `Switch`, and never a memory.
    """
    size = 1 << len(index)
    return Cat(
        _bit(index, tuple((entries[i] >> b) & 1 if i in entries else None for i in range(size)))
        for b in range(width)
    )


def _bit(index: Value, bits: Bits) -> Value:
    known = set(bits) - {None}
    if len(known) < 2:
        return Const(known.pop() or 0 if known else 0, 1)
    half = len(bits) // 2
    low, high = bits[:half], bits[half:]
    if all(a is None or b is None or a == b for a, b in zip(low, high, strict=True)):
        both = tuple(b if a is None else a for a, b in zip(low, high, strict=True))
        return _bit(index[:-1], both)
    return Mux(index[-1], _bit(index[:-1], high), _bit(index[:-1], low))


def equals(a: Value, b: Value | int) -> Value:
    """Whether two unsigned numbers are equal, bit by bit.

    Yosys writes a comparison with 0 as a logical negation, for which Verilator wants a single bit.
    """
    known = Const(b, len(a)) if isinstance(b, int) else b
    return reduce(and_, (~(x ^ y) for x, y in zip(a, known, strict=True)), Const(1, 1))


def modulo(m: Module, name: str, value: Value, width: int) -> Value:
    """The low bits of a number, as a signal of this name; those above are told to be unread."""
    number = Signal(value.shape(), name=name)
    m.d.comb += number.eq(value)
    discard(m, name, [number[width:]])
    return number[:width]


def pick(index: Value, values: Sequence[Value]) -> Value:
    """The value at an index; whatever is smallest beyond the last."""
    level = list(values)
    for bit in index:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [Mux(bit, pair[1], pair[0]) if len(pair) == 2 else pair[0] for pair in pairs]
    (value,) = level
    return value


class Delays:
    """Registers that delay signals, built where they are asked for, and shared.

    One bit is 0 after reset, so that no event is left over from before it; numbers are not reset.
    """

    def __init__(self, m: Module) -> None:
        self._m = m
        self._lines: dict[int, list[Signal]] = {}

    def __call__(self, value: Signal, cycles: int) -> Signal:
        """What the signal was so many cycles ago."""
        line = self._lines.setdefault(id(value), [value])
        while len(line) <= cycles:
            name = f"{value.name}_after_{len(line)}"
            register = Signal(value.shape(), name=name, reset_less=len(value) != 1)
            self._m.d.sync += register.eq(line[-1])
            line.append(register)
        return line[cycles]
