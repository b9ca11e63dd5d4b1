"""Delay models of FPGA families, measured: python bench/delay_models.py measure|fit [FAMILY...].

`measure` builds small designs with Yosys and nextpnr, each an operation or two between registers,
several in one device, every one on a clock of its own, in several widths and from several seeds.
What nextpnr says of each critical path goes to build/delay_models/FAMILY.jsonl, a line each.

`fit` reads those lines and prints the numbers of `catgrad.circuit.families` beside the residuals.

Multiplier blocks of Gowin are not measured: nextpnr-himbaechel counts a multiplier as no delay at
all. What `catgrad.circuit.families` says of them is a guess.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from amaranth.back import rtlil
from amaranth.hdl import Cat, ClockDomain, ClockSignal, DomainRenamer, Module, Signal
from amaranth.lib.memory import Memory
from rich.console import Console
from rich.table import Table

from boards.board import ECP5, GOWIN, ICE40
from boards.toolchain import find
from catgrad.circuit.builder import NetlistBuilder
from catgrad.circuit.families import DELAYS
from catgrad.circuit.format import BIT, Format
from catgrad.circuit.netlist import Netlist
from catgrad.circuit.paths import ends_ps
from catgrad.circuit.timing import timing
from catgrad.hdl.datapath import combinational
from catgrad.hdl.layout import shape_of
from catgrad.hdl.multiplier import Family as BlockFamily
from catgrad.hdl.multiplier import Multiplier

WORK = Path("build/delay_models")
"""Below the working directory, since the tools see no others."""

TOGETHER = 8
"""How many structures share a device, if so many clocks can be told apart: iCE40 has this many."""


class Target(NamedTuple):
    """A device, and how Yosys and nextpnr are asked for it."""

    synthesis: str
    router: str
    options: tuple[str, ...]
    prepare: str
    block: BlockFamily | None
    together: int = TOGETHER


TARGETS = {
    "ice40hx": Target(
        "synth_ice40",
        "nextpnr-ice40",
        ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
        ICE40.before_synthesis,
        None,
    ),
    "ice40up": Target(
        "synth_ice40 -device u",
        "nextpnr-ice40",
        ("--up5k", "--package", "sg48", "--pcf-allow-unconstrained"),
        ICE40.before_synthesis,
        "ice40",
    ),
    "ecp5": Target(
        "synth_ecp5",
        "nextpnr-ecp5",
        ("--85k", "--package", "CABGA381", "--speed", "6", "--lpf-allow-unconstrained"),
        ECP5.before_synthesis,
        "ecp5",
    ),
    "gowin": Target(
        "synth_gowin",
        "nextpnr-himbaechel-gowin",
        ("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C", "--vopt", "cst=pins.cst"),
        GOWIN.before_synthesis,
        None,
        1,
    ),
}

GOWIN_PINS = (*range(25, 31), *range(33, 43), *range(48, 58), 63, *range(68, 78))
"""Pins of the package that are free for anything; the other tools choose pins by themselves."""

Build = Callable[[NetlistBuilder, int], None]


def two(b: NetlistBuilder, width: int) -> tuple[Any, Any]:
    x, y = b.input("x", [Format(width, True)] * 2)
    return x, y


def add(b: NetlistBuilder, width: int) -> None:
    b.output("z", [b.add(*two(b, width))])


def subtract(b: NetlistBuilder, width: int) -> None:
    b.output("z", [b.sub(*two(b, width))])


def add_three(b: NetlistBuilder, width: int) -> None:
    x, y = two(b, width)
    b.output("z", [b.add(b.add(x, y), b.input("w", [Format(width, True)])[0])])


def greater(b: NetlistBuilder, width: int) -> None:
    b.output("z", [b.gt(*two(b, width))])


def choose(b: NetlistBuilder, width: int) -> None:
    x, y = two(b, width)
    b.output("z", [b.mux(b.input("c", [BIT])[0], x, y)])


def maximum(b: NetlistBuilder, width: int) -> None:
    x, y = two(b, width)
    b.output("z", [b.mux(b.gt(x, y), x, y)])


def saturate(b: NetlistBuilder, width: int) -> None:
    [x] = b.input("x", [Format(width, True)])
    b.output("z", [b.saturate(x, Format(width // 2, True))])


def add_and_saturate(b: NetlistBuilder, width: int) -> None:
    b.output("z", [b.saturate(b.add(*two(b, width)), Format(width, True))])


def fits(b: NetlistBuilder, width: int) -> None:
    [x] = b.input("x", [Format(width, True)])
    b.output("z", [b.fits(x, Format(2, True))])


def look_up(b: NetlistBuilder, width: int) -> None:
    [x] = b.input("x", [Format(width, False)])
    rng = np.random.default_rng(width)
    b.output("z", [b.lookup(x, rng.integers(-128, 128, 1 << width).tolist())])


OPERATIONS: dict[str, tuple[Build, tuple[int, ...]]] = {
    "add": (add, (4, 8, 16, 24, 36, 48)),
    "subtract": (subtract, (16, 36)),
    "add_three": (add_three, (8, 16, 32)),
    "greater": (greater, (8, 16, 32)),
    "choose": (choose, (8, 16, 36)),
    "maximum": (maximum, (8, 24)),
    "saturate": (saturate, (16, 32, 48)),
    "add_and_saturate": (add_and_saturate, (16, 24)),
    "fits": (fits, (8, 16, 36)),
    "look_up": (look_up, (4, 5, 6)),
}
"""Combinational structures, each in several widths."""

BLOCKS = {"block": (16,), "block_then_add": (16,), "memory": (8, 10), "memory_then_add": (8,)}
"""Structures with a cell that has registers inside."""


@dataclass(frozen=True, order=True)
class Structure:
    """One of `OPERATIONS` or `BLOCKS`, on numbers of so many bits."""

    name: str
    width: int


@dataclass(frozen=True)
class Measured:
    """The critical path of a structure, as nextpnr reports it."""

    family: str
    name: str
    width: int
    seed: int
    together: int
    period_ps: int
    logic_ps: int
    routing_ps: int
    setup_ps: int
    clock_to_out_ps: int
    hops: int
    longest_hop_ps: int


def between(structure: Structure, family: BlockFamily | None) -> tuple[Module, Signal, Signal]:
    """A structure between registers that a pin shifts in and another pin sees."""
    m, name, width = Module(), structure.name, structure.width
    i, o = Signal(), Signal()
    if name in OPERATIONS:
        netlist = netlist_of(structure)
        inputs = {
            port.name: [
                Signal(shape_of(f), name=f"{port.name}_{n}") for n, f in enumerate(port.formats)
            ]
            for port in netlist.inputs
        }
        source = [signal for signals in inputs.values() for signal in signals]
        result = combinational(m, netlist, inputs)["z"][0]
    elif name.startswith("block"):
        block = m.submodules.block = Multiplier(width, width, family)
        source = [Signal(width, name="a"), Signal(width, name="b")]
        m.d.comb += [block.a.eq(source[0]), block.b.eq(source[1])]
        result = block.product
    else:
        entries = np.random.default_rng(0).integers(0, 1 << 16, 1 << width).tolist()
        memory = m.submodules.memory = Memory(shape=16, depth=1 << width, init=entries)
        port = memory.read_port()
        source = [Signal(width, name="address")]
        m.d.comb += port.addr.eq(source[0])
        result = port.data
    if name.endswith("then_add"):
        other = Signal(result.shape(), name="other")
        source.append(other)
        result = result + other
    scan = Signal(sum(map(len, source)))
    m.d.sync += scan.eq(Cat(i, scan[:-1]))
    m.d.comb += Cat(*source).eq(scan)
    register, folded = Signal(len(result)), Signal(len(result))
    m.d.sync += [register.eq(result), folded.eq(Cat(i, folded[:-1]) ^ register)]
    m.d.comb += o.eq(folded[-1])
    return m, i, o


def netlist_of(structure: Structure) -> Netlist:
    b = NetlistBuilder()
    OPERATIONS[structure.name][0](b, structure.width)
    return b.build()


def top(structures: Sequence[Structure], family: BlockFamily | None) -> str:
    """RTLIL of a device full of structures, each on its own clock."""
    m = Module()
    ports: list[Signal] = []
    for i, structure in enumerate(structures):
        domain = ClockDomain(f"d{i}", reset_less=True)
        m.domains += domain
        clock = Signal(name=f"clk{i}")
        m.d.comb += ClockSignal(f"d{i}").eq(clock)
        part, into, out = between(structure, family)
        m.submodules[f"part{i}"] = DomainRenamer(f"d{i}")(part)
        pins = Signal(name=f"i{i}"), Signal(name=f"o{i}")
        m.d.comb += [into.eq(pins[0]), pins[1].eq(out)]
        ports += [clock, *pins]
    return str(rtlil.convert(m, name="top", ports=ports))


def synthesise(name: str, target: Target, text: str) -> None:
    (WORK / f"{name}.il").write_text(text)
    (WORK / "adders.v").write_text(Path("boards/adders.v").read_text())
    names = [f"{pin}{i}" for pin in ("clk", "i", "o") for i in range(TOGETHER)]
    pins = zip(names, GOWIN_PINS, strict=False)
    (WORK / "pins.cst").write_text("".join(f'IO_LOC "{name}" {pin};\n' for name, pin in pins))
    script = (
        f"read_rtlil {name}.il\nhierarchy -top top\n{target.prepare}\n"
        f"{target.synthesis} -top top -json {name}.json\n"
    )
    (WORK / f"{name}.ys").write_text(script)
    run([*find("yosys"), "-q", "-l", f"{name}.log", "-s", f"{name}.ys"], WORK)


def place(name: str, target: Target, seed: int, mhz: int) -> dict[str, Any]:
    run(
        [
            *find(target.router),
            *target.options,
            *("--json", f"{name}.json", "--seed", str(seed), "--freq", str(mhz)),
            *("--report", f"{name}.report", "--timing-allow-fail", "--quiet"),
        ],
        WORK,
    )
    report: dict[str, Any] = json.loads((WORK / f"{name}.report").read_text())
    return report


def run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def paths(report: dict[str, Any]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The critical path within each clock."""
    for path in report["critical_paths"]:
        if path["from"] == path["to"] and path["from"].startswith("posedge"):
            clock = re.search(r"clk(\d+)|d(\d+)_clk", path["from"])
            assert clock, path["from"]
            yield int(clock[1] or clock[2]), path["path"]


