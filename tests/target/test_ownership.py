"""An array is written over only where nobody can tell, whichever function has made it."""

from unittest import mock

import numpy as np
from hypothesis import given, note, settings
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, NdArrayType, op
from catgrad.special.definition import Named
from catgrad.target.python import expressions, folding, lines, to_python_class
from tests.target.interpreter import interpret
from tests.target.strategies import Draft, arguments, programs

FLOATS = (Dtype.float32, Dtype.float64)


@st.composite
def calling(draw):
    """A program that calls a random one two or three times, and goes on with what comes back.

    It may call it on its own arguments, on what it has made of these, and on earlier results; and
    what it goes on with is read again, or returned, or neither.
    """
    part = draw(programs(fixed=False, size=8).filter(_is_floating))
    definition, draft = Named("part", part), Draft()
    inputs = [draft.wire(T) for T in part.source]
    known = [*inputs]

    def pick(T):
        return draw(st.sampled_from([wire for wire in known if draft.wires[wire] == T]))

    for _ in range(draw(st.integers(2, 3))):
        known += draft.add(definition, *map(pick, part.source))
        for _ in range(draw(st.integers(0, 4))):
            # Late wires, which no one else has read yet, are the ones that may be written over.
            recent = draw(st.sampled_from(known[-3:]))
            T = draft.wires[recent]
            if draw(st.booleans()):
                known += draft.add(ops.Negate(T), recent)
            elif draw(st.booleans()):
                known += draft.add(
                    draw(st.sampled_from([ops.Add, ops.Subtract]))(T), recent, pick(T)
                )
            elif len(T.shape) == 2:
                known += draft.add(ops.Permute(T, (1, 0)), recent)
    outputs = draw(st.lists(st.sampled_from(known), min_size=1, max_size=6))
    return draft.program(inputs, [*outputs, known[-1]])


def _is_floating(f):
    return len(f.target) > 0 and all(T.dtype in FLOATS for T in (*f.source, *f.target))


def written_over_early():
    """Arrays of any size are worth writing over, so that small programs show what happens."""
    return (
        mock.patch.object(lines, "WORTH_REUSE", 1),
        mock.patch.object(folding, "LARGE", 1),
        mock.patch.object(expressions, "WORTH_PRODUCT", 1),
    )


def compiled(f):
    first, second, third = written_over_early()
    with first, second, third:
        return to_python_class({"run": f}, "Model")


@settings(max_examples=100)
@given(data=st.data())
def test_what_is_read_later_is_never_written_over(data):
    f = data.draw(calling())
    xs = [np.array(x) for x in data.draw(arguments(f))]
    Model = compiled(f)
    note(Model.source)
    given_arrays = [x.copy() for x in xs]
    for _ in range(2):  # the second call would see what the first has spoilt
        found = Model.run(*xs)
        for x, y in zip(xs, given_arrays, strict=True):
            assert np.array_equal(x, y)
        for x, expected in zip(found, interpret(f, xs), strict=True):
            assert np.array_equal(expected, x)
        # Apart from views of the arguments, what a method returns is the caller's to write to.
        new = [x for x in map(np.asarray, found) if not any(np.shares_memory(x, y) for y in xs)]
        for i, x in enumerate(new):
            assert not any(np.shares_memory(x, other) for other in new[:i])


################################################################################
# One case each

T = NdArrayType((64, 128), Dtype.float32)
S = NdArrayType((), Dtype.float32)


def source(build, definition, *also):
    """Source of ``build(draft, definition, *wires)``, which calls a definition twice or more."""
    draft = Draft()
    inputs = [draft.wire(A) for A in (T, *also)]
    return to_python_class({"run": draft.program(inputs, build(draft, definition, *inputs))}).source


def named(name, *results_of):
    """A definition on one array that returns the results of these functions of a draft."""
    draft = Draft()
    x = draft.wire(T)
    return Named(name, draft.program([x], [f(draft, x) for f in results_of]))


def negated(draft, x):
    return draft.add(ops.Negate(T), x)[0]


def kept(_draft, x):
    return x


