"""Which arguments of a program are indices, and into how many rows."""

from __future__ import annotations

from collections.abc import Iterator

from catgrad.core import operation as ops
from catgrad.core.types import Dtype
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.definition import Definition, extract_definitions
from catgrad.target.assignments import Assignment, Assignments

Passing = ops.Broadcast | ops.NCopy | ops.Permute | ops.Reshape
"""Operations that hand on all numbers, and no others."""


def index_ranges(f: OpenHypergraph) -> dict[int, int]:
    """For each argument, by number, that `f` takes indices from: how many rows these can name.

    >>> from catgrad.core.types import NdArrayType, op
    >>> table, index = NdArrayType((65, 8), Dtype.float32), NdArrayType((3,), Dtype.int32)
    >>> index_ranges(op(ops.Gather(table, index)))
    {1: 65}
    """
    if all(T.dtype is not Dtype.int32 for T in f.source):
        return {}
    known: dict[Definition, dict[int, int]] = {}
    for x, program in extract_definitions([f]).items():
        known[x] = _ranges(program, known)
    return _ranges(f, known)


def _ranges(f: OpenHypergraph, known: dict[Definition, dict[int, int]]) -> dict[int, int]:
    if all(T.dtype is not Dtype.int32 for T in f.source):
        return {}
    program = Assignments.of(f)
    argument = {wire: i for i, wire in enumerate(program.arguments)}
    ranges: dict[int, int] = {}
    for assignment in program.body:
        operation, operands = assignment.operation, assignment.operands
        if isinstance(operation, Passing) and operands[0] in argument:
            argument[assignment.results[0]] = argument[operands[0]]
        for operand, rows in _indexed(assignment, known):
            if operands[operand] in argument:
                i = argument[operands[operand]]
                ranges[i] = min(rows, ranges.get(i, rows))
    return ranges


def _indexed(
    assignment: Assignment, known: dict[Definition, dict[int, int]]
) -> Iterator[tuple[int, int]]:
    """The operands of an operation that are indices, and into how many rows."""
    match assignment.operation:
        case ops.Gather(T=T):
            yield 1, T.shape[0]
        case ops.ScatterAdd(T=T):
            yield 0, T.shape[0]
        case ops.OneHot(n=n):
            yield 0, n
        case Definition() as definition:
            yield from known[definition].items()
