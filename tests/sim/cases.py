"""Learning cores to simulate, each beside its meaning in plain Python integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.circuit.format import IntArray, integers
from sim import Samples, Trace

S4, S6, S8, S16 = (Format(width, True) for width in (4, 6, 8, 16))
U5, U8 = Format(5, False), Format(8, False)
S40 = Format(40, True)

Step = Callable[[list[int], list[int], list[int]], tuple[list[int], list[int], int, int]]
"""From parameters, x and y to prediction, new parameters, forward and learning saturations."""


@dataclass(frozen=True)
class Case:
    """A netlist, a model of it, parameters to begin with, and the cycles that hardware has."""

    name: str
    netlist: Callable[[], Netlist]
    step: Step
    initial: tuple[int, ...] = ()
    cycles: int = 1

    def model(self, samples: Samples) -> Trace:
        """What the model makes of the samples."""
        parameters, forward, learning = list(self.initial), 0, 0
        rows: list[tuple[list[int], ...]] = []
        for i, (x, train) in enumerate(zip(samples.x, samples.train, strict=True)):
            y = [] if samples.y is None else samples.y[i].tolist()
            prediction, new, saturated, saturated_learning = self.step(parameters, x.tolist(), y)
            forward += saturated
            if train:
                parameters = new
                learning += saturated_learning
            rows.append((prediction, parameters, [forward], [learning]))
        return Trace("model", *(integers(list(column)) for column in zip(*rows, strict=True)))


def clamp(value: int, format: Format) -> int:
    return min(max(value, format.min), format.max)


def saturations(b: NetlistBuilder, nets: Sequence[IntArray], formats: Sequence[Format]) -> IntArray:
    """The net that counts how many of these do not fit."""
    total = b.const(0)
    for net, format in zip(nets, formats, strict=True):
        total = b.add(total, b.sub(b.const(1), b.fits(net, format)))
    return b.saturate(total, U5)


def lms_netlist() -> Netlist:
    """One weight: p = w x, w' = w + (y - p) / 16 sign-extended, saturated."""
    b = NetlistBuilder()
    (w,), (x,), (y,) = b.input("parameters", [S8]), b.input("x", [S8]), b.input("y", [S16])
    p = b.mul(w, x)
    after = b.add(w, b.shr(b.sub(y, p), 4))
    b.output("prediction", [p])
    b.output("parameters", [b.saturate(after, S8)])
    b.output("learning_saturations", [saturations(b, [after], [S8])])
    return b.build()


def lms_step(w: list[int], x: list[int], y: list[int]) -> tuple[list[int], list[int], int, int]:
    p = w[0] * x[0]
    after = w[0] + ((y[0] - p) >> 4)
    return [p], [clamp(after, S8)], 0, int(clamp(after, S8) != after)


def mixed_netlist() -> Netlist:
    """Signed and unsigned elements of different widths, and every kind of saturation."""
    b = NetlistBuilder()
    v, w = b.input("parameters", [S6, U8])
    a, c = b.input("x", [S8, U5])
    s, t = b.input("y", [S16, S4])
    p, q = b.mul(v, a), b.sub(w, b.mul(c, c))
    after_v, after_w = b.add(v, b.shr(b.sub(s, p), 5)), b.add(w, b.mul(t, c))
    b.output("prediction", [b.saturate(p, S8), b.saturate(q, U8)])
    b.output("parameters", [b.saturate(after_v, S6), b.saturate(after_w, U8)])
    b.output("forward_saturations", [saturations(b, [p, q], [S8, U8])])
    b.output("learning_saturations", [saturations(b, [after_v, after_w], [S6, U8])])
    return b.build()


def mixed_step(
    parameters: list[int], x: list[int], y: list[int]
) -> tuple[list[int], list[int], int, int]:
    (v, w), (a, c), (s, t) = parameters, x, y
    exact = [v * a, w - c * c]
    after = [v + ((s - exact[0]) >> 5), w + t * c]
    prediction = [clamp(exact[0], S8), clamp(exact[1], U8)]
    new = [clamp(after[0], S6), clamp(after[1], U8)]
    forward = sum(int(p != e) for p, e in zip(prediction, exact, strict=True))
    learning = sum(int(n != e) for n, e in zip(new, after, strict=True))
    return prediction, new, forward, learning


def inference_netlist() -> Netlist:
    """Nothing to learn and nothing to remember; results of more than 64 bits."""
    b = NetlistBuilder()
    x, z = b.input("x", [S40, S40])
    b.output("prediction", [b.mul(x, z), b.sub(b.mul(x, x), z)])
    return b.build()


def inference_step(
    _parameters: list[int], x: list[int], _y: list[int]
) -> tuple[list[int], list[int], int, int]:
    return [x[0] * x[1], x[0] * x[0] - x[1]], [], 0, 0


def frozen_netlist() -> Netlist:
    """Parameters that are loaded, and never learned."""
    b = NetlistBuilder()
    w, bias = b.input("parameters", [S8, S8])
    (x,) = b.input("x", [U8])
    b.output("prediction", [b.add(b.mul(w, x), bias)])
    return b.build()


def frozen_step(
    parameters: list[int], x: list[int], _y: list[int]
) -> tuple[list[int], list[int], int, int]:
    return [parameters[0] * x[0] + parameters[1]], parameters, 0, 0


LMS = Case("lms", lms_netlist, lms_step, initial=(3,))
CASES = [
    LMS,
    Case("mixed", mixed_netlist, mixed_step, initial=(-7, 200), cycles=3),
    Case("inference", inference_netlist, inference_step),
    Case("frozen", frozen_netlist, frozen_step, initial=(-128, 127), cycles=2),
]