def structures(target: Target) -> list[Structure]:
    found = [Structure(name, w) for name, (_, widths) in OPERATIONS.items() for w in widths]
    found += [
        Structure(name, width)
        for name, widths in BLOCKS.items()
        for width in widths
        if target.block or name.startswith("memory")
    ]
    return found


def measure(family: str, seeds: int, mhz: int) -> None:
    target = TARGETS[family]
    WORK.mkdir(parents=True, exist_ok=True)
    chosen = structures(target)
    rng = np.random.default_rng(0)
    rng.shuffle(chosen)
    with (WORK / f"{family}.jsonl").open("w") as lines:
        for number in range(0, len(chosen), target.together):
            part = chosen[number : number + target.together]
            name = f"{family}_{number}"
            synthesise(name, target, top(part, target.block))
            for seed in range(1, seeds + 1):
                for i, segments in paths(place(name, target, seed, mhz)):
                    lines.write(json.dumps(asdict(measured(family, part[i], seed, segments))))
                    lines.write("\n")
                lines.flush()


def measured(
    family: str, structure: Structure, seed: int, segments: list[dict[str, Any]]
) -> Measured:
    def total(*kinds: str) -> int:
        return int(1000 * sum(s["delay"] for s in segments if s["type"] in kinds))

    hops = [s["delay"] for s in segments if s["type"] == "routing"]
    # A hop from one bit of a carry chain to the next takes next to nothing and is no hop.
    real = [hop for hop in hops if hop > 0.15]
    return Measured(
        family,
        structure.name,
        structure.width,
        seed,
        TARGETS[family].together,
        total("clk-to-q", "logic", "routing", "setup"),
        total("logic"),
        total("routing"),
        total("setup"),
        total("clk-to-q"),
        len(real),
        round(1000 * max(hops, default=0)),
    )


