"""Multiplier blocks on which products take turns."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from catgrad.circuit.pipeline import Pipeline
from catgrad.hdl.cells import window
from catgrad.hdl.datapath import Cells, Wire
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family, Multiplier
from catgrad.hdl.unread import discard


class SharedBlock:
    """The block of some products of a pipeline, each of which reads in a slot of its own::

                  slot
        a of one ──┤├──┐
        a of two ──┤├──┴── a ──┐
                               × ── the product of each, in the stage of its cell
        b of both ──────── b ──┘

    An operand that several have in common, in the same register, needs no multiplexer for them. Its
    latency is that of the cells, its interval 1 cycle; nothing rounds or overflows.
    """

    def __init__(
        self,
        m: Module,
        cells: Cells,
        pipeline: Pipeline,
        members: Sequence[int],
        family: Family | None,
        slots: Sequence[Value],
    ) -> None:
        self._m, self._cells, self._family = m, cells, family
        self._members, self._cycles = members, int(pipeline.cycles[members[0]])
        self._formats = {cell: pipeline.netlist.format(cell) for cell in members}
        self._slot = {cell: slots[int(pipeline.reads[cell]) % pipeline.beat] for cell in members}
        self._operands: dict[int, list[Value]] = {}
        self._name = cells.name(members[0])
        bits = max(format.width + (not format.signed) for format in self._formats.values())
        self._product = Signal(signed(bits), name=f"{self._name}_shared")
        read = max(format.width for format in self._formats.values())
        discard(m, f"{self._name}_shared", [self._product[read:]])

    def product(self, cell: int, arguments: Sequence[Wire], unread: int) -> Wire:
        """The product of one of the cells, given its arguments."""
        self._operands[cell] = [
            value if value.shape().signed else Cat(value, Const(0, 1)).as_signed()
            for value, _ in arguments
        ]
        if len(self._operands) == len(self._members):
            self._connect()
        format = self._formats[cell]
        value = window(self._product, 0, format)
        return self._cells.named(cell, value, shape_of(format), unread)

    def _connect(self) -> None:
        """Put the multiplier in, once all operands are there."""
        first = self._operands[self._members[0]]
        for operands in self._operands.values():
            if operands[0] is first[1] or operands[1] is first[0]:
                operands.reverse()
        a, b = (self._chosen(side) for side in (0, 1))
        block = Multiplier(len(a), len(b), self._family, self._cycles)
        self._m.submodules[self._name] = block
        product = self._product
        self._m.d.comb += [block.a.eq(a), block.b.eq(b), product.eq(block.product)]
        discard(self._m, f"{self._name}_top", [block.product[len(product) :]])

    def _chosen(self, side: int) -> Value:
        """One operand of the block, that of the cell whose slot it is."""
        values: dict[int, Value] = {}
        times: dict[int, list[Value]] = {}
        for cell, operands in self._operands.items():
            values[id(operands[side])] = operands[side]
            times.setdefault(id(operands[side]), []).append(self._slot[cell])
        (_, result), *others = values.items()
        for key, value in others:
            result = Mux(Cat(*times[key]).any(), value, result)
        return result
