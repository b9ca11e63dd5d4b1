"""One learner in fixed point: the integer program, its kernels and its netlist agree."""

from __future__ import annotations

import numpy as np

from catgrad.hardware import Hardware
from sim import expected, random_samples, reference_trace
from tests.learners import kernels_agree


def start(hardware: Hardware) -> list[np.ndarray]:
    """Any parameters that the formats have."""
    random = np.random.default_rng(0)
    return [
        random.integers(S.fixed.min, S.fixed.max + 1, S.shape) for S in hardware.parameter_types
    ]


def agree(hardware: Hardware) -> None:
    """Every evaluator learns the same from a few samples."""
    samples = random_samples(hardware.netlist, 5)
    parameters = start(hardware)
    netlist = expected(hardware.netlist, samples, hardware.flatten(parameters).tolist())
    assert netlist.compare(reference_trace(hardware, samples, parameters)) > 0
    x = hardware.unflatten(samples.x[0], hardware.x_types)
    y = hardware.unflatten(samples.y[0], hardware.y_types)
    kernels_agree(hardware, [*parameters, *x, *y])
