"""Multiplexers that follow the instruction of a station."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Value

from catgrad.circuit.format import Format
from catgrad.hdl.cells import window
from catgrad.hdl.folded.stations import Station
from catgrad.hdl.folded.table import pick
from catgrad.hdl.layout import shape_of


def choose(
    station: Station, name: str, values: Sequence[Value | None], format: Format, cycles: int
) -> Value:
    """For each course its value, so many cycles after the event; None where it does not matter.

    The values that are wanted fit the format.
    """
    kinds: list[Value] = []
    which: dict[int, int] = {}
    for i, value in enumerate(values):
        if value is not None:
            known = [k for k, kind in enumerate(kinds) if kind is value]
            which[i] = known[0] if known else len(kinds)
            kinds += [] if known else [value]
    if not kinds:
        return Const(0, shape_of(format))
    if len(kinds) == 1:
        return window(kinds[0], 0, format)
    source = station.selector(name, which, (len(kinds) - 1).bit_length())
    chosen = pick(station.later(source, 1 + cycles), [window(v, 0, format) for v in kinds])
    return window(chosen, 0, format)
