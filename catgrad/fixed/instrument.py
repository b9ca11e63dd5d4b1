"""Counting what does not fit its format: overflow is never silent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from catgrad.combinators import identity
from catgrad.core.constants import rounded
from catgrad.core.operation import (
    Add,
    Constant,
    Gt,
    InRange,
    Modular,
    Requantise,
    Sum,
    TableIndex,
)
from catgrad.core.simplify import simplify
from catgrad.core.types import BIT, NdArrayType, obj, op
from catgrad.hypergraph import FiniteFunction, OpenHypergraph, ancestors
from catgrad.kernel.kernel import Access, Kernel, Nest


def count_saturations(f: OpenHypergraph, early_outputs: Sequence[int]) -> OpenHypergraph:
    """``f : A → B`` of C becomes ``A → B ● early ● late``.

    `early` and `late` count the numbers that no longer fitted their format in this run, and so
    saturated (or wrapped, if that is what the formats say), each an integer scalar:
    `early` in what the outputs numbered `early_outputs` are computed from, `late` in the rest. So
    for a learner, with its predictions and its memory for early outputs, `early` is all that a
    prediction needs. What the body of a kernel brings into range on the way is counted at every
    point of its nest.

    The index of a table (`TableIndex`) saturates by design and is not counted, and neither is a
    number modulo the range of its format (`Modular`).
    """
    is_early = ancestors(f, f.t.table[list(early_outputs)])
    watched: list[int] = []
    counts: dict[bool, list[OpenHypergraph]] = {True: [], False: []}
    for early in (True, False):
        for i in np.flatnonzero(is_early == early).tolist():
            for count in _counts(f.H.x[i]):
                watched += f.H.s[i].table.tolist()
                counts[early].append(count)
    exposed = OpenHypergraph(f.s, f.t + FiniteFunction.of(watched, len(f.H.w)), f.H)
    return exposed >> (identity(f.target) @ _added(counts[True]) @ _added(counts[False]))


def _counts(operation: object) -> Iterator[OpenHypergraph]:
    """How many numbers lie outside the formats that an operation brings them to: scalars, each a
    program of its operands.
    """
    if _is_watched(operation):
        outside = _outside(operation)
        [bits] = outside.target
        yield outside >> op(Sum(NdArrayType((), BIT), bits))
    if isinstance(operation, Kernel):
        for nest in operation.nests:
            if 0 not in nest.extents and any(map(_may_miss, nest.body.H.x)):
                yield op(_counter(operation, nest))


def _is_watched(operation: object) -> TypeGuard[Requantise]:
    return isinstance(operation, Requantise) and not isinstance(operation, TableIndex | Modular)


def _may_miss(operation: object) -> bool:
    """Whether a step of a body may meet a number outside its format."""
    if not _is_watched(operation):
        return False
    T, form = operation.T.fixed, operation.dtype
    shift = T.fraction - form.fraction
    return not form.holds(*(rounded(end, shift, operation.rounding) for end in (T.min, T.max)))


def _counter(kernel: Kernel, nest: Nest) -> Kernel:
    """The kernel over the same points that adds up how often the body of a nest goes outside."""
    body = nest.body
    steps = [(i, x) for i, x in enumerate(body.H.x) if _may_miss(x)]
    nodes = [int(body.H.s[i].table[0]) for i, _ in steps]
    exposed = OpenHypergraph(body.s, FiniteFunction.of(nodes, len(body.H.w)), body.H)
    counting = exposed >> OpenHypergraph.tensor_list([_outside(x) for _, x in steps])
    axes = len(nest.extents)
    every = replace(
        nest,
        write=Access(0, 0, (0,) * axes),
        body=simplify(counting >> _sum(counting)),
        reduction="sum",
        reduced=axes,
    )
    name = f"saturations of {kernel.name}"
    return Kernel(name, kernel.sources, (every.result,), (every,), kernel.arguments, ("count",))


def _outside(x: Requantise) -> OpenHypergraph:
    """A bit for each number, which is 1 where it lies outside its format."""
    inside = op(InRange(x.T, x.dtype, x.rounding))
    [bits] = inside.target
    return (op(Constant(bits, 1)) @ inside) >> op(Gt(bits))


def _added(counts: Sequence[OpenHypergraph]) -> OpenHypergraph:
    """The sum of counts, each a program with one scalar for a result."""
    if not counts:
        return op(Constant(NdArrayType((), BIT), 0))
    f = OpenHypergraph.tensor_list(counts)
    return f >> _sum(f)


def _sum(f: OpenHypergraph) -> OpenHypergraph:
    """The sum of all that a program gives, added in pairs."""
    added = identity(f.target)
    while len(added.target) > 1:
        added = added >> OpenHypergraph.tensor_list(_added_in_pairs(list(added.target)))
    return added


def _added_in_pairs(counts: Sequence[NdArrayType]) -> list[OpenHypergraph]:
    pairs = [op(Add(a, b)) for a, b in zip(counts[::2], counts[1::2], strict=False)]
    return pairs + ([identity(obj(counts[-1]))] if len(counts) % 2 else [])
