"""The commonest mistakes of a first program, each answered by one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from catgrad import (
    CatgradError,
    Dtype,
    Formats,
    NdArrayType,
    compile_hardware,
    compile_model,
    layers,
    obj,
    op,
)
from catgrad.bidirectional import operation as B
from catgrad.hypergraph import Labels, OpenHypergraph
from sim import random_samples, simulate


def A(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


N = A(8)
MODEL = layers.linear(N, A(4), A(3))
FAMILY = "relu, a family of programs; choose one of them, as in relu(obj(T))"


def hardware():
    return compile_hardware(MODEL, layers.sgd(0.1), layers.mse, Formats.uniform(16, 12))


def refused(attempt) -> str:
    with pytest.raises(CatgradError) as error:
        attempt()
    return str(error.value)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (
            lambda: MODEL >> layers.relu,
            f"What a program is composed with has to be a program, not {FAMILY}.",
        ),
        (
            lambda: MODEL @ layers.relu,
            f"What stands beside a program has to be a program, not {FAMILY}.",
        ),
        (
            lambda: MODEL >> B.ReLU(A(8, 3)),
            (
                "What a program is composed with has to be a program, not the operation ReLU; "
                "make it a program by op(...)."
            ),
        ),
        (
            lambda: compile_model(layers.linear, layers.sgd(0.1), layers.mse),
            "A model has to be a program, not the function linear; call it, as in linear(...).",
        ),
        (
            lambda: compile_model(3, layers.sgd(0.1), layers.mse),
            "A model has to be a program, not 3; build one, as with op(...) or catgrad.layers.",
        ),
        (
            lambda: op(layers.relu),
            f"A program is made of an operation, not of {FAMILY}.",
        ),
        (
            lambda: op(B.ReLU),
            (
                "A program is made of an operation, not of the class ReLU; give it its types, "
                "as in "
                "op(ReLU(T))."
            ),
        ),
        (
            lambda: op(MODEL),
            "A program is made of an operation, not of a program; use it as it is.",
        ),
        (
            lambda: layers.residual(layers.relu),
            f"What layers.residual adds has to be a program, not {FAMILY}.",
        ),
        (
            lambda: layers.mse(),
            (
                "mse takes one object, not nothing; write mse(obj(T)) for a program, or mse alone "
                "where a loss, a rule or an activation is asked for."
            ),
        ),
        (
            lambda: layers.relu(A(3)),
            (
                "relu takes one object, not float32[3]; write relu(obj(T)) for a program, or relu "
                "alone where a loss, a rule or an activation is asked for."
            ),
        ),
    ],
)
def test_what_is_no_program(attempt, message) -> None:
    assert refused(attempt) == message


@pytest.mark.parametrize(
    ("rule", "loss", "message"),
    [
        (
            layers.mse,
            layers.sgd(0.1),
            "MSE is no part of a learning rule; give one such as layers.sgd(0.1).",
        ),
        (
            layers.relu,
            layers.mse,
            "ReLU is no part of a learning rule; give one such as layers.sgd(0.1).",
        ),
        (layers.sgd(0.1), layers.relu, "ReLU is no part of a loss; give one such as layers.mse."),
        (
            layers.sgd(0.1),
            layers.adam(0.1),
            "SGD is no part of a loss; give one such as layers.mse.",
        ),
        (
            layers.sgd(0.1),
            layers.adam,
            (
                "layers.adam is given [float32[8, 3]] for rate, which is a number; call it "
                "first, as "
                "in layers.adam(0.1)."
            ),
        ),
        (
            layers.sgd,
            layers.mse,
            (
                "layers.sgd is given [float32[4, 3]] for rate, which is a number; call it "
                "first, as "
                "in layers.sgd(0.1)."
            ),
        ),
        (
            layers.sgd(0.1),
            layers.huber,
            (
                "layers.huber is given [float32[8, 3]] for delta, which is a number; call it "
                "first, "
                "as in layers.huber(0.1)."
            ),
        ),
        (
            0.1,
            layers.mse,
            (
                "The learning rule has to be a family of programs, one for each object, not 0.1; "
                "give one such as layers.sgd(0.1)."
            ),
        ),
        (
            layers.sgd(0.1),
            layers.mse(obj(A(8, 3))),
            (
                "The loss has to be a family of programs, one for each object, not a single "
                "program; "
                "give one such as layers.mse."
            ),
        ),
        (
            layers.sgd(0.1),
            lambda _: layers.mse,
            (
                "The loss has to be a family of programs, one for each object, not <lambda>, which "
                "was not called; give one such as layers.mse."
            ),
        ),
    ],
)
def test_rules_and_losses(rule, loss, message) -> None:
    assert refused(lambda: compile_model(MODEL, rule, loss)) == message
    formats = Formats.uniform(16, 12)
    assert refused(lambda: compile_hardware(MODEL, rule, loss, formats)) == message


def test_what_a_rule_of_ones_own_raises_is_left_as_it_is() -> None:
    def own(_: Labels) -> OpenHypergraph:
        return len(3)

    for rule, loss in ((own, layers.mse), (layers.sgd(0.1), own)):
        with pytest.raises(TypeError, match=r"^object of type 'int' has no len\(\)$"):
            compile_model(MODEL, rule, loss)
    with pytest.raises(TypeError, match=r"^object of type 'int' has no len\(\)$"):
        layers.dense(N, A(4), A(5), own)


def test_a_function_of_something_else_is_no_rule() -> None:
    assert refused(lambda: compile_model(MODEL, layers.momentum, layers.mse)) == (
        "The learning rule has to be a family of programs, one for each object, not momentum "
        "(momentum() missing 1 required positional argument: 'decay'); give one such as "
        "layers.sgd(0.1)."
    )
    assert refused(lambda: compile_model(MODEL, np.sin, layers.mse)).startswith(
        "The learning rule has to be a family of programs, one for each object, not sin (loop of "
    )


@pytest.mark.parametrize(
    ("activation", "found"),
    [("relu", "'relu'"), (B.ReLU, "the class ReLU"), (MODEL, "a single program")],
)
def test_activations(activation, found) -> None:
    message = (
        f"The activation has to be a family of programs, one for each object, not {found}; "
        f"give one such as layers.relu."
    )
    assert refused(lambda: layers.dense(N, A(4), A(5), activation)) == message
    assert refused(lambda: layers.conv1d(N, A(6, 1), A(5), 3, activation=activation)) == message


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (
            lambda: layers.dense(8, 4, 5),
            (
                "layers.dense needs an array type for A, not 8; write NdArrayType((8,), "
                "Dtype.float32)."
            ),
        ),
        (
            lambda: layers.conv2d(N, A(6, 6, 1), 4, 3),
            (
                "layers.conv2d needs an array type for C, not 4; write NdArrayType((4,), "
                "Dtype.float32)."
            ),
        ),
        (
            lambda: layers.bias((3, 4)),
            (
                "layers.bias needs an array type for T, not (3, 4); write NdArrayType((3, 4), "
                "Dtype.float32)."
            ),
        ),
        (
            lambda: obj([3, 4]),
            (
                "An object consists of array types, not of [3, 4]; write NdArrayType((3, 4), "
                "Dtype.float32)."
            ),
        ),
        (
            lambda: NdArrayType([3, 4], Dtype.float32),
            "The shape of an array type is a tuple of integers, not [3, 4]; write (3, 4).",
        ),
        (
            lambda: NdArrayType(None, Dtype.float32),
            "The shape of an array type is a tuple of integers, not None; write (3, 4), say.",
        ),
        (
            lambda: layers.layer_norm(A(3), A(4, 5)),
            (
                "LayerNorm normalises along one axis, not along the 2 of float32[4, 5]; flatten "
                "further axes, or count them to the batch."
            ),
        ),
        (
            lambda: layers.rms_norm(A(3), A(4, 5)),
            (
                "RMSNorm normalises along one axis, not along the 2 of float32[4, 5]; flatten "
                "further "
                "axes, or count them to the batch."
            ),
        ),
        (
            lambda: layers.relu(obj(A(8, 5))) >> layers.relu(obj(A(8, 6))),
            (
                "Cannot compose: output 0 of the first program, from ReLU, is float32[8, 5] "
                "but input "
                "0 of the second, into ReLU, is float32[8, 6]; make them equal."
            ),
        ),
        (
            lambda: layers.relu(obj(A(8, 5))) >> layers.relu(obj(A(40))),
            (
                "Cannot compose: output 0 of the first program, from ReLU, is float32[8, 5] "
                "but input "
                "0 of the second, into ReLU, is float32[40]; make them equal, or insert a reshape."
            ),
        ),
    ],
)
def test_types(attempt, message) -> None:
    assert refused(attempt) == message


@pytest.mark.parametrize(
    ("attempt", "argument", "found"),
    [
        (lambda: layers.sgd("0.1"), "layers.sgd needs a finite number for rate", "'0.1'"),
        (lambda: layers.adam(float("nan")), "layers.adam needs a finite number for rate", "nan"),
        (lambda: layers.clip("a"), "layers.clip needs a finite number for limit", "'a'"),
        (
            lambda: layers.leaky_relu("a"),
            "layers.leaky_relu needs a finite number for slope",
            "'a'",
        ),
    ],
)
def test_numbers(attempt, argument, found) -> None:
    assert refused(attempt) == f"{argument}, not {found}; write one such as 0.1."


def test_what_a_learner_is_needed_for() -> None:
    assert refused(lambda: Formats.profile(MODEL, None)) == (
        "Formats.profile runs a Learner, not OpenHypergraph; make one by learner(model, rule, "
        "loss), from catgrad.learner."
    )


def test_what_a_component_is_needed_for() -> None:
    compiled = hardware()
    samples = random_samples(compiled.netlist, 1)
    assert refused(lambda: simulate(compiled, samples)) == (
        "simulate runs a component, not Hardware; build one, as by hardware.component(parameters)."
    )


def test_what_a_backend_is_needed_for() -> None:
    CompiledModel, _, _ = compile_model(MODEL, layers.sgd(0.1), layers.mse)
    assert refused(lambda: CompiledModel("torch")) == (
        "CompiledModel takes an array backend, not 'torch'; give Numpy or Torch, from "
        "catgrad.target.python.array_backend, or nothing for NumPy."
    )


def test_numbers_out_of_reach() -> None:
    CompiledModel, _, _ = compile_model(MODEL, layers.sgd(0.1), layers.mse)
    message = refused(lambda: CompiledModel.predict(np.ones((4, 3)), np.full((8, 4), 1e300)))
    assert message == (
        "predict: argument x is 1e+300 at index [0, 0], which float32 does not reach; scale it "
        "first."
    )


@pytest.mark.parametrize("name", ["relu", "gelu", "softmax", "mse", "cross_entropy", "parameter"])
def test_families_say_what_they_are(name: str) -> None:
    family = getattr(layers, name)
    assert repr(family) == family.__name__ == name
    assert family.__doc__ != type(family).__doc__
