"""Operations of one's own: kernels, whose reverse maps are derived.

    @kernel
    def depthwise_fir(x, h, y, *, t, c, k):
        y[t, c] += x[t + k, c] * h[k, c]

    op(depthwise_fir(X, H))

The reverse of a nest that sums is stated in `catgrad.bidirectional.derive`. Other reductions are
taken apart, into terms and a reduction that knows its own reverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import update_wrapper
from inspect import isfunction, signature

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.derive import reverse
from catgrad.bidirectional.functor import differentiate
from catgrad.bidirectional.optic import InCore, copy_core
from catgrad.bidirectional.wires import call, program
from catgrad.combinators import identity, keep_outputs
from catgrad.core.types import NdArrayType, Shape, obj, op
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.kernel import kernel as kernels
from catgrad.kernel.kernel import Access, KernelError, Nest, row_major, scalar
from catgrad.kernel.scalar_expression import (
    clamp,
    cos,
    exp,
    log,
    maximum,
    minimum,
    sigmoid,
    sin,
    sqrt,
    tanh,
    where,
)
from catgrad.kernel.trace import Trace, greatest, least

__all__ = [
    "Kernel",
    "KernelFunction",
    "clamp",
    "cos",
    "exp",
    "greatest",
    "kernel",
    "least",
    "log",
    "maximum",
    "minimum",
    "sigmoid",
    "sin",
    "sqrt",
    "tanh",
    "where",
]


class Kernel(kernels.Kernel, InCore):
    """A kernel with its reverse map."""

    def residual(self) -> Labels:
        return self.source()

    def fwd(self) -> OpenHypergraph:
        A = self.source()
        return copy_core(A) >> (self._forward() @ identity(A))

    def rev(self) -> OpenHypergraph:
        if self._sums():
            return reverse(self)
        f = differentiate(apart(self))
        return keep_outputs(f, range(len(self.targets), len(f.target)))

    def _sums(self) -> bool:
        return all(nest.reduction in SUMS for nest in self.nests)

    def _forward(self) -> OpenHypergraph:
        return op(self) if self._sums() else apart(self)


class KernelFunction:
    """A loop nest written as a Python function; called with array types it gives a `Kernel`.

    Extents that no array tells are given by name, as in ``spread(X, j=8)``.

    >>> from catgrad.core.types import Dtype
    >>> @kernel
    ... def moving_average(x, y, *, t, k):
    ...     y[t] += x[t + k] / 4
    >>> print(op(moving_average(NdArrayType((8,), Dtype.float32), k=4)).target)
    [float32[5]]
    """

    def __init__(self, function: Callable[..., None]) -> None:
        if not isfunction(function):
            raise KernelError(
                f"A kernel is made of a Python function, not of {function!r}; write @kernel above "
                f"a def."
            )
        self.function = function
        update_wrapper(self, function)
        self.__doc__ = function.__doc__ or "A kernel; called with array types it is an operation."

    def __repr__(self) -> str:
        return f"kernel {self.function.__name__}{signature(self.function)}"

    def __call__(self, *types: NdArrayType, **extents: int) -> Kernel:
        name = self.function.__name__
        for T in types:
            if not isinstance(T, NdArrayType):
                raise KernelError(
                    f"Kernel '{name}' is given {T!r} for an array; give types, as in "
                    f"{name}(NdArrayType((8, 3), Dtype.float32))."
                )
        traced = Trace(self.function, types).kernel(extents)
        return Kernel(*(getattr(traced, field.name) for field in fields(traced)))


def kernel(function: Callable[..., None]) -> KernelFunction:
    """Make a Python function a kernel; see `catgrad.kernel.trace` for how to write it."""
    return KernelFunction(function)


################################################################################
# Other reductions


SUMS = (None, "sum")
"""Reductions that are linear in their terms."""

REDUCTIONS = {"max": B.ReduceMax, "min": B.ReduceMin, "product": B.ReduceProduct}
"""The reductions that are operations of their own."""


def apart(kernel: kernels.Kernel) -> OpenHypergraph:
    """The same as a program of B with a part for each target."""
    parts = [part(kernel, number) for number in range(len(kernel.targets))]
    return program(kernel.source(), lambda *x: [call(f, *x) for f in parts])


def part(kernel: kernels.Kernel, number: int) -> OpenHypergraph:
    """What a kernel writes to one target: all terms, their reductions, each result to its place.

              ┌───────┐   ┌───────────┐   ┌────────┐
        A ────┤ terms ├───┤ ReduceMax ├───┤ placed ├──── T
              └───────┘   └───────────┘   └────────┘

    A single kernel where all nests sum, and no step that leaves everything as it is.
    """
    T, sources = kernel.targets[number], kernel.sources
    nests = [nest for nest in kernel.nests if nest.write.array == number]
    nests = [replace(nest, write=replace(nest.write, array=0)) for nest in nests]
    several = len(kernel.targets) > 1
    name = f"{kernel.name}_{(kernel.results or range(len(kernel.targets)))[number]}"
    name = name if several else kernel.name
    result = kernel.results[number : number + 1]
    if all(nest.reduction in SUMS for nest in nests):
        return op(Kernel(name, sources, (T,), tuple(nests), kernel.arguments, result))
    terms = [
        replace(nest, write=whole(place, nest.extents), reduction=None, reduced=0)
        for place, nest in enumerate(nests)
    ]
    types = tuple(NdArrayType(nest.extents, nest.term.dtype) for nest in nests)
    f = op(Kernel(f"{name}_terms", sources, types, tuple(terms), kernel.arguments))
    if len(terms) == 1 and stays(terms[0], sources):
        f = program(f.source, lambda *x: x[terms[0].reads[0].array])
    f = f >> OpenHypergraph.tensor_list(list(map(reduction, nests, types)))
    places = tuple(
        placed(nest, i, U) for i, (nest, U) in enumerate(zip(nests, f.target, strict=True))
    )
    if len(places) == 1 and stays(places[0], tuple(f.target)) and list(f.target) == [T]:
        return f
    return f >> op(Kernel(f"{name}_placed", tuple(f.target), (T,), places, (), result))


def whole(array: int, shape: Shape) -> Access:
    """All of an array of this shape, along its axes."""
    return Access(array, 0, row_major(shape))


def placed(nest: Nest, array: int, U: NdArrayType) -> Nest:
    """The nest that takes the results of another one, an array of type `U`, to their places."""
    nest = replace(nest, reads=(whole(array, U.shape),), body=identity(obj(scalar(U.dtype))))
    return nest if nest.reduction in SUMS else reduced(nest)


def reduction(nest: Nest, T: NdArrayType) -> OpenHypergraph:
    """The reduction of all terms of a nest, an array of type `T`; a sum waits for its place."""
    if nest.reduction in SUMS:
        return identity(obj(T))
    axes = tuple(range(len(nest.kept), len(nest.extents)))
    return op(REDUCTIONS[nest.reduction](T, axes))


def reduced(nest: Nest) -> Nest:
    """A nest without the axes that it reduces."""
    n = len(nest.kept)
    return replace(
        nest,
        extents=nest.kept,
        write=nest.write.along(n),
        reduction=None,
        reduced=0,
        indices=nest.indices[:n],
    )


def stays(nest: Nest, sources: tuple[NdArrayType, ...]) -> bool:
    """Whether a nest writes all of an array as it reads it."""
    if nest.body.H.X or nest.reduction is not None:
        return False
    [read] = nest.reads
    everything = whole(read.array, nest.extents) == read == replace(nest.write, array=read.array)
    return everything and nest.extents == sources[read.array].shape
