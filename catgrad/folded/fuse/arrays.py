"""The arrays of the phases: those of the program, and temporaries between phases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catgrad.circuit.format import IntArray
from catgrad.core.types import Fixed
from catgrad.folded.fuse.atoms import Assembled, Contraction, Filled, Given, Pointwise, Value
from catgrad.folded.fuse.groups import Group, Grouping, Target
from catgrad.folded.phase import Array

Copy = tuple[Target, int]
"""An array, or, from 1 on, a copy of it: a phase reads each array at one place only."""


@dataclass(eq=False)
class Draft:
    """What a group reads from memory, point by point.

    - ``factors``, ``operands``: which array, and its positions, int64[points, terms] and
      int64[points]
    - ``inputs``: which operand is the value read at these positions
    """

    group: Group
    factors: list[tuple[Copy, IntArray]] = field(default_factory=list)
    operands: list[tuple[Copy, IntArray]] = field(default_factory=list)
    inputs: dict[tuple[int, bytes], int] = field(default_factory=dict)

    @property
    def reads(self) -> list[Copy]:
        """All arrays that the group reads."""
        return [copy for copy, _ in (*self.factors, *self.operands)]

    def add(self, target: Target) -> Copy:
        """The next copy of an array."""
        return target, sum(read == target for read, _ in self.reads)


def draft(grouping: Grouping, group: Group) -> Draft:
    """What a group reads from memory, each array at one place only: else it reads copies."""
    result, values = Draft(group), grouping.plan.atoms.values
    if group.anchor is not None:
        for read in values[group.anchor].reads:
            copy = result.add(target(grouping, read.value))
            result.factors.append((copy, read.positions[group.at[group.anchor]]))
    for value, at in group.at.items():
        for read in values[value].reads if value != group.anchor else ():
            inside = read.value in group.at
            if inside or isinstance(values[read.value].definition, Filled):
                continue
            positions = read.positions[at]
            key = (read.value, positions.tobytes())
            if key not in result.inputs:
                result.inputs[key] = len(result.operands)
                copy = result.add(target(grouping, read.value))
                result.operands.append((copy, positions))
    return result


def target(grouping: Grouping, value: int) -> Target:
    """The array in which a value lies."""
    definition = grouping.plan.atoms.values[value].definition
    if isinstance(definition, Given):
        return definition.kind, definition.number
    return "temporary", value


@dataclass(eq=False)
class Arrays:
    """All arrays, and which of them is which."""

    grouping: Grouping
    names: Mapping[Target, str]
    arrays: list[Array] = field(default_factory=list)
    index: dict[Copy, int] = field(default_factory=dict)
    copies: dict[Target, int] = field(default_factory=dict)

    def __getitem__(self, copy: Copy) -> Array:
        return self.arrays[self.index[copy]]

    def declare_all(self, drafts: Sequence[Draft]) -> None:
        """The arrays of the program, and temporaries in the order in which they are stored to."""
        for read, number in [copy for each in drafts for copy in each.reads]:
            self.copies[read] = max(number, self.copies.get(read, 0))
        values = self.grouping.plan.atoms.values
        for value in values:
            if isinstance(value.definition, Given):
                name = value.definition.kind, value.definition.number
                self._of_program(name, value.format, value.size)
        for i, (format, size) in enumerate(self.grouping.plan.predictions):
            self._of_program(("prediction", i), format, size)
        for each in drafts:
            for computed in each.group.at:
                for (kind, number), _ in self.grouping.stores(computed, each.group.at):
                    if kind == "temporary":
                        self._temporaries((kind, number))
        # What has no parts but 0 is never stored to.
        for number, array in enumerate(values):
            if isinstance(array.definition, Assembled) and number in self.grouping.plan.readers:
                self._temporaries(("temporary", number))

    def stored(self, copy: Target) -> Iterator[Copy]:
        """An array, and the copies of it that are stored along with it."""
        several = self.is_computed(copy)
        yield from ((copy, i) for i in range(1 + several * self.copies.get(copy, 0)))

    def is_computed(self, copy: Target) -> bool:
        """Whether one group computes the whole array, and stores all copies of it."""
        kind, number = copy
        definition = self.grouping.plan.atoms.values[number].definition
        return kind == "temporary" and isinstance(definition, Pointwise | Contraction)

    def temporary(self, copy: Copy, like: Value | Array) -> None:
        """A new temporary, as large as another array."""
        number = sum(array.kind == "temporary" for array in self.arrays) + 1
        padded = isinstance(like, Value) and not like.covered
        self._declare(copy, Array(f"temporary_{number}", like.format, like.size, padded=padded))

    def _temporaries(self, name: Target) -> None:
        for copy in self.stored(name):
            if copy not in self.index:
                self.temporary(copy, self.grouping.plan.atoms.values[name[1]])

    def _of_program(self, name: Target, format: Fixed, size: int) -> None:
        kind, number = name
        array = Array(self.names[name], format, size, kind, number)  # type: ignore[arg-type]
        self._declare((name, 0), array)

    def _declare(self, copy: Copy, array: Array) -> None:
        self.index[copy] = len(self.arrays)
        self.arrays.append(array)
