"""Every operation and its reverse map against PyTorch's, in float64, as generated source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate
from catgrad.core.types import Dtype, NdArrayType, obj, op
from catgrad.hypergraph import OpenHypergraph
from catgrad.target.python import to_python_function

Reference = Callable[..., torch.Tensor]


def array(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float64)


def indices(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.int32)


def agrees(f: OpenHypergraph, reference: Reference, positive: bool = False) -> None:
    """A program and its reverse map compute what a function of PyTorch does, and its gradient."""
    random = np.random.default_rng(0)

    def numbers(T: NdArrayType) -> Any:
        if T.dtype is Dtype.int32:
            return random.integers(0, 5, T.shape, dtype=np.int32)
        x = random.normal(size=T.shape)
        return np.abs(x) + 0.1 if positive else x

    xs, [dy] = [numbers(T) for T in f.source], [random.normal(size=T.shape) for T in f.target]
    y, *dxs = to_python_function(differentiate(f), "f")(*xs, dy)
    tensors = [torch.tensor(x, requires_grad=x.dtype == np.float64) for x in xs]
    expected = reference(*tensors)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-12, atol=1e-12)
    changing = [x for x in tensors if x.requires_grad]
    gradients = torch.autograd.grad(expected, changing, torch.tensor(dy))
    found = [dx for dx in dxs if dx.dtype == np.float64]
    for dx, gradient in zip(found, gradients, strict=True):
        np.testing.assert_allclose(dx, gradient.numpy(), rtol=1e-10, atol=1e-12)


T = array(3, 4, 5)
A = obj(T)

ON_ONE: list[tuple[str, OpenHypergraph, Reference]] = [
    ("tanh", B.tanh(A), torch.tanh),
    ("exp", B.exp(A), torch.exp),
    ("sin", B.sin(A), torch.sin),
    ("cos", B.cos(A), torch.cos),
    ("reciprocal", B.reciprocal(A), torch.reciprocal),
    ("absolute", B.absolute(A), torch.abs),
    ("sign", B.sign(A), torch.sign),
    ("negate", B.negate(A), torch.neg),
    ("relu", B.relu(A), torch.relu),
    ("sigmoid", B.sigmoid(A), torch.sigmoid),
    ("square", B.exponentiate(2)(A), torch.square),
    ("clamp", B.clamp(-0.5, 0.75)(A), lambda x: torch.clamp(x, -0.5, 0.75)),
    ("scale_inverse", B.scale_inverse(3)(A), lambda x: x / 3),
    ("permute", op(B.Permute(T, (2, 0, 1))), lambda x: x.permute(2, 0, 1)),
    ("reshape", op(B.Reshape(T, array(20, 3))), lambda x: x.reshape(20, 3)),
    ("repeat", op(B.Repeat(array(3, 2, 4), (1,))), lambda x: x[:, None].expand(3, 2, 4)),
    (
        "repeat before the last axis",
        op(B.Repeat(array(3, 2, 5, 4), (2,))),
        lambda x: x[:, :, None].expand(3, 2, 5, 4),
    ),
    *[
        (f"sum{axes}", B.reduce_sum(T, axes), lambda x, axes=axes: x.sum(axes))
        for axes in [(0,), (1,), (-1,), (0, 2), (0, 1, 2)]
    ],
    ("mean", B.mean(T, (0, -1)), lambda x: x.mean((0, 2))),
    ("max", B.reduce_max(T, (1,)), lambda x: x.max(1).values),
    ("max of more axes", B.reduce_max(T, (0, 2)), lambda x: x.amax((0, 2))),
    ("min", B.reduce_min(T, (0,)), lambda x: x.min(0).values),
    ("NMax", op(B.NMax(array(3), array(4, 5))), lambda x: x.amax((1, 2))),
    ("product", B.reduce_product(T, (1,)), lambda x: x.prod(1)),
    ("product of more axes", B.reduce_product(T, (0, 2)), lambda x: x.prod(0).prod(1)),
    ("slice", op(B.Slice(T, (1, 0, 1), (3, 4, 5), (1, 3, 2))), lambda x: x[1:3, 0:4:3, 1:5:2]),
    ("slice along", op(B.Slice.along(T, 1, 1, 3)), lambda x: x[:, 1:3]),
    (
        "pad",
        op(B.Pad(T, (1, 0, 2), (0, 3, 1), None, 7)),
        lambda x: F.pad(x, (2, 1, 0, 3, 1, 0), value=7.0),
    ),
    (
        "pad between",
        op(B.Pad(array(4), (1,), (2,), (1,))),
        lambda x: F.pad(torch.stack([x, 0 * x], 1).reshape(-1)[:7], (1, 2)),
    ),
    ("window", op(B.Window(T, 2, 3)), lambda x: x.unfold(2, 3, 1)),
    ("window strided", op(B.Window(T, 1, 2, 2)), lambda x: x.unfold(1, 2, 2)),
    (
        "window dilated",
        op(B.Window(array(2, 11), 1, 3, 2, 3)),
        lambda x: x.unfold(1, 7, 2)[..., ::3],
    ),
    (
        "fold",
        op(B.Fold(array(2, 9), 1, 3, 2)),
        lambda x: F.fold(x.permute(0, 2, 1), (1, 9), (1, 3), stride=(1, 2)).reshape(2, 9),
    ),
]


@pytest.mark.parametrize(
    ("f", "reference"), [case[1:] for case in ON_ONE], ids=[c[0] for c in ON_ONE]
)
def test_operations_on_one_array(f: OpenHypergraph, reference: Reference) -> None:
    agrees(f, reference)


@pytest.mark.parametrize(
    ("f", "reference"),
    [
        (B.log(A), torch.log),
        (B.sqrt(A), torch.sqrt),
        (B.reciprocal_sqrt(A), torch.rsqrt),
        (B.exponentiate(2.5)(A), lambda x: x**2.5),
        (B.power(A), torch.pow),
        (B.divide(A), torch.div),
    ],
)
def test_operations_on_positive_numbers(f: OpenHypergraph, reference: Reference) -> None:
    agrees(f, reference, positive=True)


@pytest.mark.parametrize(
    ("f", "reference"),
    [
        (B.add(A), torch.add),
        (B.subtract(A), torch.sub),
        (B.multiply(A), torch.mul),
        (B.divide(A), torch.div),
        (B.maximum(A), torch.maximum),
        (B.minimum(A), torch.minimum),
        (op(B.Concatenate((T, array(3, 2, 5)), 1)), lambda x, y: torch.cat([x, y], 1)),
        (op(B.NConcatenate(T, 2)), lambda x, y: torch.stack([x, y], -1)),
        (op(B.MatrixMultiply(array(3), array(4), array(5), array(2))), torch.matmul),
        (op(B.Compose(array(3, 4), array(5), array(2))), torch.matmul),
        (
            op(B.Compose(array(3), array(4, 5), array(2, 2))),
            lambda x, y: torch.tensordot(x, y, 2),
        ),
    ],
)
def test_operations_on_two_arrays(f: OpenHypergraph, reference: Reference) -> None:
    agrees(f, reference)


@pytest.mark.parametrize(
    ("comparison", "reference"),
    [
        (B.gt, torch.gt),
        (B.ge, torch.ge),
        (B.lt, torch.lt),
        (B.le, torch.le),
        (B.eq, torch.eq),
        (B.ne, torch.ne),
    ],
)
def test_a_choice_between_two_arrays(comparison: Any, reference: Any) -> None:
    """``where(x ? y, z, w)``; comparisons have no reverse map in PyTorch."""
    T = array(6)
    f = (comparison(obj(T)) @ OpenHypergraph.identity(obj(T, T))) >> B.select(obj(T))

    def where(x: Any, y: Any, z: Any, w: Any) -> torch.Tensor:
        return torch.where(reference(x, y), z, w) + 0 * (x + y)

    agrees(f, where)


def test_rows_of_a_table() -> None:
    f = op(B.Gather(array(6, 3), indices(4, 7)))
    agrees(f, lambda table, index: F.embedding(index.long(), table))


def test_rows_added_up() -> None:
    def added(index: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        zeros = torch.zeros(6, 3, dtype=torch.float64)
        return zeros.index_add(0, index.reshape(-1).long(), rows.reshape(-1, 3))

    agrees(op(B.ScatterAdd(array(6, 3), indices(4, 7))), added)


def test_operations_without_a_derivative() -> None:
    x = np.random.default_rng(0).integers(0, 3, (3, 4, 5)).astype(np.float64)
    index = np.arange(5, dtype=np.int32)
    run = to_python_function
    for axis in range(3):
        [found] = run(B.ArgMax(T, axis).to_core(), "f")(x)
        # Of several that are greatest PyTorch may give any.
        np.testing.assert_array_equal(found, np.argmax(x, axis))
        np.testing.assert_array_equal(
            np.take_along_axis(x, np.expand_dims(found, axis), axis).squeeze(axis),
            torch.tensor(x).max(axis).values.numpy(),
        )
    [hot] = run(B.OneHot(indices(5), 7, Dtype.float64).to_core(), "f")(index)
    np.testing.assert_array_equal(hot, F.one_hot(torch.tensor(index).long(), 7).numpy())
    [whole] = run(B.Convert(T, Dtype.int32).to_core(), "f")(1.7 - x)
    np.testing.assert_array_equal(whole, torch.tensor(1.7 - x).int().numpy())
