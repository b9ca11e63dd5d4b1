"""Functions that have no exact form, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from catgrad.bidirectional.fixed_form import CosPi, SinPi
from catgrad.bidirectional.functor import forget
from catgrad.bidirectional.operation import Sigmoid
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import BIT, NdArrayType, obj, op
from catgrad.fixed.exact import Exactly, exactly
from catgrad.fixed.scaled import (
    LOG,
    RECIPROCAL,
    RECIPROCAL_SQRT,
    SQRT,
    TABLES,
    Scaled,
    exponential,
    margined,
)
from catgrad.fixed.table import tabulate
from catgrad.hypergraph import OpenHypergraph, drivers
from catgrad.kernel.kernel import Kernel

PLAIN: dict[type, str] = {
    Sigmoid: "sigmoid",
    ops.Tanh: "tanh",
    ops.Sin: "sin",
    ops.Cos: "cos",
    SinPi: "sinpi",
    CosPi: "cospi",
}
"""Functions that are tabulated over the whole format of their argument, and their names."""

TABULATED: dict[str, Callable[[float], float]] = {
    **{name: kind.function for kind, name in PLAIN.items()},  # type: ignore[attr-defined]
    **TABLES,
}
"""The functions that become tables, by the name that their tables have."""

POSITIVE: dict[type, Scaled] = {
    ops.ReciprocalSqrt: RECIPROCAL_SQRT,
    ops.Sqrt: SQRT,
    ops.Log: LOG,
}
"""Functions of positive numbers."""


@exactly.register(Sigmoid)
@exactly.register(ops.Tanh)
@exactly.register(ops.Sin)
@exactly.register(ops.Cos)
@exactly.register(SinPi)
@exactly.register(CosPi)
def _(operation: Sigmoid | SinPi | CosPi | ops.Unary, at: Exactly) -> OpenHypergraph:
    [T] = at.sources
    name = next(PLAIN[kind] for kind in PLAIN if isinstance(operation, kind))
    table = tabulate(TABULATED[name], name, T.fixed, at.result, at.formats.table_bits)
    return table.program(T)


@exactly.register(ops.ReciprocalSqrt)
@exactly.register(ops.Sqrt)
@exactly.register(ops.Log)
def _(operation: ops.Unary, at: Exactly) -> OpenHypergraph:
    [T] = at.sources
    scaled = next(POSITIVE[kind] for kind in POSITIVE if isinstance(operation, kind))
    return scaled.program(T, margined(at.result), at.formats.table_bits)


@exactly.register
def _(_operation: ops.Exp, at: Exactly) -> OpenHypergraph:
    return exponential(at.sources[0], margined(at.result), at.formats.table_bits)


@exactly.register
def _(_operation: ops.Reciprocal, at: Exactly) -> OpenHypergraph:
    """``1 / x``, with the sign of `x`; at 0 the reciprocal of the least positive number."""
    return reciprocal(at.sources[0], at)


@exactly.register
def _(_operation: ops.Divide, at: Exactly) -> OpenHypergraph:
    """``x * (1 / y)``."""
    T, U = at.sources
    inverse, result = reciprocal(U, at), margined(at.result)
    factors = (T, *inverse.target)
    product = op(Exactly(ops.Multiply(*factors), factors, at.result, at.formats, computed=True))
    rounded = op(
        ops.Requantise(product.target[0], result, at.formats.rounding, at.formats.overflow)
    )
    return (identity(obj(T)) @ inverse) >> product >> rounded


def reciprocal(T: NdArrayType, at: Exactly) -> OpenHypergraph:
    """``T → 1 / T``."""
    [size] = op(ops.Abs(T)).target if T.fixed.signed else obj(T)
    positive = RECIPROCAL.program(size, margined(at.result), at.formats.table_bits)
    if not T.fixed.signed:
        return positive

    def body(x: Wire) -> Wire:
        y = call(positive, call(ops.Abs(T), x))
        [zero] = x.draft.apply(ops.Constant(T.with_dtype(BIT), 0))
        negative = call(ops.Lt(T, zero.T), x, zero)
        minus = call(ops.Negate(y.T), y)
        return call(ops.Select(minus.T, y.T), negative, minus, y)

    return forget(program(obj(T), body))


def table_errors(f: OpenHypergraph) -> dict[str, float]:
    """How far the tables of an exact program are from their functions, the worst for each.

    Those in the bodies of its kernels count as well.
    """
    writers = drivers(f).tolist()
    errors: dict[str, float] = {}
    for i, x in enumerate(f.H.x):
        found = {}
        if isinstance(x, Kernel):
            found = _worst(table_errors(nest.body) for nest in x.nests)
        if isinstance(x, ops.Lookup):
            writer = writers[int(f.H.s[i].table[0])]
            narrowing = f.H.x[writer] if writer >= 0 else None
            T = narrowing.T if isinstance(narrowing, ops.TableIndex) else x.T
            bits = x.T.fixed.width
            found = {x.name: tabulate(TABULATED[x.name], x.name, T.fixed, x.dtype, bits).error}
        errors = _worst([errors, found])
    return errors


def _worst(errors: Iterable[dict[str, float]]) -> dict[str, float]:
    """The greatest error under each name."""
    worst: dict[str, float] = {}
    for name, error in (pair for found in errors for pair in found.items()):
        worst[name] = max(error, worst.get(name, 0.0))
    return worst
