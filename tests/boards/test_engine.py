"""A folded engine on a simulated board: over the wires it is the integer program."""

from __future__ import annotations

import numpy as np
import pytest

from boards.host import Counters, Device
from boards.top import Top
from boards.verilated import VerilatedPort
from catgrad import Dtype, Folded, Formats, NdArrayType, compile_hardware, layers
from catgrad.combinators import identity

ONE, FIVE, THREE, TWO = (NdArrayType((n,), Dtype.float32) for n in (1, 5, 3, 2))
DIVISOR, BUDGET = 2, 20_000


@pytest.mark.parametrize("lanes", [2, 4])
def test_an_engine_learns_over_the_wires(lanes: int) -> None:
    model = layers.dense(ONE, FIVE, THREE, layers.relu) >> layers.dense(ONE, THREE, TWO, identity)
    formats = Formats.uniform(12, 8)
    hardware = compile_hardware(model, layers.sgd(2**-3), layers.mse, formats, Folded(lanes=lanes))
    random = np.random.default_rng(lanes)
    parameters = hardware.quantise_parameters(
        [random.uniform(-1, 1, T.shape) for T in hardware.parameter_types]
    )
    top = Top(hardware.component(parameters), "learner", DIVISOR)
    device = Device(VerilatedPort(top, BUDGET), top.design)
    assert device.fetch().tolist() == hardware.flatten(parameters).tolist()

    # Other weights than those that the memories start from, somewhere else in each of the rows.
    parameters = [np.roll(array, 1) for array in parameters]
    device.load(hardware.flatten(parameters))
    forward = learning = 0
    for sample in range(4):
        x, y = random.integers(-2048, 2048, (1, 5)), random.integers(-2048, 2048, (1, 2))
        [prediction, *after, early, late] = hardware.reference.transition(*parameters, x, y)
        forward += int(early)
        if sample % 2 == 0:
            assert device.learn(x.ravel(), y.ravel()).tolist() == prediction.ravel().tolist()
            parameters, learning = after, learning + int(late)
        else:
            assert device.predict(x.ravel()).tolist() == prediction.ravel().tolist()
        assert device.counters() == Counters(sample + 1, forward, learning, damaged=0)
        assert device.fetch().tolist() == hardware.flatten(parameters).tolist()
