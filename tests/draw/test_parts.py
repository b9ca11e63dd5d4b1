"""Long programs, in parts."""

from __future__ import annotations

from functools import reduce

import array_api_strict
import numpy as np
from hypothesis import given, reject
from hypothesis import strategies as st

from catgrad.draw import draw
from catgrad.draw.parts import divide
from catgrad.hypergraph import (
    CycleError,
    OpenHypergraph,
    layering,
)
from tests.draw.reading import Picture
from tests.draw.test_draw import box, scribble, wires
from tests.strategies import open_hypergraphs, runnable


def part_of(label: str) -> int:
    return int(label.removeprefix("part ")) - 1


@given(open_hypergraphs() | runnable(), st.integers(1, 4))
def test_parts_hold_every_operation_once(f: OpenHypergraph, size: int) -> None:
    try:
        called, parts = divide(f, 1_000, size)
    except CycleError:
        reject()
    assert [part.H.X for part in parts[:-1]] == [size] * len(parts[:-1])
    chosen = [part_of(label) for label in called.H.x]
    for i, part in enumerate(parts):
        labels = [x for x, j in zip(f.H.x, chosen, strict=True) if i == j]
        assert list(part.H.x) == labels
        assert len({*part.H.s.values, *part.H.t.values}) == part.H.W


@given(runnable(), st.integers(1, 4))
def test_parts_in_a_row_are_the_program(f: OpenHypergraph, size: int) -> None:
    """A part reads what parts before it write, and offers all that parts after it read."""
    called, parts = divide(f, 1_000, size)
    chosen = np.array([part_of(label) for label in called.H.x], dtype=np.int64)
    for i, part in enumerate(parts):
        own, rest = f.H.subgraph(chosen == i), f.H.subgraph(chosen != i)
        reads, writes = {*own.s.values}, {*own.t.values}
        assert len(part.s) == len(reads - writes)
        assert len(part.t) == len(writes & {*rest.s.values, *f.t})
        assert {*f.H.subgraph(chosen > i).t.values}.isdisjoint(reads)


def test_there_are_at_most_so_many_parts() -> None:
    called, parts = divide(scribble(100, 1), 7, 3)
    assert [part.H.X for part in parts] == [15] * 6 + [10]
    layering(called)


def test_constants_are_not_all_in_the_first_part() -> None:
    layer = (wires("a") @ box("constant", "", "b")) >> box("f", "ab", "a")
    _, parts = divide(reduce(OpenHypergraph.__rshift__, [layer] * 8), 4, 1)
    assert all("f" in list(part.H.x) for part in parts)


def test_a_long_program_is_drawn_in_parts() -> None:
    layer = box("f", "a", "b") >> box("g", "b", "a")
    picture = Picture(draw(reduce(OpenHypergraph.__rshift__, [layer] * 500), inputs=["x"]))
    boxes = [box.text for box in picture.boxes]
    assert boxes[:2] == ["part 1\n×75", "part 2\n×75"]
    assert boxes.count("f") == boxes.count("g") == 500
    headings = [text.text for text in picture.texts if text.style == "heading"]
    assert headings == [f"part {n}" for n in range(1, 15)]


def test_another_array_module() -> None:
    f = scribble(30, 1)
    assert draw(f.to(array_api_strict)) == draw(f)
