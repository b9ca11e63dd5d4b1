"""Operations that stand for a program of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from catgrad.core.types import op
from catgrad.errors import CatgradError
from catgrad.hypergraph import Functor, Labels, OpenHypergraph
from catgrad.hypergraph.array import host
from catgrad.hypergraph.text import plural

DEPTH = 3_000
"""How many definitions may stand inside one another; more are taken to have no end."""


class Definition(ABC):
    """An operation that names the program `arrow`; a target may emit it as a function."""

    def symbol(self) -> str:
        """The name that a target may give the function."""
        return type(self).__name__

    @abstractmethod
    def arrow(self) -> OpenHypergraph:
        """The core program that this operation stands for."""

    def source(self) -> Labels:
        return self._program().source

    def target(self) -> Labels:
        return self._program().target

    def _program(self) -> OpenHypergraph:
        try:
            return _program_of(self)
        except RecursionError:
            raise CatgradError(
                f"The program of {self.symbol()} never ends, or not before Python gives up; define "
                f"it by other operations, or let it state its source and target."
            ) from None


@dataclass(frozen=True)
class Named(Definition):
    """The program of C `program` under a name.

    `arguments` and `results` are what generated source calls its inputs and outputs: one name
    each, or none at all where the target is to choose.
    """

    name: str
    program: OpenHypergraph
    arguments: tuple[str, ...] = ()
    results: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_names(self.name, self.program, self.arguments, self.results)

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.program))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        # What is kept beside the fields, such as the hash, holds in this process only.
        return type(self), (self.name, self.program, self.arguments, self.results)

    def symbol(self) -> str:
        return self.name

    def arrow(self) -> OpenHypergraph:
        return self.program

    def __str__(self) -> str:
        return self.name


def check_names(
    name: str, program: OpenHypergraph, arguments: Sequence[str], results: Sequence[str]
) -> None:
    """Refuse a name that source cannot use, and names that are not as many as the wires."""
    if not name.isidentifier():
        raise CatgradError(
            f"{name!r} cannot name a function in generated source; use letters, digits and _."
        )
    for role, names, wires in (
        ("argument", arguments, program.s),
        ("result", results, program.t),
    ):
        if names and len(names) != len(wires):
            raise CatgradError(
                f"{name} has {plural(len(wires), role)}, not {len(names)} ({', '.join(names)}); "
                f"name each of them, or none."
            )


def numbered(name: str, count: int) -> list[str]:
    """What generated source calls `count` arrays of one role: ``x``, or ``x_0, x_1, ...``."""
    return [name] if count == 1 else [f"{name}_{i}" for i in range(count)]


class Inline(Functor):
    """Puts the program of each definition in its place, one level deep."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return label.arrow() if isinstance(label, Definition) else op(label)


def definitions_in(f: OpenHypergraph) -> list[Definition]:
    """The distinct definitions that a program uses, in order of first use."""
    labels, which = f.H.x.distinct()
    found = {i for i, x in enumerate(labels) if isinstance(x, Definition)}
    return [labels[i] for i in dict.fromkeys(host(which).tolist()) if i in found] if found else []


def inline(f: OpenHypergraph) -> OpenHypergraph:
    """Expand definitions, and those in their programs, until none is left."""
    extract_definitions([f])  # which sees to it that there is an end
    while definitions_in(f):
        f = Inline()(f)
    return f


def extract_definitions(
    fs: Iterable[OpenHypergraph], known: Mapping[Definition, OpenHypergraph] | None = None
) -> dict[Definition, OpenHypergraph]:
    """Every definition that the programs use, directly or not, with its program, callees first.

    Those of `known` are found already, and neither made nor checked again. Raises ``CatgradError``
    where one expands to itself, or to others without an end, and where its program has another type
    than it states.
    """
    found: dict[Definition, OpenHypergraph] = {}
    known = known or {}
    for f in fs:
        path: dict[Definition, OpenHypergraph] = {}  # what is being expanded, outermost first
        inside = [iter(definitions_in(f))]
        while inside:
            x = next(inside[-1], None)
            if x is None:
                inside.pop()
                if path:
                    done, arrow = path.popitem()
                    found[done] = arrow
            elif x not in found:
                if x in path or len(path) == DEPTH:
                    _check_path([*path], x)
                if x in known:
                    arrow = known[x]
                else:
                    _check_type(x, arrow := _program_of(x))
                path[x] = arrow
                inside.append(iter(definitions_in(arrow)))
    return found


def _check_path(path: Sequence[Definition], x: Definition) -> None:
    """Refuse a definition inside others, of which it is one, or which are too many."""
    names = [y.symbol() for y in (*path, x)]
    if x in path:
        cycle = " -> ".join(names[path.index(x) :])
        raise CatgradError(
            f"A definition expands to itself ({cycle}); define it by other operations."
        )
    if len(path) >= DEPTH:
        raise CatgradError(
            f"Definitions expand to definitions {DEPTH:,} levels deep ({names[0]} -> {names[1]} -> "
            f"... -> {names[-1]}), without an end in sight; let the last of them be made of other "
            f"operations."
        )


def _program_of(x: Definition) -> OpenHypergraph:
    arrow: object = x.arrow()
    if not isinstance(arrow, OpenHypergraph):
        raise CatgradError(
            f"The arrow of {x.symbol()} returns {arrow!r}, not a program; return one, as with "
            f"op(...)."
        )
    return arrow


def _check_type(x: Definition, arrow: OpenHypergraph) -> None:
    A, B = x.source(), x.target()
    if (arrow.source, arrow.target) != (A, B):
        raise CatgradError(
            f"The program of {x.symbol()} goes {arrow.source} -> {arrow.target}, but the "
            f"definition states {A} -> {B}; let its source and target be those of its program."
        )
