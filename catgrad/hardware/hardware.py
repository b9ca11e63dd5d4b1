"""A learner in fixed point: the integer program, and hardware that equals it bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catgrad.circuit import Netlist, optimise, to_text
from catgrad.circuit.lower import lower
from catgrad.combinators import keep_inputs, keep_outputs
from catgrad.core.simplify import simplify
from catgrad.core.types import NdArrayType
from catgrad.errors import CatgradError
from catgrad.fixed.boundary import Integers, counted, index_rows, quantised, reference
from catgrad.fixed.formats import Formats
from catgrad.fixed.numbers import from_fixed
from catgrad.folded.bind import bind
from catgrad.folded.fuse import fuse
from catgrad.folded.machine import Machine
from catgrad.folded.phase import Phases
from catgrad.hardware.inference import inference
from catgrad.hardware.ports import port_comment
from catgrad.hardware.report import FoldedReport, SpatialReport, folded_report, spatial_report
from catgrad.hardware.schedules import Folded, Schedule
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel import to_kernels, unroll
from catgrad.learner import Learner
from catgrad.parameters import array_names, checked, load_parameters, save_parameters
from catgrad.publish import make_directory, publish
from catgrad.special.definition import numbered
from catgrad.target.python import Function, to_source


@dataclass(frozen=True)
class Hardware:
    """A learner in fixed point: the integer program, and the circuit that equals it bit for bit.

    - `learner`: the float learner; `formats`: how its wires are quantised; `schedule`: how the
      circuit goes about it.
    - `program`: ``K ● X ● Y' ● R → Y ● K' ● early ● late`` of C over fixed point, one tick of the
      machine; `K` is what it keeps, the parameters and then the state of the learning rule, and `R`
      what the rule is given at each step; the last two results count the numbers that saturated in
      the forward pass and in learning.
    """

    learner: Learner
    formats: Formats
    schedule: Schedule
    program: OpenHypergraph

    @property
    def learns(self) -> bool:
        """Whether the circuit learns, or only predicts: `Folded(learns=False)`."""
        return not (isinstance(self.schedule, Folded) and not self.schedule.learns)

    @property
    def parameter_types(self) -> list[NdArrayType]:
        """The fixed-point arrays that it keeps, `K`: parameters, then the state of the rule.

        Hardware that only predicts keeps no state.
        """
        kept = self.learner.kept if self.learns else self.learner.parameters
        return list(self.program.source)[:kept]

    @property
    def parameter_names(self) -> list[str]:
        """What these are called."""
        return list(self.learner.kept_names)[: len(self.parameter_types)]

    @property
    def x_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one sample."""
        k = self.learner.kept
        return list(self.program.source)[k : k + len(self.learner.X)]

    @property
    def y_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one target, and after it those that the rule is given."""
        return list(self.program.source)[self.learner.kept + len(self.learner.X) :]

    @property
    def prediction_types(self) -> list[NdArrayType]:
        """The fixed-point arrays of one prediction."""
        return list(self.program.target)[: len(self.learner.Y)]

    @cached_property
    def reference(self) -> Any:
        """The integer program, as an object with methods on int64 arrays of mantissas.

        ``predict(*P, *X) -> [*Y]``; ``step(*K, *X, *Y, *R) -> [*K]``;
        ``transition(*K, *X, *Y, *R) -> [*Y, *K, forward_saturations, learning_saturations]``.

        It refuses an index that names no row. Hardware cannot: it reads a row of zeros there, and
        changes no row; a label that names no class is none.
        """
        return reference(self.source, self._functions, self._rows)()

    @cached_property
    def source(self) -> str:
        """The source of `reference`: NumPy on integers, importing nothing else."""
        return to_source(self._functions, "Reference")

    @cached_property
    def _functions(self) -> dict[str, Function]:
        p, k, y = self.learner.parameters, self.learner.kept, len(self.learner.Y)
        x, targets = self._x_names, self._y_names
        seeds = targets[: len(self.learner.L)]
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
            "step": Function(step, names, news, seeds=seeds),
            "transition": Function(
                self.program, names, [*predictions, *news, *counters], seeds=seeds
            ),
        }

    @property
    def _x_names(self) -> list[str]:
        return numbered("x", len(self.x_types))

    @property
    def _y_names(self) -> list[str]:
        return [*numbered("y", len(self.learner.L)), *self.learner.given_names]

    @cached_property
    def _rows(self) -> dict[str, int]:
        """How many rows each of `x` and `y` that is an index can name."""
        n = len(self.learner.L)
        names = [*self._x_names, *self._y_names[n:], *self._y_names[:n]]
        return {names[i]: rows for i, rows in index_rows(self.learner).items()}

    @property
    def has_indices(self) -> bool:
        """Whether some of `x` and `y` name rows."""
        return bool(self._rows)

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

    @cached_property
    def phases(self) -> Phases:
        """What a folded engine does, one after another; CatgradError at what cannot be folded."""
        x, y = self._x_names, self._y_names
        names = [*array_names(self.parameter_names), *x, *(y if self.learns else [])]
        predictions = numbered("prediction", len(self.prediction_types))
        program = self.program if self.learns else inference(self.program, self.learner)
        state = len(self.parameter_types)
        targets = len(y) if self.learns else 0
        return fuse(to_kernels(program), state, len(x), targets, [*names, *predictions])

    @cached_property
    def machine(self) -> Machine:
        """The folded engine down to the cycle, proved to be free of conflicts.

        CatgradError if the schedule is not `Folded`.
        """
        schedule = self.schedule
        if not isinstance(schedule, Folded):
            raise CatgradError(
                f"Hardware with the schedule {schedule} is no folded engine and has no machine; "
                f"compile it with Folded(lanes=8)."
            )
        return bind(self.phases, schedule.lanes, schedule.latencies, schedule.period_ps)

    def component(self, parameters: Sequence[ArrayLike] | None = None) -> Transducer | Engine:
        """The Amaranth component, reset (an engine: configured) with `parameters` (else 0).

        They are arrays of mantissas, such as `quantise_parameters` gives; CatgradError otherwise.
        """
        initial = None
        if parameters is not None:
            types = self.parameter_types
            arrays = counted("parameters", parameters, len(types))
            initial = self.flatten(
                checked(f"parameter {name}", T, np.asarray(a))
                for name, T, a in zip(array_names(self.parameter_names), types, arrays, strict=True)
            ).tolist()
        if isinstance(self.schedule, Folded):
            return Engine(self.machine, initial, self.schedule.family)
        return Transducer(self.netlist, initial, self.schedule.cycles)

    def verilog(
        self, parameters: Sequence[ArrayLike] | None = None, *, name: str = "learner"
    ) -> str:
        """The component as Verilog text, its top module called `name`, its ports explained."""
        return port_comment(self) + verilog(self.component(parameters), name)

    def export(
        self, directory: str | Path, parameters: Sequence[ArrayLike] | None = None
    ) -> list[Path]:
        """Write the Verilog, the integer program and the report into a directory.

        And the netlist, or the addresses of the parameters in a folded engine.
        """
        path = Path(directory)
        files = {
            "learner.v": self.verilog(parameters),
            "reference.py": self.source,
        }
        if isinstance(self.schedule, Folded):
            files["addresses.json"] = json.dumps(self.addresses()) + "\n"
        else:
            files["learner.netlist"] = to_text(self.netlist)
        files["report.json"] = json.dumps(asdict(self.report()), indent=2) + "\n"
        make_directory(path)
        return [publish(path / name, text) for name, text in files.items()]

    def report(self) -> SpatialReport | FoldedReport:
        """What the hardware consists of, counted before synthesis."""
        if isinstance(self.schedule, Folded):
            return folded_report(self.learner, self.program, self.parameter_types, self.machine)
        return spatial_report(
            self.learner, self.program, self.parameter_types, self.netlist, self.schedule.cycles + 1
        )

    def addresses(self) -> dict[str, list[int]]:
        """Where a folded engine has the numbers of each parameter, row by row: for load and fetch.

        CatgradError if the schedule is not `Folded`.
        """
        places = Engine(self.machine).places
        arrays = self.unflatten(places, self.parameter_types)
        names = array_names(self.parameter_names)
        return {n: a.reshape(-1).tolist() for n, a in zip(names, arrays, strict=True)}

    def quantise_parameters(self, arrays: Sequence[ArrayLike]) -> list[Integers]:
        """Real parameters as mantissas; the state of the rule, where none is given, is 0."""
        if self.learns and len(arrays) == self.learner.parameters:
            arrays = [*arrays, *(np.zeros(T.shape) for T in self.learner.S)]
        names = [f"parameter {name}" for name in array_names(self.parameter_names)]
        return quantised("parameters", names, self.parameter_types, arrays)

    def quantise_x(self, *arrays: ArrayLike) -> list[Integers]:
        """One real sample as mantissas."""
        return quantised("x", self._x_names, self.x_types, arrays, self._rows)

    def quantise_y(self, *arrays: ArrayLike) -> list[Integers]:
        """One real target, and then what the rule is given, as mantissas."""
        return quantised("y", self._y_names, self.y_types, arrays, self._rows)

    def dequantise_prediction(self, arrays: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
        """Mantissas of a prediction as reals."""
        types = self.prediction_types
        pairs = zip(types, counted("prediction", arrays, len(types)), strict=True)
        return [from_fixed(a, T.fixed) for T, a in pairs]

    def save_parameters(self, path: str | Path, arrays: Sequence[ArrayLike]) -> Path:
        """Write mantissas to a .npz file, whole or not at all."""
        return save_parameters(path, self.parameter_names, arrays)

    def load_parameters(self, path: str | Path) -> list[Integers]:
        """Read mantissas from a .npz file; CatgradError if they are not those of this model."""
        loaded = load_parameters(path, self.parameter_names, self.parameter_types)
        return [array.astype(np.int64) for array in loaded]

    def flatten(self, arrays: Iterable[ArrayLike]) -> Integers:
        """Arrays of mantissas one after another, row by row, as the component's ports hold them."""
        return np.concatenate([np.zeros(0, np.int64), *(np.ravel(a) for a in arrays)])

    def unflatten(self, values: ArrayLike, types: Sequence[NdArrayType]) -> list[Integers]:
        """The arrays of the given types that `flatten` makes `values` of."""
        ends = np.cumsum([T.size for T in types])
        parts = np.split(np.asarray(values), ends)[: len(types)]
        return [part.reshape(T.shape) for part, T in zip(parts, types, strict=True)]