def fit(family: str) -> None:
    """Print what a family's parts take alone, and how far its model is from what was measured.

    Alone, parts are near each other. The numbers that are kept leave room for the longer wires of
    full designs, and for what lies between the multiplier columns.
    """
    lines = (WORK / f"{family}.jsonl").read_text().splitlines()
    found: dict[Structure, list[Measured]] = {}
    for line in lines:
        measured = Measured(**json.loads(line))
        found.setdefault(Structure(measured.name, measured.width), []).append(measured)
    period = {structure: median(m.period_ps for m in runs) for structure, runs in found.items()}
    kept = DELAYS[family]
    register = min(m.clock_to_out_ps for runs in found.values() for m in runs)

    def beyond_register(name: str) -> tuple[list[int], list[float]]:
        widths = sorted(s.width for s in period if s.name == name)
        return widths, [period[Structure(name, width)] - register for width in widths]

    widths, times = beyond_register("add")
    bit, carry = np.polyfit(widths, times, 1)
    alone = {"register": float(register), "carry": carry, "carry_bit": bit}
    # nextpnr-himbaechel reports no clock for some designs; what is missing is left out.
    for part, name in (("subtract", "subtract"), ("compare", "greater")):
        widths, times = beyond_register(name)
        if widths:
            extra = [t - carry - bit * w for w, t in zip(widths, times, strict=True)]
            alone[part] = median(extra)
    widths, times = beyond_register("fits")
    if widths:
        alone["tree"] = median(t / np.log2(w - 1) for w, t in zip(widths, times, strict=True))
    widths, times = beyond_register("choose")
    if widths:
        alone |= {"lut": times[0], "fanout": np.polyfit(np.log2(widths), times, 1)[0]}
    table = Table("part", "alone, ps", "kept, ps", title=family)
    for name, value in alone.items():
        table.add_row(name, f"{value:.0f}", str(getattr(kept, name)))
    console = Console()
    console.print(table)
    table = Table("structure", "bits", "measured, ps", "model, ps", "model / measured")
    for structure in sorted(period):
        if structure.name in OPERATIONS:
            netlist = netlist_of(structure)
            stage = np.zeros(len(netlist), np.int64)
            model = int(ends_ps(netlist, timing(netlist, kept, None), stage).max())
            ratio = f"{model / period[structure]:.2f}"
            row = (f"{period[structure]:.0f}", str(model), ratio)
        else:
            row = (f"{period[structure]:.0f}", "", "")
        table.add_row(structure.name, str(structure.width), *row)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["measure", "fit"])
    parser.add_argument("families", nargs="*", default=list(TARGETS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--mhz", type=int, default=250)
    options = parser.parse_args()
    for family in options.families:
        if options.command == "measure":
            measure(family, options.seeds, options.mhz)
        else:
            fit(family)


if __name__ == "__main__":
    main()
