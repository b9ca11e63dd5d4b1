"""``catgrad train``: a board, or a simulated one, learns from a data set."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import boards
from boards.beside import Beside
from boards.design import Design, told_apart
from boards.host import Device
from boards.port import Port, SerialPort
from boards.simulated import SimulatedPort
from boards.top import Top
from boards.training import Training, require_reset
from boards.verilated import VerilatedPort
from boards.watching.journal import Heading
from boards.watching.losses import Classes, Losses
from boards.watching.recorder import CountedPort, Recorder, arrays_of
from boards.watching.server import Server
from boards.watching.state import Watcher
from catgrad.circuit.format import Format
from catgrad.cli.compiling import NOTES, Compiled, add_arguments, at_least, compiled, suffixed
from catgrad.cli.lessons import Lessons, lessons
from catgrad.cli.live import View, add_serve, confusion_table
from catgrad.cli.loading import split
from catgrad.cli.outcome import Result
from catgrad.cli.output import Steps, print_json, say
from catgrad.errors import CatgradError
from catgrad.publish import make_directory

EVERY = 500
"""Samples from one checkpoint to the next, unless said otherwise."""

DIVISOR = 2
"""Clock cycles a bit on the line of a simulated board: the fewest."""

INTERRUPTED = 130
"""The exit status of a run that was stopped by Ctrl-C, as shells have it."""

EPILOG = f"""\
{NOTES}
Samples are arrays `x` and `y`, one row a sample, and perhaps `x_test` and `y_test`, on which the
board is tested after each epoch: in a file of NumPy (--data), or in the dict that a function data()
of FILE returns. Where FILE has a function front(hardware), a row of `x` is what the front takes.

The run goes on from its last checkpoint by itself after a fault of the line, and with --resume
after Ctrl-C or a crash, with the same integers. `catgrad watch` shows it meanwhile.

