"""Large programs in few boxes: equal operations become one, and their wires a bundle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catgrad.hypergraph import (
    FiniteFunction,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
    layering,
)
from catgrad.hypergraph.array import host

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Gathered:
    """A program whose labels are texts, and the names of its inputs and outputs."""

    program: OpenHypergraph
    inputs: list[str]
    outputs: list[str]


def gather(
    f: OpenHypergraph,
    label: Callable[[Any], str],
    types: Callable[[Any], str],
    inputs: Sequence[str],
    outputs: Sequence[str],
    most: int,
) -> Gathered:
    """`f` with operations of one layer and one caption as one operation, ``caption ×n``.

    If that leaves more than `most`, operations of one caption become one across layers, unless one
    of another caption stands between them. First lines of captions count. Wires that a group writes
    at one port become one wire; so do inputs, and outputs, whose names differ in a number only.
    What runs from a group to itself is not shown.

    Raises ``CycleError`` when operations wait for each other.
    """
    labels, which = f.H.x.distinct()
    names, name = _numbered(label(x).partition("\n")[0] for x in labels)
    name = name[host(which)]
    once = np.bincount(host((f.s + f.H.t.values).table), minlength=f.H.W) == 1
    group = _groups(f, name, once, most)
    _, first, counts = np.unique(group, return_index=True, return_counts=True)
    boxes = [
        names[name[i]] + (f"\n×{count:,}" if count > 1 else "")
        for i, count in zip(first, counts.tolist(), strict=True)
    ]
    in_names, ins = _ends(f.s, inputs, f.source, types)
    out_names, outs = _ends(f.t, outputs, f.target, types)
    reads, writes = _ports(f.H.s, group), _ports(f.H.t, group)
    bundle = _bundles(once, writes, ins)

    # The group that alone writes a bundle.
    writer = np.full(bundle.max(initial=-1) + 1, -1)
    alone = writes[once[writes[:, 2]]]
    writer[bundle[alone[:, 2]]] = alone[:, 0]
    passing = reads[writer[bundle[reads[:, 2]]] != reads[:, 0]]
    used = bundle[np.concatenate([passing[:, 2], outs[:, 2]])]
    inner = np.setdiff1d(bundle[reads[:, 2]], used)
    outer = writes[~np.isin(bundle[writes[:, 2]], inner)]
    rows = [
        _rows(part[:, 0], part[:, 1], bundle[part[:, 2]]) for part in (ins, outs, passing, outer)
    ]
    kept = np.setdiff1d(bundle, inner)
    s, t, reading, writing = (
        FiniteFunction(np.searchsorted(kept, part[:, 2]), len(kept)) for part in rows
    )
    sizes = [np.bincount(part[:, 0], minlength=len(boxes)) for part in rows[2:]]
    graph = Hypergraph(
        SegmentedArray(sizes[0], reading),
        SegmentedArray(sizes[1], writing),
        Labels.of(_bundle_types(f, bundle, kept, types)),
        Labels.of(boxes),
    )
    return Gathered(
        OpenHypergraph(s, t, graph),
        [in_names[i] for i in rows[0][:, 0]],
        [out_names[i] for i in rows[1][:, 0]],
    )


def _numbered(texts: Iterable[str]) -> tuple[list[str], IntArray]:
    """The distinct texts, and the number of each text among them."""
    numbers: dict[str, int] = {}
    which = [numbers.setdefault(text, len(numbers)) for text in texts]
    return list(numbers), np.array(which, dtype=np.int64)


def _rows(*columns: IntArray) -> IntArray:
    """The distinct rows of a table, sorted."""
    rows: IntArray = np.unique(np.stack(columns, axis=1), axis=0)
    return rows


def _groups(f: OpenHypergraph, name: IntArray, once: BoolArray, most: int) -> IntArray:
    """int64[X], the group of each operation; groups are numbered by layer."""
    layer: IntArray = host(layering(f))
    groups = _numbers(layer, name)
    if f.H.X == 0 or groups.max() < most:
        return groups
    # Names in no circle of names, but for one of a name with itself, are one group each: a path
    # that leaves such a group does not come back.
    return _numbers(np.where(_in_circles(f, name, once)[name], layer, -1), name)


def _numbers(*columns: IntArray) -> IntArray:
    """The number of each row of a table among the distinct rows, sorted."""
    table = np.stack(columns, axis=1)
    numbers: IntArray = np.unique(table, axis=0, return_inverse=True)[1].reshape(-1)
    return numbers


def _in_circles(f: OpenHypergraph, name: IntArray, once: BoolArray) -> BoolArray:
    """bool[names], whether operations of other names stand between some of this name.

    A wire that is not written `once` counts as standing between.
    """
    reads, writes = _ports(f.H.s, name), _ports(f.H.t, name)
    writers, readers = _rows(writes[:, 2], writes[:, 0]), _rows(reads[:, 2], reads[:, 0])
    bounds = (np.searchsorted(writers[:, 0], readers[:, 0], side) for side in ("left", "right"))
    then: list[set[int]] = [set() for _ in range(int(name.max()) + 1)]
    for (wire, reader), first, last in zip(readers.tolist(), *bounds, strict=True):
        for writer in writers[first:last, 1].tolist():
            if writer != reader or not once[wire]:
                then[writer].add(reader)
    for middle, after in enumerate(then):
        for reached in then:
            if middle in reached:
                reached |= after
    return np.array([n in after for n, after in enumerate(then)], dtype=np.bool_)


def _ports(ports: SegmentedArray[FiniteFunction], group: IntArray) -> IntArray:
    """int64[n, 3], for each port: the group of its operation, its number, its wire."""
    sizes, offsets = host(ports.sizes), host(ports.offsets)
    number = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    return np.stack([np.repeat(group, sizes), number, host(ports.values.table)], axis=1)


def _ends(
    wires: FiniteFunction, names: Sequence[str], labels: Labels, types: Callable[[Any], str]
) -> tuple[list[str], IntArray]:
    """The names of bundles at the boundary; int64[n, 3], for each wire: its bundle, 0, its number.

    Wires without a name are bundled by their type.
    """
    stems = [_stem(name) for name in names]
    ends = zip(stems, labels, strict=True)
    _, bundle = _numbered(f"{stem}\n{'' if stem else types(T)}" for stem, T in ends)
    found = dict(zip(reversed(bundle.tolist()), reversed(names), strict=True))
    alone = np.bincount(bundle, minlength=len(found)) == 1
    shown = [found[b] if alone[b] else _stem(found[b]) for b in sorted(found)]
    return shown, np.stack([bundle, np.zeros_like(bundle), host(wires.table)], axis=1)


def _stem(name: str) -> str:
    """A name without its last number: of ``weights_2_7`` the array that it is a number of."""
    return re.sub(r"_?\d+$", "", name)


def _bundles(once: BoolArray, writes: IntArray, ins: IntArray) -> IntArray:
    """int64[W], the bundle of each wire: of all that one group writes at one port.

    A wire that is not written `once`, bool[W], is in no bundle with others.
    """
    W = len(once)
    key = np.stack([np.full(W, -1), np.arange(W), np.zeros(W, np.int64)], axis=1)
    for kind, ports in enumerate((writes, ins)):
        alone = ports[once[ports[:, 2]]]
        key[alone[:, 2]] = np.stack([np.full(len(alone), kind), *alone[:, :2].T], axis=1)
    return _numbers(*key.T)


def _bundle_types(
    f: OpenHypergraph, bundle: IntArray, kept: IntArray, types: Callable[[Any], str]
) -> Iterable[str]:
    """The text of each bundle: the type of its wires, and how many they are."""
    labels = _rows(bundle, host(f.H.w.ids))
    counts = np.bincount(bundle)
    for b in kept.tolist():
        own = labels[slice(*np.searchsorted(labels[:, 0], [b, b + 1])), 1]
        text = types(Labels(own)[0]) if len(own) == 1 else f"{len(own)} types"
        yield f"{text} ×{counts[b]:,}" if counts[b] > 1 else text
