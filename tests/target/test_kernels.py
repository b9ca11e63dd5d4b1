"""Kernels in NumPy: source that a person would write, and the same numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.bidirectional.activations import Sigmoid
from catgrad.bidirectional.functor import differentiate
from catgrad.bidirectional.kernel import greatest, kernel, where
from catgrad.core.simplify import simplify
from catgrad.core.types import Dtype, Fixed, NdArrayType, op
from catgrad.errors import CatgradError
from catgrad.kernel.evaluate import evaluate
from catgrad.kernel.kernel import Kernel
from catgrad.kernel.library import to_kernels
from catgrad.target.python.source import to_source
from tests.kernel import nests

F = Dtype.float32


def T(*shape: int, dtype=F) -> NdArrayType:
    return NdArrayType(shape, dtype)


def compiled(f):
    namespace: dict = {}
    exec(to_source({"run": f}), namespace)
    return namespace["Model"].run


def functions(f) -> str:
    """The functions of the source, without what stands before and after."""
    source = to_source({"run": simplify(f)})
    return source[source.index("\ndef ") : source.index("\n\nclass")].strip() + "\n"


def agree(k: Kernel, arrays) -> None:
    found, wanted = compiled(op(k))(*arrays), evaluate(op(k), arrays)
    for x, y in zip(found, wanted, strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        assert x.tolist() == y.tolist()


REDUCTIONS = ("sum", "sum", "sum", "max", "min", "product", None)
exact = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, -3.0])


@settings(max_examples=50, deadline=None)
@given(
    data=st.data(),
    drawn=nests.kernels(st.just(F), nests.BODIES + nests.BRANCHING, REDUCTIONS),
)
def test_numpy_computes_what_the_kernel_says(data, drawn) -> None:
    arrays = [nests.numbers(data.draw, U, exact, np.float32) for U in drawn[0].sources]
    agree(drawn[0], arrays)


@settings(max_examples=20, deadline=None)
@given(data=st.data(), drawn=nests.kernels(st.just(Dtype.int32), reductions=REDUCTIONS))
def test_on_integers(data, drawn) -> None:
    arrays = [nests.numbers(data.draw, U, st.integers(-3, 3), np.int32) for U in drawn[0].sources]
    agree(drawn[0], arrays)


@settings(max_examples=20, deadline=None)
@given(
    data=st.data(),
    drawn=nests.kernels(
        st.sampled_from([Fixed(3, 1), Fixed(4, 2, False)]), nests.BODIES, ("sum", "max", "min")
    ),
)
def test_on_fixed_point(data, drawn) -> None:
    arrays = [
        nests.numbers(data.draw, U, st.integers(U.fixed.min, U.fixed.max), np.int64)
        for U in drawn[0].sources
    ]
    agree(drawn[0], arrays)


def test_without_points() -> None:
    @kernel
    def depthwise(x, h, y, *, t, c, k):
        y[t, c] += x[t + k, c] * h[k, c]

    agree(depthwise(T(8, 3), T(0, 3)), [np.ones((8, 3), np.float32), np.ones((0, 3), np.float32)])
    agree(depthwise(T(2, 3), T(3, 3)), [np.ones((2, 3), np.float32), np.ones((3, 3), np.float32)])


@kernel
def depthwise_fir(x, h, y, *, t, c, k):
    y[t, c] += x[t + k, c] * h[k, c]


@kernel
def convolution(x, w, y, *, n, i, j, o, p, q, c):
    y[n, i, j, o] += x[n, i + p, j + q, c] * w[p, q, c, o]


@kernel
def product(x, w, y, *, i, j, k):
    y[i, j] += x[i, k] * w[k, j]


@kernel
def distance(x, z, d, *, i, j, k):
    d[i, j] += (x[i, k] - z[j, k]) ** 2


@kernel
def leaky(x, y):
    y[...] = where(x[...] > 0, x[...], 0.1 * x[...])


@kernel
def pool(x, y, *, i, c, k):
    y[i, c] = greatest(x[2 * i + k, c])


@kernel
def trace_of(x, y, *, i):
    y[()] += x[i, i]


@kernel
def interleave(a, b, y, *, i):
    y[2 * i] = a[i]
    y[2 * i + 1] = b[i]


@kernel
def both(x, total, greater, *, i, k):
    total[i] += x[i, k]
    greater[i] = greatest(x[i, k])


SOURCES = {
    depthwise_fir(T(8, 3), T(3, 3)): """\
