"""Runs the bench on what synthesis makes of a design: the cells of a family, in Icarus Verilog.

Synthesis has been caught dropping registers, and once a whole datapath, without an error. And only
here are multiplier blocks simulated, which a design of a family names.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from amaranth.back import rtlil
from amaranth.lib import wiring

from boards import yosys
from boards.board import ADDERS_FILE, ECP5, ICE40
from boards.board import Family as BoardFamily
from catgrad.errors import CatgradError
from sim import cell_models, cocotb_runner
from sim.bench import Record, Stimulus
from sim.exchange import TOP


class Family(NamedTuple):
    """How a design becomes cells, and what these do."""

    synthesis: str
    board: BoardFamily
    models: Callable[[], str]


FAMILIES = {
    "ice40": Family("synth_ice40", ICE40, cell_models.ice40),
    "ecp5": Family("synth_ecp5", ECP5, cell_models.ecp5),
}
"""The evaluators, each the family whose multiplier blocks it knows."""


def script(family: Family) -> str:
    """What Yosys does: the same as for a board, see boards.board."""
    return f"""
read_rtlil {TOP}.il
{family.board.before_synthesis}
{family.synthesis} -top {TOP}
{family.board.after_synthesis}
opt_clean -purge
write_json cells.json
write_verilog -noattr cells.v
"""


def require(family: str) -> None:
    """CatgradError if something that it needs is not installed."""
    if find_spec("pyosys") is None:
        raise CatgradError(
            f"Simulating with {family} needs the Python package pyosys, which is not installed; "
            f"install it with `python -m pip install pyosys`."
        )
    cocotb_runner.require("icarus")


def synthesise(component: wiring.Component, family: str, directory: Path) -> Path:
    """The folder with the cells of a design, `cells.v` and `cells.json`.

    The same design is synthesised once in a directory.
    """
    require(family)
    commands = script(FAMILIES[family])
    source = rtlil.convert(component, name=TOP, emit_src=False)
    parts = [version("pyosys"), commands, ADDERS_FILE.read_text(), source]
    key = sha256("\n".join(parts).encode()).hexdigest()[:16]
    built = directory.resolve() / f"{family}-{key}"
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
        (work / "script.ys").write_text(commands)
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


def cells(component: wiring.Component, family: str, directory: Path) -> Counter[str]:
    """How many cells of each type synthesis makes of a design."""
    netlist = json.loads((synthesise(component, family, directory) / "cells.json").read_text())
    return Counter(cell["type"] for cell in netlist["modules"][TOP]["cells"].values())


def run(
    component: wiring.Component,
    stimulus: Stimulus,
    family: str,
    directory: Path,
    waveform: Path | None = None,
) -> Record:
    """What the cells of a component do; its signals over time go to a VCD file, if one is named."""
    netlist = (synthesise(component, family, directory) / "cells.v").read_text()
    source = FAMILIES[family].models() + cell_models.netlist(netlist)
    return cocotb_runner.run(component, stimulus, "icarus", directory, waveform, source)
