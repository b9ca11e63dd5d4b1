"""Pipelines in Amaranth: a new set of operands in every cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Value

from catgrad.circuit.netlist import Kind
from catgrad.circuit.pipeline import Pipeline
from catgrad.hdl.cells import WIRING
from catgrad.hdl.datapath import Cells, Values, Wire
from catgrad.hdl.unread import unread

_LINEAR = frozenset({*WIRING, Kind.ADD, Kind.SUB, Kind.MUL, Kind.GT, Kind.MUX, Kind.SATURATE})
"""Kinds that make 0 of zeros; a multiplexer whatever its first argument is."""


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
    netlist, args = pipeline.netlist, pipeline.netlist.args
    stage, reads, delay = (x.tolist() for x in (pipeline.stage, pipeline.reads, pipeline.delay))
    registered = pipeline.delay > 0
    late = (pipeline.stage + pipeline.delay)[args] == pipeline.reads[:, None]
    unread_wires, unread_registers = unread(netlist, registered, late, late_outputs=True)
    cells = Cells(m, netlist, inputs, pipeline.in_memory)
    history: list[list[Wire]] = []  # each net, then what it was one, two, ... cycles ago

    def right_in(net: int, now: int) -> Wire:
        """The net in some stage; constants, which have no registers, are right in all."""
        return history[net][min(now - stage[net], delay[net])]

    for cell, nets in enumerate(args.tolist()):
        arguments = [right_in(net, reads[cell]) for net in nets if net >= 0]
        line = [cells.add(cell, arguments, unread_wires[cell])]
        for cycles in range(1, delay[cell] + 1):
            dropped = unread_registers[cell] if cycles == delay[cell] else 0
            line.append(cells.register(cell, line[-1], dropped, f"delay_{cycles}"))
            if clear is not None and stage[cell] + cycles == pipeline.latency:
                with m.If(clear):
                    m.d.sync += line[-1].value.eq(0)
        history.append(line)

    return cells.outputs([line[-1].value for line in history])


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
