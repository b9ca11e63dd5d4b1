"""The ports of a design: which pins it has, and which integers its payloads are made of.

A payload on the streams of a `catgrad.hdl.transducer.Transducer`, or of a
`catgrad.hdl.pipelined_learner.PipelinedLearner`, is a whole sample. On those of a
`catgrad.hdl.folded.engine.Engine` it is one element of a sample: its arrays one after another, row
by row. An engine keeps its parameters at places of its own, and shows them to `fetch` alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Shape, Value, ValueLike
from amaranth.lib import data, wiring

from catgrad.circuit.format import Format
from sim.words import Field

KINDS = {"x": "x", "y": "y", "prediction": "prediction", "parameters": "state"}
"""What an engine's machine calls the arrays of a port."""


def pins(component: wiring.Component) -> dict[str, ValueLike]:
    """Each pin of the component by its name: "x.valid", "train"."""
    members = component.signature.flatten(component)
    return {".".join(map(str, path)): value for path, _, value in members}


def widths(component: wiring.Component) -> dict[str, int]:
    """The bits of each pin."""
    return {pin: len(Value.cast(value)) for pin, value in pins(component).items()}


def fields(component: wiring.Component, pin: str) -> list[Field]:
    """The integers that a pin carries, in order; none if the component has no such pin."""
    if pin not in pins(component):
        return []
    shape = pins(component)[pin].shape()
    if isinstance(shape, data.Layout):
        places = [(field.offset, Shape.cast(field.shape)) for _, field in shape]
    else:
        places = [(0, shape)]
    return [Field(offset, Format(shape.width, shape.signed)) for offset, shape in places]


def serial(component: wiring.Component) -> bool:
    """Whether a payload is one element of a sample."""
    return hasattr(component, "places")


def shows_parameters(component: wiring.Component) -> bool:
    """Whether a port shows the parameters after each sample, with its prediction.

    In others several samples are inside at a time; their parameters are fetched between samples.
    """
    return not serial(component) and not hasattr(component, "parameter_formats")


def elements(component: wiring.Component, name: str) -> list[Format]:
    """The formats of the integers of a sample's x, y or prediction, or of all parameters."""
    if name == "parameters" and hasattr(component, "parameter_formats"):
        return list(component.parameter_formats)
    if not serial(component):
        pin = name if name == "parameters" else f"{name}.payload"
        return [format for _, format in fields(component, pin)]
    arrays = [array for array in component.machine.phases.arrays if array.kind == KINDS[name]]
    return [
        Format(array.format.width, array.format.signed)
        for array in sorted(arrays, key=lambda array: array.number)
        for _ in range(array.size)
    ]


def places(component: wiring.Component) -> Sequence[int]:
    """The address of each parameter, for load and fetch."""
    if serial(component):
        return [int(place) for place in component.places]
    return range(len(elements(component, "parameters")))


def transfers(component: wiring.Component) -> dict[str, int]:
    """How many transfers on each stream make up a sample; 1 where there is no such stream."""
    return {
        name: len(elements(component, name)) if serial(component) else 1
        for name in ("x", "y", "prediction")
    }
