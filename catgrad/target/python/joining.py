"""Small arrays that are treated alike, joined: one call for all of them, not one for each.

To NumPy an operation on 64 numbers takes as long as one on a thousand. What a program does last to
several small arrays, number by number, as a rule of learning does to each parameter, it does to
one array that holds them all (horizontal fusion)::

    mean_1 ── adam ── new_mean_1             mean_1 ──╮              ╭── new_mean_1
                                   becomes            ├──── adam ────┤
    mean_2 ── adam ── new_mean_2             mean_2 ──╯              ╰── new_mean_2

Every number comes out the same, bit by bit: only operations take part that IEEE 754 rounds
correctly, so that it does not matter where in an array a number stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType
from catgrad.special.definition import Named
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python.names import plural
from catgrad.target.python.resizing import Resized
from catgrad.target.python.strands import SPREADING, Strand, Strands, spreads


@dataclass(frozen=True)
class Joined:
    """A program with small arrays joined.

    - ``names``: what to call the wires of joined arrays
    - ``origins``: for each new definition the one that is the same on other arrays
    """

    program: Assignments
    names: Mapping[int, str]
    origins: Mapping[Named, Named]


def joined(
    program: Assignments, stems: Mapping[int, str], is_shapeless: Callable[[Named], bool]
) -> Joined | None:
    """The program with small arrays joined, or None where that would not pay.

    `stems` are the names of its wires; `is_shapeless` tells of a definition whether its function is
    the same for arrays of any shape.
    """
    if program.is_fixed_point:
        return None
    groups = Strands(program, is_shapeless).groups()
    if not groups:
        return None
    writer = _Writer(program, stems)
    for strands in groups:
        writer.join(strands)
    return writer.joined()


class _Writer:
    """Puts the joined arrays into a program."""

    def __init__(self, program: Assignments, stems: Mapping[int, str]) -> None:
        self._program, self._stems = program, stems
        self._types = list(program.types)
        self._dropped: set[int] = set()
        self._added: dict[int, list[Assignment]] = {}
        self._names: dict[int, str] = {}
        self._origins: dict[Named, Named] = {}
        self._spread = spreads(program)

    def join(self, strands: Sequence[Strand]) -> None:
        """Do what each of some strands does to all their arrays at once."""
        [first, *_], body = strands, self._program.body
        sizes = [strand.type.size for strand in strands]
        ends = list(accumulate(sizes, initial=0))
        T = NdArrayType((ends[-1],), first.type.dtype)
        resized, lines = Resized(ends[-1]), _Lines(self._types)
        whole: dict[int, int] = {}  # what takes the place of each wire of the first strand
        columns = dict(zip(first.wires, zip(*(s.wires for s in strands), strict=True), strict=True))
        for wire in first.inputs:
            flat = [lines.reshaped(w, (n,)) for w, n in zip(columns[wire], sizes, strict=True)]
            join = ops.Concatenate(tuple(self._types[w] for w in flat), 0)
            whole[wire] = lines.add(join, flat, T)
        for place in first.places:
            operation, operands, results = body[place]
            label = resized.label(operation)
            if label is not operation and isinstance(label, Named):
                self._origins[label] = operation
            for wire in operands:
                if wire in self._spread and wire not in whole:
                    whole[wire] = self._spread_again(wire, T, lines)
            reads = tuple(whole.get(wire, wire) for wire in operands)
            made = tuple(lines.wire(T) for _ in results)
            whole.update(zip(results, made, strict=True))
            lines.body.append(Assignment(label, reads, made))
        given = {*self._program.results}
        for wire, column in columns.items():
            self._names[whole[wire]] = plural([self._stems[w] for w in column])
            for w, (start, end) in zip(column, pairwise(ends), strict=True):
                if w in given and wire not in first.inputs:
                    part = NdArrayType((end - start,), T.dtype)
                    cut = ops.Slice(T, (start,), (end,))
                    lines.reshaped(lines.add(cut, [whole[wire]], part), self._types[w].shape, w)
        places = [place for strand in strands for place in strand.places]
        self._dropped.update(places)
        self._added[max(places)] = lines.body

    def _spread_again(self, wire: int, T: NdArrayType, lines: _Lines) -> int:
        """What is one number throughout, in the shape of the joined arrays."""
        kind, value = self._spread[wire]
        if kind == "number":
            return lines.add(ops.Constant(T, value), [], T)
        return lines.add(
            ops.Broadcast(self._types[value], NdArrayType(T.shape, T.dtype)), [value], T
        )

    def joined(self) -> Joined:
        """The program, without what nothing reads any more."""
        body: list[Assignment] = []
        for place, assignment in enumerate(self._program.body):
            if place not in self._dropped:
                body.append(assignment)
            body += self._added.get(place, ())
        read = {*self._program.results}
        for assignment in body:
            read.update(assignment.operands)
        body = [a for a in body if not SPREADING.has(a.operation) or a.results[0] in read]
        names = {wire: self._stems[wire] for a in body for wire in a.results if wire in self._stems}
        program = replace(self._program, body=tuple(body), types=self._types)
        return Joined(program, names | self._names, self._origins)


@dataclass
class _Lines:
    """New assignments, and the types of all wires, to which new ones are added."""

    types: list[NdArrayType]
    body: list[Assignment] = field(default_factory=list)

    def wire(self, T: NdArrayType) -> int:
        self.types.append(T)
        return len(self.types) - 1

    def add(
        self, operation: object, operands: Sequence[int], T: NdArrayType, wire: int | None = None
    ) -> int:
        """The wire, a new one if none is given, that an operation writes."""
        result = self.wire(T) if wire is None else wire
        self.body.append(Assignment(operation, tuple(operands), (result,)))
        return result

    def reshaped(self, wire: int, shape: tuple[int, ...], result: int | None = None) -> int:
        X = self.types[wire]
        Y = NdArrayType(shape, X.dtype)
        if X == Y and result is None:
            return wire
        if X == Y:  # the operation just added writes the result itself
            operation, operands, _ = self.body.pop()
            return self.add(operation, operands, Y, result)
        return self.add(ops.Reshape(X, Y), [wire], Y, result)
