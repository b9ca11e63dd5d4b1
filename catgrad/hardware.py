"""From a model and its learning rule to hardware that learns, and the integer program beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.circuit import Kind, Netlist, optimise, statistics, to_text
from catgrad.circuit.lower import lower
from catgrad.combinators import Canonical, keep_inputs, keep_outputs
from catgrad.core.simplify import simplify
from catgrad.core.types import NdArrayType
from catgrad.errors import CatgradError
from catgrad.fixed.assign import check
from catgrad.fixed.exact import table_errors
from catgrad.fixed.formats import Formats
from catgrad.fixed.instrument import count_saturations
from catgrad.fixed.numbers import from_fixed, to_fixed
from catgrad.fixed.quantise import quantise
from catgrad.fixed.ranges import Samples
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import to_kernels, unroll
from catgrad.learner import Learner, learner, numbered, transition
from catgrad.parameters import load_parameters, save_parameters
from catgrad.publish import publish
from catgrad.target.python import Function, compile_class, to_source

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Spatial:
    """The schedule in which every scalar operation is a circuit of its own.

    `cycles` is in how many clock cycles the values of one sample settle: more cycles reach a
    higher clock, at as many more registers.
    """

    cycles: int = 1

    def __post_init__(self) -> None:
        if self.cycles < 1:
            raise CatgradError(
                f"A schedule needs at least 1 cycle for a sample, not {self.cycles}; "
                f"write Spatial(cycles=1)."
            )


@dataclass(frozen=True)
class Report:
    """What a piece of hardware consists of.

    `latency` and `interval` are in clock cycles; `cells` counts the netlist's cells by kind;
    `table_errors` is the greatest difference of each tabulated function from the real one.
    """

    parameters: int
    core_operations: int
    cells: dict[str, int]
    multipliers: int
    register_bits: int
    latency: int
    interval: int
    table_errors: dict[str, float]

    def __str__(self) -> str:
        cells = ", ".join(f"{n} {kind}" for kind, n in self.cells.items())
        return (
            f"{self.parameters} parameters in {self.register_bits} register bits; "
            f"{self.core_operations} array operations, {sum(self.cells.values())} cells ({cells}); "
            f"latency {self.latency} cycles, one sample every {self.interval} cycles"
            + "".join(f"; {name} errs by {e:.2g} at most" for name, e in self.table_errors.items())
        )


@dataclass(frozen=True)
class Hardware:
    """A learner in fixed point: the integer program, and the circuit that equals it bit for bit.

    - `learner`: the float learner; `formats`: how its wires are quantised.
    - `program`: ``P ● X ● Y' → Y ● P' ● early ● late`` of C over fixed point, one tick of the
      machine; the last two count the numbers that saturated in the forward pass and in learning.
    """

    learner: Learner
    formats: Formats
    schedule: Spatial
    program: OpenHypergraph

    @property
    def parameter_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of parameters."""
        return list(self.program.source)[: self.learner.parameters]

    @property
    def x_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one sample."""
        return list(self.program.source)[self.learner.parameters : -len(self.learner.Y)]

    @property
    def y_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one target."""
        return list(self.program.source)[-len(self.learner.Y) :]

    @property
    def prediction_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one prediction."""
        return list(self.program.target)[: len(self.learner.Y)]

    @cached_property
    def reference(self) -> Any:
        """The integer program, as an object with methods on int64 arrays of mantissas.

        ``predict(*P, *X) -> [*Y]``; ``step(*P, *X, *Y) -> [*P]``;
        ``transition(*P, *X, *Y) -> [*Y, *P, forward_saturations, learning_saturations]``.
        """
        return compile_class(self.source, self._functions)()

    @cached_property
    def source(self) -> str:
        """The source of `reference`: NumPy on integers, importing nothing else."""
        return to_source(self._functions, "Reference")

    @cached_property
    def _functions(self) -> dict[str, Function]:
        p, y = self.learner.parameters, len(self.learner.Y)
        x = len(self.x_types)
        targets = numbered("y", y)
        names = [*self.learner.parameter_names, *numbered("x", x), *targets]
        predictions = numbered("prediction", y)
        news = [f"new_{name}" for name in self.learner.parameter_names]
        counters = ["forward_saturations", "learning_saturations"]
        forward = simplify(keep_outputs(self.program, range(y)))
        predict = simplify(keep_inputs(forward, range(p + x)))
        step = simplify(keep_outputs(self.program, range(y, y + p)))
        return {
            "predict": Function(predict, names[: p + x], predictions),
            "step": Function(step, names, news, seeds=targets),
            "transition": Function(
                self.program, names, [*predictions, *news, *counters], seeds=targets
            ),
        }

    @cached_property
    def netlist(self) -> Netlist:
        """The circuit of one tick, every scalar operation a cell of its own."""

        def size(types: Sequence[NdArrayType]) -> int:
            return sum(T.size for T in types)

        scalars = unroll(to_kernels(self.program))
        k, n, m = map(size, (self.parameter_types, self.x_types, self.y_types))
        netlist = lower(
            scalars,
            inputs=[("parameters", k), ("x", n), ("y", m)],
            outputs=[
                ("prediction", size(self.prediction_types)),
                ("parameters", k),
                ("forward_saturations", 1),
                ("learning_saturations", 1),
            ],
        )
        return optimise(netlist)

    def component(self, parameters: Sequence[ArrayLike] | None = None) -> Transducer:
        """The Amaranth component, its registers reset to `parameters` (mantissas; else 0)."""
        initial = None if parameters is None else self.flatten(parameters).tolist()
        return Transducer(self.netlist, initial, self.schedule.cycles)

    def verilog(self, parameters: Sequence[ArrayLike] | None = None, name: str = "learner") -> str:
        """The component as Verilog text, its top module called `name`."""
        return verilog(self.component(parameters), name)

    def export(
        self, directory: str | Path, parameters: Sequence[ArrayLike] | None = None
    ) -> list[Path]:
        """Write the Verilog, the integer program, the netlist and the report into a directory."""
        path = Path(directory)
        path.mkdir(parents=True, exist_ok=True)
        files = {
            "learner.v": self.verilog(parameters),
            "reference.py": self.source,
            "learner.netlist": to_text(self.netlist),
            "report.json": json.dumps(asdict(self.report()), indent=2) + "\n",
        }
        return [publish(path / name, text) for name, text in files.items()]

    def report(self) -> Report:
        """What the hardware consists of, counted before synthesis."""
        counted = statistics(self.netlist)
        return Report(
            parameters=sum(T.size for T in self.parameter_types),
            core_operations=len(self.program.H.x),
            cells={str(kind): n for kind, n in counted.cells.items()},
            multipliers=counted.cells.get(Kind.MUL, 0),
            register_bits=sum(T.size * T.fixed.width for T in self.parameter_types),
            latency=self.schedule.cycles + 1,
            interval=self.schedule.cycles + 1,
            table_errors=table_errors(self.program),
        )

    def quantise_parameters(self, arrays: Sequence[ArrayLike]) -> list[Integers]:
        """Real parameters as mantissas."""
        named = zip(self.learner.parameter_names, self.parameter_types, arrays, strict=True)
        return [_checked(f"parameter {name}", T, a) for name, T, a in named]

    def quantise_x(self, *arrays: ArrayLike) -> list[Integers]:
        """One real sample as mantissas."""
        return [
            _checked(name, T, a)
            for name, T, a in zip(numbered("x", len(arrays)), self.x_types, arrays, strict=True)
        ]

    def quantise_y(self, *arrays: ArrayLike) -> list[Integers]:
        """One real target as mantissas."""
        return [
            _checked(name, T, a)
            for name, T, a in zip(numbered("y", len(arrays)), self.y_types, arrays, strict=True)
        ]

    def dequantise_prediction(self, arrays: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
        """Mantissas of a prediction as reals."""
        return [from_fixed(a, T.fixed) for T, a in zip(self.prediction_types, arrays, strict=True)]

    def save_parameters(self, path: str | Path, arrays: Sequence[ArrayLike]) -> Path:
        """Write mantissas to a .npz file, whole or not at all."""
        return save_parameters(path, self.learner.parameter_names, arrays)

    def load_parameters(self, path: str | Path) -> list[Integers]:
        """Read mantissas from a .npz file; CatgradError if they are not those of this model."""
        loaded = load_parameters(path, self.learner.parameter_names, self.parameter_types)
        return [array.astype(np.int64) for array in loaded]

    def flatten(self, arrays: Sequence[ArrayLike]) -> Integers:
        """Arrays of mantissas one after another, row by row, as the component's ports hold them."""
        return np.concatenate([np.zeros(0, np.int64), *(np.ravel(a) for a in arrays)])

    def unflatten(self, values: ArrayLike, types: Sequence[NdArrayType]) -> list[Integers]:
        """The arrays of the given types that `flatten` makes `values` of."""
        parts = np.split(np.asarray(values), np.cumsum([T.size for T in types])[:-1])
        return [part.reshape(T.shape) for part, T in zip(parts, types, strict=True)]


def compile_hardware(
    model: OpenHypergraph,
    rule: Canonical,
    loss: Canonical,
    formats: Formats,
    schedule: Spatial | None = None,
    calibration: Samples | None = None,
) -> Hardware:
    """Compile a model and its learning rule to fixed-point hardware.

    Where `calibration` is given, the float learner runs over it first, and formats that cannot
    hold what it puts on a wire are refused before any hardware is built.
    """
    float_learner = learner(model, rule, loss)
    if calibration is not None:
        check(float_learner, formats, calibration)
    p = float_learner.parameters
    tick = transition(quantise(float_learner.whole, formats, p), p)
    targets = range(len(tick.source) - len(float_learner.Y), len(tick.source))
    program = simplify(count_saturations(tick, targets))
    return Hardware(float_learner, formats, schedule or Spatial(), program)


def _checked(name: str, T: NdArrayType, values: ArrayLike) -> Integers:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != T.shape:
        raise CatgradError(
            f"{name} has shape {array.shape}, not {T.shape}; give an array of type {T}."
        )
    return to_fixed(array, T.fixed, name)
