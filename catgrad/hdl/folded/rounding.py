"""Constants for rounding that multipliers add, where they can, so that no body has to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.copying import copied, copy_cell
from catgrad.circuit.format import Format
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.circuit.optimise import optimise
from catgrad.folded.early import TOTAL
from catgrad.folded.machine import Machine, Mode
from catgrad.hdl.multiplier import BLOCK_BITS, Family


def constant_of(machine: Machine, family: Family | None) -> int:
    """What to add to the products of all instructions in mode PARALLEL; 0 for nothing.

    Only the multiplier block of iCE40 has an adder, and only if nothing is added up afterwards all
    bodies are without theirs.
    """
    program = [i for i in machine.instructions if i.mode is Mode.PARALLEL and i.factors]
    widest = max(factor_widths(machine), default=0)
    if family != "ice40" or widest > BLOCK_BITS[family]:
        return 0
    if any(len(i.loops) > i.kept for i in program):
        return 0
    found = {rounded(machine.bodies[i.body].netlist)[0] for i in program}
    return found.pop() if len(found) == 1 else 0


def factor_widths(machine: Machine) -> list[int]:
    """How many bits all that is multiplied has, with a sign."""
    formats = [
        machine.phases.arrays[place.array].format
        for i in machine.instructions
        if i.mode is not Mode.SERIAL
        for place in machine.phases.phases[i.phase].factors
    ]
    return [format.width + (not format.signed) for format in formats]


def rounded(netlist: Netlist) -> tuple[int, Netlist]:
    """The netlist for a total to which a constant has been added; 0 and itself if there is none.

    Where all that is done with the total is this, the sum becomes a single shift::

        %1 = shr %total 12                      %1 = shr %total 12    of total + 2**11
        %2 = shr %total 11
        %3 = wrap %2 : u1                 ->
        %4 = add %1 %3
    """
    total = netlist.input(TOTAL).nets
    if len(total) != 1:
        return 0, netlist
    args, kind = netlist.args, netlist.kind
    (net,) = total.tolist()
    shown = np.concatenate([port.nets for port in netlist.outputs])

    def reader(of: int, count: int) -> list[int]:
        """The cells that read a net, if there are so many."""
        cells = np.flatnonzero((args == of).any(axis=1)).tolist()
        return cells if len(cells) == count and of not in shown else []

    shifts = sorted(reader(net, 2), key=lambda cell: int(netlist.value[cell]))
    if len(shifts) != 2 or any(kind[cell] != Kind.SHR for cell in shifts):
        return 0, netlist
    half, whole = shifts
    n = int(netlist.value[whole])
    bits, sums = reader(half, 1), reader(whole, 1)
    if int(netlist.value[half]) != n - 1 or not bits or not sums:
        return 0, netlist
    is_bit = kind[bits[0]] == Kind.WRAP and netlist.format(bits[0]) == Format(1, False)
    if not is_bit or kind[sums[0]] != Kind.ADD or reader(bits[0], 1) != sums:
        return 0, netlist
    if n + 1 >= netlist.format(net).width:
        return 0, netlist

    b = NetlistBuilder()
    new: list[int] = []
    for cell in range(len(netlist)):
        if cell == net:
            old = netlist.format(net)
            new.append(int(b.input(TOTAL, [Format(old.width + 1, old.signed)])[0]))
        elif kind[cell] == Kind.INPUT:
            new.append(int(b.input(f"cell_{cell}", [netlist.format(cell)])[0]))
        elif cell == sums[0]:
            new.append(int(b.wrap(b.shr(new[net], n), netlist.format(cell))))
        else:
            new.append(copy_cell(b, netlist, cell, [new[a] for a in args[cell] if a >= 0]))
    result = copied(netlist, b, np.array(new, dtype=np.int64))
    inputs = tuple(
        replace(port, formats=tuple(result.format(net) for net in port.nets))
        for port in result.inputs
    )
    return 1 << (n - 1), optimise(replace(result, inputs=inputs))
