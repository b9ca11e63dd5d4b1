"""How well fixed-point learners learn: python bench/accuracy.py.

Each row trains the same model in float and in catgrad's integers, one sample at a time, on the
same samples in the same order, and prints both results; a mean over the seeds given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits, load_iris

from catgrad import Dtype, Fixed, Formats, NdArrayType, compile_hardware, compile_model, layers
from catgrad.combinators import Canonical, identity
from catgrad.hypergraph import OpenHypergraph

Floats = NDArray[np.float64]
ONE = NdArrayType((1,), Dtype.float32)


Initialiser = Callable[[np.random.Generator, NdArrayType], Floats]


def small(random: np.random.Generator, T: NdArrayType) -> Floats:
    """Uniform weights, in proportion to the square root of how many numbers each sums up."""
    weights: Floats = random.uniform(-1, 1, T.shape) / np.sqrt(T.shape[0])
    return weights


def for_relu(random: np.random.Generator, T: NdArrayType) -> Floats:
    """Normal weights with which ReLU keeps the variance (He et al., arXiv 1502.01852)."""
    weights: Floats = random.normal(size=T.shape) * np.sqrt(2 / T.shape[0])
    return weights


@dataclass(frozen=True)
class Task:
    """Something to learn: `score` says how well, `required` what it has to be."""

    name: str
    data: Callable[[int], tuple[Floats, Floats, Floats, Floats]]
    widths: tuple[int, ...]
    activation: Canonical
    output: Canonical
    rate: int
    formats: Formats
    epochs: int
    seeds: int
    required: float
    loss: Canonical = layers.mse
    init: Initialiser = small


def iris(seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """100 flowers to learn from, 50 to test on."""
    data = load_iris()
    order = np.random.default_rng(seed).permutation(150)
    x, y = data.data[order], np.eye(3)[data.target[order]]
    x = (x - x[:100].mean(axis=0)) / x[:100].std(axis=0)
    return x[:100], y[:100], x[100:], y[100:]


def digits(seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """1,437 digits to learn from, 360 to test on."""
    data = load_digits()
    order = np.random.default_rng(seed).permutation(len(data.target))
    x, y = data.data[order] / 16, np.eye(10)[data.target[order]]
    return x[:1437], y[:1437], x[1437:], y[1437:]


def model(task: Task) -> OpenHypergraph:
    """Dense layers of the task's widths."""
    arrays = [NdArrayType((n,), Dtype.float32) for n in task.widths]
    stacked = identity(layers.linear(ONE, arrays[0], arrays[0]).source)
    for i, (A, B) in enumerate(pairwise(arrays)):
        last = i == len(arrays) - 2
        stacked = stacked >> layers.dense(ONE, A, B, task.output if last else task.activation)
    return stacked


def train(task: Task, seed: int) -> tuple[float, float]:
    """Test accuracy in float and in integers."""
    x, y, x_test, y_test = task.data(seed)
    random = np.random.default_rng(seed)
    rule = layers.sgd(2.0**-task.rate)
    compiled, types, _ = compile_model(model(task), rule, task.loss)
    hardware = compile_hardware(model(task), rule, task.loss, task.formats)
    floats = [(task.init(random, T) * (len(T.shape) > 1)).astype("f4") for T in types]
    integers = hardware.quantise_parameters(floats)
    program, reference = compiled(), hardware.reference
    rows = [a.astype("f4")[:, None] for a in (x, y, x_test)]
    fixed = [
        np.array([quantise(row[None])[0] for row in a])
        for quantise, a in (
            (hardware.quantise_x, x),
            (hardware.quantise_y, y),
            (hardware.quantise_x, x_test),
        )
    ]
    for _ in range(task.epochs):
        for i in random.permutation(len(x)):
            floats = program.step(*floats, rows[0][i], rows[1][i])
            integers = reference.step(*integers, fixed[0][i], fixed[1][i])
    truth = y_test.argmax(axis=1)
    accuracies = [
        np.mean([p(*parameters, a)[0][0].argmax() for a in inputs] == truth)
        for p, parameters, inputs in (
            (program.predict, floats, rows[2]),
            (reference.predict, integers, fixed[2]),
        )
    ]
    return float(accuracies[0]), float(accuracies[1])


RELU, SIGMOID = layers.relu, layers.sigmoid
WIDE = Formats.uniform(16, 12)


