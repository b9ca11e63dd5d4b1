"""Where truth values stand for ones and zeros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catgrad.core import operation as ops
from catgrad.core.types import BIT, Dtype, NdArrayType
from catgrad.target.assignments import Assignment

Writers = Mapping[int, Assignment]
"""The assignment that gives each wire its value."""


def takes_condition(reader: Assignment, wire: int, writers: Writers, is_fixed: bool) -> bool:
    """Whether an operation does with truth values what it does with ones and zeros."""
    match reader.operation:
        case ops.Mask():
            return reader.operands[0] != wire
        case ops.Select():
            return wire not in reader.operands[1:]
        case ops.Convert():
            return True
        case ops.Sum() | ops.NAdd():
            # A sum of truth values is an int64, as a sum of mantissas is.
            return is_fixed
        case ops.Gt() as comparison if comparison.T.dtype == comparison.second.dtype == BIT:
            # 1 > bit is the complement.
            one = writers.get(reader.operands[0])
            return one is not None and is_constant(one.operation, 1)
    return False


def is_clip(mask: Assignment, types: Sequence[NdArrayType], writers: Writers) -> bool:
    """Whether this is ``Mask(x, x > 0)``, that is max(x, 0)."""
    x, bits = mask.operands
    comparison = writers.get(bits)
    if types[x].dtype is Dtype.bool or not comparison:
        return False
    if not isinstance(comparison.operation, ops.Gt):
        return False
    left, right = comparison.operands
    zero = writers.get(right)
    return left == x and zero is not None and is_constant(zero.operation, 0)


def is_constant(operation: object, value: int) -> bool:
    """Whether an operation gives one number throughout."""
    return isinstance(operation, ops.Constant) and operation.x == value
