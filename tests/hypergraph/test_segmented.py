"""Segmented arrays against lists of lists."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.hypergraph import FiniteFunction, Labels, SegmentedArray
from catgrad.hypergraph.array import host
from tests.strategies import finite_functions, labels, modules, segmented_arrays


def lists(segments):
    return [host(segment.table).tolist() for segment in segments]


words = st.lists(labels(), min_size=1, max_size=4).map(SegmentedArray.from_labels)


@given(modules, segmented_arrays())
def test_segments(xp, a):
    a = a.to(xp)
    assert [len(segment) for segment in a] == host(a.sizes).tolist()
    assert [i for part in lists(a) for i in part] == host(a.values.table).tolist()
    assert lists([a[i] for i in range(-len(a), 0)]) == lists(a)
    assert list(a) == [a[i] for i in range(len(a))]


@given(modules, segmented_arrays(5), segmented_arrays(5))
def test_sum_and_tensor(xp, a, b):
    a, b = a.to(xp), b.to(xp)
    assert lists(a + b) == lists(a) + lists(b)
    assert lists(a @ b) == lists(a) + [[i + 5 for i in segment] for segment in lists(b)]


@given(modules, segmented_arrays(), st.data())
def test_map_values(xp, a, data):
    g = data.draw(finite_functions(a.values.target))
    assert lists(a.to(xp).map_values(g.to(xp))) == [[g(i) for i in part] for part in lists(a)]


@given(modules, segmented_arrays(3), labels().filter(lambda A: len(A) >= 3).map(lambda A: A[:3]))
def test_map_values_to_labels(xp, a, A):
    mapped = a.to(xp).map_values(A.to(xp))
    assert [list(part) for part in mapped] == [[A[i] for i in part] for part in lists(a)]


@given(modules, segmented_arrays(), st.data())
def test_map_indexes(xp, a, data):
    f = data.draw(finite_functions(target=len(a)))
    mapped = a.to(xp).map_indexes(f.to(xp))
    assert lists(mapped) == [lists(a)[f(i)] for i in range(len(f))]
    assert mapped.values == a.to(xp).injections(f.to(xp)) >> a.to(xp).values


@given(modules, words, words)
def test_join(xp, a, b):
    n = min(len(a), len(b))
    first = [k.map_indexes(FiniteFunction.inj0(n, len(k) - n)) for k in (a, b)]
    a, b = (k.to(xp) for k in first)
    assert list(a.join(b)) == [left + right for left, right in zip(a, b, strict=True)]


@given(modules, words, st.data())
def test_expand(xp, blocks, data):
    a = data.draw(segmented_arrays(len(blocks)))
    expanded = a.to(xp).expand(blocks.to(xp)).map_values(blocks.values.to(xp))
    assert [list(part) for part in expanded] == [
        [label for i in part for label in blocks[i]] for part in lists(a)
    ]


@given(modules, segmented_arrays())
def test_equality_is_of_contents(xp, a):
    assert a.to(xp) == a
    assert hash(a.to(xp)) == hash(a)
    longer = SegmentedArray(numpy.concat([a.sizes, [0]]), a.values)
    assert a != longer
    assert a != a.values


def test_no_segment_outside():
    with pytest.raises(IndexError):
        SegmentedArray.from_labels([Labels.of("a")])[1]


def test_sizes_add_up():
    with pytest.raises(CatgradError) as error:
        SegmentedArray(numpy.asarray([1, 3]), FiniteFunction.identity(3))
    assert str(error.value) == (
        "Segments of 4 elements in all cannot hold 3 values; let the sizes add up to the number of "
        "values."
    )
