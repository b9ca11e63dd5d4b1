"""The arrows of K: kernels, which are loop nests over flat memories.

Every array is a flat memory in row-major order. A kernel says which positions of its sources are
read, what is computed from them, and where the results go; it does not say in which order, so it
may become a million parallel cells or a small loop.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from catgrad.core.operation import axes_total
from catgrad.core.types import NdArrayType, obj
from catgrad.errors import CatgradError
from catgrad.hypergraph import (
    CycleError,
    Labels,
    OpenHypergraph,
    WireError,
    drivers,
    layering,
)

IntArray = NDArray[np.int64]
Reduction = Literal["sum", "max"]


class KernelError(CatgradError):
    """A kernel reads or writes where it must not, or its body has the wrong type."""


def scalar(dtype: Hashable) -> NdArrayType:
    """The type of a single number."""
    return NdArrayType((), dtype)


@dataclass(frozen=True)
class Access:
    """Where in a memory each point of an index space finds its number.

    Picture ``memory[offset + strides[0] * i + strides[1] * j + ...]`` in a loop over ``i, j, ...``.

    - ``array``: which source (of a read) or target (of a write) of the kernel
    - ``offset``: the flat position at index 0
    - ``strides``: one for each axis of the index space; 0 where the position does not depend on it

    >>> Access(0, 1, (3, 0)).positions((2, 2))
    array([[1, 1],
           [4, 4]])
    """

    array: int
    offset: int
    strides: tuple[int, ...]

    def positions(self, extents: tuple[int, ...]) -> IntArray:
        """int64[extents], the flat position at each point of the index space."""
        axes = np.ogrid[tuple(slice(0, n) for n in extents)]
        steps = (stride * axis for stride, axis in zip(self.strides, axes, strict=True))
        return np.broadcast_to(sum(steps, np.int64(self.offset)), extents)

    def bounds(self, extents: tuple[int, ...]) -> tuple[int, int]:
        """The least and the greatest position over an index space that is not empty."""
        ends = [stride * (n - 1) for stride, n in zip(self.strides, extents, strict=True)]
        low = self.offset + sum(min(0, end) for end in ends)
        return low, self.offset + sum(max(0, end) for end in ends)


@dataclass(frozen=True)
class Nest:
    """One loop nest: at each point read some numbers, compute one, and write or accumulate it.

        for i0 in range(extents[0]):
            for i1 in range(extents[1]):          # reduced == 1: along this axis, accumulate
                memory[write] (+)= body(memory[reads[0]], memory[reads[1]], ...)

    - ``extents``: the index space
    - ``reads``: where the operands of the body come from, in order
    - ``write``: where the result goes; stride 0 along the reduced axes
    - ``body``: a program of core operations on single numbers, one input for each read, one output
    - ``reduction``: what becomes of the results along the last ``reduced`` axes: their exact
      ``"sum"``, their ``"max"``, or, if there are no such axes, ``None``
    """

    extents: tuple[int, ...]
    reads: tuple[Access, ...]
    write: Access
    body: OpenHypergraph
    reduction: Reduction | None = None
    reduced: int = 0

    @property
    def kept(self) -> tuple[int, ...]:
        """The extents of the axes that are not reduced: one result for each of these points."""
        return self.extents[: len(self.extents) - self.reduced]

    @property
    def results(self) -> int:
        """How many numbers this nest writes."""
        return math.prod(self.kept)

    @property
    def terms(self) -> int:
        """How many points contribute to each result."""
        return math.prod(self.extents[len(self.kept) :])

    @property
    def term(self) -> NdArrayType:
        """The type of what the body computes."""
        [label] = self.body.target
        assert isinstance(label, NdArrayType)
        return label

    @property
    def result(self) -> NdArrayType:
        """The type of what is written: of one term, or of the exact sum of all."""
        return axes_total(self.term, self.terms) if self.reduction == "sum" else self.term

    def writes(self) -> IntArray:
        """int64[results], the flat position at which each result goes."""
        along = Access(self.write.array, self.write.offset, self.write.strides[: len(self.kept)])
        return along.positions(self.kept).reshape(-1)


@dataclass(frozen=True)
class Kernel:
    """Loop nests that together write every element of every target exactly once.

    - ``name``: what error messages and reports call it
    - ``sources``, ``targets``: the arrays that it reads and writes
    - ``nests``: independent of each other, in any order
    """

    name: str
    sources: tuple[NdArrayType, ...]
    targets: tuple[NdArrayType, ...]
    nests: tuple[Nest, ...]

    def source(self) -> Labels:
        return obj(*self.sources)

    def target(self) -> Labels:
        return obj(*self.targets)

    def __str__(self) -> str:
        return self.name

    def verify(self) -> None:
        """Prove that every read is in bounds, every write happens once, and the bodies fit.

        Reads are proved by interval arithmetic, writes by counting.

        Raises ``KernelError`` on the first fault, with the nest and the array it is in.
        """
        for place, nest in enumerate(self.nests):
            self._verify_form(place, nest)
            for read in nest.reads:
                self._verify_bounds(place, nest, read, "reads", self.sources)
            self._verify_bounds(place, nest, nest.write, "writes", self.targets)
            self._verify_types(place, nest)
        for number, target in enumerate(self.targets):
            self._verify_writes(number, target)

    def _verify_form(self, place: int, nest: Nest) -> None:
        axes = len(nest.extents)
        for access in (*nest.reads, nest.write):
            if len(access.strides) != axes:
                raise KernelError(
                    f"Kernel '{self.name}' has {len(access.strides)} strides {access.strides} in "
                    f"nest {place} over {axes} axes {nest.extents}; give one stride for each axis."
                )
        if not 0 <= nest.reduced <= axes or (nest.reduction is None and nest.reduced):
            raise KernelError(
                f"Kernel '{self.name}' reduces {nest.reduced} of {axes} axes by {nest.reduction} "
                f"in nest {place}; reduce at most all axes, by 'sum' or 'max', or none."
            )
        if any(nest.write.strides[len(nest.kept) :]):
            raise KernelError(
                f"Kernel '{self.name}' writes with strides {nest.write.strides} in nest {place}, "
                f"whose last {nest.reduced} axes are reduced; give those stride 0."
            )
        if nest.reduction == "max" and nest.results and not nest.terms:
            raise KernelError(
                f"Kernel '{self.name}' takes the greatest of 0 numbers in nest {place} over "
                f"{nest.extents}; reduce over at least one point."
            )

    def _verify_bounds(
        self, place: int, nest: Nest, access: Access, verb: str, arrays: tuple[NdArrayType, ...]
    ) -> None:
        kind = "source" if verb == "reads" else "target"
        if not 0 <= access.array < len(arrays):
            raise KernelError(
                f"Kernel '{self.name}' {verb} {kind} {access.array} in nest {place}, but it has "
                f"{len(arrays)}; number them from 0."
            )
        # Without points nothing is read; a sum of nothing is still written.
        if 0 in (nest.extents if verb == "reads" else nest.kept):
            return
        array = arrays[access.array]
        low, high = access.bounds(nest.extents)
        if low < 0 or high >= array.size:
            raise KernelError(
                f"Kernel '{self.name}' {verb} {kind} {access.array} in nest {place} at position "
                f"{low if low < 0 else high} of an array of {array.size} elements, {array}; keep "
                f"offset + strides * index from 0 to {array.size - 1}."
            )

    def _verify_types(self, place: int, nest: Nest) -> None:
        operands = obj(*(scalar(self.sources[read.array].dtype) for read in nest.reads))
        if nest.body.source != operands:
            raise KernelError(
                f"Kernel '{self.name}' reads {operands} in nest {place}, but its body takes "
                f"{nest.body.source}; give the body one input for each read, of the same type."
            )
        try:
            drivers(nest.body)
            layering(nest.body)
        except (WireError, CycleError) as error:
            raise KernelError(
                f"Kernel '{self.name}' cannot run its body in nest {place}. {error}"
            ) from error
        if len(nest.body.target) != 1:
            raise KernelError(
                f"Kernel '{self.name}' has a body in nest {place} with {len(nest.body.target)} "
                f"outputs; compute one number."
            )
        written = scalar(self.targets[nest.write.array].dtype)
        if nest.result != written:
            raise KernelError(
                f"Kernel '{self.name}' computes {nest.result} in nest {place}, but writes it to "
                f"target {nest.write.array} of {written}; make the two types equal."
            )

    def _verify_writes(self, number: int, target: NdArrayType) -> None:
        writes = [nest.writes() for nest in self.nests if nest.write.array == number]
        times = np.bincount(np.concatenate([*writes, np.empty(0, np.int64)]), minlength=target.size)
        wrong = np.flatnonzero(times != 1)
        if wrong.size:
            position = int(wrong[0])
            raise KernelError(
                f"Kernel '{self.name}' writes position {position} of target {number}, {target}, "
                f"{times[position]} times; write every position exactly once."
            )


def verified(label: object) -> Kernel:
    """The label of an operation of K, verified.

    Raises ``KernelError`` when it is not a kernel, or not a valid one.
    """
    if not isinstance(label, Kernel):
        raise KernelError(f"{type(label).__name__} is not a kernel; apply to_kernels first.")
    label.verify()
    return label
