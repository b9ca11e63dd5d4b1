"""Simplification keeps the meaning of programs and never makes them larger."""

from itertools import pairwise

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.regions import copies
from catgrad.core import operation as ops
from catgrad.core.algebra import rewrite
from catgrad.core.constants import evaluate
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.simplify import reduce, remove_dead, share, share_copies, simplify
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, obj, op
from catgrad.hypergraph import (
    CycleError,
    FiniteFunction,
    Hypergraph,
    OpenHypergraph,
    drivers,
    isomorphic,
)
from catgrad.kernel import evaluate as run
from catgrad.kernel import to_kernels
from tests.target.interpreter import interpret
from tests.target.strategies import arguments, programs

PASSES = [share_copies, reduce, share, remove_dead, simplify]

F = NdArrayType((2, 3), Dtype.float32)
SCALAR = NdArrayType((), Dtype.float32)
Q = NdArrayType((2, 3), Fixed(8, 4))


def identity(*types):
    return OpenHypergraph.identity(obj(*types))


def with_constant(operation, x, position=1):
    """A binary operation with one operand a constant."""
    T = list(operation.source())[position]
    other = list(operation.source())[1 - position]
    constant = op(ops.Constant(T, x))
    both = identity(other) @ constant if position else constant @ identity(other)
    return both >> op(operation)


def twice(x):
    """``x ↦ (x, x)``, by wires alone."""
    T = x.target[0]
    return x >> OpenHypergraph.spider(
        FiniteFunction.of([0], 1), FiniteFunction.of([0, 0], 1), obj(T)
    )


################################################################################
# Laws


@pytest.mark.parametrize("simplified", PASSES)
@given(data=st.data())
def test_a_pass_keeps_the_meaning_and_does_not_grow(simplified, data):
    f = data.draw(programs())
    g = simplified(f)
    drivers(g)
    assert (g.source, g.target) == (f.source, f.target)
    assert g.H.X <= f.H.X
    xs = data.draw(arguments(f))
    for expected, found in zip(interpret(f, xs), interpret(g, xs), strict=True):
        assert np.array_equal(expected, found)


@given(programs())
def test_nothing_is_left_to_simplify(f):
    g = simplify(f)
    assert isomorphic(simplify(g), g)
    assert not any(isinstance(x, ops.Copy | ops.Discard) for x in g.H.x)
    reads = [(x, s.table.tobytes()) for x, s in zip(g.H.x, g.H.s, strict=True)]
    assert len(set(reads)) == len(reads)


@given(programs())
def test_any_array_module_will_do(f):
    assert simplify(f.to(array_api_strict)).to(np) == simplify(f)


################################################################################
# Examples


def test_a_copy_is_a_wire_that_is_read_twice():
    f = op(ops.Copy(F)) >> op(ops.Add(F))
    assert isomorphic(share_copies(f), twice(identity(F)) >> op(ops.Add(F)))


def test_copies_of_copies_are_one_wire():
    f = op(ops.Copy(F)) >> (op(ops.Copy(F)) @ identity(F)) >> (identity(F) @ op(ops.Add(F)))
    spider = OpenHypergraph.spider(
        FiniteFunction.of([0], 1), FiniteFunction.of([0, 0, 0], 1), obj(F)
    )
    assert isomorphic(share_copies(f), spider >> (identity(F) @ op(ops.Add(F))))


def test_what_is_discarded_is_not_computed():
    f = op(ops.Negate(F)) >> op(ops.Negate(F)) >> op(ops.Discard(F))
    assert remove_dead(f) == OpenHypergraph.spider(
        FiniteFunction.identity(1), FiniteFunction.initial(1), obj(F)
    )


def test_an_operation_lives_while_one_of_its_results_does():
    split = op(ops.NSplit(SCALAR, 2))
    f = split >> (identity(SCALAR) @ (op(ops.Negate(SCALAR)) >> op(ops.Discard(SCALAR))))
    assert list(simplify(f).H.x) == [ops.NSplit(SCALAR, 2)]


def test_equal_operations_on_equal_wires_are_one():
    chain = op(ops.Negate(F)) >> op(ops.Reshape(F, NdArrayType((6,), F.dtype)))
    f = op(ops.Copy(F)) >> (chain @ chain)
    assert isomorphic(simplify(f), twice(chain))


def test_equal_operations_with_several_results_are_one():
    split = op(ops.NSplit(SCALAR, 2))
    f = op(ops.Copy(SCALAR + 2)) >> (split @ split)
    assert list(simplify(f).H.x) == [ops.NSplit(SCALAR, 2)]


