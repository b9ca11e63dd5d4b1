"""Composites are glued when they are looked at, all factors at once."""

import copy
import pickle
from functools import reduce
from operator import matmul, rshift

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.hypergraph import ArrowTypeError, Labels, OpenHypergraph, isomorphic
from catgrad.hypergraph.composition import compose, factors
from tests.strategies import Operation, composable, modules, open_hypergraphs

STEP = Operation("f", "a", "a").program()


@given(modules, st.integers(2, 5).flatmap(composable))
def test_many_at_once_are_one_after_another(xp, programs):
    programs = [f.to(xp) for f in programs]
    one_by_one = programs[0]
    for g in programs[1:]:
        one_by_one = OpenHypergraph(*compose([one_by_one, g]))
    assert OpenHypergraph(*compose(programs)) == one_by_one
    assert reduce(rshift, programs) == one_by_one
    assert reduce(lambda g, f: f >> g, reversed(programs)) == one_by_one


@given(modules, composable())
def test_two_are_the_disjoint_union_with_the_boundary_glued(xp, programs):
    f, g = (h.to(xp) for h in programs)
    a, b = f.t.inject0(g.H.W), g.s.inject1(f.H.W)
    both = (f @ g).glue(a, b)
    assert f >> g == OpenHypergraph(both.s[: len(f.s)], both.t[len(f.t) :], both.H)


def test_a_loop_builds_nothing_until_it_is_looked_at():
    f = STEP
    for _ in range(10_000):
        f = f >> STEP
    assert len(factors(f)) == 10_001
    assert (f.source, f.target) == (STEP.source, STEP.target)
    assert len(factors(f)) == 10_001
    assert (f.H.X, f.H.W) == (10_001, 10_002)
    assert factors(f) == [f]


@given(modules, st.lists(open_hypergraphs(), min_size=2, max_size=5))
def test_many_side_by_side_are_one_beside_another(xp, programs):
    programs = [f.to(xp) for f in programs]
    one_by_one = programs[0]
    for g in programs[1:]:
        one_by_one = OpenHypergraph.tensor_list([one_by_one, g])
    assert reduce(matmul, programs) == one_by_one
    assert reduce(lambda g, f: f @ g, reversed(programs)) == one_by_one
    tensor = reduce(matmul, programs)
    assert (tensor.source, tensor.target) == (one_by_one.source, one_by_one.target)
    assert pickle.loads(pickle.dumps(reduce(matmul, programs))) == one_by_one


def test_a_loop_of_programs_side_by_side_builds_nothing_until_it_is_looked_at():
    f = STEP
    for _ in range(10_000):
        f = f @ STEP
    assert len(factors(f, "parts")) == 10_001
    assert len(f.source) == f.H.X == 10_001
    assert factors(f, "parts") == [f]


def test_loops_of_both_kinds_build_no_deep_nest():
    f = STEP
    for _ in range(500):
        f = (f @ STEP) >> (f.identity(f.target) @ STEP)
    assert f.H.X == 1001


@given(composable(3))
def test_a_factor_that_has_its_arrays_is_not_taken_apart(programs):
    f, g, h = programs
    first = f >> g
    assert first.H == (f >> g).H
    assert len(factors(first >> h)) == 2
    assert first >> h == f >> (g >> h)


@given(composable())
def test_a_composite_is_a_program_like_others(programs):
    f, g = programs
    made = f >> g
    assert pickle.loads(pickle.dumps(f >> g)) == made
    assert copy.deepcopy(f >> g) == made
    assert hash(f >> g) == hash(made)
    assert isomorphic(f >> g, made)
    assert repr(f >> g) == repr(made)


@given(open_hypergraphs())
def test_types_are_compared_at_once(f):
    with pytest.raises(ArrowTypeError):
        f >> OpenHypergraph.identity(f.target + Labels.of("d"))


def test_other_attributes_are_missing():
    with pytest.raises(AttributeError) as e:
        (STEP >> STEP).wires  # noqa: B018
    assert str(e.value) == "'OpenHypergraph' object has no attribute 'wires'"
