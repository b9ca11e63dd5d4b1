"""What a netlist says that a design has to give: the oracle of simulations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catgrad.circuit import Netlist
from catgrad.circuit.evaluate import Evaluator
from catgrad.circuit.format import integers
from sim.bench import COUNTER_BITS
from sim.trace import Samples, Trace


def expected(
    netlist: Netlist,
    samples: Samples,
    initial: Sequence[int] | None = None,
    state: Sequence[int] | None = None,
) -> Trace:
    """The trace of a netlist with the ports of a `catgrad.hdl.Transducer`, without any hardware.

    The samples go through the netlist one after another, and parameters and state with them;
    `initial` and `state` are those before the first one, by default 0.
    """
    sizes = {port.name: len(port) for port in netlist.inputs}
    evaluate = Evaluator(netlist)
    parameters = integers([[0] * sizes.get("parameters", 0) if initial is None else initial])
    memory = integers([[0] * sizes.get("state", 0) if state is None else state])
    y = np.zeros((len(samples), sizes.get("y", 0)), int) if samples.y is None else samples.y
    forward = learning = zero = np.zeros((1, 1), np.int64)
    rows = []
    for i, train in enumerate(samples.train):
        given = {"x": samples.x[i : i + 1], "y": y[i : i + 1]}
        given |= {"parameters": parameters, "state": memory}
        shown = evaluate({name: given[name] for name in sizes})
        memory = shown.get("state", memory)
        forward = (forward + shown.get("forward_saturations", zero)) % (1 << COUNTER_BITS)
        if train:
            parameters = shown.get("parameters", parameters)
            learning = (learning + shown.get("learning_saturations", zero)) % (1 << COUNTER_BITS)
        rows.append((shown["prediction"], parameters, forward, learning))
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return Trace("netlist", *columns)
