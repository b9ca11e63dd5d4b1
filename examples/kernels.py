"""Operations of one's own: three kernels, learned in float, in integers and in hardware.

Each kernel is a loop nest in a line or two of Python. Its reverse is derived, so that a model that
holds it learns: here always online, one sample after another, until it has found what made them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catgrad import Dtype, Formats, NdArrayType, compile_hardware, compile_model, layers, obj, op
from catgrad.bidirectional.kernel import Kernel, kernel, maximum, minimum
from catgrad.combinators import identity
from catgrad.hardware import Hardware
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.parameter import named_parameter
from sim import Samples, reference_trace, simulate

Numbers = NDArray[Any]


@kernel
def depthwise_fir(x, h, y, *, t, c, k):
    """A filter for each channel `c`, over the time `t`."""
    y[t, c] += x[t + k, c] * h[k, c]


@kernel
def squared_distance(x, beacons, d, *, i, k):
    """How far a point is from each of some beacons."""
    d[i] += (x[k] - beacons[i, k]) ** 2


@kernel
def two_slopes(x, slopes, y, *, i):
    """A piecewise-linear activation, whose slopes below and above 0 are learned."""
    y[i] = slopes[0] * minimum(x[i], 0) + slopes[1] * maximum(x[i], 0)


@dataclass(frozen=True)
class Example:
    """A kernel `y = kernel(x, parameters)`, and the parameters that it is to find."""

    kernel: Kernel
    parameters: Numbers
    rate: float
    samples: int

    @property
    def model(self) -> OpenHypergraph:
        """``x → y``, with its parameters."""
        X, P = self.kernel.sources
        weights = named_parameter(self.kernel.arguments[1])(obj(P))
        return (identity(obj(X)) @ weights) >> op(self.kernel)

    def hardware(self) -> Hardware:
        """The learner in fixed point."""
        formats = Formats.uniform(18, 12)
        return compile_hardware(self.model, layers.sgd(self.rate), layers.mse, formats)

    def stream(self, seed: int = 0) -> tuple[Numbers, Numbers]:
        """Samples of `x`, and what the kernel makes of them with the parameters to find."""
        random = np.random.default_rng(seed)
        x = random.uniform(-1, 1, (self.samples, *self.kernel.sources[0].shape))
        program, _, _ = compile_model(self.model, layers.sgd(0.0), layers.mse)
        wanted = self.parameters.astype(np.float32)
        y = [program.predict(wanted, sample.astype(np.float32))[0] for sample in x]
        return x, np.array(y, np.float64)


def array(*shape: int) -> NdArrayType:
    """An array of float32."""
    return NdArrayType(shape, Dtype.float32)


EXAMPLES = {
    "depthwise_fir": Example(
        depthwise_fir(array(6, 2), array(3, 2)),
        np.array([[0.5, -0.25], [1.0, 0.5], [-0.5, 0.75]]),
        rate=2**-4,
        samples=200,
    ),
    "squared_distance": Example(
        squared_distance(array(2), array(3, 2)),
        np.array([[0.75, 0.5], [-1.0, 0.25], [0.5, -1.25]]),
        rate=2**-5,
        samples=600,
    ),
    "two_slopes": Example(two_slopes(array(4), array(2)), np.array([0.125, 1.0]), 2**-4, 200),
}


def model() -> OpenHypergraph:
    """One of the models, to be drawn."""
    return EXAMPLES["depthwise_fir"].model


def learn(
    step: Callable[..., list[Numbers]], parameters: Numbers, x: Numbers, y: Numbers
) -> Numbers:
    """The parameters after one step for each sample."""
    for sample, target in zip(x, y, strict=True):
        [parameters] = step(parameters, sample, target)
    return parameters


def start(example: Example) -> Numbers:
    """Where learning starts: not at 0, where all beacons are alike."""
    return np.sign(example.parameters) / 2


def in_float(example: Example) -> Numbers:
    """The parameters that the float program finds."""
    program, _, _ = compile_model(example.model, layers.sgd(example.rate), layers.mse)
    x, y = (stream.astype(np.float32) for stream in example.stream())
    return learn(program.step, start(example).astype(np.float32), x, y)


def in_integers(example: Example) -> Numbers:
    """The parameters that the integer program finds."""
    hardware = example.hardware()
    x, y = example.stream()
    mantissas = hardware.quantise_parameters([start(example)])[0]
    [T] = hardware.parameter_types
    found = learn(
        hardware.reference.step,
        mantissas,
        np.array([hardware.quantise_x(sample)[0] for sample in x]),
        np.array([hardware.quantise_y(target)[0] for target in y]),
    )
    return found * T.fixed.step


def in_hardware(example: Example, samples: int = 4) -> int:
    """How many integers a simulation of the hardware gives, all equal to the integer program's."""
    hardware = example.hardware()
    x, y = (stream[:samples] for stream in example.stream())
    parameters = hardware.quantise_parameters([start(example)])
    stream = Samples(
        np.array([hardware.flatten(hardware.quantise_x(sample)) for sample in x]),
        np.array([hardware.flatten(hardware.quantise_y(target)) for target in y]),
        np.ones(samples, dtype=bool),
    )
    trace = simulate(hardware.component(parameters), stream, "amaranth")
    return trace.compare(reference_trace(hardware, stream, parameters))


def main() -> None:
    """Learn each example in all three ways."""
    for name, example in EXAMPLES.items():
        errors = [
            np.abs(found - example.parameters).max()
            for found in (in_float(example), in_integers(example))
        ]
        print(
            f"{name}: off by {errors[0]:.4f} in float and {errors[1]:.4f} in integers; "
            f"{in_hardware(example)} integers from the hardware, all equal"
        )


if __name__ == "__main__":
    main()
