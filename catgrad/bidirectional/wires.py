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

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from catgrad.bidirectional import operation as B
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, Operation, obj, op, require_numbers
from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, Hypergraph, Labels, OpenHypergraph, SegmentedArray
from catgrad.hypergraph.array import integers
from catgrad.kernel.refusals import Refusing

_ROOM = "of catgrad.bidirectional.operation"

REMEDIES = {
    "[]": f"take a part by calling Slice.along(x.T, axis, start, stop) {_ROOM}",
    "sum or for": f"add numbers up by calling reduce_sum(x.T, axes) {_ROOM}",
    "len": "ask its type, as in x.T.shape",
    "NumPy": f"call an operation such as Exp(x.T) {_ROOM}",
    "@": f"call Compose or MatrixMultiply {_ROOM}",
}
"""What to write instead of what a wire cannot do."""

OTHERWISE = f"use + - * / ** @, comparisons, where(condition, a, b), or an operation {_ROOM}"


@dataclass(frozen=True, eq=False, repr=False)
class Wire(Refusing):
    """A wire of a program that is being written: its number there, and its type.

    Operators work number by number, beside another wire of the type or one number; ``x @ y`` is the
    product of matrices and vectors. Comparisons give 1 and 0, for `where` to choose by.
    """

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

    def __pos__(self) -> Wire:
        return self

    def __abs__(self) -> Wire:
        return call(B.Abs(self.T), self)

    def __pow__(self, exponent: Wire | Scalar) -> Wire:
        if isinstance(exponent, Wire):
            return call(B.Power(self.T), self, exponent)
        require_numbers("A power of a wire", exponent=exponent)
        return call(B.Exponentiate(self.T, exponent), self)

    def __rpow__(self, base: Scalar) -> Wire:
        return self.draft.constant(self.T, base) ** self

    def __matmul__(self, other: Wire) -> Wire:
        if not isinstance(other, Wire) or not all(len(x.T.shape) in (1, 2) for x in (self, other)):
            raise self.refusal("@")
        rows, inner = (NdArrayType(n, self.T.dtype) for n in (self.T.shape[:-1], self.T.shape[-1:]))
        columns = NdArrayType(other.T.shape[1:], other.T.dtype)
        return call(B.Compose(rows, inner, columns), self, other)

    def __gt__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Gt, other)

    def __ge__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Ge, other)

    def __lt__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Lt, other)

    def __le__(self, other: Wire | Scalar) -> Wire:
        return self._with(B.Le, other)

    def __eq__(self, other: Wire | Scalar) -> Wire:  # type: ignore[override]
        return self._with(B.Eq, other)

    def __ne__(self, other: Wire | Scalar) -> Wire:  # type: ignore[override]
        return self._with(B.Ne, other)

    def __bool__(self) -> bool:
        raise CatgradError(
            f"The body of a program cannot branch on {self}, which stands for numbers that are not "
            f"known yet; write where(condition, a, b), from catgrad.bidirectional.wires."
        )

    def __getitem__(self, _: object) -> Wire:
        raise self.refusal("[]")

    def refusal(self, attempt: str) -> CatgradError:
        remedy = REMEDIES.get(attempt, OTHERWISE)
        return CatgradError(f"The body of a program cannot use {attempt} on {self}; {remedy}.")

    def __repr__(self) -> str:
        return f"a wire of {self.T}"

    def _with(self, operation: Callable[[NdArrayType], Operation], other: Wire | Scalar) -> Wire:
        return call(operation(self.T), self, self._wire(other))

    def _wire(self, other: Wire | Scalar) -> Wire:
        return other if isinstance(other, Wire) else self.draft.constant(self.T, other)


def where(condition: Wire, a: Wire | Scalar, b: Wire | Scalar) -> Wire:
    """`a` where the condition holds, else `b`. A condition is a comparison, such as ``x > 0``."""
    if not isinstance(condition, Wire):
        raise CatgradError(
            f"where chooses by a comparison of wires, such as x > 0, not by {condition!r}; "
            f"compare a wire."
        )
    x = next((x for x in (a, b) if isinstance(x, Wire)), condition)
    return call(B.Select(x.T), condition, x._wire(a), x._wire(b))


def call(f: Operation | OpenHypergraph, *wires: Wire) -> Wire:
    """An operation or a program with one result, on one wire or several."""
    results = calls(f, *wires)
    if len(results) != 1:
        raise CatgradError(
            f"{_named(f)} has {len(results)} results, where call gives one; write calls, which "
            f"gives a list."
        )
    return results[0]


