"""The border from C to K: each core operation, given once, as a kernel or as a program of some."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import fields, replace
from typing import Any

from catgrad.core import operation as ops
from catgrad.core.composites import composite
from catgrad.core.types import Fixed, NdArrayType, Operation, Shape, obj, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import Functor, OpenHypergraph
from catgrad.kernel.accesses import all_of, around, flat, part, rows, windowed, without
from catgrad.kernel.kernel import Access, Kernel, Nest, Reduction, row_major, scalar

Pointwise = (
    ops.Elementwise
    | ops.Mask
    | ops.Negate
    | ops.Abs
    | ops.Sign
    | ops.Convert
    | ops.Unary
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
    """C → K: an array is a memory of the same type, a simple operation a kernel."""

    def map_object(self, label: Any) -> Sequence[Hashable]:
        return [label]

    def map_operation(self, label: Any) -> OpenHypergraph:
        program = composite(label)
        return op(kernel(label)) if program is None else self(program)


def kernel(operation: Operation) -> Kernel:
    """A core operation as a kernel.

    >>> from catgrad.core.types import Dtype
    >>> T = NdArrayType((2, 3), Dtype.float32)
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
        case ops.ReduceSum():
            return [along_axes("sum", operation)]
        case ops.ReduceProduct():
            return [along_axes("product", operation)]
        case ops.ReduceMax():
            return [along_axes("max", operation)]
        case ops.ReduceMin():
            return [along_axes("min", operation)]
        case ops.Repeat(T):
            return [moved(T, T.shape, without(operation), all_of(0, T))]
        case ops.Slice(T):
            U = operation.result()
            read = part(T, operation.start, operation.steps)
            return [moved(T, U.shape, read, all_of(0, U))]
        case ops.Pad():
            return padded(operation)
        case ops.Concatenate(types):
            starts = zip(types, operation.starts(), strict=False)
            return [joined(operation, i, T, start) for i, (T, start) in enumerate(starts)]
        case ops.Window(T):
            W = operation.windows
            return [moved(T, W.shape, windowed(operation), all_of(0, W))]
        case ops.Fold(T):
            W = operation.windows
            return [Nest(W.shape, (all_of(0, W),), windowed(operation), wire(T), "sum")]
        case ops.Iota(T, axis):
            return [counted(T, axis, i) for i in range(T.shape[axis])]
        case ops.Array(T, numbers):
            return [written(T, place, number) for place, number in enumerate(numbers)]
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
# Nests


def moved(T: NdArrayType, extents: Shape, read: Access, write: Access) -> Nest:
    """Numbers change their place only."""
    return Nest(extents, (read,), write, wire(T))


def reduced(reduction: Reduction, T: NdArrayType, extents: Shape, read: Access) -> Nest:
    """Reduce the second of two axes."""
    return Nest(extents, (read,), Access(0, 0, (1, 0)), wire(T), reduction, 1)


def along_axes(reduction: Reduction, operation: ops.Reduce) -> Nest:
    """Reduce some axes."""
    T, axes = operation.T, (*operation.others, *operation.axes)
    strides, kept = row_major(T.shape), row_major(operation.without.shape)
    return Nest(
        tuple(T.shape[axis] for axis in axes),
        (Access(0, 0, tuple(strides[axis] for axis in axes)),),
        Access(0, 0, kept + (0,) * len(operation.axes)),
        wire(T),
        reduction,
        len(operation.axes),
    )


def joined(operation: ops.Concatenate, i: int, T: NdArrayType, start: int) -> Nest:
    """Operand `i` at its place in the result."""
    U, axis = operation.result(), operation.axis
    places = [start if k == axis else 0 for k in range(len(U.shape))]
    return moved(T, T.shape, all_of(i, T), part(U, places, [1] * len(places)))


def padded(operation: ops.Pad) -> list[Nest]:
    """The operand in its place, and a value all around it."""
    T, inside = operation.T, operation.inside()
    data = moved(T, T.shape, all_of(0, T), part(inside.T, inside.start, inside.steps))
    value = op(ops.Constant(scalar(T.dtype), operation.value))
    return [data, *(Nest(extents, (), write, value) for extents, write in around(operation))]


def counted(T: NdArrayType, axis: int, i: int) -> Nest:
    """Number `i` wherever that is the index along an axis."""
    value = i << T.dtype.fraction if isinstance(T.dtype, Fixed) else i
    extents = tuple(1 if k == axis else n for k, n in enumerate(T.shape))
    start = [i if k == axis else 0 for k in range(len(extents))]
    write = part(T, start, [1] * len(extents))
    return Nest(extents, (), write, op(ops.Constant(scalar(T.dtype), value)))


def written(T: NdArrayType, place: int, number: ops.Scalar) -> Nest:
    """One number at one place."""
    return Nest((1,), (), Access(0, place, (0,)), op(ops.Constant(scalar(T.dtype), number)))


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

    >>> from catgrad.core.types import Dtype
    >>> at_a_point(ops.Negate(NdArrayType((2, 3), Dtype.int32)))
    Negate(T=NdArrayType(shape=(), dtype=<Dtype.int32: 1>))
    """
    parameters = {field.name: getattr(operation, field.name) for field in fields(operation)}
    scalars: dict[str, Any] = {
        name: scalar(T.dtype) for name, T in parameters.items() if isinstance(T, NdArrayType)
    }
    return replace(operation, **scalars)
