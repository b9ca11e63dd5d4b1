"""Order: which operation writes each wire, and which operations can run before which."""

from __future__ import annotations

import numpy
import numpy.typing

from catgrad.hypergraph.array import (
    Array,
    arange,
    count,
    first,
    host,
    integers,
    put,
    ranges,
    subtract_counts,
)
from catgrad.hypergraph.errors import CycleError, WireError
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.open_hypergraph import OpenHypergraph
from catgrad.hypergraph.segmented import SegmentedArray
from catgrad.hypergraph.text import some

_ROUND = 50
"""How many operations can be layered one by one in the time of one round of array operations."""


def drivers(f: OpenHypergraph) -> Array:
    """int64[W]: the operation that writes each wire, or -1 for an input or a wire without use.

    Raises ``WireError`` when a wire is written twice, or used and never written.
    """
    xp, W = f.xp, f.H.W
    wires = xp.concat([f.s.table, f.H.t.values.table])
    writers = count(wires, W)
    if xp.any(writers > 1):
        raise WireError(_written_twice(f, first(writers > 1)))
    used = count(xp.concat([f.H.s.values.table, f.t.table]), W) > 0
    missing = used & (writers == 0)
    if xp.any(missing):
        raise WireError(_never_written(f, first(missing)))
    return put(xp.full((W,), -1, dtype=xp.int64), f.H.t.values.table, f.H.t.owners)


def layering(f: OpenHypergraph) -> Array:
    """int64[X]: the earliest layer of each operation, one after the last that it depends on.

    Operations in layer 0 read no wire that an operation writes. Each round takes a whole layer, and
    the work of all rounds together is linear in the number of operations and ports. A deep program
    of narrow layers would be mostly rounds; once these have cost as much as taking its operations
    one by one, that is how the rest is done.

    Raises ``CycleError``, showing the cycle, when operations wait for each other.
    """
    xp, X = f.xp, f.H.X
    then = dependents(f)
    waits = count(then.values.table, X)
    frontier = xp.nonzero(waits == 0)[0]
    layers: list[Array] = []
    sizes: list[int] = []
    while frontier.shape[0] > 0:
        if len(layers) * _ROUND > X:
            rest, rest_sizes = _one_by_one(then, waits, frontier)
            layers.append(integers(rest, xp))
            sizes += rest_sizes
            break
        layers.append(frontier)
        sizes.append(frontier.shape[0])
        segments = ranges(xp.take(then.offsets, frontier), xp.take(then.sizes, frontier))
        reached = xp.take(then.values.table, segments)
        waits = subtract_counts(waits, reached)
        frontier = xp.unique_values(reached[xp.take(waits, reached) == 0])
    operations = xp.concat([arange(0, 0, xp), *layers])
    numbers = xp.repeat(arange(0, len(sizes), xp), integers(sizes, xp))
    layer = put(xp.full((X,), -1, dtype=xp.int64), operations, numbers)
    if operations.shape[0] < X:
        raise CycleError(_circle(f, then, host(layer) < 0))
    return layer


def _one_by_one(
    then: SegmentedArray[FiniteFunction], waits: Array, frontier: Array
) -> tuple[list[int], list[int]]:
    """The operations from ``frontier`` on, layer by layer, and how many each layer has."""
    starts, after = host(then.offsets).tolist(), host(then.values.table).tolist()
    waiting, layer = host(waits).tolist(), host(frontier).tolist()
    operations, sizes = [], []
    while layer:
        operations += layer
        sizes.append(len(layer))
        following = []
        for i in layer:
            for j in after[starts[i] : starts[i + 1]]:
                waiting[j] -= 1
                if waiting[j] == 0:
                    following.append(j)
        layer = following
    return operations, sizes


def order(f: OpenHypergraph) -> Array:
    """int64[X]: all operations, each after those that it depends on.

    By layer, and within a layer by number. Raises ``CycleError`` when there is no such order.
    """
    return f.xp.argsort(layering(f), stable=True)


def ancestors(f: OpenHypergraph, wires: Array) -> Array:
    """bool[X]: the operations on which ``wires``, int64[n], depend.

    Raises ``WireError`` where ``drivers`` does.
    """
    xp, X = f.xp, f.H.X
    writer = drivers(f)
    found = xp.zeros((X,), dtype=xp.bool)
    while wires.shape[0] > 0:
        operations = xp.unique_values(xp.take(writer, wires))
        operations = operations[operations >= 0]
        operations = operations[~xp.take(found, operations)]
        found = put(found, operations, xp.ones_like(operations) > 0)
        wires = f.H.s.map_indexes(FiniteFunction(operations, X)).values.table
    return found


def dependents(f: OpenHypergraph) -> SegmentedArray[FiniteFunction]:
    """For each operation those that read a wire it writes, once for each such reading."""
    xp, read = f.xp, f.H.s.values.table
    reader = FiniteFunction(xp.take(f.H.s.owners, xp.argsort(read)), f.H.X)
    readers = SegmentedArray(count(read, f.H.W), reader)
    return f.H.t.expand(readers).map_values(reader)


def _written_twice(f: OpenHypergraph, wire: int) -> str:
    inputs = host(f.xp.nonzero(f.s.table == wire)[0]).tolist()
    positions = f.xp.nonzero(f.H.t.values.table == wire)[0]
    operations = host(f.xp.take(f.H.t.owners, positions)).tolist()
    writers = [*(f"input {i}" for i in inputs), *(_operation(f, i) for i in operations)]
    return (
        f"Wire {wire} ({f.H.w[wire]}) is written by {writers[0]} and by {writers[1]}; "
        "let each wire have one writer."
    )


def _never_written(f: OpenHypergraph, wire: int) -> str:
    outputs = host(f.xp.nonzero(f.t.table == wire)[0]).tolist()
    positions = f.xp.nonzero(f.H.s.values.table == wire)[0]
    operations = host(f.xp.take(f.H.s.owners, positions)).tolist()
    readers = [*(_operation(f, i) for i in operations), *(f"output {i}" for i in outputs)]
    return (
        f"Wire {wire} ({f.H.w[wire]}) is read by {readers[0]} but nothing writes it; "
        "make it an input or the result of an operation."
    )


def _circle(
    f: OpenHypergraph,
    then: SegmentedArray[FiniteFunction],
    stuck: numpy.typing.NDArray[numpy.bool_],
) -> str:
    """The sentence for a cycle among the operations that never became ready.

    Each of them waits for another one, so walking back from any comes round to a cycle.
    """
    before, after = host(then.owners), host(then.values.table)
    inside = stuck[before] & stuck[after]
    previous = dict(zip(after[inside].tolist(), before[inside].tolist(), strict=True))
    i = next(iter(previous))
    walked: dict[int, int] = {}
    while i not in walked:
        walked[i] = len(walked)
        i = previous[i]
    circle = list(reversed(list(walked)[walked[i] :]))
    start = circle.index(min(circle))
    path = [*circle[start:], *circle[:start], circle[start]]
    return (
        f"Operations wait for each other in a circle: {_path(f, path)}; break it with a register, "
        "or remove one of these connections."
    )


def _path(f: OpenHypergraph, operations: list[int]) -> str:
    return " -> ".join(some(len(operations), lambda i: _operation(f, operations[i])))


def _operation(f: OpenHypergraph, i: int) -> str:
    return f"operation {i} ({f.H.x[i]})"
