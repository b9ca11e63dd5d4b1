"""A function writes over an argument where most calls in a method give it away; others copy."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from catgrad import compile_model, layers
from catgrad.core import operation as ops
from catgrad.core.types import Dtype, NdArrayType
from catgrad.special.definition import Named
from catgrad.target.python import lines, to_python_class, to_source
from tests.target.interpreter import interpret
from tests.target.strategies import Draft

LARGE, SMALL = (NdArrayType((n, 128), Dtype.float32) for n in (256, 64))
ROW, ROWS, ONE = (NdArrayType((n,), Dtype.float32) for n in (128, 256, 1))


def settled(T):
    """``x, y → -(x² + y), y x²``: of two arrays the first is not needed for long."""
    draft = Draft()
    x, y = draft.wire(T), draft.wire(T)
    [square] = draft.add(ops.Multiply(T), x, x)
    [total] = draft.add(ops.Add(T), square, y)
    [opposite] = draft.add(ops.Negate(T), total)
    [product] = draft.add(ops.Multiply(T), y, square)
    return Named("settled", draft.program([x, y], [opposite, product]), ("x", "y"))


def powered(T):
    """``x → -x⁴``, element by element, of one array."""
    draft = Draft()
    x = draft.wire(T)
    [square] = draft.add(ops.Multiply(T), x, x)
    [opposite] = draft.add(ops.Negate(T), square)
    return Named("powered", draft.program([x], draft.add(ops.Multiply(T), opposite, square)))


def giving(definition, T):
    """Two calls, each of which gives away its first array."""
    draft = Draft()
    x, y = draft.wire(T), draft.wire(T)
    others = [y] * (len(definition.source()) - 1)
    results = []
    for operation in (ops.Add, ops.Subtract):
        results += draft.add(definition, *draft.add(operation(T), x, y), *others)
    return draft.program([x, y], results)


def calling(T, *gifts):
    """As many calls, each of a new array that is then read no more, or is read again."""
    draft, definition = Draft(), settled(T)
    x, y = draft.wire(T), draft.wire(T)
    results = []
    for number, is_gift in enumerate(gifts):
        [made] = draft.add(ops.Subtract(T), *((x, y) if number % 2 else (y, x)))
        results += draft.add(definition, made, y)
        if not is_gift:
            results += draft.add(ops.Negate(T), made)
        x = results[0]
    return draft.program([0, 1], results)


def require_equal(Model, f, name="run"):
    rng = np.random.default_rng(0)
    xs = [rng.normal(scale=0.5, size=T.shape).astype(np.float32) for T in f.source]
    before = [x.copy() for x in xs]
    for _ in range(2):
        found, expected = getattr(Model, name)(*xs), interpret(f, xs)
        for a, b in zip([*found, *xs], [*expected, *before], strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "gifts", [(True, True), (True, False), (False, False), (True, True, False)]
)
def test_large_arrays_are_written_over_where_all_calls_give_them_away(gifts):
    f = calling(LARGE, *gifts)
    Model = to_python_class({"run": f})
    assert ("Writes over x." in Model.source) == all(gifts)
    assert ".copy()" not in Model.source
    require_equal(Model, f)


def test_a_few_calls_copy_small_arrays_that_they_need_again():
    f = calling(SMALL, True, True, False)
    Model = to_python_class({"run": f})
    assert "Writes over x." in Model.source
    assert Model.source.count(".copy()") == 1
    require_equal(Model, f)


def test_arguments_of_a_method_are_not_given_away():
    draft, definition = Draft(), settled(LARGE)
    x, y = draft.wire(LARGE), draft.wire(LARGE)
    results = [*draft.add(definition, x, y), *draft.add(definition, y, x)]
    f = draft.program([x, y], results)
    Model = to_python_class({"run": f})
    assert "Writes over" not in Model.source
    require_equal(Model, f)


def test_a_product_of_repeated_rows_is_given_in_full():
    draft, definition = Draft(), settled(LARGE)
    x, y, z = draft.wire(ROW), draft.wire(ROW), draft.wire(LARGE)
    [a] = draft.add(ops.Broadcast(ROW, ROWS), x)
    [b] = draft.add(ops.Broadcast(ROW, ROWS), y)
    results = []
    for operation in (ops.Multiply, ops.Add):
        results += draft.add(definition, *draft.add(operation(LARGE), a, b), z)
    f = draft.program([x, y, z], results)
    Model = to_python_class({"run": f})
    assert "Writes over x." in Model.source
    require_equal(Model, f)


@pytest.mark.parametrize("definition", [settled(LARGE), powered(LARGE)])
def test_a_repeated_row_that_is_read_again_is_not_given_away(definition):
    draft = Draft()
    x, y = draft.wire(ROW), draft.wire(LARGE)
    [doubled] = draft.add(ops.Add(ROW), x, x)
    [repeated] = draft.add(ops.Broadcast(ROW, ROWS), doubled)
    others = [y] * (len(definition.source()) - 1)
    results = [*draft.add(definition, repeated, *others), *draft.add(ops.Negate(ROW), doubled)]
    fs = {"gives": giving(definition, LARGE), "keeps": draft.program([x, y], results)}
    Model = to_python_class(fs)
    assert "Writes over x" in Model.source
    for name, f in fs.items():
        require_equal(Model, f, name)


def test_an_array_that_stands_for_two_is_not_given_away():
    column, definition = NdArrayType((*LARGE.shape, 1), LARGE.dtype), powered(LARGE)
    draft = Draft()
    x, y = draft.wire(LARGE), draft.wire(LARGE)
    [total] = draft.add(ops.Add(LARGE), x, y)
    [longer] = draft.add(ops.Reshape(LARGE, column), total)
    [same] = draft.add(ops.NAdd(LARGE, ONE), longer)  # each sum has one term
    results = [*draft.add(definition, same), *draft.add(ops.Negate(column), longer)]
    fs = {"gives": giving(definition, LARGE), "keeps": draft.program([x, y], results)}
    Model = to_python_class(fs)
    assert "Writes over x" in Model.source
    require_equal(Model, fs["keeps"], "keeps")


@st.composite
def mixed(draw):
    """Calls among sums and products of large arrays, some of them rows that are repeated."""
    draft = Draft()
    inputs = [draft.wire(LARGE), draft.wire(LARGE), draft.wire(ROW)]
    wide, rows = inputs[:2], inputs[2:]
    large = [f(LARGE) for f in (ops.Subtract, ops.Multiply, settled, powered)]
    small = [ops.Broadcast(ROW, ROWS), ops.Add(ROW)]
    for _ in range(draw(st.integers(6, 12))):
        operation = draw(st.sampled_from(large) | st.sampled_from(small))
        known = rows if operation in small else wide
        reads = [draw(st.sampled_from(known[-3:])) for _ in operation.source()]
        for wire in draft.add(operation, *reads):
            (rows if draft.wires[wire] == ROW else wide).append(wire)
    return draft.program(inputs, [*wide[-3:], rows[-1]])


@settings(max_examples=60, deadline=None)
@given(fs=st.fixed_dictionaries({"first": mixed(), "second": mixed()}))
def test_methods_that_share_functions(fs):
    Model = to_python_class(fs)
    note(Model.source)
    with np.errstate(all="ignore"):
        for name, f in fs.items():
            require_equal(Model, f, name)


def test_adam_writes_over_gradients_and_a_step_is_the_same():
    A, B, C = (NdArrayType((n,), Dtype.float32) for n in (8, 64, 256))
    model = layers.dense(A, B, C, layers.relu) >> layers.dense(A, C, B, layers.sigmoid)

    def compiled(text):
        Model = compile_model(model, layers.adam(0.01), layers.mse)[0]
        assert ("Writes over gradient." in Model.source) == text
        return Model

    fast = compiled(True)
    with mock.patch.object(lines, "WORTH_REUSE", 2**40):
        plain = compiled(False)
    rng = np.random.default_rng(0)
    shapes = [(64, 256), (256,), (256, 64), (64,)]
    P = [rng.normal(size=shape, scale=0.1).astype(np.float32) for shape in shapes]
    x, y = (rng.random((8, 64)).astype(np.float32) for _ in range(2))
    ours, theirs = [*P, *fast().initial_state()], [*P, *plain().initial_state()]
    for _ in range(3):
        ours, theirs = fast.step(*ours, x, y), plain.step(*theirs, x, y)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_numbers_next_to_large_arrays_have_names():
    text = compile_model(
        layers.linear(*(NdArrayType((n,), Dtype.float32) for n in (8, 64, 256)))
        >> layers.linear(*(NdArrayType((n,), Dtype.float32) for n in (8, 256, 64))),
        layers.adam(0.01),
        layers.mse,
    )[0].source
    assert "FACTOR_0_999 = np.array(0.999, np.float32)" in text
    assert "new_velocity = FACTOR_0_9 * velocity\n    new_velocity += gradient\n" in text


@pytest.mark.parametrize(
    ("arguments", "results"),
    [
        (("FACTOR_0_3",), ()),
        (("FACTOR_0", "FACTOR_0"), ()),  # which become FACTOR_0_1 and FACTOR_0_2
        (("x",), ("FACTOR_0_3", "y", "z")),
        (("powered",), ()),
        (("ONES_128",), ()),
    ],
)
def test_no_argument_hides_a_name_of_the_module(arguments, results):
    draft = Draft()
    inputs = [draft.wire(LARGE) for _ in arguments]
    outputs = [*draft.add(ops.NAdd(ROWS, ROW), inputs[0])]
    for x, number in zip(inputs, (0.3, 0.1), strict=False):
        [product] = draft.add(ops.Multiply(LARGE), x, *draft.add(ops.Constant(LARGE, number)))
        outputs += [*draft.add(powered(LARGE), product), *draft.add(powered(LARGE), x)]
    definition = Named("scaled", draft.program(inputs, outputs), arguments, results)
    draft = Draft()
    inputs = [draft.wire(LARGE) for _ in range(2 * len(arguments))]
    outputs = [*draft.add(definition, *inputs[::2]), *draft.add(definition, *inputs[1::2])]
    f = draft.program(inputs, outputs)
    source = to_source({"run": f})
    for name in (*arguments, *results):
        assert f"{name} = np." not in source
        assert f"def {name}(" not in source
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=T.shape).astype(np.float32) for T in f.source]
    for found, expected in zip(to_python_class({"run": f}).run(*xs), interpret(f, xs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_sum_is_given_away_without_a_copy():
    A, B, C = (NdArrayType((n,), Dtype.float32) for n in (32, 300, 10))
    model = layers.dense(A, B, B) >> layers.linear(A, B, C) >> layers.bias(C, A)
    source = compile_model(model, layers.adam(0.1), layers.mse)[0].source
    step = source.partition("def step")[2].partition("def initial_state")[0]
    assert '"""Writes over gradient."""' in source
    assert "bias_2_gradient = error.sum(axis=0)" in step
    assert ".copy()" not in step