def depthwise_fir(x, h):
    y = np.zeros((6, 3), dtype=np.float32)
    for k in range(3):
        y += x[k : k + 6] * h[k]
    return y
""",
    convolution(T(2, 6, 6, 3), T(3, 3, 3, 4)): """\
def convolution(x, w):
    y = np.zeros((2, 4, 4, 4), dtype=np.float32)
    for p in range(3):
        for q in range(3):
            y += x[:, p : p + 4, q : q + 4] @ w[p, q]
    return y
""",
    product(T(4, 3), T(3, 2)): """\
def product(x, w):
    return x @ w
""",
    distance(T(4, 3), T(5, 3)): """\
def distance(x, z):
    difference = x[:, None] - z
    return (difference * difference).sum(axis=2)
""",
    leaky(T(4, 3)): """\
def leaky(x):
    return np.where(x > 0, x, 0.1 * x)
""",
    pool(T(7, 2), k=3): """\
def pool(x):
    y = np.full((3, 2), -np.inf, dtype=np.float32)
    for k in range(3):
        y[...] = np.maximum(y, x[k : k + 5 : 2])
    return y
""",
    trace_of(T(3, 3)): """\
def trace_of(x):
    return x.reshape(-1)[::4].sum()
""",
    interleave(T(3), T(3)): """\
def interleave(a, b):
    y = np.empty((6,), dtype=np.float32)
    y[::2] = a
    y[1::2] = b
    return y
""",
    both(T(2, 3)): """\
def both(x):
    return x.sum(axis=1), x.max(axis=1)
""",
}


@pytest.mark.parametrize("k", SOURCES, ids=lambda k: k.name)
def test_a_person_would_have_written_it(k) -> None:
    assert functions(op(k)) == SOURCES[k]


def test_the_reverse_of_a_convolution_reads_as_well() -> None:
    f = differentiate(op(convolution(T(2, 6, 6, 3), T(3, 3, 3, 4))))
    assert functions(f).split("\n\n\n")[1:] == [
        """\
def convolution_d_x(w, d_y):
    d_x = np.zeros((2, 6, 6, 3), dtype=np.float32)
    for p in range(3):
        for q in range(3):
            d_x[:, p : p + 4, q : q + 4] += d_y @ w[p, q].T
    return d_x""",
        """\
def convolution_d_w(x, d_y):
    d_w = np.zeros((3, 3, 3, 4), dtype=np.float32)
    for p in range(3):
        for q in range(3):
            d_w[p, q] += np.tensordot(x[:, p : p + 4, q : q + 4], d_y, axes=([0, 1, 2], [0, 1, 2]))
    return d_w
""",
    ]


def test_kernels_that_are_alike_share_a_function() -> None:
    k = leaky(T(3))
    source = to_source({"run": op(k) >> op(k)})
    assert source.count("def leaky") == 1


def test_names_that_python_has_taken() -> None:
    k = replace(leaky(T(3)), name="sum", arguments=("lambda",), results=("np",))
    assert compiled(op(k))(np.array([1.0, -1.0, 2.0], np.float32))[0].tolist() == pytest.approx(
        [1, -0.1, 2]
    )


def test_a_body_that_int64_cannot_carry() -> None:
    wide = T(3, dtype=Fixed(40, 0))

    @kernel
    def squared(x, y, *, i):
        y[i] = x[i] * x[i]

    with pytest.raises(CatgradError) as error:
        to_source({"run": to_kernels(op(squared(wide)))})
    assert str(error.value) == (
        "squared: wire product would hold SQ(80,0), 80 bits, but integer NumPy carries signed "
        "formats of up to 63; use narrower formats for its operands."
    )


def test_a_body_that_is_not_on_single_numbers() -> None:
    k = leaky(T(3))
    [nest] = k.nests
    whole = Kernel("odd", k.sources, k.targets, (replace(nest, body=op(Sigmoid(T()))),))
    with pytest.raises(CatgradError) as error:
        to_source({"run": op(whole)})
    assert str(error.value) == (
        "Kernel 'odd' has sigmoid in its body; write the body in operations on single numbers."
    )
