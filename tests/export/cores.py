"""Learners to export: every schedule, with and without parameters, targets and memory."""

from __future__ import annotations

from collections.abc import Callable

from catgrad import (
    Dtype,
    Fixed,
    Folded,
    Formats,
    NdArrayType,
    Serial,
    ShiftAndAdd,
    Spatial,
    compile_hardware,
    dsp,
    layers,
    obj,
)
from catgrad.bidirectional import operation as B
from catgrad.hardware import Hardware

ONE, TWO, THREE = (NdArrayType((n,), Dtype.float32) for n in (1, 2, 3))
WIDE = Formats(Fixed(10, 6), Fixed(40, 24), Fixed(12, 8), Fixed(14, 10))


def spatial() -> Hardware:
    """Six parameters, formats that fill no bytes."""
    formats = Formats(Fixed(14, 10), Fixed(12, 8), Fixed(10, 6), Fixed(12, 8))
    model = layers.linear(ONE, THREE, TWO)
    return compile_hardware(model, layers.sgd(2**-4), layers.mse, formats, Spatial(cycles=2))


def folded() -> Hardware:
    """Two layers and their biases, on two lanes."""
    model = layers.dense(ONE, THREE, TWO, layers.relu) >> layers.dense(ONE, TWO, ONE, layers.relu)
    rule, formats = layers.momentum(2**-4, 0.75), Formats.uniform(12, 8)
    return compile_hardware(model, rule, layers.mse, formats, Folded(lanes=2))


def pipelined() -> Hardware:
    """Two learners that take turns on one pipeline, whose multiplier blocks are named."""
    model = layers.linear(ONE, THREE, TWO)
    schedule = Spatial(clock=50e6, family="ecp5", channels=2)
    return compile_hardware(model, layers.sgd(2**-4), layers.mse, Formats.uniform(12, 8), schedule)


def turns() -> Hardware:
    """Two adaptive filters that take turns: each begins with a line of zeros."""
    schedule = Spatial(clock=50e6, family="ecp5", channels=2)
    return dsp.lms(2, 2**-4).hardware(Formats.uniform(12, 8), schedule)


def shifting() -> Hardware:
    """A filter for an FPGA with multiplier blocks, of which it names none."""
    schedule = Spatial(clock=50e6, family="ecp5", constants=ShiftAndAdd())
    return dsp.Filter(dsp.fir([0.5, 0.375], bits=9)).hardware(Formats.uniform(12, 8), schedule)


def always() -> Hardware:
    """It learns from every sample, each step a few samples late."""
    schedule = Spatial(clock=50e6, delay=6, always=True)
    model, formats = layers.linear(ONE, THREE, TWO), Formats.uniform(12, 8)
    return compile_hardware(model, layers.sgd(2**-4), layers.mse, formats, schedule)


def predicting() -> Hardware:
    """It only predicts."""
    formats = Formats.uniform(12, 8)
    model, schedule = layers.linear(ONE, TWO, THREE), Folded(lanes=1, learns=False)
    return compile_hardware(model, layers.sgd(2**-4), layers.mse, formats, schedule)


def serial() -> Hardware:
    """A filter with loaded coefficients, product by product on one multiplier."""
    return dsp.Filter(dsp.fir(3) >> dsp.fir([0.5, 0.25])).hardware(Formats.uniform(12, 8), Serial())


def wide() -> Hardware:
    """Parameters of 40 bits."""
    model = layers.linear(ONE, THREE, ONE)
    return compile_hardware(model, layers.sgd(2**-4), layers.mse, WIDE, Spatial(cycles=1))


def empty() -> Hardware:
    """Nothing to learn and nothing to load."""
    model = B.increment(0.375)(obj(ONE + TWO)) >> B.scale(-1.5)(obj(ONE + TWO))
    formats = Formats.uniform(8, 5)
    return compile_hardware(model, layers.sgd(2**-4), layers.mse, formats, Spatial(cycles=1))


CORES: dict[str, Callable[[], Hardware]] = {
    "spatial": spatial,
    "folded": folded,
    "pipelined": pipelined,
    "turns": turns,
    "shifting": shifting,
    "always": always,
    "predicting": predicting,
    "serial": serial,
    "wide": wide,
    "empty": empty,
}
