"""How fast the source is that catgrad writes: python bench/static_source.py.

Each row runs the same training step as the file that `save_source` writes and as written by hand
in NumPy (bench/hand_written), and at batch 1 in PyTorch, eagerly, on one thread and on all of them.
All in one process, in turn, on the same arrays; before anything is timed, the results are compared.
A time is the median over all rounds, and a ratio the median of the ratios of each round, in which
both ran within milliseconds of each other, each once before the other and once behind it. As in a
training loop, each follows itself: at its turn it runs once before it is timed, since another has
just filled the caches with its own arrays.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Matrices this small gain nothing from a second thread, and the time of one varies less.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from hand_written import convolution, gpt_torch, mlp
from hand_written import gpt as gpt_by_hand
from rich.console import Console
from rich.table import Table

from catgrad import Dtype, NdArrayType, compile_model, layers
from catgrad.combinators import Canonical
from catgrad.hypergraph import OpenHypergraph

sys.path.append(str(Path(__file__).parents[1] / "examples"))
from gpt import LOSS, RULE, Gpt, initial

Step = Callable[..., list[Any]]
Run = Callable[[], object]

ROUNDS = 31
SECONDS = 0.005
"""How long each contestant runs in each of the two turns of a round, at least."""

TOLERANCE = 1e-4
"""Of float32 after one step."""


@dataclass(frozen=True)
class Case:
    """A training step, three times: nothing is left but to call each."""

    name: str
    generated: Run
    by_hand: Run
    in_torch: Run | None = None


def floats(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


def case(
    name: str,
    model: OpenHypergraph,
    loss: Canonical,
    by_hand: Step,
    torch_model: torch.nn.Module,
    torch_loss: Callable[[Any, Any], Any],
) -> Case:
    """A model ``float[batch, n] → float[batch, m]`` with gradient descent."""
    compiled, P, _ = compile_model(model, layers.sgd(mlp.RATE), loss)
    generated, rng = saved(compiled), np.random.default_rng(0)
    types = [*P, *model.source, *model.target]
    arrays = [rng.normal(scale=0.3, size=T.shape).astype(str(T.dtype)) for T in types]
    require_equal(generated(*arrays), by_hand(*arrays))
    batch = model.source[0].shape[0]
    return Case(
        f"{name}, batch {batch}",
        lambda: generated(*arrays),
        lambda: by_hand(*arrays),
        torch_step(torch_model, torch_loss, arrays) if batch == 1 else None,
    )


def network(batch: int, inputs: int, hidden: int, outputs: int) -> Case:
    """A network of two dense layers."""
    A, B, C, D = (floats(n) for n in (batch, inputs, hidden, outputs))
    first, second = torch.nn.Linear(inputs, hidden), torch.nn.Linear(hidden, outputs)
    return case(
        f"dense {inputs}-{hidden}-{outputs}",
        layers.dense(A, B, C, layers.relu) >> layers.dense(A, C, D, layers.sigmoid),
        layers.mse,
        mlp.step,
        torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.Sigmoid()),
        lambda prediction, y: (prediction - y).square().sum() / 2,
    )


def convolutional(batch: int, channels: int = 8) -> Case:
    """A small convolutional net on 8x8 digits."""
    A, image, plane = floats(batch), floats(8, 8, 1), floats(6, 6, channels)
    features = floats(9 * channels)
    model = (
        layers.flatten(floats(batch, 64), A + image)
        >> layers.conv2d(A, image, floats(channels), 3, activation=layers.relu)
        >> layers.mean_pool(A, plane, 2)
        >> layers.flatten(A + floats(3, 3, channels), A + features)
        >> layers.linear(A, features, floats(10))
        >> layers.bias(floats(10), A)
    )
    torch_model = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 8, 8)),
        torch.nn.Conv2d(1, channels, 3),
        torch.nn.ReLU(),
        torch.nn.AvgPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(9 * channels, 10),
    )
    return case(
        "convolution 8x8",
        model,
        layers.cross_entropy,
        convolution.step,
        torch_model,
        lambda logits, y: -(y * logits.log_softmax(1)).sum(),
    )


def gpt(batch: int, vocabulary: int = 86) -> Case:
    """The GPT of examples/gpt.py, with Adam."""
    model, rate, rng = Gpt(vocabulary, batch=batch), 1e-3, np.random.default_rng(0)
    compiled = compile_model(model.model(), RULE, LOSS, report=["loss"])[0]
    generated, kept = saved(compiled), [*initial(model), *compiled().initial_state()]
    sizes = gpt_by_hand.Sizes(vocabulary, batch=batch)
    by_hand = gpt_by_hand.Gpt(sizes)
    by_hand.load(initial(model))
    shape = (model.batch, model.context)
    x, y = (rng.integers(vocabulary, size=shape, dtype=np.int32) for _ in range(2))
    arguments = [*kept, x, y, np.array(rate, np.float32)]
    *learned, loss = generated(*arguments)
    require_equal([loss], [by_hand.step(x, y, rate)])
    require_equal(learned[: len(initial(model))], by_hand.learned())
    in_torch = gpt_torch.stepping(sizes, initial(model), x, y, rate) if batch == 1 else None
    if in_torch:
        require_equal([loss], [in_torch()])
    return Case(
        f"GPT, batch {batch}",
        lambda: generated(*arguments),
        lambda: by_hand.step(x, y, rate),
        in_torch,
    )


def saved(compiled: Any) -> Step:
    """The step that `save_source` writes, imported from its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = compiled.save_source(Path(folder) / "model.py")
        spec = importlib.util.spec_from_file_location("model", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    step: Step = module.CompiledModel.step
    return step


def torch_step(
    model: torch.nn.Module, loss: Callable[[Any, Any], Any], arrays: Sequence[Any]
) -> Run:
    """One step of PyTorch on the input and the target, which are the last two arrays."""
    x, y = (torch.from_numpy(array) for array in arrays[-2:])
    rule = torch.optim.SGD(model.parameters(), lr=mlp.RATE)

    def step() -> None:
        rule.zero_grad()
        loss(model(x), y).backward()
        rule.step()

    return step


def require_equal(ours: Sequence[Any], theirs: Sequence[Any]) -> None:
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x, y, rtol=TOLERANCE, atol=TOLERANCE)


