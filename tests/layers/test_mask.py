"""A mask hides infinity as well, in float; in fixed point it stays a product with bits."""

from __future__ import annotations

import numpy as np
import pytest

from catgrad import Dtype, Formats, NdArrayType, compile_hardware, layers, obj, op
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.combinators import identity
from catgrad.core.simplify import simplify
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import evaluate, to_kernels
from catgrad.target.python import compile_class, to_source

T = NdArrayType((4,), Dtype.float32)
X, BITS, CHANGE = (
    np.array(row, np.float32) for row in ([1, np.inf, -np.inf, 3], [1, 0, 0, 1], [np.inf, 2, 3, 4])
)


def reciprocal_where_positive(A: NdArrayType) -> OpenHypergraph:
    """1 / x where x is greater than 0, else 0."""
    both = B.copy(obj(A)) >> (B.reciprocal(obj(A)) @ B.gt_constant(0)(obj(A)))
    return both >> op(B.Mask(A))


def test_infinity_is_hidden() -> None:
    f = simplify(differentiate(op(B.Mask(T))))
    method = compile_class(to_source({"f": f})).f
    for run in (lambda *xs: evaluate(to_kernels(f), xs), method):
        value, change, _ = run(X, BITS, CHANGE)
        assert value.tolist() == [1, 0, 0, 3]
        assert change.tolist() == [np.inf, 0, 0, 4]


def test_a_reciprocal_is_masked_where_it_is_infinite() -> None:
    f = simplify(forget(reciprocal_where_positive(T)))
    with np.errstate(divide="ignore"):
        [y] = compile_class(to_source({"f": f})).f(np.array([2, 0, -1, 0], np.float32))
    assert y.tolist() == [0.5, 0, 0, 0]


@pytest.mark.parametrize("bias", [False, True])
def test_in_fixed_point_a_mask_is_a_product(bias: bool) -> None:
    A = NdArrayType((1, 4), Dtype.float32)
    gated = B.copy(obj(A)) >> (identity(obj(A)) @ B.gt_constant(0.5)(obj(A))) >> op(B.Mask(A))
    model = layers.bias(A) >> gated if bias else gated
    hardware = compile_hardware(model, layers.sgd(0.5), layers.mse, Formats.uniform(8, 4))
    assert " * greater  # SQ(4,4)" in hardware.source
    assert "np.where" not in hardware.source
