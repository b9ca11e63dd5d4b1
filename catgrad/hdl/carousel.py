"""State whose numbers take turns: what a shared multiplier block reads, in one register."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Signal, Value

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind
from catgrad.circuit.pipeline import Pipeline
from catgrad.circuit.turns import groups
from catgrad.hdl.access import Access
from catgrad.hdl.kept import Registers, Write
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family
from catgrad.hdl.pipelined import Held
from catgrad.hdl.tokens import Tokens


class Carousel(Registers):
    """State in registers, some of which go round with the slots of the blocks that read them.

    Products on one block that read a number of the state each, in the same place, would have it
    chosen by a multiplexer. Instead these numbers move on by one register in every cycle, so that
    each is in the first one when it is read; with two of them::

        block <── [ 0 ] <── [ 1 ] <──┐
                    └────────────────┘

    Who reads a number in another stage finds it in another register, and what a loop brings enters
    on the way from one to the next. That takes a look-up table in front of a register, where the
    multiplexer would have had a cell of its own. So only numbers ride that come from registers:
    inputs and other numbers of the state. What is computed may have no time left for that table.
    """

    def __init__(
        self,
        m: Module,
        name: str,
        formats: Sequence[Format],
        initial: Sequence[int],
        family: Family | None,
        pipeline: Pipeline,
    ) -> None:
        super().__init__(m, name, formats, initial, family)
        self._beat = pipeline.beat
        nets = pipeline.netlist.input(name).nets.tolist()
        number = {net: i for i, net in enumerate(nets)}
        self._slot: dict[int, int] = {}
        self._round: dict[int, list[Signal]] = {}
        for riders in _riders(pipeline, number, formats):
            begins = {slot: initial[i] for i, slot in riders.items()}
            shape, label = shape_of(formats[min(riders)]), f"{name}_{min(riders)}_turn"
            places = [
                Signal(shape, name=f"{label}_{place}", init=begins.get(place, 0))
                for place in range(self._beat)
            ]
            for i, slot in riders.items():
                self._slot[i], self._round[i] = slot, places

    def held(self, number: int) -> Held:
        """The number, to a sample in some stage."""
        if number not in self._slot:
            return super().held(number)
        places, slot = self._round[number], self._slot[number]
        return lambda stage: places[(slot - stage) % self._beat]

    def connect(
        self, tokens: Tokens, writes: Sequence[Write | None], access: Access | None
    ) -> Value:
        """Let them take in what loops bring; there is no access to state."""
        others = [None if i in self._slot else write for i, write in enumerate(writes)]
        super().connect(tokens, others, access)
        for places in {id(places): places for places in self._round.values()}.values():
            riders = [i for i, own in self._round.items() if own is places]
            for place, register in enumerate(places):
                following: Value = places[(place + 1) % self._beat]
                entering: dict[int, tuple[Value, Value]] = {}
                for i in riders:
                    write = writes[i]
                    if write and (self._slot[i] - write.push - 1) % self._beat == place:
                        key = id(write.value)
                        when = tokens.enable("valid", write.push, len(register))
                        if key in entering:
                            when |= entering[key][1]
                        entering[key] = write.value, when
                self._m.d.sync += register.eq(following)
                for value, when in entering.values():
                    with self._m.If(when):
                        self._m.d.sync += register.eq(value)
        return Const(0, 1)


def _riders(
    pipeline: Pipeline, number: dict[int, int], formats: Sequence[Format]
) -> list[dict[int, int]]:
    """Numbers of the state that go round together, and the slot in which each is read.

    They have one format, and are so many that registers for all slots cost less than multiplexers.
    """
    found: list[dict[int, int]] = []
    taken: set[int] = set()
    moved = {
        loop.target for loop in pipeline.loops if pipeline.netlist.kind[loop.source] == Kind.INPUT
    }
    args, reads = pipeline.netlist.args.tolist(), pipeline.reads.tolist()
    for members in groups(pipeline.turns):
        free = {
            cell: [number[net] for net in args[cell][:2] if net in number and net in moved]
            for cell in members
        }
        for _ in range(2):
            riders: dict[int, int] = {}
            for cell in members:
                kind = {formats[i] for i in riders}
                fits = [i for i in free[cell] if i not in taken and kind <= {formats[i]}]
                for i in fits[:1]:
                    riders.setdefault(i, reads[cell] % pipeline.beat)
            if pipeline.beat < 2 * len(riders) - 1:
                found.append(riders)
                taken |= set(riders)
    return found
