"""A program as a list of assignments: the form that textual targets print."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Any, NamedTuple

from catgrad.core.types import Fixed, NdArrayType
from catgrad.hypergraph import FiniteFunction, OpenHypergraph, SegmentedArray, drivers, layering


class Assignment(NamedTuple):
    """``results = operation(operands)``, each operand and result the number of a wire."""

    operation: Any
    operands: tuple[int, ...]
    results: tuple[int, ...]


@dataclass(frozen=True)
class Assignments:
    """A program in straight-line form: each wire is assigned once, before it is read.

    Picture the body of a function without branches. Operations on which no result depends are
    left out.

    - ``arguments``, ``results``: wires, in the order of the program's inputs and outputs
    - ``body``: in an order that reads well: what a result needs stands right above it, the needs
      of its first operand before those of its second
    - ``types``: of every wire
    """

    arguments: tuple[int, ...]
    body: tuple[Assignment, ...]
    results: tuple[int, ...]
    types: Sequence[NdArrayType]

    @classmethod
    def of(cls, f: OpenHypergraph) -> Assignments:
        """Linearise; raises ``WireError`` or ``CycleError`` where the results have no order."""
        writer = drivers(f).tolist()
        reads, writes, labels = _segments(f.H.s), _segments(f.H.t), list(f.H.x)
        ordered = _depth_first(f.t.table.tolist(), writer, reads)
        if ordered is None:
            layering(f)  # which says where the circle is
        body = tuple(Assignment(labels[i], reads[i], writes[i]) for i in ordered or ())
        return cls(tuple(f.s.table.tolist()), body, tuple(f.t.table.tolist()), list(f.H.w))

    @cached_property
    def distinct_types(self) -> Sequence[NdArrayType]:
        """The types of wires, hardly any of them twice."""
        return [*{id(T): T for T in self.types}.values()]  # types are shared

    @cached_property
    def is_fixed_point(self) -> bool:
        """Whether any wire is of `Fixed` type."""
        return any(isinstance(T.dtype, Fixed) for T in self.distinct_types)

    def uses(self) -> Counter[int]:
        """How often each wire is read, by an operation or as a result."""
        operands = chain.from_iterable(assignment.operands for assignment in self.body)
        return Counter(chain(self.results, operands))

    def writers(self) -> dict[int, Assignment]:
        """The assignment that gives each wire its value; arguments have none."""
        return {wire: assignment for assignment in self.body for wire in assignment.results}

    def readers(self) -> dict[int, list[Assignment]]:
        """The assignments that read each wire."""
        readers: defaultdict[int, list[Assignment]] = defaultdict(list)
        for assignment in self.body:
            for wire in assignment.operands:
                readers[wire].append(assignment)
        return readers


def _segments(ports: SegmentedArray[FiniteFunction]) -> list[tuple[int, ...]]:
    values = ports.values.table.tolist()
    return [tuple(values[a:b]) for a, b in pairwise(ports.offsets.tolist())]


def _depth_first(
    wanted: Sequence[int], writer: Sequence[int], reads: Sequence[tuple[int, ...]]
) -> list[int] | None:
    """The operations that the wanted wires depend on, each after its operands.

    None where some wait for each other.
    """
    ordered: list[int] = []
    begun, done = [False] * len(reads), [False] * len(reads)
    stack = [writer[wire] for wire in reversed(wanted)]
    while stack:
        i = stack[-1]
        if i < 0 or done[i]:
            stack.pop()
        elif begun[i]:
            stack.pop()
            done[i] = True
            ordered.append(i)
        else:
            begun[i] = True
            for wire in reversed(reads[i]):
                j = writer[wire]
                if j >= 0 and not done[j]:
                    if begun[j]:
                        return None
                    stack.append(j)
    return ordered
