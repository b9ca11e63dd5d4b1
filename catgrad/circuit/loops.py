"""Loops: what a netlist computes of one sample and reads with a later one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from catgrad.circuit.format import BoolArray
from catgrad.circuit.netlist import Kind, Netlist
from catgrad.errors import CatgradError

CARRIED = ("parameters", "state", "late")
"""The ports that lead out of a netlist and back into it: what a rule keeps, what the model keeps,
and the queues of a delayed rule."""

LEARNED = "parameters"
"""The port of what a sample changes by being learned from."""

QUEUED = "late"
"""The port whose values wait in queues. Those of the others are held in registers."""

QUEUE_MEMORY = 4
"""A queue of so many values, or more, is a memory."""


@dataclass(frozen=True)
class Loop:
    """A net that a later sample reads.

    Picture a queue that holds `distance` values at first: each sample takes one out, the value of
    the INPUT cell `target`, and puts one in, the net `source`.

    - `port`: one of `CARRIED`
    - `initial`: the elements of that port which are in the queue at first, the next one first
    - `addend`: None, or what is added to the number that is taken out. Then the source is that sum,
      and is put in before it is saturated, which happens where it is taken out: so no cycle has
      both to do. See `catgrad.circuit.sums`
    """

    source: int
    target: int
    distance: int
    port: str
    initial: tuple[int, ...]
    addend: int | None = None

    @property
    def is_queue(self) -> bool:
        """Whether values are taken out one by one; else one is there to be read until the next."""
        return self.port == QUEUED

    @property
    def held(self) -> int:
        """The net whose format the values have that are kept."""
        return self.target if self.addend is None else self.source

    @property
    def is_memory(self) -> bool:
        """Whether it is a queue in memory, which shows a value later than a register does."""
        return self.is_queue and self.distance >= QUEUE_MEMORY


def carried(netlist: Netlist) -> tuple[str, ...]:
    """The ports of a netlist that are carried from sample to sample."""
    names = [{port.name for port in ports} for ports in (netlist.inputs, netlist.outputs)]
    return tuple(name for name in CARRIED if name in names[0] & names[1])


def still(netlist: Netlist, ports: Collection[str]) -> BoolArray:
    """bool[n], the nets that are the same for all samples: constants, and these input ports."""
    found: BoolArray = netlist.kind == Kind.CONST
    for port in netlist.inputs:
        if port.name in ports:
            found[port.nets] = True
    return found


def loops(netlist: Netlist, ports: Sequence[str] = CARRIED, distance: int = 1) -> tuple[Loop, ...]:
    """The loops of a netlist between its input and output ports of the same names.

    A chain in the port ``late``, whose element i becomes what element i - 1 was, is a single queue.
    Where nothing reads an element there is no loop, unless it is a parameter. `distance`: how many
    samples later the next sample of the same learner comes, for learners that take turns.
    """
    found: list[Loop] = []
    for name in ports:
        inputs = {port.name: port for port in netlist.inputs}.get(name)
        outputs = {port.name: port for port in netlist.outputs}.get(name)
        if inputs is None and outputs is None:
            continue
        if inputs is None or outputs is None or len(inputs) != len(outputs):
            sizes = [0 if port is None else len(port) for port in (inputs, outputs)]
            raise CatgradError(
                f"Port {name} leads in {sizes[0]} values and out {sizes[1]}, but what is carried "
                f"from sample to sample leads in and out; make the ports equally long."
            )
        into, out = inputs.nets.tolist(), outputs.nets.tolist()
        element = {net: i for i, net in enumerate(into)} if name == QUEUED else {}
        for i, target in enumerate(into):
            chain = [i]
            while (back := element.get(out[chain[-1]])) is not None and back not in chain:
                chain.append(back)
            found.append(Loop(out[chain[-1]], target, len(chain) * distance, name, tuple(chain)))
    return _read(netlist, found)


def _read(netlist: Netlist, found: list[Loop]) -> tuple[Loop, ...]:
    """The loops whose values somebody reads, and parameters."""
    names = {loop.port for loop in found}
    read = np.zeros(len(netlist), dtype=np.bool_)
    read[netlist.args[netlist.args >= 0]] = True
    for port in netlist.outputs:
        if port.name not in names:
            read[port.nets] = True
    kept: set[Loop] = set()
    while True:
        more = {loop for loop in found if loop.port == "parameters" or read[loop.target]} - kept
        if not more:
            return tuple(loop for loop in found if loop in kept)
        kept |= more
        read[[loop.source for loop in more]] = True
