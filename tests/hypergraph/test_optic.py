"""Optics: the diagram of one operation, the laws, and the chain rule on numbers."""

import array_api_strict
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.hypergraph import (
    ArrowTypeError,
    FiniteFunction,
    Labels,
    OpenHypergraph,
    Optic,
    drivers,
    isomorphic,
    order,
)
from catgrad.hypergraph.array import host
from tests.strategies import (
    WIRES,
    Operation,
    composable,
    labels,
    open_hypergraphs,
)

identity = OpenHypergraph.identity


class Drawn(Optic):
    """An optic whose bundles, residuals and programs are drawn, each when it is first asked for."""

    def __init__(self, draw):
        self.draw = draw
        self.F, self.R = ({x: draw(st.text(WIRES, max_size=2)) for x in WIRES} for _ in "FR")
        self.M, self.programs = {}, {}

    def forward_object(self, label):
        return self.F[label]

    def reverse_object(self, label):
        return self.R[label]

    def residual(self, x):
        if x not in self.M:
            self.M[x] = self.draw(st.text(WIRES, max_size=2))
        return self.M[x]

    def forward(self, x):
        return self._program(
            "forward", x, self.all_F(x.source()), self.all_F(x.target()) + self.m(x)
        )

    def reverse(self, x):
        return self._program(
            "reverse", x, self.m(x) + self.all_R(x.target()), self.all_R(x.source())
        )

    def all_F(self, A):
        return Labels.of([label for wire in A for label in self.F[wire]])

    def all_R(self, A):
        return Labels.of([label for wire in A for label in self.R[wire]])

    def m(self, x):
        return Labels.of(self.residual(x))

    def _program(self, name, x, A, B):
        if (name, x) not in self.programs:
            self.programs[name, x] = self.draw(open_hypergraphs(A, B))
        return self.programs[name, x]


@st.composite
def optics(draw):
    return Drawn(draw)


operations = st.builds(
    Operation, st.just("f"), st.text(WIRES, max_size=3), st.text(WIRES, max_size=3)
)


@given(optics(), operations)
def test_the_diagram_of_one_operation(optic, x):
    A, B = x.source(), x.target()
    left = optic.forward(x) @ identity(optic.all_R(B))
    right = identity(optic.all_F(B)) @ optic.reverse(x)
    image = optic.adapt(optic(x.program()), A, B)
    assert isomorphic(image, left >> right)


@given(optics(), open_hypergraphs())
def test_types(optic, f):
    A, B = f.source, f.target
    image = optic(f)
    assert list(image.source) == [label for wire in A for label in optic.F[wire] + optic.R[wire]]
    assert list(image.target) == [label for wire in B for label in optic.F[wire] + optic.R[wire]]
    adapted = optic.adapt(image, A, B)
    assert adapted.source == optic.all_F(A) + optic.all_R(B)
    assert adapted.target == optic.all_F(B) + optic.all_R(A)


@given(optics(), labels())
def test_identities(optic, A):
    image = optic.adapt(optic(identity(A)), A, A)
    assert isomorphic(image, identity(optic.all_F(A) + optic.all_R(A)))


def crossed(A, B, C, D):
    """A + B + C + D -> A + C + B + D."""
    return identity(A) @ OpenHypergraph.twist(B, C) @ identity(D)


@given(optics(), composable())
def test_composition(optic, programs):
    """The reverse maps compose backwards.

    ```
    F A ---| f' |--- F B ---| g' |--- F C
    R A ---|    |--- R B ---|    |--- R C       (R runs from right to left)
    ```
    """
    f, g = programs
    A, B, C = f.source, f.target, g.target
    FA, FB, FC = (optic.all_F(X) for X in (A, B, C))
    RA, RB, RC = (optic.all_R(X) for X in (A, B, C))
    f1, g1 = optic.adapt(optic(f), A, B), optic.adapt(optic(g), B, C)
    # R B flows from g' back to f' along a wire that is bent around both.
    start = identity(FA + RC) @ bend(RB)
    f2 = (identity(FA) @ OpenHypergraph.twist(RC, RB) @ identity(RB)) >> (f1 @ identity(RC + RB))
    middle = identity(FB) @ OpenHypergraph.twist(RA, RC) @ identity(RB)
    g2 = g1 @ identity(RA + RB)
    end = identity(FC) @ (
        (OpenHypergraph.twist(RB, RA) @ identity(RB)) >> (identity(RA) @ bend(RB).dagger())
    )
    assert isomorphic(optic.adapt(optic(f >> g), A, C), start >> f2 >> middle >> g2 >> end)


def bend(A):
    """A wire bent around: nothing -> A + A."""
    one = FiniteFunction.identity(len(A), A.xp)
    return OpenHypergraph.spider(FiniteFunction.initial(len(A), A.xp), one + one, A)


@given(optics(), open_hypergraphs(), open_hypergraphs())
def test_tensor(optic, f, g):
    A, B, C, D = f.source, f.target, g.source, g.target
    both = optic.adapt(optic(f), A, B) @ optic.adapt(optic(g), C, D)
    FA, FB, FC, FD = (optic.all_F(X) for X in (A, B, C, D))
    RA, RB, RC, RD = (optic.all_R(X) for X in (A, B, C, D))
    expected = crossed(FA, FC, RB, RD) >> both >> crossed(FB, RA, FD, RC)
    assert isomorphic(optic.adapt(optic(f @ g), A + C, B + D), expected)


@settings(max_examples=30)
@given(optics(), open_hypergraphs())
def test_the_result_does_not_depend_on_the_array_module(optic, f):
    there = f.to(array_api_strict)
    assert optic(there) == optic(f)
    image = optic.adapt(optic(there), there.source, there.target)
    assert image == optic.adapt(optic(f), f.source, f.target)


