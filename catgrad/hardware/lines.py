"""Delay lines behind queues, for learners that learn from every sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catgrad.circuit.loops import QUEUED
from catgrad.circuit.netlist import Netlist, Port


def lines_behind_queues(netlist: Netlist, initial: Sequence[int] = ()) -> Netlist:
    """The netlist in which what waits of a delay line waits once, before a second line.

    What is learned late needs the samples of then, each of which waits in a queue. Where every
    sample is learned from, a queue moves on as often as a line does, so that a line behind one
    queue holds what a line and a queue behind each of its taps would::

        x ──┬──[line]──┬── ...             x ──┬──[line]─── ...
            │          │           becomes     │
        [queue]     [queue]                 [queue]──┬──[line]── ...

    The new line begins with zeros, as the queues do, so a tap that does not begin with 0 keeps its
    queue. `initial` has the numbers of the port ``state``, which becomes longer; none: zeros.
    """
    ports = {port.name: port for port in netlist.inputs}
    outputs = {port.name: port for port in netlist.outputs}
    if QUEUED not in ports or "state" not in ports:
        return netlist
    into, out = (side[QUEUED].nets.tolist() for side in (ports, outputs))
    before = dict(zip(ports["state"].nets.tolist(), outputs["state"].nets.tolist(), strict=True))
    follows = {net: i for i, net in enumerate(into)}
    oldest: dict[int, int] = {}  # What comes out of the queue that a net goes into.
    lengths: dict[int, int] = {}
    for i, net in enumerate(into):
        if net not in out:
            source, length = out[i], 1
            while source in follows:
                source, length = out[follows[source]], length + 1
            oldest[source], lengths[source] = net, length
    begins = dict(zip(ports["state"].nets.tolist(), initial, strict=bool(initial)))
    moved = [
        tap
        for tap in oldest
        if before.get(tap) in oldest
        and lengths[tap] == lengths[before[tap]]
        and not begins.get(tap, 0)
    ]
    targets = [oldest[tap] for tap in moved]
    stays = [i for i, net in enumerate(into) if net not in targets]

    def some(port: Port, places: list[int]) -> Port:
        fractions = port.fractions and tuple(port.fractions[i] for i in places)
        nets = port.nets[np.array(places, dtype=np.int64)]
        return Port(port.name, nets, tuple(port.formats[i] for i in places), fractions)

    def longer(port: Port, nets: list[int], like: list[int]) -> Port:
        formats = tuple(netlist.format(net) for net in like)
        return Port(
            port.name, np.array([*port.nets.tolist(), *nets], np.int64), port.formats + formats
        )

    if not moved:
        return netlist
    sources = [oldest[before[tap]] for tap in moved]

    def rewired(side: tuple[Port, ...], nets: list[int]) -> tuple[Port, ...]:
        changed = {
            port.name: some(port, stays) if port.name == QUEUED else longer(port, nets, targets)
            for port in side
            if port.name in (QUEUED, "state")
        }
        return tuple(changed.get(port.name, port) for port in side)

    return replace(
        netlist,
        inputs=rewired(netlist.inputs, targets),
        outputs=rewired(netlist.outputs, sources),
    )
