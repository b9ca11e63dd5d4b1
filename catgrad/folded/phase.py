"""Phases: what a folded engine does one after another, before it is settled how.

A program of kernels becomes a list of phases. Each is one product or one reduction, for which the
engine has lanes, and all the scalar arithmetic that rides along with its results.

    for kept indices:
        total = 0
        for reduced indices:
            total += factor[...] * factor[...]
        outputs = body(total, operand[...], ...)
        store some of the outputs, add others to the counters

All integers are mantissas, and all arithmetic on them is exact; where a number is rounded, the body
says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.core.types import Fixed
from catgrad.hypergraph import OpenHypergraph

Kind = Literal["state", "memory", "x", "y", "prediction", "temporary"]
Reduction = Literal["sum", "max", "min"]


@dataclass(frozen=True)
class Array:
    """An array that lives in the memories of the engine, row by row from position 0.

    - ``kind``: a ``"state"`` array keeps its numbers from sample to sample, and is updated in
      place where the engine learns; a ``"memory"`` likewise, with every sample; ``"x"``, ``"y"``
      come with each sample, ``"prediction"`` leaves with it and is only stored to; a
      ``"temporary"`` is computed and read within one sample
    - ``number``: which of the arrays of its kind, in the order of the program's interface
    - ``padded``: a temporary some of whose positions are never stored to, and read as the 0 that
      they are at reset; no other array may lie in the same memory at another time
    """

    name: str
    format: Fixed
    size: int
    kind: Kind = "temporary"
    number: int = 0
    padded: bool = False


@dataclass(frozen=True)
class Place:
    """Where in an array each point of some loops finds its number: flat, affine.

    ``offset + strides[0] * i + strides[1] * j + ...``, one stride for each loop, outermost first.
    """

    array: int
    offset: int
    strides: tuple[int, ...]

    def positions(self, extents: tuple[int, ...]) -> IntArray:
        """int64[extents], the position at each point of loops of these extents."""
        axes = np.ogrid[tuple(slice(0, n) for n in extents)]
        steps = (stride * axis for stride, axis in zip(self.strides, axes, strict=True))
        return np.broadcast_to(sum(steps, np.int64(self.offset)), extents)


@dataclass(frozen=True)
class Store:
    """An output of the body goes into an array, at a place over the kept loops.

    `learning`: only when the engine learns from the sample.
    """

    output: int
    place: Place
    learning: bool


@dataclass(frozen=True)
class Event:
    """An output of the body, not negative, is added to a counter.

    `learning`: to that of learning, when the engine learns from the sample; else to that of the
    forward pass.
    """

    output: int
    learning: bool


@dataclass(frozen=True)
class Phase:
    """One product or reduction, and what is done with its results.

    - ``kept``, ``reduced``: the extents of the loops; one result for each point of `kept`
    - ``factors``: places over the kept and the reduced loops. Two are multiplied; one stands for
      itself; with none there is no reduction, and the body starts from its operands
    - ``reduction``: of the products over the reduced loops; None where there are no reduced loops
    - ``total``: the exact format of what the reduction gives; None without factors
    - ``operands``: places over the kept loops, what the body reads besides
    - ``body``: a program of core operations on single numbers: the total, if there are factors, and
      then the operands → outputs. It multiplies only by constants and by single bits.
    """

    name: str
    kept: tuple[int, ...]
    reduced: tuple[int, ...]
    factors: tuple[Place, ...]
    reduction: Reduction | None
    total: Fixed | None
    operands: tuple[Place, ...]
    body: OpenHypergraph
    stores: tuple[Store, ...]
    events: tuple[Event, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """All that the phase goes to: factors, operands, and those of its stores."""
        return (*self.factors, *self.operands, *(store.place for store in self.stores))

    @property
    def learning(self) -> bool:
        """Whether the phase is left out when the engine only predicts."""
        effects: tuple[Store | Event, ...] = (*self.stores, *self.events)
        return all(effect.learning for effect in effects)


@dataclass(frozen=True)
class Phases:
    """A whole step: the phases in an order in which they may run one after another.

    A state array is read before it is overwritten: where an old number is still to be read after
    its place is stored to, the program goes through a temporary. Phases that are not `learning`
    come first, ``forward`` of them.
    """

    arrays: tuple[Array, ...]
    phases: tuple[Phase, ...]

    @property
    def forward(self) -> int:
        """How many phases run when the engine only predicts."""
        return sum(not phase.learning for phase in self.phases)

    @property
    def multiplications(self) -> int:
        """How many products of two numbers one step takes."""
        return sum(prod((*p.kept, *p.reduced)) for p in self.phases if len(p.factors) == 2)
