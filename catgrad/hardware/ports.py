"""What the ports of hardware mean, for whoever reads its Verilog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catgrad.export import Options
from catgrad.hardware.folding import FoldedReport
from catgrad.hardware.report import PipelineReport
from catgrad.hardware.schedules import Folded, Spatial
from catgrad.hardware.serial import SerialReport
from catgrad.hypergraph.text import plural
from catgrad.parameters import array_names

if TYPE_CHECKING:
    from catgrad.hardware.hardware import Hardware

LOAD_AND_FETCH = (
    "load: address in the low bits, value above; fetch: an address, answered on fetched."
)

COUNTERS = "samples, forward_saturations, learning_saturations: counted modulo 2**32 since a reset."

NO_ROW = "An index that names no row reads zeros, and changes none; such a label is no class."

SERVED = "Parameters are loaded and fetched between samples, which holds the next one back."

KEPT = "A reset leaves parameters as they are."

RESTORED = "A reset brings parameters back to what they began with."

BUSY = "busy: a sample is inside; at 0 parameters and counters are final."

STREAMS = "A payload moves when valid and ready are both 1 at a rising edge of the clock."

FORMATS = (
    "SQ(i,f) are signed numbers of i + f bits, f of them after the binary point; UQ(i,f) unsigned."
)

WHOLE = ("Arrays lie row by row, element 0 in the lowest bits.",)

SERIAL = (
    "A payload is one number: arrays one after another, row by row, as many transfers as they",
    "have numbers. Narrower ones lie in the low bits, extended.",
)


def port_comment(hardware: Hardware) -> str:
    """Lines of Verilog comment."""
    return "".join(f"// {line}\n" for line in port_lines(hardware, Options()))


def port_lines(hardware: Hardware, options: Options) -> list[str]:
    """What the ports are, of those that the core has behind the buses that were chosen.

    Whoever chose a bus is told elsewhere what its ports are, and how numbers lie on them.
    """
    axi, behind = options.streams == "axi", options.registers is not None
    folded = isinstance(hardware.schedule, Folded)
    given = hardware.learner.given_names
    streams = {
        "x": hardware.x_types,
        "y": hardware.y_types if hardware.learns else [],
        "prediction": hardware.prediction_types,
    }
    active_low = axi or options.registers == "axi-lite"
    names = array_names(hardware.parameter_names)
    return [
        *([] if axi else [STREAMS, *(SERIAL if folded else WHOLE)]),
        FORMATS,
        *(
            f"  {stream}__payload: {', '.join(map(str, types))}"
            for stream, types in streams.items()
            if sum(T.size for T in types) and not axi
        ),
        *(
            f"  parameter {name}: {T}"
            for name, T in zip(names, hardware.parameter_types, strict=True)
            if T.size
        ),
        *(_train(hardware, options) if hardware.learns else ["It only predicts."]),
        "aresetn: synchronous, active low." if active_low else "rst: synchronous, active high.",
        *([f"y ends in {', '.join(given)}: given at each step."] if given else []),
        *([NO_ROW] if hardware.has_indices else []),
        *([LOAD_AND_FETCH] if hardware.parameter_types and not behind else []),
        *([] if behind else [COUNTERS]),
        *_times(hardware, options),
    ]


def every(interval: int) -> str:
    """How often there is a sample, at the beginning of a sentence."""
    return "One sample every cycle" if interval == 1 else f"One sample every {interval} cycles"


def _pipeline_times(hardware: Hardware, report: PipelineReport, behind: bool) -> list[str]:
    learns, beat = hardware.learns, hardware.pipeline.beat
    has_target = learns and sum(T.size for T in hardware.y_types) > 0
    numbers = sum(T.size for T in hardware.parameter_types)
    turns, own = report.channels > 1, numbers > 0 and not behind
    sooner = learns and report.predict_interval != report.interval
    return [
        *([] if behind else [BUSY]),
        *([SERVED] if hardware.parameter_types else []),
        *([f"Sample n belongs to learner n modulo {report.channels}."] if turns else []),
        *([f"Parameter i of learner c has address {numbers} * c + i."] if turns and own else []),
        *([KEPT if turns else RESTORED] if numbers else []),
        *([f"Each step is taken {report.delay} learned samples late."] if report.delay else []),
        *(enters(beat, has_target)),
        f"A prediction is valid {plural(report.latency, 'cycle')} after its sample enters.",
        f"{every(report.interval)}, if nothing stalls"
        + (f", or {report.predict_interval} behind one not learned from." if sooner else "."),
    ]


def enters(beat: int, has_target: bool) -> list[str]:
    """When a sample enters a pipeline with this beat, in sentences."""
    lines = [f"Samples enter in one of {beat} cycles, and wait for it."] if beat > 1 else []
    if has_target:
        later = "a cycle" if beat == 1 else "two cycles"
        lines += [
            "y may be transferred before its x.",
            f"A sample that is learned from enters at the earliest {later} after its y.",
        ]
    return lines


def _train(hardware: Hardware, options: Options) -> list[str]:
    if isinstance(hardware.schedule, Spatial) and hardware.schedule.always:
        return ["It learns from every sample."]
    if not options.plain:
        return ["A sample that is not learned from takes no y."]
    when = "the first number of x" if isinstance(hardware.schedule, Folded) else "x"
    return [f"train: sampled with {when}; 0 predicts only, and takes no y."]


def _times(hardware: Hardware, options: Options) -> list[str]:
    report, behind = hardware.report(), options.registers is not None
    latency = plural(report.latency, "cycle")
    if isinstance(report, PipelineReport):
        return _pipeline_times(hardware, report, behind)
    if isinstance(report, SerialReport):
        return [
            *([] if behind else [BUSY]),
            *([SERVED, KEPT] if hardware.parameter_types else []),
            f"A prediction is valid {latency} after an x that is waited for.",
            f"{every(report.interval)}, if nothing stalls.",
        ]
    if not isinstance(report, FoldedReport):
        taken = "x and y are" if hardware.learns else "x is"
        return [
            *([RESTORED] if hardware.parameter_types else []),
            f"A prediction is valid {latency} after {taken} taken.",
        ]
    places = [
        "The parameters are in memories, at addresses that hardware.addresses() says, which are in",
        "addresses.json beside an export. At an address of no parameter load does nothing, and",
        "fetch answers 0.",
    ]
    last = "x and y" if hardware.learns else "x"
    return [
        *(places if hardware.parameter_types and not behind else []),
        *([SERVED, KEPT] if hardware.parameter_types else []),
        *([] if behind else [BUSY, "That is from the first number of x on."]),
        f"A prediction begins {latency} after the last number of {last}, from idle.",
        f"{every(report.interval)}, if nothing stalls"
        + (f", or {report.predict_interval} if it does not learn." if hardware.learns else "."),
    ]
