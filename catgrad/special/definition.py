"""Operations that stand for a program of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from catgrad.core.types import op
from catgrad.errors import CatgradError
from catgrad.hypergraph import Functor, Labels, OpenHypergraph


class Definition(ABC):
    """An operation that names the program `arrow`; a target may emit it as a function."""

    def symbol(self) -> str:
        """The name that a target may give the function."""
        return type(self).__name__

    @abstractmethod
    def arrow(self) -> OpenHypergraph:
        """The core program that this operation stands for."""

    def source(self) -> Labels:
        return self.arrow().source

    def target(self) -> Labels:
        return self.arrow().target


class Inline(Functor):
    """Puts the program of each definition in its place, one level deep."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return label.arrow() if isinstance(label, Definition) else op(label)


def definitions_in(f: OpenHypergraph) -> list[Definition]:
    """The distinct definitions that a program uses, in order of first use."""
    return [x for x in dict.fromkeys(f.H.x) if isinstance(x, Definition)]


def inline(f: OpenHypergraph, depth: int = 64) -> OpenHypergraph:
    """Expand definitions, and those in their programs, until none is left."""
    for _ in range(depth):
        if not definitions_in(f):
            return f
        f = Inline()(f)
    names = ", ".join(x.symbol() for x in definitions_in(f))
    raise CatgradError(
        f"Definitions still expand to definitions after {depth} rounds ({names}); "
        f"define none of them in terms of itself."
    )


def extract_definitions(fs: Iterable[OpenHypergraph]) -> dict[Definition, OpenHypergraph]:
    """Every definition that the programs use, directly or not, with its program, callees first."""
    found: dict[Definition, OpenHypergraph] = {}

    def visit(f: OpenHypergraph, path: tuple[Definition, ...]) -> None:
        for x in definitions_in(f):
            if x in path:
                cycle = " -> ".join(y.symbol() for y in (*path[path.index(x) :], x))
                raise CatgradError(
                    f"A definition expands to itself ({cycle}); define it by other operations."
                )
            if x not in found:
                arrow = x.arrow()
                visit(arrow, (*path, x))
                found[x] = arrow

    for f in fs:
        visit(f, ())
    return found
