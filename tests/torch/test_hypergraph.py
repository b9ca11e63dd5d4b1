"""Every pass gives on PyTorch's tensors what it gives on NumPy's arrays."""

from collections.abc import Iterable

import array_api_compat.torch as xp
import numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import Dtype, NdArrayType
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.core.simplify import simplify
from catgrad.core.types import obj, op
from catgrad.hypergraph import (
    FiniteFunction,
    OpenHypergraph,
    ancestors,
    drivers,
    isomorphic,
    layering,
    order,
)
from catgrad.hypergraph import array as arrays
from catgrad.kernel import to_kernels, unroll
from catgrad.special.parameter import factor_parameters
from tests.hypergraph.test_functor import functors
from tests.hypergraph.test_optic import optics
from tests.learners import recipes
from tests.strategies import composable, open_hypergraphs, parallel_functions, runnable

T = NdArrayType((2,), Dtype.float32)


def same(found: OpenHypergraph, wanted: OpenHypergraph) -> bool:
    """Whether a program is made of tensors, and of the numbers of one made of NumPy's arrays."""
    assert isinstance(found.H.w.ids, torch.Tensor)
    assert found.xp is xp
    return found.to(numpy) == wanted


def listed(x: Iterable[int]) -> list[int]:
    return arrays.host(x).tolist()


@given(parallel_functions())
def test_coequalizers(fg):
    f, g = fg
    assert f.to(xp).coequalizer(g.to(xp)).to(numpy) == f.coequalizer(g)


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_primitives(index, values):
    x, i = arrays.integers(values, xp), arrays.integers(index, xp)
    y, j = arrays.integers(values, numpy), arrays.integers(index, numpy)
    assert listed(arrays.count(i, 6)) == listed(arrays.count(j, 6))
    assert listed(arrays.put(x, i, i)) == listed(arrays.put(y, j, j))
    assert listed(arrays.put_minimum(x, i, i)) == listed(arrays.put_minimum(y, j, j))
    assert [listed(k) for k in arrays.classes(x)] == [listed(k) for k in arrays.classes(y)]
    assert listed(arrays.subtract_counts(x, i)) == listed(arrays.subtract_counts(y, j))


@settings(max_examples=25)
@given(composable(3), open_hypergraphs())
def test_composition_and_tensor(programs, k):
    f, g, h = programs
    assert same(f.to(xp) >> g.to(xp) >> h.to(xp), f >> g >> h)
    assert same(f.to(xp) @ k.to(xp), f @ k)
    assert isomorphic(f.to(xp), f)


@settings(max_examples=25)
@given(runnable())
def test_order(f):
    assert listed(drivers(f.to(xp))) == listed(drivers(f))
    assert listed(layering(f.to(xp))) == listed(layering(f))
    assert listed(order(f.to(xp))) == listed(order(f))
    assert listed(ancestors(f.to(xp), f.t.to(xp).table)) == listed(ancestors(f, f.t.table))


@settings(max_examples=25)
@given(functors(), open_hypergraphs())
def test_functors(F, f):
    assert same(F(f.to(xp)), F(f))


@settings(max_examples=25)
@given(optics(), open_hypergraphs())
def test_optics(optic, f):
    image = optic(f.to(xp))
    assert same(image, optic(f))
    adapted = optic.adapt(image, f.source.to(xp), f.target.to(xp))
    assert same(adapted, optic.adapt(optic(f), f.source, f.target))


@given(recipes())
@settings(max_examples=5, deadline=None)
def test_models_are_differentiated_simplified_and_unrolled(recipe):
    _, model = factor_parameters(recipe.model())
    tensors = model.to(xp)
    assert same(forget(tensors), forget(model))
    assert same(differentiate(tensors), differentiate(model))
    assert same(simplify(differentiate(tensors)), simplify(differentiate(model)))


def test_kernels_are_unrolled():
    f = forget(B.multiply(obj(T)) >> op(B.Copy(T)) >> B.add(obj(T)))
    assert same(unroll(to_kernels(f.to(xp))), unroll(to_kernels(f)))


def test_functions_move_between_modules():
    f = FiniteFunction.of([2, 0, 1], 3)
    assert f.to(xp) == f
    assert hash(f.to(xp)) == hash(f)
    assert f.to(xp).inverse().to(numpy) == f.inverse()
