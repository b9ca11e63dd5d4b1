"""Programs form a symmetric monoidal category with a special commutative Frobenius structure.

Where a law holds on the nose it is tested with ``==``, elsewhere up to the numbering of wires.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.hypergraph import (
    ArrowTypeError,
    FiniteFunction,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
    isomorphic,
)
from tests.strategies import (
    composable,
    finite_functions,
    labels,
    modules,
    open_hypergraphs,
    parallel_functions,
    permutations,
)


def move(programs, xp):
    return [f.to(xp) for f in programs]


# Category


@given(modules, open_hypergraphs())
def test_identities(xp, f):
    f = f.to(xp)
    assert isomorphic(OpenHypergraph.identity(f.source) >> f, f)
    assert isomorphic(f >> OpenHypergraph.identity(f.target), f)


@given(modules, composable(3))
def test_composition_is_associative(xp, programs):
    f, g, h = move(programs, xp)
    assert (f >> g) >> h == f >> (g >> h)


@given(modules, composable())
def test_composition_joins_source_and_target(xp, programs):
    f, g = move(programs, xp)
    assert (f >> g).source == f.source
    assert (f >> g).target == g.target
    assert (f >> g).H.x == f.H.x + g.H.x


# Monoidal


@given(modules, composable(), composable())
def test_interchange(xp, fg, hk):
    (f, g), (h, k) = move(fg, xp), move(hk, xp)
    assert isomorphic((f @ h) >> (g @ k), (f >> g) @ (h >> k))


@given(modules, open_hypergraphs(), open_hypergraphs(), open_hypergraphs())
def test_tensor_is_associative_with_unit(xp, f, g, h):
    f, g, h = move((f, g, h), xp)
    assert (f @ g) @ h == f @ (g @ h) == OpenHypergraph.tensor_list([f, g, h])
    assert OpenHypergraph.unit(xp) @ f == f == f @ OpenHypergraph.unit(xp)
    assert OpenHypergraph.tensor_list([], xp) == OpenHypergraph.unit(xp)


@given(modules, open_hypergraphs(), open_hypergraphs())
def test_tensor_concatenates_types(xp, f, g):
    f, g = move((f, g), xp)
    assert (f @ g).source == f.source + g.source
    assert (f @ g).target == f.target + g.target


@given(modules, labels(), labels())
def test_tensor_of_identities(xp, A, B):
    A, B = A.to(xp), B.to(xp)
    both = OpenHypergraph.identity(A) @ OpenHypergraph.identity(B)
    assert both == OpenHypergraph.identity(A + B)


# Symmetric


@given(modules, open_hypergraphs(), open_hypergraphs())
def test_twist_is_natural(xp, f, g):
    f, g = move((f, g), xp)
    before = OpenHypergraph.twist(f.source, g.source)
    after = OpenHypergraph.twist(f.target, g.target)
    assert isomorphic(before >> (g @ f), (f @ g) >> after)


@given(modules, labels(), labels())
def test_twist_undoes_itself(xp, A, B):
    A, B = A.to(xp), B.to(xp)
    twist = OpenHypergraph.twist(A, B)
    assert (twist.source, twist.target) == (A + B, B + A)
    assert isomorphic(twist >> OpenHypergraph.twist(B, A), OpenHypergraph.identity(A + B))


@given(modules, labels(), labels(), labels())
def test_hexagon(xp, A, B, C):
    A, B, C = (k.to(xp) for k in (A, B, C))
    one = OpenHypergraph.twist(A, B) @ OpenHypergraph.identity(C)
    other = OpenHypergraph.identity(B) @ OpenHypergraph.twist(A, C)
    assert isomorphic(one >> other, OpenHypergraph.twist(A, B + C))


@given(modules, labels().flatmap(lambda A: st.tuples(st.just(A), *[permutations(len(A))] * 2)))
def test_permutations_compose(xp, drawn):
    A, p, q = (k.to(xp) for k in drawn)
    first = OpenHypergraph.permutation(A, p)
    assert list(first.target) == [A[p(j)] for j in range(len(A))]
    both = first >> OpenHypergraph.permutation(first.target, q)
    assert isomorphic(both, OpenHypergraph.permutation(A, q >> p))


def test_permutations_from_a_list(xp):
    A = Labels.of("abc", xp)
    assert OpenHypergraph.permutation(A, [2, 0, 1]).target == Labels.of("cab", xp)
    assert isomorphic(OpenHypergraph.permutation(A, [2, 0, 1]), OpenHypergraph.twist(A[:2], A[2:]))


# Frobenius


def wires(f, pool="abcabcabc"):
    return Labels.of(pool[: f.target], f.xp)


@given(modules, parallel_functions(9), st.data())
def test_spiders_fuse(xp, st0, data):
    s0, t0 = (f.to(xp) for f in st0)
    s1, t1 = t0, data.draw(finite_functions(target=t0.target)).to(xp)
    w = wires(s0)
    fused = s0.inject0(s1.target) >> (t0.inject0(s1.target).coequalizer(s1.inject1(t0.target)))
    left, right = OpenHypergraph.spider(s0, t0, w), OpenHypergraph.spider(s1, t1, w)
    q = t0.inject0(s1.target).coequalizer(s1.inject1(t0.target))
    expected = OpenHypergraph.spider(fused, t1.inject1(t0.target) >> q, q.universal(w + w))
    assert left >> right == expected


@given(modules, labels())
def test_special_commutative_frobenius(xp, A):
    A = A.to(xp)
    n = len(A)
    one = FiniteFunction.identity(n, xp)
    identity = OpenHypergraph.identity(A)
    copy = OpenHypergraph.spider(one, one + one, A)
    discard = OpenHypergraph.spider(one, FiniteFunction.initial(n, xp), A)
    merge, create = copy.dagger(), discard.dagger()
    assert isomorphic(copy >> (copy @ identity), copy >> (identity @ copy))
    assert isomorphic(copy >> (discard @ identity), identity)
    assert isomorphic(copy >> OpenHypergraph.twist(A, A), copy)
    assert isomorphic((create @ identity) >> merge, identity)
    assert isomorphic(copy >> merge, identity)
    frobenius = (identity @ copy) >> (merge @ identity)
    assert isomorphic(frobenius, merge >> copy)
    assert isomorphic((copy @ identity) >> (identity @ merge), merge >> copy)


@given(modules, finite_functions())
def test_half_spider(xp, f):
    f = f.to(xp)
    w = wires(f)
    half = OpenHypergraph.half_spider(f, w)
    assert (half.source, half.target) == (f >> w, w)


# Dagger


@given(modules, composable())
def test_dagger_is_contravariant(xp, programs):
    f, g = move(programs, xp)
    assert isomorphic((f >> g).dagger(), g.dagger() >> f.dagger())
    assert (f @ g).dagger() == f.dagger() @ g.dagger()
    assert f.dagger().dagger() == f
    assert OpenHypergraph.identity(f.source).dagger() == OpenHypergraph.identity(f.source)


# Operations


@given(modules, labels(), labels())
def test_singleton(xp, A, B):
    f = OpenHypergraph.singleton("f", A.to(xp), B.to(xp))
    assert (f.source, f.target, list(f.H.x)) == (A, B, ["f"])
    assert (f.H.s[0] >> f.H.w, f.H.t[0] >> f.H.w) == (A, B)


@given(
    modules, st.lists(st.tuples(st.sampled_from("fg"), labels(), labels()), min_size=1, max_size=4)
)
def test_tensor_operations(xp, operations):
    x = Labels.of([name for name, _, _ in operations], xp)
    A = SegmentedArray.from_labels([A.to(xp) for _, A, _ in operations])
    B = SegmentedArray.from_labels([B.to(xp) for _, _, B in operations])
    one_by_one = [OpenHypergraph.singleton(x, A.to(xp), B.to(xp)) for x, A, B in operations]
    tensor = OpenHypergraph.tensor_operations(x, A, B)
    assert isomorphic(tensor, OpenHypergraph.tensor_list(one_by_one))


@given(
    modules,
    open_hypergraphs().flatmap(
        lambda f: st.tuples(st.just(f), permutations(f.H.W), permutations(f.H.X))
    ),
)
def test_permute_renumbers(xp, drawn):
    f, w, x = (k.to(xp) for k in drawn)
    g = f.permute(w, x)
    assert (g.source, g.target) == (f.source, f.target)
    assert g.permute(w.inverse(), x.inverse()) == f
    for i in range(f.H.X):
        assert g.H.x[x(i)] == f.H.x[i]
        assert g.H.s[x(i)] == f.H.s[i] >> w


# Equality


@given(modules, open_hypergraphs())
def test_equal_programs_have_equal_hashes(xp, f):
    assert f.to(xp) == f
    assert hash(f.to(xp)) == hash(f)
    assert f @ OpenHypergraph.identity(Labels.of("a")) != f


# Errors


def message(action, kind=CatgradError):
    with pytest.raises(kind) as error:
        action()
    return str(error.value)


def test_the_first_label_that_differs_is_named(xp):
    f = OpenHypergraph.identity(Labels.of(["float32[2]", "float32[150, 3]", "int32[]"], xp))
    g = OpenHypergraph.identity(Labels.of(["float32[2]", "float32[3]", "bool[]"], xp))
    assert message(lambda: f >> g, ArrowTypeError) == (
        "Cannot compose: output 1 of the first program is float32[150, 3] but input 1 of the "
        "second is float32[3]; make them equal."
    )


def test_numbers_of_wires_are_named(xp):
    f, g = (OpenHypergraph.identity(Labels.of(A, xp)) for A in ("ab", "c"))
    assert message(lambda: f >> g, ArrowTypeError) == (
        "Cannot compose: the first program has 2 outputs [a, b] but the second has 1 input [c]; "
        "make them equal, or copy or discard wires."
    )
    assert message(lambda: g >> OpenHypergraph.unit(xp), ArrowTypeError) == (
        "Cannot compose: the first program has 1 output [c] but the second has 0 inputs []; "
        "make them equal, or copy or discard wires."
    )


def test_interfaces_point_at_the_wires():
    one, two = FiniteFunction.identity(1), FiniteFunction.identity(2)
    H = Hypergraph.discrete(Labels.of("a"))
    assert message(lambda: OpenHypergraph(two, one, H)) == (
        "A program with 1 wire cannot have inputs among 2 wires; make the two numbers equal."
    )
    assert message(lambda: OpenHypergraph(one, two, H)) == (
        "A program with 1 wire cannot have outputs among 2 wires; make the two numbers equal."
    )


def test_ports_point_at_the_wires():
    f = OpenHypergraph.singleton("f", Labels.of("a"), Labels.of("b")).H
    wider = f.s.map_values(FiniteFunction.inj0(2, 1))
    assert message(lambda: Hypergraph(f.s, wider, f.w, f.x)) == (
        "A hypergraph with 2 wires cannot have targets among 3 wires; make the two numbers equal."
    )
    assert message(lambda: Hypergraph(f.s + f.s, f.t, f.w, f.x)) == (
        "A hypergraph with 1 operation cannot have 2 lists of sources; give one list for each "
        "operation."
    )
