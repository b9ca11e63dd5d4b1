"""Open hypergraphs as arrays: programs, composition, functors, optics and order.

A program is an ``OpenHypergraph``: wires and operations with integer arrays for all that connects
them, and labels for what wires carry and operations do. Nothing here knows what a label means.
After Wilson and Zanasi, "Data-parallel algorithms for string diagrams", arXiv 2305.01041.
"""

from catgrad.hypergraph.errors import ArrowTypeError, CycleError, WireError
from catgrad.hypergraph.finite_function import FiniteFunction
from catgrad.hypergraph.functor import Functor
from catgrad.hypergraph.hypergraph import Hypergraph
from catgrad.hypergraph.isomorphism import isomorphic
from catgrad.hypergraph.labels import Labels
from catgrad.hypergraph.layering import ancestors, drivers, layering, order
from catgrad.hypergraph.open_hypergraph import OpenHypergraph
from catgrad.hypergraph.optic import Optic
from catgrad.hypergraph.segmented import SegmentedArray

__all__ = [
    "ArrowTypeError",
    "CycleError",
    "FiniteFunction",
    "Functor",
    "Hypergraph",
    "Labels",
    "OpenHypergraph",
    "Optic",
    "SegmentedArray",
    "WireError",
    "ancestors",
    "drivers",
    "isomorphic",
    "layering",
    "order",
]
