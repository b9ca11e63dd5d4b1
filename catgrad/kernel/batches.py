"""Walking through a program, many operations at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from catgrad.hypergraph import FiniteFunction, OpenHypergraph, SegmentedArray, layering

IntArray = NDArray[np.int64]


class Batch(NamedTuple):
    """Operations with one label, none of which waits for another.

    - ``label``: what they all do
    - ``reads``: int64[arity, n], the wires that each of the n operations reads, in order
    - ``writes``: int64[coarity, n], the wires that each writes
    """

    label: Any
    reads: IntArray
    writes: IntArray


def batches(f: OpenHypergraph) -> Iterator[Batch]:
    """The operations of a program in an order that computes every wire before it is read.

    Whoever handles a batch by array operations handles the program in a number of Python steps that
    does not depend on the number of operations, but on the depth of the program and its labels.
    The order depends on the program alone, and so does all that is numbered along it.

    Raises ``CycleError`` when operations wait for each other.
    """
    depth = layering(f)
    _, first, which = np.unique(f.H.x.ids, return_index=True, return_inverse=True)
    rank = first[which]
    order = np.lexsort((rank, depth))
    changes = np.flatnonzero((np.diff(depth[order]) != 0) | (np.diff(rank[order]) != 0))
    for operations in np.split(order, changes + 1) if len(order) else []:
        reads, writes = ports(f.H.s, operations), ports(f.H.t, operations)
        yield Batch(f.H.x[int(operations[0])], reads, writes)


def ports(wires: SegmentedArray[FiniteFunction], operations: IntArray) -> IntArray:
    """int64[arity, n]: the segments of these operations, which have equal length, as columns."""
    arity = np.arange(wires.sizes[operations[0]])
    columns: IntArray = wires.values.table[wires.offsets[operations] + arity[:, None]]
    return columns
