"""Operations and kernels of one's own that lack something: each is refused in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from catgrad import Dtype, NdArrayType, compile_model, layers, obj, op
from catgrad.bidirectional.kernel import kernel
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.errors import CatgradError
from catgrad.kernel.kernel import COUNTED, Access, Kernel, Nest
from catgrad.target.python import to_python_function

T = NdArrayType((3,), Dtype.float32)
HUGE = NdArrayType((2**40,), Dtype.float32)


@dataclass(frozen=True)
class Stating:
    """An operation that states some type."""

    type: Any

    def source(self) -> Any:
        return self.type

    def target(self) -> Any:
        return obj(T)


@kernel
def doubled(x, y, *, i):
    y[i] = 2 * x[i]


@kernel
def unused(x, y, *, i, j):  # noqa: ARG001
    y[i] += x[i]


@kernel
def counted(x, w, y, *, i, j):
    y[i] += x[i] + w[i, j]


@kernel
def twice(x, y, *, i):
    y[i] += x[i]
    y[i] += x[i]


@kernel
def power(x, y, *, i):
    y[i] = x[i] ** 0


@kernel
def inverse_square(x, y, *, i):
    y[i] = x[i] ** -2


@kernel
def interleaved(x, y, *, i):
    y[2 * i] = x[i]
    y[2 * i + 1] = x[i]


@kernel
def convolved(x, y, *, i, j):
    y[i + j] += x[i] * x[j]


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: op(Stating(T)),
            "The source of Stating is float32[3], not an object; return obj(T).",
        ),
        (
            lambda: op(Stating((1, 2))),
            "The source of Stating is (1, 2), not an object; return obj(T, U).",
        ),
        (
            lambda: compile_model(op(ops.Negate(T)), layers.sgd(0.1), layers.mse),
            (
                "Negate has no reverse map; use an operation of catgrad.bidirectional.operation, "
                "or derive its class from an optic such as Lens, which states one."
            ),
        ),
        (
            lambda: NdArrayType((3,), None),
            ("The dtype of an array type is a Dtype or a Fixed, not None; write Dtype.float32."),
        ),
        (
            lambda: kernel(3),
            "A kernel is made of a Python function, not of 3; write @kernel above a def.",
        ),
        (
            lambda: compile_model(op(doubled(T)), layers.sgd(0.1), layers.mse)[0].save_source(None),
            "The source is saved to a path, not to None; give one such as 'model.py'.",
        ),
        (
            lambda: unused(T, j=4),
            (
                "Kernel 'unused' has the index j, at which nothing is read or written, so nothing "
                "runs over it; leave it out, or read an array at j."
            ),
        ),
        (
            lambda: twice(T),
            (
                "Kernel 'twice' writes position 0 of y, float32[3], 2 times; write every position "
                "exactly once, or put all that is added up there into one +=."
            ),
        ),
        (
            lambda: power(T),
            (
                "Cannot raise a number of a kernel to the power 0; use a whole power other than "
                "0, or exp and log."
            ),
        ),
        (
            lambda: inverse_square(T.with_dtype(Dtype.int32)),
            (
                "Cannot raise an integer of a kernel to the power -2; use a power of at least 1, "
                "or numbers with a floating point."
            ),
        ),
        (
            lambda: interleaved(HUGE),
            (
                f"Kernel 'interleaved' writes y, float32[{2**41}], in a way that has to be "
                f"counted, and more than {COUNTED} positions cannot be; write all of it in one "
                f"nest, or choose a smaller array."
            ),
        ),
        (
            lambda: convolved(NdArrayType((2**20,), Dtype.float32)),
            (
                f"A nest over ({2**20}, {2**20}) writes {2**40} results, some of which meet: more "
                f"than the {COUNTED} that can be counted; write fewer at once."
            ),
        ),
    ],
)
def test_a_sentence(build: Any, sentence: str) -> None:
    with pytest.raises(CatgradError) as error:
        build()
    assert str(error.value) == sentence


def test_a_kernel_over_more_than_memory_is_proved_by_arithmetic() -> None:
    assert doubled(HUGE).targets == (HUGE,)
    half = NdArrayType((2**39,), Dtype.float32)
    parts = [
        Nest((2**39,), (Access(k, 0, (1,)),), Access(0, k * 2**39, (1,)), identity(obj(SCALAR)))
        for k in range(2)
    ]
    Kernel("joined", (half, half), (HUGE,), tuple(parts)).verify()


SCALAR = NdArrayType((), Dtype.float32)


def test_a_sum_counts_each_point_that_it_names() -> None:
    x, w = np.arange(3.0, dtype=np.float32), np.ones((3, 4), np.float32)
    W = NdArrayType((3, 4), Dtype.float32)
    [y] = to_python_function(op(counted(T, W)))(x, w)
    assert y.tolist() == (4 * x + w.sum(axis=1)).tolist()


def test_a_negative_power_is_one_over_the_power() -> None:
    [y] = to_python_function(op(inverse_square(T)))(np.array([1, -2, 4], np.float32))
    assert y.tolist() == [1, 1 / 4, 1 / 16]
