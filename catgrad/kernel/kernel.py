"""The arrows of K: kernels, which are loop nests over flat memories.

Every array is a flat memory in row-major order. A kernel says which positions of its sources are
read, what is computed from them, and where the results go; it does not say in which order, so it
may become a million parallel cells or a small loop.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from catgrad.core.exact import exact_power
from catgrad.core.operation import axes_total
from catgrad.core.types import Fixed, NdArrayType, Shape, obj
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
Reduction = Literal["sum", "product", "max", "min"]


COUNTED = 2**28
"""Positions of an array up to which what is written there is counted one by one."""


class KernelError(CatgradError):
    """A kernel reads or writes where it must not, or its body has the wrong type."""


def scalar(dtype: Hashable) -> NdArrayType:
    """The type of a single number."""
    return NdArrayType((), dtype)


def row_major(shape: Shape) -> tuple[int, ...]:
    """The strides of the axes of an array: how far apart neighbours along each are.

    >>> row_major((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


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

    def along(self, axes: int) -> Access:
        """The same at index 0 of all but the first `axes` axes."""
        return Access(self.array, self.offset, self.strides[:axes])

    def is_apart(self, extents: tuple[int, ...]) -> bool:
        """Whether it is plain that no two points find the same position.

        Each step along an axis goes farther than all smaller steps together: as with the digits of
        a number. True is certain; False may be said of accesses that are apart in a subtler way.

        >>> Access(0, 0, (3, 1)).is_apart((2, 3)), Access(0, 0, (2, 1)).is_apart((2, 3))
        (True, False)
        """
        reach = 0
        for stride, n in sorted(zip(map(abs, self.strides), extents, strict=True)):
            if n > 1:
                if stride <= reach:
                    return False
                reach += stride * (n - 1)
        return True


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
      ``"sum"`` or ``"product"``, their ``"max"`` or ``"min"``, or, if there are no such axes,
      ``None``
    - ``indices``: what to call the indices in source, if that matters

    The other axes may meet as well where the reduction is ``"sum"``: then the nest *scatters*, and
    a position holds the sum of all that is written to it, 0 where nothing is. So the reverse of a
    nest that reads is a nest that scatters.
    """

    extents: tuple[int, ...]
    reads: tuple[Access, ...]
    write: Access
    body: OpenHypergraph
    reduction: Reduction | None = None
    reduced: int = 0
    indices: tuple[str, ...] = ()

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

    @cached_property
    def meeting(self) -> int:
        """How many results meet at one position at most: 1, unless the nest scatters."""
        if self.write.along(len(self.kept)).is_apart(self.kept) or not self.results:
            return 1
        if self.results > COUNTED:
            raise KernelError(
                f"A nest over {self.extents} writes {self.results} results, some of which meet: "
                f"more than the {COUNTED} that can be counted; write fewer at once."
            )
        positions = self.writes()
        return int(np.bincount(positions - positions.min()).max())

    @cached_property
    def result(self) -> NdArrayType:
        """The type of what is written: of one term, or of the exact sum or product of all."""
        return reduced_type(self.term, self.reduction, self.terms * self.meeting)

    def writes(self) -> IntArray:
        """int64[results], the flat position at which each result goes."""
        return self.write.along(len(self.kept)).positions(self.kept).reshape(-1)


def reduced_type(T: NdArrayType, reduction: Reduction | None, terms: int) -> NdArrayType:
    """The type of so many terms of type `T`, reduced.

    Raises ``KernelError`` where an exact product would need more than 64 bits.
    """
    if reduction == "sum":
        return axes_total(T, terms)
    if reduction == "product" and isinstance(T.dtype, Fixed):
        exact = exact_power(T.dtype, terms)
        if exact is None:
            raise KernelError(
                f"The exact product of {terms} numbers of {T.dtype} needs more than 64 bits; "
                f"multiply fewer or narrower numbers."
            )
        return T.with_dtype(exact)
    return T


def holds(T: NdArrayType, U: NdArrayType) -> bool:
    """Whether numbers of type `U` are numbers of type `T` as they stand, their bits widened."""
    a, b = T.dtype, U.dtype
    if isinstance(a, Fixed) and isinstance(b, Fixed):
        return a.fraction == b.fraction and a.holds(b.min, b.max)
    return a == b


@dataclass(frozen=True)
class Kernel:
    """Loop nests that together write every element of every target exactly once.

    Or a target is written by a single nest that sums, and its elements are what that adds up.

    - ``name``: what error messages and reports call it
    - ``sources``, ``targets``: the arrays that it reads and writes
    - ``nests``: independent of each other, in any order
    - ``arguments``, ``results``: what source calls the sources and targets; a name each, or none
    """

    name: str
    sources: tuple[NdArrayType, ...]
    targets: tuple[NdArrayType, ...]
    nests: tuple[Nest, ...]
    arguments: tuple[str, ...] = ()
    results: tuple[str, ...] = ()

    def source(self) -> Labels:
        return obj(*self.sources)

    def target(self) -> Labels:
        return obj(*self.targets)

    def __str__(self) -> str:
        return self.name

    def verify(self) -> None:
        """Prove that every read is in bounds, every write happens once, and the bodies fit.

        Reads are proved by interval arithmetic; writes by arithmetic where each nest has an
        interval of its own and no two points of it meet, otherwise by counting.

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
        known = nest.reduction is None or nest.reduction in get_args(Reduction)
        if not known or not 0 <= nest.reduced <= axes or (nest.reduction is None and nest.reduced):
            raise KernelError(
                f"Kernel '{self.name}' reduces {nest.reduced} of {axes} axes by {nest.reduction} "
                f"in nest {place}; reduce at most all axes, by 'sum', 'product', 'max' or 'min', "
                f"or none."
            )
        if any(nest.write.strides[len(nest.kept) :]):
            raise KernelError(
                f"Kernel '{self.name}' writes with strides {nest.write.strides} in nest {place}, "
                f"whose last {nest.reduced} axes are reduced; give those stride 0."
            )
        if nest.reduction in ("max", "min") and nest.results and not nest.terms:
            which = "greatest" if nest.reduction == "max" else "least"
            raise KernelError(
                f"Kernel '{self.name}' takes the {which} of 0 numbers in nest {place} over "
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
        if not holds(written, nest.result):
            raise KernelError(
                f"Kernel '{self.name}' computes {nest.result} in nest {place}, but writes it to "
                f"target {nest.write.array} of {written}; make the two types equal."
            )

    def _verify_writes(self, number: int, target: NdArrayType) -> None:
        nests = [nest for nest in self.nests if nest.write.array == number]
        if [nest.reduction for nest in nests] == ["sum"]:
            return
        if self._tile(nests, target):
            return
        if target.size > COUNTED or any(nest.results > COUNTED for nest in nests):
            raise KernelError(
                f"Kernel '{self.name}' writes {self._called(number)}, {target}, in a way that has "
                f"to be counted, and more than {COUNTED} positions cannot be; write all of it in "
                f"one nest, or choose a smaller array."
            )
        writes = [nest.writes() for nest in nests]
        times = np.bincount(np.concatenate([*writes, np.empty(0, np.int64)]), minlength=target.size)
        wrong = np.flatnonzero(times != 1)
        if wrong.size:
            position = int(wrong[0])
            remedy = "write every position exactly once"
            if not times[position] and self.results:
                remedy = f"{remedy}, or use +=, which leaves 0 there"
            if times[position] and any(nest.reduction == "sum" for nest in nests[1:]):
                remedy = f"{remedy}, or put all that is added up there into one +="
            raise KernelError(
                f"Kernel '{self.name}' writes position {position} of {self._called(number)}, "
                f"{target}, {times[position]} times; {remedy}."
            )

    def _called(self, number: int) -> str:
        return self.results[number] if self.results else f"target {number}"

    @staticmethod
    def _tile(nests: list[Nest], target: NdArrayType) -> bool:
        """Whether it is plain that the nests, whose writes are in bounds, write all of a target.

        So it is where as many positions are written as there are, and no two are the same: within
        a nest, by its strides; in two nests, by the intervals that they keep to.
        """
        nests = [nest for nest in nests if nest.results]
        if sum(nest.results for nest in nests) != target.size:
            return False
        if not all(nest.write.along(len(nest.kept)).is_apart(nest.kept) for nest in nests):
            return False
        bounds = sorted(nest.write.along(len(nest.kept)).bounds(nest.kept) for nest in nests)
        return all(a[1] < b[0] for a, b in pairwise(bounds))


def verified(label: object) -> Kernel:
    """The label of an operation of K, verified.

    Raises ``KernelError`` when it is not a kernel, or not a valid one.
    """
    if not isinstance(label, Kernel):
        raise KernelError(f"{type(label).__name__} is not a kernel; apply to_kernels first.")
    label.verify()
    return label
