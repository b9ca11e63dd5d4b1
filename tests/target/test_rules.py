"""What the source of learning rules looks like, and what it computes where arrays are few."""

import re

import numpy as np

from catgrad import compile_model, layers
from catgrad.bidirectional import operation as B
from catgrad.core.types import Dtype, NdArrayType, op
from catgrad.special.parameter import Parameter


def floats(*shape):
    return NdArrayType(shape, Dtype.float32)


def network(inputs, hidden, outputs, batch=8):
    A, B_1, B_2, B_3 = (floats(n) for n in (batch, inputs, hidden, outputs))
    return layers.dense(A, B_1, B_2, layers.relu) >> layers.dense(A, B_2, B_3, layers.sigmoid)


def adam_of(source):
    [text] = re.findall(r"^def adam.*?\n\n\n", source, re.DOTALL | re.MULTILINE)
    return text


def test_adam_is_one_function_for_arrays_of_all_shapes():
    for hidden in (5, 3000):
        Model = compile_model(network(4, hidden, 3), layers.adam(0.001), layers.mse)[0]
        step = Model.source.partition("def step")[2].partition("def initial_state")[0]
        assert step.count(" = adam(") == 4
        assert adam_of(Model.source).count("return") == 1
        # Where one array is large, the function of all reuses its memory.
        assert ("out=" in adam_of(Model.source)) == (hidden == 3000)


def test_shares_are_written_as_a_person_writes_them():
    text = compile_model(network(4, 5, 3), layers.adam(0.001), layers.mse)[0].source
    assert "new_velocity = 0.9 * velocity + gradient" in adam_of(text)
    assert "(1 - 0.9 ** new_steps) * 10" in text
    assert "(1 - 0.999 ** new_steps) * 1000" in text


def test_adam_on_a_single_number_beside_a_large_array():
    S, N = floats(), floats(8192)
    offset = op(Parameter(S, "offset")) >> op(B.Broadcast(S, N))
    model = (layers.bias(N) @ offset) >> op(B.Add(N))
    Model, P, _ = compile_model(model, layers.adam(0.5), layers.mse)
    kept = [*(np.zeros(T.shape, np.float32) for T in P), *Model.initial_state()]
    learned = Model.step(*kept, np.ones(8192, np.float32), np.zeros(8192, np.float32))
    for x in learned[: len(P)]:
        np.testing.assert_allclose(x, -0.5, rtol=1e-5)


def test_a_state_is_described_by_its_own_name():
    N = floats(3)
    source = compile_model(layers.linear(N, N, N), layers.adam(0.1), layers.mse)[0].source
    described = source.partition("def initial_state")[2].partition("steps = ")[0]
    assert "weights_velocity: float32[3, 3], weights_square: float32[3, 3]" in described


def test_the_pairs_of_a_pooling_have_a_name():
    A, plane = floats(16), floats(8, 8, 4)
    model = layers.max_pool(A, plane, 2)
    source = compile_model(model, layers.sgd(0.1), layers.mse)[0].source
    assert "np.maximum(pairs[..., 0], pairs[..., 1])" in source
    assert source.partition("def predict")[2].partition("return")[0].count(".transpose(") == 2


def test_only_what_is_led_back_is_called_a_gradient():
    """Not the targets, nor the terms of the loss, nor what a rule makes of a gradient."""
    A, D, C = floats(8), floats(4), floats(3)
    model = layers.linear(A, D, C) >> layers.bias(C, A)
    for rule in (layers.adam(0.1), layers.momentum(0.1, 0.9), layers.lion(0.1), layers.sgd(0.1)):
        Model = compile_model(model, rule, layers.cross_entropy, report=["loss"])[0]
        step = Model.source.partition("def step")[2].partition("def initial_state")[0]
        named = re.findall(r"^ *(\w*gradient\w*) = (.*)$", step, re.MULTILINE)
        stems = {re.sub(r"_\d+$", "", name) for name, _ in named}
        assert stems <= {"weights_gradient", "bias_gradient", "gradient"}
        for _, expression in named:
            assert "error" in expression or "gradient" in expression
            assert not re.search("y [*]|mean|square|velocity|average|sign", expression)
        assert "error = " in step
