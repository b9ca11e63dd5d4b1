"""Difference constraints: the least and the cheapest numbers, by exhaustion."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit.differences import Circular, Differences

Edge = tuple[int, int, int]

edges = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-3, 2)), max_size=8
).map(lambda found: [(tail, head, least) for tail, head, least in found if tail != head])
BOUND = 6


def system(edges: list[Edge]) -> Differences:
    """Numbers x[0..3], none above `BOUND`."""
    constraints = Differences()
    numbers = constraints.more(3)
    constraints.keep(numbers, 0, -BOUND)
    for edge in edges:
        constraints.keep(*edge)
    return constraints


def solutions(edges: list[Edge]) -> list[tuple[int, ...]]:
    return [
        (0, *x)
        for x in product(range(BOUND + 1), repeat=3)
        if all((0, *x)[head] - (0, *x)[tail] >= least for tail, head, least in edges)
    ]


@given(edges)
def test_the_smallest_numbers_are_below_all_others(edges: list[Edge]) -> None:
    every = solutions(edges)
    if every:
        assert system(edges).smallest().tolist() == np.array(every).min(axis=0).tolist()
        return
    with pytest.raises(Circular) as caught:
        system(edges).smallest()
    bounds = [(number, 0, -BOUND) for number in range(1, 4)]
    bounds += [(0, number, 0) for number in range(1, 4)]
    circle = caught.value.nodes
    longest = [
        max(least for t, h, least in edges + bounds if (t, h) == (tail, head))
        for tail, head in zip(circle, circle[1:] + circle[:1], strict=True)
    ]
    assert sum(longest) > 0


@given(edges, st.tuples(*[st.integers(-4, 4)] * 3))
def test_no_numbers_are_cheaper_and_none_as_cheap_are_smaller(
    edges: list[Edge], cost: tuple[int, int, int]
) -> None:
    every = np.array(solutions(edges))
    if not every.size:
        return
    weights = np.array([0, *cost])
    found = system(edges).cheapest(weights)
    best = every[(every @ weights) == (every @ weights).min()]
    assert found.tolist() == best.min(axis=0).tolist()


def test_a_cost_without_a_least_value_is_refused() -> None:
    constraints = Differences()
    constraints.more(1)
    with pytest.raises(ValueError, match=r"^The cost has no least value\.$"):
        constraints.cheapest(np.array([0, -1]))
