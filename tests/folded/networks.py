"""Dense networks as phases written by hand, and machines beside the integers of their phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.types import Fixed, NdArrayType
from catgrad.folded.evaluate import evaluate
from catgrad.folded.machine import Machine
from catgrad.folded.phase import Array, Event, Phase, Phases, Place, Store
from catgrad.folded.simulate import simulate
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.scalars import ScalarProgram

NUMBER = Fixed(8, 4)
TOTAL = Fixed(24, 8)


@dataclass(frozen=True)
class Network:
    """A dense network that learns in its own simple way; it prints as what it is."""

    widths: tuple[int, ...]

    @property
    def phases(self) -> Phases:
        """Forward, then for each layer, the last one first: reverse and update."""
        layers = list(pairwise(self.widths))
        arrays: list[Array] = []

        def array(name: str, size: int, kind: str = "temporary", number: int = 0) -> int:
            arrays.append(Array(name, NUMBER, size, kind, number))  # type: ignore[arg-type]
            return len(arrays) - 1

        weights = [array(f"w{i}", a * b, "state", i) for i, (a, b) in enumerate(layers)]
        numbers = [array("x", self.widths[0], "x")]
        y = array("y", self.widths[-1], "y")
        numbers += [array(f"a{i}", n) for i, n in enumerate(self.widths[1:-1], 1)]
        numbers += [array("prediction", self.widths[-1], "prediction")]
        errors = [array(f"e{i}", n) for i, n in enumerate(self.widths[1:], 1)]
        phases = []
        for i, (a, b) in enumerate(layers):
            factors = Place(numbers[i], 0, (0, 1)), Place(weights[i], 0, (1, b))
            result = Store(0, Place(numbers[i + 1], 0, (1,)), False)
            last = i == len(layers) - 1
            phases.append(
                Phase(
                    f"forward {i}",
                    (b,),
                    (a,),
                    factors,
                    "sum",
                    TOTAL,
                    (Place(y, 0, (1,)),) if last else (),
                    _difference() if last else _rounded(),
                    (result, Store(1, Place(errors[i], 0, (1,)), True)) if last else (result,),
                    (Event(2 if last else 1, False),),
                )
            )
        for i, (a, b) in reversed(list(enumerate(layers))):
            if i:
                factors = Place(errors[i], 0, (0, 1)), Place(weights[i], 0, (b, 1))
                result = Store(0, Place(errors[i - 1], 0, (1,)), True)
                phases.append(
                    Phase(
                        f"reverse {i}",
                        (a,),
                        (b,),
                        factors,
                        "sum",
                        TOTAL,
                        (),
                        _rounded(),
                        (result,),
                        (Event(1, True),),
                    )
                )
            factors = Place(numbers[i], 0, (1, 0)), Place(errors[i], 0, (0, 1))
            place = Place(weights[i], 0, (b, 1))
            phases.append(
                Phase(
                    f"update {i}",
                    (a, b),
                    (),
                    factors,
                    None,
                    TOTAL,
                    (place,),
                    _difference(),
                    (Store(1, place, True),),
                    (Event(2, True),),
                )
            )
        return Phases(tuple(arrays), tuple(phases))


def networks(layers: int = 3, width: int = 20) -> st.SearchStrategy[Network]:
    """Networks of any widths."""
    sizes = st.integers(min_value=1, max_value=width)
    return st.lists(sizes, min_size=2, max_size=layers + 1).map(lambda w: Network(tuple(w)))


def _scalar(format: Fixed) -> NdArrayType:
    return NdArrayType((), format)


def _body(program: ScalarProgram, inputs: list[int], outputs: list[int]) -> OpenHypergraph:
    return program.build(np.array(inputs, np.int64), np.array(outputs, np.int64))


def _rounded() -> OpenHypergraph:
    """total → rounded, whether it fits"""
    program = ScalarProgram()
    [total] = program.wires(_scalar(TOTAL), (1,)).tolist()
    return _body(program, [total], list(_round(program, TOTAL, total)))


def _difference() -> OpenHypergraph:
    """total, operand → rounded, operand - rounded, whether that fits"""
    program = ScalarProgram()
    [total] = program.wires(_scalar(TOTAL), (1,)).tolist()
    [operand] = program.wires(_scalar(NUMBER), (1,)).tolist()
    rounded, _ = _round(program, TOTAL, total)
    subtract = ops.Subtract(_scalar(NUMBER))
    [[exact]] = program.operate(subtract, np.array([[operand], [rounded]])).tolist()
    format = subtract.target()[0].dtype
    assert isinstance(format, Fixed)
    return _body(program, [total, operand], [rounded, *_round(program, format, exact)])


def _round(program: ScalarProgram, format: Fixed, wire: int) -> tuple[int, int]:
    wires = np.array([[wire]])
    [[rounded]] = program.operate(ops.Requantise(_scalar(format), NUMBER), wires).tolist()
    [[fits]] = program.operate(ops.InRange(_scalar(format), NUMBER), wires).tolist()
    return rounded, fits


def agrees(machine: Machine, learns: Sequence[bool], seed: int) -> None:
    """A machine makes of random numbers, back to back, what its phases make of them."""
    rng = np.random.default_rng(seed)
    phases, samples = machine.phases, len(learns)

    def drawn(kind: str, shape: tuple[int, ...]) -> list[np.ndarray]:
        arrays = sorted((a for a in phases.arrays if a.kind == kind), key=lambda a: a.number)
        least, most = -1000, 1000
        return [
            rng.integers(max(least, a.format.min), min(most, a.format.max) + 1, (*shape, a.size))
            for a in arrays
        ]

    state, xs, ys = drawn("state", ()), drawn("x", (samples,)), drawn("y", (samples,))
    found = simulate(machine, state, xs, ys, learns)
    for i, learn in enumerate(learns):
        step = evaluate(phases, [*state, *(x[i] for x in xs), *(y[i] for y in ys)], learn)
        state = [np.asarray(array) for array in step.state]
        for wanted, prediction in zip(step.predictions, found.predictions, strict=True):
            np.testing.assert_array_equal(prediction[i], wanted)
        assert found.counters[i].tolist() == [step.early, step.late]
    for wanted, array in zip(state, found.state, strict=True):
        np.testing.assert_array_equal(array, wanted)
