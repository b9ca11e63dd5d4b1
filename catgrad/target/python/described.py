"""What results are called by the operation behind them, and by those before it."""

from __future__ import annotations

from collections.abc import Sequence

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition
from catgrad.target.assignments import Assignment
from catgrad.target.python.names import snake_case
from catgrad.target.python.nouns import Contraction, noun_of
from catgrad.target.python.wiring import Wiring


def noun(assignment: Assignment, wiring: Wiring, types: Sequence[NdArrayType]) -> str:
    """What the result of an operation is called; `types` are those of all wires."""
    operation, operands = assignment.operation, assignment.operands
    writers = [wiring.writers.get(wire) for wire in operands]
    kinds = [writer.operation if writer else None for writer in writers]
    bases = [wiring.writers.get(wiring.base(wire)) for wire in operands]
    behind = [writer.operation if writer else None for writer in bases]
    match operation:
        case Kernel() if operation.results:
            return operation.results[0]
        case Definition():
            same = [types[w] for w in operands] == [types[w] for w in assignment.results]
            return "activated" if same else snake_case(operation.symbol())
        case ops.Lookup():
            return "activated"
        case ops.Add() if any(isinstance(kind, ops.Broadcast) for kind in kinds):
            # A float contraction is folded into the sum; the name says what it is all of.
            folded = any(isinstance(kind, Contraction) for kind in kinds)
            return "weighted" if folded and operation.T.is_floating else "biased"
        case ops.Multiply() if _is_condition(kinds):
            return "mask"
        case ops.Multiply() if any(isinstance(kind, ops.Constant) for kind in kinds):
            return "scaled"
        case ops.Multiply() if operands[0] == operands[1]:
            return "square"
        case ops.Multiply() if any(isinstance(kind, ops.ReciprocalSqrt) for kind in behind):
            return "normalised"
        case ops.Multiply() if any(isinstance(kind, ops.Subtract) for kind in kinds):
            return "slope"
        case ops.Divide() if _is_exponential(kinds[0]) and wiring.is_total(operands[1]):
            return "probabilities"
        case ops.Subtract() if isinstance(kinds[0], ops.Constant):
            return "complement"
        case ops.Gt() if isinstance(kinds[1], ops.Constant) and kinds[1].x == 0:
            return "positive"
        case ops.Mask() if isinstance(kinds[1], ops.Gt):
            return "activated"
        case ops.Power() if isinstance(kinds[0], ops.Constant):
            return "exponential"
    return noun_of(operation)


def _is_condition(kinds: Sequence[object]) -> bool:
    """Whether one operand is a number, and the other a comparison that it is there for."""
    constants = [isinstance(kind, ops.Constant) for kind in kinds]
    return any(constants) and any(isinstance(kind, ops.Comparison | ops.Gt) for kind in kinds)


def _is_exponential(operation: object) -> bool:
    return isinstance(operation, ops.Exp | ops.Power)
