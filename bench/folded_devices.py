"""The digits trainer on FPGAs, beside Verilog written by hand for the same training step.

The figures by hand are of the same devices and tools. A target is at least 0.8 of the steps a
second by hand, with at most 1.5 times the logic cells.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from amaranth.back import rtlil
from place import ECP5_25F, TOP, UP5K, Device, Enclosed, Placed, place_and_route, synthesise
from rich.console import Console
from rich.progress import track
from rich.table import Table

from catgrad.hdl.multiplier import Family

sys.path.append(str(Path(__file__).parents[1] / "examples"))
import digits

SPEED, LOGIC = 0.8, 1.5
"""At least so much of the steps a second by hand, with at most so many times the cells."""


@dataclass(frozen=True)
class Target:
    """A device and a number of lanes, and what is known of the trainer by hand.

    `mhz`: the clock that place and route is asked for; `steps` (a second) and `cells` by hand.
    """

    device: Device
    blocks: Family
    lanes: int
    mhz: float
    steps: int
    cells: int

    @property
    def name(self) -> str:
        """The device, and how many lanes."""
        return f"{self.device.name}, {self.lanes} lanes"


TARGETS = (
    Target(UP5K, "ice40", 8, 45, 73_000, 1_912),
    Target(ECP5_25F, "ecp5", 8, 130, 203_000, 2_016),
    Target(ECP5_25F, "ecp5", 16, 130, 352_000, 3_552),
)


def measure(target: Target, seeds: Sequence[int]) -> tuple[int, Placed]:
    """The cycles of a step, and the clock and uses of the trainer, without its enclosure."""
    hardware = digits.hardware(lanes=target.lanes, family=target.blocks)
    random = np.random.default_rng(0)
    parameters = digits.initial(hardware.parameter_types, "mse", random)
    engine = hardware.component(hardware.quantise_parameters(parameters))
    enclosed = Enclosed(engine)
    source = rtlil.convert(enclosed.module(), name=TOP, ports=enclosed.pins, emit_src=False)
    folder = Path("build/folded") / target.name.replace(", ", "_").replace(" ", "_")
    netlist = synthesise(target.device, folder, source)
    placed = place_and_route(target.device, folder, seeds, target.mhz)
    cells = placed.uses["logic cells"] - Enclosed.cells(target.device, netlist)
    return engine.interval, Placed(placed.clocks, placed.uses | {"logic cells": cells})


def device_table(
    console: Console, seeds: Sequence[int]
) -> tuple[Table, dict[str, tuple[float, int]]]:
    """Steps a second and cells on each device; and its median clock in MHz and cycles a step."""
    table = Table(
        f"digits 64-32-10, {len(seeds)} seeds", "cycles", "MHz", "median", "steps a second",
        "by hand", "ratio", "cells", "by hand", "ratio", "multipliers", "block RAMs", "met",
    )  # fmt: skip
    found = {}
    for target in track(TARGETS, "placing and routing", console=console):
        cycles, placed = measure(target, seeds)
        steps, cells = 1e6 * placed.clock / cycles, placed.uses["logic cells"]
        speed, logic = steps / target.steps, cells / target.cells
        table.add_row(
            target.name,
            str(cycles),
            " ".join(f"{clock:.1f}" for clock in placed.clocks),
            f"{placed.clock:.1f}",
            f"{steps:,.0f}",
            f"{target.steps:,}",
            f"{speed:.2f}",
            f"{cells:,}",
            f"{target.cells:,}",
            f"{logic:.2f}",
            str(placed.uses["multipliers"]),
            str(placed.uses["block RAMs"]),
            "yes" if speed >= SPEED and logic <= LOGIC else "no",
        )
        found[f"the engine, {target.name}"] = placed.clock, cycles
    return table, found
