"""Streams samples through a learning core, in any of four simulators, or as synthesised cells."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

import numpy as np
from amaranth.lib import wiring

from catgrad.circuit.format import Integers
from catgrad.errors import CatgradError
from sim import amaranth_runner, cells_runner, cocotb_runner, cxxrtl_runner, ports
from sim.bench import Record
from sim.stimulus import stimulus
from sim.streams import SimulationError
from sim.trace import Samples, Trace
from sim.words import unpack

EVALUATORS = ("amaranth", "icarus", "verilator", "cxxrtl", *cells_runner.FAMILIES)


def simulate(
    design: wiring.Component,
    samples: Samples,
    evaluator: str = "amaranth",
    stall: float = 0.3,
    seed: int = 0,
    budget: int | None = None,
    directory: str | Path = "build/sim",
    load: Sequence[int] | None = None,
    alone: bool = False,
) -> Trace:
    """What a design gives for these samples, streamed through its ports one after another.

    The design is a `catgrad.hdl.transducer.Transducer`, a
    `catgrad.hdl.pipelined_learner.PipelinedLearner`, or a `catgrad.hdl.folded.engine.Engine`, on
    whose streams samples travel element by element. Every port stalls at random, and is held to the
    rules of streams. Afterwards all parameters are fetched through the design's own stream; where
    it has a port that shows them, they have to be the same.

    - `evaluator`, "amaranth", "icarus", "verilator", "cxxrtl", "ice40" or "ecp5": Icarus and
      Verilator run the design's Verilog, CXXRTL a C++ program; "ice40" and "ecp5" are what Yosys
      makes of it for such an FPGA, cell by cell, in Icarus
    - `stall`, the probability in each cycle that a port offers nothing, or takes nothing
    - `seed`, of every random choice: a run can be repeated exactly
    - `budget`, in cycles; None is several times what a design of this latency needs
    - `directory`, where simulators are built (once for the same Verilog) and waveforms are left
    - `load`, parameters to load through the design's own stream before the first sample
    - `alone`, not of a transducer: each sample waits until the one before has left and all
      parameters are fetched. Else samples follow as fast as they can, and the trace has only the
      last parameters and counters

    SimulationError if the design breaks a rule or the budget is spent; the run is then repeated
    with a waveform (VCD), and the error says where that is. CatgradError if the samples do not fit
    the design, or a simulator is not installed.
    """
    if evaluator not in EVALUATORS:
        raise CatgradError(
            f"There is no evaluator {evaluator!r}; choose {', '.join(EVALUATORS[:-1])} or "
            f"{EVALUATORS[-1]}."
        )
    if not isinstance(design, wiring.Component):
        raise CatgradError(
            f"simulate runs a component, not {type(design).__name__}; "
            f"build one, as by hardware.component(parameters)."
        )
    require_no_blocks(design, evaluator)
    given = stimulus(design, samples, stall, seed, budget, load, alone)
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)

    def run(waveform: Path | None = None) -> Record:
        # The bench does the same in every simulator, and Amaranth's writes waveforms.
        if evaluator == "amaranth" or (evaluator == "cxxrtl" and waveform):
            return amaranth_runner.run(design, given, waveform)
        if evaluator == "cxxrtl":
            return cxxrtl_runner.run(design, given, directory)
        if evaluator in cells_runner.FAMILIES:
            return cells_runner.run(design, given, evaluator, directory, waveform)
        return cocotb_runner.run(design, given, evaluator, directory, waveform)

    try:
        return trace(design, run(), evaluator)
    except SimulationError as error:
        file, name = mkstemp(".vcd", f"{evaluator}-", directory)
        os.close(file)
        with suppress(SimulationError):
            run(Path(name))
        raise SimulationError(f"{error} The waveform is {name}.") from None


def require_no_blocks(design: wiring.Component, evaluator: str) -> None:
    """Refuse a design that names blocks of an FPGA, of which simulators know nothing."""
    family = getattr(design, "family", None)
    if family is not None and family != evaluator:
        raise CatgradError(
            f"The design is made of blocks of {family}, which {evaluator} cannot simulate; "
            f"simulate hardware.component(blocks=False): its integers are the same."
        )


def trace(design: wiring.Component, record: Record, evaluator: str) -> Trace:
    """The words that the bench noted, as the integers that they are."""

    def noted(words: Sequence[int], pin: str) -> Integers:
        return unpack(words, ports.fields(design, pin))

    fetched = noted(record.fetched, "fetched.payload")
    if not ports.shows_parameters(design):
        parameters = len(ports.elements(design, "parameters"))
        shown = fetched.reshape(len(record.forward_saturations), parameters)
    else:
        shown = noted(record.parameters, "parameters")
    result = Trace(
        evaluator,
        noted(record.predictions, "prediction.payload").reshape(
            -1, len(ports.elements(design, "prediction"))
        ),
        shown,
        noted(record.forward_saturations, "forward_saturations"),
        noted(record.learning_saturations, "learning_saturations"),
        cycles=record.cycles,
    )
    if not ports.shows_parameters(design):
        return result
    for address in np.flatnonzero(result.parameters[-1:] != fetched.T)[:1]:
        raise SimulationError(
            f"parameter {address} is fetched as {fetched[address, 0]} after the last sample, but "
            f"the port parameters shows {result.parameters[-1, address]}."
        )
    return result
