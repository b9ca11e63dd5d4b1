"""``catgrad export``: the hardware as a core for a design of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

from catgrad.cli.compiling import NOTES, add_arguments, compiled
from catgrad.cli.output import Steps, print_json, say
from catgrad.hardware.schedules import SpatialFamily
from catgrad.hdl.bus.core import RegisterBus, Streams

EPILOG = f"""\
{NOTES}
docs/export.md says what is in the folder and how to use it.

examples:
  catgrad export examples/iris.py --cycles 5 --name iris -o build/iris
  catgrad export examples/digits.py --streams axi --registers axi-lite -o build/digits
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "export",
        help="write a core: Verilog, test benches, register map, FuseSoC core file",
        description="Compile a model and its learning rule to a core that drops into another "
        "design: one Verilog file with stable names, a test bench that checks itself, the register "
        "map, a FuseSoC core file, and a README with the instantiation.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="where to write (build/NAME)")
    parser.add_argument("--name", help="of the Verilog module and the files")
    parser.add_argument(
        "--streams", choices=get_args(Streams), default="plain", help="(%(default)s)"
    )
    parser.add_argument(
        "--registers", choices=get_args(RegisterBus), help="a bus for parameters and counters"
    )
    parser.add_argument(
        "--family", choices=get_args(SpatialFamily), help="the FPGAs that it is for"
    )
    parser.add_argument("--vectors", type=int, help="samples in the test bench")
    parser.add_argument("--json", action="store_true", help="print the files as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Export, and say what was written."""
    with Steps(quiet=arguments.json) as steps:
        steps("compile")
        made = compiled(arguments, arguments.family)
        name = arguments.name or made.identifier
        folder = Path(arguments.output or Path("build") / name)
        steps("write the core and its vectors")
        files = made.hardware.export(
            folder,
            made.parameters,
            name=name,
            streams=arguments.streams,
            registers=arguments.registers,
            samples=arguments.vectors,
            seed=arguments.seed,
        )
    if arguments.json:
        print_json([str(file) for file in files])
    else:
        names = ", ".join(str(file.relative_to(folder)) for file in files)
        say(f"The core {name} is in {folder}: {names}.")
    return 0
