"""The operations of C on arrays of every shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.operation import Rounding
from catgrad.core.types import Dtype, Fixed, NdArrayType, Operation, obj, op
from catgrad.hypergraph import OpenHypergraph
from tests.kernel.meanings import meaning
from tests.kernel.numbers import (
    Draw,
    array,
    dtypes,
    formats,
    lines,
    narrow,
    numpy_dtype,
    partner,
    values,
)

__all__ = [
    "CASES",
    "NAMES",
    "ON_ALL",
    "ON_FIXED",
    "formats",
    "meaning",
    "narrow",
    "operands",
    "programs",
    "values",
]

################################################################################
# Operations


def two_operands(kind: Any) -> Callable[[Draw, Any], Operation]:
    def build(draw: Draw, dtype: Any) -> Operation:
        T = array(draw, dtype)
        return kind(T, T.with_dtype(partner(draw, dtype)))

    return build


def reshape(draw: Draw, dtype: Any) -> Operation:
    X = array(draw, dtype)
    shapes = [X.shape[::-1], (X.size,), (1, X.size), (*X.shape, 1)]
    return ops.Reshape(X, NdArrayType(draw(st.sampled_from(shapes)), dtype))


def permute(draw: Draw, dtype: Any) -> Operation:
    T = array(draw, dtype)
    return ops.Permute(T, tuple(draw(st.permutations(range(len(T.shape))))))


def matrix_multiply(draw: Draw, dtype: Any) -> Operation:
    other = partner(draw, dtype)
    N, A, B = array(draw, dtype), array(draw, dtype, lines), array(draw, dtype, lines)
    return ops.MatrixMultiply(N, A, B, array(draw, other, lines))


def compose(draw: Draw, dtype: Any) -> Operation:
    short = st.lists(st.integers(0, 3), max_size=2).map(tuple)
    A, B = array(draw, dtype, short), array(draw, dtype, short)
    return ops.Compose(A, B, array(draw, partner(draw, dtype), short))


def greatest(draw: Draw, dtype: Any) -> Operation:
    some = st.lists(st.integers(1, 3), max_size=3).map(tuple)
    return ops.NMax(array(draw, dtype), array(draw, dtype, some))


def constant(draw: Draw, dtype: Any) -> Operation:
    low, high = (dtype.min, dtype.max) if isinstance(dtype, Fixed) else (-9, 9)
    return ops.Constant(array(draw, dtype), draw(st.integers(low, high)))


def written(draw: Draw, dtype: Any) -> Operation:
    low, high = (dtype.min, dtype.max) if isinstance(dtype, Fixed) else (-9, 9)
    T = array(draw, dtype)
    numbers = st.lists(st.integers(low, high), min_size=T.size, max_size=T.size)
    return ops.Array(T, tuple(draw(numbers)))


def requantise(draw: Draw, dtype: Any) -> Operation:
    to = draw(formats)
    rounding, overflow = draw(st.sampled_from(Rounding)), draw(st.sampled_from(ops.Overflow))
    return ops.Requantise(array(draw, dtype), to, rounding, overflow)


def in_range(draw: Draw, dtype: Any) -> Operation:
    return ops.InRange(array(draw, dtype), draw(formats), draw(st.sampled_from(Rounding)))


def lookup(draw: Draw, dtype: Any) -> Operation:
    index, to = Fixed(draw(st.integers(1, 4)), dtype.fraction, dtype.signed), draw(formats)
    entry, n = st.integers(to.min, to.max), 1 << index.width
    entries = draw(st.lists(entry, min_size=n, max_size=n))
    return ops.Lookup(array(draw, index), to, tuple(entries), "table")


def some(draw: Draw, dtype: Any) -> NdArrayType:
    """An array with at least one number."""
    return array(draw, dtype, st.lists(st.integers(1, 3), max_size=3).map(tuple))


def with_axis(draw: Draw, dtype: Any, least: int = 0) -> tuple[NdArrayType, int]:
    """An array, and one of its axes, of some extent at least; counted from either end."""
    T = array(draw, dtype, st.lists(st.integers(least, 4), min_size=1, max_size=3).map(tuple))
    return T, draw(st.integers(-len(T.shape), len(T.shape) - 1))


def some_axes(draw: Draw, T: NdArrayType) -> tuple[int, ...]:
    axes = range(len(T.shape))
    return tuple(draw(st.lists(st.sampled_from(axes), unique=True)) if axes else ())


def along_axes(kind: Any, array: Callable[..., NdArrayType] = array) -> Any:
    def build(draw: Draw, dtype: Any) -> Operation:
        T = array(draw, dtype)
        return kind(T, some_axes(draw, T))

    return build


def product(draw: Draw, dtype: Any) -> Operation:
    if isinstance(dtype, Fixed):
        dtype = Fixed(min(dtype.width, 7), dtype.fraction, dtype.signed)
    T = array(draw, dtype, st.lists(st.integers(0, 3), max_size=2).map(tuple))
    return ops.ReduceProduct(T, some_axes(draw, T))


def argmax(draw: Draw, dtype: Any) -> Operation:
    return ops.ArgMax(*with_axis(draw, dtype, 1))


def one_each(draw: Draw, T: NdArrayType, low: int, high: int) -> tuple[int, ...]:
    return tuple(draw(st.integers(low, high)) for _ in T.shape)


def sliced(draw: Draw, dtype: Any) -> Operation:
    T = array(draw, dtype)
    ends = [sorted(draw(st.tuples(*[st.integers(0, n)] * 2))) for n in T.shape]
    start, stop = (tuple(end[i] for end in ends) for i in range(2))
    return ops.Slice(T, start, stop, one_each(draw, T, 1, 3))


def padded(draw: Draw, dtype: Any) -> Operation:
    T = array(draw, dtype)
    low, high, between = (one_each(draw, T, 0, 2) for _ in range(3))
    value = int(draw(st.sampled_from([dtype.min, dtype.max]))) if isinstance(dtype, Fixed) else 2
    return ops.Pad(T, low, high, between, value)


def concatenated(draw: Draw, dtype: Any) -> Operation:
    T, axis = with_axis(draw, dtype)
    k = axis % len(T.shape)
    extents = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    return ops.Concatenate(
        tuple(NdArrayType((*T.shape[:k], n, *T.shape[k + 1 :]), dtype) for n in extents), axis
    )


def windows(kind: Any) -> Any:
    def build(draw: Draw, dtype: Any) -> Operation:
        T, axis = with_axis(draw, dtype, 1)
        n = T.shape[axis]
        size = draw(st.integers(1, n))
        dilation = draw(st.integers(1, (n - 1) // (size - 1) if size > 1 else 3))
        return kind(T, axis, size, draw(st.integers(1, 3)), dilation)

    return build


def by_index(draw: Draw, dtype: Any) -> tuple[NdArrayType, NdArrayType]:
    """A table with rows, and indices into it."""
    T, _ = with_axis(draw, dtype, 1)
    if isinstance(dtype, Fixed):
        return T, array(draw, Fixed(draw(st.integers(3, 5)), 0, draw(st.booleans())))
    return T, array(draw, Dtype.int32)


def one_hot(draw: Draw, dtype: Any) -> Operation:
    [n, *_], index = (x.shape if i == 0 else x for i, x in enumerate(by_index(draw, dtype)))
    if isinstance(dtype, Fixed):
        fraction = draw(st.integers(0, 3))
        dtype = Fixed(fraction + draw(st.integers(2, 6)), fraction, dtype.signed)
    return ops.OneHot(index, n, dtype)


def iota(draw: Draw, dtype: Any) -> Operation:
    if isinstance(dtype, Fixed):
        dtype = Fixed(draw(st.integers(6, 9)), draw(st.integers(0, 3)), dtype.signed)
    return ops.Iota(*with_axis(draw, dtype))


ON_ALL: dict[Any, Callable[[Draw, Any], Operation]] = {
    ops.Copy: lambda draw, d: ops.Copy(array(draw, d)),
    ops.Discard: lambda draw, d: ops.Discard(array(draw, d)),
    ops.Reshape: reshape,
    ops.Permute: permute,
    ops.NCopy: lambda draw, d: ops.NCopy(array(draw, d), array(draw, d)),
    ops.NAdd: lambda draw, d: ops.NAdd(array(draw, d), array(draw, d)),
    ops.NMax: greatest,
    ops.Broadcast: lambda draw, d: ops.Broadcast(array(draw, d), array(draw, d)),
    ops.Sum: lambda draw, d: ops.Sum(array(draw, d), array(draw, d)),
    ops.NSplit: lambda draw, d: ops.NSplit(array(draw, d), draw(st.integers(1, 3))),
    ops.NConcatenate: lambda draw, d: ops.NConcatenate(array(draw, d), draw(st.integers(0, 3))),
    ops.Add: two_operands(ops.Add),
    ops.Subtract: two_operands(ops.Subtract),
    ops.Multiply: two_operands(ops.Multiply),
    ops.Minimum: two_operands(ops.Minimum),
    ops.Maximum: two_operands(ops.Maximum),
    ops.Select: two_operands(ops.Select),
    ops.Gt: two_operands(ops.Gt),
    ops.Ge: two_operands(ops.Ge),
    ops.Lt: two_operands(ops.Lt),
    ops.Le: two_operands(ops.Le),
    ops.Eq: two_operands(ops.Eq),
    ops.Ne: two_operands(ops.Ne),
    ops.Abs: lambda draw, d: ops.Abs(array(draw, d)),
    ops.Sign: lambda draw, d: ops.Sign(array(draw, d)),
    ops.Repeat: along_axes(ops.Repeat),
    ops.ReduceSum: along_axes(ops.ReduceSum),
    ops.ReduceProduct: product,
    ops.ReduceMax: along_axes(ops.ReduceMax, some),
    ops.ReduceMin: along_axes(ops.ReduceMin, some),
    ops.ArgMax: argmax,
    ops.Slice: sliced,
    ops.Pad: padded,
    ops.Concatenate: concatenated,
    ops.Window: windows(ops.Window),
    ops.Fold: windows(ops.Fold),
    ops.Gather: lambda draw, d: ops.Gather(*by_index(draw, d)),
    ops.ScatterAdd: lambda draw, d: ops.ScatterAdd(*by_index(draw, d)),
    ops.OneHot: one_hot,
    ops.Iota: iota,
    ops.Mask: lambda draw, d: ops.Mask(array(draw, d)),
    ops.Negate: lambda draw, d: ops.Negate(array(draw, d)),
    ops.Constant: constant,
    ops.Array: written,
    ops.MatrixMultiply: matrix_multiply,
    ops.Compose: compose,
}
"""How to draw each operation that is defined on all numbers."""

ON_FIXED = {**ON_ALL, ops.Requantise: requantise, ops.InRange: in_range, ops.Lookup: lookup}

POSITIVE = (ops.Log, ops.Sqrt, ops.ReciprocalSqrt)
"""Functions that are defined on positive numbers."""

UNARY = (ops.Exp, *POSITIVE, ops.Reciprocal, ops.Tanh, ops.Sin, ops.Cos)
floating = st.sampled_from([Dtype.float32, Dtype.float64])
ordinary = st.sampled_from([*Dtype])

CASES: list[Any] = [
    *((build, dtypes) for build in ON_ALL.values()),
    *((ON_FIXED[kind], formats) for kind in (ops.Requantise, ops.InRange, ops.Lookup)),
    *((lambda draw, d, kind=kind: kind(array(draw, d)), floating) for kind in UNARY),
    (lambda draw, d: ops.Convert(array(draw, d), draw(ordinary)), ordinary),
    (lambda draw, d: ops.Divide(array(draw, d)), st.sampled_from([Dtype.float32, Dtype.int32])),
    (lambda draw, d: ops.Power(array(draw, d)), st.just(Dtype.float32)),
    (lambda draw, d: ops.Invert(array(draw, d)), st.sampled_from([Dtype.int32, Dtype.bool])),
]
"""How to draw each operation of C, and on which dtypes."""

NAMES = [*(kind.__name__ for kind in (*ON_FIXED, *UNARY)), "Convert", "Divide", "Power", "Invert"]


################################################################################
# Programs


@st.composite
def programs(draw: st.DrawFn, types: Sequence[NdArrayType] | None = None) -> OpenHypergraph:
    """A fixed-point program of a few operations, in a row and side by side.

    `types` are those of its inputs.
    """
    if types is None:
        short = st.lists(st.integers(0, 3), max_size=2).map(tuple)
        types = [NdArrayType(draw(short), draw(narrow)) for _ in range(draw(st.integers(0, 2)))]
    program = identity(obj(*types))
    for _ in range(draw(st.integers(0, 4))):
        layer = [draw(components(T)) for T in program.target]
        program = program >> OpenHypergraph.tensor_list(layer)
    return program


@st.composite
def components(draw: st.DrawFn, T: NdArrayType) -> OpenHypergraph:
    """What may be done to one array."""
    axis = draw(st.integers(0, len(T.shape)))
    N, M = NdArrayType(T.shape[:axis], T.dtype), NdArrayType(T.shape[axis:], T.dtype)
    to = draw(narrow)
    choices = [
        identity(obj(T)),
        op(ops.Copy(T)) >> op(ops.Multiply(T)) >> op(ops.Requantise(square(T), to)),
        op(ops.Negate(T)),
        op(ops.NAdd(N, M)),
        op(ops.Sum(M, N)),
        op(ops.Permute(T, tuple(reversed(range(len(T.shape)))))),
        op(ops.Requantise(T, to, ops.Rounding.HALF_EVEN, ops.Overflow.WRAP)),
        op(ops.Discard(T)),
        op(ops.Constant(T, 0)) @ op(ops.NCopy(T, NdArrayType((2,), T.dtype))),
    ]
    return draw(st.sampled_from(choices))


def square(T: NdArrayType) -> NdArrayType:
    return ops.Multiply(T).result()


################################################################################
# Operands


def operands(draw: Draw, operation: Operation) -> list[Any]:
    """Arrays that the operation is defined on."""
    arrays = [values(draw, T) for T in operation.source()]
    match operation:
        case ops.Power():
            base, exponent = arrays
            return [np.abs(base), np.rint(exponent)]
        case ops.Divide(T) if not T.is_floating:
            return [arrays[0], np.where(np.isin(arrays[1], (0, -1)), np.int32(-3), arrays[1])]
        case ops.Mask():
            return [arrays[0], binary(arrays[1])]
        case ops.Select():
            return [binary(arrays[0]), *arrays[1:]]
        case _ if isinstance(operation, POSITIVE):
            return [np.abs(x) for x in arrays]
        case ops.Gather(T, index):
            return [arrays[0], indices(draw, index, T.shape[0])]
        case ops.ScatterAdd(T, index):
            return [indices(draw, index, T.shape[0]), arrays[1]]
        case ops.OneHot(index, n):
            return [indices(draw, index, n)]
    return arrays


def binary(x: Any) -> Any:
    """Ones and zeros."""
    return (x > 0).astype(x.dtype)


def indices(draw: Draw, T: NdArrayType, n: int) -> Any:
    """An array of numbers from 0 to ``n - 1``."""
    drawn = draw(st.lists(st.integers(0, n - 1), min_size=T.size, max_size=T.size))
    return np.array(drawn, dtype=numpy_dtype(T)).reshape(T.shape)
