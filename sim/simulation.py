"""Streams samples through a learning core, in any of three simulators."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

import numpy as np

from catgrad.errors import CatgradError
from catgrad.hdl.transducer import Transducer
from sim import amaranth_runner, cocotb_runner, ports
from sim.bench import Record
from sim.stimulus import stimulus
from sim.streams import SimulationError
from sim.trace import Samples, Trace
from sim.words import unpack

EVALUATORS = ("amaranth", "icarus", "verilator")


def simulate(
    transducer: Transducer,
    samples: Samples,
    evaluator: str = "amaranth",
    stall: float = 0.3,
    seed: int = 0,
    budget: int | None = None,
    directory: str | Path = "build/sim",
    load: Sequence[int] | None = None,
) -> Trace:
    """What a design gives for these samples, streamed through its ports one after another.

    Every port stalls at random, and is held to the rules of streams. Afterwards all parameters are
    fetched through the design's own stream, and have to be what its port shows.

    - `evaluator`, "amaranth", "icarus" or "verilator"; the last two run the design's Verilog
    - `stall`, the probability in each cycle that a port offers nothing, or takes nothing
    - `seed`, of every random choice: a run can be repeated exactly
    - `budget`, in cycles; None is several times what a design of this latency needs
    - `directory`, where simulators are built (once for the same Verilog) and waveforms are left
    - `load`, parameters to load through the design's own stream before the first sample

    SimulationError if the design breaks a rule or the budget is spent; the run is then repeated
    with a waveform (VCD), and the error says where that is. CatgradError if the samples do not fit
    the design, or a simulator is not installed.
    """
    if evaluator not in EVALUATORS:
        raise CatgradError(
            f"There is no evaluator {evaluator!r}; choose amaranth, icarus or verilator."
        )
    given = stimulus(transducer, samples, stall, seed, budget, load)
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)

    def run(waveform: Path | None = None) -> Record:
        if evaluator == "amaranth":
            return amaranth_runner.run(transducer, given, waveform)
        return cocotb_runner.run(transducer, given, evaluator, directory, waveform)

    try:
        return trace(transducer, run(), evaluator)
    except SimulationError as error:
        file, name = mkstemp(".vcd", f"{evaluator}-", directory)
        os.close(file)
        with suppress(SimulationError):
            run(Path(name))
        raise SimulationError(f"{error} The waveform is {name}.") from None


def trace(transducer: Transducer, record: Record, evaluator: str) -> Trace:
    """The words that the bench noted, as the integers that they are."""
    result = Trace(
        evaluator,
        unpack(record.predictions, ports.fields(transducer, "prediction.payload")),
        unpack(record.parameters, ports.fields(transducer, "parameters")),
        unpack(record.forward_saturations, ports.fields(transducer, "forward_saturations")),
        unpack(record.learning_saturations, ports.fields(transducer, "learning_saturations")),
        cycles=record.cycles,
    )
    fetched = unpack(record.fetched, ports.fields(transducer, "fetched.payload")).reshape(-1)
    for shown in result.parameters[-1:]:
        for address in np.flatnonzero(shown != fetched)[:1]:
            raise SimulationError(
                f"parameter {address} is fetched as {fetched[address]} after the last sample, but "
                f"the port parameters shows {shown[address]}."
            )
    return result
