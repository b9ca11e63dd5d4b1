"""Linear maps, products and activations against finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.bidirectional import operation as B
from catgrad.combinators import identity
from catgrad.core.types import Dtype, NdArrayType, obj, op
from catgrad.hypergraph import OpenHypergraph
from tests.bidirectional.differences import check, spaced

axes = st.lists(st.integers(1, 4), max_size=2).map(tuple)
some_axes = st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple)


def array(shape: tuple[int, ...]) -> NdArrayType:
    return NdArrayType(shape, Dtype.float64)


T, U = axes.map(array), axes.map(array)
A = some_axes.map(array)
one_axis = st.integers(1, 4).map(lambda n: array((n,)))
programs = st.one_of(
    T.map(lambda T: op(B.Copy(T))),
    T.map(lambda T: op(B.Discard(T))),
    st.builds(lambda T, U: op(B.NCopy(T, U)), T, U),
    st.builds(lambda T, U: op(B.NAdd(T, U)), T, U),
    st.builds(lambda T, U: op(B.Broadcast(T, U)), T, U),
    st.builds(lambda T, U: op(B.Sum(T, U)), T, U),
    st.builds(lambda T, k: op(B.NSplit(T, k)), T, st.integers(1, 3)),
    st.builds(lambda T, k: op(B.NConcatenate(T, k)), T, st.integers(1, 3)),
    T.map(lambda T: op(B.Add(T))),
    T.map(lambda T: op(B.Subtract(T))),
    T.map(lambda T: op(B.Negate(T))),
    T.map(lambda T: op(B.Multiply(T))),
    T.map(lambda T: op(B.Constant(T, 0.5)) @ identity(obj(T))),
    T.map(lambda T: op(B.Reshape(T, array((T.size,))))),
    T.map(lambda T: op(B.Permute(T, tuple(reversed(range(len(T.shape))))))),
    T.map(lambda T: op(B.Gt(T))),
    T.map(lambda T: op(B.ScaleInverse(T, 4))),
    T.map(lambda T: op(B.Exponentiate(T, 3))),
    st.builds(lambda *Ts: op(B.MatrixMultiply(*Ts)), T, one_axis, one_axis, one_axis),
    st.builds(lambda *Ts: op(B.Compose(*Ts)), T, A, U),
    T.map(lambda T: op(B.Sigmoid(T))),
    T.map(lambda T: op(B.ReLU(T))),
    T.map(lambda T: B.increment(2.0)(obj(T, T)) >> B.multiply(obj(T))),
)


@settings(max_examples=150, deadline=None)
@given(f=programs, seed=st.integers(0, 2**32 - 1))
def test_reverse_maps_equal_finite_differences(f: OpenHypergraph, seed: int) -> None:
    random = np.random.default_rng(seed)
    check(f, spaced(random, list(f.source)), random)


@pytest.mark.parametrize("operation", [B.Copy, B.Negate, B.Multiply, B.ReLU, B.Sigmoid])
def test_forward_maps_compute_the_operation_and_its_residual(operation) -> None:
    x = operation(array((2, 3)))
    assert x.fwd().source == x.source()
    assert x.fwd().target == x.target() + x.residual()
    assert x.rev().source == x.residual() + x.target()
    assert x.rev().target == x.source()
