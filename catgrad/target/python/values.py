"""What stands in the source for a wire."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from catgrad.core.operation import Scalar
from catgrad.core.types import Dtype, Fixed, NdArrayType, Shape
from catgrad.target.python.code import Code, call, infix, literal


class Value(NamedTuple):
    """An expression for a wire.

    - ``type``: of the wire
    - ``shape``: of the array that the expression gives. It may be *thin*, that is, NumPy would
      broadcast it to the shape of the wire: then a repetition costs nothing.
    - ``number``: where the wire is a constant, the number that fills it
    - ``is_condition``: whether the array holds truth values where the wire has ones and zeros
    - ``is_scattered``: whether it is a view of which numbers that follow each other may lie apart
    - ``permuted``: where this is a view of another array, that array and the order of its axes
    - ``reshaped``: where this is another array in a new shape, that array
    - ``factors``: where this is a product number by number of two arrays of its shape, these
    - ``windows``: where this is the windows of another array, that array, their sizes and axes
    """

    code: Code
    type: NdArrayType
    shape: Shape
    number: Scalar | None = None
    is_condition: bool = False
    permuted: tuple[Value, tuple[int, ...]] | None = None
    is_scattered: bool = False
    reshaped: Value | None = None
    windows: tuple[Value, tuple[int, ...], tuple[int, ...]] | None = None
    factors: tuple[Code, Code] | None = None

    @classmethod
    def constant(cls, T: NdArrayType, x: Scalar) -> Value:
        """A constant, written as a number."""
        if T.dtype is Dtype.bool:
            x = bool(x)
        elif not T.is_floating:
            x = int(x)
        return cls(literal(x), T, (), x)

    @property
    def full(self) -> Code:
        """An expression for the array in the shape of the wire."""
        if self.number is not None:
            shape = self.type.shape
            extents, dtype = str(shape[0] if len(shape) == 1 else shape), f"np.{storage(self.type)}"
            if self.number in (0, 1) and shape:
                return call("np.ones" if self.number else "np.zeros", extents, dtype)
            return call("np.full", extents, self.code, dtype)
        if self.shape != self.type.shape:
            return call("np.broadcast_to", self.code, str(self.type.shape))
        return self.code

    def named(self, name: str) -> Value:
        """The same array, under a name."""
        return Value(
            Code(name),
            self.type,
            self.shape,
            None,
            self.is_condition,
            self.permuted,
            self.is_scattered,
            None if self.reshaped and self.reshaped.code.operations else self.reshaped,
            self.windows,
        )

    def materialised(self) -> Value:
        """The same array in the shape of the wire."""
        return Value(self.full, self.type, self.type.shape)

    def aligned(self, shift: int) -> Value:
        """The mantissas with `shift` zeros appended."""
        if shift == 0:
            return self
        if self.number is not None:
            return Value.constant(self.type, int(self.number) << shift)
        return Value(infix("<<", self.code, literal(shift)), self.type, self.shape)


def storage(T: NdArrayType) -> Hashable:
    """The name of the NumPy dtype of an array."""
    return "int64" if isinstance(T.dtype, Fixed) else T.dtype


def elementwise_shape(*values: Value) -> Shape:
    """The shape of what NumPy makes of these arrays element by element."""
    first = values[0].shape if values else ()
    if all(value.shape == first for value in values):
        return first
    return np.broadcast_shapes(*(value.shape for value in values))
