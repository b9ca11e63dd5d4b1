"""Labels: numbers for objects, the same numbers everywhere in a process."""

import pickle
import subprocess
import sys

import numpy
import pytest
from hypothesis import given

from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph
from catgrad.hypergraph.array import host
from tests.strategies import labels, modules


@given(modules, labels(), labels())
def test_concatenation(xp, A, B):
    A, B = A.to(xp), B.to(xp)
    assert list(A + B) == [*A, *B]
    assert len(A + B) == len(A) + len(B)
    assert A + B == Labels.concatenate([A, B]) == Labels.of([*A, *B], xp)


@given(modules, labels())
def test_positions(xp, A):
    A = A.to(xp)
    assert [A[i] for i in range(len(A))] == [A(i) for i in range(len(A))] == list(A)
    assert A[: len(A) // 2] + A[len(A) // 2 :] == A
    assert FiniteFunction.identity(len(A), xp) >> A == A


@given(modules, labels())
def test_distinct(xp, A):
    kinds, which = A.to(xp).distinct()
    assert sorted(kinds) == sorted(set(A))
    assert [kinds[i] for i in host(which).tolist()] == list(A)


@given(modules, labels(), labels())
def test_equality_is_of_contents(xp, A, B):
    assert (A.to(xp) == B) == (list(A) == list(B))
    assert list(A) != A
    if A == B:
        assert hash(A.to(xp)) == hash(B)


def test_any_hashable_object_is_a_label():
    f = OpenHypergraph.singleton("f", Labels.of("a"), Labels.of("b"))
    A = Labels.of([("float32", (3, 1)), f, None])
    assert list(A) == [("float32", (3, 1)), f, None]


def test_equal_programs_are_one_label():
    def program():
        f = OpenHypergraph.singleton("f", Labels.of("a"), Labels.of("b"))
        return f @ OpenHypergraph.identity(Labels.of("c"))

    assert Labels.of([program()]) == Labels.of([program()])
    assert Labels.of([program()]) != Labels.of([program().dagger()])


def test_text_shortens_long_lists():
    assert str(Labels.of("ab")) == "[a, b]"
    assert repr(Labels.of("ab")) == "Labels([a, b])"
    assert str(Labels.of(range(16))) == f"[{', '.join(map(str, range(16)))}]"
    assert str(Labels.of(range(1000))) == (
        f"[{', '.join(map(str, range(15)))}, ... 984 more ..., 999]"
    )


def test_pickles_mean_the_same_in_another_process():
    Labels.of(["only here", "and here"])
    f = OpenHypergraph.singleton("pickled", Labels.of("aba"), Labels.of("b"))
    assert pickle.loads(pickle.dumps(f)) == f
    there = "import pickle, sys; print(pickle.load(sys.stdin.buffer).summary())"
    run = subprocess.run(
        [sys.executable, "-c", there], input=pickle.dumps(f), capture_output=True, check=True
    )
    assert run.stdout.decode() == f.summary() + "\n"


def test_numbers_are_integers():
    with pytest.raises(CatgradError) as error:
        Labels(numpy.zeros(3))
    assert str(error.value) == (
        "The numbers of labels must be an int64 array of one dimension, not float64[3]; "
        "convert or reshape it first."
    )
