"""What the ports of hardware mean, for whoever reads its Verilog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catgrad.hardware.report import FoldedReport, PipelineReport
from catgrad.hardware.schedules import Folded, Spatial
from catgrad.parameters import array_names

if TYPE_CHECKING:
    from catgrad.hardware.hardware import Hardware

LOAD_AND_FETCH = (
    "load: address in the low bits, value above; fetch: an address, answered on fetched."
)

COUNTERS = "samples, forward_saturations, learning_saturations: counted modulo 2**32 since rst."

NO_ROW = "An index that names no row reads zeros, and changes none; such a label is no class."

SERVED = "load and fetch are served between samples, and hold the next one back."

EARLY_TARGETS = "y may be taken before its x; a sample enters when its target is there."

STREAMS = (
    "A learner with stream ports: a payload moves when valid and ready are both 1 at a",
    "rising edge of clk.",
)

WHOLE = (
    "Arrays lie row by row, element 0 in the lowest bits. SQ(i,f) are signed numbers of i + f",
    "bits, f of them after the binary point; UQ(i,f) unsigned.",
)

SERIAL = (
    "A payload is one number: arrays one after another, row by row, as many transfers as they",
    "have numbers. SQ(i,f) are signed numbers of i + f bits, f of them after the binary point;",
    "UQ(i,f) unsigned. Narrower ones lie in the low bits, extended.",
)


def port_comment(hardware: Hardware) -> str:
    """Lines of Verilog comment."""
    folded = isinstance(hardware.schedule, Folded)
    given = hardware.learner.given_names
    ports = {
        "x__payload": hardware.x_types,
        "y__payload": hardware.y_types if hardware.learns else [],
        "prediction__payload": hardware.prediction_types,
    }
    names = array_names(hardware.parameter_names)
    lines = [
        *STREAMS,
        *(SERIAL if folded else WHOLE),
        *(
            f"  {port}: {', '.join(map(str, types))}"
            for port, types in ports.items()
            if sum(T.size for T in types)
        ),
        *(
            f"  parameter {name}: {T}"
            for name, T in zip(names, hardware.parameter_types, strict=True)
            if T.size
        ),
        *(_train(hardware) if hardware.learns else ["It only predicts."]),
        "rst: synchronous, active high.",
        *([f"y ends in {', '.join(given)}: given at each step."] if given else []),
        *([NO_ROW] if hardware.has_indices else []),
        *([LOAD_AND_FETCH] if hardware.parameter_types else []),
        COUNTERS,
        *_times(hardware),
    ]
    return "".join(f"// {line}\n" for line in lines)


def _pipeline_times(hardware: Hardware, report: PipelineReport) -> list[str]:
    learns = hardware.learns
    numbers = sum(T.size for T in hardware.parameter_types)
    sooner = learns and report.predict_interval != report.interval
    return [
        "busy: a sample is inside; at 0 parameters and counters are final.",
        *([SERVED] if hardware.parameter_types else []),
        *(
            [
                f"Sample n belongs to learner n modulo {report.channels}; parameter i of learner c",
                f"has address {numbers} * c + i. rst leaves parameters as they are.",
            ]
            if report.channels > 1
            else []
        ),
        *([f"Each step is taken {report.delay} learned samples late."] if report.delay else []),
        *([EARLY_TARGETS] if learns else []),
        f"A prediction is valid {report.latency} cycles after x is taken.",
        f"One sample every {report.interval} cycles, if nothing stalls"
        + (f", or {report.predict_interval} behind one with train at 0." if sooner else "."),
    ]


def _train(hardware: Hardware) -> list[str]:
    if isinstance(hardware.schedule, Spatial) and hardware.schedule.always:
        return ["It learns from every sample."]
    when = "the first number of x" if isinstance(hardware.schedule, Folded) else "x"
    return [f"train: sampled with {when}; 0 predicts only, and takes no y."]


def _times(hardware: Hardware) -> list[str]:
    report = hardware.report()
    if isinstance(report, PipelineReport):
        return _pipeline_times(hardware, report)
    if not isinstance(report, FoldedReport):
        return [f"A prediction is valid {report.latency} cycles after x and y are taken."]
    places = [
        "The parameters are in memories, at addresses that hardware.addresses() says, which are in",
        "addresses.json beside an export. They are loaded and fetched between samples; one that",
        "waits for that holds the next sample back. rst leaves them as they are.",
    ]
    return [
        *(places if hardware.parameter_types else []),
        "busy: from the first number of x on a sample is inside; at 0 parameters and counters are",
        "final.",
        f"A prediction begins {report.latency} cycles after the last number of x and y, from idle.",
        f"One sample every {report.interval} cycles, if nothing stalls"
        + (f", or {report.predict_interval} with train at 0." if hardware.learns else "."),
    ]