def twice(draft, definition, x):
    """What comes back of two calls, negated, and summed."""
    first, second = (draft.add(definition, y)[-1] for y in (x, negated(draft, x)))
    return draft.add(ops.Add(T), negated(draft, first), negated(draft, second))


def test_what_a_call_has_made_may_be_written_over():
    text = source(twice, named("flipped", kept, lambda d, x: negated(d, x)))
    assert "out=activated" in text.partition("class")[2]


def test_what_a_call_gives_back_as_it_was_may_not():
    text = source(twice, named("same", negated, kept))
    body = text.partition("class")[2]
    assert "out=activated" not in body
    assert "out=x" not in body


def test_an_array_of_which_a_view_is_read_later_may_not():
    pairs, single = NdArrayType((64, 64, 2), Dtype.float32), NdArrayType((64, 64), Dtype.float32)
    draft = Draft()
    x = draft.wire(pairs)
    [a] = draft.add(ops.Negate(pairs), x)
    first, second = draft.add(ops.NSplit(single, 2), a)
    [b] = draft.add(ops.Abs(pairs), a)
    [c] = draft.add(ops.Maximum(single), first, second)
    [d] = draft.add(ops.Minimum(single), first, second)
    Model = to_python_class({"run": draft.program([x], [b, c, d])})
    y = np.random.default_rng(0).normal(size=pairs.shape).astype(np.float32)
    found = Model.run(y)
    for expected, z in zip([abs(y), (-y).max(axis=-1), (-y).min(axis=-1)], found, strict=True):
        np.testing.assert_array_equal(expected, z)
    assert "pairs = " in Model.source or "[..., 0]" in Model.source


def test_arguments_of_a_method_may_not():
    f = op(ops.Negate(T)) >> op(ops.Negate(T))
    x = np.ones(T.shape, np.float32)
    Model = to_python_class({"predict": f, "step": f @ f})
    Model.predict(x)
    Model.step(x, x)
    assert (x == 1).all()
    assert "out=x" not in Model.source


################################################################################
# Scalar products


def dot(A, permute=False):
    """The sum of the products of two arrays, the second maybe transposed."""
    draft = Draft()
    x, y = draft.wire(A), draft.wire(NdArrayType(A.shape[::-1], A.dtype) if permute else A)
    [z] = draft.add(ops.Permute(draft.wires[y], (1, 0)), y) if permute else [y]
    [product] = draft.add(ops.Multiply(A), x, z)
    outputs = draft.add(ops.NAdd(NdArrayType((), A.dtype), A), product)
    return draft.program([x, y], outputs)


def test_a_scalar_product_makes_no_array_of_products():
    source = to_python_class({"run": dot(T)}).source
    assert "np.vdot(x0, x1)" in source
    assert " * " not in source


def test_small_products_transposed_ones_and_integers_are_added_up_as_they_are():
    for A, permute in (
        (NdArrayType((4, 4), Dtype.float32), False),
        (T, True),
        (NdArrayType((64, 128), Dtype.int32), False),
    ):
        assert "vdot" not in to_python_class({"run": dot(A, permute)}).source


def test_a_scalar_product_is_the_sum_of_products():
    rng = np.random.default_rng(0)
    for dtype in FLOATS:
        A = NdArrayType(T.shape, dtype)
        for permute in (False, True):
            f = dot(A, permute)
            x, y = (rng.normal(size=B.shape).astype(str(dtype)) for B in f.source)
            [found] = to_python_class({"run": f}).run(x, y)
            assert np.asarray(found).dtype == np.dtype(str(dtype))
            np.testing.assert_allclose(found, (x * (y.T if permute else y)).sum(), rtol=1e-3)


def test_products_that_somebody_else_reads_are_made():
    draft = Draft()
    x, y = draft.wire(T), draft.wire(T)
    [product] = draft.add(ops.Multiply(T), x, y)
    total = draft.add(ops.NAdd(S, T), product)
    source = to_python_class({"run": draft.program([x, y], [*total, product])}).source
    assert source.count("x0 * x1") + source.count("np.multiply(x0, x1") == 1
