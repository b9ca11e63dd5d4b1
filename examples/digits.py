"""Handwritten digits: an engine with eight multipliers learns to read them.

    python examples/digits.py                                  what the engine consists of
    python examples/digits.py --simulate --epochs 10           train it, in simulated hardware

The digits are 1,797 images of 8 x 8 pixels (E. Alpaydin and C. Kaynak, "Optical Recognition of
Handwritten Digits", 1998); scikit-learn ships them. The training hardware meets them one by one, in
the order in which the integer program does, and both stay equal to the last bit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits

from catgrad import (
    CatgradError,
    Dtype,
    Folded,
    Formats,
    NdArrayType,
    compile_hardware,
    layers,
    op,
)
from catgrad.bidirectional import operation
from catgrad.combinators import identity
from catgrad.hardware import Hardware
from catgrad.hdl.multiplier import Family
from catgrad.hypergraph import OpenHypergraph
from sim import Running, Samples, real_samples, reference_trace

Floats = NDArray[np.float64]

RATE = 2**-5
EPOCHS = 10
LANES = 8
TRAINING = 1437  # images; the other 360 are for the test
FORMATS = Formats.uniform(16, 12)
LOSSES = {"mse": layers.mse, "cross_entropy": layers.cross_entropy}
N, PIXELS, HIDDEN, DIGITS = (NdArrayType((n,), Dtype.float32) for n in (1, 64, 32, 10))


def dense() -> OpenHypergraph:
    """64-32-10: a layer of rectified units, and an output for each digit."""
    hidden = layers.dense(N, PIXELS, HIDDEN, layers.relu)
    return hidden >> layers.dense(N, HIDDEN, DIGITS, identity)


def convolution() -> OpenHypergraph:
    """Eight 3 x 3 filters, the means of 2 x 2 points of what they see, and a dense layer."""
    image, filters, means = (NdArrayType(s, Dtype.float32) for s in ((8, 8, 1), (8,), (72,)))
    seen = layers.conv2d(N, image, filters, 3, activation=layers.relu)
    pooled = seen >> layers.mean_pool(N, NdArrayType((6, 6, 8), Dtype.float32), 2)
    flat = op(operation.Reshape(pooled.target[0], N + means))
    return pooled >> flat >> layers.dense(N, means, DIGITS, identity)


def large() -> OpenHypergraph:
    """784-128-10: the same recipe for images of 28 x 28 pixels."""
    pixels, units = (NdArrayType((n,), Dtype.float32) for n in (784, 128))
    hidden = layers.dense(N, pixels, units, layers.relu)
    return hidden >> layers.dense(N, units, DIGITS, identity)


MODELS = {"dense": dense, "convolution": convolution, "large": large}
TRAINED = ("dense", "convolution")
"""Those for the 8 x 8 images that come with scikit-learn."""


def hardware(
    model: str = "dense",
    loss: str = "mse",
    lanes: int = LANES,
    learns: bool = True,
    family: Family | None = None,
) -> Hardware:
    """The learner on so many lanes, with the multipliers of a family of FPGAs or any."""
    rule, schedule = layers.sgd(RATE), Folded(lanes=lanes, learns=learns, family=family)
    return compile_hardware(MODELS[model](), rule, LOSSES[loss], FORMATS, schedule)


@dataclass(frozen=True)
class Images:
    """Images in a fixed shuffled order: `x` float[n, 64], `y` float[n, 10] one-hot."""

    x: Floats
    y: Floats

    def samples(self, hardware: Hardware) -> Samples:
        """As integers, none of them to be learned from."""
        [X] = hardware.x_types
        x = self.x.reshape(len(self.x), *X.shape)
        return real_samples(hardware, [x], [self.y[:, None]], np.zeros(len(x), np.bool_))


def load(seed: int) -> tuple[Images, Images]:
    """The images to train on and to test on."""
    data = load_digits()
    order = np.random.default_rng(seed).permutation(len(data.target))
    x, y = data.data[order] / 16, np.eye(10)[data.target[order]]
    return Images(x[:TRAINING], y[:TRAINING]), Images(x[TRAINING:], y[TRAINING:])


def data() -> dict[str, Floats]:
    """The images as `catgrad train` takes them."""
    train, test = load(0)
    return {"x": train.x, "y": train.y, "x_test": test.x, "y_test": test.y}


def initial(types: Sequence[NdArrayType], loss: str, random: np.random.Generator) -> list[Floats]:
    """Parameters to start from: small random weights, biases of zero.

    Normal weights, with which ReLU keeps the variance (He et al., arXiv 1502.01852), where the
    outputs are logits; else uniform ones, in proportion to the root of how many numbers they sum.
    """

    def weights(shape: tuple[int, ...]) -> Floats:
        inputs = float(np.prod(shape[:-1]))
        if loss == "cross_entropy":
            drawn: Floats = random.normal(size=shape) * np.sqrt(2.0)
        else:
            drawn = random.uniform(-1, 1, shape)
        scaled: Floats = drawn / np.sqrt(inputs)
        return scaled

    return [weights(T.shape) if len(T.shape) > 1 else np.zeros(T.shape) for T in types]


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: the share of test images read right, and what it took.

    `equal`: how many integers of the hardware were compared with those of the integer program, all
    equal; `cycles`: of the clock, in training.
    """

    accuracy: float
    equal: int
    cycles: int


