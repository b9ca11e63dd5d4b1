"""Loops of phases: which can be dropped, merged, split, and taken in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.folded.phase import Phase


@dataclass(frozen=True)
class Loop:
    """A loop, and how far each place of the phase moves with it.

    There is a stride for each of `Phase.places`.
    """

    extent: int
    strides: tuple[int, ...]

    def split(self, inner: int) -> tuple[Loop, Loop]:
        """Two loops for this one, the inner one of the given extent."""
        outer = Loop(self.extent // inner, tuple(s * inner for s in self.strides))
        return outer, Loop(inner, self.strides)


@dataclass(frozen=True)
class Nest:
    """The loops of a phase, outermost first."""

    kept: tuple[Loop, ...]
    reduced: tuple[Loop, ...]

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The kept ones, then the reduced ones."""
        return (*self.kept, *self.reduced)

    def split(self, index: int, inner: int) -> Nest:
        """Loop `index` as two, the inner one of the given extent."""
        loops, kept = list(self.loops), len(self.kept)
        loops[index : index + 1] = loops[index].split(inner)
        kept += index < kept
        return Nest(tuple(loops[:kept]), tuple(loops[kept:]))


def nest(phase: Phase) -> Nest:
    """The loops of a phase as it gives them, without those of one iteration."""
    kept = len(phase.kept)
    extents = (*phase.kept, *phase.reduced)
    strides = [(*p.strides, *(0,) * (len(extents) - len(p.strides))) for p in phase.places]
    loops = [Loop(n, tuple(s[i] for s in strides)) for i, n in enumerate(extents)]
    return Nest(
        tuple(loop for loop in loops[:kept] if loop.extent != 1),
        tuple(loop for loop in loops[kept:] if loop.extent != 1),
    )


def merged(nest: Nest) -> Nest:
    """Neighbouring loops are one where no place can tell."""
    return Nest(merge(nest.kept), merge(nest.reduced))


def merge(loops: Sequence[Loop]) -> tuple[Loop, ...]:
    """Loops with each one that goes on where its inner neighbour ends made one with it."""
    result: list[Loop] = []
    for loop in loops:
        if result and result[-1].strides == tuple(s * loop.extent for s in loop.strides):
            result[-1] = Loop(result[-1].extent * loop.extent, loop.strides)
        else:
            result.append(loop)
    return tuple(result)


def cuts(nest: Nest, place: int, stride: int, extent: int) -> Iterator[Nest]:
    """The nests in which a loop of its own runs over numbers of a place that are `stride` apart.

    A loop is split where it runs over whole axes of `extent` such numbers, and more.
    """
    for index, loop in enumerate(nest.loops):
        step = loop.strides[place]
        if step <= 0 or stride % step or loop.extent % (inner := stride // step * extent):
            continue
        outer = nest.split(index, inner) if loop.extent > inner else nest
        index += loop.extent > inner
        yield outer.split(index, stride // step) if stride > step else outer


def orders(nest: Nest, most: int) -> list[Nest]:
    """The nest with its kept and its reduced loops in any order, `most` of them at most."""
    pairs = product(permutations(nest.kept), permutations(nest.reduced))
    return [Nest(kept, reduced) for (kept, reduced), _ in zip(pairs, range(most), strict=False)]


def grid(offset: int, axes: Sequence[tuple[int, int]]) -> IntArray:
    """``offset + stride * i + ...`` for all points of some axes of an extent and a stride each."""
    result = np.full((1,) * len(axes), offset, dtype=np.int64)
    for axis, (extent, stride) in enumerate(axes):
        steps = stride * np.arange(extent, dtype=np.int64)
        result = result + steps.reshape((extent, *(1,) * (len(axes) - axis - 1)))
    return result
