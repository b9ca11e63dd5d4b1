"""Array primitives against the same in plain Python, in each array module."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.hypergraph import array
from tests.strategies import modules

pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=8)
segments = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=6)


def ints(values, xp):
    return array.integers(values, xp)


@given(modules, segments)
def test_ranges(xp, segments):
    starts, sizes = ints([a for a, _ in segments], xp), ints([n for _, n in segments], xp)
    expected = [i for start, n in segments for i in range(start, start + n)]
    assert array.host(array.ranges(starts, sizes)).tolist() == expected


@given(modules, pairs)
def test_count(xp, pairs):
    index = [i for i, _ in pairs]
    assert array.host(array.count(ints(index, xp), 6)).tolist() == [
        index.count(i) for i in range(6)
    ]


@given(modules, st.dictionaries(st.integers(0, 5), st.integers(0, 9)))
def test_put(xp, values):
    x = array.put(ints([-1] * 6, xp), ints(values.keys(), xp), ints(values.values(), xp))
    assert array.host(x).tolist() == [values.get(i, -1) for i in range(6)]


@given(modules, pairs)
def test_put_leaves_its_argument_alone(xp, pairs):
    x = ints(range(6), xp)
    array.put(x, ints([i for i, _ in pairs], xp), ints([0 for _ in pairs], xp))
    array.put_minimum(x, ints([i for i, _ in pairs], xp), ints([-1 for _ in pairs], xp))
    assert array.host(x).tolist() == list(range(6))


@given(modules, pairs)
def test_put_minimum(xp, pairs):
    index, values = ints([i for i, _ in pairs], xp), ints([v for _, v in pairs], xp)
    x = array.put_minimum(ints([5] * 6, xp), index, values)
    expected = [min([5, *(v for j, v in pairs if j == i)]) for i in range(6)]
    assert array.host(x).tolist() == expected


@given(modules, st.lists(st.integers(-3, 3)))
def test_classes(xp, values):
    first, number = array.classes(ints(values, xp))
    distinct = sorted(set(values))
    assert array.host(first).tolist() == [values.index(v) for v in distinct]
    assert array.host(number).tolist() == [distinct.index(v) for v in values]


@given(modules, pairs)
def test_subtract_counts(xp, pairs):
    index = [i for i, _ in pairs]
    x = array.subtract_counts(ints([10] * 6, xp), ints(index, xp))
    assert array.host(x).tolist() == [10 - index.count(i) for i in range(6)]


def test_arrays_move_between_modules(xp):
    x = ints([3, 1, 2], xp)
    assert array.equal(array.move(x, numpy), numpy.asarray([3, 1, 2]))
    assert array.equal(x, array.move(array.host(x), xp))
    assert not array.equal(x, numpy.asarray([3, 1, 1]))
    assert not array.equal(x, numpy.asarray([3, 1]))


@pytest.mark.parametrize(
    ("x", "shown"),
    [(numpy.zeros(3), "float64[3]"), (numpy.zeros((2, 2), dtype=numpy.int64), "int64[2, 2]")],
)
def test_only_int64_of_one_dimension(x, shown):
    with pytest.raises(CatgradError) as error:
        array.check(x, "The table")
    assert str(error.value) == (
        f"The table must be an int64 array of one dimension, not {shown}; "
        "convert or reshape it first."
    )
