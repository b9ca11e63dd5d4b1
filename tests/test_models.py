"""Learners that are not stacks of layers: integer program, kernels and netlist agree."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from catgrad import (
    Calibration,
    Dtype,
    Fixed,
    Formats,
    NdArrayType,
    compile_hardware,
    layers,
    obj,
    op,
)
from catgrad.bidirectional import operation as B
from catgrad.combinators import identity, twist
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.learner import learner
from sim import expected, random_samples, reference_trace
from tests.learners import kernels_agree

ONE, TWO, THREE = (NdArrayType((n,), Dtype.float32) for n in (1, 2, 3))
X, Y = ONE + TWO, ONE + THREE


def two_inputs() -> OpenHypergraph:
    return (layers.linear(ONE, TWO, THREE) @ layers.linear(ONE, ONE, THREE)) >> B.add(obj(Y))


def two_outputs() -> OpenHypergraph:
    return B.copy(obj(X)) >> (layers.linear(ONE, TWO, THREE) @ layers.dense(ONE, TWO, ONE))


def no_parameters() -> OpenHypergraph:
    return B.increment(0.375)(obj(X)) >> B.scale(-1.5)(obj(X))


def unused_input() -> OpenHypergraph:
    return layers.linear(ONE, TWO, ONE) @ B.discard(obj(Y))


def same_output_twice() -> OpenHypergraph:
    return layers.linear(ONE, TWO, ONE) >> B.copy(obj(ONE + ONE))


def comparison() -> OpenHypergraph:
    gate = B.copy(obj(X)) >> (B.gt_constant(0.25)(obj(X)) @ identity(obj(X)))
    return gate >> B.multiply(obj(X)) >> layers.linear(ONE, TWO, THREE)


def split_and_stacked() -> OpenHypergraph:
    parts = op(B.NSplit(ONE, 2))
    turned = twist(obj(ONE), obj(ONE)) >> (B.scale(0.5)(obj(ONE)) @ identity(obj(ONE)))
    return parts >> turned >> op(B.NConcatenate(ONE, 2)) >> layers.linear(ONE, TWO, ONE)


def squares_and_shares() -> OpenHypergraph:
    squared = B.exponentiate(2)(obj(X)) >> B.scale_inverse(4)(obj(X))
    return squared >> layers.linear(ONE, TWO, ONE)


MODELS = [
    two_inputs,
    two_outputs,
    no_parameters,
    unused_input,
    same_output_twice,
    comparison,
    split_and_stacked,
    squares_and_shares,
]
FORMATS = [
    Formats.uniform(16, 12),
    Formats.uniform(8, 4),
    Formats(Fixed(7, 9), Fixed(5, -2), Fixed(9, 3), Fixed(6, 1)),
]


@pytest.mark.parametrize("formats", FORMATS, ids=["16.12", "8.4", "mixed"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_evaluator_agrees(model, formats: Formats) -> None:
    hardware = compile_hardware(model(), layers.sgd(2**-3), layers.mse, formats)
    samples = random_samples(hardware.netlist, 8)
    random = np.random.default_rng(0)
    start = [
        random.integers(T.fixed.min, T.fixed.max + 1, T.shape) for T in hardware.parameter_types
    ]
    reference = reference_trace(hardware, samples, start)
    netlist = expected(hardware.netlist, samples, hardware.flatten(start).tolist())
    assert netlist.compare(reference) > 0
    y = np.zeros(sum(T.size for T in hardware.y_types), int) if samples.y is None else samples.y[0]
    inputs = [
        *start,
        *hardware.unflatten(samples.x[0], hardware.x_types),
        *hardware.unflatten(y, hardware.y_types),
    ]
    kernels_agree(hardware, inputs)


def profiled(model: OpenHypergraph) -> tuple[Formats, Calibration]:
    float_learner = learner(model, layers.sgd(2**-5), layers.mse)
    random = np.random.default_rng(1)
    start, x, y = (
        [random.uniform(-1, 1, (*rows, *T.shape)).astype("f4") for T in types]
        for rows, types in (
            ((), float_learner.P),
            ((20,), float_learner.X),
            ((20,), float_learner.Y),
        )
    )
    samples = Calibration(start, x, y)
    return Formats.profile(float_learner, samples, width=12), samples


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_profiled_formats_agree_and_hold_their_samples(model) -> None:
    formats, samples = profiled(model())
    rule = layers.sgd(2**-5)
    hardware = compile_hardware(model(), rule, layers.mse, formats, calibration=samples)
    stream = random_samples(hardware.netlist, 8)
    start = hardware.quantise_parameters(samples.parameters)
    netlist = expected(hardware.netlist, stream, hardware.flatten(start).tolist())
    assert netlist.compare(reference_trace(hardware, stream, start)) > 0


def test_formats_of_another_model_are_refused() -> None:
    formats, _ = profiled(two_inputs())
    with pytest.raises(CatgradError) as error:
        compile_hardware(comparison(), layers.sgd(0.5), layers.mse, formats)
    assert str(error.value).startswith("These formats were profiled on another model (its wires")
    assert str(error.value).endswith("); profile this model.")


def test_a_saturated_argument_of_a_table_is_counted() -> None:
    """Where the data are as narrow as the table's index, the two must not be confused."""
    model = layers.linear(ONE, ONE, ONE) >> layers.sigmoid(obj(ONE + ONE))
    for table_bits in (4, 8):
        formats = Formats.uniform(8, 4, table_bits=table_bits)
        hardware = compile_hardware(model, layers.sgd(0.5), layers.mse, formats)
        big = np.array([[127]])
        *_, forward, _ = hardware.reference.transition(big, big, big)
        assert forward == 1