def learn(
    hardware: Hardware, loss: str, epochs: int, seed: int, lesson: int = TRAINING
) -> Iterator[Epoch]:
    """Train the hardware, epoch by epoch, on `lesson` images each; then it reads the test images.

    Its parameters are small random numbers at reset. CatgradError where an integer differs from
    that of the integer program.
    """
    train, test = load(seed)
    random = np.random.default_rng(seed)
    images, tests = train.samples(hardware), test.samples(hardware)
    assert images.y is not None
    parameters = hardware.quantise_parameters(initial(hardware.parameter_types, loss, random))
    running = Running(hardware.component(parameters))
    saturations = np.zeros(2, np.int64)
    for _ in range(epochs):
        order = random.permutation(TRAINING)[:lesson]
        learned = Samples(images.x[order], images.y[order], np.ones(len(order), np.bool_))
        equal, cycles = 0, 0
        for samples in (learned, tests):
            trace = running.stream(samples)
            wanted = reference_trace(hardware, samples, parameters, last=True)
            saturations += [wanted.forward_saturations[0, 0], wanted.learning_saturations[0, 0]]
            counted = [trace.forward_saturations[0, 0], trace.learning_saturations[0, 0]]
            for array, other in (
                (trace.predictions, wanted.predictions),
                (trace.parameters, wanted.parameters),
                (np.array(counted), saturations % 2**32),
            ):
                if not np.array_equal(array, other):
                    raise CatgradError(
                        "The hardware and the integer program differ; this is an error in catgrad."
                    )
                equal += array.size
            cycles = cycles or trace.cycles
            parameters = hardware.unflatten(trace.parameters[0], hardware.parameter_types)
        right = trace.predictions.argmax(axis=1) == test.y.argmax(axis=1)
        yield Epoch(float(right.mean()), equal, cycles)


def simulate(arguments: argparse.Namespace, console: Console) -> None:
    """Train in simulated hardware, and print what each epoch came to."""
    learner = hardware(arguments.model, arguments.loss, arguments.lanes)
    runs = []
    for seed in arguments.seeds:
        steps = learn(learner, arguments.loss, arguments.epochs, seed, arguments.lesson)
        name = f"seed {seed}: training in hardware"
        runs.append(list(track(steps, name, arguments.epochs, console=console)))
    table = Table("epoch", *(f"seed {seed}" for seed in arguments.seeds), "mean")
    for number, epochs in enumerate(zip(*runs, strict=True), 1):
        accuracies = [epoch.accuracy for epoch in epochs]
        table.add_row(str(number), *(f"{a:.1%}" for a in [*accuracies, np.mean(accuracies)]))
    console.print(table)
    equal = sum(epoch.equal for run in runs for epoch in run)
    cycles = sum(epoch.cycles for run in runs for epoch in run)
    steps = len(runs) * arguments.epochs * arguments.lesson
    console.print(
        f"{steps:,} training steps in {cycles:,} clock cycles, {cycles / steps:.1f} each; "
        f"{equal:,} integers compared with the integer program, all equal"
    )


def main() -> int:
    """Report on the engine, or simulate it; exit status 1 and one sentence where that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--simulate", action="store_true", help="train in simulated hardware")
    parser.add_argument("--model", choices=TRAINED, default="dense")
    parser.add_argument("--loss", choices=sorted(LOSSES), default="mse")
    parser.add_argument("--lanes", type=int, default=LANES, help="multipliers; 8 by default")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument(
        "--lesson", type=int, default=TRAINING, metavar="IMAGES", help="to learn from in an epoch"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--export", type=Path, help="a directory for the Verilog and the rest")
    arguments = parser.parse_args()
    console = Console()
    if arguments.epochs < 1 or not 1 <= arguments.lesson <= TRAINING:
        parser.error(
            f"there are at least 1 epoch, of 1 to {TRAINING} images; not {arguments.epochs} of "
            f"{arguments.lesson}"
        )
    try:
        learner = hardware(arguments.model, arguments.loss, arguments.lanes)
        print(learner.report())
        if arguments.export:
            learner.export(arguments.export)
        if arguments.simulate:
            simulate(arguments, console)
    except CatgradError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
