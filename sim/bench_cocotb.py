"""The bench inside a Verilog simulator: the module that cocotb runs there.

It finds the stimulus in the directory in which the simulator was started, and leaves the outcome
beside it.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cocotb
from cocotb.handle import HierarchyObject
from cocotb.triggers import Timer

from sim.bench import Bench
from sim.exchange import OUTCOME, STIMULUS
from sim.streams import SimulationError


class CocotbPins:
    """The pins of a Verilog module in a running simulation: "x.valid" is its port x__valid."""

    def __init__(self, dut: HierarchyObject, widths: Mapping[str, int]):
        self.pins: dict[str, Any] = {pin: dut[pin.replace(".", "__")] for pin in (*widths, "rst")}
        self.clk: Any = dut["clk"]
        self.half_period = Timer(5, "ns")

    def set(self, pin: str, value: int) -> None:
        if pin in self.pins:
            self.pins[pin].value = value

    def get(self, pin: str) -> int:
        if pin not in self.pins:
            return 0
        value = self.pins[pin].value
        if not value.is_resolvable:
            raise SimulationError(f"{pin} has undefined bits: {value}.")
        return int(value)

    async def settle(self) -> None:
        self.clk.value = 0
        await self.half_period

    async def clock(self) -> None:
        self.clk.value = 1
        await self.half_period


@cocotb.test()
async def bench(dut: HierarchyObject) -> None:
    stimulus = pickle.loads(Path(STIMULUS).read_bytes())
    outcome: object
    try:
        outcome = await Bench(stimulus).run(CocotbPins(dut, stimulus.widths))
    except SimulationError as error:
        outcome = error
    Path(OUTCOME).write_bytes(pickle.dumps(outcome))
