"""Order: writers, layers and circles, against plain loops."""

from importlib import import_module
from itertools import pairwise

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.hypergraph import (
    CycleError,
    FiniteFunction,
    Hypergraph,
    Labels,
    OpenHypergraph,
    SegmentedArray,
    WireError,
    ancestors,
    drivers,
    layering,
    order,
)
from catgrad.hypergraph.array import equal, host, integers
from tests.strategies import modules, open_hypergraphs, runnable


def ports(f):
    """What each operation reads and writes."""
    return [(host(f.H.s[i].table).tolist(), host(f.H.t[i].table).tolist()) for i in range(f.H.X)]


def needs(f):
    """For each operation those that it reads from."""
    return [{j for j, (_, t) in enumerate(ports(f)) if set(s) & set(t)} for s, _ in ports(f)]


@given(modules, runnable())
def test_each_operation_is_one_layer_after_the_last_it_needs(xp, f):
    layer = host(layering(f.to(xp))).tolist()
    assert layer == [max((layer[j] + 1 for j in need), default=0) for need in needs(f)]


@given(modules, runnable(most=12))
def test_operations_are_layered_alike_at_once_and_one_by_one(xp, f):
    found = []
    for speed in 0, 10**9:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(import_module("catgrad.hypergraph.layering"), "_ROUND", speed)
            found.append(layering(f.to(xp)))
    assert equal(*found)


@given(modules, runnable(), st.data())
def test_ancestors(xp, f, data):
    wires = data.draw(st.lists(st.integers(0, f.H.W - 1), max_size=3)) if f.H.W else []
    found, reached = set(), set(wires)
    for i in reversed(host(order(f)).tolist()):
        s, t = ports(f)[i]
        if reached & set(t):
            found.add(i)
            reached |= set(s)
    mask = ancestors(f.to(xp), integers(wires, xp))
    assert set(host(xp.nonzero(mask)[0]).tolist()) == found


@given(modules, open_hypergraphs(), st.data())
def test_a_subgraph_keeps_all_wires(xp, f, data):
    kept = data.draw(st.lists(st.booleans(), min_size=f.H.X, max_size=f.H.X))
    part = f.to(xp).H.subgraph(xp.asarray(kept, dtype=xp.bool))
    chosen = [i for i in range(f.H.X) if kept[i]]
    assert part.w == f.H.w
    assert list(part.x) == [f.H.x[i] for i in chosen]
    assert [list(part.s[i]) for i in range(part.X)] == [list(f.H.s[i]) for i in chosen]
    assert [list(part.t[i]) for i in range(part.X)] == [list(f.H.t[i]) for i in chosen]


@given(modules, runnable())
def test_order_runs_operations_after_what_they_need(xp, f):
    layer, sequence = host(layering(f)).tolist(), host(order(f.to(xp))).tolist()
    assert sequence == sorted(range(f.H.X), key=lambda i: (layer[i], i))
    done = set()
    for i in sequence:
        assert needs(f)[i] <= done
        done.add(i)


@given(modules, runnable())
def test_drivers(xp, f):
    writer = host(drivers(f.to(xp))).tolist()
    assert writer == [
        next((i for i, (_, t) in enumerate(ports(f)) if wire in t), -1) for wire in range(f.H.W)
    ]


def waits_for_itself(f):
    """Whether removing the operations that need nothing, again and again, leaves some."""
    left = dict(enumerate(needs(f)))
    while ready := [i for i, need in left.items() if not need & left.keys()]:
        for i in ready:
            del left[i]
    return bool(left)


@given(modules, open_hypergraphs())
def test_circles_are_found(xp, f):
    if not waits_for_itself(f):
        layer = host(layering(f.to(xp))).tolist()
        assert layer == [max((layer[j] + 1 for j in need), default=0) for need in needs(f)]
        return
    with pytest.raises(CycleError) as error:
        layering(f.to(xp))
    start = "Operations wait for each other in a circle: "
    end = "; break it with a register, or remove one of these connections."
    text = str(error.value)
    assert text.startswith(start)
    assert text.endswith(end)
    steps = text.removeprefix(start).removesuffix(end).split(" -> ")
    path = [int(step.split()[1]) for step in steps]
    assert path[0] == path[-1]
    assert all(i in needs(f)[j] for i, j in pairwise(path))
    assert steps == [f"operation {i} ({f.H.x[i]})" for i in path]


