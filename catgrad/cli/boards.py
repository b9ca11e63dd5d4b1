"""``catgrad boards`` and ``catgrad program``: the boards there are, and a bitstream onto one."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import boards
from boards.report import BuildReport
from catgrad.cli.output import print_json, print_table, say
from catgrad.errors import CatgradError

BOARDS_EPILOG = """\
examples:
  catgrad boards
  catgrad boards --json
"""

PROGRAM_EPILOG = """\
The loaders are programs of the system (iceprog, openFPGALoader, dfu-util); `catgrad doctor` says
which are there.

examples:
  catgrad program build/icebreaker/digits.report.json
  catgrad program build/icebreaker/digits.report.json --dry-run
"""


def register(subparsers: Any) -> None:
    """Add the commands."""
    parser = subparsers.add_parser(
        "boards",
        help="list the boards that a bitstream can be built for",
        description="List the boards, what their FPGAs hold, and the clock that they bring.",
        epilog=BOARDS_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    parser.set_defaults(run=list_boards)
    parser = subparsers.add_parser(
        "program",
        help="load a bitstream onto a board",
        description="Load a bitstream that `catgrad build` made onto the board it was made for.",
        epilog=PROGRAM_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("build", metavar="REPORT", help="the .report.json of a build")
    parser.add_argument("--dry-run", action="store_true", help="print the command, and stop")
    parser.set_defaults(run=program)


def list_boards(arguments: argparse.Namespace) -> int:
    """Print the boards."""
    all_boards = [boards.get(name) for name in boards.BOARDS]
    if arguments.json:
        rows = [
            {
                "name": board.name,
                "title": board.title,
                "device": board.device,
                "family": board.family.name,
                "clock_hz": board.clock_hz,
                "capacity": dict(board.capacity),
                "bitstream": bool(board.family.tools),
            }
            for board in all_boards
        ]
        print_json(rows)
        return 0
    resources = list(all_boards[0].capacity)
    lines = [
        (
            board.name,
            board.title,
            board.device,
            f"{board.clock_hz / 1e6:g} MHz",
            *(f"{board.capacity[resource]:,}" for resource in resources),
            "open" if board.family.tools else "the vendor's",
        )
        for board in all_boards
    ]
    headings = ("name", "board", "device", "clock", *resources, "tools")
    print_table(headings, lines)
    return 0


def program(arguments: argparse.Namespace) -> int:
    """Load a bitstream."""
    path = Path(arguments.build)
    try:
        report = BuildReport.from_json(path.read_text())
    except FileNotFoundError:
        raise CatgradError(
            f"There is no report {path}; run `catgrad build` first, or name the .report.json that "
            f"it wrote."
        ) from None
    except (IsADirectoryError, ValueError, KeyError, TypeError) as error:
        raise CatgradError(
            f"{path} is not the report of a build; name the .report.json that `catgrad build` "
            f"wrote."
        ) from error
    board = boards.get(report.board)
    if not board.family.tools:
        raise CatgradError(
            f"The {board.title} takes bitstreams of its vendor's tools, and {path} has none; run "
            f"{report.file('.tcl')} there, and load what comes of it with "
            f"{' '.join(board.program)}."
        )
    bitstream = path.parent / report.file(f".{board.family.bitstream}")
    found = sha256(bitstream.read_bytes()).hexdigest() if bitstream.is_file() else "missing"
    if found != (wanted := report.files[bitstream.name]):
        raise CatgradError(
            f"The bitstream {bitstream} is not that of {path}: its SHA-256 is {found}, not "
            f"{wanted}; run `catgrad build` again."
        )
    command = [*board.program, str(bitstream)]
    if arguments.dry_run:
        say(" ".join(command))
        return 0
    if shutil.which(command[0]) is None:
        raise CatgradError(
            f"The loader {command[0]} of the {board.title} is missing; `catgrad doctor` says how "
            f"to install it."
        )
    if subprocess.run(command, check=False).returncode:
        raise CatgradError(
            f"{' '.join(command)} failed; see what it printed above, and whether the board is "
            f"plugged in and you may use its USB port."
        )
    say(f"{report.name} is on the {board.title}.")
    return 0
