"""The border from kernels to phases: what a folded engine does one after another.

    kernels ── atoms ──> single operations ── groups ──> what rides together ── order ──> phases

A phase is a product or a reduction, and with it all arithmetic on its results that finds them at
the point where they are computed. A new state array goes in the place of the old one.
"""

from __future__ import annotations

from collections.abc import Sequence

from catgrad.errors import CatgradError
from catgrad.folded.fuse.build import build
from catgrad.folded.fuse.groups import Grouping, Target
from catgrad.folded.fuse.lower import Interface, lower
from catgrad.folded.fuse.order import ordered
from catgrad.folded.fuse.plan import plan
from catgrad.folded.phase import Phases
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.definition import numbered


def fuse(
    program: OpenHypergraph,
    state: int,
    x: int,
    y: int,
    names: Sequence[str] = (),
    memories: int = 0,
) -> Phases:
    """The phases of a program of kernels over fixed point.

    `program` is one tick of a machine, ``K ● M ● X ● Y' → Y ● K' ● M' ● early ● late``, with so
    many arrays of `state`, `memories`, `x` and `y`. `names` are those of its arrays, in the order
    ``K ● M ● X ● Y' ● Y``.

    Raises ``CatgradError`` at what no phase can say, and names it.
    """
    predictions = len(program.target) - state - memories - 2
    if len(program.source) != state + memories + x + y or predictions < 0:
        raise CatgradError(
            f"The program goes from {len(program.source)} to {len(program.target)} arrays, but "
            f"{state} of state, {x} of x and {y} of y are announced; give it as "
            f"K ● X ● Y' → Y ● K' ● early ● late."
        )
    interface = Interface(state, x, y, memories)
    atoms, outputs = lower(program, interface)
    grouping = Grouping(plan(atoms, interface, outputs))
    grouping.merge_all()
    return build(grouping, ordered(grouping), named(interface, predictions, names))


def named(interface: Interface, predictions: int, names: Sequence[str]) -> dict[Target, str]:
    """The names of the arrays of the interface, numbered where none are given."""
    counts = {
        "state": interface.state,
        "memory": interface.memories,
        "x": interface.x,
        "y": interface.y,
        "prediction": predictions,
    }
    targets = [(kind, i) for kind, count in counts.items() for i in range(count)]
    given = [name for kind, count in counts.items() for name in numbered(kind, count)]
    if names and len(names) != len(targets):
        raise CatgradError(
            f"There are {len(names)} names for {len(targets)} arrays; give one for each of "
            f"K, X, Y' and Y, or none."
        )
    return dict(zip(targets, names or given, strict=True))
