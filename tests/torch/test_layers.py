"""Every layer and its reverse map against PyTorch's, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from catgrad import Dtype, NdArrayType, compile_model, layers
from catgrad.core.types import obj
from catgrad.hypergraph import OpenHypergraph


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float64)


def numbers(types: Any, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [
        random.normal(size=t.shape)
        if t.is_floating
        else random.integers(0, 5, t.shape).astype(np.int32)
        for t in types
    ]


def agrees(model: OpenHypergraph, reference: Callable[..., torch.Tensor]) -> None:
    """Value and derivative of a model are those of a function of its parameters and inputs."""
    compiled, P, _ = compile_model(model, layers.sgd(1), layers.mse)
    program = compiled()
    arguments = [*numbers(P, 0), *numbers(model.source, 1)]
    [dy] = numbers(model.target, 2)
    tensors = [torch.tensor(a, requires_grad=a.dtype == np.float64) for a in arguments]
    wanted = reference(*tensors)
    [found] = program.predict(*arguments)
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-10, atol=1e-12)
    changing = [x for x in tensors if x.requires_grad]
    gradients = torch.autograd.grad(wanted, changing, torch.tensor(dy))
    changes = [d for d in program.rev(*arguments, dy) if d.dtype == np.float64]
    for change, gradient in zip(changes, gradients, strict=True):
        np.testing.assert_allclose(change, gradient.numpy(), rtol=1e-10, atol=1e-10)


ACTIVATIONS: dict[str, tuple[Any, Callable[[torch.Tensor], torch.Tensor]]] = {
    "relu": (layers.relu, torch.relu),
    "sigmoid": (layers.sigmoid, torch.sigmoid),
    "tanh": (layers.tanh, torch.tanh),
    "gelu": (layers.gelu, lambda x: F.gelu(x, approximate="tanh")),
    "quick_gelu": (layers.quick_gelu, lambda x: x * torch.sigmoid(1.702 * x)),
    "silu": (layers.silu, F.silu),
    "hard_silu": (layers.hard_silu, F.hardswish),
    # PyTorch's own hardsigmoid has a derivative of 1 / 6 in float32, whatever its argument is.
    "hard_sigmoid": (layers.hard_sigmoid, lambda x: torch.clamp(x / 6 + 0.5, 0, 1)),
    "leaky_relu": (layers.leaky_relu(0.1), lambda x: F.leaky_relu(x, 0.1)),
    "softmax": (layers.softmax, lambda x: F.softmax(x, dim=-1)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    activation, reference = ACTIVATIONS[name]
    agrees(activation(obj(T(4, 7))), lambda x: reference(x))


def test_dense() -> None:
    agrees(
        layers.dense(T(5), T(4), T(3), layers.tanh),
        lambda w, b, x: torch.tanh(x @ w + b),
    )


def test_residual() -> None:
    agrees(layers.residual(layers.linear(T(2, 3), T(4), T(4))), lambda w, x: x + x @ w)


def test_normalisation() -> None:
    agrees(layers.layer_norm(T(2, 3), T(6)), lambda g, b, x: F.layer_norm(x, (6,), g, b))
    agrees(layers.rms_norm(T(2, 3), T(6)), lambda g, x: F.rms_norm(x, (6,), g, 1e-5))


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
@pytest.mark.parametrize("biased", [False, True])
def test_causal_attention(batch: tuple[int, ...], biased: bool) -> None:
    def reference(*arguments: torch.Tensor) -> torch.Tensor:
        *parameters, x = arguments
        into, c, out, d = parameters if biased else (parameters[0], 0, parameters[1], 0)
        q, k, v = (
            part.unflatten(-1, (3, 4)).transpose(-2, -3) for part in (x @ into + c).chunk(3, dim=-1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return y.transpose(-2, -3).flatten(-2) @ out + d

    agrees(layers.causal_attention(T(*batch), T(5), T(12), 3, biased), reference)


def test_embedding() -> None:
    tokens = NdArrayType((2, 3), Dtype.int32)
    agrees(layers.embedding(tokens, 5, T(4)), lambda table, x: table[x.long()])
    agrees(layers.positions(T(2), T(3), T(4)), lambda p, x: x + p)


def channels_first(x: torch.Tensor) -> torch.Tensor:
    return x.movedim(-1, 1)


@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 1, 1), (2, 2, 0), (4, 3, 2)])
def test_conv1d(size: int, stride: int, padding: int) -> None:
    def reference(w: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        y = F.conv1d(channels_first(x), w.permute(2, 1, 0), b, stride, padding)
        return torch.relu(y.movedim(1, -1))

    model = layers.conv1d(T(2), T(9, 3), T(4), size, stride, padding, layers.relu)
    agrees(model, reference)


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(3, 1, 1), ((2, 3), (1, 2), (0, 1)), (2, 2, 0)]
)
def test_conv2d(size: Any, stride: Any, padding: Any) -> None:
    def reference(w: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        y = F.conv2d(channels_first(x), w.permute(3, 2, 0, 1), b, stride, padding)
        return y.movedim(1, -1)

    agrees(layers.conv2d(T(2), T(7, 6, 3), T(4), size, stride, padding), reference)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), ((1, 3), (2, 1))])
def test_pooling(size: Any, stride: Any) -> None:
    X = T(7, 6, 3)
    agrees(
        layers.max_pool(T(2), X, size, stride),
        lambda x: F.max_pool2d(channels_first(x), size, stride).movedim(1, -1),
    )
    agrees(
        layers.mean_pool(T(2), X, size, stride),
        lambda x: F.avg_pool2d(channels_first(x), size, stride).movedim(1, -1),
    )


def test_gru() -> None:
    def reference(
        w: torch.Tensor, b: torch.Tensor, u: torch.Tensor, c: torch.Tensor, x: torch.Tensor
    ) -> torch.Tensor:
        cell = torch.nn.GRU(3, 4, batch_first=True, dtype=torch.float64)
        weights = {"weight_ih_l0": w.T, "bias_ih_l0": b, "weight_hh_l0": u.T, "bias_hh_l0": c}
        y: torch.Tensor = torch.func.functional_call(cell, weights, (x,))[0]
        return y

    agrees(layers.gru(T(2), T(5), T(3), T(4)), reference)


LOSSES: dict[str, tuple[Any, Any]] = {
    "mse": (layers.mse, lambda y, t: F.mse_loss(y, t, reduction="sum") / 2),
    "l1": (layers.l1, lambda y, t: F.l1_loss(y, t, reduction="sum")),
    "huber": (layers.huber(0.7), lambda y, t: F.huber_loss(y, t, reduction="sum", delta=0.7)),
    "cross_entropy": (layers.cross_entropy, lambda y, t: F.cross_entropy(y, t, reduction="sum")),
    "hinge": (layers.hinge, lambda y, t: torch.relu(1 - y * t).sum()),
    "cross_entropy_labels": (
        layers.cross_entropy_labels,
        lambda y, t: F.cross_entropy(y, t.long(), reduction="sum"),
    ),
    "averaged": (
        layers.averaged(layers.cross_entropy_labels),
        lambda y, t: F.cross_entropy(y, t.long()),
    ),
    "averaged_mse": (layers.averaged(layers.mse), lambda y, t: F.mse_loss(y, t) / 2),
}


def target_of(name: str) -> np.ndarray:
    random = np.random.default_rng(3)
    if "labels" in name or name == "averaged":
        return random.integers(0, 3, 6).astype(np.int32)
    if name == "hinge":
        return np.sign(random.normal(size=(6, 3)))
    t = random.normal(size=(6, 3))
    return np.exp(t) / np.exp(t).sum(axis=1, keepdims=True) if name == "cross_entropy" else t


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    """A step at rate 1 from weights w goes to w less the gradient, and reports the loss."""
    loss, reference = LOSSES[name]
    model = layers.linear(T(6), T(4), T(3))
    compiled, P, _ = compile_model(model, layers.sgd(1), loss, report=("prediction", "loss"))
    [w], [x], t = numbers(P, 0), numbers(model.source, 1), target_of(name)
    weights = torch.tensor(w, requires_grad=True)
    prediction = torch.tensor(x) @ weights
    value = reference(prediction, torch.tensor(t))
    [gradient] = torch.autograd.grad(value, [weights])
    new_w, y, found = compiled().step(w, x, t)
    np.testing.assert_allclose(y, prediction.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found, value.item(), rtol=1e-12)
    np.testing.assert_allclose(w - new_w, gradient.numpy(), rtol=1e-10, atol=1e-13)
