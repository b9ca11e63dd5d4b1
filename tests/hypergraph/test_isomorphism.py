"""Isomorphism against trying every renumbering."""

from itertools import permutations, product

from hypothesis import given
from hypothesis import strategies as st

from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph, isomorphic
from catgrad.hypergraph.isomorphism import isomorphism
from tests import strategies
from tests.strategies import open_hypergraphs

small = open_hypergraphs().filter(lambda f: f.H.W <= 4 and f.H.X <= 3)


def renumberings(f):
    wires, operations = permutations(range(f.H.W)), permutations(range(f.H.X))
    for w, x in product(wires, operations):
        yield f.permute(FiniteFunction.of(w, f.H.W), FiniteFunction.of(x, f.H.X))


@given(small, small)
def test_different_programs(f, g):
    assert isomorphic(f, g) == any(renumbered == g for renumbered in renumberings(f))


@given(open_hypergraphs(), st.data())
def test_renumbered_programs(f, data):
    w = data.draw(strategies.permutations(f.H.W))
    x = data.draw(strategies.permutations(f.H.X))
    found = isomorphism(f, f.permute(w, x))
    assert found is not None
    assert f.permute(*found) == f.permute(w, x)


@given(small, st.data())
def test_nearly_equal_programs(f, data):
    """One port moved to another wire with the same label."""
    ports = [(side, i) for side in "st" for i in range(len(getattr(f.H, side).values))]
    if not ports or f.H.W < 2:
        return
    side, i = data.draw(st.sampled_from(ports))
    wire = getattr(f.H, side).values(i)
    others = [v for v in range(f.H.W) if f.H.w[v] == f.H.w[wire]]
    moved = list(getattr(f.H, side).values.table)
    moved[i] = data.draw(st.sampled_from(others))
    ports = {"s": f.H.s, "t": f.H.t}
    ports[side] = type(f.H.s)(ports[side].sizes, FiniteFunction.of(moved, f.H.W))
    g = OpenHypergraph(f.s, f.t, type(f.H)(ports["s"], ports["t"], f.H.w, f.H.x))
    assert isomorphic(f, g) == any(renumbered == g for renumbered in renumberings(f))


def test_circles_of_different_lengths():
    """Every wire looks alike from where it stands, however far it looks."""

    def circle(n):
        A = Labels.of(["a"] * n)
        steps = OpenHypergraph.tensor_list([OpenHypergraph.singleton("f", A[:1], A[:1])] * n)
        around = steps >> OpenHypergraph.permutation(A, [(i + 1) % n for i in range(n)])
        bend = OpenHypergraph.spider(
            FiniteFunction.initial(n),
            FiniteFunction.identity(n) + FiniteFunction.identity(n),
            A,
        )
        return bend >> (around @ OpenHypergraph.identity(A)) >> bend.dagger()

    assert isomorphic(circle(2) @ circle(4), circle(4) @ circle(2))
    assert not isomorphic(circle(3) @ circle(3), circle(2) @ circle(4))


def test_places_in_the_interface_count():
    A = Labels.of("aa")
    assert not isomorphic(OpenHypergraph.identity(A), OpenHypergraph.twist(A[:1], A[:1]))
