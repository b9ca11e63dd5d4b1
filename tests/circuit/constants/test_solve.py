"""Graphs of shifts and adds compute the product with the matrix that they are made for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import firwin

from catgrad.circuit.constants import AdderGraph, Source, Term, shift_and_add
from catgrad.circuit.constants.digits import digit_count
from catgrad.circuit.constants.solve import least_depth
from catgrad.errors import CatgradError

Integers = NDArray[np.int64]

BYTE = Source(-128, 127)


@st.composite
def matrices(draw: st.DrawFn, most: int = 5) -> Integers:
    """Small matrices, many of them with rows that are alike, or 0, or negative."""
    rows, columns = draw(st.integers(1, most)), draw(st.integers(1, most))
    entries = draw(
        st.sampled_from([st.integers(-3, 3), st.integers(-128, 127), st.integers(-9, 0)])
    )
    entry = entries | st.sampled_from([0, 1, -1, 64, 2**20 + 1])
    table = draw(
        st.lists(st.lists(entry, min_size=columns, max_size=columns), min_size=1, max_size=rows)
    )
    return np.array(table, dtype=np.int64)


@st.composite
def sources(draw: st.DrawFn, n: int) -> list[Source]:
    ends = st.tuples(st.integers(-200, 200), st.integers(-200, 200)).map(sorted)
    return [Source(*draw(ends), draw(st.integers(0, 2))) for _ in range(n)]


def plain_adders(matrix: Integers) -> int:
    """How many adders there are where nothing is shared; a negation is one."""
    rows = {tuple(row) for row in matrix.tolist()}
    total = 0
    for row in rows:
        digits = sum(map(digit_count, row))
        negated = all(entry <= 0 and digit_count(entry) == bin(-entry).count("1") for entry in row)
        total += max(digits - 1 + negated * (digits > 0), 0)
    return total


@given(st.data())
def test_the_graph_is_the_matrix_within_its_depth(data: st.DataObject) -> None:
    matrix = data.draw(matrices())
    given_sources = data.draw(sources(matrix.shape[1]))
    least = least_depth(matrix, given_sources)
    depth = data.draw(st.none() | st.integers(least, least + 4))
    graph = shift_and_add(matrix, given_sources, depth, rounds=data.draw(st.integers(0, 8)))
    assert np.array_equal(graph.matrix, matrix)
    assert graph.depth <= (least + 2 if depth is None else depth)
    assert all(term is None or term.sign == 1 for term in graph.outputs)
    for a, b in graph.adders:
        assert min(a.shift, b.shift) == 0
        assert (a.sign, b.sign) != (-1, -1)


@given(matrices(), st.integers(0, 2**32))
def test_ranges_are_those_of_the_numbers_and_are_reached(matrix: Integers, seed: int) -> None:
    graph = shift_and_add(matrix, [BYTE] * matrix.shape[1], rounds=0)
    for form, (least, greatest) in zip(graph.forms, graph.ranges, strict=True):
        assert least == sum(min(-128 * c, 127 * c) for c in form)
        assert greatest == sum(max(-128 * c, 127 * c) for c in form)
    x = np.random.default_rng(seed).integers(-128, 128, (5, matrix.shape[1]))
    assert np.array_equal(graph(x), x @ matrix.T)


@given(st.integers(0, 2**32), st.integers(2, 6))
def test_no_more_adders_than_without_sharing(seed: int, n: int) -> None:
    matrix = np.random.default_rng(seed).integers(-128, 128, (n, n))
    graph = shift_and_add(matrix, [BYTE] * n, rounds=10)
    assert len(graph) <= plain_adders(matrix)


def test_rounds_make_it_better_and_the_same_arguments_the_same_graph() -> None:
    matrix = np.random.default_rng(0).integers(-128, 128, (8, 8))
    greedy, better, again = (
        shift_and_add(matrix, [BYTE] * 8, rounds=rounds) for rounds in (0, 300, 300)
    )
    assert better == again
    assert better.bits < greedy.bits


def test_sixteen_by_sixteen_beats_what_is_published() -> None:
    """Of the matrix that da4ml 0.6.0 does in 360 adders of 4,429 bits, 9 deep, 402 and 6 deep."""
    matrix = np.random.default_rng(0).integers(-128, 128, (16, 16)).T
    deep, shallow = (shift_and_add(matrix, [BYTE] * 16, depth, 50) for depth in (9, 6))
    assert deep.bits < 0.94 * 4429
    assert len(shallow) < 0.95 * 402
    assert deep.depth <= 9
    assert shallow.depth <= 6


def test_the_taps_of_a_filter_take_an_adder_each_and_two_more() -> None:
    taps = np.round(firwin(63, 0.25) * 2**15).astype(np.int64)
    magnitudes = sorted(set(abs(taps).tolist()) - {0})
    odd = {value // (value & -value) for value in magnitudes} - {1}
    graph = shift_and_add(np.array(magnitudes)[:, None], [Source(-(2**15), 2**15 - 1)], depth=4)
    assert len(odd) == 24
    assert len(graph) == 26
    assert graph.depth == 4


def test_multiples_are_made_of_others() -> None:
    graph = shift_and_add([[5], [10], [45], [0]], [BYTE], depth=2)
    assert graph.adders == (
        (Term(0, 0, 1), Term(0, 2, 1)),  # 5 = 1 + 4
        (Term(1, 0, 1), Term(1, 3, 1)),  # 45 = 5 + 40
    )
    assert graph.outputs == (Term(1, 0, 1), Term(1, 1, 1), Term(2, 0, 1), None)
    assert graph.ranges[2] == (-5760, 5715)


def test_a_wide_matrix_is_done_by_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catgrad.circuit.constants.solve._PAIRS_AT_ONCE", 300)
    matrix = np.random.default_rng(3).integers(-128, 128, (4, 12))
    graph = shift_and_add(matrix, [BYTE] * 12, rounds=0)
    assert np.array_equal(graph.matrix, matrix)
    assert graph.depth <= least_depth(matrix, [BYTE] * 12) + 2


def test_an_empty_matrix() -> None:
    assert shift_and_add(np.zeros((0, 2), int), [BYTE] * 2) == AdderGraph((BYTE, BYTE), (), ())
    assert shift_and_add(np.zeros((2, 0), int), []).outputs == (None, None)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: shift_and_add([[1, 2]], [BYTE]),
            (
                "A constant matrix for 1 numbers has shape (rows, 1), not (1, 2); give it one "
                "column for each number."
            ),
        ),
        (
            lambda: shift_and_add([[2**60]], [BYTE]),
            (
                "A constant of 61 bits is not taken apart into shifts and adds; use constants of "
                "at most 48 bits."
            ),
        ),
        (
            lambda: shift_and_add([[85, 85]], [BYTE] * 2, depth=2),
            "This matrix needs adders 3 deep, and the limit is 2; set the depth to 3 or more.",
        ),
    ],
)
def test_mistakes(call, message: str) -> None:
    with pytest.raises(CatgradError) as caught:
        call()
    assert str(caught.value) == message
