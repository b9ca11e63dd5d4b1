"""Sums that become numbers: the one unit of a serial machine that rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from catgrad.circuit.format import Format
from catgrad.hdl.cells import fits, window
from catgrad.hdl.folded.table import pick
from catgrad.hdl.unread import discard
from catgrad.serial.sums import Post


def rounded(
    m: Module, posts: Sequence[Post], control: Mapping[str, Value], total: Value, x: Value
) -> tuple[Value, Value]:
    """The number at hand, a rounded total or `x`, and whether it saturates as one that is counted.

    Both have the bits of `x`, sign included. Two bits choose from four things, so that a bit of
    the number is one look-up table where there is one way of rounding::

        clamps  chooses   the number
          0        0      the total
          0        1      x
          1        0      the least that the format holds
          1        1      the greatest
    """
    over = [~fits(exact(total, post), post.format) for post in posts]
    clamped = [o & post.saturates for o, post in zip(over, posts, strict=True)]
    counted = [o & post.counted for o, post in zip(over, posts, strict=True)]
    sums = [word(window(total, post.shift, post.format), len(x)) for post in posts]
    clamps, chooses = Signal(), Signal()
    m.d.comb += [
        clamps.eq(control["rounds"] & pick(control["post"], clamped)),
        chooses.eq(Mux(clamps, ~total[-1], ~control["rounds"])),
    ]
    limits = [limit(post.format, len(x), chooses) for post in posts]
    number = Signal(x.shape())
    m.d.comb += number.eq(
        Mux(
            clamps,
            pick(control["post"], limits),
            Mux(chooses, x, pick(control["post"], sums)),
        )
    )
    discard(m, "total", [total[: min(post.shift for post in posts)]])
    return number, pick(control["post"], counted)


def exact(total: Value, post: Post) -> Value:
    """A sum in units of its result, before that is brought into its format."""
    return window(total, post.shift, Format(max(len(total) - post.shift, 1), True))


def word(value: Value, width: int) -> Value:
    """A number in so many bits, sign included."""
    return window(value, 0, Format(width, True))


def limit(format: Format, width: int, greatest: Value) -> Value:
    """The greatest number of a format, or the least, in so many bits, sign included."""
    magnitude = format.width - format.signed
    sign = ~greatest if format.signed else Const(0, 1)
    return Cat(greatest.replicate(magnitude), sign.replicate(width - magnitude)).as_signed()
