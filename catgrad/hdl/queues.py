"""The queues of a delayed rule, between the stages that fill and empty them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value

from catgrad.circuit.loops import QUEUED, Loop
from catgrad.circuit.netlist import Kind
from catgrad.circuit.pipeline import Pipeline
from catgrad.hdl.cells import window
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family
from catgrad.hdl.pipelined import Held
from catgrad.hdl.ring import BLOCK_RAM_ONLY, ring
from catgrad.hdl.tokens import Tokens


class Queues:
    """Queues of numbers, at first all 0, whose place in the pipeline is found already.

    A sample that is learned from takes one number out of each in the stage of the loop's target,
    and puts one in at the end of the stage in which the loop pushes. In steady flow the numbers are
    on their way through the pipeline, and the queue is nearly empty; where a gap follows a sample
    they come early, and wait. Queues that are filled and emptied in the same stages share a memory.

    A number comes out of a register where there is the time for that, unless it goes into registers
    of multiplier blocks only.
    """

    def __init__(
        self, m: Module, pipeline: Pipeline, tokens: Tokens, family: Family | None
    ) -> None:
        self._m, self._pipeline, self._tokens, self._family = m, pipeline, tokens, family
        self._groups: dict[tuple[int, int, int, bool, bool], list[Loop]] = {}
        pairs = zip(pipeline.loops, pipeline.pushes, strict=True)
        queues = [(loop, push) for loop, push in pairs if loop.port == QUEUED]
        readers = _readers(pipeline, queues)
        masks = _masked(pipeline, [loop for loop, _ in queues], readers)
        for loop, push in queues:
            stage = int(pipeline.stage[loop.target])
            cells = readers[loop.target]
            direct = bool(pipeline.in_block[cells].all() and (pipeline.reads[cells] == stage).all())
            early = push + 2 <= stage + loop.distance * pipeline.interval
            # With block RAM only, what comes from the memory itself would be flip-flops.
            direct &= family not in BLOCK_RAM_ONLY and loop.target not in masks
            ahead = early and not direct
            key = stage, push, loop.distance, ahead, loop.target in masks
            self._groups.setdefault(key, []).append(loop)
        self._values = {
            loop: Signal(shape_of(pipeline.netlist.format(loop.target)), name=f"late_{loop.target}")
            for loop, _ in queues
        }

    def held(self) -> dict[int, Held]:
        """The number that is next, by the net of the loop's target."""

        def next_of(value: Value) -> Held:
            return lambda _stage: value

        return {loop.target: next_of(value) for loop, value in self._values.items()}

    def connect(self, entering: Mapping[Loop, Value]) -> None:
        """Fill the queues with what the loops bring."""
        m, tokens, netlist = self._m, self._tokens, self._pipeline.netlist
        for number, (key, loops) in enumerate(self._groups.items()):
            stage, push, distance, ahead, masked = key
            values = Cat(self._values[loop] for loop in loops)
            numbers = Cat(window(entering[loop], 0, netlist.format(loop.target)) for loop in loops)
            if distance == 1:
                register = Signal(len(values), name=f"queue_{number}")
                with m.If(tokens.enable("trained", push, len(values))):
                    m.d.sync += register.eq(numbers)
                m.d.comb += values.eq(register)
            else:
                word = ring(
                    m,
                    f"queue_{number}",
                    numbers,
                    tokens.trained(push),
                    tokens.trained(stage),
                    distance,
                    first=distance,
                    zeros=masked,
                    ahead=ahead,
                    family=self._family,
                )
                m.d.comb += values.eq(word)


def _readers(pipeline: Pipeline, queues: list[tuple[Loop, int]]) -> dict[int, list[int]]:
    """The cells that read the number of each queue, by its net."""
    args = pipeline.netlist.args
    return {
        loop.target: np.flatnonzero((args == loop.target).any(axis=1)).tolist()
        for loop, _ in queues
    }


def _masked(pipeline: Pipeline, loops: list[Loop], readers: dict[int, list[int]]) -> set[int]:
    """The queues whose first numbers have to be 0 where they are read.

    The others are only multiplied with such, and so many of them. The queue with the most readers
    is looked at last, since one 0 there makes up for many.
    """
    netlist = pipeline.netlist
    distance = {loop.target: loop.distance for loop in loops}
    masked = set(distance)
    leaving = {net for port in netlist.outputs for net in port.nets.tolist()}
    leaving |= {loop.source for loop in pipeline.loops}
    for net in sorted(distance, key=lambda net: len(readers[net])):
        others = [(set(netlist.args[cell, :2].tolist()) - {net}) for cell in readers[net]]
        if net not in leaving and all(
            netlist.kind[cell] == Kind.MUL
            and len(other) == 1
            and distance.get(arg := next(iter(other))) == distance[net]
            and arg in masked
            for cell, other in zip(readers[net], others, strict=True)
        ):
            masked.discard(net)
    return masked
