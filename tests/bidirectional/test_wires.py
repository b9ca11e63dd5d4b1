"""Programs written as expressions on their wires."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Dtype, NdArrayType, layers
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.wires import call, calls, program, where
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
    """The same expressions mean the same on wires as on arrays."""

    def numbers(x: Any, y: Any, _: Any) -> list[Any]:
        return [x + y, x - y, x * y, x / y, -x, +x, abs(-x), 1 - x, 2 * x, 1 / x, x + 1]

    def powers(x: Any, y: Any, _: Any) -> list[Any]:
        return [x**2, x**-1, x**0.5, x**y, 2**x, np.float64(3) ** x, np.float32(2) * x]

    def comparisons(x: Any, y: Any, z: Any) -> list[Any]:
        return [x > y, x >= z, x < z, x <= z, x == y, x != z, x >= 2, x == 0, x != 3]

    def body(*x: Any) -> list[Any]:
        return [*numbers(*x), *powers(*x), *comparisons(*x)]

    x, y, z = np.array([1.0, 2, 3]), np.array([4.0, 1, 3]), np.array([1.0, 5, 0])
    found = evaluate(to_kernels(forget(program(A, body))), [x, y, z])
    for a, b in zip(found, body(x, y, z), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-15)


@pytest.mark.parametrize(
    ("left", "right"), [((2, 3), (3, 4)), ((2, 3), (3,)), ((3,), (3, 4)), ((3,), (3,))]
)
def test_products_of_matrices_and_vectors(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=left), random.normal(size=right)
    types = [NdArrayType(shape, Dtype.float64) for shape in (left, right)]
    f = program(obj(*types), lambda x, y: x @ y)
    assert f.target == obj(NdArrayType((x @ y).shape, Dtype.float64))
    np.testing.assert_allclose(evaluate(to_kernels(forget(f)), [x, y])[0], x @ y, rtol=1e-14)


def test_where() -> None:
    def body(x: Any, y: Any, choose: Any) -> list[Any]:
        return [choose(x > y, x, -y), choose(x > y, x, 0), choose(x > y, 0, y), choose(x > 0, 2, 1)]

    x, y = np.array([-1.0, 2, 3]), np.array([4.0, 1, 3])
    f = program(obj(T, T), lambda x, y: body(x, y, where))
    for a, b in zip(evaluate(to_kernels(forget(f)), [x, y]), body(x, y, np.where), strict=True):
        np.testing.assert_array_equal(a, b)
    slope = program(obj(T), lambda x: where(x > 0, 3 * x, -x))
    _, change = evaluate(to_kernels(differentiate(slope)), [x, np.ones(3)])
    np.testing.assert_array_equal(change, [-1, 3, 3])


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


ROOM = "of catgrad.bidirectional.operation."
SYMBOLS = f"use + - * / ** @, comparisons, where(condition, a, b), or an operation {ROOM}"
BRANCH = (
    "The body of a program cannot branch on a wire of float64[3], which stands for numbers that "
    "are not known yet; write where(condition, a, b), from catgrad.bidirectional.wires."
)
ARRAY = (
    "Constant needs a finite number, not array([1., 1., 1.]); give one number that fills the array."
)
FOREIGN = (
    "A program cannot read a wire of float64[3] that belongs to another one; give it an input of "
    "that type, and call it with the wire."
)


def uses(attempt: str, remedy: str) -> str:
    return f"The body of a program cannot use {attempt} on a wire of float64[3]; {remedy}"


def results(what: str) -> str:
    return (
        f"The body of a program returns a wire or several, not {what}; return what it computes, as "
        f"in return x + y, and x.draft.constant(x.T, 1) for a number."
    )


def elsewhere() -> Any:
    """A wire of another program."""
    kept = []
    program(obj(T), lambda x: [kept.append(x), x][1:])
    return kept[0]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (lambda x: x if x > 0 else -x, BRANCH),
        (lambda x: (x > 0) and x, BRANCH),
        (lambda x: x if x in (0, 1) else -x, BRANCH),
        (lambda x: np.ones(3) * x, ARRAY),
        (lambda x: x * np.ones(3), ARRAY),
        (lambda x: np.ones(3) < x, ARRAY),
        (lambda x: x + elsewhere(), FOREIGN),
        (lambda x: elsewhere() + x, FOREIGN),
        (lambda _: call(B.Exp(T), elsewhere()), FOREIGN),
        (lambda _: call(B.negate(obj(T)), elsewhere()), FOREIGN),
        (lambda _: elsewhere(), FOREIGN),
        (
            lambda x: x[0],
            uses("[]", f"take a part by calling Slice.along(x.T, axis, start, stop) {ROOM}"),
        ),
        (sum, uses("sum or for", f"add numbers up by calling reduce_sum(x.T, axes) {ROOM}")),
        (len, uses("len", "ask its type, as in x.T.shape.")),
        (np.exp, uses("NumPy", f"call an operation such as Exp(x.T) {ROOM}")),
        (lambda x: np.array([x, x]), uses("NumPy", f"call an operation such as Exp(x.T) {ROOM}")),
        (lambda x: x @ 2, uses("@", f"call Compose or MatrixMultiply {ROOM}")),
        (lambda x: np.ones(3) @ x, uses("@", f"call Compose or MatrixMultiply {ROOM}")),
        (lambda x: x // 2, uses("//", SYMBOLS)),
        (lambda x: ~(x > 0), uses("~", SYMBOLS)),
        (lambda x: (x > 0) & (x < 1), uses("&", SYMBOLS)),
        (
            lambda x: x ** "2",
            "A power of a wire needs a finite number for exponent, not '2'; write one such as 0.1.",
        ),
        (
            lambda x: where(True, x, 0),  # type: ignore[arg-type]
            ("where chooses by a comparison of wires, such as x > 0, not by True; compare a wire."),
        ),
        (lambda _: None, results("None")),
        (lambda _: 3, results("3")),
        (lambda _: "x", results("'x'")),
        (lambda x: (x, 1), results("(a wire of float64[3], 1)")),
        (
            lambda: None,
            (
                "The body of a program from [float64[3]] is called with a wire for each of these "
                "types, which it does not take (<lambda>() takes 0 positional arguments but 1 was "
                "given); give it one parameter for each."
            ),
        ),
        (
            lambda x, y: x + y,
            (
                "The body of a program from [float64[3]] is called with a wire for each of these "
                "types, which it does not take (<lambda>() missing 1 required positional argument: "
                "'y'); give it one parameter for each."
            ),
        ),
        (
            lambda x: call(B.Copy(T), x),
            "Copy has 2 results, where call gives one; write calls, which gives a list.",
        ),
        (
            lambda x: call(B.copy(obj(T)), x),
            "The program has 2 results, where call gives one; write calls, which gives a list.",
        ),
        (
            lambda _: call(B.Negate(T)),
            (
                "Negate is called with no wire; give one for each of its inputs, or, where it has "
                "none, write [y] = x.draft.apply(operation), x being any wire of the program."
            ),
        ),
        (
            lambda x: call(B.Add(T), x, 2),  # type: ignore[arg-type]
            (
                "Add is called with 2, which is no wire; write it as x.draft.constant(T, 1), x "
                "being any wire of the program."
            ),
        ),
        (
            lambda x: call(layers.relu, x),  # type: ignore[arg-type]
            (
                "A program is made of an operation, not of relu, a family of programs; choose one "
                "of them, as in relu(obj(T))."
            ),
        ),
        (
            lambda x: call(B.ReLU, x),  # type: ignore[arg-type]
            (
                "A program is made of an operation, not of the class ReLU; give it its types, as "
                "in op(ReLU(T))."
            ),
        ),
    ],
)
def test_mistakes_are_sentences(body: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(CatgradError) as error:
        program(obj(T), body)
    assert str(error.value) == sentence


def test_a_program_goes_from_an_object() -> None:
    with pytest.raises(CatgradError) as error:
        program(T, lambda x: x)  # type: ignore[arg-type]
    assert str(error.value) == (
        "A program goes from an object, not from float64[3]; write program(obj(T), body)."
    )


def test_what_a_body_raises_is_left_as_it_is() -> None:
    with pytest.raises(TypeError, match=r"^object of type 'int' has no len\(\)$"):
        program(obj(T), lambda x: [x, len(3)])  # type: ignore[arg-type]
