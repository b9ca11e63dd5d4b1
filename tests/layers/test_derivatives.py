"""What states its own reverse map, against finite differences in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import Dtype, NdArrayType, layers
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.learning import MSE, Loss
from catgrad.bidirectional.operation import Concatenate
from catgrad.bidirectional.optic import Optic
from catgrad.core.types import op
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import evaluate, to_kernels
from catgrad.layers.attention import CausalMeans
from catgrad.layers.losses import L1, Averaged, CrossEntropy, CrossEntropyLabels, Hinge, Huber
from catgrad.layers.normalisation import LayerNorm, RMSNorm
from catgrad.layers.smooth import Gelu, Silu, Softmax
from catgrad.layers.split import Split
from catgrad.special.definition import inline

STEP = 1e-6
T, X = NdArrayType((2, 3, 4), Dtype.float64), NdArrayType((4,), Dtype.float64)

OPERATIONS: list[Optic] = [
    Softmax(T),
    Softmax(T, 1),
    LayerNorm(T, X, 1e-5),
    RMSNorm(T, X, 1e-5),
    CausalMeans(*(NdArrayType((n,), Dtype.float64) for n in (2, 3, 4))),
    Gelu(T),
    Silu(T),
    Silu(T, 1.702),
    Split(Concatenate((T, T), 1)),
]

CROSS_ENTROPY = CrossEntropy(T)
LOSSES: list[Loss] = [
    MSE(T),
    L1(T),
    Huber(T, 0.5),
    Hinge(T),
    CROSS_ENTROPY,
    CrossEntropyLabels(T),
    Averaged(T, MSE(T)),
    Averaged(T, CROSS_ENTROPY),
]


def run(f: OpenHypergraph, *arrays: np.ndarray) -> list[np.ndarray]:
    return evaluate(to_kernels(inline(f)), arrays)


def arrays(types, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.normal(size=t.shape) for t in types]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda x: type(x).__name__)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**16))
def test_reverse_maps_are_derivatives(operation: Optic, seed: int) -> None:
    """Along any direction v, the change of the input times v is the change of the output."""
    f = forget(op(operation))
    x, v = arrays(operation.source(), seed), arrays(operation.source(), seed + 1)
    dy = arrays(operation.target(), seed + 2)
    ahead, behind = (run(f, *(a + s * b for a, b in zip(x, v, strict=True))) for s in (STEP, -STEP))
    slopes = [(a - b) / (2 * STEP) for a, b in zip(ahead, behind, strict=True)]
    found = run(differentiate(op(operation)), *x, *dy)
    values, changes = found[: len(dy)], found[len(dy) :]
    for a, b in zip(values, run(f, *x), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(
        sum(np.vdot(a, b) for a, b in zip(changes, v, strict=True)),
        sum(np.vdot(a, b) for a, b in zip(slopes, dy, strict=True)),
        rtol=1e-6,
        atol=1e-8,
    )


def target_of(loss: Loss, seed: int) -> np.ndarray:
    """Labels, probabilities or signs, as the loss wants them."""
    random = np.random.default_rng(seed)
    kind = loss.loss if isinstance(loss, Averaged) else loss
    if isinstance(kind, CrossEntropyLabels):
        return random.integers(0, 4, (2, 3)).astype(np.int32)
    t = random.normal(size=T.shape)
    if isinstance(kind, CrossEntropy):
        return np.exp(t) / np.exp(t).sum(axis=-1, keepdims=True)
    return np.sign(t) if isinstance(kind, Hinge) else t


@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: type(x).__name__)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**16))
def test_losses_give_the_derivative_of_their_value(loss: Loss, seed: int) -> None:
    [y, v], t = arrays([T, T], seed), target_of(loss, seed)
    value = forget(loss.value())
    [ahead], [behind] = (run(value, y + s * v, t) for s in (STEP, -STEP))
    [change] = run(forget(loss.rev()), y, t)
    np.testing.assert_allclose(
        np.vdot(change, v), (ahead - behind) / (2 * STEP), rtol=1e-6, atol=1e-8
    )


def test_great_logits_do_not_overflow() -> None:
    loss = CrossEntropyLabels(NdArrayType((1, 3), Dtype.float32))
    y, t = np.array([[1e4, -1e4, 0]], np.float32), np.array([1], np.int32)
    np.testing.assert_array_equal(run(forget(loss.rev()), y, t)[0], [[1, -1, 0]])
    np.testing.assert_array_equal(run(forget(loss.value()), y, t)[0], np.float32(2e4))


def test_attention_does_not_look_ahead() -> None:
    """What comes later changes nothing before, exactly."""
    A, S, D = (NdArrayType((n,), Dtype.float64) for n in (2, 5, 4))
    attention = layers.causal_attention(A, S, D, heads=2)
    from catgrad.learner import learner, predict

    model = predict(learner(attention, layers.sgd(1), layers.mse))
    *p, x = arrays(model.source, 0)
    [before] = run(model, *p, x)
    changed = x.copy()
    changed[:, 3:] += 1
    [after] = run(model, *p, changed)
    np.testing.assert_array_equal(after[:, :3], before[:, :3])
    assert not np.array_equal(after[:, 3:], before[:, 3:])
