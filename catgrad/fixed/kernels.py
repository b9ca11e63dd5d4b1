"""The exact form of kernels: the same loop nests, each body exact on the formats that it reads.

A body that takes several steps, or the reverse of one, may outgrow the bits that integers have on
the way. There the numbers that it computed itself are rounded before a product, as in a layer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.simplify import simplify
from catgrad.core.types import Fixed, obj, op
from catgrad.fixed.constants import exact_constant
from catgrad.fixed.exact import (
    WIDEST,
    Exactly,
    Narrowed,
    common,
    computed_nodes,
    constant_of,
    exact,
    exactly,
)
from catgrad.hypergraph import Hypergraph, Labels, OpenHypergraph, drivers
from catgrad.kernel.kernel import Kernel, KernelError, Nest, scalar


@exactly.register
def exact_kernel(operation: Kernel, at: Exactly) -> OpenHypergraph:
    """A kernel on fixed-point arrays, its targets as wide as exactness needs."""
    nests = [_exact_nest(nest, at) for nest in operation.nests]
    targets = []
    for number, T in enumerate(operation.targets):
        _require_one_point(operation, number, nests)
        widest = common([nest.result.fixed for nest in nests if nest.write.array == number])
        targets.append(T.with_dtype(widest))
    aligned = tuple(_aligned(nest, targets[nest.write.array].fixed) for nest in nests)
    return op(replace(operation, sources=at.sources, targets=tuple(targets), nests=aligned))


def _require_one_point(operation: Kernel, number: int, nests: Sequence[Nest]) -> None:
    """Refuse products that have different binary points: no factor could take one to another."""
    written = [nest for nest in nests if nest.write.array == number]
    formats = dict.fromkeys(nest.result.fixed for nest in written)
    points = {form.fraction for form in formats}
    if len(points) > 1 and any(nest.reduction == "product" for nest in written):
        raise KernelError(
            f"Kernel '{operation.name}' writes exact products to target {number} in the formats "
            f"{' and '.join(map(str, formats))}, whose binary points differ; "
            f"write them to targets of their own."
        )


def _exact_nest(nest: Nest, at: Exactly) -> Nest:
    reads = [scalar(at.sources[read.array].dtype) for read in nest.reads]
    computed = computed_nodes(nest.body)
    body = _prepared(nest.body, computed)
    formats = at.formats
    exactly_so = replace(nest, body=simplify(exact(body, reads, at.result, formats, computed)))
    steps = [x for x in nest.body.H.x if not isinstance(x, ops.Constant | ops.Copy)]
    excess = exactly_so.result.fixed.width - WIDEST if nest.reduction != "product" else 0
    if excess <= 0 or len(steps) < 2:
        return exactly_so
    term = exactly_so.term
    form = Fixed(max(term.fixed.width - excess, 2), term.fixed.fraction - excess, term.fixed.signed)
    narrowed = op(Narrowed(term, form, formats.rounding, formats.overflow))
    return replace(exactly_so, body=exactly_so.body >> narrowed)


@dataclass(frozen=True)
class DividedBy(ops.Divide):
    """``x / y`` where `y` is the same number throughout."""

    divisor: float


@dataclass(frozen=True)
class OfComputed(ops.Unary):
    """A function that is tabulated over a whole format, of a number computed on the way."""

    operation: ops.Unary


def _prepared(body: OpenHypergraph, computed: Collection[int]) -> OpenHypergraph:
    """A body whose divisions know their constants, and whose functions what they are taken of."""
    writers = drivers(body).tolist()

    def prepared(i: int, x: object) -> object:
        reads = body.H.s[i].table.tolist()
        if isinstance(x, ops.Divide) and (divisor := constant_of(body, writers, reads[1])):
            return DividedBy(x.T, divisor)
        if isinstance(x, ops.Tanh | ops.Sin | ops.Cos) and reads[0] in computed:
            return OfComputed(x.T, x)
        return x

    x = Labels.of([prepared(i, x) for i, x in enumerate(body.H.x)])
    return OpenHypergraph(body.s, body.t, Hypergraph(body.H.s, body.H.t, body.H.w, x))


@exactly.register
def _(operation: OfComputed, at: Exactly) -> OpenHypergraph:
    """The function of the number in the format of the data, over which its table lies."""
    [T] = at.sources
    data = at.formats.data
    form = data if T.fixed.width > data.width else T.fixed
    tabulated = Exactly(operation.operation, (T.with_dtype(form),), at.result, at.formats)
    return at.rounded(T, form) >> op(tabulated)


@exactly.register
def _(operation: DividedBy, at: Exactly) -> OpenHypergraph:
    """``x * (1 / y)``, the inverse a constant."""
    T, U = at.sources
    mantissa, form = exact_constant(1 / operation.divisor, at.formats.data.fraction)
    inverse = T.with_dtype(form)
    multiply = Exactly(ops.Multiply(T, inverse), (T, inverse), at.result, at.formats, at.computed)
    constant = op(ops.Constant(inverse, mantissa))
    return (identity(obj(T)) @ op(ops.Discard(U)) @ constant) >> op(multiply)


def _aligned(nest: Nest, target: Fixed) -> Nest:
    """The nest with its binary point where the target has it, if another nest has it elsewhere."""
    shift = target.fraction - nest.result.fixed.fraction
    if shift == 0 or nest.reduction == "product":
        return nest
    term = nest.term.fixed
    wide = Fixed.holding(term.min << shift, term.max << shift, term.fraction + shift)
    return replace(nest, body=nest.body >> op(ops.Requantise(nest.term, wide)))
