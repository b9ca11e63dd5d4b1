"""Programs written as expressions on their wires.

Where a diagram would cross many wires, names are easier to follow:

>>> from catgrad.core.types import Dtype
>>> T = NdArrayType((3,), Dtype.float32)
>>> f = program(obj(T, T), lambda x, y: 2 * x * y - x)
>>> print(f.source, "→", f.target, "with", len(f.H.x), "operations")
[float32[3], float32[3]] → [float32[3]] with 5 operations

A wire that is read twice is copied, and one that is not read is discarded, so that the program is
one of B: it can be differentiated if the operations in it can.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from catgrad.bidirectional import operation as B
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, Operation, obj, op
from catgrad.hypergraph import FiniteFunction, Hypergraph, Labels, OpenHypergraph, SegmentedArray
from catgrad.hypergraph.array import integers


@dataclass(frozen=True)
class Wire:
    """A wire of a program that is being written: its number there, and its type."""

    draft: Draft
    node: int
    T: NdArrayType

    def __add__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Add, other)

    def __sub__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Subtract, other)

    def __mul__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Multiply, other)

    def __truediv__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Divide, other)

    def __radd__(self, other: Scalar) -> Wire:
        return self.draft.constant(self.T, other) + self

    def __rsub__(self, other: Scalar) -> Wire:
        return self.draft.constant(self.T, other) - self

    def __rmul__(self, other: Scalar) -> Wire:
        return self.draft.constant(self.T, other) * self

    def __rtruediv__(self, other: Scalar) -> Wire:
        return self.draft.constant(self.T, other) / self

    def __neg__(self) -> Wire:
        return call(B.Negate(self.T), self)

    def __gt__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Gt, other)

    def __lt__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Lt, other)

    def _with(self, operation: Callable[[NdArrayType], Operation], other: Wire | Scalar) -> Wire:
        return call(operation(self.T), self, self._wire(other))

    def _wire(self, other: Wire | Scalar) -> Wire:
        return other if isinstance(other, Wire) else self.draft.constant(self.T, other)


def call(f: Operation | OpenHypergraph, *wires: Wire) -> Wire:
    """An operation or a program with one result, on one wire or several."""
    [result] = calls(f, *wires)
    return result


def calls(f: Operation | OpenHypergraph, *wires: Wire) -> list[Wire]:
    """All results of an operation or a program, on one wire or several."""
    draft = wires[0].draft
    return draft.append(f, wires) if isinstance(f, OpenHypergraph) else draft.apply(f, wires)


def program(A: Labels, body: Callable[..., Any]) -> OpenHypergraph:
    """The program from `A` whose outputs `body` computes of its inputs: one wire, or several.

    Raises ``ArrowTypeError`` where an operation is applied to wires of other types than its own.
    """
    draft = Draft()
    inputs = [draft.new(T) for T in A]
    results = body(*inputs)
    outputs = [results] if isinstance(results, Wire) else list(results)
    return draft.finish([wire.node for wire in inputs], [wire.node for wire in outputs])


@dataclass(eq=False)
class Draft:
    """The operations written so far, with the wires that each reads and writes."""

    types: list[NdArrayType] = field(default_factory=list)
    operations: list[Hashable] = field(default_factory=list)
    reads: list[list[int]] = field(default_factory=list)
    writes: list[list[int]] = field(default_factory=list)

    def new(self, T: NdArrayType) -> Wire:
        """A new wire."""
        self.types.append(T)
        return Wire(self, len(self.types) - 1, T)

    def constant(self, T: NdArrayType, x: Scalar) -> Wire:
        """An array of one number."""
        [wire] = self.apply(B.Constant(T, x))
        return wire

    def apply(self, operation: Operation, wires: Sequence[Wire] = ()) -> list[Wire]:
        """Write down one operation, applied to `wires`."""
        if list(operation.source()) != [wire.T for wire in wires]:
            return self.append(op(operation), wires)  # which raises the error
        results = [self.new(T) for T in operation.target()]
        self._write(operation, [x.node for x in wires], [y.node for y in results])
        return results

    def append(self, f: OpenHypergraph, wires: Sequence[Wire]) -> list[Wire]:
        """Write down all operations of a program, applied to `wires`."""
        A = obj(*(wire.T for wire in wires))
        if f.source != A:
            f = OpenHypergraph.identity(A) >> f  # which raises the error
        place = dict(zip(f.s.table.tolist(), (wire.node for wire in wires), strict=True))
        for node, T in enumerate(f.H.w):
            if node not in place:
                place[node] = self.new(T).node
        for i, x in enumerate(f.H.x):
            reads, writes = f.H.s[i].table.tolist(), f.H.t[i].table.tolist()
            self._write(x, [place[node] for node in reads], [place[node] for node in writes])
        return [Wire(self, place[k], self.types[place[k]]) for k in f.t.table.tolist()]

    def finish(self, inputs: list[int], outputs: list[int]) -> OpenHypergraph:
        """The program, with a copy for each further read of a wire, a discard where there is none.

        ::

                    ╭── first
            x ──●───┤   ╭── second
                    ╰─●─┤
                        ╰── third
        """
        reads = [*self.reads, outputs]
        times = [0] * len(self.types)
        for node in (node for nodes in reads for node in nodes):
            times[node] += 1
        ends = list(range(len(times)))  # The end of each wire that is still free.
        for nodes in reads:
            for i, node in enumerate(nodes):
                times[node] -= 1
                if times[node]:
                    T = self.types[node]
                    nodes[i], rest = self.new(T).node, self.new(T).node
                    self._write(B.Copy(T), [ends[node]], [nodes[i], rest])
                    ends[node] = rest
                else:
                    nodes[i] = ends[node]
        read = {node for nodes in (*self.reads, outputs) for node in nodes}
        for node in [node for node in range(len(self.types)) if node not in read]:
            self._write(B.Discard(self.types[node]), [node], [])
        W = len(self.types)
        H = Hypergraph(
            _segments(self.reads, W),
            _segments(self.writes, W),
            Labels.of(self.types),
            Labels.of(self.operations),
        )
        return OpenHypergraph(FiniteFunction.of(inputs, W), FiniteFunction.of(outputs, W), H)

    def _write(self, operation: Hashable, reads: list[int], writes: list[int]) -> None:
        self.operations.append(operation)
        self.reads.append(reads)
        self.writes.append(writes)


def _segments(lists: Sequence[Sequence[int]], W: int) -> SegmentedArray[FiniteFunction]:
    flat = [node for nodes in lists for node in nodes]
    return SegmentedArray(integers(map(len, lists), numpy), FiniteFunction.of(flat, W))
