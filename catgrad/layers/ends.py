"""Arrays laid end to end, and taken apart again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.core.types import NdArrayType
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers.split import Split


@dataclass(frozen=True)
class Ends:
    """Arrays of types `A` in groups, those of a group laid end to end where its first one stands.

    An array alone stays as it is.
    """

    A: Labels
    groups: Sequence[Sequence[int]]

    @classmethod
    def of(cls, A: Labels, most: int) -> Ends:
        """Arrays of at most `most` numbers, those of one dtype together."""
        alike = defaultdict[object, list[int]](list)
        for i, T in enumerate(A):
            alike[T.dtype if T.size <= most else i].append(i)
        return cls(A, [*alike.values()])

    def join(self) -> OpenHypergraph:
        """``A → J``, one array for each group."""

        def body(*wires: Wire) -> list[Wire]:
            return [
                call(self._concatenate(group), *(flat(wires[i]) for i in group))
                if len(group) > 1
                else wires[group[0]]
                for group in self.groups
            ]

        return program(self.A, body)

    def part(self) -> OpenHypergraph:
        """``J → A``."""

        def body(*wires: Wire) -> list[Wire]:
            found = dict[int, Wire]()
            for wire, group in zip(wires, self.groups, strict=True):
                parts = [wire]
                if len(group) > 1:
                    parts = calls(Split(self._concatenate(group)), wire)
                    parts = [reshaped(x, self.A[i]) for x, i in zip(parts, group, strict=True)]
                found |= zip(group, parts, strict=True)
            return [found[i] for i in range(len(self.A))]

        return program(self.join().target, body)

    def _concatenate(self, group: Sequence[int]) -> B.Concatenate:
        return B.Concatenate(tuple(line(self.A[i]) for i in group), 0)


def line(T: NdArrayType) -> NdArrayType:
    """The type of the same numbers along one axis."""
    return NdArrayType((T.size,), T.dtype)


def flat(x: Wire) -> Wire:
    """An array along one axis."""
    return reshaped(x, line(x.T))


def reshaped(x: Wire, T: NdArrayType) -> Wire:
    """An array in another shape, or itself where that is its own."""
    return x if x.T == T else call(B.Reshape(x.T, T), x)
