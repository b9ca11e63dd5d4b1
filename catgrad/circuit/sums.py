"""Sums in loops: what is added and saturated for each sample, held before it is saturated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catgrad.circuit.loops import Loop
from catgrad.circuit.netlist import Kind, Netlist, Port
from catgrad.circuit.remove_dead import remove_dead

SUMMED = "parameters"
"""The port whose loops hold sums."""

LEARNED = (SUMMED, "late", "learning_saturations")
"""The output ports that matter only for samples that are learned from."""


def with_sums(netlist: Netlist, loops: Sequence[Loop]) -> tuple[Netlist, tuple[Loop, ...]]:
    """A netlist and its loops, of which those that can hold a sum before it is saturated do.

        w ──> + g ──> saturate ──[register]──> w        saturate ──> w ──> + g ──[register]──
              ^                            │    becomes   ^                               │
              └────────────────────────────┘              └───────────────────────────────┘

    That is a retiming: what is read is the same in every cycle. A sum that is one bit wider than
    what is read of it says by its two highest bits whether it is a bound, so that its saturation
    takes one look-up table for each bit. Behind the addition it would wait for the last carry.

    Only parameters of a single learner, saturated sums of what is held and anything else, which
    only what is learned depends on otherwise. In the netlist they seem to stay as they are: the
    loops alone know what is put in.
    """
    sources = Counter(loop.source for loop in loops)
    shown = _shown(netlist)

    def total(loop: Loop) -> int | None:
        """The sum that is saturated."""
        net = int(netlist.args[loop.source, 0])
        if loop.port != SUMMED or loop.distance > 1 or sources[loop.source] > 1:
            return None
        if netlist.kind[loop.source] != Kind.SATURATE or netlist.kind[net] != Kind.ADD:
            return None
        wide, format = netlist.format(net), netlist.format(loop.target)
        signed = wide.signed and format.signed and format.width > 1
        fits = netlist.format(loop.source) == format and wide.width == format.width + 1
        adds = loop.target in netlist.args[net, :2]
        return net if signed and fits and adds and net not in shown else None

    totals = [total(loop) for loop in loops]
    held = {loop.target for loop, net in zip(loops, totals, strict=True) if net is not None}
    if not held:
        return netlist, tuple(loops)
    sources_now = [
        loop.source if net is None else net for loop, net in zip(loops, totals, strict=True)
    ]
    nets = np.array([*sources_now, *(loop.target for loop in loops)], dtype=np.int64)
    followed = Port("loops", nets, tuple(netlist.format(net) for net in nets.tolist()))
    into, out = netlist.input(SUMMED).nets.tolist(), netlist.output(SUMMED).nets.tolist()
    stays = dict(zip(into, out, strict=True))
    unchanged = [net if net in held else source for net, source in stays.items()]
    outputs = [
        replace(port, nets=np.array(unchanged, dtype=np.int64)) if port.name == SUMMED else port
        for port in netlist.outputs
    ]
    alive = remove_dead(replace(netlist, outputs=(*outputs, followed)))
    new = alive.output("loops").nets.reshape(2, -1).T.tolist()
    found = []
    for loop, net, (source, target) in zip(loops, totals, new, strict=True):
        terms = alive.args[source, :2].tolist()
        addend = None if net is None else terms[1 - terms.index(target)]
        found.append(replace(loop, source=source, target=target, addend=addend))
    return replace(alive, outputs=alive.outputs[:-1]), tuple(found)


def _shown(netlist: Netlist) -> set[int]:
    """The nets on which more than what is learned depends."""
    reached = [
        net for port in netlist.outputs if port.name not in LEARNED for net in port.nets.tolist()
    ]
    shown: set[int] = set()
    while reached:
        net = reached.pop()
        if net >= 0 and net not in shown:
            shown.add(net)
            reached += netlist.args[net].tolist()
    return shown
