"""Multiplier blocks with registers of loops inside, which are as near to them as can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from amaranth.hdl import Module, Signal, Value

from catgrad.circuit.loops import Loop
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.pipeline import Pipeline
from catgrad.hdl.cells import window
from catgrad.hdl.multiplier import Held, Multiplier
from catgrad.hdl.tokens import Tokens


class Inside(NamedTuple):
    """What a block without registers of its own holds: what a loop carries to it, or on from it.

        y ──[register]── × ── product    ->    y ──[ register × ]── product
        x ── × ──[register]── product    ->    x ──[ × register ]── product

    The loop puts it in at the end of stage `push`. Its own register of an operand stays, for others
    to read.
    """

    loop: Loop
    push: int
    holds: Held


def inside(pipeline: Pipeline, zeros: Collection[int]) -> dict[int, Inside]:
    """What the blocks of a pipeline that have no registers of their own can hold, by their cells.

    `zeros` are the targets of loops in registers that are 0 after a reset, as blocks are.
    """
    netlist, args = pipeline.netlist, pipeline.netlist.args.tolist()
    pairs = zip(pipeline.loops, pipeline.pushes, strict=True)
    loops = [(loop, push) for loop, push in pairs if loop.port == "state"]
    carried = {loop.target: (loop, push) for loop, push in loops if loop.target in zeros}
    read = {net for row in args for net in row}
    read |= {net for port in netlist.outputs if port.name != "state" for net in port.nets.tolist()}
    found: dict[int, Inside] = {}
    for cell in pipeline.bare:
        results = [(loop, push) for loop, push in loops if loop.source == cell]
        if cell not in read and len(results) == 1 and results[0][0].target in carried:
            [(loop, push)] = results
            if pipeline.stage[cell] == push:
                found[cell] = Inside(loop, push, "product")
                continue
        for net, other in (args[cell][:2], args[cell][1::-1]):
            if net in carried and netlist.kind[other] == Kind.CONST:
                loop, push = carried[net]
                if pipeline.stage[cell] <= push and loop.source != net:
                    found[cell] = Inside(loop, push, "operands")
    return found


def connect(
    m: Module,
    netlist: Netlist,
    tokens: Tokens,
    held: Inside,
    block: Multiplier,
    entering: Mapping[Loop, Value],
    register: Signal,
) -> None:
    """Let a block take in what its loop brings, or be the `register` of that."""
    m.d.comb += block.enable.eq(tokens.enable("valid", held.push, len(block.a)))
    if held.holds == "product":
        m.d.comb += register.eq(block.product)
    else:
        entered = window(entering[held.loop], 0, netlist.format(held.loop.target))
        m.d.comb += block.a.eq(entered)
