"""Learners to put on boards, and what they should answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from boards.host import Device
from boards.serial import Front
from boards.simulated import SimulatedPort
from boards.top import Top
from boards.verilated import VerilatedPort
from catgrad.circuit import Format, Netlist, NetlistBuilder, evaluate
from catgrad.hdl.transducer import Transducer

DIVISOR = 2
BUDGET = 1500

X, P = Format(12, True), Format(16, True)


def lms(taps: int) -> Netlist:
    """A linear model that learns by least mean squares, with two multipliers for each weight."""
    b = NetlistBuilder()
    weights = b.input("parameters", [P] * taps)
    x = b.input("x", [X] * taps)
    (y,) = b.input("y", [X])
    total = 0
    for product in b.mul(weights, x):
        total = b.add(total, product) if total else product
    scaled = b.shr(total, 12)
    prediction = b.saturate(scaled, X)
    error = b.saturate(b.sub(y, prediction), X)
    moved = b.add(weights, b.shr(b.mul(error, x), 8))
    b.output("prediction", [prediction])
    b.output("parameters", b.saturate(moved, P))
    b.output("forward_saturations", [b.gt(1, b.fits(scaled, X))])
    return b.build()


class Reference:
    """The same learner by `evaluate`: parameters, counters, and one sample at a time."""

    def __init__(self, netlist: Netlist, initial: Sequence[int]) -> None:
        self.netlist = netlist
        self.parameters = np.array(initial, dtype=np.int64)
        self.samples = self.forward_saturations = self.learning_saturations = 0

    def step(self, x: Sequence[int], y: Sequence[int] | None = None) -> list[int]:
        """The prediction for x; learn if there is a y."""
        inputs: dict[str, Any] = {"parameters": [self.parameters], "x": [x]}
        ports = {port.name: len(port) for port in self.netlist.inputs}
        if "y" in ports:
            inputs["y"] = [[0] * ports["y"]] if y is None else [y]
        out = {name: values[0] for name, values in evaluate(self.netlist, inputs).items()}
        self.samples += 1
        self.forward_saturations += int(out.get("forward_saturations", [0])[0])
        if y is not None:
            self.parameters = out["parameters"]
            self.learning_saturations += int(out.get("learning_saturations", [0])[0])
        return out["prediction"].tolist()


def simulated(
    netlist: Netlist, initial: Sequence[int] | None = None, front: Front | None = None
) -> tuple[SimulatedPort, Device]:
    """A board with this netlist in Amaranth's simulator, and its host."""
    top = Top(Transducer(netlist, initial), "learner", DIVISOR, front)
    port = SimulatedPort(top, BUDGET)
    return port, Device(port, top.design)


@cache
def compiled_top(taps: int) -> Top:
    """The same learner for all tests, since it takes seconds to compile."""
    return Top(Transducer(lms(taps), range(1, taps + 1)), "learner", DIVISOR)


def compiled(taps: int = 2) -> tuple[VerilatedPort, Device]:
    """A board with `lms`, whose weights are 1, 2, ..., and its host."""
    top = compiled_top(taps)
    port = VerilatedPort(top, BUDGET)
    return port, Device(port, top.design)
