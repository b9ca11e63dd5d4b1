"""What users compose: layers, losses and learning rules.

A layer takes a batch of arrays, of type ``A+B``, to a batch of arrays, of type ``A+C``: `A` is the
batch, `B` one input and `C` one output.
"""

from __future__ import annotations

from catgrad.bidirectional.operation import (
    Broadcast,
    Compose,
    Reshape,
    add,
    mse,
    relu,
    sgd,
    sigmoid,
)
from catgrad.combinators import Canonical, identity
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.parameter import named_parameter, parameter

__all__ = [
    "bias",
    "dense",
    "flatten",
    "linear",
    "mse",
    "parameter",
    "relu",
    "sgd",
    "sigmoid",
]


def flatten(X: NdArrayType, Y: NdArrayType) -> OpenHypergraph:
    """``X → Y``, the same numbers in another shape."""
    return op(Reshape(X, Y))


def linear(A: NdArrayType, B: NdArrayType, C: NdArrayType) -> OpenHypergraph:
    """``A+B → A+C``: each input of the batch times one matrix of weights, of type ``B+C``."""
    if not A.dtype == B.dtype == C.dtype:
        raise TypeMismatch(
            f"layers.linear needs one dtype for batch, input and output, not {A.dtype}, "
            f"{B.dtype} and {C.dtype}; give all three types the same dtype."
        )
    weights = named_parameter("weights")(obj(B + C))
    return (identity(obj(A + B)) @ weights) >> op(Compose(A, B, C))


def bias(T: NdArrayType, batch: NdArrayType | None = None) -> OpenHypergraph:
    """Add a learned array of type `T`, shared by every index of `batch` where one is given."""
    learned = named_parameter("bias")(obj(T))
    if batch is None:
        return (learned @ identity(obj(T))) >> add(obj(T))
    shared = learned >> op(Broadcast(T, batch))
    return (shared @ identity(obj(batch + T))) >> add(obj(batch + T))


def dense(
    A: NdArrayType, B: NdArrayType, C: NdArrayType, activation: Canonical = sigmoid
) -> OpenHypergraph:
    """``A+B → A+C``: a linear layer, a bias of type `C`, an activation."""
    return linear(A, B, C) >> bias(C, batch=A) >> activation(obj(A + C))
