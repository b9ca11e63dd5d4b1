"""Types and single operations, under the name that they had in catgrad 0.2.2."""

from catgrad.core.types import Dtype, NdArrayType, Operation, Shape, obj, op
from catgrad.hypergraph import Labels, OpenHypergraph

__all__ = ["Dtype", "NdArrayType", "Shape", "Typed", "obj", "op", "singleton"]

Typed = Operation


def singleton(operation: Operation, A: Labels, B: Labels) -> OpenHypergraph:
    """``A → B``, the one operation; `op` finds `A` and `B` for itself."""
    return OpenHypergraph.singleton(operation, A, B)
