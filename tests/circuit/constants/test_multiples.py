"""Multiples of one number: each is what it is made of, and as deep as allowed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit.constants import Source
from catgrad.circuit.constants.multiples import multiples

ODD = st.integers(0, 2**11).map(lambda half: 2 * half + 1)


@settings(max_examples=40)
@given(st.lists(ODD, min_size=1, max_size=6, unique=True), st.integers(0, 2), st.integers(1, 3))
def test_multiples_are_the_sums_of_which_they_are_made(
    targets: list[int], depth: int, tries: int
) -> None:
    limit = depth + 5
    made = multiples(targets, Source(-8, 7, depth), limit, tries)
    assert made is not None
    values, depths = [1], [depth]
    for multiple in made:
        assert multiple.value == sum(t.sign * values[t.number] << t.shift for t in multiple.terms)
        assert multiple.depth == 1 + max(depths[t.number] for t in multiple.terms) <= limit
        values.append(multiple.value)
        depths.append(multiple.depth)
    assert set(targets) <= set(values)


@settings(max_examples=40)
@given(st.lists(ODD, min_size=2, max_size=6, unique=True))
def test_more_tries_take_no_more_adders(targets: list[int]) -> None:
    once, often = (multiples(targets, Source(-8, 7), 6, tries) for tries in (1, 4))
    assert once is not None
    assert often is not None
    assert len(often) <= len(once)


def test_none_where_the_depth_does_not_suffice() -> None:
    assert multiples([0b1010101010101], Source(0, 1), 2) is None
