"""Which bits of a datapath nothing reads, because rounding or wrapping drops them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value

from catgrad.circuit.netlist import Kind, unpack_format
from catgrad.hdl.cells import WIRING, window_start
from catgrad.hdl.schedule import Schedule


def unread_bits(plan: Schedule) -> tuple[list[int], list[int]]:
    """For each net, the unread bits of its wire, and those of its register if it has one.

    A set of bits is an integer: bit i of the integer stands for bit i of the net. A cell of a
    `WIRING` kind reads no more than what is read of itself.
    """
    netlist = plan.netlist
    cycle, registered = plan.cycle.tolist(), plan.registered.tolist()
    width, signed = netlist.width.tolist(), netlist.signed.tolist()
    values, args = netlist.value.tolist(), netlist.args.tolist()
    wires, registers = [0] * len(netlist), [0] * len(netlist)

    def read(net: int, bits: int, now: int) -> None:
        inside = bits & _ones(width[net])
        if bits != inside and signed[net]:
            inside |= 1 << (width[net] - 1)
        side = registers if registered[net] and cycle[net] < now else wires
        side[net] |= inside

    for port in netlist.outputs:
        for net, format in zip(port.nets.tolist(), port.formats, strict=True):
            read(net, _ones(format.width), cycle[net])
    for cell in reversed(range(len(netlist))):
        kind, n, (a, b, c), now = Kind(netlist.kind[cell]), values[cell], args[cell], cycle[cell]
        if registered[cell]:
            wires[cell] = _ones(width[cell])
        if kind in WIRING:
            start = window_start(kind, n)
            read(a, wires[cell] << start if start > 0 else wires[cell] >> -start, now)
        elif kind is Kind.MUX:
            read(a, 1, now)
            read(b, _ones(width[cell]), now)
            read(c, _ones(width[cell]), now)
        elif kind is Kind.FITS:
            asked = unpack_format(n)
            read(a, -1 << (asked.width - asked.signed), now)
        elif kind is Kind.LOOKUP:
            read(a, len(netlist.tables[n]) - 1, now)
        else:
            for net in args[cell][: kind.operands]:
                read(net, _ones(width[net]), now)

    def complement(read_bits: list[int]) -> list[int]:
        return [_ones(w) & ~bits for w, bits in zip(width, read_bits, strict=True)]

    return complement(wires), complement(registers)


def discard(m: Module, name: str, bits: Sequence[Value]) -> None:
    """Tell lint that these bits of this name are unread on purpose: a signal `<name>_unused`."""
    if any(len(part) for part in bits):
        # The zero sets the signal apart from the bits, which would else go by its name.
        dropped = Cat(*bits, Const(0, 1))
        m.d.comb += Signal(len(dropped), name=f"{name}_unused").eq(dropped)


def runs(bits: int) -> Iterator[tuple[int, int]]:
    """The set as ranges `[start, stop)`, from the lowest.

    >>> list(runs(0b1110011))
    [(0, 2), (4, 7)]
    """
    position = 0
    while bits:
        start = (bits & -bits).bit_length() - 1
        bits >>= start
        length = (~bits & (bits + 1)).bit_length() - 1
        bits >>= length
        yield position + start, position + start + length
        position += start + length


def _ones(width: int) -> int:
    return (1 << width) - 1
