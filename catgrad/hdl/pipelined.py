"""Pipelines in Amaranth: a new set of operands in every cycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Signal, Value

from catgrad.circuit.loops import still
from catgrad.circuit.netlist import Kind, Port
from catgrad.circuit.pipeline import Pipeline
from catgrad.circuit.turns import groups
from catgrad.hdl.cells import WIRING, window
from catgrad.hdl.datapath import Cells, Values, Wire
from catgrad.hdl.inside import Inside
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family, Multiplier
from catgrad.hdl.shared_block import SharedBlock
from catgrad.hdl.unread import discard, unread

_LINEAR = frozenset({*WIRING, Kind.ADD, Kind.SUB, Kind.MUL, Kind.GT, Kind.MUX, Kind.SATURATE})
"""Kinds that make 0 of zeros; a multiplexer whatever its first argument is."""

Held = Callable[[int], Value]
"""What a loop-carried input is to a sample that is in some stage."""


class HeldSum(NamedTuple):
    """The register of a sum, and what it takes in, given the addend."""

    register: Signal
    plus: Callable[[Value], Value]


class Flow(NamedTuple):
    """What leaves a pipeline: the values of its output ports, and what each loop takes in.

    Where the last that is done to that is to saturate it, `saturating` has what is saturated.
    `blocks` are those that hold what loops carry, by their cells, and are yet to be connected.
    """

    outputs: Values
    entering: list[Value]
    saturating: list[Value | None]
    blocks: dict[int, Multiplier]


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
    slots: Sequence[Value] = (),
    sums: Mapping[int, HeldSum] = MappingProxyType({}),
    carrying: Mapping[int, Inside] = MappingProxyType({}),
) -> Flow:
    """The same for a pipeline with loops, whose output ports may leave in stages of their own.

    `held` has the value of each loop-carried input by its net, which may depend on the stage in
    which it is asked for. Multiplications in blocks are blocks of the `family`. With a beat
    of n cycles, a sample is in stage s only in cycles in which ``slots[s mod n]`` is 1. `sums` has
    what holds each loop with an addend, by its source; `carrying`, what blocks hold of loops.
    """
    netlist, args = pipeline.netlist, pipeline.netlist.args
    reads, delay = pipeline.reads.tolist(), pipeline.delay.tolist()
    right, beat = pipeline.begins.tolist(), pipeline.beat
    is_still = still(netlist, pipeline.fixed).tolist()
    # The last stage in which each net is not read from its last register.
    until = pipeline.begins + beat * (pipeline.delay - 1)
    late = (pipeline.delay > 0)[args] & (until[args] < pipeline.reads[:, None])
    leaving = list(_leaving(pipeline))
    unread_wires, unread_registers = unread(
        netlist,
        pipeline.delay > 0,
        late,
        late_outputs=True,
        leaving=[
            (net, bits, delay[net] > 0 and bool(until[net] < stage)) for net, bits, stage in leaving
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
    blocks = {
        cell: block
        for members in groups(pipeline.turns)
        for block in [SharedBlock(m, cells, pipeline, members, family, slots)]
        for cell in members
    }
    addends = {loop.source: loop.addend for loop in pipeline.loops if loop.addend is not None}
    keepers = {
        loop.source: loop.target
        for loop, push in zip(pipeline.loops, pipeline.pushes, strict=True)
        if loop.port == "state" and loop.distance == beat == 1 and push == right[loop.source]
    }
    own: dict[int, Multiplier] = {}
    history: list[list[Wire]] = []  # each net, then what it was one, two, ... cycles ago

    def right_in(net: int, now: int) -> Wire:
        """The net in some stage; what is still has no registers, and is right in all."""
        if net in held and (is_still[net] or now <= right[net]):
            return Wire(held[net](now))
        return history[net][min(-(min(right[net] - now, 0) // beat), delay[net])]

    for cell, nets in enumerate(args.tolist()):
        arguments = [right_in(net, reads[cell]) for net in nets if net >= 0]
        if cell in addends:
            total = sums[cell].plus(right_in(addends[cell], reads[cell]).value)
            line = [cells.named(cell, total, shape_of(netlist.format(cell)), unread_wires[cell])]
        elif cell in blocks:
            line = [blocks[cell].product(cell, arguments, unread_wires[cell])]
        elif pipeline.in_block[cell]:
            values = [argument.value for argument in arguments]
            own[cell] = _block(m, cells, pipeline, cell, values, family, carrying.get(cell))
            format = netlist.format(cell)
            value = window(own[cell].product, 0, format)
            line = [cells.named(cell, value, shape_of(format), unread_wires[cell])]
        else:
            line = [cells.add(cell, arguments, unread_wires[cell])]
        for cycles in range(1, delay[cell] + 1):
            dropped = unread_registers[cell] if cycles == delay[cell] else 0
            when = slots[right[cell] % beat] if beat > 1 else None
            if cycles == 1 and cell in keepers:
                # What every sample leaves for the next, it has itself a cycle later.
                kept = held[keepers[cell]](right[cell] + 1)
                line.append(Wire(window(kept, 0, netlist.format(cell))))
                continue
            if cycles == 1 and cell in addends:
                # Only what is learned comes of it, and who learns leaves it there.
                line.append(Wire(sums[cell].register))
                continue
            line.append(cells.register(cell, line[-1], dropped, f"delay_{cycles}", when))
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
    return Flow(outputs, entering, saturating, {cell: own[cell] for cell in carrying})


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
        (loop.source, int(netlist.width[loop.held]), push)
        for loop, push in zip(pipeline.loops, pipeline.pushes, strict=True)
    ]
    return plain + looping


def _block(
    m: Module,
    cells: Cells,
    pipeline: Pipeline,
    cell: int,
    operands: Sequence[Value],
    family: Family | None,
    held: Inside | None,
) -> Multiplier:
    """A multiplication in a block; one that holds what a loop brings is yet to get that."""
    a, b = (
        operand if operand.shape().signed else Cat(operand, Const(0, 1)).as_signed()
        for operand in operands
    )
    name = cells.name(cell)
    if held is None:
        block = Multiplier(len(a), len(b), family, int(pipeline.cycles[cell]))
        m.d.comb += block.a.eq(a)
    else:
        before = held.holds == "operands"
        if before and pipeline.netlist.args[cell, 1] == held.loop.target:
            a, b = b, a
        block = Multiplier(len(a), len(b), family, holds=held.holds)
        if before:
            discard(m, f"{name}_held", [a])
        else:
            m.d.comb += block.a.eq(a)
    m.submodules[name] = block
    m.d.comb += block.b.eq(b)
    discard(m, f"{name}_top", [block.product[pipeline.netlist.format(cell).width :]])
    return block


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
