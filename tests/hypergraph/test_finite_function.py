"""The laws of finite functions, and the universal properties of their quotients."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, Labels
from catgrad.hypergraph.array import host
from catgrad.hypergraph.finite_function import coequalizer
from tests.strategies import finite_functions, modules, parallel_functions, permutations, sizes


@st.composite
def chains(draw, n):
    """n functions, each from where the one before goes."""
    functions = [draw(finite_functions())]
    while len(functions) < n:
        functions.append(draw(finite_functions(functions[-1].target)))
    return functions


@given(modules, chains(3))
def test_composition_is_associative(xp, fgh):
    f, g, h = (k.to(xp) for k in fgh)
    assert (f >> g) >> h == f >> (g >> h)


@given(modules, finite_functions())
def test_identities(xp, f):
    f = f.to(xp)
    assert FiniteFunction.identity(f.source, xp) >> f == f
    assert f >> FiniteFunction.identity(f.target, xp) == f


@given(modules, chains(2), chains(2))
def test_tensor_is_a_functor(xp, fg, hk):
    f, g, h, k = (m.to(xp) for m in (*fg, *hk))
    assert (f @ h) >> (g @ k) == (f >> g) @ (h >> k)


@given(finite_functions(), finite_functions(), finite_functions())
def test_tensor_is_associative_with_unit(f, g, h):
    nothing = FiniteFunction.identity(0)
    assert (f @ g) @ h == f @ (g @ h) == FiniteFunction.tensor_list([f, g, h])
    assert nothing @ f == f == f @ nothing


@given(modules, parallel_functions())
def test_coproduct(xp, fg):
    f, g = (k.to(xp) for k in fg)
    assert FiniteFunction.inj0(f.source, g.source, xp) >> (f + g) == f
    assert FiniteFunction.inj1(f.source, g.source, xp) >> (f + g) == g


@given(finite_functions(), sizes())
def test_inject_composes_with_an_injection(f, n):
    assert f.inject0(n) == f >> FiniteFunction.inj0(f.target, n)
    assert f.inject1(n) == f >> FiniteFunction.inj1(n, f.target)


@given(modules, finite_functions(), finite_functions())
def test_twist_is_natural(xp, f, g):
    f, g = f.to(xp), g.to(xp)
    before = FiniteFunction.twist(f.source, g.source, xp)
    after = FiniteFunction.twist(f.target, g.target, xp)
    assert before >> (g @ f) == (f @ g) >> after


@given(modules, sizes(), sizes())
def test_transpose_is_what_arrays_do(xp, a, b):
    matrix = numpy.arange(a * b).reshape(a, b)
    f = FiniteFunction.transpose(a, b, xp)
    assert f.to(numpy) >> FiniteFunction(matrix.T.ravel(), a * b) == FiniteFunction.identity(a * b)
    assert f.inverse() == FiniteFunction.transpose(b, a, xp)


@given(modules, sizes(6).flatmap(permutations))
def test_inverse(xp, p):
    p = p.to(xp)
    assert p >> p.inverse() == p.inverse() >> p == FiniteFunction.identity(len(p), xp)


@given(modules, finite_functions())
def test_initial_and_terminal(xp, f):
    f = f.to(xp)
    assert FiniteFunction.initial(f.source, xp) >> f == FiniteFunction.initial(f.target, xp)
    assert f >> FiniteFunction.terminal(f.target, xp) == FiniteFunction.terminal(f.source, xp)


@given(modules, finite_functions())
def test_injective_when_no_value_occurs_twice(xp, f):
    assert f.to(xp).is_injective() == (len(set(f.table.tolist())) == f.source)


@given(modules, finite_functions())
def test_equal_functions_have_equal_hashes(xp, f):
    assert f.to(xp) == f
    assert hash(f.to(xp)) == hash(f)
    assert f != f.inject0(1)


# Quotients


def union_find(edges, n):
    """The least member of the component of each node, one edge after another."""
    root = list(range(n))
    for i, j in edges:
        a, b = sorted((root[i], root[j]))
        root = [a if r == b else r for r in root]
    return root


@given(modules, parallel_functions())
def test_coequalizer_finds_the_components(xp, fg):
    f, g = fg
    least = union_find(zip(f.table.tolist(), g.table.tolist(), strict=True), f.target)
    numbers = {member: i for i, member in enumerate(sorted(set(least)))}
    expected = FiniteFunction.of([numbers[member] for member in least], len(numbers))
    assert f.to(xp).coequalizer(g.to(xp)) == expected


@pytest.mark.parametrize("shape", ["path", "star", "random"])
def test_coequalizer_of_many_points(xp, shape):
    n = 3000
    random = numpy.random.default_rng(0)
    p = random.permutation(n)
    a, b = {
        "path": (p[:-1], p[1:]),
        "star": (p[1:], numpy.full(n - 1, p[0])),
        "random": random.integers(0, n, (2, n // 2)),
    }[shape]
    f, g = FiniteFunction(a, n), FiniteFunction(b, n)
    root = numpy.arange(n)
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        least, other = sorted((root[i], root[j]))
        root[root == other] = least
    classes = numpy.unique(root, return_inverse=True)[1]
    assert f.to(xp).coequalizer(g.to(xp)) == FiniteFunction(classes, int(classes.max()) + 1)


@given(modules, parallel_functions(), st.data())
def test_coequalizer_is_universal(xp, fg, data):
    f, g = (k.to(xp) for k in fg)
    q = f.coequalizer(g)
    assert f >> q == g >> q
    u = data.draw(finite_functions(q.target)).to(xp)
    assert q.universal(q >> u) == u


@given(modules, parallel_functions())
def test_classes_of_a_coequalizer_are_in_the_order_of_their_least_members(xp, fg):
    q, members = coequalizer(*(k.to(xp) for k in fg))
    values = host(q.table).tolist()
    assert host(members).tolist() == [values.index(i) for i in range(q.target)]


# Errors


def message(action):
    with pytest.raises(CatgradError) as error:
        action()
    return str(error.value)


def test_values_lie_in_the_target():
    assert message(lambda: FiniteFunction.of([0, 7, 9], 5)) == (
        "A function into 5 elements cannot take the value 7 at position 1; use values from 0 to 4."
    )
    assert message(lambda: FiniteFunction.of([0, -1], 2)) == (
        "A function into 2 elements cannot take the value -1 at position 1; use values from 0 to 1."
    )


def test_only_matching_functions_compose():
    f, g = FiniteFunction.identity(2), FiniteFunction.identity(3)
    assert message(lambda: f >> g) == (
        "Cannot compose functions: the first goes to 2 elements but the second starts from 3; "
        "make the two numbers equal."
    )
    assert message(lambda: f >> Labels.of("abc")) == (
        "Cannot compose functions: the first goes to 2 elements but the second starts from 3; "
        "make the two numbers equal."
    )
    assert message(lambda: f + g) == (
        "Cannot join functions with 2 and 3 target elements; make the two numbers equal, or place "
        "them side by side with @."
    )
    assert message(lambda: f.coequalizer(g)) == (
        "Cannot coequalize functions 2 -> 2 and 3 -> 3; give both the same source and the same "
        "target."
    )


def test_only_permutations_have_inverses():
    assert message(lambda: FiniteFunction.of([0, 0], 2).inverse()) == (
        "Cannot invert [0, 0] : 2 -> 2; only a permutation has an inverse."
    )


def test_only_quotients_factor():
    f = FiniteFunction.of([0, 1], 2)
    assert message(lambda: FiniteFunction.of([0, 0], 2).universal(f)) == (
        "Cannot factor a function through [0, 0] : 2 -> 2, which is not onto; only a quotient map "
        "has that property."
    )
    assert message(lambda: FiniteFunction.of([0, 0], 1).universal(f)) == (
        "Cannot factor [0, 1] : 2 -> 2 through [0, 0] : 2 -> 1; give equal values to the points "
        "that it joins."
    )