################################################################################
# Measurement


def rounds(contestants: Sequence[Run]) -> list[list[float]]:
    """For each round, the seconds that each contestant took for one call."""
    calls = []
    for run in contestants:
        for _ in range(3):
            run()
        start = time.perf_counter()
        run()
        calls.append(1 + round(SECONDS / (time.perf_counter() - start)))
    measured = []
    for _ in range(ROUNDS):
        seconds = [0.0] * len(contestants)
        turns = list(enumerate(zip(contestants, calls, strict=True)))
        for i, (run, times) in [*turns, *reversed(turns)]:
            run()
            start = time.perf_counter()
            for _ in range(times):
                run()
            seconds[i] += (time.perf_counter() - start) / times / 2
        measured.append(seconds)
    return measured


def compared(case: Case) -> list[str]:
    """A row of the table."""
    measured = rounds([case.generated, case.by_hand])
    row = [case.name, *map(median, zip(*measured, strict=True)), ratio(measured, 0, 1)]
    if case.in_torch:
        threads = torch.get_num_threads()
        for n in (1, threads):
            torch.set_num_threads(n)
            measured = rounds([case.generated, case.in_torch])
            row += [median([seconds[1] for seconds in measured]), ratio(measured, 1, 0)]
    return row


def median(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1e6:,.1f}"


def ratio(measured: Sequence[Sequence[float]], a: int, b: int) -> str:
    return f"{statistics.median(seconds[a] / seconds[b] for seconds in measured):.2f}"


def main() -> None:
    table = Table(title="Microseconds for one training step")
    table.add_column("model", no_wrap=True)
    all_threads = f"PyTorch on {torch.get_num_threads()}"
    for column in (
        *("saved source", "by hand", "ratio to by hand"),
        *("PyTorch on 1 thread", "ratio to source", all_threads, "ratio to source"),
    ):
        table.add_column(column, justify="right")
    for one in (
        network(100, 4, 20, 3),
        network(1, 4, 20, 3),
        network(32, 64, 32, 10),
        network(1, 64, 32, 10),
        convolutional(32),
        convolutional(1),
        gpt(16),
        gpt(1),
    ):
        table.add_row(*compared(one))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
