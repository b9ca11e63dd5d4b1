"""Counting what does not fit its format: overflow is never silent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catgrad.combinators import identity
from catgrad.core.operation import (
    Add,
    Constant,
    Gt,
    InRange,
    Requantise,
    Sum,
    TableIndex,
)
from catgrad.core.types import BIT, NdArrayType, obj, op
from catgrad.hypergraph import FiniteFunction, OpenHypergraph, order


def count_saturations(f: OpenHypergraph, late_inputs: Sequence[int]) -> OpenHypergraph:
    """``f : A → B`` of C becomes ``A → B ● early ● late``.

    `early` and `late` count the numbers that no longer fitted their format in this run, and so
    saturated (or wrapped, if that is what the formats say), each an integer scalar:
    `late` in what depends on the inputs numbered `late_inputs`, `early` in the rest. So for a
    learner, with its targets for late inputs, `early` is the forward pass.

    The index of a table (`TableIndex`) saturates by design and is not counted.
    """
    late_nodes = _reachable(f, [f.s.table.tolist()[k] for k in late_inputs])
    early: list[tuple[int, Requantise]] = []
    late: list[tuple[int, Requantise]] = []
    for i, x in enumerate(f.H.x):
        if isinstance(x, Requantise) and not isinstance(x, TableIndex):
            [node] = f.H.s[i].table.tolist()
            (late if node in late_nodes else early).append((node, x))
    watched = [node for node, _ in early + late]
    exposed = OpenHypergraph(f.s, f.t + FiniteFunction.of(watched, len(f.H.w)), f.H)
    counters = _count([x for _, x in early]) @ _count([x for _, x in late])
    return exposed >> (identity(f.target) @ counters)


def _reachable(f: OpenHypergraph, nodes: Sequence[int]) -> set[int]:
    reached = np.zeros(len(f.H.w), dtype=bool)
    reached[list(nodes)] = True
    for i in order(f).tolist():
        if reached[f.H.s[i].table].any():
            reached[f.H.t[i].table] = True
    return set(np.flatnonzero(reached).tolist())


def _count(watched: Sequence[Requantise]) -> OpenHypergraph:
    """How many of the numbers that enter lie outside their formats, as a scalar."""
    if not watched:
        return op(Constant(NdArrayType((), BIT), 0))
    counts = OpenHypergraph.tensor_list([_outside(x) for x in watched])
    while len(counts.target) > 1:
        counts = counts >> OpenHypergraph.tensor_list(_added_in_pairs(list(counts.target)))
    return counts


def _outside(x: Requantise) -> OpenHypergraph:
    inside = op(InRange(x.T, x.dtype, x.rounding))
    [bits] = inside.target
    outside = (op(Constant(bits, 1)) @ inside) >> op(Gt(bits))
    return outside >> op(Sum(NdArrayType((), BIT), bits))


def _added_in_pairs(counts: Sequence[NdArrayType]) -> list[OpenHypergraph]:
    pairs = [op(Add(a, b)) for a, b in zip(counts[::2], counts[1::2], strict=False)]
    return pairs + ([identity(obj(counts[-1]))] if len(counts) % 2 else [])
