"""Where a number is not passed on its gradient is 0, as in PyTorch, also below an infinite one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.functor import rdiff
from catgrad.bidirectional.kernel import kernel, maximum
from catgrad.combinators import Canonical, identity
from catgrad.core.types import Dtype, NdArrayType, obj, op
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.target.python import to_python_function

Step = tuple[Canonical, Callable[[torch.Tensor], torch.Tensor]]

T = NdArrayType((2, 6), Dtype.float64)


@kernel
def positive_part(x, y, *, i, j):
    y[i, j] = maximum(x[i, j], 0)


def above_zero(A: Labels) -> OpenHypergraph:
    return (identity(A) @ B.constant(0)(A)) >> B.maximum(A)


def in_a_block(A: Labels) -> OpenHypergraph:
    return block("part", B.relu(A))


def in_blocks_and_out(A: Labels) -> OpenHypergraph:
    return in_a_block(A) >> B.negate(A) >> B.relu(A) >> in_a_block(A)


def greatest(A: Labels) -> OpenHypergraph:
    [U] = A
    return B.reduce_max(U, -1) >> op(B.Repeat(U, (1,)))


PARTS: list[Step] = [
    (B.relu, torch.relu),
    (B.clamp(0, 3), lambda x: x.clamp(0, 3)),
    (B.clamp(-3, 3), lambda x: x.clamp(-3, 3)),
    (above_zero, lambda x: torch.where(x >= 0, x, torch.zeros_like(x))),
    (in_a_block, torch.relu),
    (in_blocks_and_out, lambda x: torch.relu(torch.relu(-torch.relu(x)))),
    (greatest, lambda x: x.max(dim=1, keepdim=True).values.expand_as(x)),
    (lambda A: op(positive_part(*A)), torch.relu),
]
ENDS: list[Step] = [
    (B.sqrt, torch.sqrt),
    (B.log, torch.log),
    (B.reciprocal, torch.reciprocal),
    (B.reciprocal_sqrt, torch.rsqrt),
    (B.exponentiate(-2), lambda x: x**-2.0),
    (B.exponentiate(0.5), lambda x: x**0.5),
    (B.exp, torch.exp),
    (lambda A: (B.constant(1)(A) @ identity(A)) >> B.divide(A), lambda x: 1 / x),
    (lambda A: B.scale(-2)(A) >> B.sqrt(A), lambda x: torch.sqrt(-2 * x)),
]


def numbers(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """All distinct, and none at which a part has a bend."""
    halves = [x / 4 for x in range(-19, 20) if x not in (-12, 0, 12)]
    return st.permutations(halves).map(lambda xs: np.reshape(xs[: np.prod(shape)], shape))


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), st.sampled_from(ENDS), st.data())
def test_what_is_not_passed_on_does_not_change(parts: list[Step], end: Step, data: Any) -> None:
    """PyTorch, too, gives NaN where a number that is passed on is none or infinite."""
    A, f, reference = obj(T), identity(obj(T)), []
    for of_ours, of_torch in (*parts, end):
        f = f >> of_ours(A)
        reference.append(of_torch)
    x = data.draw(numbers(T.shape))
    passed = torch.tensor(x, requires_grad=True)
    y = passed
    for of_torch in reference:
        y = of_torch(y)
    [expected] = torch.autograd.grad(y, [passed], torch.ones_like(y))
    with np.errstate(all="ignore"):
        [found] = to_python_function(rdiff(f), "f")(x, np.ones(T.shape))
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-10)
