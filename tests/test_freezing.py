"""Frozen models: the integers of the learner they come from, in hardware without parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import (
    CatgradError,
    Dtype,
    Fixed,
    Formats,
    NdArrayType,
    ShiftAndAdd,
    Spatial,
    compile_hardware,
    compile_inference,
    compile_model,
    freeze,
    layers,
)
from catgrad.circuit import Kind, evaluate
from sim import random_samples, reference_trace, simulate


def real(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


FORMATS = Formats.uniform(12, 6)
MODEL = layers.dense(real(1), real(3), real(4), layers.relu) >> layers.dense(
    real(1), real(4), real(2), layers.relu
)
QUICK = Spatial(constants=ShiftAndAdd(rounds=10))


def weights(seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = [(3, 4), (4,), (4, 2), (2,)]
    return [random.normal(size=shape) for shape in shapes]


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([QUICK, Spatial(), None]))
def test_frozen_integers_are_those_of_the_learner(seed: int, schedule: Spatial | None) -> None:
    parameters = weights(seed)
    learner = compile_hardware(MODEL, layers.sgd(2**-4), layers.mse, FORMATS)
    frozen = compile_inference(MODEL, parameters, FORMATS, schedule)
    mantissas = learner.quantise_parameters(parameters)
    x = np.random.default_rng(seed).integers(-(2**11), 2**11, (20, 1, 3))
    expected = [learner.reference.predict(*mantissas, sample)[0] for sample in x]
    assert np.array_equal([frozen.reference.predict(sample)[0] for sample in x], expected)
    nothing = np.zeros((len(x), 0), np.int64)
    empty = {port.name: nothing for port in frozen.netlist.inputs if not len(port)}
    found = evaluate(frozen.netlist, {**empty, "x": x.reshape(len(x), 3)})
    assert np.array_equal(found["prediction"], np.reshape(expected, (len(x), 2)))


@pytest.mark.parametrize(
    "schedule", [QUICK, Spatial(clock=1e8, family="ecp5", constants=ShiftAndAdd(4, 10))]
)
def test_hardware_computes_them(schedule: Spatial) -> None:
    frozen = compile_inference(MODEL, weights(0), FORMATS, schedule)
    samples = random_samples(frozen, 40)
    trace = simulate(frozen.component(blocks=False), samples, stall=0.4)
    trace.compare(reference_trace(frozen, samples, []))


def test_frozen_hardware_keeps_and_multiplies_nothing() -> None:
    frozen = compile_inference(MODEL, weights(1), FORMATS, QUICK)
    assert not frozen.learns
    assert frozen.parameter_types == []
    assert not (frozen.netlist.kind == Kind.MUL).any()
    first, second = frozen.constant_maps
    assert (first.rows, first.columns) == (4, 3)
    assert (second.rows, second.columns) == (2, 4)
    report = frozen.report()
    assert (report.parameters, report.register_bits, report.multipliers) == (0, 0, 0)
    assert f"; constants {first}; constants {second}; it only predicts" in str(report)


def test_a_frozen_model_is_a_model() -> None:
    parameters = weights(2)
    compiled, P, _ = compile_model(MODEL, layers.sgd(0.1), layers.mse)
    frozen, none, _ = compile_model(freeze(MODEL, parameters), layers.sgd(0.1), layers.mse)
    assert len(P) == 4
    assert len(none) == 0
    x = np.random.default_rng(0).normal(size=(1, 3)).astype(np.float32)
    [expected] = compiled.predict(*(p.astype(np.float32) for p in parameters), x)
    [found] = frozen.predict(x)
    assert np.array_equal(found, expected)
    rest = freeze(MODEL, parameters) >> layers.linear(real(1), real(2), real(1))
    assert list(compile_model(rest, layers.sgd(0.1), layers.mse)[1]) == [real(2, 1)]


def test_numbers_are_rounded_to_the_format() -> None:
    model = layers.linear(real(1), real(1), real(1))
    frozen, _, _ = compile_model(freeze(model, [[[0.3]]], Fixed(4, 2)), layers.sgd(0.1), layers.mse)
    assert frozen.predict(np.ones((1, 1), np.float32))[0].tolist() == [[0.25]]


LINEAR = layers.linear(real(1), real(2), real(1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: freeze(LINEAR, []),
            (
                "There are 0 arrays of parameters, but the model has 1; give one for each, in the "
                "order of its types."
            ),
        ),
        (
            lambda: freeze(LINEAR, [[1.0, 2.0]]),
            "parameter weights has shape (2,), not (2, 1); give the parameters of this model.",
        ),
        (
            lambda: freeze(LINEAR, [[[1.0], [float("nan")]]]),
            (
                "parameter weights holds numbers that are not finite; give the parameters of a run "
                "that did not diverge."
            ),
        ),
        (
            lambda: compile_inference(LINEAR, [[[1.0], [9.0]]], Formats.uniform(8, 4)),
            (
                "parameter weights ranges from 1 to 9, but SQ(4,4) holds -8 to 7.9375; use "
                "Fixed(8, 3), or scale the data."
            ),
        ),
        (
            lambda: compile_inference(LINEAR, [], 16),
            "compile_inference needs Formats for formats, not int; write Formats.uniform(16, 12).",
        ),
        (
            lambda: Spatial(constants=6),
            (
                "What becomes of constants is said by a ShiftAndAdd, not 6; write "
                "Spatial(constants=ShiftAndAdd(depth=6)), or leave them as they are."
            ),
        ),
    ],
)
def test_mistakes(call, message: str) -> None:
    with pytest.raises(CatgradError) as caught:
        call()
    assert str(caught.value) == message
