"""Programs that are long as well as large, cut into parts."""

from __future__ import annotations

import numpy as np

from catgrad.hypergraph import (
    FiniteFunction,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
    order,
)
from catgrad.hypergraph.array import host


def divide(f: OpenHypergraph, most: int, least: int) -> tuple[OpenHypergraph, list[OpenHypergraph]]:
    """`f` in at most `most` parts of at least `least` operations, but for the last.

    Parts follow each other: each reads only what parts before it write. Operations stand as late as
    they can, so that constants are near their readers. Returns `f` with its operations called
    ``part 1``, ``part 2``, ..., and each part as a program of its own.

    Raises ``CycleError`` when operations wait for each other.
    """
    X = f.H.X
    size = max(least, -(-X // most), 1)
    part = np.empty(X, dtype=np.int64)
    backwards = OpenHypergraph(f.t, f.s, Hypergraph(f.H.t, f.H.s, f.H.w, f.H.x))
    part[host(order(backwards))] = (X - 1 - np.arange(X)) // size
    count = int(part.max(initial=-1)) + 1
    names = Labels.of(f"part {i + 1}" for i in range(count)).take(part)
    called = OpenHypergraph(f.s, f.t, Hypergraph(f.H.s, f.H.t, f.H.w, names))
    return called, [_part(f, part == i) for i in range(count)]


def _part(f: OpenHypergraph, mask: np.ndarray) -> OpenHypergraph:
    """Some operations, from the wires that others write to the wires that others read."""
    own, rest = f.H.subgraph(mask), f.H.subgraph(~mask)
    reads, writes = host(own.s.values.table), host(own.t.values.table)
    elsewhere = np.concatenate([host(rest.s.values.table), host(f.t.table)])
    s, t = np.setdiff1d(reads, writes), np.intersect1d(writes, elsewhere)
    used = np.union1d(reads, writes)
    new = np.zeros(f.H.W, dtype=np.int64)
    new[used] = np.arange(len(used))

    def renamed(wires: np.ndarray) -> FiniteFunction:
        return FiniteFunction(new[wires], len(used))

    return OpenHypergraph(
        renamed(s),
        renamed(t),
        Hypergraph(
            SegmentedArray(own.s.sizes, renamed(reads)),
            SegmentedArray(own.t.sizes, renamed(writes)),
            f.H.w.take(used),
            own.x,
        ),
    )
