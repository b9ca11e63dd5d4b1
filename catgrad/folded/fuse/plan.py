"""What a program of atoms is to have done in the end, and what that needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from catgrad.circuit.format import IntArray
from catgrad.core import operation as ops
from catgrad.core.types import Fixed
from catgrad.folded.fuse.atoms import (
    Assembled,
    Atoms,
    Contraction,
    Definition,
    Filled,
    Pointwise,
    Read,
)
from catgrad.folded.fuse.lower import Interface
from catgrad.folded.fuse.positions import inverse, is_permutation
from catgrad.folded.refusals import FoldError


@dataclass(frozen=True, eq=False)
class Goal:
    """An array of the interface that a computed value is stored to, or a part of it.

    `places`, int64[size]: where in the array each number of the value goes.
    """

    kind: str
    number: int
    value: int
    places: IntArray


@dataclass(frozen=True)
class Leaf:
    """A value, each number of which counts so many times."""

    value: int
    times: int


@dataclass(eq=False)
class Plan:
    """Atoms, and what is wanted of them.

    - ``predictions``: the format and the size of each
    - ``goals``: parts of predictions, and state arrays that change
    - ``early``, ``late``: what adds up to the counters
    - ``needed``: the values that are to be computed, operands before results
    - ``forward``: those among them that a prediction, or `early`, needs
    - ``sources``: for each value those computed values that it reads, through `Assembled` ones
    - ``readers``: for each value, assembled or not, the needed values that read it
    """

    atoms: Atoms
    interface: Interface
    predictions: list[tuple[Fixed, int]]
    goals: list[Goal]
    early: list[Leaf]
    late: list[Leaf]
    needed: list[int] = field(default_factory=list)
    forward: set[int] = field(default_factory=set)
    sources: dict[int, set[int]] = field(default_factory=dict)
    readers: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = self.atoms.values
        always = [goal for goal in self.goals if goal.kind != "state"]
        used = reached(self.atoms, values_of(self.goals, [*self.early, *self.late]))
        kept = used & {*self.atoms.snapshots.values()}
        self.forward = reached(self.atoms, [*values_of(always, self.early), *kept])
        for value in sorted(used):
            if isinstance(values[value].definition, Pointwise | Contraction):
                self.needed.append(value)
                self.sources[value] = self._computed(value)
            for read in values[value].reads:
                self.readers.setdefault(read.value, []).append(value)

    def _computed(self, value: int) -> set[int]:
        found: set[int] = set()
        for read in self.atoms.values[value].reads:
            definition = self.atoms.values[read.value].definition
            if isinstance(definition, Assembled):
                found |= self._computed(read.value)
            elif isinstance(definition, Pointwise | Contraction):
                found.add(read.value)
        return found


def plan(atoms: Atoms, interface: Interface, outputs: Sequence[Read]) -> Plan:
    """What the outputs of a program, ``Y ● K' ● M' ● early ● late``, ask for."""
    *results, early, late = outputs
    predictions = len(results) - interface.state - interface.memories
    early_leaves, late_leaves = (leaves(atoms, read) for read in (early, late))
    shown = [
        part for i, read in enumerate(results[:predictions]) for part in prediction(atoms, i, read)
    ]
    middle = predictions + interface.state
    kept = changed(atoms, "state", results[predictions:middle])
    remembered = changed(atoms, "memory", results[middle:])
    always = [*shown, *(new for _, new in remembered)]
    forward = reached(atoms, values_of(always, early_leaves))
    late_ones = reached(atoms, values_of([new for _, new in kept], late_leaves))
    forward |= redirect(atoms, late_ones - forward)
    order = Order(atoms, forward, forward | late_ones)
    settled = [order.settled(old, new) for old, new in (*kept, *remembered)]
    sizes = [(atoms.format(read), len(read.positions)) for read in results[:predictions]]
    return Plan(atoms, interface, sizes, [*shown, *settled], early_leaves, late_leaves)


def changed(atoms: Atoms, kind: str, reads: Sequence[Read]) -> list[tuple[int, Goal]]:
    """The arrays of a kind that do not stay as they are, each with what becomes of it."""
    return [
        (atoms.given(kind, i), goal(atoms, kind, i, read))
        for i, read in enumerate(reads)
        if read.value != atoms.given(kind, i) or not is_in_order(read)
    ]


def redirect(atoms: Atoms, learning: Iterable[int]) -> set[int]:
    """Let what only learns read snapshots in place of memories; the snapshots that are read.

    A memory is overwritten with every sample, and so before anything that only learns.
    """
    found: set[int] = set()

    def kept(read: Read) -> Read:
        if read.value not in atoms.snapshots:
            return read
        found.add(atoms.snapshots[read.value])
        return Read(atoms.snapshots[read.value], read.positions)

    for value in learning:
        definition = atoms.values[value].definition
        if isinstance(definition, Pointwise):
            moved: Definition = replace(definition, reads=tuple(map(kept, definition.reads)))
        elif isinstance(definition, Contraction):
            moved = replace(definition, factors=tuple(map(kept, definition.factors)))
        else:
            continue
        atoms.values[value] = replace(atoms.values[value], definition=moved)
    return reached(atoms, found)


def prediction(atoms: Atoms, number: int, read: Read) -> list[Goal]:
    """What is stored to a prediction: one value, or each part of one that is put together."""
    value = atoms.values[read.value]
    if isinstance(value.definition, Assembled) and value.covered and is_in_order(read):
        return [Goal("prediction", number, *part) for part in value.definition.parts]
    return [goal(atoms, "prediction", number, read)]


def values_of(goals: Iterable[Goal], leaves: Iterable[Leaf]) -> list[int]:
    """What is to be computed for them."""
    return [goal.value for goal in goals] + [leaf.value for leaf in leaves]


def is_in_order(read: Read) -> bool:
    """Whether an array is read from the first number on, one after another."""
    return np.array_equal(read.positions, np.arange(len(read.positions)))


def goal(atoms: Atoms, kind: str, number: int, read: Read) -> Goal:
    """An output: stored where it is computed, or copied from where it lies."""
    value = atoms.values[read.value]
    computed = isinstance(value.definition, Pointwise | Contraction)
    if not computed or not is_permutation(read.positions, value.size):
        read = atoms.copy(read)
    return Goal(kind, number, read.value, inverse(read.positions))


def reached(atoms: Atoms, values: Iterable[int]) -> set[int]:
    """All that some values are computed from, with them."""
    waiting = list(values)
    found = set(waiting)
    while waiting:
        for read in atoms.values[waiting.pop()].reads:
            if read.value not in found:
                found.add(read.value)
                waiting.append(read.value)
    return found


class Order:
    """What comes before what: operands before results, old numbers before those in their place."""

    def __init__(self, atoms: Atoms, forward: set[int], needed: set[int]) -> None:
        self.atoms, self.forward, self.needed = atoms, forward, needed
        self.overwrites: dict[int, list[int]] = {}

    def settled(self, old: int, new: Goal) -> Goal:
        """A new state array, copied from a temporary where old numbers are still read after it."""
        readers = [
            (reader, read)
            for reader in sorted(self.needed)
            for read in self.atoms.values[reader].reads
            if read.value == old
        ]
        late = new.value in self.forward and any(
            reader not in self.forward for reader, _ in readers
        )
        if late or not all(self._may_precede(reader, read, new) for reader, read in readers):
            copied = self.atoms.copy(Read(new.value, inverse(new.places)))
            new = Goal(new.kind, new.number, copied.value, copied.positions)
        others = [reader for reader, _ in readers if reader != new.value]
        self.overwrites.setdefault(new.value, []).extend(others)
        return new

    def _may_precede(self, reader: int, read: Read, new: Goal) -> bool:
        """Whether a read of an old number can come before the new one is stored."""
        if reader == new.value:
            pointwise = isinstance(self.atoms.values[reader].definition, Pointwise)
            return pointwise and np.array_equal(read.positions, new.places)
        waiting, found = [reader], {reader}
        while waiting:
            value = waiting.pop()
            before = [read.value for read in self.atoms.values[value].reads]
            for other in (*before, *self.overwrites.get(value, ())):
                if other == new.value:
                    return False
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return True


def leaves(atoms: Atoms, read: Read, times: int = 1) -> list[Leaf]:
    """The values whose numbers add up to a counter.

    Raises ``FoldError`` where it is not a sum of numbers that are not negative.
    """
    value = atoms.values[read.value]
    definition, points = value.definition, len(read.positions)
    if isinstance(definition, Filled) and definition.number == 0:
        return []
    if value.size == 1:
        times, points = times * points, 1
        inner = []
        match definition:
            case Contraction((factor,), "sum"):
                inner = [Read(factor.value, factor.positions[0])]
            case Pointwise(ops.Add()):
                inner = [*definition.reads]
            case Pointwise(ops.Requantise()):
                own = atoms.format(definition.reads[0])
                exact = own.fraction == value.format.fraction
                if exact and value.format.holds(own.min, own.max):
                    inner = [*definition.reads]
        if inner:
            return [leaf for part in inner for leaf in leaves(atoms, part, times)]
    if value.format.signed or value.format.fraction != 0:
        raise FoldError(
            f"Cannot fold a counter of numbers of {value.format}, which adds up whole numbers of "
            f"at least 0; count with those."
        )
    often = np.bincount(read.positions[:points], minlength=value.size)
    if isinstance(definition, Pointwise | Contraction) and (often == often[0]).all():
        return [Leaf(read.value, times * int(often[0]))]
    return [Leaf(atoms.copy(Read(read.value, read.positions[:points])).value, times)]
