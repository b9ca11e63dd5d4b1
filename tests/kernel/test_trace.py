"""Kernels as Python functions: what they mean, which shapes they derive, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catgrad.core.types import Dtype, Fixed, NdArrayType, op
from catgrad.kernel.affine import Affine
from catgrad.kernel.evaluate import evaluate
from catgrad.kernel.kernel import KernelError
from catgrad.kernel.scalar_expression import clamp, exp, maximum, minimum, where
from catgrad.kernel.trace import Trace, greatest, least

F = Dtype.float64


def T(*shape: int, dtype=F) -> NdArrayType:
    return NdArrayType(shape, dtype)


def traced(function, *types, **extents):
    return Trace(function, types).kernel(extents)


def run(function, *arrays, **extents):
    """The results of a kernel on float arrays."""
    arrays = [np.asarray(x, np.float64) for x in arrays]
    kernel = traced(function, *(T(*x.shape) for x in arrays), **extents)
    return evaluate(op(kernel), arrays)


def shapes(function, *types, **extents):
    return [U.shape for U in traced(function, *types, **extents).targets]


################################################################################
# Affine expressions

names = st.sampled_from(["i", "j", "k"])
affines = st.recursive(
    st.integers(-3, 3).map(Affine) | names.map(Affine.index),
    lambda a: (
        st.tuples(a, a).map(lambda p: p[0] + p[1])
        | st.tuples(a, a).map(lambda p: p[0] - p[1])
        | st.tuples(a, st.integers(-3, 3)).map(lambda p: p[1] * p[0])
        | a.map(lambda x: -x)
    ),
)


def value(a: Affine, **at: int) -> int:
    return a.constant + sum(step * at[index] for index, step in a.terms)


@given(affines, affines, st.integers(-3, 3), st.tuples(*[st.integers(-5, 5)] * 3))
def test_affine_arithmetic_is_that_of_numbers(a, b, c, at) -> None:
    here = dict(zip("ijk", at, strict=True))
    x, y = value(a, **here), value(b, **here)
    assert value(a + b, **here) == x + y
    assert value(a - b, **here) == x - y
    assert value(c * a, **here) == value(a * c, **here) == c * x
    assert value(c - a, **here) == c - x
    assert value(c + a, **here) == c + x
    assert value(-a, **here) == -x


@given(affines, st.tuples(*[st.integers(-5, 5)] * 3))
def test_an_affine_expression_prints_as_what_it_is(a, at) -> None:
    here = dict(zip("ijk", at, strict=True))
    assert eval(str(a), {}, here) == value(a, **here)


################################################################################
# Meaning


def depthwise(x, h, y, *, t, c, k):
    y[t, c] += x[t + k, c] * h[k, c]


def test_a_filter_in_each_channel() -> None:
    random = np.random.default_rng(0)
    x, h = random.normal(size=(9, 2)), random.normal(size=(4, 2))
    [y] = run(depthwise, x, h)
    expected = [np.correlate(x[:, c], h[:, c], "valid") for c in range(2)]
    assert np.allclose(y, np.stack(expected, axis=1))


def full(x, h, y, *, t, k):
    y[t + k] += x[t] * h[k]


def test_what_is_written_may_meet() -> None:
    x, h = [1, 2, 3, 4], [1, 10, 100]
    assert run(full, x, h)[0].tolist() == np.convolve(x, h).tolist()


def autocorrelation(x, y, *, t, k):
    y[k] += x[t] * x[t + k]


def test_an_index_runs_as_far_as_every_read_of_an_axis_allows() -> None:
    assert run(autocorrelation, [1, 2, 3, 4], k=2)[0].tolist() == [1 + 4 + 9, 2 + 6 + 12]


def self_distance(x, d, *, i, j, k):
    d[i, j] += (x[i, k] - x[j, k]) ** 2


def test_two_indices_may_run_along_the_same_axis() -> None:
    assert run(self_distance, [[0, 0], [3, 4]])[0].tolist() == [[0, 25], [25, 0]]


def extremes(x, high, low, product, *, i, k):
    high[i] = greatest(x[i, k])
    low[i] = least(x[i, k] + 1)
    product[i] *= x[i, k]


def test_every_reduction_and_several_results() -> None:
    high, low, product = run(extremes, [[1, 5, 2], [-1, -2, 3]])
    assert (high.tolist(), low.tolist(), product.tolist()) == ([5, 3], [2, -1], [10, 6])


def interleave(a, b, y, *, i):
    y[2 * i] = a[i]
    y[2 * i + 1] = b[i]


def test_a_result_in_two_parts() -> None:
    assert run(interleave, [1, 2], [3, 4])[0].tolist() == [1, 3, 2, 4]


def elementwise(x, b, y, *, j):
    y[..., j] = x[..., j] * 2 + b[j]


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 2, 3)])
def test_an_ellipsis_stands_for_any_axes(shape) -> None:
    x = np.arange(np.prod(shape)).reshape(shape)
    assert run(elementwise, x, [1, 2, 3])[0].tolist() == (x * 2 + [1, 2, 3]).tolist()


def total(x, y):
    y[()] += x[...]


def test_a_result_without_axes() -> None:
    assert run(total, [[1, 2], [3, 4]])[0].tolist() == 10
    assert run(total, 7)[0].tolist() == 7


def backwards(x, y, *, i):
    y[i] = x[x.shape[0] - 1 - i]


def test_an_index_may_run_backwards() -> None:
    assert run(backwards, [1, 2, 3])[0].tolist() == [3, 2, 1]


def spread(x, y, *, i, j):
    y[i, j] = x[i]


def test_an_extent_may_be_given() -> None:
    assert run(spread, [1, 2], j=3)[0].tolist() == [[1, 1, 1], [2, 2, 2]]


def everything(x, y, *, i):
    a = x[i]
    y[i] = where(a > 1, -a, abs(a) / 2) + clamp(1 - a, -1, 1) * minimum(2, a) - maximum(a, 0) ** 3


def test_every_kind_of_expression() -> None:
    x = np.array([-2.0, -0.5, 0.0, 0.5, 1.5, 3.0])
    expected = (
        np.where(x > 1, -x, abs(x) / 2)
        + np.clip(1 - x, -1, 1) * np.minimum(2, x)
        - np.maximum(x, 0) ** 3
    )
    assert run(everything, x)[0].tolist() == expected.tolist()


def compared(x, z, y, *, i):
    y[i] = (
        (x[i] < z[i])
        + 2 * (x[i] <= z[i])
        + 4 * (x[i] > z[i])
        + 8 * (x[i] >= z[i])
        + 16 * (x[i] == z[i])
        + 32 * (x[i] != z[i])
    )


def test_comparisons_are_ones_and_zeros() -> None:
    assert run(compared, [1, 2, 3], [2, 2, 2])[0].tolist() == [35, 26, 44]


def halved(x, y, *, i):
    y[i] += x[i] * 0.5


def test_on_fixed_point_a_constant_is_exact() -> None:
    kernel = traced(halved, T(3, dtype=Fixed(4, 1)))
    [y] = evaluate(op(kernel), [[-8, 1, 7]])
    assert (kernel.targets[0].dtype, y.tolist()) == (Fixed(4, 2), [-8, 1, 7])


def test_what_is_read_twice_is_one_read() -> None:
    [nest] = traced(lambda x, y, *, i: y.__setitem__(i, x[i] * x[i]), T(3)).nests
    assert len(nest.reads) == 1


################################################################################
# Shapes


def strided(x, y, *, i, k):
    y[i] += x[2 * i + k]


def test_shapes_are_derived() -> None:
    assert shapes(depthwise, T(8, 3), T(3, 3)) == [(6, 3)]
    assert shapes(full, T(8), T(3)) == [(10,)]
    assert [shapes(strided, T(n), k=3) for n in (3, 4, 5, 6, 7)] == [
        [(1,)],
        [(1,)],
        [(2,)],
        [(2,)],
        [(3,)],
    ]
    assert shapes(depthwise, T(2, 3), T(3, 3)) == [(0, 3)]
    assert shapes(full, T(0), T(3)) == [(2,)]


################################################################################
# Errors


def refused(function, *types, **extents) -> str:
    with pytest.raises(KernelError) as error:
        traced(function, *types, **extents)
    return str(error.value)


def test_a_read_that_leaves_its_array() -> None:
    def shifted(x, y, *, t):
        y[t] = x[t] - x[t - 1]

    assert refused(shifted, T(8)) == (
        "Kernel 'shifted' reads x at -1 (t - 1 with t from 0 to 7) along axis 0 of x, float64[8]; "
        "indices begin at 0: drop the - 1, or pad the array first."
    )
    assert refused(strided, T(8), i=4, k=3) == (
        "Kernel 'strided' reads x at 8 (2 * i + k with i from 0 to 3 and k from 0 to 2) along "
        "axis 0 of x, float64[8]; keep it from 0 to 7."
    )

    def beyond(x, y):
        y[()] = x[3]

    assert refused(beyond, T(3)) == (
        "Kernel 'beyond' reads x at 3 along axis 0 of x, float64[3]; keep it from 0 to 2."
    )


def test_no_room_for_a_window() -> None:
    assert refused(depthwise, T(1, 3), T(4, 3)) == (
        "Kernel 'depthwise' has no room to read x at t + k along axis 0 of x, float64[1, 3]; "
        "give an array with at least 3 elements there."
    )


def test_axes_that_disagree() -> None:
    def added(x, z, y, *, i):
        y[i] = x[i] + z[i]

    assert refused(added, T(3), T(4)) == (
        "Kernel 'added' runs index i from 0 to 2 along axis 0 of x, float64[3], but from 0 to 3 "
        "along axis 0 of z, float64[4]; let the two agree."
    )


def test_an_index_whose_extent_is_nowhere_told() -> None:
    assert refused(strided, T(8)) == (
        "Kernel 'strided' does not say how far index i runs: no array is read at i alone, or "
        "beside indices that are known from elsewhere; give its extent, as in strided(..., i=8)."
    )
    assert refused(spread, T(8)) == (
        "Kernel 'spread' does not say how far index j of y[i, j] runs: nothing is read there; "
        "give its extent, as in spread(..., j=8)."
    )
    assert refused(spread, T(8), k=2) == (
        "Kernel 'spread' has no index k to give an extent to; its indices are i, j."
    )


def test_a_reduction_that_is_not_said() -> None:
    def filtered(x, h, y, *, t, k):
        y[t] = x[t + k] * h[k]

    assert refused(filtered, T(8), T(3)) == (
        "Kernel 'filtered' writes y[t] once for each k; add up with +=, multiply with *=, or take "
        "greatest(...) or least(...)."
    )


def test_a_reduction_over_an_empty_axis() -> None:
    def best(x, y, *, i, k):
        y[i] = greatest(x[i, k])

    assert refused(best, T(3, 0)) == (
        "Kernel 'best' takes the greatest of 0 numbers in nest 0 over (3, 0); "
        "reduce over at least one point."
    )


def test_places_that_do_not_fit_the_axes() -> None:
    assert refused(full, T(8, 3), T(3)) == (
        "Kernel 'full' reads x[t], but x is float64[8, 3]; give one place for each of its 2 axes."
    )

    def uneven(x, y, *, i):
        y[i] = x[i]
        y[i, 0] = x[i]

    assert refused(uneven, T(3)) == (
        "Kernel 'uneven' writes y with 1 and with 2 places; give one for each axis, always."
    )


def test_places_that_are_not_affine() -> None:
    def squared(x, y, *, i, j):
        y[i, j] = x[i * j]

    assert refused(squared, T(3)) == (
        "Cannot multiply the index i by j; a place in an array is a sum of indices times whole "
        "numbers."
    )

    def halves(x, y, *, i):
        y[i] = x[i + 0.5]

    assert refused(halves, T(3)) == (
        "Cannot add 0.5 to the index i; "
        "a place in an array is a sum of indices times whole numbers."
    )

    def sliced(x, y, *, i):
        y[i] = x[1:]

    assert refused(sliced, T(3)) == (
        "Kernel 'sliced' has a slice along axis 0 of x; name single elements, as in x[i + k], and "
        "let indices run."
    )


def test_arrays_that_are_not_what_they_should_be() -> None:
    assert refused(full, T(3), T(3), T(3)) == (
        "Kernel 'full' is given 3 array types for its arrays x, h, y; give one for each that it "
        "reads, and none for those that it writes, which stand last."
    )

    def overwritten(x, y, *, i):  # noqa: ARG001
        x[i] = x[i]

    assert refused(overwritten, T(3)) == (
        "Kernel 'overwritten' writes x, for which a type is given; give types for the arrays that "
        "are read, and none for those that are written."
    )

    def idle(x, y, *, i):  # noqa: ARG001
        x[i]

    assert refused(idle, T(3)) == (
        "Kernel 'idle' writes nothing to y; assign to it, or give its type if it is read."
    )

    def constant(x, y, *, i):  # noqa: ARG001
        y[i] = 1

    assert refused(constant, T(3)) == (
        "Kernel 'constant' writes 1 to y[i]; write an expression of elements of the arrays that "
        "it reads, such as x[i]."
    )

    def recurrent(x, y, *, i):
        y[i] = x[i] + y[i]

    assert refused(recurrent, T(3)) == (
        "The body of a kernel cannot compute with y[i]; y has no type, so it counts as written: "
        "give one type for each array that is read."
    )


def test_bodies_that_branch() -> None:
    def branching(x, y, *, i):
        y[i] = x[i] if x[i] > 0 else -x[i]

    assert refused(branching, T(3)) == (
        "The body of a kernel cannot branch on a number, since it stands for all points at once; "
        "use where(condition, a, b), maximum(a, b) or minimum(a, b)."
    )


def test_powers_that_are_not_whole() -> None:
    def root(x, y, *, i):
        y[i] = x[i] ** 0.5

    assert refused(root, T(3)) == (
        "Cannot raise a number of a kernel to the power 0.5; "
        "use a whole power other than 0, or exp and log."
    )


def test_writes_that_meet() -> None:
    def clash(x, y, *, i, j):
        y[i + j] = x[i, j]

    assert refused(clash, T(2, 2)) == (
        "Kernel 'clash' writes position 1 of y, float64[3], 2 times; "
        "write every position exactly once."
    )


def test_what_python_would_do_with_numbers_and_arrays() -> None:
    def normalised(x, y, *, i):
        y[i] = sum(x) * x[i]

    assert refused(normalised, T(3)) == (
        "Kernel 'normalised' uses sum or for on the whole array x; name single elements, as in "
        "x[i], and add up with +=."
    )

    def negative(x, y, *, i):
        y[i] = -x

    assert refused(negative, T(3)) == (
        "Kernel 'negative' uses - on the whole array x; name single elements, as in x[i], and add "
        "up with +=."
    )

    def longest(x, y, *, i):
        y[i] = len(y) * x[i]

    assert refused(longest, T(3)) == (
        "Kernel 'longest' uses len on the whole array y; name single elements, as in y[i], and "
        "add up with +=."
    )

    def odd(x, y, *, i):
        y[i] = x[i] % 2

    assert refused(odd, T(3)) == (
        "The body of a kernel cannot use % on a number; use + - * / **, comparisons and "
        "where(condition, a, b)."
    )

    def grown(x, y, *, i):
        y[i] = np.exp(x[i])

    assert refused(grown, T(3)) == (
        "The body of a kernel cannot use NumPy on a number; use + - * / **, comparisons and "
        "where(condition, a, b)."
    )

    def lessened(x, y, *, i):
        y[i] -= x[i]

    assert refused(lessened, T(3)) == (
        "The body of a kernel cannot use - on y[i], which it writes; write it with =, += or *=, "
        "or give a type for y if it is read."
    )


def test_functions_of_what_is_no_expression() -> None:
    def chosen(x, y, *, i):
        y[i] = where(True, x[i], 0)

    assert refused(chosen, T(3)) == (
        "The body of a kernel cannot choose by True, which is the same at all points; compare "
        "elements of its arrays, as in x[i] == 2."
    )

    def grown(x, y, *, i):
        y[i] = exp(2.0) * x[i]

    assert refused(grown, T(3)) == (
        "The body of a kernel cannot take exp of 2.0, which is not an expression of elements of "
        "its arrays, such as x[i]; compute constants by Python alone."
    )


def test_a_number_of_numpy_is_a_number() -> None:
    def doubled(x, y, *, i):
        y[i] = np.float64(2) * x[i] * np.float64(0.5)

    assert run(doubled, [1.0, -3.0])[0].tolist() == [1.0, -3.0]


@pytest.mark.parametrize("extent", ["a", -1, 2.5, True])
def test_extents_that_are_not_a_number_of_points(extent) -> None:
    def spread(x, y, *, i, k):
        y[i, k] = x[i]

    assert refused(spread, T(3), k=extent) == (
        f"Kernel 'spread' is given the extent {extent!r} for index k; "
        "give an integer of at least 0."
    )


def test_a_condition_may_be_on_another_dtype() -> None:
    def kept(x, z, y, *, i):
        y[i] = where(z[i] > 0, x[i], 0)

    k = traced(kept, T(3), T(3, dtype=Dtype.int32))
    x, z = np.array([1.5, 2.5, 3.5]), np.array([1, -1, 2], np.int32)
    assert evaluate(op(k), [x, z])[0].tolist() == [1.5, 0.0, 3.5]
    assert refused(kept, T(3), T(3, dtype=Fixed(4, 0))) == (
        "The body of a kernel cannot choose numbers by a condition of dtype UQ(1,0) where it "
        "takes float64; use fixed-point numbers in both, or in neither."
    )


def test_an_expression_of_two_dtypes() -> None:
    def quotient(x, z, y, *, i):
        y[i] = x[i] / z[i]

    assert refused(quotient, T(3), T(3, dtype=Dtype.int32)) == (
        "The body of a kernel gives Divide numbers of [float64[], int32[]], where it takes "
        "[float64[], float64[]]; let all arrays in an expression have one dtype."
    )
