"""Programs written as expressions on their wires."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import Dtype, NdArrayType
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.combinators import identity, permutation
from catgrad.core.types import obj
from catgrad.hypergraph import ArrowTypeError
from catgrad.hypergraph.isomorphism import isomorphic
from catgrad.kernel import evaluate, to_kernels

T = NdArrayType((3,), Dtype.float64)
A = obj(T, T, T)


@given(p=st.permutations(range(3)))
def test_wires_alone_are_a_permutation(p: list[int]) -> None:
    assert isomorphic(program(A, lambda *x: [x[i] for i in p]), permutation(A, p))


@settings(max_examples=20)
@given(picks=st.lists(st.integers(0, 2), max_size=6))
def test_each_wire_is_read_once(picks: list[int]) -> None:
    """Copies and discards make the program one that can be differentiated; copies add up."""
    f = program(A, lambda *x: [x[i] for i in picks])
    reads = np.concatenate([f.H.s.values.table, f.t.table])
    writes = np.concatenate([f.H.t.values.table, f.s.table])
    assert sorted(reads.tolist()) == sorted(writes.tolist()) == list(range(f.H.W))
    x = [np.full(3, float(i)) for i in range(3)]
    dy = [np.full(3, 10.0**i) for i in range(len(picks))]
    found = evaluate(to_kernels(differentiate(f)), [*x, *dy])
    assert [int(a[0]) for a in found[: len(picks)]] == picks
    for i, change in enumerate(found[len(picks) :]):
        assert change[0] == sum(10.0**k for k, pick in enumerate(picks) if pick == i)


def test_arithmetic() -> None:
    def body(x: Wire, y: Wire, z: Wire) -> list[Wire]:
        return [x + y, x - y, x * y, x / y, -x, 1 - x, 2 * x, 1 / x, x + 1, x > y, x < z]

    x, y, z = np.array([1.0, 2, 3]), np.array([4.0, 1, 3]), np.array([1.0, 5, 0])
    found = evaluate(to_kernels(forget(program(A, body))), [x, y, z])
    wanted = [x + y, x - y, x * y, x / y, -x, 1 - x, 2 * x, 1 / x, x + 1, x > y, x < z]
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_program_is_applied_as_a_whole() -> None:
    inner = program(obj(T, T), lambda x, y: (x * y, x))
    nested = program(obj(T, T), lambda x, y: calls(inner, x, y))
    assert isomorphic(nested, inner)
    assert isomorphic(program(obj(T), lambda x: call(identity(obj(T)), x)), identity(obj(T)))


@pytest.mark.parametrize("f", [B.Add(T), B.add(obj(T))], ids=["operation", "program"])
def test_types_are_checked(f) -> None:
    U = NdArrayType((4,), Dtype.float64)
    with pytest.raises(ArrowTypeError) as error:
        program(obj(T, U), lambda x, y: call(f, x, y))
    assert str(error.value).startswith("Cannot compose: output 1 of the first program")
