"""Which atoms ride together in one phase.

Picture every atom as a phase of its own, and two phases becoming one wherever the second reads,
point by point, what the first has just computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.folded.fuse.atoms import Assembled, Contraction, Filled, Given, Pointwise, Read
from catgrad.folded.fuse.plan import Goal, Plan
from catgrad.folded.fuse.positions import inverse, is_permutation, loops

Target = tuple[str, int]
"""An array that is stored to: its kind and number; of a temporary, the number of the value."""


@dataclass(eq=False)
class Group:
    """Atoms computed together, all of them once at each of the same points.

    - ``at``: for each atom which of its numbers belongs to each point, a permutation
    - ``anchor``: the one that needs lanes, if any
    """

    points: int
    at: dict[int, IntArray]
    anchor: int | None


@dataclass(eq=False)
class Grouping:
    """The groups of a plan: `group` says which each atom is in."""

    plan: Plan
    group: dict[int, Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = self.plan.atoms.values
        for value in self.plan.needed:
            n = values[value].size
            anchor = value if isinstance(values[value].definition, Contraction) else None
            self.group[value] = Group(n, {value: np.arange(n)}, anchor)
        self.writes = self._writes()
        self.goals: dict[int, list[Goal]] = {}
        for goal in self.plan.goals:
            self.goals.setdefault(goal.value, []).append(goal)

    def _writes(self) -> dict[int, list[tuple[int, Read, Goal]]]:
        """For each atom that is a new state array, who reads the old one, and where."""
        values = self.plan.atoms.values
        found: dict[int, list[tuple[int, Read, Goal]]] = {}
        for goal in self.plan.goals:
            if goal.kind not in ("state", "memory"):
                continue
            for value in self.plan.needed:
                for read in values[value].reads:
                    given = values[read.value].definition
                    if isinstance(given, Given) and (given.kind, given.number) == (
                        goal.kind,
                        goal.number,
                    ):
                        found.setdefault(goal.value, []).append((value, read, goal))
        return found

    def groups(self) -> list[Group]:
        """All groups, in the order of their first atoms."""
        return list(dict.fromkeys(self.group.values()))

    def before(self, group: Group) -> set[Group]:
        """The groups that come before one: what it reads, and who reads what it overwrites."""
        found: set[Group] = set()
        for value in group.at:
            found |= {self.group[source] for source in self.plan.sources[value]}
            found |= {self.group[reader] for reader, _, _ in self.writes.get(value, ())}
        return found - {group}

    def is_forward(self, group: Group) -> bool:
        """Whether the group takes part in predictions."""
        return any(value in self.plan.forward for value in group.at)

    def stores(self, value: int, members: Collection[int]) -> Iterator[tuple[Target, IntArray]]:
        """Where a group of these members stores an atom: which array, and at which positions."""
        for goal in self.goals.get(value, []):
            yield (goal.kind, goal.number), goal.places
        own = False
        for reader in dict.fromkeys(self.plan.readers.get(value, [])):
            definition = self.plan.atoms.values[reader].definition
            if isinstance(definition, Assembled):
                [places] = [places for part, places in definition.parts if part == value]
                yield ("temporary", reader), places
            else:
                own |= reader not in members
        if own:
            yield ("temporary", value), np.arange(self.plan.atoms.values[value].size)

    def positions(self, members: dict[int, IntArray]) -> Iterator[IntArray]:
        """Every list of positions at which such a group reads or writes, point by point."""
        values = self.plan.atoms.values
        for value, at in members.items():
            definition = values[value].definition
            if isinstance(definition, Contraction):
                yield from (read.positions[at, 0] for read in definition.factors)
            else:
                for read in values[value].reads:
                    filled = isinstance(values[read.value].definition, Filled)
                    if read.value not in members and not filled:
                        yield read.positions[at]
            yield from (places[at] for _, places in self.stores(value, members))

    # Merging

    def merge_all(self) -> None:
        """Merge as long as two groups can become one."""
        values = self.plan.atoms.values
        changed = True
        while changed:
            changed = False
            for value in self.plan.needed:
                if not isinstance(values[value].definition, Pointwise):
                    continue
                # The one that is computed last is the one to ride with.
                for read in sorted(values[value].reads, key=lambda read: -read.value):
                    if read.value in self.group and self._merge(value, read):
                        changed = True

    def _merge(self, value: int, read: Read) -> bool:
        """Let an atom and what it reads ride together, if that can be."""
        reader, source = self.group[value], self.group[read.value]
        if reader is source or reader.points != source.points:
            return False
        if reader.anchor is not None and source.anchor is not None:
            return False
        if not is_permutation(read.positions, source.points):
            return False
        # Which point of the source each point of the reader is.
        point = inverse(source.at[read.value])[read.positions[reader.at[value]]]
        if reader.anchor is None:
            moved = {member: at[inverse(point)] for member, at in reader.at.items()}
            members = {**source.at, **moved}
        else:
            members = {**reader.at, **{member: at[point] for member, at in source.at.items()}}
        members = {member: members[member] for member in sorted(members)}
        anchor = source.anchor if reader.anchor is None else reader.anchor
        merged = Group(source.points, members, anchor)
        if not (self._in_step(merged) and self._in_order({reader, source})):
            return False
        if loops(list(self.positions(members)), merged.points) is None:
            return False
        for member in members:
            self.group[member] = merged
        return True

    def _in_step(self, merged: Group) -> bool:
        """Whether what is read and computed within a group is read at the point that computes it.

        And whether no number is overwritten before it is read, and no array stored to twice.
        """
        values, members = self.plan.atoms.values, merged.at
        targets: set[Target] = set()
        for value, at in members.items():
            lanes = isinstance(values[value].definition, Contraction)
            for read in values[value].reads:
                inner = values[read.value].definition
                if isinstance(inner, Assembled):
                    if any(part in members for part, _ in inner.parts):
                        return False
                elif read.value in members and (
                    lanes or not np.array_equal(read.positions[at], members[read.value])
                ):
                    return False
            for target, _ in self.stores(value, members):
                if target in targets:
                    return False
                targets.add(target)
            for reader, read, goal in self.writes.get(value, ()):
                if reader in members and (
                    isinstance(values[reader].definition, Contraction)
                    or not np.array_equal(read.positions[members[reader]], goal.places[at])
                ):
                    return False
        return True

    def _in_order(self, parts: set[Group]) -> bool:
        """Whether nothing that a merged group waits for waits for it, and learning comes last."""
        waiting = set().union(*map(self.before, parts)) - parts
        forward = any(map(self.is_forward, parts))
        if forward and not all(map(self.is_forward, waiting)):
            return False
        found, stack = set(waiting), list(waiting)
        while stack:
            for group in self.before(stack.pop()):
                if group in parts:
                    return False
                if group not in found:
                    found.add(group)
                    stack.append(group)
        return True
