"""Axes of extent 0: what has a value there runs, its reverse map too; what has none is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catgrad import CatgradError, Dtype, NdArrayType, compile_model, layers
from catgrad.bidirectional import operation as rd
from catgrad.bidirectional.functor import forget, rdiff
from catgrad.core.types import op
from catgrad.hypergraph import OpenHypergraph
from catgrad.target.python import to_python_function
from catgrad.target.python.array_backend import Numpy


def array(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


E, INDEX = array(2, 0, 3), NdArrayType((0,), Dtype.int32)

OPERATIONS = [
    rd.Copy(E),
    rd.Discard(E),
    rd.Constant(E, 1),
    rd.Add(E),
    rd.Subtract(E),
    rd.Multiply(E),
    rd.Divide(E),
    rd.Maximum(E),
    rd.Minimum(E),
    rd.Gt(E),
    rd.Le(E),
    rd.Select(E),
    rd.Negate(E),
    rd.Abs(E),
    rd.Exp(E),
    rd.Tanh(E),
    rd.Sigmoid(E),
    rd.ReLU(E),
    rd.NCopy(array(2), array(0)),
    rd.NCopy(array(0), array(2)),
    rd.NAdd(array(2), array(0)),
    rd.NAdd(array(0), array(2)),
    rd.Broadcast(array(2), array(0)),
    rd.Sum(array(2), array(0)),
    rd.NMax(array(0), array(2)),
    rd.ReduceSum(E, (1,)),
    rd.ReduceSum(E, (0, 2)),
    rd.ReduceProduct(E, (1,)),
    rd.ReduceMax(E, (0,)),
    rd.ReduceMin(E, (2,)),
    rd.NSplit(array(2, 0), 3),
    rd.NConcatenate(array(2, 0), 3),
    rd.Reshape(E, array(0, 7)),
    rd.Permute(E, (2, 0, 1)),
    rd.Slice(array(4), (2,), (2,), (1,)),
    rd.Pad(array(0), (1,), (2,), (1,)),
    rd.Concatenate((array(0, 2), array(3, 2)), 0),
    rd.Compose(array(2), array(0), array(3)),
    rd.Compose(array(0), array(2), array(3)),
    rd.MatrixMultiply(array(0), array(2), array(3), array(4)),
    rd.MatrixMultiply(array(5), array(2), array(0), array(4)),
    rd.Gather(array(4, 2), INDEX),
    rd.OneHot(INDEX, 3, Dtype.float32),
]


def run(f: OpenHypergraph) -> list[Any]:
    return to_python_function(f)(*[np.ones(T.shape, Numpy.dtype(T.dtype)) for T in f.source])


def kind(operation: Any) -> str:
    return type(operation).__name__


@pytest.mark.parametrize("operation", OPERATIONS, ids=kind)
def test_an_operation_and_its_reverse_map(operation: Any) -> None:
    f = op(operation)
    for program in forget(f), rdiff(f):
        types = [(T.shape, Numpy.dtype(T.dtype)) for T in program.target]
        assert [(x.shape, x.dtype.type) for x in run(program)] == types


def test_nothing_adds_up_to_zero_and_multiplies_to_one() -> None:
    assert run(forget(op(rd.ReduceSum(E, (1,)))))[0].tolist() == [[0] * 3] * 2
    assert run(forget(op(rd.ReduceProduct(E, (1,)))))[0].tolist() == [[1] * 3] * 2
    [zeros] = run(forget(op(rd.Compose(array(2), array(0), array(3)))))
    assert zeros.tolist() == [[0] * 3] * 2


@pytest.mark.parametrize(
    "build",
    [
        lambda: rd.NMax(array(2), array(0)),
        lambda: rd.ReduceMax(E, (1,)),
        lambda: rd.ReduceMin(E, (0, 1)),
        lambda: rd.ArgMax(E, 1),
    ],
)
def test_nothing_has_no_greatest(build: Callable[[], object]) -> None:
    with pytest.raises(CatgradError, match=r"axes|axis"):
        build()


def test_a_model_of_an_empty_batch_learns_nothing() -> None:
    N, X, Y = array(0), array(4), array(3)
    Model, P, _ = compile_model(layers.dense(N, X, Y), layers.sgd(0.5), layers.mse)
    p = [np.ones(T.shape, np.float32) for T in P]
    found = Model.step(*p, np.zeros((0, 4)), np.zeros((0, 3)))
    assert all(np.array_equal(x, y) for x, y in zip(found, p, strict=True))
