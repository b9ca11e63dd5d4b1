"""The whole way once: a model trains itself in hardware, from Python to bitstream, bit for bit.

Compiles the iris classifier, trains it in float and in integers, simulates the *training hardware*
on the same flowers and compares every integer, lets a simulated board learn handwritten digits over
its serial line, builds bitstreams for two boards, and leaves a page in build/.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import digits
import iris
import lms
import numpy as np
from bitstream import build_example
from numpy.typing import ArrayLike
from page import (
    accuracy_curve,
    confusion_matrix,
    curve,
    lms_curve,
    weight_images,
    write_page,
)
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, track
from rich.syntax import Syntax

from boards import verilated
from boards.report import BuildReport
from boards.watching import State, Watcher
from catgrad import (
    Calibration,
    CatgradError,
    Dtype,
    NdArrayType,
    Spatial,
    compile_hardware,
    compile_model,
    layers,
)
from catgrad.cli import main as catgrad
from catgrad.core.operation import Constant
from catgrad.draw import caption, draw
from catgrad.hardware import Hardware
from catgrad.learner import learner, predict, transition
from catgrad.parameters import array_names
from sim import Samples as Stream
from sim import Trace, installed, real_samples, reference_trace, simulate

BUILD = Path("build")
SIMULATOR = "verilator" if installed("verilator") else "amaranth"
FAST = SIMULATOR == "verilator"  # Amaranth's simulator is slow, but it needs nothing else
SIMULATED = iris.EPOCHS if FAST else 1  # epochs
SEED = 0
FILTER_SAMPLES = 1500 if FAST else 300
FEW = 4
console = Console()


@dataclass(frozen=True)
class Run:
    """What training came to: the accuracy on the test flowers after each so many steps."""

    steps: list[int]
    accuracy: list[float]


@contextmanager
def working(description: str) -> Iterator[None]:
    """A moving bar and the time, while something runs that cannot say how far it is."""
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(description, total=None)
        yield
        progress.update(task, total=1, completed=1)


def show_source() -> None:
    """1. The training step is a plain program."""
    console.rule("1  The iris model, compiled: predict and step as NumPy source")
    compiled, _, _ = compile_model(iris.model(), layers.sgd(iris.RATE), layers.mse)
    text = compiled.source.split("    @staticmethod\n    def rev(")[0]
    console.print(Syntax(text.rstrip(), "python", background_color="default", word_wrap=True))


def train_float(order: list[int]) -> Run:
    """2a. Train in float, one flower at a time."""
    compiled, types, _ = compile_model(iris.model(), layers.sgd(iris.RATE), layers.mse)
    program = compiled()
    train, test = iris.load(SEED)
    parameters = [a.astype(np.float32) for a in iris.initial(list(types), SEED)]
    xs, ys, tests = (a.astype(np.float32)[:, None] for a in (train.x, train.y, test.x))
    run = Run([], [])
    for step, i in enumerate(track(order, "training in float   ", console=console), 1):
        parameters = program.step(*parameters, xs[i], ys[i])
        if step % iris.EVERY == 0:
            predictions = np.array([program.predict(*parameters, x)[0][0] for x in tests])
            run.steps.append(step)
            run.accuracy.append(iris.accuracy(predictions, test.y))
    return run


def integer_accuracy(hardware: Hardware, trace: Trace, description: str) -> Run:
    """The accuracy of the integer program with the parameters that a trace shows, step by step."""
    _, test = iris.load(SEED)
    xs = [hardware.quantise_x(x[None]) for x in test.x]
    run = Run([], [])
    steps = range(iris.EVERY, len(trace.parameters) + 1, iris.EVERY)
    for step in track(steps, description, console=console):
        p = hardware.unflatten(trace.parameters[step - 1], hardware.parameter_types)
        predictions = np.array([hardware.reference.predict(*p, *x)[0][0] for x in xs])
        run.steps.append(step)
        run.accuracy.append(iris.accuracy(predictions, test.y))
    return run


def iris_stream(hardware: Hardware, order: list[int]) -> Stream:
    """The flowers as the hardware receives them."""
    train, _ = iris.load(SEED)
    return real_samples(hardware, [train.x[order, None]], [train.y[order, None]])


def simulated_learning(
    hardware: Hardware, parameters: Sequence[ArrayLike], stream: Stream
) -> Trace:
    """3. The training hardware, its ports stalling at random."""
    with working(f"{SIMULATOR}: {len(stream):,} samples through the hardware"):
        component = hardware.component(parameters)
        return simulate(component, stream, SIMULATOR, stall=0.1, directory=BUILD / "sim")


def lms_run() -> tuple[int, np.ndarray, np.ndarray]:
    """The adaptive filter in hardware and float: how many integers were equal, the errors."""
    hardware = lms.hardware()
    x, y = lms.signals(FILTER_SAMPLES)
    stream = real_samples(hardware, [x[:, None]], [y[:, None]])
    start = [np.zeros(T.shape) for T in hardware.parameter_types]
    parameters = hardware.quantise_parameters(start)
    reference = reference_trace(hardware, stream, parameters)
    simulated = simulated_learning(hardware, parameters, stream)
    compared = simulated.compare(reference)
    console.print(f"adaptive filter: {compared:,} integers compared, all equal")
    [T] = hardware.prediction_types
    fixed_error = (reference.predictions * T.fixed.step - y)[:, 0]
    compiled, _, _ = compile_model(lms.model(), layers.sgd(lms.RATE), layers.mse)
    program, w, float_error = compiled(), np.zeros((lms.TAPS, 1), np.float32), []
    for row, target in zip(x.astype(np.float32), y.astype(np.float32), strict=True):
        [prediction] = program.predict(w, row[None])
        float_error.append(float(prediction[0, 0] - target[0]))
        [w] = program.step(w, row[None], target[None])
    return compared, fixed_error, np.array(float_error)


def learned_digits() -> tuple[State, dict[str, str]]:
    """4. A whole board, simulated down to its pins, learns over its serial line."""
    run = BUILD / "demo_digits.npz"
    command = ["train", "examples/digits.py", "--simulate", "--compare", "--checkpoint", str(run)]
    if not verilated.installed():  # Some images, for the slow simulator.
        few = BUILD / "few_digits.npz"
        x, y, x_test, y_test = (array[:FEW] for array in digits.data().values())
        np.savez(few, x=x, y=y, x_test=x_test, y_test=y_test)
        command += ["--simulator", "amaranth", "--data", str(few)]
    console.print(f"$ catgrad {' '.join(command)}", highlight=False)
    if catgrad(command):
        raise CatgradError("The simulated board did not learn; see what was said above.")
    watcher = Watcher(run)
    state = watcher.state()
    last = watcher.weights(state)
    assert last is not None
    assert state.confusion is not None
    return state, {
        "digits": accuracy_curve(state.training, state.test, state.lately),
        "confusion": confusion_matrix(state.confusion),
        "weights": weight_images(last["pictures"][0]),
    }


def build_boards() -> list[BuildReport]:
    """5. Bitstreams for two boards of two families."""
    reports = []
    for board, example in (("icebreaker", "digits"), ("ulx3s", "iris")):
        with working(f"synthesis, place and route: {example} on {board}"):
            report = build_example(board, example, BUILD / board)
        console.print(str(report), highlight=False)
        reports.append(report)
    return reports


def pictures() -> dict[str, str]:
    """6. String diagrams of the model and of its training step."""
    batch = NdArrayType((1,), Dtype.float32)
    iris_learner = learner(iris.model(), layers.sgd(iris.RATE), layers.mse)
    names = [*array_names(iris_learner.parameter_names), "x"]
    tick = transition(iris_learner.whole, iris_learner.parameters)
    one_layer = learner(
        layers.linear(batch, iris.FEATURES, iris.SPECIES), layers.sgd(iris.RATE), layers.mse
    )
    news = [f"new {name}" for name in names[:-1]]
    return {
        "model": draw(predict(iris_learner), label, inputs=names, outputs=["prediction"]),
        "linear": draw(
            transition(one_layer.whole, 1),
            label,
            inputs=["weights", "x", "y"],
            outputs=["prediction", "new weights"],
        ),
        "step": draw(tick, label, inputs=[*names, "y"], outputs=["prediction", *news]),
    }


def label(operation: Hashable) -> str:
    """What a box of a diagram says."""
    return str(operation.x) if isinstance(operation, Constant) else caption(operation)


def main() -> int:
    """Run the demo; exit status 1 and one sentence where something it needs is missing."""
    BUILD.mkdir(exist_ok=True)
    show_source()

    console.rule("2  Training on 100 iris flowers, testing on the other 50")
    train, _ = iris.load(SEED)
    order = train.epochs(iris.EPOCHS, SEED)
    floats = train_float(order)
    initial = iris.initial(list(learner(iris.model(), layers.sgd(1), layers.mse).P), SEED)
    calibration = Calibration(
        [a.astype(np.float32) for a in initial],
        [train.x[order, None].astype(np.float32)],
        [train.y[order, None].astype(np.float32)],
    )
    hardware = compile_hardware(
        iris.model(),
        layers.sgd(iris.RATE),
        layers.mse,
        iris.FORMATS,
        Spatial(cycles=iris.CYCLES),
        calibration,
    )
    parameters = hardware.quantise_parameters(initial)
    stream = iris_stream(hardware, order)
    reference = reference_trace(hardware, stream, parameters)
    integers = integer_accuracy(hardware, reference, "training in integers")
    console.print(
        f"test accuracy after {iris.EPOCHS} epochs: float {floats.accuracy[-1]:.1%}, "
        f"integers {integers.accuracy[-1]:.1%} ({hardware.formats.data} numbers)"
    )

    console.rule("3  The training hardware, simulated, against the integer program")
    console.print(str(hardware.report()), highlight=False)
    count = SIMULATED * len(train.x)
    part = iris_stream(hardware, order[:count])
    simulated = simulated_learning(hardware, parameters, part)
    compared = simulated.compare(reference_trace(hardware, part, parameters))
    console.print(
        f"{count:,} training steps in {simulated.cycles:,} clock cycles: every prediction, "
        f"every parameter and every counter after every step, {compared:,} integers, all equal (==)"
    )
    machine = integer_accuracy(hardware, simulated, "accuracy in hardware")
    also_compared, fixed_error, float_error = lms_run()

    console.rule("4  A board, simulated down to its pins, learns handwritten digits")
    board, board_images = learned_digits()
    board_compared = board.link["compared"] or 0

    console.rule("5  Bitstreams")
    written = hardware.export(BUILD / "verilog", parameters)
    console.print(f"wrote {', '.join(map(str, written))}", highlight=False)
    reports = build_boards()

    console.rule("6  A page to look at")
    images = (
        pictures()
        | board_images
        | {
            "training": curve(
                {
                    "float": (floats.steps, floats.accuracy),
                    "integer NumPy": (integers.steps, integers.accuracy),
                    f"hardware ({SIMULATOR})": (machine.steps, machine.accuracy),
                }
            ),
            "filter": lms_curve({"float": float_error, f"hardware ({SIMULATOR})": fixed_error}),
        }
    )
    facts = {
        "integers compared": f"{compared + also_compared + board_compared:,}, all equal",
        "test accuracy, float": f"{floats.accuracy[-1]:.1%}",
        "test accuracy, hardware": f"{machine.accuracy[-1]:.1%}",
        "digits read right by the board": f"{board.test.accuracy[-1]:.1%}",
    }
    console.print(f"open {write_page(BUILD, images, facts, reports, hardware.source)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CatgradError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
