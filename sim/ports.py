"""The ports of a component: which pins it has, and which integers a payload is made of."""

from __future__ import annotations

from amaranth.hdl import Shape, Value, ValueLike
from amaranth.lib import data, wiring

from catgrad.circuit.format import Format
from sim.words import Field


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
