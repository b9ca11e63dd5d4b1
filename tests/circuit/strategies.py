"""Random netlists, with inputs to evaluate them on."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from catgrad.circuit import BIT, Format, Kind, Netlist, NetlistBuilder

SMALL = [0, 0, 0, 1, 1, 1, 2, 4, -1, -2, 5, -7, 255]
LARGE = [2**31, 2**62, 2**63 - 1, -(2**63), 2**64, 3**50]


def formats(most: int) -> st.SearchStrategy[Format]:
    """Formats of at most so many bits."""
    return st.builds(Format, st.integers(1, most), st.booleans())


@st.composite
def netlists(draw: st.DrawFn, cells: int = 12, width: int = 80) -> Netlist:
    """Valid netlists of every kind of cell, with at most so many cells beside the inputs.

    No net has more bits than `width`. Formats are often wider than need be, constants often make a
    cell superfluous, and some cells are read by none.
    """
    b = NetlistBuilder()
    nets: list[int] = []
    for name in draw(st.sampled_from([["x"], ["x", "y"], []])):
        most = min(width, draw(st.sampled_from([4, 16, 70])))
        least = draw(st.sampled_from([1, 2, 0]))
        port = draw(st.lists(formats(most), min_size=least, max_size=3))
        fractions = draw(st.none() | st.just([draw(st.integers(-2, 8)) for _ in port]))
        nets += b.input(name, port, fractions).tolist()
    for _ in range(draw(st.integers(0, cells))):
        nets.append(draw_cell(draw, b, nets, width))
    for name in draw(st.sampled_from([["z"], ["z", "parameters"], []])):
        shown = draw(st.lists(st.sampled_from(nets[::-1]), max_size=4)) if nets else []
        b.output(name, shown, fractions=[4] * len(shown) if draw(st.booleans()) else None)
    return draw_widened(draw, b.build(), width)


def draw_cell(draw: st.DrawFn, b: NetlistBuilder, nets: list[int], width: int) -> int:
    """Add a cell that reads some of the nets, or a constant if there is no net to read."""

    def operand() -> int:
        return draw(st.sampled_from(nets))

    def bits(net: int) -> int:
        return b.format(net).width

    kind = draw(st.sampled_from(list(Kind)[1:])) if nets else Kind.CONST
    a = operand() if nets else -1
    match kind:
        case Kind.CONST:
            constants = [c for c in SMALL + LARGE if Format.holding(c, c).width <= width]
            return int(b.const(draw(st.sampled_from(constants))))
        case Kind.ADD | Kind.SUB | Kind.GT:
            c = operand()
            if max(bits(a), bits(c)) + 2 <= width or kind is Kind.GT:
                return int({Kind.ADD: b.add, Kind.SUB: b.sub, Kind.GT: b.gt}[kind](a, c))
        case Kind.MUL:
            c = operand()
            if bits(a) + bits(c) <= width:
                return int(b.mul(a, c))
        case Kind.SHL:
            amount = draw(st.integers(0, 9))
            if bits(a) + amount <= width:
                return int(b.shl(a, amount))
        case Kind.SHR:
            return int(b.shr(a, draw(st.integers(0, 9) | st.sampled_from([63, 64, 70]))))
        case Kind.MUX:
            selects = [net for net in nets if b.format(net) == BIT]
            select = draw(st.sampled_from(selects)) if selects else b.gt(a, operand())
            b_, c = operand(), operand()
            if max(bits(b_), bits(c)) + 1 <= width:
                return int(b.mux(select, b_, c))
        case Kind.FITS:
            return int(b.fits(a, draw(formats(width))))
        case Kind.LOOKUP:
            size = 1 << draw(st.integers(0, 3))
            entries = draw(st.lists(st.integers(-9, 9), min_size=size, max_size=size))
            return int(b.lookup(a, entries))
        case Kind.WRAP:
            return int(b.wrap(a, draw(formats(width))))
    return int(b.saturate(a, draw(formats(width))))


def draw_wider(draw: st.DrawFn, format: Format, extra: int) -> Format:
    """A format with up to so many more bits of magnitude, and maybe a sign."""
    if format.signed or not draw(st.booleans()):
        return Format(format.width + extra, format.signed)
    return Format(format.width + extra + 1, True)


def draw_widened(draw: st.DrawFn, netlist: Netlist, width: int) -> Netlist:
    """The same netlist, with some formats wider, wherever a cell does not depend on its own."""
    bound = (Kind.INPUT, Kind.GT, Kind.FITS, Kind.SATURATE, Kind.WRAP)
    selects = set(netlist.args[netlist.kind == Kind.MUX, 0].tolist())
    widths, signs = netlist.width.copy(), netlist.signed.copy()
    for net in range(len(netlist)):
        extra = draw(st.integers(0, 3))
        room = widths[net] + extra < width
        if extra and room and net not in selects and netlist.kind[net] not in bound:
            widths[net], signs[net] = draw_wider(draw, netlist.format(net), extra)
    outputs = tuple(
        replace(
            port,
            formats=tuple(draw_wider(draw, netlist.format(net), 3) for net in port.nets),
        )
        for port in netlist.outputs
    )
    return replace(netlist, width=widths, signed=signs, outputs=outputs)


@st.composite
def batches(draw: st.DrawFn, netlist: Netlist, most: int = 4) -> dict[str, np.ndarray]:
    """Inputs for a netlist: integers [batch, m] for each input port of m elements."""
    batch = draw(st.integers(1, most))
    return {
        port.name: np.array(
            [
                [draw(st.integers(format.min, format.max)) for format in port.formats]
                for _ in range(batch)
            ],
            dtype=object,
        ).reshape(batch, len(port))
        for port in netlist.inputs
    }
