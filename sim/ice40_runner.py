"""Runs the bench on what synthesis makes of a design: cells of an iCE40, in Icarus Verilog.

Synthesis has been caught dropping registers, and once a whole datapath, without an error. And only
here are multiplier blocks simulated, which a design of a family names: the models of all cells come
with Yosys.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from amaranth.back import rtlil
from amaranth.lib import wiring

from boards import yosys
from boards.board import ADDERS_FILE, ICE40
from catgrad.errors import CatgradError
from sim import cocotb_runner
from sim.bench import Record, Stimulus
from sim.exchange import TOP

FAMILY = "ice40"
"""The evaluator, and the family whose multiplier blocks it knows."""

# As for a board, see boards.board: the same synthesis, and the same commands before and after it.
SCRIPT = f"""
read_rtlil {TOP}.il
{ICE40.before_synthesis}
synth_ice40 -top {TOP}
{ICE40.after_synthesis}
opt_clean -purge
write_json cells.json
write_verilog -noattr cells.v
"""

# The levels of inputs that nothing is connected to are written in a way that Icarus 11 cannot read.
PREAMBLE = "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n"


def require() -> None:
    """CatgradError if something that it needs is not installed."""
    if find_spec("pyosys") is None:
        raise CatgradError(
            "Simulating with ice40 needs the Python package pyosys, which is not installed; "
            "install it with `python -m pip install pyosys`."
        )
    cocotb_runner.require("icarus")


def models() -> str:
    """What the cells do, as Yosys has it."""
    package = find_spec("pyosys")
    assert package is not None
    assert package.origin is not None
    return (
        PREAMBLE
        + Path(package.origin).with_name("share").joinpath("ice40", "cells_sim.v").read_text()
    )


def synthesise(component: wiring.Component, directory: Path) -> Path:
    """The folder with the cells of a design, `cells.v` and `cells.json`.

    The same design is synthesised once in a directory.
    """
    require()
    source = rtlil.convert(component, name=TOP, emit_src=False)
    parts = [version("pyosys"), SCRIPT, ADDERS_FILE.read_text(), source]
    key = sha256("\n".join(parts).encode()).hexdigest()[:16]
    built = directory.resolve() / f"{FAMILY}-{key}"
    if built.exists():
        return built
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(
        prefix="unfinished-", dir=directory.resolve(), ignore_cleanup_errors=True
    ) as name:
        work = Path(name) / "work"
        work.mkdir()
        (work / f"{TOP}.il").write_text(source)
        (work / ADDERS_FILE.name).write_text(ADDERS_FILE.read_text())
        (work / "script.ys").write_text(SCRIPT)
        command = [sys.executable, yosys.__file__, "-q", "-s", "script.ys"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CatgradError(f"Yosys failed:\n{done.stdout}{done.stderr}")
        try:
            work.rename(built)
        except OSError:
            # Another process has built the same meanwhile, and then nothing is missing.
            assert built.exists()
    return built


def cells(component: wiring.Component, directory: Path) -> Counter[str]:
    """How many cells of each type synthesis makes of a design."""
    netlist = json.loads((synthesise(component, directory) / "cells.json").read_text())
    return Counter(cell["type"] for cell in netlist["modules"][TOP]["cells"].values())


def run(
    component: wiring.Component, stimulus: Stimulus, directory: Path, waveform: Path | None = None
) -> Record:
    """What the cells of a component do; its signals over time go to a VCD file, if one is named."""
    netlist = (synthesise(component, directory) / "cells.v").read_text()
    return cocotb_runner.run(
        component, stimulus, "icarus", directory, waveform, source=models() + netlist
    )
