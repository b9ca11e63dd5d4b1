"""compile_model: the surface of catgrad 0.2.2, and what its source looks like."""

from __future__ import annotations

import ast
import gc
from pathlib import Path

import numpy as np
import pytest

from catgrad import Dtype, NdArrayType, compile_model, layers
from catgrad.errors import CatgradError
from catgrad.hypergraph import Labels, OpenHypergraph

EXAMPLE = """
from catgrad import *
from catgrad.target.python.array_backend import Numpy

BATCH_TYPE, INPUT_TYPE, OUTPUT_TYPE = (NdArrayType((n,), Dtype.float32) for n in (150, 4, 3))
model = layers.linear(BATCH_TYPE, INPUT_TYPE, OUTPUT_TYPE)
CompiledModel, ParamType, model_ast = compile_model(model, layers.sgd(0.0001), layers.mse)
compiled = CompiledModel(Numpy)
[y_hat] = compiled.predict(*p, x)
p = compiled.step(*p, x, y)
"""


def iris() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_iris

    data = load_iris()
    return data.data.astype(np.float32), np.eye(3, dtype=np.float32)[data.target]


def test_the_example_of_0_2_2_runs_as_it_stands() -> None:
    x, y = iris()
    names = {"p": [np.zeros((4, 3), np.float32)], "x": x, "y": y}
    exec(EXAMPLE, names)
    assert names["y_hat"].shape == (150, 3)
    expected = -0.0001 * x.T @ (0 - y)
    np.testing.assert_allclose(names["p"][0], expected, rtol=1e-5)
    assert [str(T) for T in names["ParamType"]] == ["float32[4, 3]"]
    assert "new_weights = weights - 0.0001 * " in ast.unparse(names["model_ast"])


def test_training_reaches_the_honest_baseline() -> None:
    """Full-batch descent on all flowers with a shared bias classifies most, and not all."""
    x, y = iris()
    N, X, Y = (NdArrayType((n,), Dtype.float32) for n in (150, 4, 3))
    compiled, _, _ = compile_model(layers.dense(N, X, Y), layers.sgd(0.01), layers.mse)
    program = compiled()
    p = [np.zeros((4, 3), np.float32), np.zeros(3, np.float32)]
    for _ in range(2000):
        p = program.step(*p, x, y)
    [prediction] = program.predict(*p, x)
    accuracy = (prediction.argmax(axis=1) == y.argmax(axis=1)).mean()
    assert 0.9 < accuracy < 1.0


def test_gradients_are_methods_too() -> None:
    N, X, Y = (NdArrayType((n,), Dtype.float32) for n in (5, 4, 3))
    compiled, _, _ = compile_model(layers.linear(N, X, Y), layers.sgd(0.5), layers.mse)
    random = np.random.default_rng(0)
    w, x, dy = (random.normal(size=s).astype("f4") for s in ((4, 3), (5, 4), (5, 3)))
    program = compiled()
    dw, dx = program.rev(w, x, dy)
    np.testing.assert_allclose(dw, x.T @ dy, rtol=1e-6)
    np.testing.assert_allclose(dx, dy @ w.T, rtol=1e-6)
    np.testing.assert_array_equal(program.rev_p(w, x, dy)[0], dw)


def test_the_source_stands_alone(tmp_path: Path) -> None:
    N, X, Y = (NdArrayType((n,), Dtype.float32) for n in (5, 4, 3))
    compiled, _, _ = compile_model(layers.dense(N, X, Y), layers.sgd(0.5), layers.mse)
    path = tmp_path / "model.py"
    compiled.save_source(path)
    text = path.read_text()
    imports = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert [alias.name for n in imports for alias in n.names] == ["numpy"]
    names: dict = {}
    exec(text, names)
    random = np.random.default_rng(0)
    w, b, x, y = (random.normal(size=s).astype("f4") for s in ((4, 3), (3,), (5, 4), (5, 3)))
    for found, wanted in zip(
        names["CompiledModel"].step(w, b, x, y), compiled().step(w, b, x, y), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_models_compile_to_golden_source(golden) -> None:
    N, X, H, Y = (NdArrayType((n,), Dtype.float32) for n in (1, 4, 8, 3))
    model = layers.dense(N, X, H, layers.relu) >> layers.dense(N, H, Y)
    compiled, _, _ = compile_model(model, layers.sgd(0.125), layers.mse)
    golden("relu_sigmoid.py.txt", compiled.source)


def test_bad_samples_are_refused() -> None:
    N, X, Y = (NdArrayType((n,), Dtype.float32) for n in (5, 4, 3))
    compiled, _, _ = compile_model(layers.linear(N, X, Y), layers.sgd(0.5), layers.mse)
    program = compiled()
    w, x = np.zeros((4, 3), np.float32), np.zeros((5, 4), np.float32)
    with pytest.raises(CatgradError) as shape:
        program.predict(w.T, x)
    assert str(shape.value) == (
        "predict: argument weights has shape (3, 4), not (4, 3); "
        "pass an array of type float32[4, 3]."
    )
    with pytest.raises(CatgradError) as infinite:
        program.predict(w, x + np.nan)
    assert str(infinite.value) == (
        "predict: argument x is nan at index [0, 0]; pass finite numbers only."
    )
    with pytest.raises(CatgradError) as driven:
        program.step(w + np.inf, x, np.zeros((5, 3)))
    assert str(driven.value) == (
        "step: argument weights is inf at index [0, 0]; pass finite numbers only (where training "
        "has driven it there, lower the learning rate)."
    )


def test_a_rate_that_is_no_number_is_no_fault_of_training() -> None:
    N, X = (NdArrayType((n,), Dtype.float32) for n in (5, 4))
    program, P, _ = compile_model(layers.linear(N, X, X), layers.adam(layers.rate()), layers.mse)
    zeros = [np.zeros(T.shape) for T in P], program.initial_state(), np.zeros((5, 4))
    [w], state, x = zeros
    with pytest.raises(CatgradError) as rate:
        program.step(w, *state, x, x, np.nan)
    assert str(rate.value) == "step: argument rate is nan; pass finite numbers only."
    with pytest.raises(CatgradError) as kept:
        program.step(w, *[s + np.nan for s in state], x, x, 0.1)
    assert str(kept.value) == (
        "step: argument steps is nan; pass finite numbers only (where training has driven it "
        "there, lower the learning rate)."
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_no_garbage_is_collected_meanwhile(enabled: bool) -> None:
    seen: list[bool] = []

    def rule(P: Labels) -> OpenHypergraph:
        seen.append(gc.isenabled())
        return layers.sgd(0.1)(P)

    N = NdArrayType((2,), Dtype.float32)
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        compile_model(layers.linear(N, N, N), rule, layers.mse)
        assert gc.isenabled() is enabled
        with pytest.raises(CatgradError):
            compile_model(layers.linear(N, N, N), layers.clip(1), layers.mse)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()
    assert seen == [False]
