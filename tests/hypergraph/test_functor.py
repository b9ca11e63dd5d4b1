"""Functors: the laws, for functors drawn at random, and the definition, written out."""

from collections import Counter

import array_api_strict
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.hypergraph import (
    ArrowTypeError,
    FiniteFunction,
    Functor,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
    isomorphic,
)
from catgrad.hypergraph.array import host
from tests.strategies import WIRES, composable, labels, modules, open_hypergraphs, runnable


class Drawn(Functor):
    """A functor whose bundles and templates are drawn, each the first time it is asked for."""

    def __init__(self, draw):
        self.draw = draw
        self.bundles = {label: draw(st.text(WIRES, max_size=2)) for label in WIRES}
        self.templates = {}
        self.asked = Counter()

    def map_object(self, label):
        return self.bundles[label]

    def map_operation(self, label):
        self.asked[label] += 1
        if label not in self.templates:
            A, B = self.map_objects(label.source()), self.map_objects(label.target())
            self.templates[label] = self.draw(open_hypergraphs(A.values, B.values))
        return self.templates[label]


@st.composite
def functors(draw):
    return Drawn(draw)


def written_out(F, f):
    """The definition of F(f): its operations side by side, between two spiders.

    ```
         +-----------------------------+
    F s -|            F w              |- F t
         |  reads -| F(x0) |- writes   |
         |        -| F(x1) |-          |
         +-----------------------------+
    ```
    """
    bundles = F.map_objects(f.H.w)
    wires = FiniteFunction.identity(len(bundles.values), f.xp)
    operations = [F.map_operation(label).to(f.xp) for label in f.H.x]

    def spider(s, t):
        return OpenHypergraph.spider(s, t, bundles.values)

    reads, writes = (bundles.injections(ports.values) for ports in (f.H.s, f.H.t))
    return (
        spider(bundles.injections(f.s), wires + reads)
        >> (spider(wires, wires) @ OpenHypergraph.tensor_list(operations, f.xp))
        >> spider(wires + writes, bundles.injections(f.t))
    )


@given(functors(), open_hypergraphs())
def test_definition(F, f):
    assert isomorphic(F(f), written_out(F, f))


@given(functors(), open_hypergraphs(), st.integers(1, 4))
def test_pieces_of_any_size_give_the_same_program(F, f, size):
    whole = F(f)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catgrad.hypergraph.instantiate.PIECE", size)
        assert F(f) == whole


@given(functors(), composable())
def test_composition(F, programs):
    f, g = programs
    assert isomorphic(F(f >> g), F(f) >> F(g))


@given(functors(), open_hypergraphs(), open_hypergraphs())
def test_tensor(F, f, g):
    assert isomorphic(F(f @ g), F(f) @ F(g))


@given(functors(), labels(), labels())
def test_identities_and_twists(F, A, B):
    FA, FB = F.map_objects(A).values, F.map_objects(B).values
    assert F(OpenHypergraph.identity(A)) == OpenHypergraph.identity(FA)
    assert isomorphic(F(OpenHypergraph.twist(A, B)), OpenHypergraph.twist(FA, FB))


@given(functors(), open_hypergraphs())
def test_dagger(F, f):
    assert F(f.dagger()) == F(f).dagger()


@settings(max_examples=30)
@given(functors(), open_hypergraphs())
def test_the_result_does_not_depend_on_the_array_module(F, f):
    assert F(f.to(array_api_strict)) == F(f)


@given(functors(), open_hypergraphs())
def test_types(F, f):
    assert F(f).source == F.map_objects(f.source).values
    assert F(f).target == F.map_objects(f.target).values


@given(functors(), open_hypergraphs())
def test_a_template_is_asked_for_once(F, f):
    F(f @ f)
    F(f)
    assert F.asked == Counter(set(f.H.x))


class Same(Functor):
    """Each operation is its own template."""

    def map_object(self, label):
        return [label]

    def map_operation(self, label):
        return label.program()


@given(open_hypergraphs())
def test_the_identity_functor(f):
    assert Same()(f) == f


def test_a_hundred_thousand_operations_and_three_labels():
    n = 100_000
    random = numpy.random.default_rng(0)
    W = n + 1
    names = ["double", "square", "pass"]
    kinds = random.integers(0, 3, n)
    earlier = (random.random(n) * numpy.arange(1, W)).astype(numpy.int64)
    one = numpy.ones(n, dtype=numpy.int64)
    f = OpenHypergraph(
        FiniteFunction.of([0], W),
        FiniteFunction.of([n], W),
        Hypergraph(
            SegmentedArray(one, FiniteFunction(earlier, W)),
            SegmentedArray(one, FiniteFunction.inj1(1, n)),
            Labels.of(["a"]).take(numpy.zeros(W, dtype=numpy.int64)),
            Labels.of(names).take(kinds),
        ),
    )
    asked = []
    A = Labels.of("a")
    copy = OpenHypergraph.spider(FiniteFunction.of([0], 1), FiniteFunction.of([0, 0], 1), A)
    templates = {
        "double": copy >> OpenHypergraph.singleton("add", A + A, A),
        "square": copy >> OpenHypergraph.singleton("multiply", A + A, A),
        "pass": OpenHypergraph.identity(A),
    }

    class Expand(Functor):
        def map_object(self, label):
            return [label]

        def map_operation(self, label):
            asked.append(label)
            return templates[label]

    g = Expand()(f)
    assert sorted(asked) == sorted(names)
    counts = numpy.bincount(kinds)
    assert Counter(g.H.x) == {"add": counts[0], "multiply": counts[1]}
    assert W - counts[2] == g.H.W


# Errors


class Wrong(Same):
    def map_operation(self, label):
        return label.program().dagger()


@given(modules, runnable().filter(lambda f: any(x.sources != x.targets for x in f.H.x)))
@settings(max_examples=10)
def test_templates_have_the_type_of_the_operation(xp, f):
    label = next(x for x in f.H.x.distinct()[0] if x.sources != x.targets)
    A, B = label.source(), label.target()
    with pytest.raises(ArrowTypeError) as error:
        Wrong()(f.to(xp))
    assert str(error.value) == (
        f"The template of {label} goes {B} -> {A} but should go {A} -> {B}; let it agree with the "
        "map of objects."
    )


def test_a_label_has_one_type(xp):
    A, B = Labels.of("a"), Labels.of("b")
    f = OpenHypergraph.singleton("f", A, A)
    g = OpenHypergraph.singleton("f", A, B)
    with pytest.raises(ArrowTypeError) as error:
        Same()((f @ f @ g).to(xp))
    assert str(error.value) == (
        "Operations 0 and 2 share the label f but their types are [a] -> [a] and [a] -> [b]; put "
        "the type into the label."
    )


def test_host_is_where_templates_live(xp):
    A = Labels.of("a")
    f = OpenHypergraph.singleton("f", A, A).to(xp)

    class Twice(Functor):
        def map_object(self, label):
            return [label]

        def map_operation(self, _):
            g = OpenHypergraph.singleton("g", A, A)
            return g >> g

    assert Twice()(f).xp is xp
    assert host(Twice()(f).t.table).tolist() == [1]