def digits_by_cross_entropy(formats: Formats, epochs: int, required: float) -> Task:
    """Digits again, the outputs taken for logits."""
    name, widths, loss = "digits 64-32-10, cross-entropy", (64, 32, 10), layers.cross_entropy
    options = (RELU, identity, 5, formats, epochs, 3, required, loss, for_relu)
    return Task(name, digits, widths, *options)


TASKS = [
    Task("iris 4-3, linear", iris, (4, 3), identity, identity, 5, WIDE, 40, 8, 0.825),
    Task("iris 4-8-3, ReLU", iris, (4, 8, 3), RELU, identity, 5, WIDE, 40, 8, 0.95),
    Task("iris 4-8-3, sigmoid", iris, (4, 8, 3), SIGMOID, SIGMOID, 2, WIDE, 80, 8, 0.94),
    Task("digits 64-32-10, ReLU", digits, (64, 32, 10), RELU, identity, 5, WIDE, 20, 3, 0.957),
    Task(
        "digits, 12-bit data, 16-bit weights",
        digits,
        (64, 32, 10),
        RELU,
        identity,
        5,
        Formats.uniform(12, 8, weights=Fixed(16, 12)),
        20,
        3,
        0.95,
    ),
    digits_by_cross_entropy(WIDE, 10, 0.96),
    digits_by_cross_entropy(WIDE, 20, 0.961),
    digits_by_cross_entropy(Formats.uniform(12, 8), 20, 0.96),
]


def lms_error(formats: Formats, rate: int, seed: int, taps: int = 16) -> tuple[float, float]:
    """The mean square error in dB, float and integer, of a filter that has found a channel."""
    random = np.random.default_rng(seed)
    response = random.normal(size=taps) * np.exp(-0.2 * np.arange(taps))
    response *= 0.5 / np.abs(response).sum() * 2
    x = random.uniform(-1, 1, 8000 + taps)
    windows = np.lib.stride_tricks.sliding_window_view(x, taps)[:, ::-1]
    noise = 0.01 * random.normal(size=len(windows))
    y = windows @ response + noise
    N, A = ONE, NdArrayType((taps,), Dtype.float32)
    linear, rule = layers.linear(N, A, ONE), layers.sgd(2.0**-rate)
    compiled, _, _ = compile_model(linear, rule, layers.mse)
    hardware = compile_hardware(linear, rule, layers.mse, formats)
    w, [v] = np.zeros((taps, 1), "f4"), hardware.quantise_parameters([np.zeros((taps, 1))])
    program, reference = compiled(), hardware.reference
    errors = []
    for row, target in zip(windows, y, strict=True):
        [xq], [yq] = hardware.quantise_x(row[None]), hardware.quantise_y([[target]])
        [p], [q] = program.predict(w, row[None]), reference.predict(v, xq)
        [real] = hardware.dequantise_prediction([q])
        errors.append((float(p[0, 0]) - target, float(real[0, 0]) - target))
        [w], [v] = program.step(w, row[None], [[target]]), reference.step(v, xq, yq)
    power = (np.array(errors[len(errors) // 2 :]) ** 2).mean(axis=0)
    return float(10 * np.log10(power[0])), float(10 * np.log10(power[1]))


FILTERS = [
    ("LMS 16 taps", Formats.uniform(16, 14, weights=Fixed(18, 16)), 5, 0.2),
    ("LMS 16 taps", Formats.uniform(16, 14), 6, 1.0),
]


def main() -> None:
    """Print the tables."""
    console = Console()
    filters = Table("filter", "formats", "rate", "float", "integers", "within")
    for name, formats, rate, allowed in FILTERS:
        label = f"{name:40}"
        results = [lms_error(formats, rate, s) for s in track(range(3), label, console=console)]
        real, integer = np.mean(results, axis=0)
        filters.add_row(
            name,
            f"{formats.data} / {formats.weights}",
            f"2**-{rate}",
            f"{real:.2f} dB",
            f"{integer:.2f} dB",
            f"{allowed} dB",
        )
    console.print(filters)
    table = Table("task", "formats", "epochs", "seeds", "float", "integers", "required")
    for task in TASKS:
        label = f"{task.name:40}"
        results = [train(task, s) for s in track(range(task.seeds), label, console=console)]
        means = np.mean(results, axis=0)
        table.add_row(
            task.name,
            f"{task.formats.data} / {task.formats.weights}",
            str(task.epochs),
            str(task.seeds),
            *(f"{m:.1%}" for m in means),
            f"{task.required:.1%}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