@given(modules, open_hypergraphs())
def test_each_wire_has_one_writer_or_an_error(xp, f):
    inputs = host(f.s.table).tolist()
    written = inputs + [wire for _, t in ports(f) for wire in t]
    used = {*host(f.t.table).tolist(), *(wire for s, _ in ports(f) for wire in s)}
    if len(set(written)) == len(written) and used <= set(written):
        drivers(f.to(xp))
    else:
        with pytest.raises(WireError):
            drivers(f.to(xp))


def chain(n):
    """n operations, one after another."""
    one = numpy.ones(n, dtype=numpy.int64)
    W = n + 1
    return OpenHypergraph(
        FiniteFunction.of([0], W),
        FiniteFunction.of([n], W),
        Hypergraph(
            SegmentedArray(one, FiniteFunction.inj0(n, 1)),
            SegmentedArray(one, FiniteFunction.inj1(1, n)),
            Labels.of(["a"] * W),
            Labels.of(["f"] * n),
        ),
    )


@pytest.mark.parametrize("n", [0, 1, 10_000])
def test_a_chain_has_a_layer_for_each_operation(n):
    assert layering(chain(n)).tolist() == list(range(n))


# Errors


def program(inputs, outputs, operations, W):
    """Operations ``name: (reads, writes)`` on W wires labelled ``a``."""

    def segments(parts):
        sizes = numpy.asarray([len(part) for part in parts], dtype=numpy.int64)
        return SegmentedArray(sizes, FiniteFunction.of([i for part in parts for i in part], W))

    s, t = (segments([ports[side] for ports in operations.values()]) for side in (0, 1))
    H = Hypergraph(s, t, Labels.of(["a"] * W), Labels.of(operations))
    return OpenHypergraph(FiniteFunction.of(inputs, W), FiniteFunction.of(outputs, W), H)


def wire_error(f):
    with pytest.raises(WireError) as error:
        drivers(f)
    return str(error.value)


def test_wires_written_twice(xp):
    assert wire_error(program([], [], {"f": ([], [0]), "g": ([], [1, 0])}, 2).to(xp)) == (
        "Wire 0 (a) is written by operation 0 (f) and by operation 1 (g); let each wire have one "
        "writer."
    )
    assert wire_error(program([1], [], {"f": ([], [0, 1])}, 2).to(xp)) == (
        "Wire 1 (a) is written by input 0 and by operation 0 (f); let each wire have one writer."
    )
    assert wire_error(program([0, 0], [], {}, 1).to(xp)) == (
        "Wire 0 (a) is written by input 0 and by input 1; let each wire have one writer."
    )


def test_wires_never_written(xp):
    assert wire_error(program([0], [], {"f": ([0], [1]), "g": ([1, 2], [])}, 3).to(xp)) == (
        "Wire 2 (a) is read by operation 1 (g) but nothing writes it; make it an input or the "
        "result of an operation."
    )
    assert wire_error(program([0], [0, 1], {}, 2).to(xp)) == (
        "Wire 1 (a) is read by output 1 but nothing writes it; make it an input or the result of "
        "an operation."
    )


def test_a_circle_is_shown(xp):
    operations = {
        "start": ([0], [1]),
        "add": ([1, 4], [2]),
        "shift": ([2], [3]),
        "delay": ([3], [4]),
        "end": ([3], [5]),
    }
    with pytest.raises(CycleError) as error:
        layering(program([0], [5], operations, 6).to(xp))
    assert str(error.value) == (
        "Operations wait for each other in a circle: operation 1 (add) -> operation 2 (shift) -> "
        "operation 3 (delay) -> operation 1 (add); break it with a register, or remove one of "
        "these connections."
    )


def test_long_circles_are_shortened():
    n = 100
    operations = {f"f{i}": ([i], [(i + 1) % n]) for i in range(n)}
    with pytest.raises(CatgradError) as error:
        layering(program([], [], operations, n))
    assert str(error.value) == (
        "Operations wait for each other in a circle: "
        + " -> ".join(f"operation {i} (f{i})" for i in range(15))
        + " -> ... 85 more ... -> operation 0 (f0); break it with a register, or remove one of "
        "these connections."
    )
