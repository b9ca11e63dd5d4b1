"""Operations that are wires in a picture: copies are wires that branch, discards wires that end."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from catgrad.hypergraph import FiniteFunction, OpenHypergraph
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