examples:
  catgrad train examples/digits.py --simulate --compare
  catgrad train examples/lms.py --simulate --compare
  catgrad train examples/digits.py --board icebreaker --port /dev/ttyUSB1 --epochs 10 --serve
  catgrad train examples/digits.py --board icebreaker --port /dev/ttyUSB1 --epochs 10 --resume
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "train",
        help="let a board learn, or a simulated one",
        description="Stream a data set to a board that learns, and show how well it does.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    group = parser.add_argument_group("board")
    group.add_argument("--port", metavar="TTY", help="its serial port, such as /dev/ttyUSB1")
    group.add_argument(
        "--simulate", action="store_true", help="or: the whole board simulated, pins and all"
    )
    group.add_argument(
        "--simulator",
        choices=("verilator", "amaranth"),
        default="verilator",
        help="what simulates it; the other needs no compiler and is slow (%(default)s)",
    )
    group.add_argument("--board", help=f"what it is: one of {', '.join(boards.BOARDS)}")
    group.add_argument(
        "--design", metavar="JSON", help="the .design.json beside the bitstream that it runs"
    )
    group = parser.add_argument_group("run")
    group.add_argument("--data", metavar="NPZ", help="the samples; else those of data() in FILE")
    group.add_argument("--epochs", type=int, default=1, help="how many (%(default)s)")
    group.add_argument(
        "--in-order", action="store_true", help="samples as they are, not shuffled by --seed"
    )
    group.add_argument(
        "--compare", action="store_true", help="with the integer program, every integer"
    )
    group.add_argument("--checkpoint", metavar="NPZ", help="its file (build/NAME.npz)")
    group.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    group.add_argument(
        "--every", type=int, default=EVERY, help="samples between checkpoints (%(default)s)"
    )
    add_serve(group)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, and say what came of it."""
    checked(arguments)
    with ExitStack() as stack:
        with Steps(quiet=arguments.json) as steps:
            training, recorder, watcher = prepared(arguments, steps, stack)
        interrupted = streamed(training, recorder, watcher, quiet=arguments.json)
    state = watcher.state()
    result = Result(state, training, watcher.checkpoint)
    if arguments.json:
        print_json(result.to_json())
    else:
        say(str(result))
        if state.confusion and not interrupted:
            say(confusion_table(state))
    return INTERRUPTED if interrupted else 0


def prepared(
    arguments: argparse.Namespace, steps: Steps, stack: ExitStack
) -> tuple[Training, Recorder, Watcher]:
    """A run that has begun, and who records it and who watches it; the stack ends them."""
    steps("compile")
    family = boards.get(arguments.board).family.delays if arguments.board else None
    made = compiled(arguments, family)
    if not made.hardware.learns:
        raise CatgradError(
            f"{made.name} only predicts, so there is nothing to train; leave --predict-only "
            f"out, or name a model with parameters."
        )
    watcher = Watcher(checkpoint_path(arguments, made))
    if arguments.serve is not None:
        server = Server(watcher, arguments.serve)
        stack.callback(server.close)
        if not arguments.json:
            say(f"The page is at {server.url}.")
    steps("read the samples")
    file = split(arguments.program)[0]
    taught = lessons(
        made, file, arguments.data, arguments.epochs, arguments.seed, arguments.in_order
    )
    top, design = described(arguments, made)
    require_reset(design)
    if design.always and taught.test:
        raise CatgradError(
            f"{made.name} learns from every sample, and so from {taught.test} that it is to be "
            f"tested on; leave x_test out, or compile it without always."
        )
    steps("simulate the board" if arguments.simulate else f"greet the board at {arguments.port}")
    port = CountedPort(opened(arguments, top, design))
    device = Device(port, design)
    reference = Beside(made.hardware, made.front) if arguments.compare else None
    steps_of_all = [T.fixed.step for T in made.hardware.parameter_types for _ in range(T.size)]
    channels = len(design.parameters) // len(steps_of_all)
    training = Training(
        device,
        taught.samples,
        reference,
        watcher.checkpoint,
        arguments.every,
        steps=steps_of_all * channels,
    )
    if arguments.resume:
        training.resume()
    else:
        training.begin(np.tile(made.hardware.flatten(made.parameters), channels))
    losses = Losses(made.hardware)
    classes = Classes(made.hardware, taught.samples.y)
    heading = heading_of(arguments, made, design, taught, losses, classes)
    recorder = Recorder(training, port, heading, losses, classes)
    stack.callback(recorder.close)
    return training, recorder, watcher


def checked(arguments: argparse.Namespace) -> None:
    """CatgradError if these arguments make no run."""
    if arguments.simulate == (arguments.port is not None):
        raise CatgradError(
            "A run has one board, given by --port or --simulate; give one of the two, as in "
            "--port /dev/ttyUSB1."
        )
    at_least(arguments, epochs=1, every=1)
    if arguments.port and not (arguments.board or arguments.design):
        raise CatgradError(
            "What runs on the board has to be known; name the board that it was built for with "
            "--board, or the .design.json beside its bitstream with --design."
        )


def where(arguments: argparse.Namespace) -> str:
    """Where the board is, for people."""
    return "simulated board" if arguments.simulate else str(arguments.port)


def checkpoint_path(arguments: argparse.Namespace, made: Compiled) -> Path:
    """The file of the checkpoints."""
    if arguments.checkpoint:
        return suffixed(arguments.checkpoint, ".npz")
    return make_directory("build") / f"{made.name}.npz"


def described(arguments: argparse.Namespace, made: Compiled) -> tuple[Top | None, Design]:
    """The board, unless a design file says all that a host has to know of it; and its design."""
    given = Design.read(arguments.design) if arguments.design else None
    if given is not None:
        matched(arguments.design, given, made)
        if not arguments.simulate:
            return None, given
    if arguments.simulate:
        top = Top(made.component, made.name, DIVISOR, made.front)
    else:
        top = Top.on(boards.get(arguments.board), made.component, made.name, made.front)
    return top, top.design


def opened(arguments: argparse.Namespace, top: Top | None, design: Design) -> Port:
    """The port of the board."""
    if not arguments.simulate:
        return SerialPort.to(arguments.port, design)
    assert top is not None
    return SimulatedPort(top) if arguments.simulator == "amaranth" else VerilatedPort(top)


def matched(path: str, design: Design, made: Compiled) -> None:
    """CatgradError if a design takes or gives other numbers than the program."""
    hardware = made.hardware
    for row, types in (
        ("x", made.x_types),
        ("y", hardware.y_types),
        ("prediction", hardware.prediction_types),
        ("parameters", hardware.parameter_types),
    ):
        wanted = [Format(T.fixed.width, T.fixed.signed) for T in types for _ in range(T.size)]
        if row == "parameters":
            wanted *= design.channels
        found = list(getattr(design, row))
        if found != wanted:
            has, needs = told_apart(found, wanted)
            raise CatgradError(
                f"{path} is of a design whose {row} is {has}, and that of {made.name} is {needs}; "
                f"name the design file of a bitstream that was built from this program."
            )


def heading_of(
    arguments: argparse.Namespace,
    made: Compiled,
    design: Design,
    taught: Lessons,
    losses: Losses,
    classes: Classes,
) -> Heading:
    """What the run is, for those who watch."""
    return Heading(
        name=made.name,
        design=design.digest,
        port=where(arguments),
        epochs=taught.epochs,
        lesson=taught.lesson,
        test=taught.test,
        loss=losses.name,
        classes=classes.count,
        weights=arrays_of(made.hardware),
    )


@contextmanager
def interruptible() -> Iterator[list[bool]]:
    """A list that is not empty any more after the first Ctrl-C; the second one ends the program."""
    pressed: list[bool] = []

    def press(*_: object) -> None:
        pressed.append(True)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def streamed(training: Training, recorder: Recorder, watcher: Watcher, quiet: bool) -> bool:
    """Let the board have all samples, and show it; the result: somebody pressed Ctrl-C."""
    with interruptible() as pressed, View(quiet=quiet) as view:
        try:
            for progress in training:
                if recorder.add(progress):
                    view.show(watcher.state())
                if pressed:
                    recorder.flush()
                    training.keep()
                    recorder.end("interrupted")
                    return True
        except KeyboardInterrupt:
            recorder.leave("interrupted")
            raise
        except CatgradError as error:
            recorder.end("failed", str(error))
            raise
        except OSError as error:
            recorder.end("failed", str(error))
            raise CatgradError(
                f"The line to the board is gone ({error}); connect it again, and go on from the "
                f"last checkpoint with --resume."
            ) from error
        recorder.end("finished")
        view.show(watcher.state())
    return False
