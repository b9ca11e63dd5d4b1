"""The operations of C on arrays of every shape, and what they mean in real numbers.

A fixed-point array is to a meaning an array of fractions. So no meaning knows of formats, and an
operation is right if its mantissas are worth what the meaning says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.operation import Rounding
from catgrad.core.types import Dtype, Fixed, NdArrayType, Operation, obj, op
from catgrad.hypergraph import OpenHypergraph

Draw = Callable[[st.SearchStrategy[Any]], Any]

################################################################################
# Operations

narrow = st.builds(Fixed, st.integers(1, 9), st.integers(-3, 9), st.booleans())
wide = st.builds(Fixed, st.integers(54, 66), st.integers(-3, 9), st.booleans())
formats = narrow | narrow | wide
dtypes = st.sampled_from([Dtype.float32, Dtype.float64, Dtype.int32]) | formats
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
lines = st.integers(0, 4).map(lambda n: (n,))


def array(draw: Draw, dtype: Any, shape: st.SearchStrategy[Any] = shapes) -> NdArrayType:
    """An array type."""
    return NdArrayType(draw(shape), dtype)


def partner(draw: Draw, dtype: Any) -> Any:
    """A dtype that the second operand of an operation may have."""
    return draw(formats) if isinstance(dtype, Fixed) else dtype


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
    ops.Gt: two_operands(ops.Gt),
    ops.Mask: lambda draw, d: ops.Mask(array(draw, d)),
    ops.Negate: lambda draw, d: ops.Negate(array(draw, d)),
    ops.Constant: constant,
    ops.MatrixMultiply: matrix_multiply,
    ops.Compose: compose,
}
"""How to draw each operation that is defined on all numbers."""

ON_FIXED = {**ON_ALL, ops.Requantise: requantise, ops.InRange: in_range, ops.Lookup: lookup}

CASES: list[Any] = [
    *((build, dtypes) for build in ON_ALL.values()),
    *((ON_FIXED[kind], formats) for kind in (ops.Requantise, ops.InRange, ops.Lookup)),
    (lambda draw, d: ops.Divide(array(draw, d)), st.just(Dtype.float32)),
    (lambda draw, d: ops.Power(array(draw, d)), st.just(Dtype.float32)),
    (lambda draw, d: ops.Invert(array(draw, d)), st.sampled_from([Dtype.int32, Dtype.bool])),
]
"""How to draw each operation of C, and on which dtypes."""

NAMES = [*(kind.__name__ for kind in ON_FIXED), "Divide", "Power", "Invert"]

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
# Numbers


def values(draw: Draw, T: NdArrayType) -> Any:
    """An array of this type, as programs take it. Floating-point results on it are exact."""
    if isinstance(T.dtype, Fixed):
        extremes = st.sampled_from([T.dtype.min, T.dtype.max])
        number = extremes | st.integers(T.dtype.min, T.dtype.max)
    else:
        exact = st.sampled_from([1.0, 2.0, -1.0, 0.5, -4.0, 3.0])
        whole = st.integers(-(2**31), 2**31 - 1)
        number = {Dtype.bool: st.booleans(), Dtype.int32: whole}.get(T.dtype, exact)
    drawn = draw(st.lists(number, min_size=T.size, max_size=T.size))
    return np.array(drawn, dtype=numpy_dtype(T)).reshape(T.shape)


def operands(draw: Draw, operation: Operation) -> list[Any]:
    """Arrays that the operation is defined on."""
    arrays = [values(draw, T) for T in operation.source()]
    if isinstance(operation, ops.Power):
        base, exponent = arrays
        return [np.abs(base), np.rint(exponent)]
    return arrays


def numpy_dtype(T: NdArrayType) -> Any:
    """What the arrays of a type are made of."""
    if isinstance(T.dtype, Fixed):
        return np.int64 if T.dtype.width <= 63 else object
    return {
        Dtype.float32: np.float32,
        Dtype.float64: np.float64,
        Dtype.int32: np.int32,
        Dtype.bool: np.bool_,
    }[T.dtype]


def real(T: NdArrayType, x: Any) -> Any:
    """What the numbers of an array are worth."""
    if not isinstance(T.dtype, Fixed):
        return x
    return each(lambda m: Fraction(int(m)) * unit(T.dtype), x)


def mantissas(T: NdArrayType, x: Any) -> Any:
    """Numbers that are worth `x`; the inverse of `real`, which exists if T is exact enough."""
    if not isinstance(T.dtype, Fixed):
        return np.asarray(x, dtype=numpy_dtype(T))
    exact = each(lambda worth: Fraction(worth) / unit(T.dtype), x)
    assert all(m.denominator == 1 for m in exact.flat)
    return each(int, exact).astype(numpy_dtype(T))


def unit(form: Fixed) -> Fraction:
    return Fraction(2) ** -form.fraction


def each(function: Callable[[Any], Any], x: Any) -> Any:
    """Python objects, one for each element."""
    x = np.asarray(x)
    result = np.empty(x.shape, dtype=object)
    result[...] = np.frompyfunc(function, 1, 1)(x)
    return result


################################################################################
# Meanings


def contract(x: Any, y: Any) -> Any:
    """``n a b, n b c -> n a c``, also where b is 0."""
    return (x[..., :, :, None] * y[..., None, :, :]).sum(axis=-2, dtype=x.dtype)


def composed(f: ops.Compose, x: Any, y: Any) -> Any:
    matrices = x.reshape(f.A.size, f.B.size), y.reshape(f.B.size, f.C.size)
    return contract(*matrices).reshape(f.result.shape)


def trailing(f: Any, x: Any) -> tuple[int, ...]:
    return tuple(range(len(f.N.shape), x.ndim))


def rounded(f: Any, worth: Fraction) -> int:
    units = worth / unit(f.dtype)
    return {
        Rounding.TRUNCATE: lambda: math.floor(units),
        Rounding.HALF_UP: lambda: math.floor(units + Fraction(1, 2)),
        Rounding.HALF_EVEN: lambda: round(units),
    }[f.rounding]()


def requantised(f: ops.Requantise, worth: Fraction) -> Fraction:
    m = rounded(f, worth)
    if f.overflow is ops.Overflow.SATURATE:
        m = min(max(m, f.dtype.min), f.dtype.max)
    m %= 1 << f.dtype.width
    return (m - (1 << f.dtype.width) * (m > f.dtype.max)) * unit(f.dtype)


def looked_up(f: ops.Lookup, worth: Fraction) -> Fraction:
    entries = dict(zip(range(len(f.entries)), f.entries, strict=True))
    if f.T.fixed.signed:
        entries = {m - (len(entries) if m > f.T.fixed.max else 0): e for m, e in entries.items()}
    return entries[int(worth / unit(f.T.fixed))] * unit(f.dtype)


MEANING: dict[Any, Callable[..., list[Any]]] = {
    ops.Copy: lambda _, x: [x, x],
    ops.Discard: lambda *_: [],
    ops.Reshape: lambda f, x: [np.reshape(x, f.Y.shape)],
    ops.Permute: lambda f, x: [np.transpose(x, f.p)],
    ops.NCopy: lambda f, x: [
        np.broadcast_to(x.reshape(x.shape + (1,) * len(f.T.shape)), f.N.shape + f.T.shape)
    ],
    ops.Broadcast: lambda f, x: [np.broadcast_to(x, f.N.shape + f.T.shape)],
    ops.NAdd: lambda f, x: [x.sum(axis=trailing(f, x), dtype=x.dtype)],
    ops.NMax: lambda f, x: [x.max(axis=trailing(f, x))],
    ops.Sum: lambda f, x: [x.sum(axis=tuple(range(len(f.N.shape))), dtype=x.dtype)],
    ops.NSplit: lambda f, x: [x[..., i] for i in range(f.k)],
    ops.NConcatenate: lambda f, *xs: [
        np.stack(xs, axis=-1) if xs else np.empty((*f.T.shape, 0), numpy_dtype(f.T))
    ],
    ops.Add: lambda _, x, y: [x + y],
    ops.Subtract: lambda _, x, y: [x - y],
    ops.Multiply: lambda _, x, y: [x * y],
    ops.Gt: lambda _, x, y: [each(int, x > y)],
    ops.Mask: lambda _, x, bit: [np.where(bit != 0, x, x - x)],
    ops.Negate: lambda _, x: [-x],
    ops.Constant: lambda f: [real(f.T, np.full(f.T.shape, f.x))],
    ops.MatrixMultiply: lambda _, x, y: [contract(x, y)],
    ops.Compose: lambda f, x, y: [composed(f, x, y)],
    ops.Requantise: lambda f, x: [each(lambda worth: requantised(f, worth), x)],
    ops.InRange: lambda f, x: [
        each(lambda worth: int(f.dtype.min <= rounded(f, worth) <= f.dtype.max), x)
    ],
    ops.Lookup: lambda f, x: [each(lambda worth: looked_up(f, worth), x)],
    ops.Divide: lambda _, x, y: [x / y],
    # NumPy may round a power differently in another memory layout.
    ops.Power: lambda _, x, y: [np.power(x.reshape(-1), y.reshape(-1)).reshape(x.shape)],
    ops.Invert: lambda _, x: [~x],
}


def meaning(operation: Operation, arrays: list[Any]) -> list[Any]:
    """The results of an operation, from first principles."""
    worth = [real(T, x) for T, x in zip(operation.source(), arrays, strict=True)]
    results = MEANING[type(operation)](operation, *worth)
    return [mantissas(T, y) for T, y in zip(operation.target(), results, strict=True)]
