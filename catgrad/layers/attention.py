"""Causal multi-head attention.

(Vaswani et al., "Attention is all you need", arXiv 1706.03762, section 3.2.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import block
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.core.types import NdArrayType, TypeMismatch, obj, require_types
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers.affine import bias, linear
from catgrad.layers.along import spread, sum_last
from catgrad.layers.smooth import Softmax, Written
from catgrad.layers.split import Split

MASKED = -1e9
"""What is added to the score of a position that is still to come: its weight becomes 0."""


def causal_attention(
    A: NdArrayType, T: NdArrayType, D: NdArrayType, heads: int, biased: bool = False
) -> OpenHypergraph:
    """``A+T+D → A+T+D``: each of the positions `T` attends to itself and those before it.

    `A` is the batch, `D` (one axis) the width, shared by the `heads`. Parameters:
    `query_key_value`, of type ``D+3D``, and `output`, of type ``D+D``; with `biased` a bias after
    each.
    """
    require_types("layers.causal_attention", A=A, T=T, D=D)
    if len(T.shape) != 1 or len(D.shape) != 1 or heads < 1 or not D.size or D.shape[0] % heads:
        raise TypeMismatch(
            f"layers.causal_attention needs one axis of positions and one of a width that "
            f"{heads} heads can share, not {T} and {D}; choose a multiple of the heads."
        )
    width = NdArrayType((3 * D.shape[0],), D.dtype)
    f = linear(A + T, D, width, "query_key_value")
    f = f >> bias(width, A + T, "query_key_value_bias") if biased else f
    f = f >> _attend(A, T, D, heads) >> linear(A + T, D, D, "output")
    f = f >> bias(D, A + T, "output_bias") if biased else f
    return block("causal_attention", f, ["x"], ["attended"])


def _attend(A: NdArrayType, T: NdArrayType, D: NdArrayType, heads: int) -> OpenHypergraph:
    """``A+T+3D → A+T+D``: from queries, keys and values to weighted means of the values."""
    a, d = len(A.shape), NdArrayType((D.shape[0] // heads,), D.dtype)
    H = NdArrayType((heads,), D.dtype)
    # From A+T+H+d to A+H+T+d, and back.
    swapped = (*range(a), a + 1, a, a + 2)

    def body(x: Wire) -> Wire:
        x = call(B.Reshape(x.T, A + T + 3 * heads + d), x)
        parts = calls(Split(B.Concatenate((A + T + H + d,) * 3, a + 1)), x)
        q, k, v = (call(B.Permute(part.T, swapped), part) for part in parts)
        y = call(CausalMeans(A + H, T, d), q * (1 / math.sqrt(d.size)), k, v)
        return call(B.Reshape(A + T + H + d, A + T + D), call(B.Permute(y.T, swapped), y))

    return program(obj(A + T + 3 * D.shape[0]), body)


@dataclass(frozen=True)
class CausalMeans(Written):
    """``N+T+D ● N+T+D ● N+T+D → N+T+D``, from queries, keys and values.

    Result t is the mean of the values up to t, with weights ``softmax(key · query)``. Weights lie
    as ``N+key+query``, since NumPy is faster along an axis that is not the last.
    """

    N: NdArrayType
    T: NdArrayType
    D: NdArrayType

    @property
    def weights(self) -> NdArrayType:
        """The type of the weights."""
        return self.N + self.T + self.T

    def source(self) -> Labels:
        return obj(*(self.N + self.T + self.D,) * 3)

    def target(self) -> Labels:
        return obj(self.N + self.T + self.D)

    def forward(self, *inputs: Wire) -> tuple[Wire, ...]:
        q, k, v = inputs
        scores = call(B.MatrixMultiply(self.N, self.T, self.D, self.T), k, self._turned(q))
        scores = scores + spread(_mask(q, self.T), self.weights)
        p = call(Softmax(self.weights, -2), scores)
        y = call(B.MatrixMultiply(self.N, self.T, self.T, self.D), self._turned(p), v)
        return y, q, k, v, p, y

    def reverse(self, *wires: Wire) -> tuple[Wire, ...]:
        q, k, v, p, y, dy = wires
        to_weights = B.MatrixMultiply(self.N, self.T, self.D, self.T)
        to_values = B.MatrixMultiply(self.N, self.T, self.T, self.D)
        dp = call(to_weights, v, self._turned(dy))
        # What Softmax takes off, the sum of p dp over keys, is that of y dy over D, which is
        # shorter (Dao et al., "FlashAttention", arXiv 2205.14135, appendix B.2).
        off = call(B.Repeat(self.weights, (-2,)), sum_last(y * dy))
        ds = p * (dp - off)
        return call(to_values, self._turned(ds), k), call(to_values, ds, q), call(to_values, p, dy)

    def _turned(self, x: Wire) -> Wire:
        """The last two axes exchanged."""
        n = len(self.N.shape)
        return call(B.Permute(x.T, (*range(n), n + 1, n)), x)


def _mask(beside: Wire, T: NdArrayType) -> Wire:
    """``key+query``: `MASKED` where the key comes after the query, 0 elsewhere."""
    keys, queries = (beside.draft.apply(B.Iota(T + T, axis))[0] for axis in (0, 1))
    return (keys > queries) * MASKED
