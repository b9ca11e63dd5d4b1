"""Lists of positions become loops, and loops give the lists back."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catgrad.folded.fuse.positions import inverse, is_permutation, loops, separate
from catgrad.folded.phase import Place

EXTENTS = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


@st.composite
def affine(draw: st.DrawFn) -> tuple[tuple[int, ...], list[Place]]:
    """Some loops, and places over them."""
    extents = draw(EXTENTS)
    strides = st.tuples(*[st.integers(-9, 9)] * len(extents))
    count = draw(st.integers(0, 3))
    return extents, [Place(0, draw(st.integers(0, 99)), draw(strides)) for _ in range(count)]


@given(affine())
def test_affine_places_come_back(case: tuple[tuple[int, ...], list[Place]]) -> None:
    extents, given_places = case
    lists = [place.positions(extents).reshape(-1) for place in given_places]
    found = loops(lists, math.prod(extents))
    assert found is not None
    assert math.prod(found.extents) == math.prod(extents)
    assert len(found.extents) <= max(1, sum(n > 1 for n in extents))
    for positions, strides in zip(lists, found.strides, strict=True):
        again = Place(0, int(positions[0]), strides).positions(found.extents)
        np.testing.assert_array_equal(again.reshape(-1), positions)


@given(st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), max_size=3))
def test_whatever_is_found_is_right(rows: list[list[int]]) -> None:
    lists = [np.array(row) for row in rows]
    found = loops(lists, 6)
    for positions, strides in zip(lists, found.strides if found else (), strict=False):
        assert found is not None
        again = Place(0, int(positions[0]), strides).positions(found.extents)
        np.testing.assert_array_equal(again.reshape(-1), positions)


@given(affine(), st.integers(1, 4))
def test_sums_over_results_and_terms_separate(
    case: tuple[tuple[int, ...], list[Place]], terms: int
) -> None:
    extents, given_places = case
    for place in given_places:
        kept = place.positions(extents).reshape(-1)
        found = separate(kept[:, None] + 3 * np.arange(terms))
        assert found is not None
        np.testing.assert_array_equal(found[0], kept)
        np.testing.assert_array_equal(found[1], 3 * np.arange(terms))


def test_a_product_of_indices_does_not_separate() -> None:
    assert separate(np.outer(np.arange(3), np.arange(3))) is None


@given(st.permutations(range(6)))
def test_inverses(order: list[int]) -> None:
    p = np.array(order)
    assert is_permutation(p, 6)
    np.testing.assert_array_equal(p[inverse(p)], np.arange(6))
    assert not is_permutation(p // 2, 6)
