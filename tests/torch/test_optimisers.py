"""Learning rules against PyTorch's optimisers, in float64, over ten steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import SGD, Adam, AdamW, Optimizer

from catgrad import Dtype, NdArrayType, compile_model, layers

STEPS, RATE = 10, 0.05
N, A, H, C = (NdArrayType((n,), Dtype.float64) for n in (6, 4, 5, 3))

Parameters = list[torch.Tensor]


class Lion(Optimizer):
    """The listing of arXiv 2302.06675, program 1."""

    def __init__(self, p: Parameters, lr: float, beta1: float, beta2: float, decay: float) -> None:
        super().__init__(p, {"lr": lr})
        self.betas, self.decay = (beta1, beta2), decay

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("m", torch.zeros_like(p))
                beta1, beta2 = self.betas
                update = torch.sign(beta1 * m + (1 - beta1) * p.grad)
                p -= group["lr"] * (update + self.decay * p)
                m.mul_(beta2).add_((1 - beta2) * p.grad)


class SignSGD(SGD):
    def step(self) -> None:  # type: ignore[override]
        for p in self.param_groups[0]["params"]:
            p.grad = torch.sign(p.grad)
        super().step()


RULES: dict[str, tuple[Callable[[Any], Any], Callable[[Parameters], Optimizer]]] = {
    "sgd": (layers.sgd, lambda p: SGD(p, RATE)),
    "lms": (layers.lms, lambda p: SGD(p, RATE)),
    "momentum": (lambda r: layers.momentum(r, 0.9), lambda p: SGD(p, RATE, momentum=0.9)),
    "nesterov": (
        lambda r: layers.momentum(r, 0.9, nesterov=True),
        lambda p: SGD(p, RATE, momentum=0.9, nesterov=True),
    ),
    "decayed": (
        lambda r: layers.chain(layers.momentum(r, 0.9), layers.weight_decay(0.1)),
        lambda p: SGD(p, RATE, momentum=0.9, weight_decay=0.1),
    ),
    "sign_sgd": (layers.sign_sgd, lambda p: SignSGD(p, RATE)),
    "lion": (
        lambda r: layers.lion(r, 0.8, 0.95, decay=0.1),
        lambda p: Lion(p, RATE, 0.8, 0.95, 0.1),
    ),
    "adam": (layers.adam, lambda p: Adam(p, RATE)),
    "adam_l2": (
        lambda r: layers.chain(layers.adam(r), layers.weight_decay(0.1)),
        lambda p: Adam(p, RATE, weight_decay=0.1),
    ),
    "adamw": (
        lambda r: layers.adam(r, 0.8, 0.9, 1e-3, decay=0.1),
        lambda p: AdamW(p, RATE, (0.8, 0.9), 1e-3, weight_decay=0.1),
    ),
}


def learns_alike(
    rule: Any,
    make_optimiser: Callable[[Parameters], Optimizer],
    scheduled: bool,
    prepare: Callable[[Parameters], Any] = list,
) -> None:
    """Ten steps of a small network, with a rate that shrinks if it is an input of each step."""
    model = layers.dense(N, A, H, layers.tanh) >> layers.dense(N, H, C)
    compiled, P, _ = compile_model(model, rule, layers.mse, report=("loss",))
    program, k = compiled(), len(P)
    random = np.random.default_rng(0)
    p = [random.normal(size=T.shape) for T in P]
    s = program.initial_state()
    x, y = random.normal(size=(6, 4)), random.normal(size=(6, 3))

    tensors = [torch.tensor(a, requires_grad=True) for a in p]
    optimiser = make_optimiser(tensors)
    for i in range(STEPS):
        rates = [np.float64(RATE / (1 + i))] if scheduled else []
        optimiser.param_groups[0]["lr"] = rates[0] if scheduled else RATE
        w1, b1, w2, b2 = tensors
        prediction = torch.sigmoid(torch.tanh(torch.tensor(x) @ w1 + b1) @ w2 + b2)
        loss = ((prediction - torch.tensor(y)) ** 2).sum() / 2
        optimiser.zero_grad()
        loss.backward()
        prepare(tensors)
        optimiser.step()
        *new, found = program.step(*p, *s, x, y, *rates)
        p, s = new[:k], new[k:]
        np.testing.assert_allclose(found, loss.item(), rtol=1e-12)
    for found, tensor in zip(p, tensors, strict=True):
        np.testing.assert_allclose(found, tensor.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("scheduled", [False, True])
def test_rules(name: str, scheduled: bool) -> None:
    rule, reference = RULES[name]
    learns_alike(rule(layers.rate() if scheduled else RATE), reference, scheduled)


@pytest.mark.parametrize("limit", [0.05, 1e9])
def test_clipping(limit: float) -> None:
    learns_alike(
        layers.chain(layers.sgd(RATE), layers.clip(limit)),
        lambda p: SGD(p, RATE),
        scheduled=False,
        prepare=lambda p: torch.nn.utils.clip_grad_value_(p, limit),
    )


@pytest.mark.parametrize("limit", [0.05, 1e9])
def test_clipping_of_the_norm(limit: float) -> None:
    learns_alike(
        layers.chain(layers.adam(RATE), layers.clip_norm(limit)),
        lambda p: Adam(p, RATE),
        scheduled=False,
        prepare=lambda p: torch.nn.utils.clip_grad_norm_(p, limit),
    )
