"""A learner in fixed point: the integer program, and hardware that equals it bit for bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from catgrad.circuit import Netlist, to_text
from catgrad.circuit.constants import ConstantMap
from catgrad.circuit.pipeline import Pipeline
from catgrad.combinators import keep_inputs, keep_outputs
from catgrad.core.simplify import simplify
from catgrad.errors import CatgradError
from catgrad.export import Options, write_core
from catgrad.export import files as core_files
from catgrad.fixed.boundary import counted, reference
from catgrad.folded.bind import bind
from catgrad.folded.fuse import fuse
from catgrad.folded.machine import Machine
from catgrad.folded.phase import Phases
from catgrad.hardware.arrays import Arrays
from catgrad.hardware.circuits import Roles, netlist_of, pipeline_of, with_constants
from catgrad.hardware.exporting import description
from catgrad.hardware.folding import FoldedReport, folded_report
from catgrad.hardware.inference import inference
from catgrad.hardware.ports import port_comment
from catgrad.hardware.report import SpatialReport, pipeline_report, spatial_report
from catgrad.hardware.schedules import Folded, Serial, Spatial
from catgrad.hardware.serial import SerialReport, require_zeros, serial_report
from catgrad.hdl.bus.core import RegisterBus, Streams
from catgrad.hdl.folded.engine import Engine
from catgrad.hdl.pipelined_learner import PipelinedLearner
from catgrad.hdl.serial.filter import SerialFilter
from catgrad.hdl.transducer import Transducer
from catgrad.hdl.verilog import verilog
from catgrad.kernel import to_kernels
from catgrad.parameters import array_names, checked
from catgrad.serial import Program, serial_program
from catgrad.special.definition import numbered
from catgrad.target.python import Function, to_source


@dataclass(frozen=True)
class Hardware(Arrays):
    """A learner in fixed point: the integer program, and the circuit that equals it bit for bit.

    - `learner`: the float learner; `formats`: how its wires are quantised; `schedule`: how the
      circuit goes about it.
    - `program`: ``K ● M ● X ● Y' ● R → Y ● K' ● M' ● early ● late`` of C over fixed point, one tick
      of the machine; `K` is what it learns, the parameters and then the state of the learning rule,
      `M` the memory of the model, and `R` what the rule is given at each step; the last two results
      count the numbers that saturated in the forward pass and in learning.
    """

    @cached_property
    def reference(self) -> Any:
        """The integer program, as an object with methods on int64 arrays of mantissas.

        ``predict(*P, *M, *X) -> [*Y, *M]``; ``step(*K, *M, *X, *Y, *R) -> [*K, *M]``;
        ``transition(*K, *M, *X, *Y, *R) -> [*Y, *K, *M, forward_saturations,
        learning_saturations]``. It begins with `initial_memory`.

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
        m = len(self.learner.memories)
        x, targets = self._x_names, self._y_names
        seeds = targets[: len(self.learner.L)]
        kept = self.learner.kept_names
        memories = self.learner.memory_names
        names = [*kept, *memories, *x, *targets]
        predictions = numbered("prediction", y)
        new_memories = [f"new_{name}" for name in memories]
        news = [*(f"new_{name}" for name in kept), *new_memories]
        counters = ["forward_saturations", "learning_saturations"]
        after = [*range(y), *range(y + k, y + k + m)]
        forward = simplify(keep_outputs(self.program, after))
        predict = simplify(keep_inputs(forward, [*range(p), *range(k, k + m + len(x))]))
        step = simplify(keep_outputs(self.program, range(y, y + k + m)))
        return {
            "predict": Function(predict, [*kept[:p], *memories, *x], [*predictions, *new_memories]),
            "step": Function(step, names, news, seeds=seeds),
            "transition": Function(
                self.program, names, [*predictions, *news, *counters], seeds=seeds
            ),
        }

    @property
    def netlist(self) -> Netlist:
        """The circuit of one tick, every scalar operation a cell of its own."""
        return self._circuit[0]

    @property
    def constant_maps(self) -> tuple[ConstantMap, ...]:
        """What became of the linear maps whose constants are shifts and adds, layer by layer."""
        return self._circuit[1]

    @cached_property
    def _circuit(self) -> tuple[Netlist, tuple[ConstantMap, ...]]:
        """The netlist, and the linear maps in it that were rebuilt."""
        program = self.program if self.learns else inference(self.program, self.learner)
        kept = self.learner.kept if self.learns else self.learner.parameters
        memories, x = len(self.learner.memories), len(self.learner.X)
        netlist = netlist_of(
            program, Roles(kept, memories, x, len(self.learner.Y), self.late, self.learns)
        )
        return with_constants(netlist, self.schedule)

    @cached_property
    def pipeline(self) -> Pipeline:
        """The netlist in stages, which is proved to close its loops and to meet the clock.

        CatgradError if the schedule has no clock.
        """
        schedule = self.schedule
        if not isinstance(schedule, Spatial) or not schedule.is_pipeline:
            raise CatgradError(
                f"Hardware with the schedule {schedule} is no pipeline; compile it with "
                f"Spatial(clock=50e6)."
            )
        return pipeline_of(self.netlist, schedule, self.flatten(self.initial_memory).tolist())

    @cached_property
    def phases(self) -> Phases:
        """What a folded engine does, one after another; CatgradError at what cannot be folded."""
        x, y = self._x_names, self._y_names
        kept = [*array_names(self.parameter_names), *array_names(self.learner.memory_names)]
        names = [*kept, *x, *(y if self.learns else [])]
        predictions = numbered("prediction", len(self.prediction_types))
        program = self.program if self.learns else inference(self.program, self.learner)
        state = len(self.parameter_types)
        targets = len(y) if self.learns else 0
        memories = len(self.learner.memories)
        kernels = to_kernels(program)
        return fuse(kernels, state, len(x), targets, [*names, *predictions], memories)

    @cached_property
    def machine(self) -> Machine:
        """The folded engine down to the cycle, proved to be free of conflicts.

        CatgradError if the schedule is not `Folded`.
        """
        schedule = self.schedule
        if not isinstance(schedule, Folded):
            kind = "serial" if isinstance(schedule, Serial) else "spatial"
            raise CatgradError(
                f"Hardware whose schedule is {kind} is no folded engine and has no machine; "
                f"compile it with Folded(lanes=8)."
            )
        return bind(self.phases, schedule.lanes, schedule.latencies, schedule.period_ps)

    @cached_property
    def serial(self) -> Program:
        """What a serial machine does, step by step; CatgradError at what is no sum of products."""
        if not isinstance(self.schedule, Serial):
            raise CatgradError(
                f"Hardware with the schedule {self.schedule} is no serial machine and has no "
                f"program of one; compile it with Serial()."
            )
        require_zeros(array_names(self.learner.memory_names), self.initial_memory)
        return serial_program(self.netlist)

    def component(
        self, parameters: Sequence[ArrayLike] | None = None, *, blocks: bool = True
    ) -> Transducer | PipelinedLearner | Engine | SerialFilter:
        """The Amaranth component, reset (an engine: configured) with `parameters` (else 0).

        They are arrays of mantissas, such as `quantise_parameters` gives; CatgradError otherwise.
        Where the schedule has a family, its multiplier blocks are used; without `blocks` synthesis
        is left to find them, and simulators know all that there is. The numbers, and the cycles in
        which they come, are the same.
        """
        initial = None
        if parameters is not None:
            types = self.parameter_types
            arrays = counted("parameters", parameters, len(types))
            initial = self.flatten(
                checked(f"parameter {name}", T, np.asarray(a))
                for name, T, a in zip(array_names(self.parameter_names), types, arrays, strict=True)
            ).tolist()
        memory = self.flatten(self.initial_memory).tolist()
        if isinstance(self.schedule, Folded):
            family = self.schedule.family if blocks else None
            return Engine(self.machine, initial, family, memory)
        if isinstance(self.schedule, Serial):
            _ = self.serial  # refuses a memory that does not begin with zeros
            return SerialFilter(self.netlist, initial, self.schedule.family if blocks else None)
        if self.schedule.is_pipeline:
            family = self.schedule.blocks if blocks else None
            channels = self.schedule.channels
            return PipelinedLearner(
                self.pipeline, initial, memory, channels, family, self.schedule.always
            )
        return Transducer(self.netlist, initial, self.schedule.cycles, memory)

    def verilog(
        self, parameters: Sequence[ArrayLike] | None = None, *, name: str = "learner"
    ) -> str:
        """The component as Verilog text, its top module called `name`, its ports explained."""
        return port_comment(self) + verilog(self.component(parameters), name)

    def export(
        self,
        directory: str | Path,
        parameters: Sequence[ArrayLike] | None = None,
        *,
        name: str = "learner",
        streams: Streams = "plain",
        registers: RegisterBus | None = None,
        samples: int | None = None,
        seed: int = 0,
    ) -> list[Path]:
        """Write a core into a directory: Verilog, test benches, the integer program, the report.

        And the netlist, or the addresses of the parameters in a folded engine. The same hardware
        and arguments give the same bytes.

        - `parameters`: what the core is reset with, as for `component`
        - `name`: of the module, and of the files
        - `streams`: "plain" (valid, ready, payload) or "axi" (AXI4-Stream), see `docs/export.md`
        - `registers`: "axi-lite" or "wishbone", in front of `train`, the parameters and the
          counters; None leaves each of these a port of its own
        - `directory`: a new one, or that of an earlier export of this core; CatgradError, and
          nothing written, where it has files of these names that no such export wrote
        - `samples`, `seed`: of the test bench, whose integers come from the reference
        """
        options = Options(name, streams, registers)
        files = core_files(description(self, parameters, options, samples, seed))
        if isinstance(self.schedule, Folded):
            files["addresses.json"] = json.dumps(self.addresses()) + "\n"
        else:
            files[f"{name}.netlist"] = to_text(self.netlist)
        files["report.json"] = json.dumps(asdict(self.report()), indent=2) + "\n"
        return write_core(name, files, directory)

    def report(self) -> SpatialReport | FoldedReport | SerialReport:
        """What the hardware consists of, counted before synthesis."""
        if isinstance(self.schedule, Folded):
            kept, family = self.parameter_types, self.schedule.family
            return folded_report(self.learner, self.program, kept, self.machine, family)
        if isinstance(self.schedule, Serial):
            kept = [*self.parameter_types, *self.memory_types]
            machine = SerialFilter(self.netlist, family=self.schedule.family)
            return serial_report(self.learner, self.program, kept, machine)
        if self.schedule.is_pipeline:
            kept = [*self.parameter_types, *self.memory_types]
            return pipeline_report(
                self.learner,
                self.program,
                kept,
                self.netlist,
                PipelinedLearner(self.pipeline, channels=self.schedule.channels),
                self.schedule,
                self.learns,
                self.constant_maps,
            )
        return spatial_report(
            self.learner,
            self.program,
            [*self.parameter_types, *self.memory_types],
            self.netlist,
            self.schedule.cycles + 1,
            self.learns,
            self.constant_maps,
        )

    def addresses(self) -> dict[str, list[int]]:
        """Where a folded engine has the numbers of each parameter, row by row: for load and fetch.

        CatgradError if the schedule is not `Folded`.
        """
        places = Engine(self.machine).places
        arrays = self.unflatten(places, self.parameter_types)
        names = array_names(self.parameter_names)
        return {n: a.reshape(-1).tolist() for n, a in zip(names, arrays, strict=True)}