M = NdArrayType((4,), Dtype.int32)
RENAMED = NdArrayType((3, 2), Dtype.float32)
WIDE = Fixed(16, 8)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (with_constant(ops.Add(F), 0), identity(F)),
        (with_constant(ops.Add(F), 0, 0), identity(F)),
        (with_constant(ops.Subtract(F), 0), identity(F)),
        (with_constant(ops.Multiply(F), 1), identity(F)),
        (with_constant(ops.Multiply(F), 1.0, 0), identity(F)),
        (with_constant(ops.Divide(F), 1), identity(F)),
        (with_constant(ops.Power(F), 1), identity(F)),
        (with_constant(ops.Multiply(Q, Q.with_dtype(BIT)), 1), identity(Q)),
        (with_constant(ops.Mask(F), 1), identity(F)),
        (with_constant(ops.Mask(Q), 1), identity(Q)),
        (op(ops.Negate(F)) >> op(ops.Negate(F)), identity(F)),
        (op(ops.Invert(M)) >> op(ops.Invert(M)), identity(M)),
        (op(ops.Permute(F, (0, 1))), identity(F)),
        (op(ops.Permute(F, (1, 0))) >> op(ops.Permute(RENAMED, (1, 0))), identity(F)),
        (op(ops.Reshape(F, F)), identity(F)),
        (op(ops.Reshape(F, RENAMED)) >> op(ops.Reshape(RENAMED, F)), identity(F)),
        (op(ops.Broadcast(F, SCALAR)), identity(F)),
        (op(ops.NCopy(F, SCALAR)), identity(F)),
        (op(ops.Sum(F, SCALAR)), identity(F)),
        (op(ops.NAdd(F, SCALAR)), identity(F)),
        (op(ops.NMax(F, SCALAR)), identity(F)),
        (op(ops.Requantise(Q, Fixed(8, 4))), identity(Q)),
    ],
)
def test_what_does_nothing_goes(f, expected):
    assert isomorphic(simplify(f), expected)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (
            op(ops.Permute(F + 4, (1, 2, 0)))
            >> op(ops.Permute(NdArrayType((3, 4, 2), F.dtype), (1, 0, 2))),
            op(ops.Permute(F + 4, (2, 1, 0))),
        ),
        (
            op(ops.Reshape(F, RENAMED)) >> op(ops.Reshape(RENAMED, NdArrayType((6,), F.dtype))),
            op(ops.Reshape(F, NdArrayType((6,), F.dtype))),
        ),
        (
            op(ops.Broadcast(SCALAR, SCALAR + 2)) >> op(ops.Broadcast(SCALAR + 2, SCALAR + 3)),
            op(ops.Broadcast(SCALAR, SCALAR + 3 + 2)),
        ),
        (
            op(ops.NCopy(SCALAR, SCALAR + 2)) >> op(ops.NCopy(SCALAR + 2, SCALAR + 3)),
            op(ops.NCopy(SCALAR, SCALAR + 2 + 3)),
        ),
    ],
)
def test_two_of_a_kind_become_one(f, expected):
    assert isomorphic(simplify(f), expected)


@given(st.data())
def test_a_part_of_joined_arrays_is_a_part_of_one(data):
    """Where it lies in one, this is read alone, however far behind it stands."""
    rank, k = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    axis = data.draw(st.integers(0, rank - 1))
    shape = [data.draw(st.integers(1, 3)) for _ in range(rank)]
    extents = [data.draw(st.integers(0, 4)) for _ in range(k)]
    types = tuple(
        NdArrayType((*shape[:axis], n, *shape[axis + 1 :]), Dtype.float32) for n in extents
    )
    joined = ops.Concatenate(types, axis)
    whole = joined.result()
    start = tuple(data.draw(st.integers(0, n)) for n in whole.shape)
    stop = tuple(data.draw(st.integers(a, n)) for a, n in zip(start, whole.shape, strict=True))
    step = tuple(data.draw(st.integers(1, 2)) for _ in whole.shape)
    f = op(joined) >> op(ops.Slice(whole, start, stop, step))
    g = simplify(f)
    xs = [np.random.default_rng(i).normal(size=T.shape).astype("f4") for i, T in enumerate(types)]
    [expected], [found] = (run(to_kernels(h), xs) for h in (f, g))
    assert np.array_equal(expected, found)
    starts = joined.starts()
    a, b = start[axis], stop[axis]
    inside = a < b and any(low <= a and b <= high for low, high in pairwise(starts))
    if inside or k == 1:
        assert not any(isinstance(x, ops.Concatenate) for x in g.H.x)


def test_what_is_joined_and_taken_apart_is_not_touched():
    types = tuple(NdArrayType((n,), Dtype.float32) for n in (2, 3, 4, 1))
    joined = ops.Concatenate(types, 0)
    T = joined.result()
    parts = [op(ops.Slice.along(T, 0, a, b)) for a, b in pairwise(joined.starts())]
    apart = copies(T, 4) >> OpenHypergraph.tensor_list(parts)
    assert isomorphic(simplify(op(joined) >> forget(apart)), identity(*types))


