"""Layers, learning rules and losses."""

import numpy as np
import pytest

from catgrad import layers
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.operation import Exponentiate, ScaleInverse, Sigmoid
from catgrad.core.types import Dtype, NdArrayType, TypeMismatch, obj
from catgrad.hypergraph import ArrowTypeError
from catgrad.kernel.evaluate import evaluate
from catgrad.kernel.library import to_kernels
from catgrad.learner import learner, predict, step
from catgrad.special.definition import inline

N, X, Y = (NdArrayType((n,), Dtype.float64) for n in (5, 4, 3))


def run(f, *values):
    return evaluate(to_kernels(inline(f)), values)


def test_a_bias_is_shared_over_the_batch() -> None:
    model = learner(layers.dense(N, X, Y), layers.sgd(0.5), layers.mse)
    assert obj(X + Y, Y) == model.P
    assert model.parameter_names == ("weights", "bias")


def test_linear_learns_by_the_delta_rule() -> None:
    """One step of gradient descent on half the summed square error, in closed form."""
    random = np.random.default_rng(0)
    w, x, y = (random.normal(size=s) for s in ((4, 3), (5, 4), (5, 3)))
    model = learner(layers.linear(N, X, Y), layers.sgd(0.125), layers.mse)
    [prediction] = run(predict(model), w, x)
    np.testing.assert_allclose(prediction, x @ w, rtol=1e-12)
    [new] = run(step(model), w, x, y)
    np.testing.assert_allclose(new, w - 0.125 * x.T @ (x @ w - y), rtol=1e-12)


def test_dense_learns_by_the_chain_rule() -> None:
    random = np.random.default_rng(1)
    w, b, x, y = (random.normal(size=s) for s in ((4, 3), (3,), (5, 4), (5, 3)))
    model = learner(layers.dense(N, X, Y), layers.sgd(0.125), layers.mse)
    s = 1 / (1 + np.exp(-(x @ w + b)))
    g = (s - y) * s * (1 - s)
    [prediction] = run(predict(model), w, b, x)
    np.testing.assert_allclose(prediction, s, rtol=1e-12)
    new_w, new_b = run(step(model), w, b, x, y)
    np.testing.assert_allclose(new_w, w - 0.125 * x.T @ g, rtol=1e-12)
    np.testing.assert_allclose(new_b, b - 0.125 * g.sum(axis=0), rtol=1e-12)


def test_the_loss_hands_its_difference_to_the_rule() -> None:
    f = layers.mse(obj(Y))
    assert differentiate(f).source == obj(Y, Y)
    assert forget(f).H.X == 0


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: layers.linear(N, NdArrayType((4,), Dtype.int32), Y),
            (
                "layers.linear needs one dtype for batch, input and output, not float64, int32 and "
                "float64; give all three types the same dtype."
            ),
        ),
        (
            lambda: ScaleInverse(Y, 0),
            "ScaleInverse cannot divide by 0; give another divisor.",
        ),
        (
            lambda: Sigmoid(NdArrayType((4,), Dtype.int32)),
            "Sigmoid is not defined on int32[4]; use a floating-point dtype.",
        ),
        (
            lambda: Exponentiate(NdArrayType((4,), Dtype.int32), 2),
            "Exponentiate is not defined on int32[4]; use a floating-point dtype.",
        ),
    ],
)
def test_errors(build, sentence: str) -> None:
    with pytest.raises(TypeMismatch) as error:
        build()
    assert str(error.value) == sentence


def test_models_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ArrowTypeError) as error:
        layers.linear(N, X, Y) >> layers.linear(N, X, Y)
    assert str(error.value) == (
        "Cannot compose: output 0 of the first program, from Compose, is float64[5, 3] but input 0 "
        "of the second, into Compose, is float64[5, 4]; make them equal."
    )
