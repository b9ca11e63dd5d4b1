"""``catgrad report``: what the hardware of a model consists of."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from catgrad.cli.compiling import NOTES, add_arguments, compiled
from catgrad.cli.output import print_json, say

EPILOG = f"""\
{NOTES}
examples:
  catgrad report examples/digits.py
  catgrad report examples/iris.py:model --lanes 4 --rule "momentum(0.03125, 0.875)"
  catgrad report examples/iris.py --cycles 5 --json
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "report",
        help="say what the hardware consists of and how long a step takes",
        description="Compile a model and its learning rule to hardware, and count what it consists "
        "of and its cycles, before synthesis.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Count, and print."""
    report = compiled(arguments).hardware.report()
    if arguments.json:
        print_json(asdict(report))
    else:
        say(str(report))
    return 0
