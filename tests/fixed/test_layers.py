"""Layers and losses in fixed point: NumPy, kernels, netlist agree, and follow the float learner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catgrad import (
    Dtype,
    Fixed,
    Formats,
    NdArrayType,
    compile_hardware,
    compile_model,
    layers,
    obj,
    op,
)
from catgrad.bidirectional import operation as B
from catgrad.combinators import Canonical
from catgrad.core.operation import Overflow, Rounding
from catgrad.hypergraph import OpenHypergraph
from sim import random_samples, reference_trace, simulate
from tests.fixed.agreement import agree, start


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


ONE, TWO, THREE, FOUR = T(1), T(2), T(3), T(4)


def after(activation: Canonical) -> OpenHypergraph:
    return layers.linear(ONE, TWO, TWO) >> activation(obj(ONE + TWO))


def both(f: Canonical) -> OpenHypergraph:
    return (layers.linear(ONE, TWO, TWO) @ layers.linear(ONE, TWO, TWO)) >> f(obj(ONE + TWO))


def convolution() -> OpenHypergraph:
    seen = layers.conv2d(ONE, T(5, 4, 1), TWO, (2, 3), padding=(0, 1), activation=layers.relu)
    pooled = seen >> layers.max_pool(ONE, T(4, 4, 2), 2)
    return pooled >> op(B.Reshape(T(1, 2, 2, 2), T(1, 8))) >> layers.linear(ONE, T(8), TWO)


def means() -> OpenHypergraph:
    return layers.linear(ONE, TWO, T(4, 4, 1)) >> layers.mean_pool(ONE, T(4, 4, 1), 2)


def choices() -> OpenHypergraph:
    least = layers.linear(ONE, TWO, T(3, 2)) >> B.reduce_min(T(1, 3, 2), (1,))
    return least >> layers.leaky_relu(0.125)(least.target) >> B.absolute(least.target)


def smooth() -> OpenHypergraph:
    f = after(layers.silu)
    return f >> layers.quick_gelu(f.target) >> layers.hard_silu(f.target) >> layers.tanh(f.target)


MODELS = {
    "convolution": convolution(),
    "means": means(),
    "choices": choices(),
    "smooth": smooth(),
    "gelu": after(layers.gelu),
    "softmax": after(layers.softmax),
    "layer_norm": layers.linear(ONE, TWO, FOUR) >> layers.layer_norm(ONE, FOUR),
    "rms_norm": layers.linear(ONE, TWO, THREE) >> layers.rms_norm(ONE, THREE),
    "gru": layers.gru(ONE, TWO, TWO, TWO),
    "attention": layers.causal_attention(ONE, TWO, TWO, 1),
    "nlms": layers.nlms(ONE, THREE, ONE),
    "divide": both(B.divide),
    "maximum": both(B.maximum),
    "sine": after(B.sin) >> B.cos(obj(ONE + TWO)),
    "third": after(B.scale_inverse(3)),
    "product": layers.linear(ONE, TWO, THREE) >> B.reduce_product(T(1, 3), (1,)),
}
LOSSES = {
    "cross_entropy": layers.cross_entropy,
    "cross_entropy_labels": layers.cross_entropy_labels,
}
FORMATS = Formats.uniform(16, 12)
NARROW = Formats(
    Fixed(9, 3), Fixed(8, 6), Fixed(9, 5), None, Rounding.TRUNCATE, Overflow.WRAP, table_bits=4
)


@pytest.mark.parametrize("name", MODELS)
def test_layers_agree(name: str) -> None:
    agree(compile_hardware(MODELS[name], layers.sgd(2**-3), layers.mse, FORMATS))


@pytest.mark.parametrize("name", ["convolution", "softmax", "rms_norm"])
def test_layers_agree_in_few_bits(name: str) -> None:
    agree(compile_hardware(MODELS[name], layers.sgd(2**-3), layers.mse, NARROW))


@pytest.mark.parametrize("name", LOSSES)
def test_losses_agree(name: str) -> None:
    model = layers.linear(ONE, TWO, FOUR)
    agree(compile_hardware(model, layers.sgd(2**-3), LOSSES[name], FORMATS))


def test_the_component_classifies_in_amaranth(tmp_path: Path) -> None:
    model = layers.linear(ONE, TWO, TWO)
    hardware = compile_hardware(model, layers.sgd(2**-3), layers.cross_entropy_labels, FORMATS)
    samples, parameters = random_samples(hardware.netlist, 5), start(hardware)
    trace = simulate(hardware.component(parameters), samples, "amaranth", directory=tmp_path)
    assert trace.compare(reference_trace(hardware, samples, parameters)) > 0


FOLLOWING = [name for name in MODELS if name not in ("divide", "product", "sine")]


@pytest.mark.parametrize("name", FOLLOWING)
def test_integers_follow_the_floats(name: str) -> None:
    """Three steps from small parameters, in 22 bits and with tables of 4,096 entries."""
    model, rule = MODELS[name], layers.sgd(2**-3)
    formats = Formats.uniform(22, 16, table_bits=12)
    hardware = compile_hardware(model, rule, layers.mse, formats)
    compiled, P, _ = compile_model(model, rule, layers.mse)
    random = np.random.default_rng(1)

    def reals(types: list[NdArrayType]) -> list[np.ndarray]:
        return [random.uniform(-1, 1, S.shape).astype("f4") for S in types]

    floats = reals(list(P))
    integers = hardware.quantise_parameters(floats)
    for _ in range(3):
        x, y = reals(list(hardware.learner.X)), reals(list(hardware.learner.Y))
        quantised = hardware.quantise_x(*x)
        found = hardware.dequantise_prediction(hardware.reference.predict(*integers, *quantised))
        wanted = compiled().predict(*floats, *x)
        np.testing.assert_allclose(found[0], wanted[0], atol=0.01)
        floats = compiled().step(*floats, *x, *y)
        integers = hardware.reference.step(*integers, *quantised, *hardware.quantise_y(*y))
    for mantissas, real in zip(integers, floats, strict=True):
        np.testing.assert_allclose(mantissas * 2.0**-16, real, atol=0.01)


def test_labels_are_integers_without_a_fraction() -> None:
    model = layers.linear(ONE, TWO, THREE)
    hardware = compile_hardware(model, layers.sgd(0.5), layers.cross_entropy_labels, FORMATS)
    assert str(hardware.prediction_types[0]) == str(hardware.y_types[0]) == "UQ(2,0)[1]"
    assert hardware.quantise_y([2])[0].tolist() == [2]


def test_no_wire_is_wider_than_integers_of_numpy() -> None:
    for formats in (Formats.uniform(30, 24), Formats.uniform(24, 2), Formats.uniform(28, 27)):
        hardware = compile_hardware(MODELS["layer_norm"], layers.sgd(0.5), layers.mse, formats)
        assert max(S.fixed.width for S in hardware.program.H.w) <= 63
