"""Core programs made smaller, with the same meaning.

Each pass takes a program to a program of the same type, and can be used alone. A pass is made of
array operations over the whole program; Python runs once for each distinct label (with the labels
that feed it), or once for each label that a layer repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from catgrad.core import operation as ops
from catgrad.core.algebra import BEYOND, Rewrite, rewrite
from catgrad.hypergraph import (
    FiniteFunction,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
    drivers,
    layering,
)
from catgrad.hypergraph.array import (
    Array,
    arange,
    classes,
    count,
    host,
    integers,
    namespace,
    put,
    subtract_counts,
)


def simplify(f: OpenHypergraph) -> OpenHypergraph:
    """All passes: the program without copies, repetitions and idle operations.

    A wire of the result may be read by many operations. The number of operations never grows.
    Raises ``CycleError`` or ``WireError`` where `f` is not a program that can run.
    """
    layering(f)
    return remove_dead(share(reduce(share_copies(f))))


def share_copies(f: OpenHypergraph) -> OpenHypergraph:
    """Turn copies into wires that are read more than once, and discards into wires that are not.

    ::

           ╭── g             ╭── g
        ───●          ───────┤
           ╰── h             ╰── h
    """
    copies = _where(f, lambda label: isinstance(label, ops.Copy))
    wiring = _where(f, lambda label: isinstance(label, ops.Copy | ops.Discard))
    copied = f.xp.repeat(f.H.s.map_indexes(_chosen(copies)).values.table, 2)
    copy = f.H.t.map_indexes(_chosen(copies)).values.table
    wire = put(arange(0, f.H.W, f.xp), copy, copied)
    return _compact(_glue(_select(f, ~wiring), _followed(wire)))


def reduce(f: OpenHypergraph) -> OpenHypergraph:
    """Apply the rules of `algebra` until none applies."""
    while (reduced := _reduced(f)) is not None:
        f = reduced
    return _compact(f)


def share(f: OpenHypergraph) -> OpenHypergraph:
    """Merge operations that have the same label and read the same wires.

    ::

        ──┬─ g ──         ── g ─┬─
          ╰─ g ──               ╰─

    Equal operations stand in one layer, so one sweep over the layers finds them all.
    """
    xp, X = f.xp, f.H.X
    if not _may_repeat(f):
        return f
    wire, kept = arange(0, f.H.W, xp), xp.ones((X,), dtype=xp.bool)
    for alike in _repeated_labels(f):
        original = _first_equal(f, alike, wire)
        repeats = alike != original
        repeat, original = FiniteFunction(alike[repeats], X), FiniteFunction(original[repeats], X)
        results, originals = f.H.t.map_indexes(repeat), f.H.t.map_indexes(original)
        wire = _assign(wire, results.values.table, originals.values.table)
        kept = _assign(kept, repeat.table, xp.zeros((len(repeat),), dtype=xp.bool))
    return _compact(_glue(_select(f, kept), wire))


def remove_dead(f: OpenHypergraph) -> OpenHypergraph:
    """Remove operations on which no output depends.

    Rounds of peeling: an operation goes when nothing reads any of its results, and its own reads
    go with it. Each wire is touched once for each time that it stops being read.
    """
    xp, X = f.xp, f.H.X
    writer = drivers(f)
    reads = count(f.H.s.values.table, f.H.W) + count(f.t.table, f.H.W)
    # How many results of each operation are read.
    wanted = count(writer[(reads > 0) & (writer >= 0)], X)
    dying = xp.nonzero(wanted == 0)[0]
    while dying.shape[0] > 0:
        unread = f.H.s.map_indexes(FiniteFunction(dying, X)).values.table
        reads = subtract_counts(reads, unread)
        unread = xp.unique_values(unread)
        losers = xp.take(writer, unread[xp.take(reads, unread) == 0])
        losers = losers[losers >= 0]
        wanted = subtract_counts(wanted, losers)
        losers = xp.unique_values(losers)
        dying = losers[xp.take(wanted, losers) == 0]
    return _compact(_select(f, wanted > 0))


################################################################################
# Algebra


def _reduced(f: OpenHypergraph) -> OpenHypergraph | None:
    """One round: every rule that applies, at all operations at once. None where none does."""
    xp, X = f.xp, f.H.X
    near = _Neighbourhood(f)
    candidates = xp.nonzero((f.H.s.sizes <= 2) & (f.H.t.sizes == 1))[0]
    example, situation = near.situations(candidates)
    answers = [near.ask(i) for i in host(xp.take(candidates, example)).tolist()]
    if not any(answers):
        return None

    applies = xp.take(xp.asarray([bool(answer) for answer in answers], dtype=xp.bool), situation)
    rewritten, number = candidates[applies], situation[applies]
    # Rules that applied nowhere are never looked up; any rewrite may stand in their place.
    rewrites = [answer or Rewrite(None, (0,)) for answer in answers]
    stays = xp.take(xp.asarray([r.operation is None for r in rewrites], dtype=xp.bool), number)

    wire = put(
        arange(0, f.H.W, xp),
        f.H.t.map_indexes(FiniteFunction(rewritten[stays], X)).values.table,
        near.read(rewritten[stays], number[stays], rewrites).values.table,
    )
    replaced, number = rewritten[~stays], number[~stays]
    operations: list[Hashable] = [r.operation for r in rewrites]
    H = _select(f, put(xp.ones((X,), dtype=xp.bool), rewritten, xp.zeros_like(rewritten) > 0)).H
    H = Hypergraph(
        H.s + near.read(replaced, number, rewrites),
        H.t + f.H.t.map_indexes(FiniteFunction(replaced, X)),
        H.w,
        H.x + Labels.of(operations, xp).take(number),
    )
    return _glue(OpenHypergraph(f.s, f.t, H), _followed(wire))


class _Neighbourhood:
    """What surrounds each operation: the wires that a `Rewrite` can read, and what feeds them.

    - ``reach``: int64[2, X], the wires called 0 and 1, or W where there is none
    - ``reads``, ``beyond``: the wires that operations read, one operation after another, and where
      among them that called `BEYOND` stands
    - ``feeding``: int64[W + 1], the label that alone writes a wire, or the number of labels
    """

    def __init__(self, f: OpenHypergraph) -> None:
        xp, X, W = f.xp, f.H.X, f.H.W
        self.f = f
        self.labels, self.which = f.H.x.distinct()
        starts, none = f.H.s.offsets, integers([W, W], xp)
        reads = xp.concat([f.H.s.values.table, none])
        first, second = (
            xp.where(f.H.s.sizes > j, xp.take(reads, starts[:-1] + j), W) for j in range(2)
        )
        # The operation whose only result is the wire, or X.
        sole = FiniteFunction(xp.nonzero(f.H.t.sizes == 1)[0], X)
        writer = xp.full((W + 1,), X, dtype=xp.int64)
        writer = put(writer, f.H.t.map_indexes(sole).values.table, sole.table)
        self.feeding = xp.take(xp.concat([self.which, integers([len(self.labels)], xp)]), writer)
        self.reads, self.beyond = reads, xp.take(starts, xp.take(writer, first))
        self.reach = xp.stack([first, second])

    def situations(self, operations: Array) -> tuple[Array, Array]:
        """Number the distinct triples of a label and its two feeding labels.

        Returns the position of an example of each, and which triple each operation stands in.
        """
        xp, n = self.f.xp, len(self.labels) + 1
        key = xp.take(self.which, operations)
        for j in range(2):
            key = key * n + xp.take(self.feeding, xp.take(self.reach[j, :], operations))
        return classes(key)

    def ask(self, i: int) -> Rewrite | None:
        """The rule for operation `i`."""
        numbers = [int(self.feeding[int(wire)]) for wire in self.f.H.s[i].table]
        feeding = (self.labels[k] if k < len(self.labels) else None for k in numbers)
        return rewrite(self.f.H.x[i], tuple(feeding))

    def read(
        self, operations: Array, number: Array, rewrites: Sequence[Rewrite]
    ) -> SegmentedArray[FiniteFunction]:
        """The wires that operation ``operations[k]`` reads after ``rewrites[number[k]]``."""
        xp, X = self.f.xp, self.f.H.X
        sizes = xp.take(integers((len(r.reads) for r in rewrites), xp), number)
        wires = []
        for j in range(2):
            names = integers((r.reads[j] if j < len(r.reads) else 0 for r in rewrites), xp)
            name = xp.take(names, number)
            near = xp.take(xp.reshape(self.reach, (-1,)), name % 2 * X + operations)
            place = xp.take(self.beyond, operations) + name - BEYOND
            far = xp.take(self.reads, xp.where(name < BEYOND, 0, place))
            wires.append(xp.where(name < BEYOND, near, far))
        present = xp.stack([sizes > 0, sizes > 1], axis=1)
        values = xp.stack(wires, axis=1)[present]
        return SegmentedArray(sizes, FiniteFunction(values, self.f.H.W))


################################################################################
# Repetitions

# Odd numbers with bits all over.
MIX, OTHER_MIX = 0x1E3779B97F4A7C15, 0x3F58476D1CE4E5B9


def _may_repeat(f: OpenHypergraph) -> bool:
    """Whether two operations may have one label and read the same wires.

    Each operation is summed up in a number; to have different numbers is to be different.
    """
    xp, reads = f.xp, f.H.s
    place = arange(0, reads.values.table.shape[0], xp) - xp.take(reads.offsets, reads.owners)
    mixed = (reads.values.table + 1) * (place * MIX + OTHER_MIX)
    totals = xp.concat([integers([0], xp), xp.cumulative_sum(mixed)])
    starts, ends = reads.offsets[:-1], reads.offsets[1:]
    digest = xp.take(totals, ends) - xp.take(totals, starts) + f.H.x.ids * MIX
    return int(xp.unique_values(digest).shape[0]) < f.H.X


def _repeated_labels(f: OpenHypergraph) -> Iterator[Array]:
    """The groups of operations that share a layer and a label, layer by layer."""
    xp = f.xp
    labels, which = f.H.x.distinct()
    key = layering(f) * len(labels) + which
    first, group = classes(key)
    counts = count(group, first.shape[0])
    alike = xp.nonzero(xp.take(counts, group) > 1)[0]
    alike = xp.take(alike, xp.argsort(xp.take(key, alike), stable=True))
    ends = [0, *np.cumsum(host(counts[counts > 1])).tolist()]
    for start, end in pairwise(ends):
        yield alike[start:end]


def _first_equal(f: OpenHypergraph, alike: Array, wire: Array) -> Array:
    """For each operation the first that reads the same wires, among some of one label."""
    xp = f.xp
    reads = f.H.s.map_indexes(FiniteFunction(alike, f.H.X)).values.table
    reads = xp.reshape(xp.take(wire, reads), (alike.shape[0], -1))
    group = xp.zeros_like(alike)
    for j in range(reads.shape[1]):
        group = xp.unique_inverse(group * f.H.W + reads[:, j]).inverse_indices
    first, group = classes(group)
    return xp.take(alike, xp.take(first, group))


def _assign(x: Array, index: Array, values: Array) -> Array:
    """`put`; NumPy does it in place, with work for ``index`` only."""
    if isinstance(x, np.ndarray):
        x[index] = values
        return x
    return put(x, index, values)


################################################################################
# Parts of a program


def _where(f: OpenHypergraph, holds: Callable[[Any], bool]) -> Array:
    """bool[X]: of which operations a predicate holds, asked once for each label."""
    labels, which = f.H.x.distinct()
    return f.xp.take(f.xp.asarray([holds(label) for label in labels], dtype=f.xp.bool), which)


def _chosen(mask: Array) -> FiniteFunction:
    """The inclusion of the operations that a mask picks."""
    return FiniteFunction(namespace(mask).nonzero(mask)[0], mask.shape[0])


def _select(f: OpenHypergraph, mask: Array) -> OpenHypergraph:
    """Keep the operations that a mask picks, and all wires."""
    kept = _chosen(mask)
    H = Hypergraph(f.H.s.map_indexes(kept), f.H.t.map_indexes(kept), f.H.w, kept >> f.H.x)
    return OpenHypergraph(f.s, f.t, H)


def _glue(f: OpenHypergraph, wire: Array) -> OpenHypergraph:
    """Read wire ``wire[i]`` wherever wire i was read."""
    glued = FiniteFunction(wire, f.H.W)
    H = Hypergraph(f.H.s.map_values(glued), f.H.t, f.H.w, f.H.x)
    return OpenHypergraph(f.s, f.t >> glued, H)


def _compact(f: OpenHypergraph) -> OpenHypergraph:
    """Drop the wires that nothing touches."""
    xp = f.xp
    touching = [f.s.table, f.t.table, f.H.s.values.table, f.H.t.values.table]
    touched = count(xp.concat(touching), f.H.W) > 0
    kept = xp.nonzero(touched)[0]
    number = xp.cumulative_sum(xp.astype(touched, xp.int64)) - 1
    s, t, reads, writes = (
        FiniteFunction(xp.take(number, wires), kept.shape[0]) for wires in touching
    )
    H = Hypergraph(
        SegmentedArray(f.H.s.sizes, reads),
        SegmentedArray(f.H.t.sizes, writes),
        f.H.w.take(kept),
        f.H.x,
    )
    return OpenHypergraph(s, t, H)


def _followed(wire: Array) -> Array:
    """Follow each chain of wires to its end."""
    xp = namespace(wire)
    while True:
        further = xp.take(wire, wire)
        if xp.all(further == wire):
            return wire
        wire = further
