"""The body of a function: a program as lines of NumPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from catgrad.core import operation as ops
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType
from catgrad.special.definition import Definition
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python import integers
from catgrad.target.python.code import Code
from catgrad.target.python.expressions import express
from catgrad.target.python.names import Names
from catgrad.target.python.naming import Contraction, Stems
from catgrad.target.python.values import Value

LINE = 72
"""Expressions are folded into one another while the line, unindented, stays as short as this."""

MOST = 3
"""How many operations a line holds, at most, where folding has a choice."""

MOST_ENCLOSED = 6
"""The same in a function that is one formula."""

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

Viewing = ops.NCopy | ops.NSplit | ops.Permute | ops.Reshape


class Surroundings(Protocol):
    """What a function finds around it in its module."""

    def helper(self, name: str) -> str: ...

    def table(self, name: str, entries: tuple[int, ...]) -> str: ...

    def definition(self, definition: Definition) -> tuple[str, bool]: ...


class Body:
    """Writes the lines of one function; for each operation in turn it is the `Site`.

    A value used once, and cheap, waits unwritten until its reader takes it into an expression of
    its own, if that stays short; every other value gets a line and a name. A function that
    ``encloses`` a formula and no more folds further, and returns values without a name.
    """

    def __init__(
        self,
        function: str,
        program: Assignments,
        stems: Stems,
        names: Names,
        module: Surroundings,
        encloses: bool = False,
    ) -> None:
        self.function = function
        self.lines: list[str] = []
        self._program, self._stems, self._names, self._module = program, stems, names, module
        self._encloses = encloses
        self._uses = program.uses()
        self._values: dict[int, Value] = {}
        self._rounded: dict[tuple[object, ...], Code] = {}
        self._roundings = Counter(map(_rounding, program.body))
        for wire in program.arguments:
            T = program.types[wire]
            self._require_width(wire, stems.stems[wire])
            self._values[wire] = Value(Code(stems.stems[wire]), T, T.shape)
        for assignment in program.body:
            self._write(assignment)

    def results(self) -> list[str]:
        """An expression for each result, in full shape."""
        return [self._values[wire].full.text for wire in self._program.results]

    def named_results(self) -> list[str]:
        """A name for each result."""
        for wire in self._stems.results:
            value = self._values[wire]
            if not value.full.is_name:
                self._emit(wire, value.materialised())
        return self.results()

    # What an operation asks of its site

    @property
    def wire(self) -> str:
        return self._stems.name(self._assignment.results[0])

    @property
    def result(self) -> NdArrayType:
        return self._program.types[self._assignment.results[0]]

    @property
    def takes_conditions(self) -> bool:
        [wire] = self._assignment.results
        readers = self._stems.readers.get(wire, [])
        return wire not in self._stems.results and all(
            self._takes_condition(reader, wire) for reader in readers
        )

    @property
    def clips_at_zero(self) -> bool:
        return self._clips_at_zero(self._assignment)

    def helper(self, name: str) -> str:
        return self._module.helper(name)

    def table(self, name: str, entries: tuple[int, ...]) -> str:
        return self._module.table(name, entries)

    def definition(self, definition: Definition) -> tuple[str, bool]:
        return self._module.definition(definition)

    def rounded(self, code: Code, form: Fixed) -> Code:
        key = _rounding(self._assignment)
        if self._roundings[key] == 1:
            return code
        if key not in self._rounded:
            [operand] = self._assignment.operands
            name = self._names.new(f"{self._stems.stems[operand]}_rounded")
            self._line(name, code, form)
            self._rounded[key] = Code(name)
        return self._rounded[key]

    # Lines

    def _write(self, assignment: Assignment) -> None:
        self._assignment = assignment
        for wire in assignment.results:
            self._require_width(wire, self._stems.name(wire))
        results = self._expressed(assignment)
        if len(results) > 1 and isinstance(assignment.operation, Definition):
            self._unpack(assignment.results, results)
            return
        for wire, value in zip(assignment.results, results, strict=True):
            if self._is_free(wire, value) or self._folds(assignment, wire, value):
                self._values[wire] = value
            else:
                self._emit(wire, value)

    def _expressed(self, assignment: Assignment) -> list[Value]:
        """The results, with as many waiting operands folded in as stay readable."""
        operands = assignment.operands
        if isinstance(assignment.operation, Viewing | Contraction | ops.Gt):
            for wire in operands:
                if not self._values[wire].is_condition:
                    self._settle(wire)
        if self._clips_at_zero(assignment):
            operands = operands[:1]
        while True:
            results = express(
                assignment.operation, [self._values[wire] for wire in assignment.operands], self
            )
            waiting = [wire for wire in operands if self._values[wire].code.operations]
            if not waiting or all(
                self._is_readable(wire, value)
                for wire, value in zip(assignment.results, results, strict=True)
            ):
                return results
            self._settle(max(waiting, key=lambda wire: len(self._values[wire].code.text)))

    def _is_readable(self, wire: int, value: Value) -> bool:
        if self._is_fixed(wire):  # where no more is folded than reads well
            return True
        width = len(f"{self._stems.name(wire)} = {value.code.text}")
        most = MOST_ENCLOSED if self._encloses else MOST
        return width <= LINE and value.code.operations <= most

    def _is_free(self, wire: int, value: Value) -> bool:
        """Whether an expression costs nothing, to run or to read, wherever it is repeated."""
        if value.number is not None:
            return True
        if value.code.operations:
            return False
        return self._uses[wire] == 1 or not value.code.text.endswith(")")

    def _folds(self, assignment: Assignment, wire: int, value: Value) -> bool:
        """Whether a value may wait for its reader."""
        if self._encloses and wire in self._stems.results:
            return self._uses[wire] == 1
        if self._uses[wire] != 1 or self._stems.is_telling(wire):
            return False
        [reader] = self._stems.readers[wire]
        if self._clips_at_zero(reader) and wire == reader.operands[1]:
            return True
        if self._is_fixed(wire):
            # Integers have lines of their own, which say their formats. What is counted needs none.
            counts = isinstance(reader.operation, ops.Sum | ops.NAdd)
            return counts and value.is_condition and isinstance(assignment.operation, ops.Gt)
        if isinstance(assignment.operation, Contraction):
            return isinstance(reader.operation, ops.Add)
        return isinstance(assignment.operation, Arithmetic | ops.Gt) and isinstance(
            reader.operation, Enclosing
        )

    def _takes_condition(self, reader: Assignment, wire: int) -> bool:
        """Whether an operation does with truth values what it does with ones and zeros."""
        match reader.operation:
            case ops.Mask():
                return reader.operands[0] != wire
            case ops.Sum() | ops.NAdd():
                # A sum of truth values is an int64, as a sum of mantissas is.
                return self._is_fixed(wire)
            case ops.Gt() as comparison if comparison.T.dtype == comparison.second.dtype == BIT:
                # 1 > bit is the complement.
                one = self._stems.writers.get(reader.operands[0])
                return one is not None and _is_constant(one.operation, 1)
        return False

    def _clips_at_zero(self, assignment: Assignment) -> bool:
        """Whether this is ``Mask(x, x > 0)``, the comparison of no other use: max(x, 0)."""
        if not isinstance(assignment.operation, ops.Mask):
            return False
        x, bits = assignment.operands
        if self._program.types[x].dtype is Dtype.bool:
            return False
        comparison = self._stems.writers.get(bits)
        if not comparison or not isinstance(comparison.operation, ops.Gt) or self._uses[bits] > 1:
            return False
        left, right = comparison.operands
        zero = self._stems.writers.get(right)
        return left == x and zero is not None and _is_constant(zero.operation, 0)

    def _is_fixed(self, wire: int) -> bool:
        return isinstance(self._program.types[wire].dtype, Fixed)

    def _settle(self, wire: int) -> None:
        """Give a value that waits a line of its own."""
        if self._values[wire].code.operations:
            self._emit(wire, self._values[wire])

    def _emit(self, wire: int, value: Value) -> None:
        name = self._names.new(self._stems.name(wire))
        self._line(name, value.code, value.type.dtype)
        self._values[wire] = Value(
            Code(name), value.type, value.shape, is_condition=value.is_condition
        )

    def _unpack(self, wires: Sequence[int], values: Sequence[Value]) -> None:
        """One line for all results of a function."""
        names = [self._names.new(self._stems.name(wire)) for wire in wires]
        self._line(", ".join(names), values[0].code, None)
        for wire, name, value in zip(wires, names, values, strict=True):
            self._values[wire] = Value(Code(name), value.type, value.shape)

    def _line(self, name: str, code: Code, dtype: object) -> None:
        comment = f"  # {dtype}" if isinstance(dtype, Fixed) else ""
        self.lines.append(f"{name} = {code.text}{comment}")

    def _require_width(self, wire: int, name: str) -> None:
        if self._is_fixed(wire):
            integers.require_width(self.function, name, self._program.types[wire].fixed)


def _is_constant(operation: object, value: int) -> bool:
    return isinstance(operation, ops.Constant) and operation.x == value


def _rounding(assignment: Assignment) -> tuple[object, ...]:
    """What distinguishes one rounding from another, its range aside."""
    operation = assignment.operation
    if not isinstance(operation, ops.Requantise | ops.InRange):
        return ()
    return assignment.operands, integers.shift_of(operation), operation.rounding
