"""The promises of a machine that are kept, or not, before any cycle is looked at."""

from __future__ import annotations

from itertools import chain

from catgrad.errors import CatgradError
from catgrad.folded.machine import Home, Instruction, Machine, Mode
from catgrad.folded.phase import Array, Phase


def promises(machine: Machine) -> None:
    """The program runs each phase once, arrays are where they say, and bodies have their ports."""
    _program(machine)
    for array, home in zip(machine.phases.arrays, machine.homes, strict=True):
        _home(machine, array, home)
    for instruction in machine.instructions:
        phase = machine.phases.phases[instruction.phase]
        _accesses(machine, instruction, phase)
        _ports(machine, instruction, phase)
        _loops(machine, instruction, phase)


def _program(machine: Machine) -> None:
    order = [instruction.phase for instruction in machine.instructions]
    forward = machine.phases.forward
    if sorted(order) != [*range(len(machine.phases.phases))]:
        raise CatgradError(
            f"The program runs phases {order}, but there are {len(machine.phases.phases)}; let it "
            f"run each of them once."
        )
    if machine.forward != forward or any(phase >= forward for phase in order[:forward]):
        raise CatgradError(
            f"A prediction runs phases {order[: machine.forward]}, but takes the first {forward}; "
            f"let the program begin with those."
        )
    if min(machine.restart) < 0:
        raise CatgradError(
            f"The machine waits {machine.restart} cycles between samples; let that be at least 0."
        )


def _home(machine: Machine, array: Array, home: Home) -> None:
    """Samples that come and go have two copies, told apart by one bit of the address."""
    memory, rows = machine.memories[home.memory], home.layout.rows(array.size)
    if memory.width < array.format.width:
        raise CatgradError(
            f"Array {array.name} has numbers of {array.format.width} bits, but memory "
            f"{memory.name} has {memory.width}; give it a memory that is wide enough."
        )
    layout = home.layout
    if home.base < 0 or (layout.lanes > 1 and array.size % (layout.stride * layout.extent)):
        raise CatgradError(
            f"Array {array.name} of {array.size} numbers lies from row {home.base} on in axes of "
            f"{layout.extent} numbers {layout.stride} apart; let it begin at row 0 or later, and "
            f"be whole axes."
        )
    if (home.buffer > 0) != (array.kind in ("x", "y", "prediction")):
        raise CatgradError(
            f"Array {array.name}, of kind {array.kind}, has "
            f"{'two copies' if home.buffer else 'one copy'}; give two to just x, y and predictions."
        )
    apart = home.buffer
    if apart and (apart & (apart - 1) or apart < rows or home.base % (2 * apart)):
        raise CatgradError(
            f"The two copies of array {array.name} begin {apart} rows apart at row {home.base}; "
            f"choose a power of two from {rows} on, and a first row that is a multiple of twice "
            f"that."
        )


def _accesses(machine: Machine, instruction: Instruction, phase: Phase) -> None:
    """Each address is one of the memory where its array lives, in the copy of its sample."""
    accesses = (*instruction.factors, *instruction.operands, *instruction.stores)
    parts = zip(
        (instruction.factors, instruction.operands, instruction.stores),
        (phase.factors, phase.operands, phase.stores),
        strict=True,
    )
    if any(len(have) != len(need) for have, need in parts):
        raise CatgradError(
            f"The instruction of phase {phase.name} has {len(accesses)} addresses for "
            f"{len(phase.places)} places; give one for each factor, operand and store."
        )
    drained = instruction.mode is Mode.DRAIN and instruction.tile is not None
    depth = instruction.kept + drained
    for number, (place, access) in enumerate(zip(phase.places, accesses, strict=True)):
        result = number >= len(phase.factors)
        loops = depth if result else len(instruction.loops)
        if len(access.strides) != loops or (access.vector and drained and result):
            raise CatgradError(
                f"Phase {phase.name} has an address over {len(access.strides)} loops, "
                f"{'a row' if access.vector else 'a number'} at a time, where {loops} loops "
                f"run; correct the address."
            )
        name, home = machine.phases.arrays[place.array].name, machine.homes[place.array]
        if access.memory != home.memory:
            raise CatgradError(
                f"Phase {phase.name} looks for {name} in memory "
                f"{machine.memories[access.memory].name}, but it lives in "
                f"{machine.memories[home.memory].name}; correct the address."
            )
        bits = (machine.memories[home.memory].lanes - 1).bit_length()
        copy = home.buffer << (0 if access.vector else bits)
        if access.buffer != copy:
            raise CatgradError(
                f"Phase {phase.name} finds the second copy of {name} {access.buffer} addresses "
                f"on, but it is {copy} on; correct the address."
            )


def _ports(machine: Machine, instruction: Instruction, phase: Phase) -> None:
    """A body has an element for each number that the phase puts in, and takes out."""
    netlist = machine.bodies[instruction.body].netlist
    found = {port.name: len(port.formats) for port in chain(netlist.inputs, netlist.outputs)}
    wanted = {
        "total": int(phase.total is not None),
        "operands": len(phase.operands),
        "stores": len(phase.stores),
        "forward": sum(not event.learning for event in phase.events),
        "learning": sum(event.learning for event in phase.events),
    }
    for name, count in wanted.items():
        if found.get(name, 0) != count:
            raise CatgradError(
                f"Port {name} of body {instruction.body} has {found.get(name, 0)} elements, and "
                f"phase {phase.name} has {count} for it; choose the body of the phase."
            )


def _loops(machine: Machine, instruction: Instruction, phase: Phase) -> None:
    """The lanes run over a loop of the right kind, and nothing starts before what comes first."""
    mode, kept, tile = instruction.mode, instruction.kept, instruction.tile
    right = {
        Mode.TREE: tile is not None and tile >= kept,
        Mode.PARALLEL: tile is not None and tile < kept,
        Mode.DRAIN: tile is None or tile < kept,
        Mode.SERIAL: tile is None,
    }
    inside = tile is None or 0 <= tile < len(instruction.loops)
    alone = not phase.factors or phase.reduction in ("max", "min")
    fits = {Mode.SERIAL: alone, Mode.PARALLEL: not alone or not phase.factors}
    if not fits.get(mode, not alone):
        raise CatgradError(
            f"Phase {phase.name} runs in mode {mode.value}, which is right for "
            f"{'products and sums' if alone else 'phases that neither multiply nor add'}; choose "
            f"another mode."
        )
    if not (right[mode] and inside and 1 <= instruction.tail <= machine.lanes):
        raise CatgradError(
            f"Phase {phase.name} runs in mode {mode.value} with {kept} kept loops, and the lanes "
            f"over loop {tile}, {instruction.tail} of them in the last row; correct its "
            f"instruction."
        )
    if min(instruction.wait, instruction.gap, *instruction.loops, 0) < 0:
        raise CatgradError(
            f"Phase {phase.name} waits {instruction.wait} cycles, and {instruction.gap} after each "
            f"result; let both be at least 0."
        )
