"""Matrix products in B."""

from __future__ import annotations

from catgrad.bidirectional.linear import Permute, Reshape, copy
from catgrad.bidirectional.optic import InCore, Lens
from catgrad.combinators import permutation
from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType, obj, op
from catgrad.hypergraph import OpenHypergraph


class MatrixMultiply(ops.MatrixMultiply, InCore, Lens):
    """``x @ y`` for each index of `N`."""

    def rev(self) -> OpenHypergraph:
        # x' = dy @ yᵀ  and  y' = xᵀ @ dy
        N, A, B, C = self.N, self.A, self.B, self.C
        n = len(N.shape)
        swapped = (*range(n), n + 1, n)
        transposed = op(Permute(self.left, swapped)) @ op(Permute(self.right, swapped))
        products = op(MatrixMultiply(N, A, C, B)) @ op(MatrixMultiply(N, B, A, C))
        return _crossed(transposed @ copy(obj(self.result))) >> products


class Compose(ops.Compose, InCore, Lens):
    """Contraction over the axes of `B`."""

    def rev(self) -> OpenHypergraph:
        # x' = dy @ yᵀ  and  y' = xᵀ @ dy, of plain matrices whatever the axes of A, B and C
        A, B, C = (NdArrayType((T.size,), T.dtype) for T in (self.A, self.B, self.C))
        flat = ops.Compose(A, B, C)
        flatten = [
            op(Reshape(T, matrix))
            for T, matrix in (
                (self.left, flat.left),
                (self.right, flat.right),
                (self.result, flat.result),
            )
        ]
        transposed = op(Permute(flat.left, (1, 0))) @ op(Permute(flat.right, (1, 0)))
        products = op(Compose(A, C, B)) @ op(Compose(B, A, C))
        return (
            OpenHypergraph.tensor_list(flatten)
            >> _crossed(transposed @ copy(obj(flat.result)))
            >> products
            >> (op(Reshape(flat.left, self.left)) @ op(Reshape(flat.right, self.right)))
        )


def _crossed(f: OpenHypergraph) -> OpenHypergraph:
    """`f` with the first and the third of its four outputs exchanged."""
    return f >> permutation(f.target, [2, 1, 0, 3])