def calls(f: Operation | OpenHypergraph, *wires: Wire) -> list[Wire]:
    """All results of an operation or a program, on one wire or several."""
    called = not isinstance(f, type) and hasattr(f, "source")
    if not called and not isinstance(f, OpenHypergraph):
        op(f)  # which raises the error
    if not wires:
        raise CatgradError(
            f"{_named(f)} is called with no wire; give one for each of its inputs, or, where it "
            f"has none, write [y] = x.draft.apply(operation), x being any wire of the program."
        )
    for x in wires:
        if not isinstance(x, Wire):
            raise CatgradError(
                f"{_named(f)} is called with {x!r}, which is no wire; write it as "
                f"x.draft.constant(T, 1), x being any wire of the program."
            )
    draft = wires[0].draft
    return draft.append(f, wires) if isinstance(f, OpenHypergraph) else draft.apply(f, wires)


def program(A: Labels, body: Callable[..., Any]) -> OpenHypergraph:
    """The program from `A` whose outputs `body` computes of its inputs: one wire, or several.

    Raises ``ArrowTypeError`` where an operation is applied to wires of other types than its own.
    """
    if not isinstance(A, Labels):
        raise CatgradError(
            f"A program goes from an object, not from {A}; write program(obj(T), body)."
        )
    draft = Draft()
    inputs = [draft.new(T) for T in A]
    try:
        results = body(*inputs)
    except TypeError as error:
        if error.__traceback__ is None or error.__traceback__.tb_next is not None:
            raise  # from within: the traceback names the line
        raise CatgradError(
            f"The body of a program from {A} is called with a wire for each of these types, which "
            f"it does not take ({error}); give it one parameter for each."
        ) from None
    if not isinstance(results, Iterable):
        raise _no_wires(results)
    outputs = [results] if isinstance(results, Wire) else list(results)
    if not all(isinstance(x, Wire) for x in outputs):
        raise _no_wires(results)
    return draft.finish(inputs, outputs)


def _no_wires(results: object) -> CatgradError:
    return CatgradError(
        f"The body of a program returns a wire or several, not {results!r}; return what it "
        f"computes, as in return x + y, and x.draft.constant(x.T, 1) for a number."
    )


def _named(f: object) -> str:
    return "The program" if isinstance(f, OpenHypergraph) else type(f).__name__


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
        reads = self._nodes(wires)
        results = [self.new(T) for T in operation.target()]
        self._write(operation, reads, self._nodes(results))
        return results

    def append(self, f: OpenHypergraph, wires: Sequence[Wire]) -> list[Wire]:
        """Write down all operations of a program, applied to `wires`."""
        A = obj(*(wire.T for wire in wires))
        if f.source != A:
            f = OpenHypergraph.identity(A) >> f  # which raises the error
        place = dict(zip(f.s.table.tolist(), self._nodes(wires), strict=True))
        for node, T in enumerate(f.H.w):
            if node not in place:
                place[node] = self.new(T).node
        for i, x in enumerate(f.H.x):
            reads, writes = f.H.s[i].table.tolist(), f.H.t[i].table.tolist()
            self._write(x, [place[node] for node in reads], [place[node] for node in writes])
        return [Wire(self, place[k], self.types[place[k]]) for k in f.t.table.tolist()]

    def finish(self, sources: Sequence[Wire], targets: Sequence[Wire]) -> OpenHypergraph:
        """The program, with a copy for each further read of a wire, a discard where there is none.

        ::

                    ╭── first
            x ──●───┤   ╭── second
                    ╰─●─┤
                        ╰── third
        """
        inputs, outputs = self._nodes(sources), self._nodes(targets)
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

    def _nodes(self, wires: Sequence[Wire]) -> list[int]:
        """The numbers of wires, which have to be of this program."""
        for wire in wires:
            if wire.draft is not self:
                raise CatgradError(
                    f"A program cannot read {wire} that belongs to another one; give it an input "
                    f"of that type, and call it with the wire."
                )
        return [wire.node for wire in wires]

    def _write(self, operation: Hashable, reads: list[int], writes: list[int]) -> None:
        self.operations.append(operation)
        self.reads.append(reads)
        self.writes.append(writes)


def _segments(lists: Sequence[Sequence[int]], W: int) -> SegmentedArray[FiniteFunction]:
    flat = [node for nodes in lists for node in nodes]
    return SegmentedArray(integers(map(len, lists), numpy), FiniteFunction.of(flat, W))
