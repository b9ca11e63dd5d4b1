"""Which definitions become functions of the source, and what these compute.

A definition that stands in one place is expanded there. A call that leaves some results unread
calls a function of its own, which computes no more than the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catgrad.combinators import keep_inputs, keep_outputs
from catgrad.core import operation as ops
from catgrad.core.simplify import simplify
from catgrad.core.types import op
from catgrad.hypergraph import Functor, OpenHypergraph
from catgrad.hypergraph.array import count, host
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import (
    Definition,
    Named,
    definitions_in,
    extract_definitions,
)
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python.expressions import Pointwise
from catgrad.target.python.names import Names, snake_case


def _function(definition: Definition, program: OpenHypergraph) -> Hashable:
    """What tells functions apart: those of one class are alike on arrays of any shape, and so are
    named programs that work number by number."""
    if not isinstance(definition, Named):
        return type(definition), definition.symbol()
    operations = program.H.x.distinct()[0]
    if not all(map(_is_number_by_number, operations)):
        return definition
    kinds = frozenset((type(x), x.x if isinstance(x, ops.Constant) else None) for x in operations)
    return definition.symbol(), definition.arguments, definition.results, kinds


def _is_number_by_number(operation: object) -> bool:
    if isinstance(operation, ops.Broadcast | ops.NCopy):
        return all(T.shape == () for T in operation.source())
    return isinstance(operation, Pointwise | ops.Copy | ops.Discard)


def _largest(programs: Iterable[OpenHypergraph]) -> int:
    sizes = [max(T.size if T.shape else 0 for T in (*f.source, *f.target)) for f in programs]
    return max(sizes) if all(sizes) else 0


DEEPEST = 64
"""How many functions call one another at most."""


def _depths(
    programs: Iterable[OpenHypergraph], definitions: Mapping[Definition, OpenHypergraph]
) -> dict[Definition, int]:
    """How many definitions stand around each, itself included, where they are most."""
    depths = dict.fromkeys((x for f in programs for x in definitions_in(f)), 1)
    for x in reversed([*definitions]):  # callers first
        for y in definitions_in(definitions[x]):
            depths[y] = max(depths.get(y, 0), depths[x] + 1)
    return depths


class Expand(Functor):
    """Puts in their place the programs that only one operation refers to.

    A named program that several functions of a class refer to, each once, is a part of each. Other
    definitions are then functions, since they are what their author gave a class of its own. What
    stands deeper than Python likes to call functions is expanded, too.

    `known`: the programs of definitions; `definitions`: those that are expanded, callees first
    """

    def __init__(
        self,
        known: Mapping[Definition, OpenHypergraph],
        definitions: Mapping[Definition, OpenHypergraph],
        largest: Mapping[Definition, int] | None = None,
    ) -> None:
        super().__init__()
        self.known = known
        self._largest, self._expanded = largest or {}, dict[Definition, OpenHypergraph]()
        for x, f in definitions.items():
            self._expanded[x] = self(f)

    @classmethod
    def single(cls, programs: Iterable[OpenHypergraph]) -> Expand:
        """Those of some programs. Raises an error where a definition expands to itself."""
        programs = list(programs)
        definitions = extract_definitions(programs)
        functions = {x: _function(x, f) for x, f in definitions.items()}
        depths = _depths(programs, definitions)
        everywhere, most = Counter[Hashable](), Counter[Hashable]()
        for f in programs:
            here = Counter[Hashable]()
            for g in (f, *extract_definitions([f], definitions).values()):
                labels, which = g.H.x.distinct()
                for label, times in zip(labels, host(count(which, len(labels))), strict=True):
                    if isinstance(label, Definition):
                        here[functions[label]] += int(times)
            everywhere += here
            most |= here
        alike = defaultdict[Hashable, list[OpenHypergraph]](list)
        for x, f in definitions.items():
            alike[functions[x]].append(f)
        largest = {key: _largest(fs) for key, fs in alike.items() if len(fs) > 1}
        return cls(
            definitions,
            {
                x: f
                for x, f in definitions.items()
                if (most if isinstance(x, Named) else everywhere)[functions[x]] == 1
                or depths[x] > DEEPEST
            },
            {x: largest[functions[x]] for x in definitions if functions[x] in largest},
        )

    def largest(self, definition: Definition) -> int | None:
        """Where one function is this definition and others on arrays of other types: the numbers
        in the largest of these arrays, or none if some are single numbers, of which NumPy makes
        no arrays."""
        return self._largest.get(definition)

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return self._expanded[label] if label in self._expanded else op(label)

    def simplified(self, f: OpenHypergraph) -> OpenHypergraph:
        """The program expanded, and simplified where that changes it."""
        chosen = any(label in self._expanded for label in f.H.x.distinct()[0])
        return simplify(self(f)) if chosen else f


def names_inside(programs: Iterable[OpenHypergraph]) -> set[str]:
    """What the functions that some programs call may call their arguments and results.

    A name of the module, of a constant say, would be hidden behind one of these.
    """
    labels = {label for f in programs for label in f.H.x.distinct()[0]}
    given = [
        [name for name in names if name.isidentifier()]
        for label in labels
        if isinstance(label, Named | Kernel)
        for names in (label.arguments, label.results)
    ]
    return {name for names in given for name in (*names, *Names().claim(names))}


@dataclass
class Parts:
    """Definitions cut down to some of their results, each made once."""

    _parts: dict[tuple[Definition, tuple[int, ...]], tuple[Named, tuple[int, ...]]] = field(
        default_factory=dict
    )

    def part(self, whole: Definition, kept: tuple[int, ...]) -> tuple[Named, tuple[int, ...]]:
        """The results of a definition at the places `kept`, and the arguments that these need."""
        if (whole, kept) not in self._parts:
            self._parts[whole, kept] = _part(whole, kept)
        return self._parts[whole, kept]

    def needed(self, program: Assignments) -> Assignments:
        """A program that computes no result of a definition in vain."""
        wanted = {*program.results}
        body = []
        for assignment in reversed(program.body):
            if wanted.isdisjoint(assignment.results):
                continue
            partial = not wanted.issuperset(assignment.results)
            if partial and isinstance(assignment.operation, Definition):
                kept = tuple(i for i, wire in enumerate(assignment.results) if wire in wanted)
                part, read = self.part(assignment.operation, kept)
                operands = tuple(assignment.operands[i] for i in read)
                assignment = Assignment(part, operands, tuple(assignment.results[i] for i in kept))
            wanted.update(assignment.operands)
            body.append(assignment)
        return replace(program, body=tuple(reversed(body)))


def _part(whole: Definition, kept: tuple[int, ...]) -> tuple[Named, tuple[int, ...]]:
    f = simplify(keep_outputs(whole.arrow(), kept))
    reads = {*f.H.s.values, *f.t}
    read = tuple(i for i, wire in enumerate(f.s) if wire in reads)
    arguments, results = (whole.arguments, whole.results) if isinstance(whole, Named) else ((), ())
    part = Named(
        snake_case(whole.symbol()),
        keep_inputs(f, read),
        tuple(arguments[i] for i in read) if arguments else (),
        tuple(results[i] for i in kept) if results else (),
    )
    return part, read
