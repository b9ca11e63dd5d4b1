"""Which values wait for their reader, to become a part of its expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catgrad.core import operation as ops
from catgrad.core.types import Fixed
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python.kinds import Kind
from catgrad.target.python.naming import Stems
from catgrad.target.python.nouns import Contraction
from catgrad.target.python.special import PythonOp
from catgrad.target.python.values import Value

LINE = 72
"""Expressions are folded into one another while the line, unindented, stays as short as this."""

MOST = 3
"""How many operations a line holds, at most, where folding has a choice."""

MOST_ENCLOSED = 6
"""The same in a function that is one formula."""

LARGE = 2**12
"""Numbers in an array from which writing over it beats asking for another."""

Arithmetic = (
    ops.Add
    | ops.Subtract
    | ops.Multiply
    | ops.Divide
    | ops.Power
    | ops.Negate
    | ops.Invert
    | ops.Gt
)
"""Operations whose expression may stand inside another."""

Enclosing = Arithmetic | ops.Mask | ops.Sum | ops.NAdd | Definition
"""Operations inside whose expression another may stand."""

ARITHMETIC, ENCLOSING = Kind(Arithmetic), Kind(Enclosing)
SUMMING, CONTRACTION = Kind(ops.Sum | ops.NAdd), Kind(Contraction)
SPREADING = Kind(ops.Broadcast | ops.NCopy | ops.Repeat)
FUNCTION = Kind(Definition | Kernel | PythonOp)


@dataclass
class Folding:
    """What is known of a function while it is written, as far as its lines depend on it.

    - ``uses``, ``readers``: of each wire, as far as they appear in the source
    - ``values``: of the wires so far
    - ``encloses``: whether the function is a formula and no more, which folds further
    - ``largest``: of a function for arrays of several types, whose lines are the same for all, the
      numbers in the largest of these
    - ``constants``: wires that are the same in each call
    - ``owned``: names of arrays that the function has made, of which nobody else knows any part,
      each with the wire that it was made for
    """

    program: Assignments
    stems: Stems
    uses: Counter[int]
    readers: Mapping[int, Sequence[Assignment]]
    values: Mapping[int, Value]
    encloses: bool = False
    largest: int | None = None
    constants: set[int] = field(default_factory=set)
    owned: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for assignment in self.program.body:
            constant = self.constants.issuperset(assignment.operands)
            if constant and not FUNCTION.has(assignment.operation):
                self.constants.update(assignment.results)
        self.constants -= self.stems.results

    def is_fixed(self, wire: int) -> bool:
        """Whether the source has mantissas for a wire."""
        program = self.program
        return program.is_fixed_point and isinstance(program.types[wire].dtype, Fixed)

    def is_readable(self, wire: int, value: Value) -> bool:
        """Whether a line with this value is short enough."""
        if self.is_fixed(wire):  # where no more is folded than reads well
            return True
        width = len(f"{self.stems.name(wire)} = {value.code.text}")
        most = MOST_ENCLOSED if self.encloses else MOST
        return width <= LINE and value.code.operations <= most

    def is_free(self, wire: int, value: Value) -> bool:
        """Whether an expression costs nothing, to run or to read, wherever it is repeated."""
        if value.number is not None or not self.uses[wire]:
            return True
        if value.code.operations:
            return False
        return self.uses[wire] == 1 or not value.code.text.endswith(")")

    def folds(self, assignment: Assignment, wire: int, value: Value) -> bool:
        """Whether a value may wait for its reader."""
        if self.encloses and wire in self.stems.results:
            return self.uses[wire] == 1
        if self.uses[wire] != 1 or wire in self.stems.results:
            return False
        [reader] = self.readers[wire]
        sums = SUMMING.has(reader.operation) and self._is_large(value)
        if value.factors and sums and not self.program.types[reader.results[0]].shape:
            return True  # a scalar product needs no array of the products
        if self.stems.is_telling(wire):
            return False
        if wire in self.constants and not self.constants.issuperset(reader.results):
            return False
        if self.is_fixed(wire):
            # Integers have lines of their own, which say their formats. What is counted needs none.
            counts = SUMMING.has(reader.operation)
            return counts and value.is_condition and isinstance(assignment.operation, ops.Gt)
        if self._is_overwritten(wire, value, reader):
            return False
        if CONTRACTION.has(assignment.operation):
            return isinstance(reader.operation, ops.Add)
        inside, around = assignment.operation, reader.operation
        if not ARITHMETIC.has(inside) or not ENCLOSING.has(around):
            return False
        return not self._frees(assignment, value)

    def _is_large(self, value: Value) -> bool:
        T = value.type
        return (T.size if self.largest is None or not T.shape else self.largest) >= LARGE

    def _is_overwritten(self, wire: int, value: Value, reader: Assignment) -> bool:
        """Whether the reader of a large array can write its result over it, once it has a name.

        Inside an expression NumPy does so for operands of one shape and dtype alone, which a
        number or a row beside the array is not.
        """
        if not value.code.is_new or not self._is_large(value) or value.shape != value.type.shape:
            return False
        types = {self.program.types[wire] for wire in reader.results}
        if types != {value.type} or not ARITHMETIC.has(reader.operation):
            return False
        # One array is enough to write over; the last to be computed is the nearest.
        return not any(
            self.stems.order[other] > self.stems.order[wire]
            and self.uses[other] == 1
            and self.program.types[other] == value.type
            and self._is_made(other)
            for other in reader.operands
        )

    def _is_made(self, wire: int) -> bool:
        """Whether a wire has an array of its own in each call."""
        writer = self.stems.writers.get(wire)
        return wire not in self.constants and not (writer and SPREADING.has(writer.operation))

    def _frees(self, assignment: Assignment, value: Value) -> bool:
        """Whether a line of its own can write a value over a large array that is not read again."""
        if not value.code.ufunc or not self._is_large(value):
            return False
        last = {
            self.values[wire].code.text
            for wire in assignment.operands
            if wire not in self.stems.results and self.readers[wire][-1] is assignment
        }
        return any(x.text in last and x.text in self.owned for x in value.code.operands)
