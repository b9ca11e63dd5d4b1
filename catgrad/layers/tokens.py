"""Layers from integers to arrays."""

from __future__ import annotations

from catgrad.bidirectional.operation import Gather
from catgrad.combinators import identity
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op, require_types
from catgrad.hypergraph import OpenHypergraph
from catgrad.layers.affine import bias
from catgrad.special.parameter import named_parameter


def embedding(A: NdArrayType, n: int, B: NdArrayType, name: str = "embedding") -> OpenHypergraph:
    """``A → A+B``: for each of the integers `A` its row of a learned table, of type ``n+B``.

    The integers, int32, lie in 0 to ``n - 1``.
    """
    require_types("layers.embedding", A=A, B=B)
    if n == 0 and A.size:
        raise TypeMismatch(
            f"layers.embedding has no row for any of the integers {A}, since its table has {n}; "
            f"give it as many rows as there are different integers."
        )
    table = named_parameter(name)(obj(n + B))
    return (table @ identity(obj(A))) >> op(Gather(n + B, A))


def positions(A: NdArrayType, T: NdArrayType, B: NdArrayType) -> OpenHypergraph:
    """``A+T+B → A+T+B``: add to each position `T` a learned array, shared by the batch `A`."""
    require_types("layers.positions", A=A, T=T, B=B)
    return bias(T + B, A, "positions")
