"""``catgrad sim``: the hardware in a simulator, every integer compared with NumPy."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from catgrad.cli.compiling import NOTES, add_arguments, at_least, compiled
from catgrad.cli.data import load_data
from catgrad.cli.output import Steps, print_json, say
from catgrad.errors import CatgradError
from sim import random_samples, real_samples, reference_trace, simulate
from sim.simulation import EVALUATORS

EPILOG = f"""\
{NOTES}
Samples are random integers of the formats, three of four of them learned from, unless --data names
a file of NumPy with arrays `x` and `y` of real numbers, one row a sample.

examples:
  catgrad sim examples/iris.py --cycles 5
  catgrad sim examples/digits.py --simulator cxxrtl --samples 200
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sim",
        help="simulate the hardware and compare it with NumPy",
        description="Stream samples through the hardware in a simulator, every port stalling at "
        "random, and compare all predictions, parameters and counters with the integer program.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument(
        "--simulator", choices=EVALUATORS, default=EVALUATORS[0], help="(%(default)s)"
    )
    parser.add_argument("--samples", type=int, default=50, help="how many (%(default)s)")
    parser.add_argument("--data", metavar="NPZ", help="samples to learn from, instead of random")
    parser.add_argument(
        "--stall", type=float, default=0.3, help="how often a port stalls (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate, compare, and say how much was equal."""
    at_least(arguments, samples=1)
    if not 0 <= arguments.stall < 1:
        raise CatgradError(
            f"--stall {arguments.stall} is no probability with which a stream still moves; give "
            f"one from 0 to less than 1."
        )
    with Steps(quiet=arguments.json) as steps:
        steps("compile")
        made = compiled(arguments)
        hardware = made.hardware
        if arguments.data:
            x, y = load_data(arguments.data, hardware)
            n = min(arguments.samples, len(x[0]))
            learns = None if hardware.learns else np.zeros(n, np.bool_)
            samples = real_samples(
                hardware,
                [a[:n] for a in x],
                [a[:n] for a in y] if hardware.learns else None,
                learns,
            )
        else:
            samples = random_samples(hardware, arguments.samples, arguments.seed)
        steps(f"simulate {len(samples.x)} samples in {arguments.simulator}")
        component = made.component
        if getattr(component, "family", None) not in (None, arguments.simulator):
            # Of multiplier blocks only the evaluator of the same family knows what they do.
            component = hardware.component(made.parameters, blocks=False)
        trace = simulate(component, samples, arguments.simulator, arguments.stall, arguments.seed)
        steps("compare with the integer program")
        equal = trace.compare(reference_trace(hardware, samples, made.parameters))
    result = {"simulator": arguments.simulator, "samples": len(samples.x), "equal_integers": equal}
    if arguments.json:
        print_json(result)
    else:
        say(
            f"{made.name}: {len(samples.x)} samples in {arguments.simulator}, {equal:,} integers "
            f"compared, all equal to those of the integer program."
        )
    return 0
