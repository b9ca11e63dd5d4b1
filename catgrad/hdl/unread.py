"""Which bits of a datapath nothing reads, because rounding or wrapping drops them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value

from catgrad.circuit.format import BoolArray
from catgrad.circuit.netlist import Kind, Netlist, unpack_format
from catgrad.circuit.splices import splices
from catgrad.hdl.cells import WIRING, window_start
from catgrad.hdl.schedule import Schedule


def unread_bits(plan: Schedule) -> tuple[list[int], list[int]]:
    """For each net, the unread bits of its wire, and those of its register if it has one.

    A set of bits is an integer: bit i of the integer stands for bit i of the net.
    """
    later = plan.cycle[plan.netlist.args] < plan.cycle[:, None]
    return unread(plan.netlist, plan.registered, later, late_outputs=False)


def unread(
    netlist: Netlist,
    registered: BoolArray,
    late: BoolArray,
    late_outputs: bool,
    leaving: Sequence[tuple[int, int, bool]] | None = None,
) -> tuple[list[int], list[int]]:
    """For each net, the unread bits of its wire, and those of its last register if it has one.

    - ``registered : bool[n]``, the nets that go on into registers, with all their bits
    - ``late : bool[n, 3]``, the arguments that are read after the last register, if there is one
    - ``late_outputs``: whether the outputs are
    - ``leaving``: instead of what the output ports read, nets, how many bits of each leave, and
      whether that is after the last register

    A cell without logic reads no more than what is read of itself.
    """
    has_register, from_register = registered.tolist(), late.tolist()
    width, signed = netlist.width.tolist(), netlist.signed.tolist()
    values, args = netlist.value.tolist(), netlist.args.tolist()
    wires, registers = [0] * len(netlist), [0] * len(netlist)
    meet, upper = (column.tolist() for column in splices(netlist))

    def read(net: int, bits: int, late: bool) -> None:
        inside = bits & _ones(width[net])
        if bits != inside and signed[net]:
            inside |= 1 << (width[net] - 1)
        side = registers if late and has_register[net] else wires
        side[net] |= inside

    if leaving is None:
        leaving = [
            (net, format.width, late_outputs)
            for port in netlist.outputs
            for net, format in zip(port.nets.tolist(), port.formats, strict=True)
        ]
    for net, bits, is_late in leaving:
        read(net, _ones(bits), is_late)
    for cell in reversed(range(len(netlist))):
        kind, n, now = Kind(netlist.kind[cell]), values[cell], from_register[cell]
        if has_register[cell]:
            wires[cell] = _ones(width[cell])
        for operand, net in enumerate(args[cell][: kind.operands]):
            if kind in WIRING:
                start = window_start(kind, n)
                bits = wires[cell] << start if start > 0 else wires[cell] >> -start
            elif kind is Kind.MUX:
                bits = 1 if operand == 0 else _ones(width[cell])
            elif kind is Kind.FITS:
                asked = unpack_format(n)
                bits = -1 << (asked.width - asked.signed)
            elif kind is Kind.LOOKUP:
                bits = len(netlist.tables[n]) - 1
            elif meet[cell]:
                bits = wires[cell] & (
                    -1 << meet[cell] if operand == upper[cell] else _ones(meet[cell])
                )
            else:
                bits = _ones(width[net])
            read(net, bits, now[operand])

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
