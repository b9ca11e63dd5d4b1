"""Weights and biases: layers that are linear, and layers made of them."""

from __future__ import annotations

from catgrad.bidirectional.block import block
from catgrad.bidirectional.operation import Broadcast, Compose, Reshape, add, copy, sigmoid
from catgrad.combinators import Canonical, identity
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.parameter import named_parameter


def flatten(X: NdArrayType, Y: NdArrayType) -> OpenHypergraph:
    """``X → Y``, the same numbers in another shape."""
    return op(Reshape(X, Y))


def linear(A: NdArrayType, B: NdArrayType, C: NdArrayType, name: str = "weights") -> OpenHypergraph:
    """``A+B → A+C``: each input of the batch times one matrix of weights, of type ``B+C``."""
    if not A.dtype == B.dtype == C.dtype:
        raise TypeMismatch(
            f"layers.linear needs one dtype for batch, input and output, not {A.dtype}, "
            f"{B.dtype} and {C.dtype}; give all three types the same dtype."
        )
    weights = named_parameter(name)(obj(B + C))
    return (identity(obj(A + B)) @ weights) >> op(Compose(A, B, C))


def bias(T: NdArrayType, batch: NdArrayType | None = None, name: str = "bias") -> OpenHypergraph:
    """Add a learned array of type `T`, shared by every index of `batch` where one is given."""
    learned = named_parameter(name)(obj(T))
    if batch is None:
        return (learned @ identity(obj(T))) >> add(obj(T))
    shared = learned >> op(Broadcast(T, batch))
    return (shared @ identity(obj(batch + T))) >> add(obj(batch + T))


def dense(
    A: NdArrayType, B: NdArrayType, C: NdArrayType, activation: Canonical = sigmoid
) -> OpenHypergraph:
    """``A+B → A+C``: a linear layer, a bias of type `C`, an activation."""
    return block("dense", linear(A, B, C) >> bias(C, batch=A) >> activation(obj(A + C)))


def residual(f: OpenHypergraph) -> OpenHypergraph:
    """``x + f(x)`` (He et al., "Deep residual learning for image recognition", arXiv 1512.03385).

    `f` gives what it takes: ``A → A``.
    """
    A = f.source
    return copy(A) >> (identity(A) @ f) >> add(A)
