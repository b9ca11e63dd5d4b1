"""What a program does last to small arrays, number by number, array by array."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catgrad.core import operation as ops
from catgrad.core.types import NdArrayType
from catgrad.special.definition import Named
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python.kinds import Kind
from catgrad.target.python.resizing import Resized

SMALL = 2**13
"""Numbers in an array up to which copying it costs less than calls of its own."""

FEWER = 3
"""How many times fewer calls of NumPy make up for longer source."""

JOINED, PARTED = 1 / 4, 1 / 3
"""What joining one more array, and taking one out again, costs in calls."""

ROUNDED = Kind(
    ops.Add
    | ops.Subtract
    | ops.Multiply
    | ops.Divide
    | ops.Sqrt
    | ops.Reciprocal
    | ops.ReciprocalSqrt
    | ops.Negate
    | ops.Abs
    | ops.Sign
    | ops.Minimum
    | ops.Maximum
    | ops.Comparison
    | ops.Gt
    | ops.Mask
    | ops.Select
)
"""Operations number by number of which IEEE 754 prescribes every bit."""

SPREADING, NAMED = Kind(ops.Broadcast | ops.NCopy | ops.Constant), Kind(Named)
RELAYING = Kind(ops.Copy | ops.Discard)


@dataclass(frozen=True)
class Strand:
    """What is done to some arrays of one type, and to no others.

    - ``places``: of its operations in the body of the program
    - ``inputs``: the arrays that it does not make itself
    - ``wires``: all its arrays, in the order in which they appear
    """

    type: NdArrayType
    places: Sequence[int]
    inputs: Sequence[int]
    wires: Sequence[int]


class Strands:
    """The strands at the end of a program: nothing else reads what they make."""

    def __init__(self, program: Assignments, is_shapeless: Callable[[Named], bool]) -> None:
        self._program, self._is_shapeless = program, is_shapeless
        self._resized = Resized(1)
        # By identity, since labels are shared.
        self._treats: dict[int, bool] = {}
        self._calls: dict[int, int] = {}
        self._spread = spreads(program)

    def groups(self) -> list[list[Strand]]:
        """Strands that differ in the shapes of their arrays alone, where it pays to join them."""
        alike: defaultdict[Hashable, list[Strand]] = defaultdict(list)
        last = self._last()
        if not self._may_pay(last):
            return []
        for places in self._connected(last):
            key, strand = self._strand(places)
            alike[key].append(strand)
        return [strands for strands in alike.values() if self._pays(strands)]

    def _last(self) -> list[int]:
        """The operations on small arrays whose results none but such operations read."""
        elsewhere: set[int] = set()
        last = []
        for place in reversed(range(len(self._program.body))):
            assignment = self._program.body[place]
            if SPREADING.has(assignment.operation) and assignment.results[0] in self._spread:
                continue
            if elsewhere.isdisjoint(assignment.results) and self._takes(assignment):
                last.append(place)
            else:
                elsewhere.update(assignment.operands)
        return last[::-1]

    def _arrays(self, wires: Iterable[int]) -> list[int]:
        types, spread = self._program.types, self._spread
        return [wire for wire in wires if types[wire].shape and wire not in spread]

    def _takes(self, assignment: Assignment) -> bool:
        """Whether an operation works number by number on small arrays of one type."""
        operation, operands, results = assignment
        if not (ROUNDED.has(operation) or NAMED.has(operation)):
            return False
        T, types, spread = self._program.types[results[0]], self._program.types, self._spread
        if not (T.shape and T.size <= SMALL and T.size and T.is_floating):
            return False
        for wire in (*operands, *results):  # types are shared
            U = types[wire]
            if U is not T and U != T and (wire in results or U.shape) and wire not in spread:
                return False
        if ROUNDED.has(operation):
            return True
        if id(operation) not in self._treats:
            self._treats[id(operation)] = self._is_shapeless(operation) and all(
                ROUNDED.has(label) or RELAYING.has(label) or _is_spread(label)
                for label in operation.program.H.x.distinct()[0]
            )
        return self._treats[id(operation)]

    def _connected(self, places: Iterable[int]) -> list[list[int]]:
        """Operations that have arrays in common, together."""
        root: dict[int, int] = {}  # of each wire one that is connected to it

        def end(wire: int) -> int:
            while (further := root.setdefault(wire, wire)) != wire:
                root[wire] = wire = root[further]
            return wire

        arrays = {}
        for place in places:
            assignment = self._program.body[place]
            first, *others = self._arrays((*assignment.results, *assignment.operands))
            arrays[place] = first
            for wire in others:
                root[end(wire)] = end(first)
        together: defaultdict[int, list[int]] = defaultdict(list)
        for place, wire in arrays.items():
            together[end(wire)].append(place)
        return [*together.values()]

    def _strand(self, places: Sequence[int]) -> tuple[Hashable, Strand]:
        """A strand, and what it has in common with those that are alike."""
        numbers: dict[int, int] = {}
        inputs: list[int] = []
        steps = []
        for place in places:
            operation, operands, results = self._program.body[place]
            reads: list[Hashable] = []
            for wire in operands:
                if wire in self._spread:
                    reads.append(self._spread[wire])
                elif not self._program.types[wire].shape:
                    reads.append(("scalar", wire))
                else:
                    if wire not in numbers:
                        inputs.append(wire)
                    reads.append(numbers.setdefault(wire, len(numbers)))
            for wire in results:
                numbers[wire] = len(numbers)
            steps.append((self._resized.label(operation), tuple(reads)))
        T = self._program.types[next(iter(numbers))]
        return (T.dtype, tuple(steps)), Strand(T, places, inputs, [*numbers])

    def _may_pay(self, places: Iterable[int]) -> bool:
        """Whether there is so much to do on each array that it can be worth joining it."""
        assignments = [self._program.body[place] for place in places]
        made = {wire for assignment in assignments for wire in assignment.results}
        read = {wire for assignment in assignments for wire in assignment.operands}
        inputs = self._arrays(read - made)
        parts = made.intersection(self._program.results)
        calls = sum(self._cost(assignment.operation) for assignment in assignments)
        return calls >= FEWER * (JOINED * len(inputs) + PARTED * len(parts)) and calls > 0

    def _pays(self, strands: Sequence[Strand]) -> bool:
        """Whether joining takes so many calls away that it is worth its lines."""
        [first, *_], body, given = strands, self._program.body, {*self._program.results}
        calls = sum(self._cost(body[place].operation) for place in first.places)
        parts = sum(len(given.intersection(strand.wires)) for strand in strands)
        joining = len(first.inputs) * (1 + JOINED * len(strands))
        return FEWER * (calls + joining + PARTED * parts) <= calls * len(strands)

    def _cost(self, operation: object) -> int:
        """How often an operation calls NumPy."""
        if not isinstance(operation, Named):
            return 1
        if id(operation) not in self._calls:
            labels = list(operation.program.H.x)
            self._calls[id(operation)] = sum(ROUNDED.has(label) for label in labels)
        return self._calls[id(operation)]


################################################################################
# Arrays of one number


def spreads(program: Assignments) -> dict[int, tuple[str, Any]]:
    """The arrays that are one number throughout: this number, or the wire that it comes on."""
    found: dict[int, tuple[str, Any]] = {}
    for operation, operands, results in program.body:
        if SPREADING.has(operation) and _is_spread(operation) and program.types[results[0]].shape:
            is_constant = isinstance(operation, ops.Constant)
            found[results[0]] = ("number", operation.x) if is_constant else ("scalar", operands[0])
    return found


def _is_spread(operation: object) -> bool:
    """Whether a result is one number throughout."""
    match operation:
        case ops.Constant():
            return True
        case ops.Broadcast(T, _):
            return T.shape == ()
        case ops.NCopy(N, _):
            return N.shape == ()
    return False
