"""What folded engines do with their multipliers: python bench/folded.py [--seeds N].

The first table has the cycles of a training step: read off the machine, which never waits for data,
and counted in simulation, sample after sample. The second one has the digits trainer, synthesised,
placed and routed from several seeds, beside Verilog by hand. The third one has training steps in a
second, of the engine at the median of those clocks, and of programs on this computer, which take
one sample at a time as well. `--boards` names directories in which `make bitstream EXAMPLE=digits`
left its report, of the engine with its serial port. What is placed once stays in build/folded, so
that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Matrices this small gain nothing from a second thread, and the time of one varies less.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from folded_devices import device_table
from rich.console import Console
from rich.progress import track
from rich.table import Table

from catgrad import Dtype, Folded, NdArrayType, compile_hardware, compile_model, layers
from catgrad.combinators import identity
from catgrad.errors import CatgradError
from catgrad.hardware import FoldedReport, Hardware
from catgrad.hypergraph import OpenHypergraph
from sim import Running, random_samples, reference_trace

sys.path.append(str(Path(__file__).parents[1] / "examples"))
import digits

SAMPLES = (3, 13)
"""The cycles of a step are the difference of two runs, by the samples that one has more."""

SECONDS = 1.0
"""How long each program runs."""


@dataclass(frozen=True)
class Case:
    """A learner on so many lanes, and what it has to reach: a use of the lanes, or cycles a step.

    `by_hand`: the cycles of the same step in Verilog written by hand, or by the tool named.
    """

    name: str
    model: Callable[[], OpenHypergraph]
    lanes: int
    use: float = 0.0
    cycles: int | None = None
    by_hand: str = ""

    def hardware(self) -> Hardware:
        """The learner."""
        rule, schedule = layers.sgd(digits.RATE), Folded(lanes=self.lanes)
        return compile_hardware(self.model(), rule, layers.mse, digits.FORMATS, schedule)

    def met(self, report: FoldedReport) -> bool:
        """Whether it reaches that."""
        return report.use >= self.use and report.interval <= (self.cycles or report.interval)

    @property
    def target(self) -> str:
        """In words."""
        return f"at most {self.cycles} cycles" if self.cycles else f"at least {self.use:.0%}"


def two_layers(inputs: int, hidden: int, outputs: int) -> OpenHypergraph:
    """A layer of rectified units, and a linear one."""
    N, X, H, Y = (NdArrayType((n,), Dtype.float32) for n in (1, inputs, hidden, outputs))
    return layers.dense(N, X, H, layers.relu) >> layers.dense(N, H, Y, identity)


CASES = [
    Case("digits 64-32-10", digits.dense, 8, 0.90, by_hand="682"),
    Case("digits 64-32-10", digits.dense, 16, 0.85, by_hand="361"),
    Case("digits 64-32-10", digits.dense, 32, 0.72),
    Case("784-128-10", lambda: two_layers(784, 128, 10), 16, 0.92),
    Case("digits, 8 filters of 3 x 3, mean pool, dense", digits.convolution, 8, 0.75),
    # ECLAIR, arXiv 2602.02056, synthesised by Vitis HLS for a VU13P: 386 multipliers.
    Case("1-128-1", lambda: two_layers(1, 128, 1), 16, cycles=100, by_hand="1,418 (ECLAIR)"),
]


def counted(hardware: Hardware) -> float:
    """The cycles of a training step in simulation; its integers are compared on the way."""
    parameters = hardware.quantise_parameters([np.zeros(T.shape) for T in hardware.learner.P])
    cycles = []
    for count in SAMPLES:
        samples = random_samples(hardware, count, train=1.0)
        trace = Running(hardware.component(parameters)).stream(samples)
        trace.compare(reference_trace(hardware, samples, parameters, last=True))
        cycles.append(trace.cycles)
    return (cycles[1] - cycles[0]) / (SAMPLES[1] - SAMPLES[0])


def cycle_table(console: Console) -> Table:
    """Cycles a step, and the use of the lanes."""
    table = Table(
        "program", "multiply-accumulates", "lanes", "cycles", "in simulation", "by others",
        "use of lanes", "target", "met",
    )  # fmt: skip
    for case in track(CASES, "simulating", console=console):
        hardware = case.hardware()
        report = hardware.report()
        assert isinstance(report, FoldedReport)
        table.add_row(
            case.name,
            f"{report.multiply_accumulates:,}",
            str(case.lanes),
            f"{report.interval:,}",
            f"{counted(hardware):,g}",
            case.by_hand,
            f"{report.use:.1%}",
            case.target,
            "yes" if case.met(report) else "no",
        )
    return table


def rate(step: Callable[[], object]) -> float:
    """How often a second, at best of five runs."""
    step()
    best = 0.0
    for _ in range(5):
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS / 5:
            step()
            count += 1
        best = max(best, count / (time.perf_counter() - start))
    return best


def programs() -> dict[str, float]:
    """Training steps a second of programs on this computer, digits 64-32-10 at batch 1."""
    hardware = digits.hardware()
    train, _ = digits.load(0)
    x, y = train.x[:1].astype("f4"), train.y[:1].astype("f4")
    floats = digits.initial(hardware.parameter_types, "mse", np.random.default_rng(0))
    mantissas = hardware.quantise_parameters(floats)
    fixed = [*hardware.quantise_x(x), *hardware.quantise_y(y)]
    compiled, _, _ = compile_model(digits.dense(), layers.sgd(digits.RATE), layers.mse)
    program, reals = compiled(), [a.astype("f4") for a in floats]
    found = {
        "the integer program, NumPy": rate(lambda: hardware.reference.step(*mantissas, *fixed)),
        "the float program, NumPy": rate(lambda: program.step(*reals, x, y)),
    }
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    rule = torch.optim.SGD(model.parameters(), lr=digits.RATE)
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def eager() -> None:
        rule.zero_grad()
        (0.5 * (model(inputs) - targets) ** 2).sum().backward()
        rule.step()

    return {**found, f"PyTorch {torch.__version__}, eager": rate(eager)}


Engines = dict[str, tuple[float, int]]
"""The clocks in MHz that engines reached, and their cycles a step."""


def boards(directories: list[Path]) -> Engines:
    """The engines of boards."""
    found = {}
    for directory in directories:
        try:
            report = json.loads((directory / "digits.report.json").read_text())
        except OSError:
            raise CatgradError(
                f"{directory} has no digits.report.json; build there with "
                f"`make bitstream EXAMPLE=digits`."
            ) from None
        clock = min(clock["fmax_mhz"] for clock in report["clocks"])
        found[f"the engine, {report['name']} on {report['board']}"] = clock, report["interval"]
    return found


def rate_table(engines: Engines) -> Table:
    """Training steps a second, and multiply-accumulates a cycle of the engines."""
    work = digits.hardware().report()
    assert isinstance(work, FoldedReport)
    table = Table(
        "digits 64-32-10, batch 1", "clock", "steps a second", "multiply-accumulates a cycle"
    )
    for name, (clock, cycles) in engines.items():
        table.add_row(
            name,
            f"{clock:.1f} MHz",
            f"{1e6 * clock / cycles:,.0f}",
            f"{work.multiply_accumulates / cycles:.2f}",
        )
    for name, steps in programs().items():
        table.add_row(name, "", f"{steps:,.0f}", "")
    return table


def main() -> int:
    """Print the tables; exit status 1 and one sentence where something is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many places to start from")
    parser.add_argument("--boards", type=Path, nargs="*", default=[], help="where reports are")
    arguments = parser.parse_args()
    console = Console()
    try:
        engines = boards(arguments.boards)
        console.print(cycle_table(console))
        devices, placed = device_table(console, range(1, arguments.seeds + 1))
        console.print(devices)
        console.print(rate_table(placed | engines))
    except CatgradError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
