"""How integers of given formats lie in a payload."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Format as FormattedValue
from amaranth.hdl import Shape, ValueLike
from amaranth.lib import data

from catgrad.circuit.format import Format


class Elements(data.ArrayLayout):
    """An array whose elements are `x.0`, `x.1` in netlists and waveforms, not `x[0]`, `x[1]`.

    By the latter Yosys means bits, and its technology mapping (ABC9) stops where an element has
    the name of a bit: https://github.com/YosysHQ/yosys/issues/4349

    It is equal to the `ArrayLayout` of the same elements.
    """

    def format(self, value: ValueLike, format_spec: str) -> FormattedValue:
        return data.Layout.format(self, value, format_spec)


def shape_of(format: Format) -> Shape:
    """The shape of one integer.

    >>> shape_of(Format(8, True))
    signed(8)
    """
    return Shape(format.width, format.signed)


def layout_of(formats: Sequence[Format]) -> data.Layout:
    """The layout of several integers, element 0 in the lowest bits.

    Elements of one format make an array. Different formats make a structure, whose fields are
    named by their positions.

    >>> layout_of([Format(8, True)] * 3)
    ArrayLayout(signed(8), 3)
    >>> layout_of([Format(8, True), Format(4, False)])
    StructLayout({'0': signed(8), '1': unsigned(4)})
    """
    shapes = [shape_of(format) for format in formats]
    if len(set(formats)) == 1:
        return Elements(shapes[0], len(shapes))
    return data.StructLayout({str(i): shape for i, shape in enumerate(shapes)})


def elements(payload: data.View) -> list[data.View]:
    """The integers in a payload of such a layout, in order."""
    return [payload[field] for field, _ in payload.shape()]
