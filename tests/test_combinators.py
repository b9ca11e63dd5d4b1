"""Wirings of many wires, and one-wire programs lifted to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catgrad.combinators import canonical, transpose
from catgrad.hypergraph import Labels, OpenHypergraph

grids = st.tuples(st.integers(0, 5), st.integers(0, 5))


@given(grids)
def test_transpose_turns_columns_into_rows(grid: tuple[int, int]) -> None:
    rows, columns = grid
    f = transpose(Labels.of(range(rows * columns)), rows, columns)
    assert list(f.source) == [r * columns + c for c in range(columns) for r in range(rows)]
    assert list(f.target) == list(range(rows * columns))


@given(st.text("abc", max_size=5))
def test_lifted_programs_sort_their_wires_by_their_place_in_the_component(names: str) -> None:
    def component(T: str) -> OpenHypergraph:
        return OpenHypergraph.singleton("f", Labels.of([T, T + "'"]), Labels.of("xyz"))

    f = canonical(component)(Labels.of(names))
    assert list(f.source) == [*names, *(T + "'" for T in names)]
    assert list(f.target) == ["x"] * len(names) + ["y"] * len(names) + ["z"] * len(names)
