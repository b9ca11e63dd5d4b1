"""What each operation of S computes, on arrays of numbers.

Floating-point numbers, int32 and bool behave as in NumPy. A fixed-point number is its mantissa:
int64 where the format has at most 63 bits, else a Python integer (dtype object). Where the way to a
result needs more bits than that, it leads through Python integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catgrad.core import exact
from catgrad.core import operation as ops
from catgrad.core.constants import COMPARISONS, FUNCTIONS
from catgrad.core.types import Fixed, NdArrayType, Operation
from catgrad.errors import CatgradError

Numbers = NDArray[Any]

ON_PAIRS: dict[type, Callable[[Numbers, Numbers], Numbers]] = {
    ops.Add: np.add,
    ops.Subtract: np.subtract,
    ops.Minimum: np.minimum,
    ops.Maximum: np.maximum,
    **COMPARISONS,
}
"""Operations on two numbers with one binary point."""

INT64_BITS = 63
"""Every mantissa of at most this many bits, signed or not, lies in int64."""


def numpy_dtype(T: NdArrayType) -> np.dtype[Any]:
    """The NumPy dtype of the elements of an array."""
    if isinstance(T.dtype, Fixed):
        return np.dtype(np.int64 if T.dtype.width <= INT64_BITS else object)
    return np.dtype(str(T.dtype))


def meaning(operation: Operation, *operands: Numbers) -> Numbers:
    """The result of an operation, element by element.

    The operands have one shape; without operands the result has shape ``()``. It holds the right
    numbers, perhaps in a wider NumPy dtype than `numpy_dtype` gives.

    Raises ``CatgradError`` at an operation that is not in S.
    """
    result: Numbers
    match operation:
        case ops.Constant(T, value):
            result = np.array(value, dtype=numpy_dtype(T))
        case ops.Multiply():
            result = np.multiply(*exactly(operation.result(), operands))
        case ops.Select():
            bit, *numbers = operands
            result = np.where(bit != 0, *aligned(operation, *numbers))
        case ops.Elementwise() if type(operation) in ON_PAIRS:
            result = ON_PAIRS[type(operation)](*aligned(operation, *operands))
        case ops.Unary() if type(operation) in FUNCTIONS:
            result = FUNCTIONS[type(operation)](*operands)
        case ops.Mask():
            number, bit = operands
            result = np.where(bit != 0, number, np.zeros_like(number))
        case ops.Negate():
            result = np.negative(*exactly(operation.target()[0], operands))
        case ops.Abs():
            result = np.absolute(*exactly(operation.target()[0], operands))
        case ops.Sign():
            result = np.sign(*operands)
        case ops.Convert(T, dtype):
            [x] = operands
            result = x.astype(numpy_dtype(T.with_dtype(dtype)))
        case ops.Invert():
            result = np.invert(*operands)
        case ops.Divide():
            divide = np.divide if operation.T.is_floating else np.floor_divide
            result = divide(*operands)
        case ops.Power():
            result = np.power(*operands)
        case ops.Requantise(T, dtype, rounding, overflow):
            result = fitted(rounded(T.fixed, dtype, rounding, *operands), dtype, overflow)
        case ops.InRange(T, dtype, rounding):
            mantissas = rounded(T.fixed, dtype, rounding, *operands)
            result = (dtype.min <= mantissas) & (mantissas <= dtype.max)
        case ops.Lookup(T, dtype, entries):
            [index] = operands
            table = np.array(entries, dtype=numpy_dtype(T.with_dtype(dtype)))
            result = table[np.asarray(index & (len(entries) - 1), dtype=np.int64)]
        case _:
            name = type(operation).__name__
            raise CatgradError(
                f"{name} has no meaning on single numbers; unroll the program first."
            )
    return result


def exactly(T: NdArrayType, operands: Sequence[Numbers]) -> Sequence[Numbers]:
    """The operands of a computation that does not leave the format of `T`."""
    return [widened(x, T.dtype.width) for x in operands] if isinstance(T.dtype, Fixed) else operands


def aligned(operation: ops.Elementwise, x: Numbers, y: Numbers) -> Sequence[Numbers]:
    """Two operands with one binary point, and a bit to spare for their sum or difference."""
    a, b = operation.T.dtype, operation.second.dtype
    if not (isinstance(a, Fixed) and isinstance(b, Fixed)):
        return x, y
    _, i, j = exact.aligned(a, b)
    bits = max(a.width + i, b.width + j) + 1
    return widened(x, bits) << i, widened(y, bits) << j


def rounded(a: Fixed, b: Fixed, rounding: ops.Rounding, x: Numbers) -> Numbers:
    """Mantissas of format `a` in the units of format `b`."""
    shift = a.fraction - b.fraction
    x = widened(x, max(a.width, a.width - shift, shift) + 1)
    if shift <= 0:
        return x << -shift
    half = 1 << (shift - 1)
    match rounding:
        case ops.Rounding.TRUNCATE:
            return x >> shift
        case ops.Rounding.HALF_UP:
            return (x + half) >> shift
        case ops.Rounding.HALF_EVEN:
            odd: Numbers = (x >> shift) & 1
            return (x + (half - 1) + odd) >> shift


def fitted(x: Numbers, b: Fixed, overflow: ops.Overflow) -> Numbers:
    """Any mantissas, brought into the range of format `b`."""
    x = widened(x, b.width + 1)
    if overflow is ops.Overflow.SATURATE:
        return np.clip(x, b.min, b.max)
    wrapped: Numbers = (x - b.min) % (1 << b.width) + b.min
    return wrapped


def widened(x: Numbers, bits: int) -> Numbers:
    """Integers in a NumPy dtype that holds any of `bits` bits."""
    return x.astype(object) if bits > INT64_BITS else x
