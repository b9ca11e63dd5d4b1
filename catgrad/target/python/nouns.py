"""What the results of operations are called where nothing better is known, and kinds of these."""

from __future__ import annotations

from catgrad.core import operation as ops
from catgrad.special.definition import Definition

NOUNS = {
    "Abs": "magnitude",
    "Add": "total",
    "ArgMax": "index",
    "Broadcast": "spread",
    "Compose": "weighted",
    "Concatenate": "joined",
    "Constant": "constant",
    "Convert": "converted",
    "Cos": "cosine",
    "Divide": "ratio",
    "Eq": "equal",
    "Exp": "exponential",
    "Fold": "folded",
    "Gather": "rows",
    "Ge": "at_least",
    "Gt": "greater",
    "Invert": "inverse",
    "Array": "numbers",
    "Iota": "positions",
    "Le": "at_most",
    "Log": "logarithm",
    "Lt": "less",
    "Mask": "masked",
    "MatrixMultiply": "product",
    "Maximum": "larger",
    "Minimum": "smaller",
    "Multiply": "product",
    "NAdd": "total",
    "NConcatenate": "stacked",
    "NCopy": "spread",
    "NMax": "greatest",
    "NSplit": "part",
    "Ne": "unequal",
    "Negate": "negative",
    "OneHot": "one_hot",
    "Pad": "padded",
    "Permute": "permuted",
    "Power": "power",
    "Reciprocal": "reciprocal",
    "ReciprocalSqrt": "inverse_root",
    "ReduceMax": "greatest",
    "ReduceMin": "least",
    "ReduceProduct": "product",
    "ReduceSum": "total",
    "Repeat": "spread",
    "Requantise": "requantised",
    "Reshape": "reshaped",
    "ScatterAdd": "table",
    "Select": "selected",
    "Sign": "sign",
    "Sin": "sine",
    "Slice": "part",
    "Sqrt": "root",
    "Subtract": "difference",
    "Sum": "total",
    "Tanh": "activated",
    "Window": "windows",
}
"""What the result of each operation is called where nothing better is known."""


def noun_of(operation: object) -> str:
    """What the result of an operation is called, by its kind or the nearest kind above."""
    kinds = (kind.__name__ for kind in type(operation).__mro__)
    return next((NOUNS[kind] for kind in kinds if kind in NOUNS), "value")


Shaping = ops.Broadcast | ops.NCopy | ops.Permute | ops.Reshape
Relaying = ops.Requantise | ops.InRange | Shaping
Contraction = ops.Compose | ops.MatrixMultiply
Adding = ops.Sum | ops.Add
Activating = ops.Gt | ops.InRange | Definition
