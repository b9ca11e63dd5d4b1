"""From kernels to single numbers: the laws of a functor, and the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, op
from catgrad.hypergraph import OpenHypergraph, isomorphic, layering
from catgrad.kernel.evaluate import evaluate, evaluate_scalars
from catgrad.kernel.kernel import KernelError
from catgrad.kernel.library import to_kernels
from catgrad.kernel.scalars import ScalarProgram
from catgrad.kernel.unroll import unroll
from tests.kernel.cases import CASES, NAMES, narrow, operands, programs, values


def numbers(arrays) -> list:
    """The elements of all arrays in order."""
    return [x for array in arrays for x in np.asarray(array).reshape(-1).tolist()]


def kinds(f: OpenHypergraph) -> set[type]:
    return {type(label) for label in f.H.x}


@pytest.mark.parametrize(("build", "dtypes"), CASES, ids=NAMES)
@settings(max_examples=15)
@given(data=st.data())
def test_an_unrolled_operation_computes_the_same(build, dtypes, data) -> None:
    operation = build(data.draw, data.draw(dtypes))
    arrays = operands(data.draw, operation)
    f = to_kernels(op(operation))
    assert numbers(evaluate_scalars(unroll(f), numbers(arrays))) == numbers(evaluate(f, arrays))


@settings(max_examples=25)
@given(data=st.data())
def test_an_unrolled_program_computes_the_same(data) -> None:
    f = to_kernels(data.draw(programs()))
    arrays = [values(data.draw, T) for T in f.source]
    assert numbers(evaluate_scalars(unroll(f), numbers(arrays))) == numbers(evaluate(f, arrays))


@settings(max_examples=20)
@given(data=st.data())
def test_unroll_preserves_composition(data) -> None:
    f = data.draw(programs())
    g = to_kernels(data.draw(programs(list(f.target))))
    f = to_kernels(f)
    assert isomorphic(unroll(f >> g), unroll(f) >> unroll(g))


@settings(max_examples=20)
@given(f=programs().map(to_kernels), g=programs().map(to_kernels))
def test_unroll_preserves_tensor(f, g) -> None:
    assert isomorphic(unroll(f @ g), unroll(f) @ unroll(g))


@given(f=programs())
def test_an_array_becomes_its_numbers(f) -> None:
    expected = [NdArrayType((), T.dtype) for T in f.source for _ in range(T.size)]
    assert list(unroll(to_kernels(f)).source) == expected


T = NdArrayType((2, 3), Dtype.float32)


@pytest.mark.parametrize(
    "operation",
    [
        ops.Copy(T),
        ops.Discard(T),
        ops.Reshape(T, NdArrayType((6,), Dtype.float32)),
        ops.Permute(T, (1, 0)),
        ops.NCopy(T, T),
        ops.Broadcast(T, T),
        ops.NSplit(T, 3),
        ops.NConcatenate(T, 3),
        ops.NAdd(T, NdArrayType((), Dtype.float32)),
        ops.NMax(T, NdArrayType((1,), Dtype.float32)),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_moving_numbers_leaves_no_operation(operation) -> None:
    assert unroll(to_kernels(op(operation))).H.X == 0


@given(dtype=narrow, terms=st.integers(1, 70))
def test_a_sum_is_as_shallow_and_as_small_as_can_be(dtype, terms) -> None:
    one, many = NdArrayType((), dtype), NdArrayType((terms,), dtype)
    f = unroll(to_kernels(op(ops.NAdd(one, many))))
    depth = (terms - 1).bit_length()
    additions = [type(label) for label in f.H.x].count(ops.Add)
    assert additions == terms - 1
    if dtype.signed:
        assert kinds(f) <= {ops.Add}
        assert f.H.X == 0 or layering(f).max() + 1 == depth


def test_an_unsigned_sum_does_not_keep_a_bit_that_it_never_uses() -> None:
    three = op(ops.NAdd(NdArrayType((), BIT), NdArrayType((3,), BIT)))
    f = unroll(to_kernels(three))
    assert [type(label) for label in f.H.x] == [ops.Add, ops.Add, ops.Requantise]
    assert list(f.target) == [NdArrayType((), Fixed(2, 0, signed=False))]
    assert evaluate_scalars(f, [1, 1, 1]) == [3]


def test_the_greatest_number_is_found_by_comparing_pairs() -> None:
    f = unroll(to_kernels(op(ops.NMax(NdArrayType((), BIT), NdArrayType((5,), BIT)))))
    assert kinds(f) == {ops.Maximum}
    assert (f.H.X, layering(f).max() + 1) == (4, 3)


def steps(n: int, monkeypatch) -> int:
    """How often `ScalarProgram.operate` runs for the product of two n by n matrices."""
    calls = []
    operate = ScalarProgram.operate
    monkeypatch.setattr(
        ScalarProgram, "operate", lambda *args: calls.append(args[1]) or operate(*args)
    )
    side = NdArrayType((n,), Fixed(16, 12))
    f = unroll(to_kernels(op(ops.Compose(side, side, side))))
    assert [type(label) for label in f.H.x].count(ops.Multiply) == n**3
    return len(calls)


def test_python_works_once_for_each_level_of_a_tree(monkeypatch) -> None:
    assert steps(2, monkeypatch) <= 4
    assert steps(32, monkeypatch) <= 8


def test_only_kernels_unroll() -> None:
    with pytest.raises(KernelError) as error:
        unroll(op(ops.Negate(NdArrayType((), BIT))))
    assert str(error.value) == ("Negate is not a kernel; apply to_kernels first.")
