"""A GPT of characters, which learns to write like the manual of Python.

    python examples/gpt.py [--steps 2000] [--layers 2] [--width 64] [--help]

The model, Adam and the cross-entropy of the next character become one function of NumPy. It is
trained, a text that it made up is printed, and its loss left as a picture in build/. (Radford et
al., "Language models are unsupervised multitask learners", 2019, section 2.3.)
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from gpt_text import Text, batches, cross_entropy, generate, load
from numpy.typing import NDArray
from page import loss_curve
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from catgrad import CatgradError, Dtype, NdArrayType, compile_model, layers
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import learner
from catgrad.publish import publish

Array = NDArray[Any]

TEST_EVERY = 100  # steps between two measurements of the loss on the end of the text
TEST_BATCHES = 10
WARM_UP = 50  # steps in which the rate rises


@dataclass(frozen=True)
class Gpt:
    """How large the model is, and how many pieces of `context` characters it reads at once."""

    vocabulary: int
    layers: int = 2
    width: int = 64
    heads: int = 4
    context: int = 64
    batch: int = 16
    dtype: Dtype = Dtype.float32

    def model(self) -> OpenHypergraph:
        """``int32[batch, context] → float[batch, context, vocabulary]``: after each character the
        logits of the next."""
        sizes = self.batch, self.context, self.width, self.vocabulary
        B, T, D, V = (NdArrayType((n,), self.dtype) for n in sizes)
        tokens = NdArrayType((self.batch, self.context), Dtype.int32)
        f = layers.embedding(tokens, self.vocabulary, D, "tokens") >> layers.positions(B, T, D)
        for _ in range(self.layers):
            attention = layers.causal_attention(B, T, D, self.heads)
            f = f >> layers.residual(layers.layer_norm(B + T, D) >> attention)
            f = f >> layers.residual(layers.layer_norm(B + T, D) >> mlp(B + T, D))
        return f >> layers.layer_norm(B + T, D) >> layers.linear(B + T, D, V, "head")


def mlp(A: NdArrayType, D: NdArrayType) -> OpenHypergraph:
    """``A+D → A+D``, four times as wide in between."""
    H = NdArrayType((4 * D.size,), D.dtype)
    return layers.dense(A, D, H, layers.gelu) >> layers.linear(A, H, D) >> layers.bias(D, batch=A)


def model() -> OpenHypergraph:
    """The model as it is without options."""
    return Gpt(len(load().characters)).model()


RULE = layers.joined(layers.adam(layers.rate()))
LOSS = layers.averaged(layers.cross_entropy_labels)


def compiled(gpt: Gpt) -> Any:
    """``predict(*P, tokens)``, and ``step(*P, *S, tokens, labels, rate) -> [*P, *S, loss]``."""
    return compile_model(gpt.model(), RULE, LOSS, report=["loss"])[0]


def initial(gpt: Gpt, seed: int = 0) -> list[Array]:
    """Parameters to start from: scales of 1, shifts and biases of 0, small random weights."""
    random = np.random.default_rng(seed)
    known = learner(gpt.model(), RULE, LOSS)
    return [
        np.full(T.shape, float(name == "scale"), str(T.dtype))
        if len(T.shape) == 1
        else random.normal(scale=0.5 / math.sqrt(gpt.width), size=T.shape).astype(str(T.dtype))
        for name, T in zip(known.parameter_names, known.P, strict=True)
    ]


def schedule(step: int, steps: int, rate: float) -> float:
    """The rate of one step: it rises for a while, and falls along a cosine to a tenth."""
    fallen = (1 - math.cos(math.pi * step / steps)) / 2
    return rate * min(1, (step + 1) / WARM_UP) * (1 - 0.9 * fallen)


@dataclass
class Losses:
    """The loss of each step, and on the end of the text after each of the steps `tested`."""

    training: list[float] = field(default_factory=list)
    tested: list[int] = field(default_factory=list)
    test: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"loss {np.mean(self.training[-TEST_EVERY:]):.3f}, test {self.test[-1]:.3f}"


def train(
    gpt: Gpt, text: Text, steps: int, rate: float, seed: int, progress: Progress
) -> tuple[list[Array], Losses]:
    """The parameters after so many steps, and the losses on the way."""
    program, kept, losses = compiled(gpt), initial(gpt, seed), Losses()
    parameters = slice(len(kept))
    kept += program.initial_state()
    drawn = batches(text.train, gpt.batch, gpt.context, np.random.default_rng(seed))
    task = progress.add_task("training", total=steps)
    for step, (x, y) in enumerate(islice(drawn, steps)):
        *kept, loss = program.step(*kept, x, y, schedule(step, steps, rate))
        losses.training.append(float(loss))
        if (step + 1) % TEST_EVERY == 0 or step + 1 == steps:
            losses.tested.append(step + 1)
            losses.test.append(assess(gpt, program, kept[parameters], text))
            progress.update(task, description=str(losses))
        progress.advance(task)
    return kept[parameters], losses


def assess(gpt: Gpt, program: Any, parameters: list[Array], text: Text) -> float:
    """The loss on pieces of the end of the text, the same ones each time."""
    drawn = batches(text.test, gpt.batch, gpt.context, np.random.default_rng(0))
    predict = partial(program.predict, *parameters)
    return float(np.mean([cross_entropy(predict(x)[0], y) for x, y in islice(drawn, TEST_BATCHES)]))


def write(gpt: Gpt, parameters: list[Array], text: Text, length: int, seed: int) -> Iterator[str]:
    """One character after another of a text that goes on from an empty line."""
    predict = partial(compiled(replace(gpt, batch=1)).predict, *parameters)
    random = np.random.default_rng(seed)
    tokens = generate(lambda x: predict(x)[0], text.encode("\n"), gpt.context, random)
    return (text.characters[token] for token in islice(tokens, length))


def arguments(text: Text) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a GPT on the manual of Python.")

    def number(name: str, default: int, help: str) -> None:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{help} ({default})")

    number("layers", 2, "pairs of attention and MLP")
    number("width", 64, "numbers that stand for a character in between")
    number("heads", 4, "of the attention; they share the width")
    number("context", 64, "characters that the model can look back on")
    number("batch", 16, "pieces of text for each step")
    number("steps", 2000, "of training")
    number("length", 600, "characters to write in the end")
    number("seed", 0, "of the weights, the order of the text and what is written")
    parser.add_argument("--rate", type=float, default=6e-3, help="the greatest of Adam (0.006)")
    parser.add_argument("--out", type=Path, default=Path("build/gpt.svg"), help="the loss curve")
    given = parser.parse_args()
    if given.out.is_dir():
        parser.error(f"--out {given.out} is a directory; name a file to write")
    for name in ("layers", "width", "heads", "context", "batch", "steps", "rate"):
        if getattr(given, name) <= 0:
            parser.error(f"--{name} has to be positive, not {getattr(given, name)}")
    for name in ("length", "seed"):
        if getattr(given, name) < 0:
            parser.error(f"--{name} has to be at least 0, not {getattr(given, name)}")
    for part, tokens in (("learn from", text.train), ("test on", text.test)):
        if given.context >= len(tokens):
            parser.error(
                f"--context has to be below {len(tokens)}, the characters of the text to {part}, "
                f"not {given.context}"
            )
    try:  # before the training, which would be lost
        given.out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {given.out} cannot be written to ({error.strerror})")
    return given


def main() -> None:
    console, text = Console(), load()
    given = arguments(text)
    sizes = given.layers, given.width, given.heads, given.context, given.batch
    gpt = Gpt(len(text.characters), *sizes)
    count = sum(a.size for a in initial(gpt))
    console.print(
        f"{count:,} parameters learn {len(text.train):,} characters of pydoc_data.topics, "
        f"{gpt.batch} × {gpt.context} a step"
    )
    columns = *Progress.get_default_columns(), TimeElapsedColumn()
    # A step refuses parameters that are not finite, in a sentence.
    with (
        Progress(*columns, console=console) as progress,
        np.errstate(over="ignore", invalid="ignore"),
    ):
        parameters, losses = train(gpt, text, given.steps, given.rate, given.seed, progress)
    picture = loss_curve(losses.training, (losses.tested, losses.test))
    console.print(f"{losses}; the curve is {publish(given.out, picture)}", highlight=False)
    console.rule("what it writes")
    for character in write(gpt, parameters, text, given.length, given.seed):
        print(character, end="", flush=True)
    print()


if __name__ == "__main__":
    try:
        main()
    except CatgradError as error:
        sys.exit(str(error))
