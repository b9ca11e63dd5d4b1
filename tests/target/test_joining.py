"""Small arrays that are treated alike are joined: the same bits, in fewer calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad import compile_model, layers
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.wires import call, calls, program
from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj
from catgrad.special.definition import Named
from catgrad.target.python import source, strands, to_python_class, to_source

SCALAR = NdArrayType((), Dtype.float32)


def F(*shape):
    return NdArrayType(shape, Dtype.float32)


def spread(x, T):
    return call(B.Broadcast(SCALAR, T), x)


STEPS = {
    "sum": lambda a, b, _: a + b,
    "difference": lambda a, b, _: a - b,
    "product": lambda a, b, _: a * b,
    "quotient": lambda a, b, _: a / b,
    "scaled": lambda a, _b, _s: 0.3 * a,
    "shared": lambda a, _, s: spread(s, a.T) * a,
    "root": lambda a, b, _: call(B.Sqrt(a.T), a * a + b * b),
    "larger": lambda a, b, _: call(B.Maximum(a.T), a, b),
    "tanh": lambda a, _b, _s: call(B.Tanh(a.T), a),  # of which no bit is prescribed
}


@st.composite
def programs(draw):
    """The same done to two arrays of each of several shapes, some of which read each other."""
    shapes = draw(st.lists(st.sampled_from([(3,), (2, 2), (1,), (5,), ()]), min_size=1, max_size=6))
    number = st.integers(0, 5)
    recipe = draw(st.lists(st.tuples(st.sampled_from([*STEPS]), number, number), max_size=5))
    results = draw(st.lists(number, min_size=1, max_size=3))
    chained = draw(st.booleans())
    types = [F(*shape) for shape in shapes for _ in range(2)]

    def body(s, *wires):
        found, last = [], {}
        for pair in zip(wires[::2], wires[1::2], strict=True):
            made = list(pair)
            if chained and made[0].T in last:
                made[1] = last[made[0].T]
            for name, a, b in recipe:
                made.append(STEPS[name](made[a % len(made)], made[b % len(made)], s))
            found += [made[i % len(made)] for i in results]
            last[made[0].T] = made[-1]
        return found

    return forget(program(obj(SCALAR, *types), body))


def bits(arrays):
    return [(x.shape, x.dtype, x.tobytes()) for x in map(np.asarray, arrays)]


@given(programs(), st.integers(0, 2**32 - 1))
def test_every_bit_is_the_same(f, seed):
    rng = np.random.default_rng(seed)
    arguments = [rng.normal(size=T.shape).astype(np.float32) for T in f.source]
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(source, "joined", lambda *_: None)
        apart = to_python_class({"f": f}).f(*arguments)
        patch.undo()
        patch.setattr(strands, "FEWER", 0)
        found = to_python_class({"f": f}).f(*arguments)
    assert bits(found) == bits(apart)
    for i, x in enumerate(found):
        assert not any(np.shares_memory(x, y) for y in found[:i])


def network(depth=4):
    """So many dense layers, each after a normalisation."""
    A, W = F(2), F(8)
    model = layers.layer_norm(A, W) >> layers.dense(A, W, W)
    for _ in range(depth - 1):
        model = model >> layers.layer_norm(A, W) >> layers.dense(A, W, W)
    return model


@pytest.mark.parametrize(
    "rule", [layers.adam(0.1, decay=0.1), layers.lion(0.1), layers.momentum(0.1, 0.9)]
)
def test_learning_is_the_same(rule, monkeypatch):
    compiled, P, _ = compile_model(network(), rule, layers.mse)
    monkeypatch.setattr(source, "joined", lambda *_: None)
    apart, _, _ = compile_model(network(), rule, layers.mse)
    rng = np.random.default_rng(0)
    kept = [rng.normal(size=T.shape).astype(np.float32) for T in P]
    kept = others = [*kept, *compiled.initial_state()]
    for _ in range(3):
        x, y = (rng.normal(size=(2, 8)).astype(np.float32) for _ in range(2))
        kept, others = compiled.step(*kept, x, y), apart.step(*others, x, y)
        assert bits(kept) == bits(others)


def test_the_source_reads_as_if_parameters_were_one():
    compiled = compile_model(network(), layers.adam(0.1), layers.mse)[0]
    step = compiled.source.partition("def step")[2].partition("@staticmethod")[0]
    text = " ".join(step.split())
    assert (
        "directions, new_velocities, new_squares = adam( "
        "velocities, squares, scale, epsilon, gradients ) "
        "new_parameters = parameters - directions " in text
    )
    assert "new_scale_1 = new_parameters[:8] " in text
    assert "new_weights_1 = new_parameters[16:80].reshape(8, 8) " in text
    assert (
        "velocities = np.concatenate( [ scale_1_velocity, shift_1_velocity, weights_1_velocity, "
        in text
    )
    assert step.count("adam(") == 1
    assert ".copy()" not in step


def test_a_rule_that_joins_reads_alike():
    compiled = compile_model(network(), layers.joined(layers.adam(0.1)), layers.mse)[0]
    step = compiled.source.partition("def step")[2].partition("@staticmethod")[0]
    text = " ".join(step.split())
    assert "bias_4, steps, velocity, square, x, y )" in text
    assert "parameters = np.concatenate( [ scale_1, shift_1, weights_1, bias_1, " in text
    assert "gradients = np.concatenate( [ scale_1_gradient, shift_1_gradient, " in text
    assert (
        "bias_4_gradient ], axis=None ) new_velocity = 0.9 * velocity + gradients "
        "new_square = 0.999 * square + gradients * gradients " in text
    )
    assert "new_parameters = parameters - parameters_step " in text
    assert "new_weights_1 = new_parameters[16:80].reshape(8, 8) " in text
    assert ".copy()" not in step


def adam_like(T):
    """Six operations on an array and its square, as a function."""

    def body(m, g):
        m = 0.5 * m + 0.5 * (g * g)
        return g / (call(B.Sqrt(T), m) + 0.1), m

    f = forget(program(obj(T, T), body))
    return Named("rule", f, ("mean", "gradient"), ("direction", "new_mean"))


def applied(*types, exponential=False):
    """How many calls of a rule are left in a program that applies it to arrays of these types."""

    def body(*wires):
        found = []
        for i, T in enumerate(types):
            direction, mean = calls(adam_like(T), *wires[2 * i : 2 * i + 2])
            found += [call(ops.Exp(T), direction) if exponential else direction, mean]
        return found

    pairs = [T for T in types for _ in range(2)]
    return to_source({"f": program(obj(*pairs), body)}).count(" = rule(")


@pytest.mark.parametrize(
    ("shapes", "count"),
    [
        ([(64,)] * 9, 1),
        ([(64,), (3, 5), (200,)] * 3, 1),
        ([(64,)] * 9 + [(strands.SMALL + 1,)], 2),
        ([(64,)] * 2, 2),  # few enough to be left alone
    ],
)
def test_what_is_small_and_many_is_joined(shapes, count):
    assert applied(*(F(*shape) for shape in shapes)) == count


def test_what_is_read_further_on_is_not_joined():
    assert applied(*[F(64)] * 9, exponential=True) == 9


def test_integers_are_left_alone():
    T = NdArrayType((4,), Fixed(8, 4))

    def body(*wires):
        return [x + y for x, y in zip(wires[::2], wires[1::2], strict=True)]

    f = forget(program(obj(*[T] * 24), body))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strands, "FEWER", 0)
        assert "concatenate" not in to_source({"f": f})
