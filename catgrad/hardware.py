"""From a model and its learning rule to hardware that learns, and the integer program beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
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
from catgrad.fixed.assign import check, rate_notes
from catgrad.fixed.formats import Formats
from catgrad.fixed.functions import table_errors
from catgrad.fixed.instrument import count_saturations
from catgrad.fixed.numbers import from_fixed, to_fixed
from catgrad.fixed.quantise import quantise
from catgrad.fixed.ranges import Calibration
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import to_kernels, unroll
from catgrad.learner import Learner, learner, transition
from catgrad.parameters import array_names, checked, load_parameters, save_parameters
from catgrad.publish import publish
from catgrad.special.definition import numbered
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
        if not isinstance(self.cycles, int) or self.cycles < 1:
            raise CatgradError(
                f"A schedule needs a whole number of cycles, at least 1, not {self.cycles}; "
                f"write Spatial(cycles=1)."
            )


@dataclass(frozen=True)
class Report:
    """What a piece of hardware consists of.

    `latency` and `interval` are in clock cycles; `cells` counts the netlist's cells by kind;
    `table_errors` is the greatest difference of each tabulated function from the real one;
    `notes` are what may keep the hardware from learning.
    """

    parameters: int
    core_operations: int
    cells: dict[str, int]
    multipliers: int
    register_bits: int
    latency: int
    interval: int
    table_errors: dict[str, float]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        cells = ", ".join(f"{n} {kind}" for kind, n in self.cells.items())
        return (
            f"{self.parameters} parameters in {self.register_bits} register bits; "
            f"{self.core_operations} array operations, {sum(self.cells.values())} cells ({cells}); "
            f"latency {self.latency} cycles, one sample every {self.interval} cycles"
            + "".join(f"; {name} errs by {e:.2g} at most" for name, e in self.table_errors.items())
            + "".join(f"; note: {note}" for note in self.notes)
        )


LOAD_AND_FETCH = (
    "load: address in the low bits, value above; fetch: an address, answered on fetched."
)


@dataclass(frozen=True)
class Hardware:
    """A learner in fixed point: the integer program, and the circuit that equals it bit for bit.

    - `learner`: the float learner; `formats`: how its wires are quantised.
    - `program`: ``K ● X ● Y' → Y ● K' ● early ● late`` of C over fixed point, one tick of the
      machine; `K` is what it keeps, the parameters and then the state of the learning rule; the
      last two count the numbers that saturated in the forward pass and in learning.
    """

    learner: Learner
    formats: Formats
    schedule: Spatial
    program: OpenHypergraph

    @property
    def parameter_types(self) -> list[NdArrayType]:
        """The fixed-point arrays that it keeps, `K`: parameters, then the state of the rule."""
        return list(self.program.source)[: self.learner.kept]

    @property
    def x_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one sample."""
        k = self.learner.kept
        return list(self.program.source)[k : k + len(self.learner.X)]

    @property
    def y_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one target."""
        return list(self.program.source)[self.learner.kept + len(self.learner.X) :]

    @property
    def prediction_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one prediction."""
        return list(self.program.target)[: len(self.learner.Y)]

    @cached_property
    def reference(self) -> Any:
        """The integer program, as an object with methods on int64 arrays of mantissas.

        ``predict(*P, *X) -> [*Y]``; ``step(*K, *X, *Y) -> [*K]``;
        ``transition(*K, *X, *Y) -> [*Y, *K, forward_saturations, learning_saturations]``.
        """
        return compile_class(self.source, self._functions)()

    @cached_property
    def source(self) -> str:
        """The source of `reference`: NumPy on integers, importing nothing else."""
        return to_source(self._functions, "Reference")

    @cached_property
    def _functions(self) -> dict[str, Function]:
        p, k, y = self.learner.parameters, self.learner.kept, len(self.learner.Y)
        x, targets = numbered("x", len(self.x_types)), numbered("y", y)
        kept = self.learner.kept_names
        names = [*kept, *x, *targets]
        predictions = numbered("prediction", y)
        news = [f"new_{name}" for name in kept]
        counters = ["forward_saturations", "learning_saturations"]
        forward = simplify(keep_outputs(self.program, range(y)))
        predict = simplify(keep_inputs(forward, [*range(p), *range(k, k + len(x))]))
        step = simplify(keep_outputs(self.program, range(y, y + k)))
        return {
            "predict": Function(predict, [*kept[:p], *x], predictions),
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
        """The Amaranth component, its registers reset to `parameters` (else 0).

        They are arrays of mantissas, such as `quantise_parameters` gives; CatgradError otherwise.
        """
        initial = None
        if parameters is not None:
            names, types = self.learner.kept_names, self.parameter_types
            arrays = _counted("parameters", parameters, len(types))
            initial = self.flatten(
                checked(f"parameter {name}", T, np.asarray(a))
                for name, T, a in zip(array_names(names), types, arrays, strict=True)
            ).tolist()
        return Transducer(self.netlist, initial, self.schedule.cycles)

    def verilog(
        self, parameters: Sequence[ArrayLike] | None = None, *, name: str = "learner"
    ) -> str:
        """The component as Verilog text, its top module called `name`, its ports explained."""
        return self._port_comment() + verilog(self.component(parameters), name)

    def _port_comment(self) -> str:
        ports = {
            "x__payload": self.x_types,
            "y__payload": self.y_types,
            "prediction__payload": self.prediction_types,
            "parameters": self.parameter_types,
        }
        lines = [
            "A learner with stream ports: a payload moves when valid and ready are both 1 at a",
            "rising edge of clk. Arrays lie row by row, element 0 in the lowest bits. SQ(i,f) are",
            "signed numbers of i + f bits, f of them after the binary point; UQ(i,f) unsigned.",
            *(
                f"  {port}: {', '.join(map(str, types))}"
                for port, types in ports.items()
                if sum(T.size for T in types)
            ),
            "train: sampled with x; 0 predicts only, and takes no y.",
            "rst: synchronous, active high.",
            *([LOAD_AND_FETCH] if self.parameter_types else []),
            f"A prediction is valid {self.schedule.cycles + 1} cycles after x and y are taken.",
        ]
        return "".join(f"// {line}\n" for line in lines)

    def export(
        self, directory: str | Path, parameters: Sequence[ArrayLike] | None = None
    ) -> list[Path]:
        """Write the Verilog, the integer program, the netlist and the report into a directory."""
        path = Path(directory)
        files = {
            "learner.v": self.verilog(parameters),
            "reference.py": self.source,
            "learner.netlist": to_text(self.netlist),
            "report.json": json.dumps(asdict(self.report()), indent=2) + "\n",
        }
        try:
            path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise CatgradError(
                f"{path} is a file, not a directory; name a directory to export into."
            ) from None
        return [publish(path / name, text) for name, text in files.items()]

    def report(self) -> Report:
        """What the hardware consists of, counted before synthesis."""
        counted = statistics(self.netlist)
        return Report(
            parameters=sum(T.size for T in self.learner.P),
            core_operations=len(self.program.H.x),
            cells={str(kind): n for kind, n in counted.cells.items()},
            multipliers=counted.cells.get(Kind.MUL, 0),
            register_bits=sum(T.size * T.fixed.width for T in self.parameter_types),
            latency=self.schedule.cycles + 1,
            interval=self.schedule.cycles + 1,
            table_errors=table_errors(self.program),
            notes=rate_notes(self.learner, self.parameter_types),
        )

    def quantise_parameters(self, arrays: Sequence[ArrayLike]) -> list[Integers]:
        """Real parameters as mantissas; the state of the rule, where none is given, is 0."""
        if len(arrays) == self.learner.parameters:
            arrays = [*arrays, *(np.zeros(T.shape) for T in self.learner.S)]
        names = [f"parameter {name}" for name in array_names(self.learner.kept_names)]
        return _quantised("parameters", names, self.parameter_types, arrays)

    def quantise_x(self, *arrays: ArrayLike) -> list[Integers]:
        """One real sample as mantissas."""
        return _quantised("x", numbered("x", len(self.x_types)), self.x_types, arrays)

    def quantise_y(self, *arrays: ArrayLike) -> list[Integers]:
        """One real target as mantissas."""
        return _quantised("y", numbered("y", len(self.y_types)), self.y_types, arrays)

    def dequantise_prediction(self, arrays: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
        """Mantissas of a prediction as reals."""
        types = self.prediction_types
        counted = _counted("prediction", arrays, len(types))
        return [from_fixed(a, T.fixed) for T, a in zip(types, counted, strict=True)]

    def save_parameters(self, path: str | Path, arrays: Sequence[ArrayLike]) -> Path:
        """Write mantissas to a .npz file, whole or not at all."""
        return save_parameters(path, self.learner.kept_names, arrays)

    def load_parameters(self, path: str | Path) -> list[Integers]:
        """Read mantissas from a .npz file; CatgradError if they are not those of this model."""
        loaded = load_parameters(path, self.learner.kept_names, self.parameter_types)
        return [array.astype(np.int64) for array in loaded]

    def flatten(self, arrays: Iterable[ArrayLike]) -> Integers:
        """Arrays of mantissas one after another, row by row, as the component's ports hold them."""
        return np.concatenate([np.zeros(0, np.int64), *(np.ravel(a) for a in arrays)])

    def unflatten(self, values: ArrayLike, types: Sequence[NdArrayType]) -> list[Integers]:
        """The arrays of the given types that `flatten` makes `values` of."""
        ends = np.cumsum([T.size for T in types])
        parts = np.split(np.asarray(values), ends)[: len(types)]
        return [part.reshape(T.shape) for part, T in zip(parts, types, strict=True)]


HINTS = {
    "model": "call the layer, as in layers.linear(batch, inputs, outputs)",
    "formats": "write Formats.uniform(16, 12)",
    "schedule": "write Spatial(cycles=1)",
}
"""How to get what compile_hardware needs."""


def compile_hardware(
    model: OpenHypergraph,
    rule: Canonical,
    loss: Canonical,
    formats: Formats,
    schedule: Spatial | None = None,
    calibration: Calibration | None = None,
) -> Hardware:
    """Compile a model and its learning rule to fixed-point hardware.

    Where `calibration` is given, the float learner runs over it first, and formats that cannot
    hold what it puts on a wire are refused before any hardware is built.
    """
    for name, value, wanted in (
        ("model", model, OpenHypergraph),
        ("formats", formats, Formats),
        ("schedule", schedule or Spatial(), Spatial),
    ):
        if not isinstance(value, wanted):
            raise CatgradError(
                f"compile_hardware needs {wanted.__name__} for {name}, not "
                f"{type(value).__name__}; {HINTS[name]}."
            )
    float_learner = learner(model, rule, loss).expanded()
    if float_learner.R:
        raise CatgradError(
            f"The rule is given {', '.join(float_learner.given_names)} at each step, which "
            f"hardware has no stream for; give the rule a number instead."
        )
    for T in (*float_learner.P, *float_learner.X, *float_learner.Y):
        if not T.is_floating:
            raise CatgradError(
                f"The model carries {T}, but compile_hardware quantises floating-point models; "
                f"write the model in Dtype.float32."
            )
    for name, types in (("input", float_learner.X), ("output", float_learner.Y)):
        if sum(T.size for T in types) == 0:
            raise CatgradError(
                f"The model has no {name} numbers, which hardware has no stream for; "
                f"give it at least one {name} that is not empty."
            )
    if calibration is not None:
        check(float_learner, formats, calibration)
    k = float_learner.kept
    tick = transition(quantise(float_learner.whole, formats, k), k)
    targets = range(len(tick.source) - len(float_learner.Y), len(tick.source))
    program = simplify(count_saturations(tick, targets))
    hardware = Hardware(float_learner, formats, schedule or Spatial(), program)
    _ = hardware.source  # refuses wires that are too wide for the integer program, now
    return hardware


def _counted(role: str, arrays: Sequence[ArrayLike], count: int) -> Sequence[ArrayLike]:
    if len(arrays) != count:
        raise CatgradError(
            f"There are {len(arrays)} arrays of {role}, but the model has {count}; "
            f"give one for each, in the order of its types."
        )
    return arrays


def _quantised(
    role: str, names: Sequence[str], types: Sequence[NdArrayType], arrays: Sequence[ArrayLike]
) -> list[Integers]:
    counted = _counted(role, arrays, len(types))
    return [_mantissas(name, T, a) for name, T, a in zip(names, types, counted, strict=True)]


def _mantissas(name: str, T: NdArrayType, values: ArrayLike) -> Integers:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != T.shape:
        raise CatgradError(
            f"{name} has shape {array.shape}, not {T.shape}; give an array of type {T}."
        )
    return to_fixed(array, T.fixed, name)
