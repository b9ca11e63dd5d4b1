"""The front end of kernels: a loop nest as a Python function, traced to a `Kernel`.

    def depthwise_fir(x, h, y, *, t, c, k):
        y[t, c] += x[t + k, c] * h[k, c]

Positional parameters are arrays, first those that are read, then those that are written. Parameters
by keyword are indices. A place in an array is affine in the indices, ``...`` standing for all axes
that are not named. Each assignment is a nest over the indices that it names:

    y[i] = a          at each i; every index stands on the left
    y[i] += a         the sum of all that is written to y[i], 0 where nothing is
    y[i] *= a         the product over the indices that do not stand on the left
    y[i] = greatest(a)
    y[i] = least(a)

The shapes of what is read say how far each index runs; these say the shapes of what is written.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catgrad.core.types import NdArrayType, Shape
from catgrad.kernel.affine import Affine, affine
from catgrad.kernel.extents import Read, element, extents
from catgrad.kernel.kernel import Access, Kernel, KernelError, Nest, Reduction, row_major, scalar
from catgrad.kernel.refusals import Refusing
from catgrad.kernel.scalar_expression import Scalar, traced

Subscripts = tuple[Affine, ...]

HIDDEN = "axis_"
"""How the indices begin that ``...`` stands for."""


@dataclass(frozen=True, repr=False)
class Reduced(Refusing):
    """The terms that meet at one place, and what becomes of them."""

    reduction: Reduction | None
    term: Any

    remedy = "assign it to an element as it is, and compute with that in another kernel"

    def refusal(self, attempt: str) -> KernelError:
        return KernelError(f"The body of a kernel cannot use {attempt} on {self}; {self.remedy}.")

    def __repr__(self) -> str:
        names = {"max": "greatest", "min": "least"}
        return f"{names.get(self.reduction or '', self.reduction)}({self.term!r})"


def greatest(term: Scalar) -> Reduced:
    """The greatest over all indices that do not stand on the left of the assignment."""
    return Reduced("max", term)


def least(term: Scalar) -> Reduced:
    """The least over all indices that do not stand on the left of the assignment."""
    return Reduced("min", term)


class Trace:
    """One run of a function, with stand-ins for its arrays and indices."""

    def __init__(self, function: Callable[..., None], types: Sequence[NdArrayType]) -> None:
        self.name = function.__name__
        self.types = tuple(types)
        self.reads: list[Read] = []
        self.assignments: list[Assignment] = []
        parameters = inspect.signature(function).parameters.values()
        self.indices = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        self.arrays = [
            p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        if len(types) >= len(self.arrays):
            raise KernelError(
                f"Kernel '{self.name}' is given {len(types)} array types for its arrays "
                f"{', '.join(self.arrays)}; give one for each that it reads, and none for those "
                f"that it writes, which stand last."
            )
        read = [ReadArray(self, i) for i in range(len(types))]
        written = [WrittenArray(self, i) for i in range(len(self.arrays) - len(types))]
        function(*read, *written, **{index: Affine.index(index) for index in self.indices})

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arrays that are read."""
        return tuple(self.arrays[: len(self.types)])

    @property
    def results(self) -> tuple[str, ...]:
        """The names of the arrays that are written."""
        return tuple(self.arrays[len(self.types) :])

    def places(self, array: str, subscripts: Any, axes: int | None = None) -> Subscripts:
        """The places along the axes of an array, of which there may be any number if `axes`."""
        given = subscripts if isinstance(subscripts, tuple) else (subscripts,)
        if any(place is Ellipsis for place in given):
            hidden = self._hidden() if axes is None else max(0, axes - len(given) + 1)
            k = next(k for k, place in enumerate(given) if place is Ellipsis)
            rest = tuple(Affine.index(f"{HIDDEN}{i}") for i in range(hidden))
            given = (*given[:k], *rest, *given[k + 1 :])
        for i, place in enumerate(given):
            if isinstance(place, slice):
                raise KernelError(
                    f"Kernel '{self.name}' has a slice along axis {i} of {array}; "
                    f"name single elements, as in {array}[i + k], and let indices run."
                )
        return tuple(
            affine(place, f"find {place!r} along axis {i} of {array}")
            for i, place in enumerate(given)
        )

    def _hidden(self) -> int:
        """How many axes ``...`` stands for where something is written."""
        every = {index for read in self.reads for place in read.places for index in place.indices}
        return sum(index.startswith(HIDDEN) for index in every)

    def kernel(self, given: Mapping[str, int]) -> Kernel:
        """The kernel that the run describes, with the extents of some indices given."""
        for index in given:
            if index not in self.indices:
                raise KernelError(
                    f"Kernel '{self.name}' has no index {index} to give an extent to; "
                    f"its indices are {', '.join(self.indices) or 'none'}."
                )
            extent = given[index]
            if not isinstance(extent, int) or isinstance(extent, bool) or extent < 0:
                raise KernelError(
                    f"Kernel '{self.name}' is given the extent {extent!r} for index {index}; "
                    f"give an integer of at least 0."
                )
        self._require_used()
        known = extents(self.name, self.reads, given)
        targets: list[NdArrayType] = []
        nests: list[Nest] = []
        for number, name in enumerate(self.results):
            assignments = [a for a in self.assignments if a.array == number]
            if not assignments:
                raise KernelError(
                    f"Kernel '{self.name}' writes nothing to {name}; assign to it, or give its "
                    f"type if it is read."
                )
            shape = self._shape(name, assignments, known)
            written = [self._nest(a, shape, known) for a in assignments]
            targets.append(NdArrayType(shape, written[0].result.dtype))
            nests += written
        kernel = Kernel(
            self.name, self.types, tuple(targets), tuple(nests), self.arguments, self.results
        )
        kernel.verify()
        return kernel

    def _require_used(self) -> None:
        """Refuse an index that says nothing: an assignment runs over the indices that it names."""
        places = [place for read in self.reads for place in read.places]
        places += [place for a in self.assignments for place in a.places]
        used = {index for place in places for index in place.indices}
        for index in self.indices:
            if index not in used:
                raise KernelError(
                    f"Kernel '{self.name}' has the index {index}, at which nothing is read or "
                    f"written, so nothing runs over it; leave it out, or read an array at {index}."
                )

    def _shape(
        self, name: str, assignments: Sequence[Assignment], known: Mapping[str, int]
    ) -> Shape:
        """The shape of what is written: up to the greatest place along each axis."""
        ranks = sorted({len(a.places) for a in assignments})
        if len(ranks) > 1:
            raise KernelError(
                f"Kernel '{self.name}' writes {name} with {ranks[0]} and with {ranks[1]} places; "
                f"give one for each axis, always."
            )
        for a in assignments:
            for index in (index for place in a.places for index in place.indices):
                if index not in known:
                    raise KernelError(
                        f"Kernel '{self.name}' does not say how far index {index} of {a} runs: "
                        f"nothing is read there; give its extent, as in "
                        f"{self.name}(..., {index}=8)."
                    )
        return tuple(
            max(0, *(place.bounds(known)[1] + 1 for place in along))
            for along in zip(*(a.places for a in assignments), strict=True)
        )

    def _nest(self, a: Assignment, shape: Shape, known: Mapping[str, int]) -> Nest:
        reads, body = traced(a.reduced.term)
        kept = list(dict.fromkeys(index for place in a.places for index in place.indices))
        read = [read.place for read in reads]
        used = {index for r in read for place in r.places for index in place.indices}
        order = [*self.indices, *sorted(index for index in used if index.startswith(HIDDEN))]
        reduced = [index for index in order if index in used and index not in kept]
        if reduced and a.reduced.reduction is None:
            raise KernelError(
                f"Kernel '{self.name}' writes {a} once for each {' and '.join(reduced)}; add up "
                f"with +=, multiply with *=, or take greatest(...) or least(...)."
            )
        indices = (*kept, *reduced)
        return Nest(
            tuple(known[index] for index in indices),
            tuple(access(r.number, r.places, r.T.shape, indices) for r in read),
            access(a.array, a.places, shape, indices),
            body,
            a.reduced.reduction,
            len(reduced),
            indices,
        )


