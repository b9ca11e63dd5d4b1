"""The GPT of the examples against the same model in PyTorch, and against the step by hand."""

from __future__ import annotations

from dataclasses import astuple
from itertools import islice
from typing import Any

import gpt_text
import numpy as np
import pytest
import torch
from gpt import LOSS, Gpt, compiled, initial
from numpy.typing import NDArray

from bench.hand_written import gpt as by_hand
from catgrad import Dtype, compile_model
from catgrad.combinators import identity
from tests.torch.torch_gpt import loss as torch_loss

Array = NDArray[Any]

# The greatest difference of two gradients, over the greatest number in one of them.
TOLERANCE = {Dtype.float32: 1e-5, Dtype.float64: 1e-10}
MODELS = [
    Gpt(vocabulary=7, layers=1, width=6, heads=3, context=5, batch=2),
    Gpt(vocabulary=5, layers=3, width=8, heads=1, context=4, batch=1),
    Gpt(vocabulary=103),
]


def sizes(gpt: Gpt) -> by_hand.Sizes:
    return by_hand.Sizes(*astuple(gpt)[:-1])


def drawn(gpt: Gpt, seed: int = 0) -> tuple[list[Array], Array, Array]:
    """Parameters of which none is 0, tokens, and labels."""
    random = np.random.default_rng(seed)
    parameters = [a + random.normal(scale=0.1, size=a.shape) for a in initial(gpt)]
    x, y = random.integers(gpt.vocabulary, size=(2, gpt.batch, gpt.context), dtype=np.int32)
    return [a.astype(str(gpt.dtype)) for a in parameters], x, y


class Torch:
    """The model in PyTorch, with Adam, from the same parameters."""

    def __init__(self, gpt: Gpt, parameters: list[Array], rate: float = 1e-3) -> None:
        self.gpt = gpt
        names = sizes(gpt).shapes()
        self.parameters = {
            name: torch.tensor(array, requires_grad=True)
            for name, array in zip(names, parameters, strict=True)
        }
        self.adam = torch.optim.Adam(self.parameters.values(), lr=rate)

    def gradients(self, x: Array, y: Array) -> tuple[float, list[Array]]:
        self.adam.zero_grad()
        x, y = (torch.from_numpy(np.ascontiguousarray(a)).long() for a in (x, y))
        value = torch_loss(self.parameters, x, y, self.gpt.layers, self.gpt.heads)
        value.backward()
        return value.item(), [p.grad.numpy() for p in self.parameters.values()]

    def step(self, x: Array, y: Array) -> float:
        value, _ = self.gradients(x, y)
        self.adam.step()
        return value


def hand_written(gpt: Gpt, parameters: list[Array]) -> by_hand.Gpt:
    model = by_hand.Gpt(sizes(gpt), str(gpt.dtype))
    model.load(parameters)
    return model


def assert_near(ours: list[Array], theirs: list[Array], tolerance: float) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert np.abs(a - b).max() <= tolerance * np.abs(b).max()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("gpt", MODELS, ids=["1x6", "3x8", "2x64"])
def test_gradients_are_those_of_pytorch(gpt: Gpt, dtype: Dtype) -> None:
    gpt = Gpt(*astuple(gpt)[:-1], dtype)
    parameters, x, y = drawn(gpt)
    # Without a rule between parameters and model, a step returns the gradients themselves.
    program, P, _ = compile_model(gpt.model(), identity, LOSS, report=["loss"])
    assert [T.shape for T in P] == list(sizes(gpt).shapes().values())
    *ours, ours_loss = program.step(*parameters, x, y)
    theirs_loss, theirs = Torch(gpt, parameters).gradients(x, y)
    assert_near(ours, theirs, TOLERANCE[dtype])
    assert ours_loss == pytest.approx(theirs_loss, rel=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("gpt", MODELS, ids=["1x6", "3x8", "2x64"])
def test_the_step_by_hand_has_the_gradients_of_pytorch(gpt: Gpt, dtype: Dtype) -> None:
    gpt = Gpt(*astuple(gpt)[:-1], dtype)
    parameters, x, y = drawn(gpt)
    model = hand_written(gpt, parameters)
    model.forward(x)
    ours_loss = model.backward(x, y)
    theirs_loss, theirs = Torch(gpt, parameters).gradients(x, y)
    ours = list(by_hand.views(model.gradients, model.sizes).values())
    assert_near(ours, theirs, TOLERANCE[dtype])
    assert ours_loss == pytest.approx(theirs_loss, rel=TOLERANCE[dtype])


def test_steps_of_adam_are_those_of_pytorch_and_by_hand() -> None:
    gpt = Gpt(7, layers=1, width=6, heads=3, context=5, batch=2, dtype=Dtype.float64)
    parameters, x, y = drawn(gpt)
    program, torch_model = compiled(gpt), Torch(gpt, parameters)
    model = hand_written(gpt, parameters)
    kept = [*parameters, *program.initial_state()]
    for _ in range(20):
        *kept, ours = program.step(*kept, x, y, 1e-3)
        theirs = torch_model.step(x, y)
        assert ours == pytest.approx(theirs, rel=1e-10)
        assert model.step(x, y, 1e-3) == pytest.approx(theirs, rel=1e-10)
    learned = [p.detach().numpy() for p in torch_model.parameters.values()]
    assert_near(kept[: len(parameters)], learned, 1e-7)
    assert_near(model.learned(), learned, 1e-7)


@pytest.mark.slow
def test_after_500_steps_the_loss_is_that_of_pytorch() -> None:
    text = gpt_text.load()
    gpt = Gpt(len(text.characters))
    program, parameters = compiled(gpt), initial(gpt)
    torch_model = Torch(gpt, parameters)
    kept = [*parameters, *program.initial_state()]
    pieces = gpt_text.batches(text.train, gpt.batch, gpt.context, np.random.default_rng(0))
    ours, theirs = [], []
    for x, y in islice(pieces, 500):
        *kept, loss = program.step(*kept, x, y, 1e-3)
        ours.append(float(loss))
        theirs.append(torch_model.step(x, y))
    assert ours[-1] == pytest.approx(theirs[-1], rel=0.01)
    assert ours == pytest.approx(theirs, rel=0.01)
    assert ours[-1] < 0.6 * ours[0]
