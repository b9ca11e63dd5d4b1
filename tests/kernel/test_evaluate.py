"""Running programs: the order of operations, and inputs that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.batches import batches
from catgrad.kernel.evaluate import evaluate, evaluate_scalars
from catgrad.kernel.library import kernel, to_kernels
from tests import strategies


@given(strategies.runnable())
def test_batches_hold_every_operation_once_and_write_before_they_read(f) -> None:
    written = set(f.s.table.tolist())
    seen = []
    for label, reads, writes in batches(f):
        assert written >= set(reads.ravel().tolist())
        written |= set(writes.ravel().tolist())
        seen += [(label, *map(tuple, columns)) for columns in zip(reads.T, writes.T, strict=True)]
    assert sorted(map(repr, seen)) == sorted(
        repr((f.H.x[i], tuple(f.H.s[i].table), tuple(f.H.t[i].table))) for i in range(f.H.X)
    )


Q = NdArrayType((2,), Fixed(4, 1))
negate = to_kernels(op(ops.Negate(Q)))


def refused(f: OpenHypergraph, inputs: list) -> str:
    with pytest.raises(CatgradError) as error:
        evaluate(f, inputs)
    return str(error.value)


def test_inputs_that_do_not_fit() -> None:
    assert refused(negate, []) == (
        "The program has 1 inputs [SQ(3,1)[2]], but 0 arrays are given; "
        "give one array for each input."
    )
    assert refused(negate, [np.zeros((1, 2), dtype=int)]) == (
        "Input 0 of the program is SQ(3,1)[2], but the array given for it has shape (1, 2); "
        "give one of shape (2,)."
    )
    assert refused(negate, [np.zeros(2)]) == (
        "Input 0 of the program is SQ(3,1)[2], but the array given for it holds float64; "
        "give integer mantissas."
    )
    assert refused(negate, [[8, -9]]) == (
        "Input 0 of the program is SQ(3,1)[2], but the array given for it holds mantissas "
        "from -9 to 8; keep them from -8 to 7."
    )
    invert = to_kernels(op(ops.Invert(NdArrayType((2,), Dtype.int32))))
    assert refused(invert, [[0.5, 1.0]]) == (
        "Input 0 of the program is int32[2], but the array given for it holds float64; give int32."
    )


def test_what_is_not_a_program_of_kernels() -> None:
    assert refused(op(ops.Discard(Q)), [[1, 2]]) == (
        "Discard is not a kernel; apply to_kernels first."
    )


def test_what_is_not_a_program_of_single_numbers() -> None:
    with pytest.raises(CatgradError) as error:
        evaluate_scalars(op(ops.Discard(NdArrayType((), Dtype.bool))), [True])
    assert str(error.value) == (
        "Discard has no meaning on single numbers; unroll the program first."
    )


def test_an_operation_without_a_kernel() -> None:
    label = strategies.Operation("f", "a", "b")
    with pytest.raises(CatgradError) as error:
        kernel(label)
    assert str(error.value) == (
        "There is no kernel for Operation; write the program in core operations, or give a "
        "Kernel of your own."
    )
