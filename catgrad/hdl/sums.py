"""Numbers that are held as the sums they are, before they are saturated."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from amaranth.hdl import Module, Signal, Value

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind
from catgrad.hdl.access import Access
from catgrad.hdl.cells import expression, window
from catgrad.hdl.chosen_sum import chosen_sum, read_sum
from catgrad.hdl.kept import Registers, Write
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family
from catgrad.hdl.pipelined import Held, HeldSum
from catgrad.hdl.tokens import KEEP


class Sums(Registers):
    """Numbers in registers, some of which are `sums` of what is held and something else.

    Those are held one bit wider, and saturated where they are read; see `catgrad.circuit.sums`.
    When numbers move on, to be loaded and read, they move as they are. In the meantime they are
    read as 0, so that the cells of their adders can bring the neighbour; see `chosen_sum`.
    """

    def __init__(
        self,
        m: Module,
        name: str,
        formats: Sequence[Format],
        initial: Sequence[int],
        family: Family | None,
        access: Access,
        sums: Collection[int],
    ) -> None:
        wide = [Format(f.width + 1, True) if i in sums else f for i, f in enumerate(formats)]
        super().__init__(m, name, wide, initial, family, shown=formats)
        self._access = access
        self._adds: dict[int, Signal] = {}
        self._read: dict[int, Signal] = {}
        for i in sums:
            adds = Signal(name=f"{name}_{i}_adds", init=1, attrs=KEEP)
            read = Signal(shape_of(formats[i]), name=f"{name}_{i}_read")
            # A cycle late is early enough: the first step comes a cycle after `serving` begins, and
            # the next sample is in stage 0 a cycle after it ends.
            m.d.sync += adds.eq(~access.serving)
            m.d.comb += read.eq(read_sum(m, read.name, self.registers[i], adds, formats[i], family))
            self._adds[i], self._read[i] = adds, read

    def held(self, number: int) -> Held:
        """The number, to a sample in some stage."""
        return lambda _stage: self._read.get(number, self.registers[number])

    def sum(self, number: int) -> HeldSum:
        """Such a number, which becomes the sum of it and an addend, or its neighbour."""
        register, read, adds = self.registers[number], self._read[number], self._adds[number]
        neighbour, format = self.neighbour(number, self._access), self.formats[number]

        def plus(addend: Value) -> Value:
            name = f"{register.name}_sum"
            return chosen_sum(self._m, name, addend, read, adds, neighbour, format, self._family)

        return HeldSum(register, plus)

    def at_hand(self, number: int) -> Value:
        """The number in its own format."""
        if self.shown[number] == self.formats[number]:
            return super().at_hand(number)
        return expression(Kind.SATURATE, 0, self.shown[number], [self.registers[number]])

    def loaded(self, number: int, value: Value) -> Value:
        """What is held of a value that is loaded."""
        return window(window(value, 0, self.shown[number]), 0, self.formats[number])

    def following(self, number: int, write: Write, access: Access) -> Value:
        """What a loop brings, or the neighbour while numbers move."""
        return write.value if number in self._adds else super().following(number, write, access)
