"""The small algebra of C: what one operation becomes, given the operations that feed it.

Each rule keeps the value and the type of the result exactly. (Floats count as equal when ``==``
says so: ``x + 0`` may turn a negative zero into a positive one, and both are zero.)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from catgrad.core import operation as ops
from catgrad.core.constants import evaluate
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType

OPERANDS = (0, 1)
"""The wires that the operation reads, as a `Rewrite` names them."""

BEYOND = 2
"""The wire that the operation feeding operand 0 reads as its own operand 0; ``BEYOND + k`` is that
which it reads as its operand k."""


@dataclass(frozen=True)
class Rewrite:
    """What takes the place of an operation: ``operation`` applied to the wires ``reads``.

    Without an operation, the result is the one wire read.
    """

    operation: Hashable | None
    reads: tuple[int, ...]


def rewrite(operation: Any, feeding: tuple[Any, ...]) -> Rewrite | None:
    """The rule for an operation, given the operation that feeds each of its operands.

    An operand that is an input of the program, or one of several results, is fed by None. The
    answer is None where no rule applies.

    >>> T = NdArrayType((2,), Dtype.float32)
    >>> rewrite(ops.Add(T), (None, ops.Constant(T, 0)))
    Rewrite(operation=None, reads=(0,))
    >>> rewrite(ops.Add(T), (None, ops.Constant(T, 1))) is None
    True
    """
    if feeding and all(isinstance(source, ops.Constant) for source in feeding):
        value = evaluate(operation, *(source.x for source in feeding))
        if value is not None:
            return Rewrite(ops.Constant(operation.target()[0], value), ())
    return rule(operation, *feeding)


@singledispatch
def rule(_operation: Hashable, *_feeding: Any) -> Rewrite | None:
    """The rule for each kind of operation, by overloading."""
    return None


def _only_if(condition: bool, reads: int) -> Rewrite | None:
    return Rewrite(None, (reads,)) if condition else None


def _is(source: object, value: int) -> bool:
    """Whether an operation is a constant that is worth `value`."""
    if not isinstance(source, ops.Constant):
        return False
    if isinstance(source.T.dtype, Fixed):
        fraction = source.T.dtype.fraction
        return source.x == (value << fraction if fraction >= 0 else value)
    return source.x == value


def _is_fixed_or_integer(T: NdArrayType) -> bool:
    return isinstance(T.dtype, Fixed) or T.dtype is Dtype.int32


@rule.register
def _(operation: ops.Add, first: Any, second: Any) -> Rewrite | None:
    T, U, result = operation.T, operation.second, operation.result()
    return _only_if(_is(second, 0) and result == T, 0) or _only_if(_is(first, 0) and result == U, 1)


@rule.register
def _(operation: ops.Subtract, _first: Any, second: Any) -> Rewrite | None:
    return _only_if(_is(second, 0) and operation.result() == operation.T, 0)


@rule.register
def _(operation: ops.Multiply, first: Any, second: Any) -> Rewrite | None:
    T, U, result = operation.T, operation.second, operation.result()
    if _is_fixed_or_integer(T) and (_is(first, 0) or _is(second, 0)):
        return Rewrite(ops.Constant(result, 0), ())
    return _only_if(_is(second, 1) and result == T, 0) or _only_if(_is(first, 1) and result == U, 1)


@rule.register(ops.Divide)
@rule.register(ops.Power)
def _(_operation: Any, _first: Any, second: Any) -> Rewrite | None:
    return _only_if(_is(second, 1), 0)


@rule.register
def _(operation: ops.Mask, values: Any, bits: Any) -> Rewrite | None:
    if _is(bits, 0):
        return Rewrite(ops.Constant(operation.T, 0), ())
    return _only_if(_is(bits, 1) or _is(values, 0), 0)


@rule.register(ops.Negate)
@rule.register(ops.Invert)
def _(operation: Any, source: Any) -> Rewrite | None:
    twice = type(source) is type(operation)
    return _only_if(twice and source.source() == operation.target(), BEYOND)


@rule.register
def _(operation: ops.Permute, source: Any) -> Rewrite | None:
    if isinstance(source, ops.Permute):
        order = tuple(source.p[i] for i in operation.p)
        return Rewrite(ops.Permute(source.T, order), (BEYOND,))
    return _only_if(operation.p == tuple(range(len(operation.p))), 0)


@rule.register
def _(operation: ops.Reshape, source: Any) -> Rewrite | None:
    if isinstance(source, ops.Reshape):
        return Rewrite(ops.Reshape(source.X, operation.Y), (BEYOND,))
    return _only_if(operation.X == operation.Y, 0)


@rule.register
def _(operation: ops.Broadcast, source: Any) -> Rewrite | None:
    if isinstance(source, ops.Broadcast):
        axes = NdArrayType(operation.N.shape + source.N.shape, source.N.dtype)
        return Rewrite(ops.Broadcast(source.T, axes), (BEYOND,))
    return _only_if(operation.N.shape == (), 0)


@rule.register
def _(operation: ops.NCopy, source: Any) -> Rewrite | None:
    if isinstance(source, ops.NCopy):
        axes = NdArrayType(source.T.shape + operation.T.shape, source.T.dtype)
        return Rewrite(ops.NCopy(source.N, axes), (BEYOND,))
    return _only_if(operation.T.shape == (), 0)


@rule.register
def _(operation: ops.Slice, source: Any) -> Rewrite | None:
    if isinstance(source, ops.Concatenate):
        along, starts = source.axis, source.starts()
        first, last = operation.start[along], operation.stop[along]
        k = bisect_right(starts, first) - 1
        if first < last and last <= starts[k + 1]:
            low, high = (
                (*ends[:along], ends[along] - starts[k], *ends[along + 1 :])
                for ends in (operation.start, operation.stop)
            )
            return Rewrite(ops.Slice(source.types[k], low, high, operation.steps), (BEYOND + k,))
    return _only_if(operation.source() == operation.target(), 0)


@rule.register(ops.Sum)
@rule.register(ops.NAdd)
@rule.register(ops.NMax)
@rule.register(ops.Pad)
@rule.register(ops.Concatenate)
@rule.register(ops.Convert)
def _(operation: Any, *_sources: Any) -> Rewrite | None:
    return _only_if(operation.source() == operation.target(), 0)


@rule.register(ops.ReduceSum)
@rule.register(ops.ReduceProduct)
@rule.register(ops.ReduceMax)
@rule.register(ops.ReduceMin)
@rule.register(ops.Repeat)
def _(operation: ops.AlongAxes, _source: Any) -> Rewrite | None:
    return _only_if(not operation.axes, 0)


@rule.register
def _(operation: ops.Requantise, _source: Any) -> Rewrite | None:
    return _only_if(operation.T.dtype == operation.dtype, 0)


@rule.register
def _(operation: ops.InRange, _source: Any) -> Rewrite | None:
    form = operation.T.fixed
    ends = (evaluate(operation, form.min), evaluate(operation, form.max))
    # Rounding is monotone, so what holds both ends holds all between.
    always = Rewrite(ops.Constant(operation.T.with_dtype(BIT), 1), ())
    return always if ends == (1, 1) else None
