"""The exact form of kernels: the same loop nests, each body exact on the formats that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catgrad.core import operation as ops
from catgrad.core.types import Fixed, op
from catgrad.fixed.exact import Exactly, common, exact, exactly
from catgrad.hypergraph import OpenHypergraph
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
    return replace(nest, body=exact(nest.body, reads, at.result, at.formats))


def _aligned(nest: Nest, target: Fixed) -> Nest:
    """The nest with its binary point where the target has it, if another nest has it elsewhere."""
    shift = target.fraction - nest.result.fixed.fraction
    if shift == 0 or nest.reduction == "product":
        return nest
    term = nest.term.fixed
    wide = Fixed.holding(term.min << shift, term.max << shift, term.fraction + shift)
    return replace(nest, body=nest.body >> op(ops.Requantise(nest.term, wide)))
