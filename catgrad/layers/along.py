"""Wires along their last axis, and over all of them."""

from __future__ import annotations

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.wires import Wire, call
from catgrad.core.types import NdArrayType, require


def last_axis(operation: object, T: NdArrayType) -> tuple[NdArrayType, NdArrayType]:
    """`T` as ``N+k``: all axes but the last, which must be there and not empty; and the last."""
    require(
        len(T.shape) > 0 and T.shape[-1] > 0,
        operation,
        f"needs numbers along a last axis, not {T}",
        "give an array with at least one number there",
    )
    return NdArrayType(T.shape[:-1], T.dtype), NdArrayType(T.shape[-1:], T.dtype)


def sum_last(x: Wire) -> Wire:
    """``N+k → N``, the sums along the last axis."""
    return call(B.NAdd(*last_axis(x, x.T)), x)


def mean_last(x: Wire) -> Wire:
    """``N+k → N``, the means along the last axis: the product with a vector of ``1 / k``."""
    _, k = last_axis(x, x.T)
    return dot_last(x, x.draft.constant(k, 1 / k.size))


def dot_last(x: Wire, y: Wire) -> Wire:
    """``N+k ● k → N``, the scalar products along the last axis."""
    N, k = last_axis(x, x.T)
    return call(B.Compose(N, k, NdArrayType((), x.T.dtype)), x, y)


def max_last(x: Wire) -> Wire:
    """``N+k → N``, the greatest numbers along the last axis."""
    return call(B.NMax(*last_axis(x, x.T)), x)


def repeat_last(x: Wire, T: NdArrayType) -> Wire:
    """``N → T = N+k``, each number again and again along the last axis."""
    return call(B.NCopy(*last_axis(x, T)), x)


def spread(x: Wire, T: NdArrayType) -> Wire:
    """A number in every place of an array of type `T`; or an array for each index before its own.

    ``B → A+B = T``.
    """
    axes = T.shape[: len(T.shape) - len(x.T.shape)]
    return call(B.Broadcast(x.T, NdArrayType(axes, T.dtype)), x)


def total(x: Wire) -> Wire:
    """The sum of all numbers."""
    return call(B.NAdd(NdArrayType((), x.T.dtype), x.T), x)


def sum_batch(x: Wire, T: NdArrayType) -> Wire:
    """``A+B → B = T``, the sums over the leading axes."""
    axes = x.T.shape[: len(x.T.shape) - len(T.shape)]
    return call(B.Sum(T, NdArrayType(axes, T.dtype)), x)
