"""The border between netlists and Amaranth: cells become named signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib.memory import Memory

from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.hdl.cells import WIRING, expression, window
from catgrad.hdl.layout import shape_of
from catgrad.hdl.schedule import Schedule, schedule
from catgrad.hdl.unread import discard, runs, unread_bits

Values = dict[str, list[Value]]
"""The values on the elements of each port, by the name of the port."""

NESTING = 4
"""How many cells without logic are nested in one expression.

A signal for each would cost a simulator more rounds of settling, but Amaranth recurses into
expressions.
"""


def combinational(m: Module, netlist: Netlist, inputs: Mapping[str, Sequence[Value]]) -> Values:
    """Add a netlist to a module, and return the values of its output ports.

    `inputs` holds a value of the right shape for each element of each input port. Latency 0: the
    outputs follow the inputs within the cycle. A module can hold one netlist.
    """
    return datapath(m, schedule(netlist, 1), inputs)


def datapath(m: Module, plan: Schedule, inputs: Mapping[str, Sequence[Value]]) -> Values:
    """Add a netlist that computes for `plan.cycles` cycles of the domain `sync`.

    The inputs have to hold still for as long; in the last of these cycles the outputs are right.
    That is why a register between two cycles needs neither an enable nor a reset: once its value
    is right it stays so, however many cycles later it is read.

    A cell with logic is a signal named by its kind and number, of the shape that Amaranth gives to
    its expression; cells without logic are wires from it. Bits that nothing reads end in a signal
    with `unused` in its name, which tells lint that it is meant.
    """
    netlist = plan.netlist
    cycle, registered = plan.cycle.tolist(), plan.registered.tolist()
    values, args = netlist.value.tolist(), netlist.args.tolist()
    unread_wires, unread_registers = unread_bits(plan)
    tables = _tables(m, netlist)
    given = {
        net: value
        for port in netlist.inputs
        for net, value in zip(port.nets.tolist(), inputs[port.name], strict=True)
    }
    wires: list[Value] = []
    nesting: list[int] = []
    registers: dict[int, Signal] = {}

    for cell, kind in enumerate(map(Kind, netlist.kind.tolist())):
        name, n, format = f"{kind}_{cell}", values[cell], netlist.format(cell)
        nets = args[cell][: kind.operands]
        arguments = [
            registers[net] if registered[net] and cycle[net] < cycle[cell] else wires[net]
            for net in nets
        ]
        unused: list[Value] = []
        depth = 0
        if kind is Kind.INPUT:
            wire = given[cell]
        elif kind is Kind.CONST:
            wire = Const(n, shape_of(format))
        elif kind in WIRING and nesting[nets[0]] < NESTING:
            wire = expression(kind, n, format, arguments)
            depth = nesting[nets[0]] + 1
        else:
            if kind is Kind.LOOKUP:
                result = _look_up(m, tables[n], arguments[0])
            else:
                result = expression(kind, n, format, arguments)
            signal = Signal(result.shape(), name=name)
            m.d.comb += signal.eq(result)
            wire = window(signal, 0, format)
            unused.append(signal[format.width :])
        if kind not in WIRING and kind is not Kind.CONST:
            unused += [wire[start:stop] for start, stop in runs(unread_wires[cell])]
        if registered[cell]:
            register = Signal(shape_of(format), name=f"{name}_register", reset_less=True)
            m.d.sync += register.eq(wire)
            unused += [register[start:stop] for start, stop in runs(unread_registers[cell])]
            registers[cell] = register
        wires.append(wire)
        nesting.append(depth)
        discard(m, name, unused)

    return {
        port.name: [
            window(wires[net], 0, format)
            for net, format in zip(port.nets.tolist(), port.formats, strict=True)
        ]
        for port in netlist.outputs
    }


def _tables(m: Module, netlist: Netlist) -> dict[int, Memory]:
    """A read-only memory for each table that a cell looks up.

    Yosys makes the same logic of it as of a `Switch`, and a simulator reads it in one step.
    """
    memories = {}
    for number in np.unique(netlist.value[netlist.kind == Kind.LOOKUP]).tolist():
        table = netlist.tables[number]
        shape = shape_of(Format.holding(min(table), max(table)))
        memories[number] = Memory(shape=shape, depth=len(table), init=table)
        m.submodules[f"table_{number}"] = memories[number]
    return memories


def _look_up(m: Module, table: Memory, index: Value) -> Value:
    """The entry at an index, modulo the length of the table."""
    port = table.read_port(domain="comb")
    m.d.comb += port.addr.eq(index)
    return port.data
