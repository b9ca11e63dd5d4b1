"""``catgrad build``: a bitstream that learns."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import boards
from boards.build import build
from boards.top import Top
from catgrad.cli.compiling import NOTES, add_arguments, compiled
from catgrad.cli.output import Steps, print_json, say

EPILOG = f"""\
{NOTES}
A function front(hardware) of FILE, if there is one, makes what stands in front of the hardware on
the board, such as a DelayLine; it may return None.

examples:
  catgrad build examples/digits.py --board icebreaker
  catgrad build examples/lms.py --board icebreaker
  catgrad build examples/iris.py:model --board tang_nano_9k --lanes 2 --rule "sgd(0.03125)"
  catgrad build examples/iris.py --board ulx3s --cycles 5 --format 16.12
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "build",
        help="make a bitstream that learns, for a board",
        description="Compile a model and its learning rule to a bitstream, with a serial port over "
        "which a host sends samples. A build of the same that is there already is left as it is.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument("--board", required=True, help=f"one of {', '.join(boards.BOARDS)}")
    parser.add_argument("--out", metavar="DIR", help="where the files go (build/BOARD)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build, and say what came of it."""
    board = boards.get(arguments.board)
    out = Path(arguments.out or Path("build") / board.name)
    with Steps(quiet=arguments.json) as steps:
        steps("compile")
        made = compiled(arguments, board.family.delays)
        name = made.identifier
        report = build(board, Top.on(board, made.component, name, made.front), out, steps)
    if arguments.json:
        print_json(report.to_json())
        return 0
    say(str(report))
    say(f"Files are in {out}: {', '.join([*report.files, f'{name}.report.json'])}.")
    return 0
