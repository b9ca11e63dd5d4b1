"""The arrows of C that read and write where other numbers say: rows of a table by their index.

An index is an int32, or, beside `Fixed` arrays, a `Fixed` number of fraction 0. It must lie from 0
to one less than the number of rows: what happens to others is not defined.
"""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.core.reductions import axes_total
from catgrad.core.types import Dtype, Fixed, NdArrayType, obj, require
from catgrad.hypergraph import Labels


def require_indices(operation: object, index: NdArrayType, beside: object) -> None:
    """Refuse numbers that are no indices into an array of a dtype."""
    if isinstance(beside, Fixed):
        require(
            isinstance(index.dtype, Fixed) and index.dtype.fraction == 0,
            operation,
            f"needs indices of a Fixed dtype of fraction 0 beside {beside}, not {index}",
            "use Fixed(width, 0, signed=False)",
        )
    else:
        require(
            index.dtype is Dtype.int32,
            operation,
            f"needs indices of dtype int32, not {index}",
            "convert them",
        )


@dataclass(frozen=True)
class _Rows:
    """A table of the type `T` of rows, along its first axis, and indices of type `index`."""

    T: NdArrayType
    index: NdArrayType

    def __post_init__(self) -> None:
        require(
            len(self.T.shape) > 0,
            self,
            f"needs a table with a first axis, not {self.T}",
            "reshape it to (1,)",
        )
        require_indices(self, self.index, self.T.dtype)

    @property
    def rows(self) -> NdArrayType:
        """One row for each index."""
        return NdArrayType(self.index.shape + self.T.shape[1:], self.T.dtype)


class Gather(_Rows):
    """``T ● I → rows``: the row of the table at each index.

    >>> T, I = NdArrayType((65, 8), Dtype.float32), NdArrayType((2, 3), Dtype.int32)
    >>> str(Gather(T, I).rows)
    'float32[2, 3, 8]'
    """

    def source(self) -> Labels:
        return obj(self.T, self.index)

    def target(self) -> Labels:
        return obj(self.rows)


class ScatterAdd(_Rows):
    """``I ● rows → T``: each row is added to the row of a table of zeros that its index names.

    For `Fixed` `T` the result has the exact format of the sum of all rows.
    """

    def source(self) -> Labels:
        return obj(self.index, self.rows)

    def target(self) -> Labels:
        return obj(axes_total(self.T, self.index.size))


@dataclass(frozen=True)
class OneHot:
    """``I → I+n``: along a new last axis of extent `n`, 1 at each index and 0 elsewhere.

    A `Fixed` `dtype` goes with `Fixed` indices.

    >>> str(OneHot(NdArrayType((2,), Dtype.int32), 10, Dtype.float32).result())
    'float32[2, 10]'
    """

    index: NdArrayType
    n: int
    dtype: Dtype | Fixed

    def __post_init__(self) -> None:
        require(
            isinstance(self.n, int) and self.n >= 0,
            self,
            f"cannot have {self.n!r} places",
            "give an integer of at least 0",
        )
        require_indices(self, self.index, self.dtype)
        if isinstance(self.dtype, Fixed):
            require(
                self.dtype.fraction >= 0 and self.dtype.holds(0, 1 << self.dtype.fraction),
                self,
                f"cannot hold 1 in {self.dtype}",
                "use a format such as UQ(1,0)",
            )

    def result(self) -> NdArrayType:
        """The type of the result."""
        return NdArrayType((*self.index.shape, self.n), self.dtype)

    def source(self) -> Labels:
        return obj(self.index)

    def target(self) -> Labels:
        return obj(self.result())
