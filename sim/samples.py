"""Samples to try a design with."""

from __future__ import annotations

from random import Random

import numpy as np

from catgrad.circuit import Format, Netlist
from catgrad.circuit.format import Integers, integers
from sim.trace import Samples


def random_samples(
    netlist: Netlist, count: int, seed: int = 0, train: float = 0.75, extreme: float = 0.25
) -> Samples:
    """So many samples for a netlist with the ports of a `catgrad.hdl.Transducer`.

    Each element is the least or the greatest integer of its format with probability `extreme`, and
    else any integer of it. Each sample is learned from with probability `train`.
    """
    random = Random(seed)
    formats = {port.name: port.formats for port in netlist.inputs if len(port)}

    def element(format: Format) -> int:
        if random.random() < extreme:
            return random.choice([format.min, format.max])
        return random.randint(format.min, format.max)

    def payloads(name: str) -> Integers:
        return integers([[element(format) for format in formats[name]] for _ in range(count)])

    return Samples(
        payloads("x"),
        payloads("y") if "y" in formats else None,
        np.array([random.random() < train for _ in range(count)]),
    )
