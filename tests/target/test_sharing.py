"""What a generated method returns is the caller's to write to."""

import numpy as np
import pytest

from catgrad import compile_model, layers
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import Dtype, NdArrayType, obj, op
from catgrad.hypergraph import FiniteFunction, OpenHypergraph
from catgrad.special.definition import Named
from catgrad.target.python import to_python_class

T, M = NdArrayType((4,), Dtype.float32), NdArrayType((2, 2), Dtype.float32)
positions = op(ops.Iota(T, 0))
matrix = positions >> op(ops.Reshape(T, M))
same = op(Named("same", identity(obj(T))))


@pytest.mark.parametrize(
    "f",
    [
        positions,
        matrix,
        matrix >> op(ops.Permute(M, (1, 0))),
        positions >> op(ops.Slice(T, (1,), (3,), (1,))),
        positions >> same,
        (positions >> op(ops.Negate(T)) >> same) @ (positions >> op(ops.Negate(T))),
        positions @ positions,
        op(Named("positions", positions)) @ op(Named("positions", positions)),
    ],
)
def test_results_can_be_written_to(f):
    Model = to_python_class({"f": f})
    first = Model.f()
    kept = [array.copy() for array in first]
    for i, array in enumerate(first):
        array += 1 + i
    for i, (array, before) in enumerate(zip(first, kept, strict=True)):
        np.testing.assert_array_equal(array, before + 1 + i)
    for array, before in zip(Model.f(), kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_no_array_is_returned_twice():
    f = OpenHypergraph.spider(FiniteFunction.of([0], 1), FiniteFunction.of([0, 0], 1), obj(T))
    a, b = to_python_class({"f": f}).f(np.zeros(4, np.float32))
    assert not np.shares_memory(a, b)


def test_states_are_arrays_of_their_own():
    N = NdArrayType((3,), Dtype.float32)
    Model = compile_model(layers.linear(N, N, N), layers.adam(0.1), layers.mse)[0]
    states = Model.initial_state()
    for i, a in enumerate(states):
        assert not any(np.shares_memory(a, b) for b in states[:i])


def test_ones_are_made_where_they_are_used():
    A, B = (NdArrayType((n,), Dtype.float32) for n in (64, 32))
    total = to_python_class({"f": op(ops.ReduceSum(A + B + A, (0, 2)))})
    assert "ONES" not in total.source


def test_squares_are_left_to_numpy():
    A = NdArrayType((2**16,), Dtype.float32)
    two = op(ops.Constant(A, 2.0))
    f = op(ops.Negate(A)) >> (identity(obj(A)) @ two) >> op(ops.Power(A))
    assert "np.power" not in to_python_class({"f": f}).source
