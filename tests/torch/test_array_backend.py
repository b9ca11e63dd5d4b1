"""Models on PyTorch tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from catgrad import Dtype, Fixed, NdArrayType, compile_model, layers
from catgrad.core.operation import Constant, NAdd, Permute, op
from catgrad.target.python import to_python_function
from catgrad.target.python.array_backend import Numpy, Torch
from catgrad.target.python.checks import ArgumentError

N, X, Y = (NdArrayType((n,), Dtype.float32) for n in (5, 4, 3))
Model, P, _ = compile_model(layers.dense(N, X, Y), layers.sgd(0.1), layers.mse)
random = np.random.default_rng(0)
arrays = [
    random.normal(size=shape).astype(np.float32)
    for shape in [*(T.shape for T in P), (5, 4), (5, 3)]
]
tensors = [torch.from_numpy(x.copy()) for x in arrays]


@pytest.mark.parametrize("method", ["predict", "step", "rev", "rev_p"])
def test_tensors_in_and_out(method: str) -> None:
    n = 3 if method == "predict" else 4
    expected = getattr(Model(Numpy), method)(*arrays[:n])
    found = getattr(Model(Torch), method)(*tensors[:n])
    assert all(isinstance(x, torch.Tensor) and x.dtype == torch.float32 for x in found)
    assert all(np.array_equal(x.numpy(), y) for x, y in zip(found, expected, strict=True))
    assert all(np.array_equal(x.numpy(), y) for x, y in zip(tensors, arrays, strict=True))


def test_arguments_by_name_and_arrays() -> None:
    [found] = Model(Torch).predict(*arrays[:2], x=tensors[2])
    assert torch.equal(found, Model(Torch).predict(*tensors[:3])[0])


def test_dtypes() -> None:
    dtypes = [Dtype.float32, Dtype.float64, Dtype.int32, Dtype.bool, Fixed(9, 3)]
    assert [Torch.dtype(d) for d in dtypes] == [
        torch.float32,
        torch.float64,
        torch.int32,
        torch.bool,
        torch.int64,
    ]


@pytest.mark.parametrize(
    "operation", [NAdd(NdArrayType((), X.dtype), X), Constant(X, 2), Permute(N + X, (1, 0))]
)
def test_numbers_constants_and_views_are_tensors(operation: Any) -> None:
    f = op(operation)
    x = [np.ones(T.shape, np.float32) for T in f.source]
    [expected] = to_python_function(f)(*x)
    [found] = to_python_function(f, array_backend=Torch)(*map(torch.from_numpy, x))
    assert isinstance(found, torch.Tensor)
    assert np.array_equal(found.numpy(), expected)


def test_tensors_that_will_not_do() -> None:
    for tensor, sentence in (
        (
            tensors[2].clone().requires_grad_(),
            (
                "predict: argument 2 requires a gradient of PyTorch, which does not see generated "
                "source; pass x.detach()."
            ),
        ),
        (
            tensors[2].to("meta"),
            (
                "predict: argument 2 is on the device meta, but generated source runs on the CPU; "
                "pass x.cpu()."
            ),
        ),
    ):
        with pytest.raises(ArgumentError) as error:
            Model(Torch).predict(*tensors[:2], tensor)
        assert str(error.value) == sentence
