"""Build a learning design for a board: python examples/bitstream.py --board icebreaker."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import digits
import iris
import lms
import numpy as np

import boards
from boards.build import build
from boards.report import BuildReport
from boards.top import Top
from catgrad import CatgradError, Folded, Spatial, compile_hardware, layers
from catgrad.hardware import Hardware
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.transducer import Transducer

EXAMPLE = {"icebreaker": "lms", "ulx3s": "iris"}
"""What is built for a board unless said otherwise: a learner that fits it."""


def iris_top(board: boards.Board) -> Top:
    """The iris classifier, its weights set to small random numbers at reset."""
    hardware = compile_hardware(
        iris.model(), layers.sgd(iris.RATE), layers.mse, iris.FORMATS, Spatial(cycles=iris.CYCLES)
    )
    parameters = hardware.quantise_parameters(iris.initial(hardware.parameter_types))
    return Top.on(board, hardware.component(parameters), "iris")


def lms_parts() -> tuple[Hardware, Transducer, DelayLine | None]:
    """The adaptive filter, its learner, and the delay line that keeps the last samples."""
    hardware = lms.hardware()
    return hardware, hardware.component(), lms.front(hardware)


def lms_top(board: boards.Board) -> Top:
    """The adaptive filter: one sample of each signal a frame, the last few kept on the board.

    Where multipliers are made of logic its operations take turns on one, and the host sends the
    last few samples each time.
    """
    if not board.capacity["multipliers"]:
        rule, lanes = layers.sgd(lms.RATE), Folded(lanes=1)
        hardware = compile_hardware(lms.model(), rule, layers.mse, lms.FORMATS, lanes)
        return Top.on(board, hardware.component(), "lms")
    _, learner, front = lms_parts()
    return Top.on(board, learner, "lms", front)


def digits_top(board: boards.Board) -> Top:
    """Eight multipliers that learn handwritten digits, or four where they are made of logic."""
    lanes = 8 if board.capacity["multipliers"] else 4
    return engine_top(board, "dense", "digits", lanes)


def large_top(board: boards.Board) -> Top:
    """Sixteen multipliers that learn from images of 28 x 28 pixels."""
    return engine_top(board, "large", "digits_large", lanes=16)


def engine_top(board: boards.Board, model: str, name: str, lanes: int) -> Top:
    """A folded engine, its weights set to small random numbers in the bitstream."""
    hardware = digits.hardware(model, lanes=lanes, family=board.multipliers)
    random = np.random.default_rng(0)
    parameters = digits.initial(hardware.parameter_types, "mse", random)
    component = hardware.component(hardware.quantise_parameters(parameters))
    return Top.on(board, component, name)


TOPS = {"digits": digits_top, "iris": iris_top, "large": large_top, "lms": lms_top}


def build_example(board_name: str, example: str | None, directory: Path) -> BuildReport:
    """Synthesise, place and route an example, and write its files into a directory."""
    board = boards.get(board_name)
    example = example or EXAMPLE.get(board_name, "lms")
    if example not in TOPS:
        raise CatgradError(
            f"There is no example named {example!r}; the examples are {', '.join(TOPS)}; "
            f"name one of these."
        )
    directory.mkdir(parents=True, exist_ok=True)
    return build(board, TOPS[example](board), directory)


def main() -> int:
    """Build what the command line names; exit status 1 and one sentence where that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", required=True, help=f"one of {', '.join(boards.BOARDS)}")
    parser.add_argument("--example", help=f"one of {', '.join(TOPS)}")
    parser.add_argument("--out", type=Path, help="where the files go; build/<board> by default")
    arguments = parser.parse_args()
    try:
        out = arguments.out or Path("build") / arguments.board
        print(build_example(arguments.board, arguments.example, out))
    except CatgradError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Files are in {out}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
