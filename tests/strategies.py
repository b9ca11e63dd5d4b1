"""Inputs for laws: finite functions, labels and programs of every kind.

Programs have wires labelled ``a``, ``b``, ``c``; an operation is labelled with its name and its
whole type, so that a label determines the type.
"""

from dataclasses import dataclass

import array_api_strict
import numpy
from hypothesis import strategies as st

from catgrad.hypergraph import FiniteFunction, Hypergraph, Labels, OpenHypergraph, SegmentedArray

WIRES = "abc"

modules = st.sampled_from([numpy, array_api_strict])
"""Array modules: NumPy, and one with nothing beyond the array API standard."""


@dataclass(frozen=True)
class Operation:
    """An operation label that knows its type."""

    name: str
    sources: str
    targets: str

    def __str__(self) -> str:
        return self.name

    def source(self) -> Labels:
        return Labels.of(self.sources)

    def target(self) -> Labels:
        return Labels.of(self.targets)

    def program(self) -> OpenHypergraph:
        return OpenHypergraph.singleton(self, self.source(), self.target())


def sizes(most: int = 5) -> st.SearchStrategy[int]:
    """Small numbers of things, from 0."""
    return st.integers(0, most)


@st.composite
def finite_functions(
    draw: st.DrawFn, source: int | None = None, target: int | None = None
) -> FiniteFunction:
    """Any function; from ``source`` and into ``target`` elements where these are given."""
    if target is None:
        target = draw(st.integers(1 if source else 0, 6))
    if source is None:
        source = draw(sizes(6)) if target else 0
    values = st.lists(st.integers(0, target - 1), min_size=source, max_size=source)
    return FiniteFunction.of(draw(values) if source else [], target)


@st.composite
def parallel_functions(draw: st.DrawFn, most: int = 12) -> tuple[FiniteFunction, FiniteFunction]:
    """Two functions with one source and one target."""
    target = draw(st.integers(1, most))
    source = draw(sizes(most))
    return draw(finite_functions(source, target)), draw(finite_functions(source, target))


@st.composite
def permutations(draw: st.DrawFn, n: int) -> FiniteFunction:
    """A permutation of n elements."""
    return FiniteFunction.of(draw(st.permutations(range(n))), n)


@st.composite
def segmented_arrays(draw: st.DrawFn, target: int | None = None) -> SegmentedArray[FiniteFunction]:
    """Up to five segments."""
    lengths = draw(st.lists(sizes(3), max_size=5))
    values = draw(finite_functions(sum(lengths), target))
    return SegmentedArray(numpy.asarray(lengths, dtype=numpy.int64), values)


def labels(most: int = 4) -> st.SearchStrategy[Labels]:
    """The labels of up to ``most`` wires."""
    return st.text(WIRES, max_size=most).map(Labels.of)


@st.composite
def open_hypergraphs(
    draw: st.DrawFn, source: Labels | None = None, target: Labels | None = None
) -> OpenHypergraph:
    """Any program, from ``source`` and to ``target`` where these are given.

    Wires with many writers or none, and operations that wait for each other, included.
    """
    wanted = {*(source or []), *(target or [])}
    pool = draw(st.text(WIRES, max_size=4)) + "".join(sorted(wanted))
    W = len(pool)
    wires = st.lists(st.integers(0, W - 1), max_size=3) if W else st.just([])

    def interface(A: Labels | None) -> FiniteFunction:
        if A is None:
            return FiniteFunction.of(draw(wires), W)
        chosen = [st.sampled_from([i for i in range(W) if pool[i] == label]) for label in A]
        return FiniteFunction.of(draw(st.tuples(*chosen)), W)

    ports = draw(st.lists(st.tuples(st.sampled_from("fg"), wires, wires), max_size=3))
    H = Hypergraph(
        _segments([s for _, s, _ in ports], W),
        _segments([t for _, _, t in ports], W),
        Labels.of(pool),
        Labels.of(
            Operation(name, "".join(pool[i] for i in s), "".join(pool[i] for i in t))
            for name, s, t in ports
        ),
    )
    return OpenHypergraph(interface(source), interface(target), H)


@st.composite
def composable(draw: st.DrawFn, n: int = 2) -> list[OpenHypergraph]:
    """n programs, the inputs of each like the outputs of the one before."""
    programs = [draw(open_hypergraphs())]
    while len(programs) < n:
        programs.append(draw(open_hypergraphs(programs[-1].target)))
    return programs


@st.composite
def runnable(draw: st.DrawFn, source: Labels | None = None, most: int = 8) -> OpenHypergraph:
    """A program that can run: each wire has one writer, and there is no cycle.

    The operations are numbered at random.
    """
    pool = "".join(draw(labels()) if source is None else source)
    inputs, s, t, x = len(pool), [], [], []
    for _ in range(draw(sizes(most))):
        read = draw(st.lists(st.integers(0, len(pool) - 1), max_size=3)) if pool else []
        written = draw(st.text(WIRES, max_size=2))
        x.append(Operation(draw(st.sampled_from("fg")), "".join(pool[i] for i in read), written))
        s.append(read)
        t.append(list(range(len(pool), len(pool) + len(written))))
        pool += written
    W = len(pool)
    outputs = draw(st.lists(st.integers(0, W - 1), max_size=3)) if W else []
    H = Hypergraph(_segments(s, W), _segments(t, W), Labels.of(pool), Labels.of(x))
    f = OpenHypergraph(FiniteFunction.of(range(inputs), W), FiniteFunction.of(outputs, W), H)
    return f.permute(draw(permutations(W)), draw(permutations(len(x))))


def _segments(parts: list[list[int]], target: int) -> SegmentedArray[FiniteFunction]:
    lengths = numpy.asarray([len(part) for part in parts], dtype=numpy.int64)
    return SegmentedArray(lengths, FiniteFunction.of([i for part in parts for i in part], target))
