"""From a command line to hardware: the model, its learning rule, formats and schedule."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boards.checkpoint import Checkpoint
from boards.describe import formats_of
from boards.serial import Front
from catgrad.cli.fronts import front_of
from catgrad.cli.loading import MODEL, find, load, split
from catgrad.cli.rules import canonical, require
from catgrad.core.types import NdArrayType
from catgrad.dsp import Filter
from catgrad.errors import CatgradError
from catgrad.fixed.boundary import Integers
from catgrad.fixed.formats import Formats
from catgrad.hardware import Folded, Hardware, Serial, Spatial, compile_hardware
from catgrad.hardware.schedules import BLOCKS, Schedule, SpatialFamily
from catgrad.hdl.keywords import KEYWORDS
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.parameter import factor_parameters

RULE, LOSS, FORMAT, LANES = "sgd(0.03125)", "mse", "16.12", 8
HARDWARE = "hardware"
"""What is taken of a file that holds several programs, if it is there."""

LEAST = {"lanes": 1, "cycles": 1, "delay": 0, "channels": 1, "interval": 1, "seed": 0}
MOST_LANES = 1024
"""More multipliers than any board here has."""

SCHEDULES = ("lanes", "cycles", "clock", "serial")
PIPELINES = ("delay", "channels", "interval")
"""The options that each choose a schedule, and those that go with a clock."""

MHZ = (0.001, 10_000)
"""The clocks that anybody may mean."""

NOTES = """\
A Hardware brings its rule, loss, formats and schedule; --lanes changes how many lanes it has. A
model gets them from the options. Parameters start small and random, as --seed says, or as --load
does.
"""


@dataclass(frozen=True)
class Compiled:
    """Hardware, what it is called, the file that it comes from, and what it starts with."""

    hardware: Hardware
    name: str
    module: ModuleType
    parameters: list[Integers]

    @property
    def component(self) -> Any:
        """The Amaranth component, with these parameters."""
        return self.hardware.component(self.parameters)

    @property
    def identifier(self) -> str:
        """The name, as one that a Verilog module may have.

        >>> [Compiled(None, name, None, []).identifier for name in ("my-net", "table", "2d")]
        ['my_net', 'table_', '_2d']
        """
        name = re.sub(r"\W", "_", self.name, flags=re.ASCII)
        name = f"_{name}" if name[:1].isdigit() else name
        return f"{name}_" if name in KEYWORDS else name

    @cached_property
    def front(self) -> Front | None:
        """What the file puts in front of the hardware on a board, if it says that it does."""
        return front_of(self.module, self.hardware)

    @property
    def x_types(self) -> Sequence[NdArrayType]:
        """The arrays of each sample that a board takes: those of the model, or an array that the
        front takes, in the format of the model's first."""
        if self.front is None:
            return self.hardware.x_types
        [T, *_] = self.hardware.x_types
        return [NdArrayType((len(formats_of(self.front.i.payload.shape())),), T.dtype)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say what is compiled and how."""
    parser.add_argument(
        "program",
        metavar="FILE[:NAME]",
        help="a Python file, and in it a model, a Filter, a Hardware, a function without arguments "
        "that returns one, or an expression",
    )
    group = parser.add_argument_group("learning")
    group.add_argument("--rule", help=f"learning rule, from FILE or layers ({RULE})")
    group.add_argument("--loss", help=f"loss, from FILE or layers ({LOSS})")
    group.add_argument(
        "--format",
        metavar="W.F",
        help=f"bits of a number, and how many are its fraction ({FORMAT})",
    )
    group.add_argument("--seed", type=int, default=0, help="of the parameters (%(default)s)")
    group.add_argument(
        "--load", metavar="NPZ", help="parameters, as mantissas: saved ones, or a run's checkpoint"
    )
    group = parser.add_argument_group("schedule")
    group.add_argument("--lanes", type=int, help=f"share this many multipliers ({LANES})")
    group.add_argument("--cycles", type=int, help="or: a circuit for each operation, in N cycles")
    group.add_argument("--clock", metavar="MHZ", type=float, help="or: a pipeline for this clock")
    group.add_argument("--delay", metavar="D", type=int, help="... whose updates come D steps late")
    group.add_argument("--channels", metavar="C", type=int, help="... that C learners share")
    group.add_argument(
        "--interval", metavar="N", type=int, help="... whose samples share blocks, N cycles apart"
    )
    group.add_argument(
        "--serial", action="store_true", default=None, help="or: one multiplier, for a filter"
    )
    group.add_argument("--predict-only", action="store_true", help="lanes that do not learn")


def compiled(arguments: argparse.Namespace, family: SpatialFamily | None = None) -> Compiled:
    """The hardware that a command line asks for, for a family of FPGAs."""
    at_least(arguments, **LEAST)
    if arguments.lanes is not None and arguments.lanes > MOST_LANES:
        raise CatgradError(
            f"--lanes {arguments.lanes} is more than {MOST_LANES}, and no board has so many "
            f"multipliers; give at most {MOST_LANES}."
        )
    if arguments.clock is not None and not MHZ[0] <= arguments.clock <= MHZ[1]:
        raise CatgradError(
            f"--clock {arguments.clock:g} is no clock in MHz; give one from {MHZ[0]:g} to "
            f"{MHZ[1]:,}, as in --clock 50."
        )
    path, name = split(arguments.program)
    module = load(path)
    if name is None and hasattr(module, HARDWARE):
        name = HARDWARE
    value, name = find(module, path, name)
    if isinstance(value, Hardware):
        hardware = rescheduled(arguments, value, family)
    elif isinstance(value, OpenHypergraph | Filter):
        hardware = from_model(arguments, module, value, family)
    else:
        raise CatgradError(
            f"{path}:{name} is a Learner, whose rule and loss are in place already; name the "
            f"model, or what compile_hardware returns."
        )
    if name == MODEL and hasattr(module, HARDWARE):  # whose files are called after the file
        name = f"{path.stem}_{MODEL}"
    elif name in (HARDWARE, MODEL):  # as programs of other files are called, too
        name = path.stem
    if arguments.load:
        parameters = loaded(arguments.load, hardware)
    else:
        parameters = hardware.quantise_parameters(initial(hardware, arguments.seed))
    return Compiled(hardware, name, module, parameters)


def rescheduled(
    arguments: argparse.Namespace, hardware: Hardware, family: SpatialFamily | None
) -> Hardware:
    """Hardware with the multipliers of a family, and with as many lanes as the command asks for."""
    for option in ("rule", "loss", "format", *SCHEDULES, *PIPELINES):
        if option != "lanes" and (given := getattr(arguments, option)) is not None:
            text = option if given is True else f"{option} {given}"
            raise CatgradError(
                f"--{text} cannot change a Hardware, which brings its own; leave the "
                f"option out, or name the model."
            )
    schedule = hardware.schedule
    if isinstance(schedule, Folded):
        lanes = arguments.lanes or schedule.lanes
        learns = schedule.learns and not arguments.predict_only
        blocks = BLOCKS[family] if family else schedule.family
        schedule = replace(schedule, lanes=lanes, learns=learns, family=blocks)
    elif arguments.lanes is not None:
        kind = "serial" if isinstance(schedule, Serial) else "spatial"
        raise CatgradError(
            f"--lanes {arguments.lanes} cannot change a Hardware whose schedule is {kind}; leave "
            f"the option out, or name the model."
        )
    elif isinstance(schedule, Serial) and family:
        schedule = serial(family)
    return replace(hardware, schedule=schedule)


def from_model(
    arguments: argparse.Namespace,
    module: ModuleType,
    model: OpenHypergraph | Filter,
    family: SpatialFamily | None,
) -> Hardware:
    """A model with the rule, the loss, the formats and the schedule of the options.

    A filter brings its rule and its loss; options say otherwise.
    """
    rule, loss = (
        canonical(module, "--rule", arguments.rule or RULE),
        canonical(module, "--loss", arguments.loss or LOSS),
    )
    if isinstance(model, Filter):
        rule = rule if arguments.rule else model.rule
        loss = loss if arguments.loss else model.loss
        model = model.model
    if arguments.rule:
        require("--rule", arguments.rule, rule, factor_parameters(model)[0].target)
    if arguments.loss:
        require("--loss", arguments.loss, loss, model.target)
    formats = uniform(arguments.format or FORMAT)
    return compile_hardware(model, rule, loss, formats, scheduled(arguments, family))


def uniform(text: str) -> Formats:
    """``W.F``: numbers of W bits, F of them behind the binary point."""
    parts = re.fullmatch(r"(\d+)\.(\d+)", text)
    if parts is None:
        raise CatgradError(
            f"--format {text} is not two numbers with a point between them; write 16.12 for 16 "
            f"bits, 12 of them after the binary point."
        )
    try:
        return Formats.uniform(int(parts[1]), int(parts[2]))
    except CatgradError as error:
        raise CatgradError(f"--format {text}: {error}") from error


def scheduled(arguments: argparse.Namespace, family: SpatialFamily | None) -> Schedule:
    """The schedule that the options ask for; folded, on eight lanes, where they say nothing."""
    chosen = [option for option in SCHEDULES if getattr(arguments, option) is not None]
    if len(chosen) > 1:
        raise CatgradError(
            f"--{chosen[0]} and --{chosen[1]} are two ways to schedule the same work; give one."
        )
    for option in PIPELINES:
        if getattr(arguments, option) is not None and chosen != ["clock"]:
            raise CatgradError(
                f"--{option} belongs to a pipeline; give its clock too, as in --clock 50."
            )
    if arguments.predict_only and chosen not in ([], ["lanes"]):
        raise CatgradError(
            f"--predict-only is for lanes, not --{chosen[0]}; leave one of the two out."
        )
    if chosen == ["cycles"]:
        return Spatial(cycles=arguments.cycles)
    if chosen == ["clock"]:
        more = {option: getattr(arguments, option) for option in PIPELINES}
        given = {option: value for option, value in more.items() if value is not None}
        return Spatial(clock=arguments.clock * 1e6, family=family, **given)
    if chosen == ["serial"]:
        return serial(family)
    lanes = LANES if arguments.lanes is None else arguments.lanes
    blocks = BLOCKS[family] if family else None
    return Folded(lanes=lanes, learns=not arguments.predict_only, family=blocks)


def serial(family: SpatialFamily | None) -> Serial:
    """One multiplier: the block of the family, if it is one that accumulates."""
    return Serial(family="ice40" if family and BLOCKS[family] == "ice40" else None)


def loaded(path: str, hardware: Hardware) -> list[Integers]:
    """The parameters in a file: a checkpoint of a run, or what `save_parameters` wrote."""
    try:
        checkpoint = Checkpoint.read(path)
    except CatgradError:
        return hardware.load_parameters(path)
    types, flat = hardware.parameter_types, checkpoint.parameters
    formats = [T.fixed for T in types for _ in range(T.size)]
    if len(flat) != len(formats):
        raise CatgradError(
            f"{path} is a checkpoint of {len(flat)} parameters, and this program has "
            f"{len(formats)}; load one of this program."
        )
    # One that does not say is taken for one of the same formats.
    steps = checkpoint.steps or [f.step for f in formats]
    for place, (value, step, f) in enumerate(zip(flat, steps, formats, strict=True)):
        if step != f.step:
            raise CatgradError(
                f"{path} is a checkpoint whose parameter {place} counts steps of {step:g}, and "
                f"that of this program steps of {f.step:g}; load one of the same formats."
            )
        if not f.min <= value <= f.max:
            raise CatgradError(
                f"{path} is a checkpoint whose parameter {place} is {value}, and that of this "
                f"program goes from {f.min} to {f.max}; load one of the same formats."
            )
    return hardware.unflatten(flat, types)


def initial(hardware: Hardware, seed: int) -> list[NDArray[np.float64]]:
    """Small random weights, in proportion to the root of how many numbers they sum; zeros else."""
    random = np.random.default_rng(seed)

    def weights(T: NdArrayType) -> NDArray[np.float64]:
        if len(T.shape) < 2:
            return np.zeros(T.shape)
        drawn: NDArray[np.float64] = random.uniform(-1, 1, T.shape) / np.sqrt(np.prod(T.shape[:-1]))
        return drawn

    return [weights(T) for T in hardware.parameter_types[: hardware.learner.parameters]]


def at_least(arguments: argparse.Namespace, **least: int) -> None:
    """CatgradError if an option is given a number that is too small."""
    for name, number in least.items():
        value = getattr(arguments, name)
        if value is not None and value < number:
            raise CatgradError(f"--{name} {value} is less than {number}; give at least {number}.")


def suffixed(path: str | Path, suffix: str) -> Path:
    """A path that ends as it has to."""
    path = Path(path)
    if path.suffix != suffix:
        raise CatgradError(f"{path} is not the name of a {suffix} file; end it in {suffix}.")
    return path


def table(rows: Sequence[tuple[str, object]]) -> str:
    """Names and what they are, for people."""
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
