"""Synthesis, and place and route from several seeds: what a design takes of a device, and how fast.

The tools are those of `boards`, and so are the commands around synthesis. No board is meant: pins
are where the tool likes them.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from boards.board import ADDERS_FILE, ECP5, ICE40, Family
from boards.budget import pairs
from boards.toolchain import TOOLS, find, version_of

TOP = "learner"
"""What the module is called."""


@dataclass(frozen=True)
class Device:
    """An FPGA as its tools know it.

    `synthesis`, `routing`: commands of Yosys and of nextpnr, and their options.
    """

    name: str
    family: Family
    synthesis: str
    routing: str


ON_ECP5 = "nextpnr-ecp5 --speed 6 --package CABGA381 --lpf-allow-unconstrained"
ON_UP5K = "nextpnr-ice40 --up5k --package sg48 --pcf-allow-unconstrained"

UP5K = Device("UP5K", ICE40, "synth_ice40", ON_UP5K)
ECP5_25F = Device("ECP5-25F", ECP5, "synth_ecp5", f"{ON_ECP5} --25k")
ECP5_85F = Device("ECP5-85F", ECP5, "synth_ecp5", f"{ON_ECP5} --85k")


@dataclass(frozen=True)
class Placed:
    """A design in a device: the clock of each seed, in MHz, and how much it takes.

    `uses`: by the names of the family's resources, as far as place and route counts them.
    """

    clocks: tuple[float, ...]
    uses: dict[str, int]

    @property
    def clock(self) -> float:
        """The median clock, in MHz."""
        return median(self.clocks)


class Enclosed:
    """A component on two pins, since few packages have one for each of its bits::

        input ──> [shift register] ══> component ══> [register] ══> parity ──> [output]

    All its paths begin and end at registers, none of its outputs is unused, and the parity takes a
    cycle for each look-up table, so that no path of the enclosure is long.
    """

    def __init__(self, component: wiring.Component) -> None:
        self.component = component
        ports = [(m.flow, Value.cast(v)) for _, m, v in component.signature.flatten(component)]
        self._inputs = Cat(value for flow, value in ports if flow == In)
        self._outputs = Cat(value for flow, value in ports if flow == Out)
        self.pins = [Signal(name="pin_input"), Signal(name="pin_output")]

    def module(self) -> Module:
        """All of it."""
        m = Module()
        m.submodules.component = self.component
        shifted, level = (
            self._register("input", self._inputs),
            self._register("output", self._outputs),
        )
        m.d.comb += self._inputs.eq(shifted)
        m.d.sync += [shifted.eq(Cat(self.pins[0], shifted)), level.eq(self._outputs)]
        while len(level) > 1:
            fours = [level[i : i + 4].xor() for i in range(0, len(level), 4)]
            level = self._register("parity", fours)
            m.d.sync += level.eq(Cat(fours))
        m.d.comb += self.pins[1].eq(level)
        return m

    def _register(self, part: str, values: Sized) -> Signal:
        """One that `cells` finds again, since it keeps its name."""
        name = f"enclosing_{part}_{len(values)}"
        return Signal(len(values), name=name, reset_less=True, attrs={"keep": 1})

    @staticmethod
    def cells(device: Device, netlist: dict[str, Any]) -> int:
        """How many logic cells of a netlist the enclosure takes, and the component does not."""
        cells = list(netlist["cells"].values())
        names = netlist["netnames"].items()
        nets = {name: set(net["bits"]) for name, net in names if name.startswith("enclosing_")}

        def at(ports: Sequence[str], bits: set[int]) -> list[dict[str, Any]]:
            """The cells that have one of these bits at one of these ports."""
            ends = ((cell, cell["connections"].get(port, ())) for cell in cells for port in ports)
            return [cell for cell, end in ends if not bits.isdisjoint(end)]

        registers = at(("Q",), set().union(*nets.values()))
        parities = at(("Q",), set().union(*(n for k, n in nets.items() if "parity" in k)))
        sums = {
            bit for c in parities for port in ("D", "DI") for bit in c["connections"].get(port, ())
        }
        tables = [cell for cell in at(("O", "Z"), sums) if "LUT" in cell["type"]]
        if (pair := device.family.pair) is None:
            return len(tables)
        # A cell has a table and a flip-flop, so that a register behind a table takes none more.
        own = [*registers, *tables]
        others = [cell for cell in cells if not any(cell is each for each in own)]
        return len(own) - (pairs(cells, pair) - pairs(others, pair))


def synthesise(device: Device, folder: Path, source: str, merge: bool = True) -> dict[str, Any]:
    """Leave the netlist of the module `TOP` in a folder; what Yosys's `write_json` says of it.

    `source`: Verilog, or RTLIL that Amaranth wrote. `merge`: whether cells that turn out to be
    alike are shared afterwards, as they are for a board.
    """
    folder.mkdir(parents=True, exist_ok=True)
    amaranth = source.startswith("attribute")
    (folder / "source").write_text(source)
    (folder / ADDERS_FILE.name).write_text(ADDERS_FILE.read_text())
    (folder / "synth.ys").write_text(
        f"{'read_rtlil' if amaranth else 'read_verilog -sv'} source\nhierarchy -top {TOP}\n"
        f"{device.family.before_synthesis}\n{device.synthesis} -top {TOP}\n"
        f"{device.family.after_synthesis if merge else ''}\nwrite_json netlist.json\n"
    )
    subprocess.run([*find("yosys"), "-q", "synth.ys"], cwd=folder, check=True)
    netlist: dict[str, Any] = json.loads((folder / "netlist.json").read_text())["modules"][TOP]
    return netlist


def place_and_route(device: Device, folder: Path, seeds: Sequence[int], mhz: float) -> Placed:
    """Place and route the netlist in a folder from each seed, for a clock of so many MHz.

    What comes out is a function of what goes in, and stays in the folder: it is not made twice.
    """
    tool, *options = f"{device.routing} --json netlist.json --timing-allow-fail -q".split()
    options += ["--freq", f"{mhz:g}"]
    made_of = sha256((folder / "netlist.json").read_bytes())
    made_of.update(repr([TOOLS[tool], version_of(TOOLS[tool]), options]).encode())
    clocks = []
    for seed in seeds:
        report = folder / f"{made_of.hexdigest()[:12]}-{seed}.json"
        if not report.exists():
            unfinished = report.with_suffix(f".{os.getpid()}")
            command = [*find(tool), *options, "--seed", str(seed), "--report", unfinished.name]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            unfinished.rename(report)
        result = json.loads(report.read_text())
        clocks += [clock["achieved"] for clock in result["fmax"].values()]
    used = {site: use["used"] for site, use in result["utilization"].items()}
    resources = [r for r in device.family.resources if r.site is not None]
    return Placed(tuple(clocks), {r.name: used.get(r.site, 0) for r in resources})