def access(array: int, places: Subscripts, shape: Shape, indices: Sequence[str]) -> Access:
    """Where these places lie in the memory of an array."""
    strides = row_major(shape)
    offset = sum(place.constant * stride for place, stride in zip(places, strides, strict=True))
    along = (
        sum(place.coefficient(i) * stride for place, stride in zip(places, strides, strict=True))
        for i in indices
    )
    return Access(array, offset, tuple(along))


@dataclass(frozen=True, eq=False, repr=False)
class _Array(Refusing):
    """Stands for a whole array, of which a body uses elements only."""

    trace: Trace
    number: int

    @property
    @abstractmethod
    def name(self) -> str:
        """What the function calls it."""

    def refusal(self, attempt: str) -> KernelError:
        return KernelError(
            f"Kernel '{self.trace.name}' uses {attempt} on {self}; name single elements, as in "
            f"{self.name}[i], and add up with +=."
        )

    def __repr__(self) -> str:
        return f"the whole array {self.name}"


class ReadArray(_Array):
    """Stands for an array that is read."""

    @property
    def name(self) -> str:
        return self.trace.arrays[self.number]

    @property
    def type(self) -> NdArrayType:
        return self.trace.types[self.number]

    @property
    def shape(self) -> Shape:
        """How many elements lie along each axis."""
        return self.type.shape

    def __getitem__(self, subscripts: Any) -> Scalar:
        axes = len(self.shape)
        places = self.trace.places(self.name, subscripts, axes)
        if len(places) != axes:
            raise KernelError(
                f"Kernel '{self.trace.name}' reads {element(self.name, places)}, but {self.name} "
                f"is {self.type}; give one place for each of its {axes} axes."
            )
        read = Read(self.number, self.name, self.type, places)
        self.trace.reads.append(read)
        return Scalar(scalar(self.type.dtype), None, place=read)

    def __setitem__(self, subscripts: Any, _value: object) -> None:
        raise KernelError(
            f"Kernel '{self.trace.name}' writes {self.name}, for which a type is given; "
            f"give types for the arrays that are read, and none for those that are written."
        )


