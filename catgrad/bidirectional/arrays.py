"""Arrays whose numbers are written in a program."""

from __future__ import annotations

from catgrad.bidirectional.linear import Array, Constant
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, op
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph


def constant_array(T: NdArrayType, numbers: Scalar | tuple[Scalar, ...]) -> OpenHypergraph:
    """``I → T``, one number throughout, or one for each place, row by row."""
    if not isinstance(numbers, tuple):
        return op(Constant(T, numbers))
    if len(numbers) != T.size:
        raise CatgradError(
            f"An array of type {T} holds {T.size} numbers, not {len(numbers)}; give one for each."
        )
    if len(set(numbers)) <= 1:
        return op(Constant(T, numbers[0] if numbers else 0))
    return op(Array(T, numbers))
