"""Runs the bench in Amaranth's simulator."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from amaranth.hdl import ClockDomain, Module, Value
from amaranth.lib import wiring
from amaranth.sim import Simulator, SimulatorContext

from sim import ports
from sim.bench import Bench, Record, Stimulus

HALF_PERIOD = 5e-9
"""In seconds; a waveform shows a clock of 100 MHz."""


class AmaranthPins:
    """The pins of a component in a running simulation."""

    def __init__(self, component: wiring.Component, sync: ClockDomain, context: SimulatorContext):
        values = {**ports.pins(component), "rst": sync.rst}
        self.pins = {pin: Value.cast(value).as_unsigned() for pin, value in values.items()}
        self.clk = sync.clk
        self.context = context

    def set(self, pin: str, value: int) -> None:
        if pin in self.pins:
            self.context.set(self.pins[pin], value)

    def get(self, pin: str) -> int:
        return self.context.get(self.pins[pin]) if pin in self.pins else 0

    async def settle(self) -> None:
        await self.context.delay(HALF_PERIOD)

    async def clock(self) -> None:
        self.context.set(self.clk, 1)
        await self.context.delay(HALF_PERIOD)
        self.context.set(self.clk, 0)


def run(component: wiring.Component, stimulus: Stimulus, waveform: Path | None = None) -> Record:
    """What the component does; its signals over time go to a VCD file, if one is named."""
    top = Module()
    top.domains.sync = sync = ClockDomain()
    top.submodules.design = component
    bench = Bench(stimulus)

    async def testbench(context: SimulatorContext) -> None:
        await bench.run(AmaranthPins(component, sync, context))

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    with simulator.write_vcd(str(waveform)) if waveform else nullcontext():
        simulator.run()
    return bench.record