# The chain rule


number = Labels.of(["number"])


def op(name, sources, targets):
    return OpenHypergraph.singleton(name, number_list(sources), number_list(targets))


def number_list(n):
    return Labels.of(["number"] * n)


ARITY = {"add": (2, 1), "multiply": (2, 1), "negate": (1, 1), "copy": (1, 2), "discard": (1, 0)}
ARITY["zero"] = (0, 1)


def arrow(name):
    return op(name, *ARITY[name])


class Differentiate(Optic):
    """The reverse derivative of programs with numbers on all wires."""

    def forward_object(self, label):
        return [label]

    def reverse_object(self, label):
        return [label]

    def operation_type(self, label):
        return number_list(ARITY[label][0]), number_list(ARITY[label][1])

    def residual(self, label):
        return number_list(2 if label == "multiply" else 0)

    def forward(self, label):
        if label != "multiply":
            return arrow(label)
        copies = (arrow("copy") @ arrow("copy")) >> OpenHypergraph.permutation(
            number_list(4), [0, 2, 1, 3]
        )
        return copies >> (arrow("multiply") @ identity(number_list(2)))

    def reverse(self, label):
        """
        ```
        multiply:  x ----------\\  /--- multiply --- dx
                   y -----------\\/
                                /\\
                   dz --- copy -  ---- multiply --- dy
        ```
        """
        if label != "multiply":
            duals = {"add": "copy", "copy": "add", "discard": "zero", "zero": "discard"}
            return arrow(duals.get(label, label))
        crossed = OpenHypergraph.permutation(number_list(4), [1, 2, 0, 3])
        copied = identity(number_list(2)) @ arrow("copy")
        return copied >> crossed >> (arrow("multiply") @ arrow("multiply"))


MEANING = {
    "add": lambda x, y: [x + y],
    "multiply": lambda x, y: [x * y],
    "negate": lambda x: [-x],
    "copy": lambda x: [x, x],
    "discard": lambda _: [],
    "zero": lambda: [0],
}

TANGENT = {
    "add": lambda x, y: [(x[0] + y[0], x[1] + y[1])],
    "multiply": lambda x, y: [(x[0] * y[0], x[1] * y[0] + x[0] * y[1])],
    "negate": lambda x: [(-x[0], -x[1])],
    "copy": lambda x: [x, x],
    "discard": lambda _: [],
    "zero": lambda: [(0, 0)],
}


def evaluate(f, inputs, meaning=MEANING):
    """Run a program on Python numbers, operation by operation."""
    drivers(f)
    values = dict(zip(host(f.s.table).tolist(), inputs, strict=True))
    for i in host(order(f)).tolist():
        arguments = [values[wire] for wire in host(f.H.s[i].table).tolist()]
        results = meaning[f.H.x[i]](*arguments)
        values |= zip(host(f.H.t[i].table).tolist(), results, strict=True)
    return [values[wire] for wire in host(f.t.table).tolist()]


@st.composite
def polynomials(draw):
    """Programs of up to eight steps, each one operation on neighbouring wires, or a permutation."""
    f = identity(number_list(draw(st.integers(0, 3))))
    for _ in range(draw(st.integers(0, 8))):
        n = len(f.target)
        name = draw(st.sampled_from([name for name, (m, _) in ARITY.items() if m <= n]))
        above = draw(st.integers(0, n - ARITY[name][0]))
        rest = identity(number_list(n - ARITY[name][0] - above))
        f = f >> (identity(number_list(above)) @ arrow(name) @ rest)
        f = f >> OpenHypergraph.permutation(f.target, draw(st.permutations(range(len(f.target)))))
    return f


def numbers(n):
    return st.lists(st.integers(-9, 9), min_size=n, max_size=n)


@given(polynomials(), st.data())
def test_the_reverse_is_the_adjoint_of_the_forward_derivative(f, data):
    """<R(x, dy), dx> = <dy, D(x, dx)>, with D computed on dual numbers."""
    n, m = len(f.source), len(f.target)
    x, dx, dy = data.draw(numbers(n)), data.draw(numbers(n)), data.draw(numbers(m))
    optic = Differentiate()
    image = optic.adapt(optic(f), f.source, f.target)
    results = evaluate(image, x + dy)
    assert results[:m] == evaluate(f, x)
    pushed = evaluate(f, list(zip(x, dx, strict=True)), TANGENT)
    forward = sum(a * b for a, (_, b) in zip(dy, pushed, strict=True))
    assert sum(a * b for a, b in zip(results[m:], dx, strict=True)) == forward


# Errors


def message(action):
    with pytest.raises(ArrowTypeError) as error:
        action()
    return str(error.value)


def test_wrong_types_are_named(xp):
    class WrongForward(Differentiate):
        def forward(self, label):
            return arrow(label)

    class WrongReverse(Differentiate):
        def reverse(self, label):
            return arrow(label)

    f = arrow("multiply").to(xp)
    assert message(lambda: WrongForward()(f)) == (
        "The forward map of multiply goes [number, number] -> [number] but should go "
        "[number, number] -> [number, number, number]; let it agree with the map of objects."
    )
    assert message(lambda: WrongReverse()(f)) == (
        "The reverse map of multiply goes [number, number] -> [number] but should go "
        "[number, number, number] -> [number, number]; let it agree with the map of objects."
    )
    assert message(lambda: Differentiate().adapt(f, f.source, f.target)) == (
        "The image of a program [number, number] -> [number] goes [number, number] -> [number] "
        "but should go [number, number, number, number] -> [number, number]; let it agree with "
        "the map of objects."
    )
