"""Single cells as Amaranth expressions."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Mux, Value

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, unpack_format
from catgrad.hdl.layout import shape_of

WIRING = frozenset({Kind.SHL, Kind.SHR, Kind.WRAP})
"""Kinds without logic: such a cell is a `window` on its argument."""


def window_start(kind: Kind, n: int) -> int:
    """Where the window of a cell of a `WIRING` kind begins in its argument."""
    return {Kind.SHL: -n, Kind.SHR: n, Kind.WRAP: 0}[kind]


def window(value: Value, start: int, format: Format) -> Value:
    """The bits of an integer from position `start` on, as many as the format has.

    An integer has zeros below bit 0 and copies of its sign above its top bit::

        ... s s s [s . . . . . . .] 0 0 0 ...
              ^-- window --^
    """
    shape = value.shape()
    if start == 0 and shape == shape_of(format):
        return value
    low = min(max(start, 0), shape.width)
    high = min(max(start + format.width, 0), shape.width)
    below = min(max(-start, 0), format.width)
    above = format.width - below - (high - low)
    sign = value[-1] if shape.signed else Const(0, 1)
    bits = Cat(Const(0, below), value[low:high], sign.replicate(above))
    return bits.as_signed() if format.signed else bits


def expression(kind: Kind, n: int, format: Format, arguments: Sequence[Value]) -> Value:
    """What a cell computes, for any kind with arguments but LOOKUP, which needs a memory.

    The result may have more bits than the format. Those are redundant, since the value fits.
    """
    match kind, arguments:
        case Kind.ADD, [a, b]:
            return a + b
        case Kind.SUB, [Const(value=-1), b]:
            return ~window(b, 0, Format(len(b) + (not b.shape().signed), True))
        case Kind.SUB, [a, b]:
            return a - b
        case Kind.MUL, [a, b]:
            return a * b
        case Kind.GT, [a, Const(value=0)]:
            return a.any() & ~a[-1] if a.shape().signed else a.any()
        case Kind.GT, [Const(value=n), b] if 0 < n < 1 << len(b) <= 256 and not b.shape().signed:
            return _less(b, n)
        case Kind.GT, [a, b]:
            return a > b
        case Kind.MUX, [select, a, b]:
            return Mux(select, window(a, 0, format), window(b, 0, format))
        case Kind.SATURATE, [a]:
            return Mux(fits(a, format), window(a, 0, format), _nearest_limit(a, format))
        case Kind.FITS, [a]:
            return fits(a, unpack_format(n))
        case ((Kind.SHL | Kind.SHR | Kind.WRAP), [a]):
            return window(a, window_start(kind, n), format)
    raise AssertionError(f"{kind} is no expression of {len(arguments)} arguments")


def spliced(low: Value, high: Value, at: int, format: Format) -> Value:
    """low + high, where high is a multiple of 2**at, and low is from 0 to 2**at - 1."""
    below = window(low, 0, Format(at, False))
    bits = Cat(below, window(high, at, Format(format.width - at, format.signed)))
    return bits.as_signed() if format.signed else bits


def _less(value: Value, n: int) -> Value:
    """Whether a number of a few bits is less than a constant, without a carry chain."""
    less: Value = Const(0, 1)
    for i, bit in enumerate(value):
        less = ~bit | less if n >> i & 1 else ~bit & less
    return less


def fits(value: Value, format: Format) -> Value:
    """Whether an integer lies in a format.

    It does if the bits from the first that is not magnitude in the format up to the sign are all
    zero, or, where both have a sign, all one. That costs fewer gates than comparing with limits.
    """
    magnitude = format.width - format.signed
    top = window(value, magnitude, Format(max(len(value) - magnitude, 1), False))
    zero = ~top.any()
    return zero | top.all() if value.shape().signed and format.signed else zero


def _nearest_limit(value: Value, format: Format) -> Value:
    """The limit of the format on the side of zero on which the value lies."""
    least, greatest = (Const(limit, shape_of(format)) for limit in (format.min, format.max))
    return Mux(value[-1], least, greatest) if value.shape().signed else greatest
