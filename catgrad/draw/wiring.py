"""Operations that are wires in a picture, or stand at the ends of wires.

Copies are wires that branch, discards wires that end; a memory is where one ends and one begins.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from catgrad.hypergraph import FiniteFunction, Labels, OpenHypergraph
from catgrad.hypergraph.array import host

WIRES = {"Copy": (1, 2), "Discard": (1, 0)}
"""The classes of such operations, with how many wires they read and write."""


def wired(f: OpenHypergraph) -> OpenHypergraph:
    """`f` without its copies and discards: all wires of one are one wire."""
    labels, which = f.H.x.distinct()
    sides = (host(f.H.s.sizes), host(f.H.t.sizes))
    mask = np.zeros(f.H.X, dtype=np.bool_)
    for number, label in enumerate(labels):
        if (arity := _arity(label)) is not None:
            here = host(which) == number
            mask |= here & (sides[0] == arity[0]) & (sides[1] == arity[1])
    if not mask.any():
        return f
    f = f.to(np)
    chosen = FiniteFunction(np.flatnonzero(mask), f.H.X)
    reads, writes = f.H.s.map_indexes(chosen), f.H.t.map_indexes(chosen)
    read = FiniteFunction(np.repeat(reads.values.table, writes.sizes), f.H.W)
    return OpenHypergraph(f.s, f.t, f.H.subgraph(~mask)).glue(read, writes.values)


def _arity(label: Hashable) -> tuple[int, int] | None:
    return None if isinstance(label, str) else WIRES.get(type(label).__name__)


MEMORY = "Memory"
"""The class of operations that give what came with the sample before."""


def loosened(f: OpenHypergraph) -> OpenHypergraph:
    """`f` with each memory as two boxes, what it gives and what it takes: no wire runs back."""
    labels, which = f.H.x.distinct()
    late = np.array([type(label).__name__ == MEMORY for label in labels], dtype=np.bool_)
    if not late.any():
        return f
    f = f.to(np)
    mask = late[host(which)]
    taken, rest = f.H.subgraph(mask), f.H.subgraph(~mask)
    none, boxes = Labels.of([]), []
    for label in taken.x:
        name, T = getattr(label, "name", MEMORY), Labels.of([getattr(label, "T", "")])
        boxes.append(OpenHypergraph.singleton(f"{name}\nof the last sample", none, T))
        boxes.append(OpenHypergraph.singleton(f"{name}\nfor the next", T, none))
    both = OpenHypergraph(f.s, f.t, rest) @ OpenHypergraph.tensor_list(boxes)
    ends = both.s[len(f.s) :] + both.t[len(f.t) :]
    wires = np.concatenate([taken.s.values.table, taken.t.values.table])
    glued = both.glue(ends, FiniteFunction(wires, both.H.W))
    return OpenHypergraph(glued.s[: len(f.s)], glued.t[: len(f.t)], glued.H)
