"""Functions, choices, reductions, parts and indices against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate
from catgrad.core.types import Dtype, NdArrayType, Operation, obj, op
from catgrad.hypergraph import OpenHypergraph
from tests.bidirectional.differences import check, run, spaced
from tests.kernel import cases
from tests.kernel.numbers import Draw, array

ALIKE = [
    B.Repeat,
    B.ReduceSum,
    B.ReduceProduct,
    B.ReduceMax,
    B.ReduceMin,
    B.NMax,
    B.ArgMax,
    B.Slice,
    B.Pad,
    B.Concatenate,
    B.Window,
    B.Fold,
    B.Gather,
    B.ScatterAdd,
    B.Iota,
    B.Array,
    B.Minimum,
    B.Maximum,
    B.Ge,
    B.Lt,
    B.Le,
    B.Eq,
    B.Ne,
    B.Abs,
    B.Sign,
]
"""Operations of B that are drawn as those of C are that they extend."""

POSITIVE = (B.Log, B.Sqrt, B.ReciprocalSqrt, B.Power)
FUNCTIONS = [B.Exp, B.Log, B.Sqrt, B.ReciprocalSqrt, B.Reciprocal, B.Tanh, B.Sin, B.Cos]


def in_bidirectional(operation: Any) -> Operation:
    """The operation of B with the parameters of an operation of C."""
    kind = getattr(B, type(operation).__name__)
    return kind(**vars(operation))


def drawn_as(kind: Any) -> Callable[[Draw], Operation]:
    [core] = [base for base in cases.ON_ALL if base in kind.__mro__]
    return lambda draw: in_bidirectional(cases.ON_ALL[core](draw, Dtype.float64))


BUILD: dict[Any, Callable[[Draw], Operation]] = {
    **{kind: drawn_as(kind) for kind in ALIKE},
    **{kind: lambda draw, kind=kind: kind(array(draw, Dtype.float64)) for kind in FUNCTIONS},
    B.Divide: lambda draw: B.Divide(array(draw, Dtype.float64)),
    B.Power: lambda draw: B.Power(array(draw, Dtype.float64)),
    B.Mask: lambda draw: B.Mask(array(draw, Dtype.float64)),
    B.Select: lambda draw: B.Select(array(draw, Dtype.float64)),
    B.Convert: lambda draw: B.Convert(array(draw, Dtype.float64), Dtype.int32),
}


def inputs(draw: Draw, operation: Any, random: np.random.Generator) -> list[Any]:
    """Numbers that the operation is smooth around."""
    if isinstance(operation, B.Gather | B.ScatterAdd):
        arrays = cases.operands(draw, operation)
        return [a if a.dtype == np.int32 else random.uniform(-1, 1, a.shape) for a in arrays]
    x = spaced(random, list(operation.source()))
    if isinstance(operation, POSITIVE):
        return [abs(a) + 0.1 for a in x]
    if isinstance(operation, B.Reciprocal | B.Divide):
        return [a + np.copysign(0.5, a) for a in x]
    return x


@pytest.mark.parametrize("kind", BUILD, ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_a_reverse_map_equals_finite_differences(kind, data, seed) -> None:
    random = np.random.default_rng(seed)
    operation = BUILD[kind](data.draw)
    f = op(operation)
    x = inputs(data.draw, operation, random)
    if isinstance(operation, B.Mask | B.Select):
        bits = 1 if isinstance(operation, B.Mask) else 0
        f, x = with_bits(operation, bits, random), [a for i, a in enumerate(x) if i != bits]
    check(f, x, random)


def with_bits(operation: Any, place: int, random: np.random.Generator) -> OpenHypergraph:
    """The operation with constant bits, some of them 1 and some 0."""
    types = list(operation.source())
    bits = constants(types[place], random.integers(2, size=types[place].size).tolist())
    parts = [bits if i == place else OpenHypergraph.identity(obj(T)) for i, T in enumerate(types)]
    return OpenHypergraph.tensor_list(parts) >> op(operation)


def constants(T: NdArrayType, numbers: list[int]) -> OpenHypergraph:
    """``I → T``, the numbers of an array in order."""
    one, flat = NdArrayType((1,), T.dtype), NdArrayType((T.size,), T.dtype)
    if not numbers:
        return op(B.Constant(T, 0))
    ones = OpenHypergraph.tensor_list([op(B.Constant(one, x)) for x in numbers])
    return ones >> op(B.Concatenate((one,) * T.size, 0)) >> op(B.Reshape(flat, T))


T = NdArrayType((2, 3), Dtype.float64)
A = obj(T)


@pytest.mark.parametrize(
    "f",
    [
        B.mean(T, (0,)),
        B.mean(T, (-1, 0)),
        B.clamp(-0.6, 0.7)(A),
        B.reduce_max(T, (1,)) >> B.exp(obj(NdArrayType((2,), Dtype.float64))),
        B.tanh(A) >> B.absolute(A) >> B.log(A),
    ],
)
def test_compositions(f: OpenHypergraph) -> None:
    random = np.random.default_rng(0)
    check(f, spaced(random, list(f.source)), random)


def reverse(f: OpenHypergraph, x: Any, dy: Any) -> list[float]:
    """The change of the one input, as a list."""
    return run(differentiate(f), [x, dy])[1].tolist()


def test_a_change_converts_between_floating_point_dtypes_and_stops_at_others() -> None:
    V = NdArrayType((2,), Dtype.float64)
    x, dy = np.array([0.25, -3.0]), np.array([2.0, 0.5])
    single = op(B.Convert(V, Dtype.float32))
    assert reverse(single, x, dy.astype(np.float32)) == [2.0, 0.5]
    assert reverse(op(B.Convert(V, Dtype.int32)), x, dy.astype(np.int32)) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("f", "changes"),
    [
        (lambda V: op(B.ReduceMax(V, (0,))), [0, 5, 0, 0]),
        (lambda V: op(B.ReduceMin(V, (0,))), [5, 0, 0, 0]),
        (lambda V: op(B.NMax(NdArrayType((), V.dtype), V)), [0, 5, 0, 0]),
    ],
)
def test_of_equal_extrema_the_first_one_changes(f: Any, changes: Any) -> None:
    V = NdArrayType((4,), Dtype.float64)
    x = np.array([-1.0, 2.0, 2.0, -1.0])
    assert reverse(f(V), x, np.array(5.0)) == changes


@given(n=st.integers(1, 4), data=st.data())
def test_the_greatest_pair_after_pair_is_the_greatest(n: int, data: Any) -> None:
    V = NdArrayType((2, n), Dtype.float64)
    numbers = st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=2 * n, max_size=2 * n)
    x, dy = np.array(data.draw(numbers)).reshape(2, n), np.array([1.0, -2.0])
    found, expected = (
        run(differentiate(f), [x, dy]) for f in (B.pairwise_max(V), B.reduce_max(V, (1,)))
    )
    for a, b in zip(found, expected, strict=True):
        assert a.tolist() == b.tolist()


@pytest.mark.parametrize("choice", [B.maximum, B.minimum])
def test_of_two_equal_numbers_the_first_one_changes(choice: Any) -> None:
    V = NdArrayType((), Dtype.float64)
    outputs = run(differentiate(choice(obj(V))), [np.array(3.0), np.array(3.0), np.array(7.0)])
    assert [float(x) for x in outputs] == [3.0, 7.0, 0.0]


def test_a_power_of_zero_does_not_change_with_its_base() -> None:
    V = NdArrayType((3,), Dtype.float64)
    x, dy = np.array([0.0, -2, 3]), np.ones(3)
    assert reverse(B.exponentiate(0)(obj(V)), x, dy) == [0, 0, 0]
    outputs = run(differentiate(B.power(obj(V))), [abs(x), np.zeros(3), dy])
    assert outputs[1].tolist() == [0, 0, 0]
    np.testing.assert_allclose(outputs[2], [0, np.log(2), np.log(3)])


def test_an_inverted_number_changes_as_its_negative_and_a_bit_as_itself() -> None:
    V, bits = NdArrayType((2,), Dtype.int32), NdArrayType((2,), Dtype.bool)
    assert reverse(op(B.Invert(V)), np.array([3, -1], np.int32), np.array([5, -2], np.int32)) == [
        -5,
        2,
    ]
    for dy in ([False, True], [True, False]):
        assert reverse(op(B.Invert(bits)), np.array([False, True]), np.array(dy)) == dy


def test_integers_are_divided_by_a_constant_and_rounded_down() -> None:
    V = NdArrayType((3,), Dtype.int32)
    f = B.scale_inverse(2)(obj(V))
    x = np.array([-3, 4, 5], np.int32)
    assert run(differentiate(f), [x, x])[0].tolist() == [-2, 2, 2]


def test_nothing_changes_an_absolute_value_at_its_kink() -> None:
    V = NdArrayType((3,), Dtype.float64)
    assert reverse(B.absolute(obj(V)), np.array([0.0, -2, 3]), np.ones(3)) == [0, -1, 1]


def test_products_with_zeros_have_a_reverse_map() -> None:
    V = NdArrayType((3,), Dtype.float64)
    f = op(B.ReduceProduct(V, (0,)))
    assert reverse(f, np.array([2.0, 0.0, 3.0]), np.array(1.0)) == [0.0, 6.0, 0.0]
    assert reverse(f, np.array([0.0, 0.0, 3.0]), np.array(1.0)) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", sorted({kind.__name__ for kind in BUILD}))
def test_forward_and_reverse_maps_fit_together(name: str) -> None:
    @settings(max_examples=3, deadline=None, database=None)
    @given(data=st.data())
    def fits(data: Any) -> None:
        [kind] = [kind for kind in BUILD if kind.__name__ == name]
        x: Any = BUILD[kind](data.draw)
        assert (x.fwd().source, x.fwd().target) == (x.source(), x.target() + x.residual())
        assert (x.rev().source, x.rev().target) == (x.residual() + x.target(), x.source())
        assert (x.to_core().source, x.to_core().target) == (x.source(), x.target())

    fits()
