"""Views: the same array as NumPy makes, without a copy where NumPy needs none."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catgrad.core.types import Dtype, NdArrayType
from catgrad.target.python.code import Code
from catgrad.target.python.values import Value
from catgrad.target.python.views import permuted, reshaped


@st.composite
def factors(draw, n):
    """A shape that holds `n` numbers."""
    shape = []
    while n > 1:
        shape.append(draw(st.sampled_from([k for k in range(2, n + 1) if n % k == 0])))
        n //= shape[-1]
    for _ in range(draw(st.integers(0, 2))):
        shape.insert(draw(st.integers(0, len(shape))), 1)
    return tuple(shape)


@given(st.data(), st.sampled_from([1, 2, 6, 12, 24, 60]))
def test_views_are_what_numpy_makes(data, size):
    T = NdArrayType(data.draw(factors(size)), Dtype.float32)
    # Some axes may be there to be repeated only.
    thin = tuple(data.draw(st.sampled_from([1, n])) for n in T.shape)
    x = np.arange(np.prod(thin, dtype=int)).reshape(thin)
    expected = np.broadcast_to(x, T.shape)
    value = Value(Code("x"), T, thin)
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            order = tuple(data.draw(st.permutations(range(expected.ndim))))
            value, expected = permuted(value, order), expected.transpose(order)
        else:
            shape = data.draw(factors(size))
            value, expected = reshaped(value, shape), expected.reshape(shape)
    found = eval(value.full.text, {"x": x, "np": np})
    assert found.shape == value.type.shape == expected.shape
    assert np.array_equal(found, expected)
    if not value.full.operations:
        assert np.shares_memory(found, x)


def view(shape, *steps):
    """The code for an array `x` after some steps: an order of axes, or a new shape."""
    T = NdArrayType(shape, Dtype.float32)
    value = Value(Code("x"), T, shape)
    for step, axes in steps:
        value = step(value, axes)
    return value.full.text


def test_permutations_of_permutations_are_one():
    assert view((2, 3, 4), (permuted, (1, 2, 0)), (permuted, (2, 0, 1))) == "x"
    assert view((2, 3, 4), (permuted, (0, 2, 1)), (permuted, (1, 0, 2))) == "x.transpose(2, 0, 1)"


def test_a_matrix_of_exchanged_axes_is_a_matrix_transposed():
    assert view((2, 3, 4), (permuted, (2, 0, 1)), (reshaped, (4, 6))) == "x.reshape(6, 4).T"


def test_axes_are_taken_apart_behind_a_permutation():
    steps = (permuted, (1, 0)), (reshaped, (3, 2, 4))
    assert view((4, 6), *steps) == "x.reshape(4, 3, 2).transpose(1, 2, 0)"


def test_numbers_are_repeated():
    T = NdArrayType((3, 2, 4), Dtype.float32)
    value = Value(Code("x"), T, (3, 1, 4))
    assert reshaped(value, (6, 4)).code.text == "x.reshape(3, 4).repeat(2, axis=0)"


def test_two_copies_become_one():
    # Axes 1 and 3 are joined, and then axis 2 with axis 0.
    steps = (permuted, (2, 0, 1, 3)), (reshaped, (4, 2, 15)), (permuted, (1, 0, 2))
    assert view((2, 3, 4, 5), *steps, (reshaped, (8, 15))) == (
        "x.transpose(0, 2, 1, 3).reshape(8, 15)"
    )
