"""Pipelines in Amaranth: a new set of operands in every cycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from amaranth.hdl import Cat, Const, Module, Value

from catgrad.circuit.loops import still
from catgrad.circuit.netlist import Kind, Port
from catgrad.circuit.pipeline import Pipeline
from catgrad.hdl.cells import WIRING, window
from catgrad.hdl.datapath import Cells, Values, Wire
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family, Multiplier
from catgrad.hdl.unread import discard, unread

_LINEAR = frozenset({*WIRING, Kind.ADD, Kind.SUB, Kind.MUL, Kind.GT, Kind.MUX, Kind.SATURATE})
"""Kinds that make 0 of zeros; a multiplexer whatever its first argument is."""

Held = Callable[[int], Value]
"""What a loop-carried input is to a sample that is in some stage."""


class Flow(NamedTuple):
    """What leaves a pipeline: the values of its output ports, and what each loop takes in.

    Where the last that is done to that is to saturate it, `saturating` has what is saturated.
    """

    outputs: Values
    entering: list[Value]
    saturating: list[Value | None]


def pipelined(
    m: Module,
    pipeline: Pipeline,
    inputs: Mapping[str, Sequence[Value]],
    clear: Value | None = None,
) -> Values:
    """Add a pipelined netlist to a module, and return the values of its output ports.

    `inputs` holds a value of the right shape for each element of each input port. Latency:
    `pipeline.latency` cycles of the domain `sync`, the same for all outputs. Interval: 1 cycle.
    What is inside moves on in every cycle, so the registers need neither an enable nor a reset:
    what comes out before the first inputs came in is nobody's result. A module can hold one
    netlist. Where `clear` is 1, all that enters the last stage in the next cycle is 0; see `rests`.

    Each net is delayed by registers for as long as something reads it, an output to the end. A cell
    with logic is a signal named by its kind and number; cells without logic are wires from it.
    """
    return flow(m, pipeline, inputs, {}, clear).outputs


def flow(
    m: Module,
    pipeline: Pipeline,
    inputs: Mapping[str, Sequence[Value]],
    held: Mapping[int, Held],
    clear: Value | None = None,
    family: Family | None = None,
) -> Flow:
    """The same for a pipeline with loops, whose output ports may leave in stages of their own.

    `held` has the value of each loop-carried input by its net, which may depend on the stage in
    which it is asked for. Multiplications in blocks are blocks of the `family`.
    """
    netlist, args = pipeline.netlist, pipeline.netlist.args
    reads, delay = pipeline.reads.tolist(), pipeline.delay.tolist()
    right = right_from(pipeline)
    is_still = still(netlist, pipeline.fixed).tolist()
    late = (pipeline.delay > 0)[args] & (
        np.array(right)[args] + pipeline.delay[args] == pipeline.reads[:, None]
    )
    leaving = list(_leaving(pipeline))
    unread_wires, unread_registers = unread(
        netlist,
        pipeline.delay > 0,
        late,
        late_outputs=True,
        leaving=[
            (net, bits, delay[net] > 0 and stage >= right[net] + delay[net])
            for net, bits, stage in leaving
        ],
    )

    def given_to(port: Port) -> list[Value]:
        """The values of an input port; nothing reads those that no loop brings."""
        values = inputs.get(port.name) or [Const(0, shape_of(format)) for format in port.formats]
        return [
            held[net](right[net]) if net in held else value
            for net, value in zip(port.nets.tolist(), values, strict=True)
        ]

    given = {port.name: given_to(port) for port in netlist.inputs}
    cells = Cells(m, netlist, given, pipeline.in_memory)
    history: list[list[Wire]] = []  # each net, then what it was one, two, ... cycles ago

    def right_in(net: int, now: int) -> Wire:
        """The net in some stage; what is still has no registers, and is right in all."""
        if net in held and (is_still[net] or now <= right[net]):
            return Wire(held[net](now))
        return history[net][min(max(now - right[net], 0), delay[net])]

    for cell, nets in enumerate(args.tolist()):
        arguments = [right_in(net, reads[cell]) for net in nets if net >= 0]
        if pipeline.in_block[cell]:
            values = [argument.value for argument in arguments]
            cycles = int(pipeline.cycles[cell])
            line = [_block(m, cells, pipeline, cell, values, cycles, family, unread_wires[cell])]
        else:
            line = [cells.add(cell, arguments, unread_wires[cell])]
        for cycles in range(1, delay[cell] + 1):
            dropped = unread_registers[cell] if cycles == delay[cell] else 0
            line.append(cells.register(cell, line[-1], dropped, f"delay_{cycles}"))
            if clear is not None and right[cell] + cycles == pipeline.latency:
                with m.If(clear):
                    m.d.sync += line[-1].value.eq(0)
        history.append(line)

    outputs = {
        port.name: [
            window(right_in(net, pipeline.leaves[port.name]).value, 0, format)
            for net, format in zip(port.nets.tolist(), port.formats, strict=True)
        ]
        for port in netlist.outputs
        if port.name in pipeline.leaves
    }
    entering = [
        right_in(loop.source, push).value
        for loop, push in zip(pipeline.loops, pipeline.pushes, strict=True)
    ]
    saturating: list[Value | None] = [
        right_in(int(args[loop.source, 0]), push).value
        if netlist.kind[loop.source] == Kind.SATURATE and pipeline.stage[loop.source] == push
        else None
        for loop, push in zip(pipeline.loops, pipeline.pushes, strict=True)
    ]
    return Flow(outputs, entering, saturating)


def right_from(pipeline: Pipeline) -> list[int]:
    """The stage from which on each net needs registers to be right.

    What is held by a loop is right until it is replaced.
    """
    right: list[int] = pipeline.stage.tolist()
    for loop, push in zip(pipeline.loops, pipeline.pushes, strict=True):
        if loop.port in HELD:
            right[loop.target] = push
    return right


HELD = ("parameters", "state")
"""The ports whose numbers stay readable until the next ones replace them."""


def _leaving(pipeline: Pipeline) -> list[tuple[int, int, int]]:
    """The nets that leave a pipeline, how many of their bits, and in which stage."""
    netlist = pipeline.netlist
    plain = [
        (net, format.width, pipeline.leaves[port.name])
        for port in netlist.outputs
        if port.name in pipeline.leaves
        for net, format in zip(port.nets.tolist(), port.formats, strict=True)
    ]
    looping = [
        (loop.source, int(netlist.width[loop.target]), push)
        for loop, push in zip(pipeline.loops, pipeline.pushes, strict=True)
    ]
    return plain + looping


def _block(
    m: Module,
    cells: Cells,
    pipeline: Pipeline,
    cell: int,
    operands: Sequence[Value],
    cycles: int,
    family: Family | None,
    unread_bits: int,
) -> Wire:
    """A multiplication with registers inside."""
    a, b = (
        operand if operand.shape().signed else Cat(operand, Const(0, 1)).as_signed()
        for operand in operands
    )
    block = Multiplier(len(a), len(b), family, cycles)
    m.submodules[cells.name(cell)] = block
    m.d.comb += [block.a.eq(a), block.b.eq(b)]
    format = pipeline.netlist.format(cell)
    discard(m, f"{cells.name(cell)}_top", [block.product[format.width :]])
    return cells.named(cell, window(block.product, 0, format), shape_of(format), unread_bits)


def rests(pipeline: Pipeline, port: str) -> bool:
    """Whether an output port is 0 where all registers before the last stage are."""
    netlist = pipeline.netlist
    zero = (pipeline.stage < pipeline.latency) & (netlist.kind != Kind.CONST)
    zero |= (netlist.kind == Kind.CONST) & (netlist.value == 0)
    for cell, kind in enumerate(map(Kind, netlist.kind.tolist())):
        if not zero[cell] and not pipeline.in_memory[cell] and kind in _LINEAR:
            wanted = netlist.args[cell, : kind.operands]
            zero[cell] = zero[wanted[1:] if kind is Kind.MUX else wanted].all()
    return bool(zero[netlist.output(port).nets].all())
