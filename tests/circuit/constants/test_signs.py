"""Numbers kept negated: the same products, and less to invert."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catgrad.circuit.constants import AdderGraph, Source, Term, shift_and_add
from catgrad.circuit.constants.graph import bits_of
from catgrad.circuit.constants.signs import fewest_inverters
from tests.circuit.constants.test_solve import BYTE, matrices, sources


def cost(graph: AdderGraph) -> int:
    """The bits of carry chains, and of numbers that are subtracted and added as well."""
    added = {term.number for term in graph.outputs if term} | set(range(len(graph.sources)))
    added |= {term.number for pair in graph.adders for term in pair if term.sign > 0}
    subtracted = {term.number for pair in graph.adders for term in pair if term.sign < 0}
    return graph.bits + sum(bits_of(*graph.ranges[number]) for number in added & subtracted)


@given(st.data())
def test_the_same_matrix_in_no_more_bits(data: st.DataObject) -> None:
    matrix = data.draw(matrices())
    given_sources = data.draw(sources(matrix.shape[1]))
    before = shift_and_add(matrix, given_sources, rounds=data.draw(st.integers(0, 4)))
    after = fewest_inverters(before, data.draw(st.integers(0, 2**32)))
    assert np.array_equal(after.matrix, matrix)
    assert after.outputs == before.outputs
    assert after.depths == before.depths
    assert all((a.sign, b.sign) != (-1, -1) for a, b in after.adders)
    assert cost(after) <= cost(before)


def test_the_wider_number_is_not_inverted() -> None:
    x, y, u, v = range(4)
    before = AdderGraph(
        (BYTE,) * 4,
        (
            (Term(x, 0, 1), Term(y, 0, 1)),  # 4: a = x + y
            (Term(u, 0, 1), Term(4, 0, -1)),  # 5: p = u - a
            (Term(4, 0, 1), Term(v, 0, 1)),  # 6: q = a + v
            (Term(6, 0, 1), Term(5, 1, 1)),  # 7: q + 2 * p
        ),
        (Term(7, 0, 1),),
    )
    after = fewest_inverters(before)
    assert after.adders[1] == (Term(u, 0, -1), Term(4, 0, 1))
    assert after.adders[3] == (Term(6, 0, 1), Term(5, 1, -1))
    assert cost(after) == cost(before) - 1  # 8 bits of u, not 9 of a


def test_sixteen_by_sixteen_has_half_as_much_to_invert() -> None:
    matrix = np.random.default_rng(0).integers(-128, 128, (16, 16)).T
    before = shift_and_add(matrix, [BYTE] * 16, rounds=0)
    after = fewest_inverters(before)
    assert cost(after) - before.bits < 0.6 * (cost(before) - before.bits)


def test_a_graph_without_adders_between() -> None:
    for matrix in ([[1]], [[3]], [[0]]):
        graph = shift_and_add(matrix, [Source(0, 9)])
        assert fewest_inverters(graph) == graph
