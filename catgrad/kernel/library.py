"""The border from C to K: each core operation, given once, as a kernel."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from typing import Any

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, Operation, Shape, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import Functor, OpenHypergraph
from catgrad.kernel.kernel import Access, Kernel, Nest, Reduction, scalar

Pointwise = (
    ops.Elementwise
    | ops.Mask
    | ops.Negate
    | ops.Invert
    | ops.Constant
    | ops.Divide
    | ops.Power
    | ops.Requantise
    | ops.InRange
    | ops.Lookup
)


def to_kernels(f: OpenHypergraph) -> OpenHypergraph:
    """``C → K``; operations that are kernels already stay as they are.

    Raises ``CatgradError`` at an operation that is neither a kernel nor in C.
    """
    return ToKernels()(f)


class ToKernels(Functor):
    """C → K: an array is a memory of the same type, an operation a kernel."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        return op(kernel(label))


def kernel(operation: Operation) -> Kernel:
    """A core operation as a kernel.

    >>> T = NdArrayType((2, 3), ops.Dtype.float32)
    >>> [nest] = kernel(ops.Permute(T, (1, 0))).nests
    >>> nest.extents, nest.reads[0].strides, nest.write.strides
    ((3, 2), (1, 3), (2, 1))
    """
    if isinstance(operation, Kernel):
        return operation
    sources, targets = tuple(operation.source()), tuple(operation.target())
    return Kernel(type(operation).__name__, sources, targets, tuple(nests(operation)))


def nests(operation: Operation) -> Sequence[Nest]:
    """The loop nests of a core operation."""
    match operation:
        case ops.Copy(T):
            return [moved(T, (T.size,), flat(0), flat(i)) for i in range(2)]
        case ops.Discard():
            return []
        case ops.Reshape(X):
            return [moved(X, (X.size,), flat(0), flat(0))]
        case ops.Permute(T, p):
            shape, strides = tuple(T.shape[k] for k in p), row_major(T.shape)
            read = Access(0, 0, tuple(strides[k] for k in p))
            return [moved(T, shape, read, Access(0, 0, row_major(shape)))]
        case ops.NCopy(N, T):
            return [moved(N, (N.size, T.size), Access(0, 0, (1, 0)), rows(T))]
        case ops.Broadcast(T, N):
            return [moved(T, (N.size, T.size), Access(0, 0, (0, 1)), rows(T))]
        case ops.NSplit(T, k):
            return [moved(T, (T.size,), Access(0, i, (k,)), flat(i)) for i in range(k)]
        case ops.NConcatenate(T, k):
            return [moved(T, (T.size,), flat(i), Access(0, i, (k,))) for i in range(k)]
        case ops.NAdd(N, T):
            return [reduced("sum", N, (N.size, T.size), rows(T))]
        case ops.NMax(N, T):
            return [reduced("max", N, (N.size, T.size), rows(T))]
        case ops.Sum(T, N):
            return [reduced("sum", T, (T.size, N.size), Access(0, 0, (1, T.size)))]
        case ops.MatrixMultiply(N, A, B, C):
            return [contracted(N.size, A, B, C)]
        case ops.Compose(A, B, C):
            return [contracted(1, A, B, C)]
        case _ if isinstance(operation, Pointwise):
            return [pointwise(operation)]
    raise CatgradError(
        f"There is no kernel for {type(operation).__name__}; write the program in core operations, "
        f"or give a Kernel of your own."
    )


################################################################################
# Memories


def row_major(shape: Shape) -> tuple[int, ...]:
    """The strides of the axes of an array: how far apart neighbours along each are.

    >>> row_major((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


def flat(array: int) -> Access:
    """All of an array, in order, along one axis."""
    return Access(array, 0, (1,))


def rows(T: NdArrayType) -> Access:
    """All of array 0 along two axes, the second of the size of `T`."""
    return Access(0, 0, (T.size, 1))


################################################################################
# Nests


def moved(T: NdArrayType, extents: Shape, read: Access, write: Access) -> Nest:
    """Numbers change their place only."""
    return Nest(extents, (read,), write, wire(T))


def reduced(reduction: Reduction, T: NdArrayType, extents: Shape, read: Access) -> Nest:
    """Reduce the second of two axes."""
    return Nest(extents, (read,), Access(0, 0, (1, 0)), wire(T), reduction, 1)


def contracted(n: int, A: NdArrayType, B: NdArrayType, C: NdArrayType) -> Nest:
    """``n`` times the product of an ``A × B`` and a ``B × C`` matrix, along axes ``n, A, C, B``."""
    a, b, c = A.size, B.size, C.size
    left, right = Access(0, 0, (a * b, b, 0, 1)), Access(1, 0, (b * c, 0, 1, c))
    multiply = op(ops.Multiply(scalar(A.dtype), scalar(C.dtype)))
    return Nest((n, a, c, b), (left, right), Access(0, 0, (a * c, c, 1, 0)), multiply, "sum", 1)


def pointwise(operation: Pointwise) -> Nest:
    """An operation on single numbers, at every point."""
    [T] = operation.target()
    reads = tuple(flat(i) for i in range(len(operation.source())))
    return Nest((T.size,), reads, flat(0), op(at_a_point(operation)))


################################################################################
# Bodies


def wire(T: NdArrayType) -> OpenHypergraph:
    """The body that hands its number on."""
    return OpenHypergraph.identity(obj(scalar(T.dtype)))


def at_a_point(operation: Pointwise) -> Pointwise:
    """The same operation on single numbers.

    >>> at_a_point(ops.Negate(NdArrayType((2, 3), ops.Dtype.int32)))
    Negate(T=NdArrayType(shape=(), dtype=<Dtype.int32: 1>))
    """
    parameters = {field.name: getattr(operation, field.name) for field in fields(operation)}
    scalars: dict[str, Any] = {
        name: scalar(T.dtype) for name, T in parameters.items() if isinstance(T, NdArrayType)
    }
    return replace(operation, **scalars)
