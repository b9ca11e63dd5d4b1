"""Learners as phases, and random numbers to run them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from catgrad import Dtype, Formats, NdArrayType, compile_hardware, layers
from catgrad.combinators import Canonical, identity
from catgrad.folded.evaluate import evaluate
from catgrad.folded.fuse.verify import verify
from catgrad.folded.phase import Phases
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph
from examples import kernels

Numbers = np.ndarray


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


def dense(batch: int, *widths: int, last: Canonical = identity) -> OpenHypergraph:
    """Dense layers with ReLU between them."""
    arrays = [T(n) for n in widths]
    model = identity(layers.linear(T(batch), arrays[0], arrays[0]).source)
    for i, (A, B) in enumerate(pairwise(arrays), 1):
        model = model >> layers.dense(T(batch), A, B, layers.relu if i < len(widths) - 1 else last)
    return model


def hardware(
    model: OpenHypergraph,
    rule: Canonical | None = None,
    loss: Canonical = layers.mse,
    formats: Formats | None = None,
) -> Hardware:
    return compile_hardware(
        model, rule or layers.sgd(2**-3), loss, formats or Formats.uniform(12, 7, table_bits=5)
    )


def digits() -> Hardware:
    """The network 64-32-10."""
    return hardware(dense(1, 64, 32, 10), layers.sgd(2**-5), formats=Formats.uniform(16, 12))


def phases_of(learner: Hardware) -> Phases:
    """The phases of a learner, verified."""
    return verify(learner.phases)


def random_numbers(
    random: np.random.Generator, types: Sequence[NdArrayType], scale: float
) -> list[Numbers]:
    """Any mantissas that the formats have, or the lesser of them."""
    return [
        random.integers(int(t.fixed.min * scale), int(t.fixed.max * scale) + 1, t.shape)
        for t in types
    ]


def agrees(learner: Hardware, steps: int = 3, seed: int = 0) -> Phases:
    """The phases of a learner give what its integer program gives, step after step."""
    phases, random = phases_of(learner), np.random.default_rng(seed)
    saturated = 0
    for scale in (1.0, 0.1):
        state = random_numbers(random, learner.parameter_types, scale)
        for _ in range(steps):
            x = random_numbers(random, learner.x_types, scale)
            y = random_numbers(random, learner.y_types, scale)
            *arrays, early, late = learner.reference.transition(*state, *x, *y)
            predictions, new = arrays[: -len(state) or None], arrays[len(arrays) - len(state) :]
            step = evaluate(phases, [*state, *x, *y])
            same(step.predictions, predictions)
            same(step.state, new)
            assert (step.early, step.late) == (early, late)
            only = evaluate(phases, [*state, *x], train=False)
            same(only.predictions, predictions)
            same(only.state, state)
            assert (only.early, only.late) == (early, 0)
            saturated += int(early) + int(late)
            state = new
    assert saturated > 0
    return phases


def same(found: Sequence[Numbers], wanted: Sequence[Numbers]) -> None:
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, np.ravel(b))


def flat(model: OpenHypergraph) -> OpenHypergraph:
    [Y] = model.target
    return model >> layers.flatten(Y, T(1, Y.size))


def convolution(n: int, pooled: OpenHypergraph) -> OpenHypergraph:
    seen = layers.conv2d(T(1), T(n, n, 1), T(2), 3, activation=layers.relu) >> pooled
    return flat(seen) >> dense(1, flat(seen).target[0].size, 3)


MODELS: dict[str, Callable[[], Hardware]] = {
    "mlp": lambda: hardware(dense(1, 5, 4, 3, 2)),
    "one number": lambda: hardware(dense(1, 1, 6, 1)),
    "sigmoid": lambda: hardware(dense(1, 4, 3, last=layers.sigmoid)),
    "linear": lambda: hardware(layers.linear(T(1), T(5), T(3))),
    "lms": lambda: hardware(layers.linear(T(1), T(5), T(1)), layers.lms(2**-3)),
    "batch": lambda: hardware(dense(3, 5, 4, 2)),
    "averaged": lambda: hardware(dense(4, 5, 2), loss=layers.averaged(layers.mse)),
    "cross_entropy": lambda: hardware(dense(1, 4, 4, 3), loss=layers.cross_entropy),
    "cross_entropy batch": lambda: hardware(dense(2, 4, 3), loss=layers.cross_entropy),
    "residual": lambda: hardware(layers.residual(dense(1, 4, 4, last=layers.relu))),
    "momentum": lambda: hardware(dense(1, 4, 3), layers.momentum(2**-3, 0.75)),
    "nesterov": lambda: hardware(dense(1, 4, 3), layers.momentum(2**-3, 0.75, nesterov=True)),
    "joined": lambda: hardware(dense(1, 4, 3), layers.joined(layers.momentum(2**-3, 0.75))),
    "sign_sgd": lambda: hardware(dense(1, 4, 3), layers.sign_sgd(2**-3)),
    "lion": lambda: hardware(dense(1, 4, 3), layers.lion(2**-4, 0.875, 0.75)),
    "clip_norm": lambda: hardware(
        dense(1, 4, 3), layers.chain(layers.sgd(2**-3), layers.clip_norm(0.5))
    ),
    "frozen": lambda: hardware(dense(1, 4, 3), layers.sgd(0)),
    "rate": lambda: hardware(dense(1, 4, 3), layers.sgd(layers.rate())),
    "l1": lambda: hardware(dense(2, 4, 3), loss=layers.l1),
    "huber": lambda: hardware(dense(2, 4, 3), loss=layers.huber(0.5)),
    "hinge": lambda: hardware(dense(2, 4, 3), loss=layers.hinge),
    "max_pool": lambda: hardware(convolution(6, layers.max_pool(T(1), T(4, 4, 2), 2))),
    "mean_pool": lambda: hardware(convolution(6, layers.mean_pool(T(1), T(4, 4, 2), 2))),
    "overlapping windows": lambda: hardware(
        convolution(6, layers.max_pool(T(1), T(4, 4, 2), 2, 1))
    ),
    "two convolutions": lambda: hardware(
        convolution(6, layers.conv2d(T(1), T(4, 4, 2), T(2), 3, stride=2, padding=1))
    ),
    "layer_norm": lambda: hardware(dense(2, 3, 4) >> layers.layer_norm(T(2), T(4))),
    "gru": lambda: hardware(layers.gru(T(1), T(2), T(2), T(3))),
    "attention": lambda: hardware(layers.causal_attention(T(1), T(3), T(4), 2)),
    **{name: example.hardware for name, example in kernels.EXAMPLES.items()},
}