class WrittenArray(_Array):
    """Stands for an array that is written."""

    @property
    def name(self) -> str:
        return self.trace.results[self.number]

    def __getitem__(self, subscripts: Any) -> Sum:
        return Sum(self.name, element(self.name, self.trace.places(self.name, subscripts)))

    def __setitem__(self, subscripts: Any, value: Any) -> None:
        reduced = value if isinstance(value, Reduced) else Reduced(None, value)
        places = self.trace.places(self.name, subscripts)
        if isinstance(reduced.term, Reduced):
            raise KernelError(
                f"Kernel '{self.trace.name}' adds or multiplies {reduced.term} into "
                f"{element(self.name, places)}; write it by = alone."
            )
        if not isinstance(reduced.term, Scalar):
            raise KernelError(
                f"Kernel '{self.trace.name}' writes {reduced.term!r} to "
                f"{element(self.name, places)}; write an expression of elements of the arrays "
                f"that it reads, such as x[i]."
            )
        self.trace.assignments.append(Assignment(self.number, self.name, places, reduced))


@dataclass(frozen=True, repr=False)
class Sum(Refusing):
    """Stands for an element that is written, where ``+=`` or ``*=`` follows."""

    name: str
    element: str

    @property
    def remedy(self) -> str:
        """What to do where it was to be read."""
        return (
            f"{self.name} has no type, so it counts as written: "
            f"give one type for each array that is read"
        )

    def __iadd__(self, term: Any) -> Reduced:  # type: ignore[misc]  # __add__ is refused
        return Reduced("sum", term)

    def __imul__(self, term: Any) -> Reduced:  # type: ignore[misc]  # so is __mul__
        return Reduced("product", term)

    def refusal(self, attempt: str) -> KernelError:
        return KernelError(
            f"The body of a kernel cannot use {attempt} on {self}, which it writes; "
            f"write it with =, += or *=, or give a type for {self.name} if it is read."
        )

    def __repr__(self) -> str:
        return self.element


@dataclass(frozen=True)
class Assignment:
    """What a function writes to one array."""

    array: int
    name: str
    places: Subscripts
    reduced: Reduced

    def __str__(self) -> str:
        return element(self.name, self.places)
