"""The border between netlists and Amaranth: cells become named signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from amaranth.hdl import Const, Module, Shape, Signal, Value
from amaranth.lib.memory import Memory

from catgrad.circuit.format import BoolArray, Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.splices import splices
from catgrad.hdl.cells import WIRING, expression, spliced, window
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
    unread_wires, unread_registers = unread_bits(plan)
    cells = Cells(m, netlist, inputs)
    wires: list[Wire] = []
    registers: dict[int, Wire] = {}

    for cell, reads in enumerate(netlist.args.tolist()):
        arguments = [
            registers[net] if registered[net] and cycle[net] < cycle[cell] else wires[net]
            for net in reads
            if net >= 0
        ]
        wire = cells.add(cell, arguments, unread_wires[cell])
        if registered[cell]:
            registers[cell] = cells.register(cell, wire, unread=unread_registers[cell])
        wires.append(wire)

    return cells.outputs([wire.value for wire in wires])


class Wire(NamedTuple):
    """The value of a net, and how many cells without logic are nested in the expression."""

    value: Value
    nesting: int = 0


class Cells:
    """A netlist that is being added to a module, cell by cell.

    - ``inputs``: a value for each element of each input port
    - ``in_memory : bool[n]``, the LOOKUP cells whose entry comes a cycle after its index
    """

    def __init__(
        self,
        m: Module,
        netlist: Netlist,
        inputs: Mapping[str, Sequence[Value]],
        in_memory: BoolArray | None = None,
    ) -> None:
        self._m = m
        self._netlist = netlist
        self._in_memory = np.zeros(len(netlist), np.bool_) if in_memory is None else in_memory
        self._values = netlist.value.tolist()
        self._splices = splices(netlist)
        self._memories = _tables(m, netlist)
        self._given = {
            net: value
            for port in netlist.inputs
            for net, value in zip(port.nets.tolist(), inputs.get(port.name, ()), strict=True)
        }

    def name(self, cell: int) -> str:
        return f"{Kind(self._netlist.kind[cell])}_{cell}"

    def add(self, cell: int, arguments: Sequence[Wire], unread: int) -> Wire:
        """Add one cell, some of whose bits are unread."""
        kind, n = Kind(self._netlist.kind[cell]), self._values[cell]
        format = self._netlist.format(cell)
        values = [argument.value for argument in arguments]
        unused: list[Value] = []
        nesting = 0
        if kind is Kind.INPUT:
            wire = self._given[cell]
        elif kind is Kind.CONST:
            wire = Const(n, shape_of(format))
        elif self._is_wiring(cell) and max(wire.nesting for wire in arguments) < NESTING:
            wire = self._expression(cell, values)
            nesting = max(wire.nesting for wire in arguments) + 1
        else:
            if kind is Kind.LOOKUP:
                domain = "sync" if self._in_memory[cell] else "comb"
                result = _look_up(self._m, self._memories[n], values[0], domain)
            else:
                result = self._expression(cell, values)
            signal = Signal(result.shape(), name=self.name(cell))
            self._m.d.comb += signal.eq(result)
            wire = window(signal, 0, format)
            unused.append(signal[format.width :])
        if not self._is_wiring(cell) and kind is not Kind.CONST:
            unused += [wire[start:stop] for start, stop in runs(unread)]
        discard(self._m, self.name(cell), unused)
        return Wire(wire, nesting)

    def named(self, cell: int, value: Value, shape: Shape, unread: int) -> Wire:
        """The value of a cell that is made elsewhere, under the name of the cell."""
        signal = Signal(shape, name=self.name(cell))
        self._m.d.comb += signal.eq(value)
        discard(self._m, self.name(cell), [signal[start:stop] for start, stop in runs(unread)])
        return Wire(signal)

    def _is_wiring(self, cell: int) -> bool:
        """Whether a cell has no logic."""
        return self._netlist.kind[cell] in WIRING or bool(self._splices.at[cell])

    def _expression(self, cell: int, arguments: Sequence[Value]) -> Value:
        """What a cell computes."""
        format, at = self._netlist.format(cell), int(self._splices.at[cell])
        if not at:
            kind = Kind(self._netlist.kind[cell])
            return expression(kind, self._values[cell], format, arguments)
        upper = int(self._splices.upper[cell])
        return spliced(arguments[1 - upper], arguments[upper], at, format)

    def register(
        self,
        cell: int,
        wire: Wire,
        unread: int,
        suffix: str = "register",
        when: Value | None = None,
    ) -> Wire:
        """The value of a cell in the next cycle, some of whose bits are unread.

        Given `when`, it is what the cell was the last time that was 1.
        """
        name = f"{self.name(cell)}_{suffix}"
        register = Signal(shape_of(self._netlist.format(cell)), name=name, reset_less=True)
        with nullcontext() if when is None else self._m.If(when):
            self._m.d.sync += register.eq(wire.value)
        discard(self._m, name, [register[start:stop] for start, stop in runs(unread)])
        return Wire(register)

    def outputs(self, values: Sequence[Value]) -> Values:
        """What the output ports show, given a value for each net."""
        return {
            port.name: [
                window(values[net], 0, format)
                for net, format in zip(port.nets.tolist(), port.formats, strict=True)
            ]
            for port in self._netlist.outputs
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


def _look_up(m: Module, table: Memory, index: Value, domain: str) -> Value:
    """The entry at an index, modulo the length of the table: at once, or a cycle later."""
    port = table.read_port(domain=domain)
    m.d.comb += port.addr.eq(index)
    return port.data
