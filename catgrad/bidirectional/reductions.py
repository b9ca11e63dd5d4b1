"""Reductions in B: to the greatest, the least, the product, the mean."""

from __future__ import annotations

from abc import abstractmethod

from catgrad.bidirectional.elementwise import Maximum
from catgrad.bidirectional.linear import NSplit, ReduceSum, ScaleInverse
from catgrad.bidirectional.optic import Flat, InCore, Lens, copy_core
from catgrad.combinators import identity, twist
from catgrad.core import operation as ops
from catgrad.core.reductions import Axes, axes_given
from catgrad.core.types import Dtype, Fixed, NdArrayType, op, require
from catgrad.hypergraph import Labels, OpenHypergraph

################################################################################
# Extrema, whose reverse map gives a change to the first number that is one


class _Extremum(InCore):
    """One of many numbers. The forward map keeps its index among them."""

    @abstractmethod
    def _greatest(self) -> ops.ReduceMax:
        """The greatest number that this is, or is the negative of."""

    def _index(self) -> OpenHypergraph:
        """``T → index``."""
        flatten, _ = to_last(self._greatest())
        return flatten >> op(ops.ArgMax(flatten.target[0], -1))

    def residual(self) -> Labels:
        return self._index().target

    def fwd(self) -> OpenHypergraph:
        return copy_core(self.source()) >> (op(self) @ self._index())

    def rev(self) -> OpenHypergraph:
        greatest, [index] = self._greatest(), self.residual()
        bits = ops.bits_of(greatest.T)
        _, unflatten = to_last(ops.ReduceMax(bits, greatest.axes))
        assert isinstance(bits.dtype, Dtype | Fixed)
        hot = op(ops.OneHot(index, greatest.terms, bits.dtype)) >> unflatten
        change = op(ops.Repeat(greatest.T, greatest.axes))
        return (hot @ change) >> twist(hot.target, change.target) >> op(ops.Mask(greatest.T))


class ReduceMax(ops.ReduceMax, _Extremum):
    """The greatest number along axes."""

    def _greatest(self) -> ops.ReduceMax:
        return ops.ReduceMax(self.T, self.axes)


class ReduceMin(ops.ReduceMin, _Extremum):
    """The least number along axes."""

    def _greatest(self) -> ops.ReduceMax:
        [negative] = ops.Negate(self.T).target()
        return ops.ReduceMax(negative, self.axes)

    def _index(self) -> OpenHypergraph:
        return op(ops.Negate(self.T)) >> super()._index()


class NMax(ops.NMax, _Extremum):
    """The greatest number along trailing axes."""

    def _greatest(self) -> ops.ReduceMax:
        n, axes = len(self.N.shape), len(self.T.shape)
        return ops.ReduceMax(self.source()[0], tuple(range(n, n + axes)))


class ArgMax(ops.ArgMax, InCore, Flat):
    """The index of the greatest number along an axis."""


################################################################################
# Products and means


class ReduceProduct(ops.ReduceProduct, InCore, Lens):
    """The product along axes; each number changes it by the product of all others."""

    def rev(self) -> OpenHypergraph:
        """Multiplies all others of each number, ``terms**2`` in all, so that zeros do no harm."""
        # others[..., i, j] = x[..., j], but 1 where i = j
        flat = self.without + self.terms
        square = flat + self.terms
        flatten, unflatten = to_last(self)
        diagonal = (op(ops.Iota(square, -1)) @ op(ops.Iota(square, -2))) >> op(ops.Eq(square))
        ones = op(ops.Constant(square, 1))
        others = (
            flatten
            >> (diagonal @ ones @ op(ops.Repeat(square, (-2,))))
            >> op(ops.Select(square))
            >> op(ops.ReduceProduct(square, (-1,)))
        )
        spread = op(ops.Repeat(flat, (-1,)))
        return (others @ spread) >> op(ops.Multiply(flat)) >> unflatten


def to_last(along: ops.AlongAxes) -> tuple[OpenHypergraph, OpenHypergraph]:
    """``T → flat`` with the axes of a reduction as one last axis, and the way back."""
    T, order = along.T, (*along.others, *along.axes)
    last = op(ops.Permute(T, order))
    permuted = last.target[0]
    flat = along.without + along.terms
    back = tuple(order.index(axis) for axis in range(len(order)))
    return (
        last >> op(ops.Reshape(permuted, flat)),
        op(ops.Reshape(flat, permuted)) >> op(ops.Permute(permuted, back)),
    )


def reduce_sum(T: NdArrayType, axes: Axes) -> OpenHypergraph:
    """The sum along axes, which the result does not have."""
    return op(ReduceSum(T, axes_given(axes)))


def reduce_product(T: NdArrayType, axes: Axes) -> OpenHypergraph:
    """The product along axes, which the result does not have."""
    return op(ReduceProduct(T, axes_given(axes)))


def reduce_max(T: NdArrayType, axes: Axes) -> OpenHypergraph:
    """The greatest number along axes, which the result does not have."""
    return op(ReduceMax(T, axes_given(axes)))


def reduce_min(T: NdArrayType, axes: Axes) -> OpenHypergraph:
    """The least number along axes, which the result does not have."""
    return op(ReduceMin(T, axes_given(axes)))


def pairwise_max(T: NdArrayType) -> OpenHypergraph:
    """The greatest number along the last axis, taken pair after pair.

    Equal to `reduce_max`, also in reverse; much faster in NumPy where that axis is short.
    """
    n = ReduceMax(T, (-1,)).terms
    slices = NdArrayType(T.shape[:-1], T.dtype)
    f = op(NSplit(slices, n))
    for _ in range(n - 1):
        f = f >> (op(Maximum(slices)) @ identity(f.target[2:]))
    return f


def mean(T: NdArrayType, axes: Axes) -> OpenHypergraph:
    """The mean along axes, which the result does not have.

    >>> from catgrad.core.types import Dtype
    >>> str(mean(NdArrayType((8, 4), Dtype.float32), (0,)).target)
    '[float32[4]]'
    """
    total = ReduceSum(T, axes_given(axes))
    require(
        total.terms > 0,
        total,
        f"has nothing to take the mean of along axes {total.axes} of {T}",
        "reduce over at least one element",
    )
    return op(total) >> op(ScaleInverse(total.result(), total.terms))
