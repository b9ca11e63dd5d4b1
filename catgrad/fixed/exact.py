"""Core programs over other numbers: the same operations, each exact, on given formats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from catgrad.bidirectional.operation import Sigmoid
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.fixed.table import tabulate
from catgrad.hypergraph import Hypergraph, Labels, OpenHypergraph, drivers, order
from catgrad.special.definition import Definition, inline

TABULATED = {"sigmoid": Sigmoid.function}
"""The functions that become tables, by the name that their tables have."""

CONSTANT_BITS = 16
"""Constants with more significant bits, such as 0.0001, are rounded when the program is built."""


def exact_constant(x: float, fraction: int = 0) -> tuple[int, Fixed]:
    """A constant as a mantissa and the narrowest format that holds it.

    It keeps `CONSTANT_BITS` significant bits, or more where as many bits after the binary point as
    `fraction` need them: what a program's own numbers can tell apart, its constants can.

    >>> mantissa, form = exact_constant(2**-6)
    >>> mantissa, str(form)
    (1, 'UQ(-5,6)')
    """
    significand, exponent = math.frexp(x)
    bits = max(CONSTANT_BITS, exponent + fraction)
    mantissa = math.floor(math.ldexp(significand, bits) + 0.5)
    fraction = bits - exponent
    if mantissa == 0:
        return 0, Fixed(1, 0, signed=False)
    zeros = (mantissa & -mantissa).bit_length() - 1
    if zeros >= fraction > 0:  # an integer
        zeros = fraction
    elif fraction <= 0:
        mantissa, zeros, fraction = mantissa << -fraction, 0, 0
    mantissa, fraction = mantissa >> zeros, fraction - zeros
    return mantissa, Fixed.holding(mantissa, mantissa, fraction)


@dataclass(frozen=True)
class Exactly(Definition):
    """A float operation of C, taken to mean the same thing exactly on arrays of type `sources`.

    A function that has no exact form becomes a table with results of format `result`.
    """

    operation: object
    sources: tuple[NdArrayType, ...]
    result: Fixed
    formats: Formats

    def source(self) -> Labels:
        return obj(*self.sources)

    def arrow(self) -> OpenHypergraph:
        return exactly(self.operation, self)


def exact(
    f: OpenHypergraph, sources: Sequence[NdArrayType], result: Fixed, formats: Formats
) -> OpenHypergraph:
    """The core program `f`, over floats, as an exact one on `sources` of `Fixed` dtype.

    Formats grow from operation to operation as far as exactness needs; nothing is rounded but
    the index and the entries of the tables that stand for non-linear functions.
    """
    types: list[NdArrayType] = list(f.H.w)
    for node, T in zip(f.s.table.tolist(), sources, strict=True):
        types[node] = T
    labels: dict[int, Exactly] = {}
    for i in order(f).tolist():
        inputs = tuple(types[node] for node in f.H.s[i].table.tolist())
        labels[i] = Exactly(f.H.x[i], inputs, result, formats)
        for node, T in zip(f.H.t[i].table.tolist(), labels[i].target(), strict=True):
            types[node] = T
    x = Labels.of(labels[i] for i in range(len(f.H.x)))
    return inline(OpenHypergraph(f.s, f.t, Hypergraph(f.H.s, f.H.t, Labels.of(types), x)))


@singledispatch
def exactly(operation: object, at: Exactly) -> OpenHypergraph:
    """The exact form of one operation."""
    name = type(operation).__name__
    raise CatgradError(
        f"{name} has no exact fixed-point form on {', '.join(map(str, at.sources))}; "
        f"write the model without it, or as a function that can be tabulated."
    )


@exactly.register
def _(_operation: ops.Copy, at: Exactly) -> OpenHypergraph:
    return op(ops.Copy(at.sources[0]))


@exactly.register
def _(_operation: ops.Discard, at: Exactly) -> OpenHypergraph:
    return op(ops.Discard(at.sources[0]))


@exactly.register
def _(operation: ops.NCopy, at: Exactly) -> OpenHypergraph:
    return op(ops.NCopy(at.sources[0], operation.T))


@exactly.register
def _(operation: ops.Broadcast, at: Exactly) -> OpenHypergraph:
    return op(ops.Broadcast(at.sources[0], operation.N))


@exactly.register
def _(operation: ops.NAdd, at: Exactly) -> OpenHypergraph:
    return op(ops.NAdd(operation.N.with_dtype(at.sources[0].dtype), operation.T))


@exactly.register
def _(operation: ops.NMax, at: Exactly) -> OpenHypergraph:
    return op(ops.NMax(operation.N.with_dtype(at.sources[0].dtype), operation.T))


@exactly.register
def _(operation: ops.Sum, at: Exactly) -> OpenHypergraph:
    return op(ops.Sum(operation.T.with_dtype(at.sources[0].dtype), operation.N))


@exactly.register
def _(operation: ops.NSplit, at: Exactly) -> OpenHypergraph:
    return op(ops.NSplit(operation.T.with_dtype(at.sources[0].dtype), operation.k))


@exactly.register
def _(operation: ops.NConcatenate, at: Exactly) -> OpenHypergraph:
    # Wires of differing formats are first brought, without loss, to one that holds them all.
    formats = [T.fixed for T in at.sources]
    fraction = max((form.fraction for form in formats), default=0)
    common = Fixed.holding(
        min((form.min << (fraction - form.fraction) for form in formats), default=0),
        max((form.max << (fraction - form.fraction) for form in formats), default=0),
        fraction,
    )
    alike = len(set(formats)) == 1
    T = operation.T.with_dtype(formats[0] if alike else common)
    widened = [identity(obj(S)) if S == T else op(ops.Requantise(S, common)) for S in at.sources]
    return OpenHypergraph.tensor_list(widened) >> op(ops.NConcatenate(T, operation.k))


@exactly.register
def _(operation: ops.Reshape, at: Exactly) -> OpenHypergraph:
    return op(ops.Reshape(at.sources[0], operation.Y.with_dtype(at.sources[0].dtype)))


@exactly.register
def _(operation: ops.Permute, at: Exactly) -> OpenHypergraph:
    return op(ops.Permute(at.sources[0], operation.p))


@exactly.register(ops.Add)
@exactly.register(ops.Subtract)
@exactly.register(ops.Multiply)
@exactly.register(ops.Gt)
def _(operation: ops.Elementwise, at: Exactly) -> OpenHypergraph:
    return op(type(operation)(*at.sources))


@exactly.register
def _(_operation: ops.Mask, at: Exactly) -> OpenHypergraph:
    return op(ops.Mask(at.sources[0]))


@exactly.register
def _(_operation: ops.Negate, at: Exactly) -> OpenHypergraph:
    return op(ops.Negate(at.sources[0]))


@exactly.register
def _(operation: ops.Constant, at: Exactly) -> OpenHypergraph:
    mantissa, form = exact_constant(operation.x, at.formats.data.fraction)
    return op(ops.Constant(operation.T.with_dtype(form), mantissa))


@exactly.register
def _(operation: ops.MatrixMultiply, at: Exactly) -> OpenHypergraph:
    left, right = (T.dtype for T in at.sources)
    N, A, B, C = operation.N, operation.A, operation.B, operation.C
    return op(
        ops.MatrixMultiply(
            N.with_dtype(left), A.with_dtype(left), B.with_dtype(left), C.with_dtype(right)
        )
    )


@exactly.register
def _(operation: ops.Compose, at: Exactly) -> OpenHypergraph:
    left, right = (T.dtype for T in at.sources)
    A, B, C = operation.A, operation.B, operation.C
    return op(ops.Compose(A.with_dtype(left), B.with_dtype(left), C.with_dtype(right)))


@exactly.register
def _(operation: Sigmoid, at: Exactly) -> OpenHypergraph:
    [T] = at.sources
    table = tabulate(
        TABULATED[operation.symbol()], operation.symbol(), T.fixed, at.result, at.formats.table_bits
    )
    return table.program(T)


def table_errors(f: OpenHypergraph) -> dict[str, float]:
    """How far the tables of an exact program are from their functions, the worst for each."""
    writers = drivers(f).tolist()
    errors: dict[str, float] = {}
    for i, x in enumerate(f.H.x):
        if isinstance(x, ops.Lookup):
            writer = writers[int(f.H.s[i].table[0])]
            narrowing = f.H.x[writer] if writer >= 0 else None
            T = narrowing.T if isinstance(narrowing, ops.Requantise) else x.T
            bits = x.T.fixed.width
            table = tabulate(TABULATED[x.name], x.name, T.fixed, x.dtype, bits)
            errors[x.name] = max(table.error, errors.get(x.name, 0.0))
    return errors
