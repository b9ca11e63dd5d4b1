"""Learners with layers of every kind, in every simulator: the integers of the NumPy program."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from catgrad import Dtype, Formats, NdArrayType, compile_hardware, layers, op
from catgrad.bidirectional import operation as B
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph
from sim import random_samples, reference_trace, simulate
from tests.fixed.agreement import start

SIMULATORS = ["amaranth", "icarus", "verilator"]
QUICK = ["amaranth", "icarus", pytest.param("verilator", marks=pytest.mark.slow)]


def T(*shape: int) -> NdArrayType:
    return NdArrayType(shape, Dtype.float32)


ONE = T(1)


def convolution(n: int) -> OpenHypergraph:
    """A plane of n + 2 by n + 2, convolved and pooled to half of n by n, and a dense layer."""
    seen = layers.conv2d(ONE, T(n + 2, n + 2, 1), T(n - 1), 3, activation=layers.relu)
    pooled = seen >> layers.max_pool(ONE, T(n, n, n - 1), 2)
    numbers = T((n // 2) ** 2 * (n - 1))
    return pooled >> op(B.Reshape(pooled.target[0], ONE + numbers)) >> dense(numbers)


def tokens(n: int) -> OpenHypergraph:
    """Each of n tokens as n numbers, and a dense layer."""
    seen = layers.embedding(NdArrayType((n,), Dtype.int32), 2 * n, T(n))
    return seen >> op(B.Reshape(T(n, n), T(1, n * n))) >> dense(T(n * n))


def dense(inputs: NdArrayType) -> OpenHypergraph:
    return layers.dense(ONE, inputs, ONE, layers.relu)


MODELS = {
    "layer_norm": lambda n: layers.linear(ONE, ONE, T(n)) >> layers.layer_norm(ONE, T(n)),
    "rms_norm": lambda n: layers.linear(ONE, ONE, T(n)) >> layers.rms_norm(ONE, T(n)),
    "gru": lambda n: layers.gru(ONE, T(n), ONE, T(n - 1)),
    "attention": lambda n: layers.causal_attention(ONE, T(n), T(n), n - 1),
    "convolution": convolution,
    "embedding": tokens,
}
"""What learns, and how large it is: from 2 on."""


@cache
def hardware(name: str, n: int, formats: Formats) -> Hardware:
    return compile_hardware(MODELS[name](n), layers.sgd(2**-3), layers.mse, formats)


def check(learner: Hardware, simulator: str, directory: Path) -> None:
    samples, parameters = random_samples(learner.netlist, 8), start(learner)
    design = learner.component(parameters)
    trace = simulate(design, samples, simulator, directory=directory)
    assert trace.compare(reference_trace(learner, samples, parameters)) > 0


@pytest.mark.parametrize("simulator", QUICK)
@pytest.mark.parametrize("name", MODELS)
def test_small_layers(name: str, simulator: str, tmp_path: Path) -> None:
    check(hardware(name, 2, Formats.uniform(9, 5, table_bits=4)), simulator, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", MODELS)
def test_layers(name: str, simulator: str, tmp_path: Path) -> None:
    size = {"convolution": 4, "embedding": 4, "attention": 2}.get(name, 3)
    check(hardware(name, size, Formats.uniform(16, 12)), simulator, tmp_path)