@pytest.mark.parametrize(
    "f",
    [
        with_constant(ops.Add(F), 1),
        with_constant(ops.Subtract(F), 0, 0),
        with_constant(ops.Multiply(F), 0),  # 0 * inf is not 0
        with_constant(ops.Add(Q), 0),  # the result has a bit more
        with_constant(ops.Multiply(Q), 16),  # and here eight
        op(ops.Negate(Q)) >> op(ops.Negate(op(ops.Negate(Q)).target[0])),
        op(ops.Requantise(Q, WIDE)),
        op(ops.InRange(Q, Fixed(8, 5))),
    ],
)
def test_what_does_something_stays(f):
    assert isomorphic(simplify(f), f)


@pytest.mark.parametrize(
    ("f", "constant"),
    [
        (with_constant(ops.Multiply(Q), 0), ops.Constant(Q.with_dtype(Fixed(16, 8)), 0)),
        (with_constant(ops.Multiply(M), 0), ops.Constant(M, 0)),
        (with_constant(ops.Mask(F), 0), ops.Constant(F, 0)),
        (op(ops.InRange(Q, WIDE)), ops.Constant(Q.with_dtype(BIT), 1)),
    ],
)
def test_what_is_constant_says_so(f, constant):
    discarded = OpenHypergraph.spider(
        FiniteFunction.identity(1), FiniteFunction.initial(1), f.source
    )
    assert isomorphic(simplify(f), discarded @ op(constant))


def test_constants_are_computed():
    sum_of = (op(ops.Constant(F, 0.1)) @ op(ops.Constant(F, 0.2))) >> op(ops.Add(F))
    f = sum_of >> op(ops.Permute(F, (1, 0)))
    # The shortest decimal that float32 reads as the sum of the two.
    assert list(simplify(f).H.x) == [ops.Constant(RENAMED, 0.3)]


def test_constants_that_overflow_are_left_to_run_time():
    f = with_constant(ops.Divide(F), 0)
    assert evaluate(ops.Divide(F), 1, 0) is None
    assert rewrite(ops.Divide(F), (ops.Constant(F, 1), ops.Constant(F, 0))) is None
    assert isomorphic(simplify(f), f)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("overflow", Overflow)
@given(data=st.data())
def test_constants_are_requantised_as_arrays_are(rounding, overflow, data):
    form = data.draw(st.builds(Fixed, st.integers(1, 6), st.integers(-3, 6), st.booleans()))
    operation = ops.Requantise(NdArrayType((), Fixed(12, 6)), form, rounding, overflow)
    x = data.draw(st.integers(-2048, 2047))
    [expected] = interpret(op(operation), [x])
    assert evaluate(operation, x) == expected


Z = NdArrayType((2,), Dtype.int32)
LEAST = -(2**31)


@pytest.mark.parametrize(
    ("operation", "numbers"),
    [
        (ops.Divide(Z), (5, 0)),
        (ops.Divide(Z), (LEAST, -1)),
        (ops.Power(Z), (2, -1)),
    ],
)
def test_what_is_undefined_on_integers_is_left_to_run_time(operation, numbers):
    constants = OpenHypergraph.tensor_list([op(ops.Constant(Z, x)) for x in numbers])
    f = simplify(constants >> op(operation))
    assert type(operation) in {type(x) for x in f.H.x}


@pytest.mark.parametrize(
    ("operation", "numbers", "expected"),
    [
        (ops.Divide(Z), (-7, 2), -4),
        (ops.Divide(Z), (7, -2), -4),
        (ops.Abs(Z), (LEAST,), LEAST),
        (ops.Add(Z), (LEAST, -1), 2**31 - 1),
    ],
)
def test_integers_are_computed_as_in_numpy(operation, numbers, expected):
    constants = OpenHypergraph.tensor_list([op(ops.Constant(Z, x)) for x in numbers])
    assert list(simplify(constants >> op(operation)).H.x) == [ops.Constant(Z, expected)]


def test_a_circle_is_refused():
    H = op(ops.Negate(F)).H
    circle = Hypergraph(H.s, H.s, H.w, H.x)
    none = FiniteFunction.initial(2)
    with pytest.raises(CycleError) as caught:
        simplify(OpenHypergraph(none, none, circle))
    assert str(caught.value) == (
        f"Operations wait for each other in a circle: operation 0 ({ops.Negate(F)}) -> "
        f"operation 0 ({ops.Negate(F)}); break it with a register, or remove one of these "
        f"connections."
    )
