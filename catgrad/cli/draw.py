"""``catgrad draw``: a program as an SVG picture, at any level of the compiler."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from catgrad.cli.levels import LEVELS, Subject
from catgrad.cli.loading import candidates, find, load, split
from catgrad.cli.rules import canonical, require
from catgrad.draw import draw
from catgrad.dsp import Filter
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.hypergraph import OpenHypergraph
from catgrad.publish import publish
from catgrad.special.parameter import factor_parameters

RULE, LOSS = "sgd(0.03125)", "mse"

EPILOG = """\
levels:
  model    what you wrote, its layers as boxes
  core     what it computes, in array operations
  whole    learning rule, model and loss in a row
  step     one step of learning: the whole, differentiated
  kernels  the step, each array operation as loop nests
  scalars  the step, each number a wire of its own
  netlist  the circuit of the step, in fixed point

examples:
  catgrad draw examples/iris.py:model -o model.svg
  catgrad draw "examples/gpt.py:Gpt(65).model()" --unfold -o gpt.svg
  catgrad draw examples/iris.py:model --level step --rule "momentum(0.1, 0.9)" -o step.svg
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "draw",
        help="draw a program as an SVG picture",
        description="Draw a program as a string diagram. A program of very many operations is "
        "drawn with equal ones gathered in one box.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "program",
        metavar="FILE[:NAME]",
        help="a Python file, and in it a program, a Learner, a Hardware, a function without "
        "arguments that returns one, or an expression",
    )
    parser.add_argument(
        "-o", "--output", metavar="PATH", help="where to write (default: NAME.svg; - is stdout)"
    )
    parser.add_argument(
        "--level", choices=LEVELS, default="model", metavar="LEVEL", help="see below"
    )
    parser.add_argument(
        "--unfold",
        action="store_true",
        help="show layers and other definitions in place, in frames",
    )
    parser.add_argument(
        "--fold", metavar="NAME", action="append", default=[], help="leave these as boxes"
    )
    parser.add_argument(
        "--rule", default=RULE, help="learning rule, from FILE or layers (%(default)s)"
    )
    parser.add_argument("--loss", default=LOSS, help="loss, from FILE or layers (%(default)s)")
    parser.add_argument("--width", type=int, default=16, help="bits of a number (%(default)s)")
    parser.add_argument(
        "--fraction", type=int, default=12, help="of them after the binary point (%(default)s)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Draw, and say what was written."""
    path, name = split(arguments.program)
    module = load(path)
    several = [] if name else candidates(module)
    value, name = find(module, path, name)
    rule = canonical(module, "--rule", arguments.rule)
    loss = canonical(module, "--loss", arguments.loss)
    if isinstance(value, Filter):
        rule = value.rule if arguments.rule == RULE else rule
        loss = value.loss if arguments.loss == LOSS else loss
        value = value.model
    if isinstance(value, OpenHypergraph):  # others bring their own
        if arguments.rule != RULE:
            require("--rule", arguments.rule, rule, factor_parameters(value)[0].target)
        if arguments.loss != LOSS:
            require("--loss", arguments.loss, loss, value.target)
    level = arguments.level
    formats = Formats.uniform(arguments.width, arguments.fraction)
    view = LEVELS[level](Subject(value, rule, loss, formats))
    svg = draw(
        view.program,
        view.label,
        inputs=view.inputs,
        outputs=view.outputs,
        unfold=arguments.unfold,
        fold=arguments.fold,
    )
    if arguments.output == "-":
        sys.stdout.write(svg)
        return 0
    output = Path(
        arguments.output or (f"{name}.svg" if level == "model" else f"{name}-{level}.svg")
    )
    if output.suffix != ".svg":
        raise CatgradError(f"{output} is not the name of an SVG file; end it in .svg.")
    publish(output, svg)
    chosen = f", which is {name} of {', '.join(several)}" if len(several) > 1 else ""
    Console().print(f"wrote {output}{chosen}", highlight=False, soft_wrap=True, markup=False)
    return 0
