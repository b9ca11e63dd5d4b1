"""Non-linear functions as tables, with the error that this costs stated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from catgrad.combinators import identity
from catgrad.core.operation import Lookup, Overflow, Rounding, TableIndex
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.hypergraph import OpenHypergraph

MEASURED_POINTS = 1 << 16
"""Errors are measured on at most so many arguments, evenly spaced over the domain."""


@dataclass(frozen=True)
class Table:
    """A function of one number, tabulated.

    An argument is truncated to `index` and saturated there; the entry for a mantissa of `index`
    is the function at the *middle* of the interval of arguments that truncate to it.

    - `domain`: the format of the argument; `index`: of the truncated argument; `result`: of the
      entries.
    - `error`: the greatest absolute difference from the real function on the domain.
    """

    name: str
    domain: Fixed
    index: Fixed
    result: Fixed
    entries: tuple[int, ...]
    error: float

    def program(self, T: NdArrayType) -> OpenHypergraph:
        """The table as a core program on an array of format `domain`."""
        narrowed = identity(obj(T))
        if self.index != self.domain:
            narrowed = op(TableIndex(T, self.index, Rounding.TRUNCATE, Overflow.SATURATE))
        return narrowed >> op(
            Lookup(T.with_dtype(self.index), self.result, self.entries, self.name)
        )


@lru_cache(maxsize=256)
def tabulate(
    function: Callable[[float], float], name: str, domain: Fixed, result: Fixed, bits: int
) -> Table:
    """Tabulate a function of arguments of format `domain` in at most ``2**bits`` entries.

    Of the formats that the index may have, from the one that spans the whole domain coarsely to
    the finest, the one with the least error is taken.

    >>> import math
    >>> table = tabulate(lambda x: 1 / (1 + math.exp(-x)), "sigmoid", Fixed(16, 12),
    ...                  Fixed(16, 12), 8)
    >>> len(table.entries), table.error < 0.01
    (256, True)
    """
    arguments = _arguments(domain)
    values = np.array([function(m * domain.step) for m in arguments.tolist()])

    def with_index(index: Fixed) -> Table:
        entries = _entries(function, index, result, middle=0.0 if index == domain else 0.5)
        shift = domain.fraction - index.fraction
        clipped = np.clip(arguments >> shift, index.min, index.max)
        found = entries[clipped % len(entries)] * result.step
        error = float(np.abs(found - values).max())
        return Table(name, domain, index, result, tuple(entries.tolist()), error)

    if domain.width <= bits:
        return with_index(domain)
    coarsest = domain.fraction - (domain.width - bits)
    candidates = [Fixed(bits, f, domain.signed) for f in range(coarsest, domain.fraction + 1)]
    return min(map(with_index, candidates), key=lambda table: table.error)


def _arguments(domain: Fixed) -> NDArray[np.int64]:
    """Arguments to measure errors at: evenly spaced, and in a wide domain so on every scale."""
    count = min(MEASURED_POINTS, domain.max - domain.min + 1)
    scales = [np.linspace(domain.min, domain.max, count)]
    for k in range(2, domain.width - 16, 2):
        scales.append(np.linspace(domain.min >> k, domain.max >> k, MEASURED_POINTS >> 4))
    return np.unique(np.concatenate(scales).astype(np.int64))


def _entries(
    function: Callable[[float], float], index: Fixed, result: Fixed, middle: float
) -> NDArray[np.int64]:
    """The nearest numbers of format `result`, in the order in which `Lookup` counts."""
    count = 1 << index.width
    mantissas = (m if m <= index.max else m - count for m in range(count))
    reals = np.array([function((m + middle) * index.step) for m in mantissas])
    nearest = np.floor(reals * 2.0**result.fraction + 0.5)
    return np.clip(nearest, result.min, result.max).astype(np.int64)