@pytest.mark.parametrize("model", [no_parameters, two_inputs])
def test_the_verilog_explains_the_ports_that_it_has(model) -> None:
    hardware = compile_hardware(model(), layers.sgd(0.5), layers.mse, FORMATS[0])
    text = hardware.verilog()
    comment, module = text.split("module learner(", 1)
    x = ", ".join(map(str, hardware.x_types))
    assert f"//   x__payload: {x}\n" in comment
    assert ("// load: " in comment) == ("load__payload" in module) == bool(hardware.parameter_types)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_verilog_does_not_depend_on_the_process(hash_seed: str) -> None:
    """Nor on what else was compiled before, which numbers the labels in another order."""
    program = (
        "from tests.test_models import *\n"
        "for model in MODELS[::-1]:\n"
        "    compile_hardware(model(), layers.sgd(1), layers.mse, FORMATS[1])\n"
        "h = compile_hardware(two_inputs(), layers.sgd(0.125), layers.mse, FORMATS[0])\n"
        "print(h.source + h.verilog(), end='')"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    hardware = compile_hardware(two_inputs(), layers.sgd(0.125), layers.mse, FORMATS[0])
    assert run.stdout == hardware.source + hardware.verilog()


def hardware_of_two():
    return compile_hardware(two_inputs(), layers.sgd(0.5), layers.mse, FORMATS[0])


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (
            lambda: hardware_of_two().component([np.full((2, 3), 0.7), np.zeros((1, 3))]),
            (
                "parameter weights_1 has dtype float64, but SQ(4,12)[2, 3] holds integer "
                "mantissas; quantise the parameters first."
            ),
        ),
        (
            lambda: hardware_of_two().component([np.zeros((1, 3), int), np.zeros((2, 3), int)]),
            (
                "parameter weights_1 has shape (1, 3), not (2, 3); "
                "give the parameters of this model."
            ),
        ),
        (
            lambda: hardware_of_two().quantise_x(np.zeros((1, 2))),
            (
                "There are 1 arrays of x, but the model has 2; "
                "give one for each, in the order of its types."
            ),
        ),
        (
            lambda: compile_hardware(two_inputs(), layers.sgd(1), layers.mse, (16, 12)),
            "compile_hardware needs Formats for formats, not tuple; write Formats.uniform(16, 12).",
        ),
        (
            lambda: compile_hardware(layers.linear, layers.sgd(1), layers.mse, FORMATS[0]),
            (
                "compile_hardware needs OpenHypergraph for model, not function; "
                "call the layer, as in layers.linear(batch, inputs, outputs)."
            ),
        ),
        (
            lambda: compile_hardware(B.discard(obj(X)), layers.sgd(1), layers.mse, FORMATS[0]),
            (
                "The model has no output numbers, which hardware has no stream for; "
                "give it at least one output that is not empty."
            ),
        ),
        (
            lambda: Formats.profile(
                learner(two_inputs(), layers.sgd(1), layers.mse), Calibration([], [np.ones(3)], [])
            ),
            (
                "There are 0 arrays of parameters, but the model has 2; "
                "give one for each, in the order of its types."
            ),
        ),
        (
            lambda: Formats.profile(
                learner(two_inputs(), layers.sgd(1), layers.mse),
                Calibration([], [np.ones(3)], [np.ones(4)]),
            ),
            (
                "The arrays of x and y hold [3, 4] samples; "
                "give at least one sample, and as many in each array."
            ),
        ),
        (
            lambda: B.scale(0.5)(obj(NdArrayType((2,), Dtype.int32))),
            "Constant cannot hold 0.5 in int32[2]; give an integer, or use a floating-point dtype.",
        ),
        (
            lambda: Formats.uniform(16.5, 12),  # type: ignore[arg-type]
            (
                "The width and fraction of a fixed-point format are integers, not 16.5 and 12; "
                "write Fixed(16, 12)."
            ),
        ),
    ],
)
def test_mistakes(mistake, sentence: str) -> None:
    with pytest.raises(CatgradError) as error:
        mistake()
    assert str(error.value) == sentence


def test_float64_learns_as_numpy_does() -> None:
    from catgrad import compile_model

    N, A, C = (NdArrayType((n,), Dtype.float64) for n in (5, 4, 3))
    compiled, _, _ = compile_model(layers.dense(N, A, C), layers.sgd(0.01), layers.mse)
    random = np.random.default_rng(0)
    w, b, x, y = (random.normal(size=s) for s in ((4, 3), (3,), (5, 4), (5, 3)))
    s = 1 / (1 + np.exp(-(x @ w + b)))
    g = (s - y) * s * (1 - s)
    new_w, new_b = compiled().step(w, b, x, y)
    np.testing.assert_allclose(new_w, w - 0.01 * x.T @ g, rtol=1e-12)
    np.testing.assert_allclose(new_b, b - 0.01 * g.sum(axis=0), rtol=1e-12)
    assert new_w.dtype == np.float64
