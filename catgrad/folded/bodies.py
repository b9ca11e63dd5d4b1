"""The bodies of phases as pipelines, shared by phases that compute alike."""

from __future__ import annotations

from dataclasses import replace

from catgrad.circuit.carries import carries
from catgrad.circuit.clamps import clamps
from catgrad.circuit.constants import ShiftAndAdd, shifts_and_adds
from catgrad.circuit.lower import lower
from catgrad.circuit.merge import merge
from catgrad.circuit.netlist import Kind, Netlist, Port
from catgrad.circuit.optimise import optimise
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.circuit.signs import signs
from catgrad.folded.phase import Phase, Phases


def bodies(phases: Phases, period_ps: int) -> tuple[tuple[Pipeline, ...], tuple[int, ...]]:
    """The pipelines that the phases need, and which of them each phase has.

    The ports are those of `Machine.bodies`: ``total`` and ``operands`` lead in, ``stores``,
    ``forward`` and ``learning`` lead out, with an element for each store or event of the phase, in
    order. A port may be empty. Bodies of one structure are one, in formats that hold the numbers
    of all.
    """
    netlists, which = kinds(phases)
    return tuple(pipeline(optimise(clamps(n)), period_ps) for n in netlists), which


def kinds(phases: Phases) -> tuple[tuple[Netlist, ...], tuple[int, ...]]:
    """The netlists of those, and which of them each phase has."""
    merged, which = merge([body(phase) for phase in phases.phases])
    return tuple(tightened(without_constant_products(n)) for n in merged), which


def without_constant_products(netlist: Netlist) -> Netlist:
    """Shifts and adds where there are products with constants.

    There is a body for each lane, and the lanes have the multipliers.
    """
    operands = netlist.args[netlist.kind == Kind.MUL, :2]
    constant = netlist.kind[operands] == Kind.CONST
    return shifts_and_adds(netlist, ShiftAndAdd(rounds=0))[0] if constant.any() else netlist


def tightened(netlist: Netlist) -> Netlist:
    """The same function in less logic."""
    return optimise(carries(signs(optimise(netlist))))


def body(phase: Phase) -> Netlist:
    """The body of a phase as a netlist with the ports of a machine."""
    inputs = [("total", int(phase.total is not None)), ("operands", len(phase.operands))]
    program = lower(phase.body, inputs, [("outputs", len(phase.body.target))])
    outputs = program.output("outputs")

    def shown(name: str, elements: list[int]) -> Port:
        return Port(
            name,
            outputs.nets[elements],
            tuple(outputs.formats[element] for element in elements),
            outputs.fractions and tuple(outputs.fractions[element] for element in elements),
        )

    events = {
        name: [event.output for event in phase.events if event.learning is learning]
        for name, learning in (("forward", False), ("learning", True))
    }
    ports = {"stores": [store.output for store in phase.stores], **events}
    netlist = replace(program, outputs=tuple(shown(*port) for port in ports.items()))
    return optimise(netlist)
