"""Weights and biases: layers that are linear, and layers made of them."""

from __future__ import annotations

from catgrad.bidirectional.block import block
from catgrad.bidirectional.operation import Broadcast, Compose, Reshape, add, copy, sigmoid
from catgrad.combinators import Canonical, applied, identity
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op, require_types
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.boundary import require_program
from catgrad.special.parameter import named_parameter


def flatten(X: NdArrayType, Y: NdArrayType) -> OpenHypergraph:
    """``X → Y``, the same numbers in another shape. Both are whole types, the batch included.

    >>> from catgrad.core.types import Dtype
    >>> images = NdArrayType((8, 4, 4, 1), Dtype.float32)  # 8 images of 4 by 4 numbers
    >>> print(flatten(images, NdArrayType((8, 16), Dtype.float32)).target)
    [float32[8, 16]]
    """
    require_types("layers.flatten", X=X, Y=Y)
    return op(Reshape(X, Y))


def linear(A: NdArrayType, B: NdArrayType, C: NdArrayType, name: str = "weights") -> OpenHypergraph:
    """``A+B → A+C``: each input of the batch times one matrix of weights, of type ``B+C``."""
    require_types("layers.linear", A=A, B=B, C=C)
    if not A.dtype == B.dtype == C.dtype:
        raise TypeMismatch(
            f"layers.linear needs one dtype for batch, input and output, not {A.dtype}, "
            f"{B.dtype} and {C.dtype}; give all three types the same dtype."
        )
    weights = named_parameter(name)(obj(B + C))
    return (identity(obj(A + B)) @ weights) >> op(Compose(A, B, C))


def bias(T: NdArrayType, batch: NdArrayType | None = None, name: str = "bias") -> OpenHypergraph:
    """Add a learned array of type `T`, shared by every index of `batch` where one is given."""
    require_types("layers.bias", T=T, **({} if batch is None else {"batch": batch}))
    learned = named_parameter(name)(obj(T))
    if batch is None:
        return (learned @ identity(obj(T))) >> add(obj(T))
    shared = learned >> op(Broadcast(T, batch))
    return (shared @ identity(obj(batch + T))) >> add(obj(batch + T))


def dense(
    A: NdArrayType, B: NdArrayType, C: NdArrayType, activation: Canonical = sigmoid
) -> OpenHypergraph:
    """``A+B → A+C``: a linear layer, a bias of type `C`, an activation, `sigmoid` unless told
    otherwise (`identity` for none).
    """
    require_types("layers.dense", A=A, B=B, C=C)
    activated = applied("activation", "layers.relu", activation, obj(A + C))
    return block("dense", linear(A, B, C) >> bias(C, batch=A) >> activated)


def residual(f: OpenHypergraph) -> OpenHypergraph:
    """``x + f(x)`` (He et al., "Deep residual learning for image recognition", arXiv 1512.03385).

    `f` gives what it takes: ``A → A``.
    """
    require_program("What layers.residual adds", f)
    A = f.source
    return copy(A) >> (identity(A) @ f) >> add(A)
