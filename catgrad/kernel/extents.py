"""How far the indices of a kernel run, told by the shapes of the arrays that it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catgrad.core.types import NdArrayType
from catgrad.kernel.affine import Affine
from catgrad.kernel.kernel import KernelError


@dataclass(frozen=True)
class Read:
    """An element of an array that is read: array `number`, called `name`, at `places`."""

    number: int
    name: str
    T: NdArrayType
    places: tuple[Affine, ...]

    def __str__(self) -> str:
        return element(self.name, self.places)


def element(name: str, places: Sequence[Affine]) -> str:
    """An element of an array as a person writes it."""
    return f"{name}[{', '.join(map(str, places)) or '()'}]"


@dataclass(frozen=True)
class Axis:
    """One axis of an array, of `extent` elements, and all the places along it that are read."""

    name: str
    T: NdArrayType
    number: int
    places: tuple[Affine, ...]

    @property
    def extent(self) -> int:
        """How many elements lie along it."""
        return self.T.shape[self.number]

    @property
    def indices(self) -> list[str]:
        """The indices on which the places depend."""
        return list(dict.fromkeys(index for place in self.places for index in place.indices))

    def beside(self, index: str) -> set[str]:
        """The other indices that some place depends on together with this one."""
        places = (place.indices for place in self.places if index in place.indices)
        return {other for indices in places for other in indices} - {index}

    def room(self, index: str, known: Mapping[str, int]) -> int:
        """How far an index can run, in bounds, where the other indices are known."""
        return min(
            self._room(place, index, known) for place in self.places if place.coefficient(index)
        )

    def _room(self, place: Affine, index: str, known: Mapping[str, int]) -> int:
        step = place.coefficient(index)
        low, high = (place - step * Affine.index(index)).bounds(known)
        return (self.extent - 1 - high if step > 0 else low) // abs(step) + 1

    def __str__(self) -> str:
        return f"axis {self.number} of {self.name}, {self.T}"


def extents(kernel: str, reads: Sequence[Read], given: Mapping[str, int]) -> dict[str, int]:
    """The extent of each index that is read.

    An index that stands alone on an axis runs over the whole axis. Where several stand on one, as
    in ``x[t + k]``, and all but one are known from elsewhere, that one runs as far as the axis
    allows. `given` are extents that the user states.

    Raises ``KernelError`` where two axes disagree, where no axis tells, or where a read leaves its
    array.
    """
    axes = list(_axes(reads))
    known = dict(given)
    told: dict[str, Axis] = {}
    waiting = [(axis, index) for axis in axes for index in axis.indices]
    for axis, index in waiting:
        if not axis.beside(index):
            _tell(kernel, index, axis, known, told)
    while unknown := [(axis, index) for axis, index in waiting if index not in known]:
        telling = [(axis, index) for axis, index in unknown if axis.beside(index) <= {*known}]
        if not telling:
            index = unknown[0][1]
            raise KernelError(
                f"Kernel '{kernel}' does not say how far index {index} runs: no array is read at "
                f"{index} alone, or beside indices that are known from elsewhere; give its extent, "
                f"as in {kernel}(..., {index}=8)."
            )
        for axis, index in telling:
            _tell(kernel, index, axis, known, told)
    for axis in axes:
        _check_bounds(kernel, axis, known)
    return known


def _axes(reads: Sequence[Read]) -> Iterator[Axis]:
    for first in {read.number: read for read in reads}.values():
        for k in range(len(first.T.shape)):
            places = [read.places[k] for read in reads if read.number == first.number]
            yield Axis(first.name, first.T, k, tuple(dict.fromkeys(places)))


def _tell(
    kernel: str, index: str, axis: Axis, known: dict[str, int], told: dict[str, Axis]
) -> None:
    """Note how far an index runs along an axis, or that this is what is known already."""
    _check_first(kernel, index, axis, known)
    room = axis.room(index, known)
    if room < 0:
        place = next(place for place in axis.places if place.coefficient(index))
        raise KernelError(
            f"Kernel '{kernel}' has no room to read {axis.name} at {place} along {axis}; "
            f"give an array with at least {axis.extent - room} elements there."
        )
    if index not in known:
        known[index], told[index] = room, axis
    elif index in told and known[index] != room:
        raise KernelError(
            f"Kernel '{kernel}' runs index {index} from 0 to {known[index] - 1} along "
            f"{told[index]}, but from 0 to {room - 1} along {axis}; let the two agree."
        )


def _check_first(kernel: str, index: str, axis: Axis, known: Mapping[str, int]) -> None:
    """Refuse an index that runs backwards from before the beginning of an axis."""
    for place in axis.places:
        step = place.coefficient(index)
        rest = place - step * Affine.index(index)
        if step < 0 and all(known.get(other) for other in rest.indices):
            low, _ = rest.bounds(known)
            if low < 0:
                raise KernelError(
                    f"Kernel '{kernel}' reads {axis.name} at {low} where {index} is 0 ({place}) "
                    f"along {axis}; to run backwards begin at the end, "
                    f"{axis.name}.shape[{axis.number}] - 1 - {index}."
                )


def _check_bounds(kernel: str, axis: Axis, known: Mapping[str, int]) -> None:
    for place in axis.places:
        if all(known[index] for index in place.indices):
            low, high = place.bounds(known)
            if low < 0 or high >= axis.extent:
                ranges = [f"{i} from 0 to {known[i] - 1}" for i in place.indices]
                found = f" ({place} with {' and '.join(ranges)})" if ranges else ""
                remedy = f"keep it from 0 to {axis.extent - 1}"
                if low == place.constant < 0:
                    remedy = (
                        f"indices begin at 0: drop the - {-place.constant}, or pad the array first"
                    )
                raise KernelError(
                    f"Kernel '{kernel}' reads {axis.name} at {low if low < 0 else high}{found} "
                    f"along {axis}; {remedy}."
                )
