"""The body of a function: a program as lines of NumPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from catgrad.core import operation as ops
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python import integers
from catgrad.target.python.code import Code, Level
from catgrad.target.python.expressions import express
from catgrad.target.python.helpers import HELPERS
from catgrad.target.python.lines import Line, names_in, reusing_memory, without_unread
from catgrad.target.python.names import Names
from catgrad.target.python.naming import Contraction, Stems
from catgrad.target.python.sharing import Memory
from catgrad.target.python.special import PythonOp
from catgrad.target.python.values import Value
from catgrad.target.python.views import reshaped

LINE = 72
"""Expressions are folded into one another while the line, unindented, stays as short as this."""

MOST = 3
"""How many operations a line holds, at most, where folding has a choice."""

MOST_ENCLOSED = 6
"""The same in a function that is one formula."""

LARGE = 2**16
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

Viewing = ops.NCopy | ops.NSplit | ops.Permute | ops.Reshape

Settled = Viewing | Contraction | ops.Gt
"""Operations whose operands have names."""

Summing = ops.Sum | ops.NAdd
Function = Definition | Kernel | PythonOp


class Surroundings(Protocol):
    """What a function finds around it in its module."""

    def helper(self, name: str) -> str: ...

    def table(self, name: str, entries: tuple[int, ...]) -> str: ...

    def constant(self, name: str, text: str) -> str: ...

    def constants(self) -> set[str]: ...

    def is_apart(self, name: str) -> bool: ...

    def is_distinct(self, name: str) -> bool: ...

    def note_bytes(self, size: int) -> None: ...

    def definition(self, definition: Definition | Kernel | PythonOp) -> tuple[str, bool]: ...


class Body:
    """Writes the lines of one function; for each operation in turn it is the `Site`.

    A value used once, and cheap, waits unwritten until its reader takes it into an expression of
    its own, if that stays short; every other value gets a line and a name. A function that
    ``encloses`` a formula and no more folds further, and returns values without a name. A method
    returns no array twice, and none that shares memory with the constants of its module.
    """

    def __init__(
        self,
        function: str,
        program: Assignments,
        stems: Stems,
        names: Names,
        module: Surroundings,
        encloses: bool = False,
        is_method: bool = False,
    ) -> None:
        self.function = function
        self._lines: list[Line] = []
        self._inside = {*HELPERS}  # what is not there yet when constants are made
        self._program, self._stems, self._names, self._module = program, stems, names, module
        self._encloses, self._is_method = encloses, is_method
        self._uses, self._readers = program.uses(), dict(stems.readers)
        self._clips = {a.results[0] for a in program.body if self._is_clip(a)}
        for assignment in program.body:
            if assignment.results and assignment.results[0] in self._clips:
                _, comparison = assignment.operands
                self._uses[comparison] -= 1
                readers = self._readers[comparison]
                self._readers[comparison] = [a for a in readers if a is not assignment]
        self._owned: set[str] = set()
        self._constants: set[int] = set()
        for assignment in program.body:
            computed = not isinstance(assignment.operation, Function)
            if computed and self._constants.issuperset(assignment.operands):
                self._constants.update(assignment.results)
        self._constants -= stems.results
        self._values: dict[int, Value] = {}
        self._copies: dict[str, str] = {}
        self._rounded: dict[tuple[object, ...], Code] = {}
        self._roundings = Counter(map(_rounding, program.body) if program.is_fixed_point else ())
        for wire in program.arguments:
            T = program.types[wire]
            self._require_width(wire, stems.stems[wire])
            self._values[wire] = Value(Code(stems.stems[wire]), T, T.shape)
        for assignment in program.body:
            self._write(assignment)

    def lines(self) -> list[str]:
        """What the function does before it returns its results."""
        results = self.returned()
        lines = reusing_memory(without_unread(self._lines, results), results)
        self._module.note_bytes(max((line.bytes for line in lines), default=0))
        return [str(line) for line in lines]

    def returned(self) -> list[str]:
        """An expression for each result, in full shape."""
        results, memory = self._results(), self._memory()
        constants = self._module.constants()
        if self._is_method:  # whose caller may write to what it is given
            repeated = memory.repeated(results, constants, self._given())
        else:
            repeated = [not memory.behind(result).isdisjoint(constants) for result in results]
        return [
            f"{result.at(Level.ATOM)}.copy()" if shares else result.text
            for result, shares in zip(results, repeated, strict=True)
        ]

    def is_apart(self) -> bool:
        """Whether no result shares memory with an argument."""
        memory, given = self._memory(), self._given()
        return all(memory.behind(result).isdisjoint(given) for result in self._results())

    def is_distinct(self) -> bool:
        """Whether no two results share memory."""
        return not any(self._memory().repeated(self._results(), set()))

    def _results(self) -> list[Code]:
        return [self._values[wire].full for wire in self._program.results]

    def _memory(self) -> Memory:
        return Memory(self._lines, self._module.is_apart, self._module.is_distinct)

    def _given(self) -> set[str]:
        """The names of the arguments."""
        return {self._stems.stems[wire] for wire in self._program.arguments}

    def returned_names(self) -> list[str]:
        """A name for each result."""
        for wire in self._stems.results:
            value = self._values[wire]
            if not value.full.is_name:
                self._emit(wire, value.materialised())
        return self.returned()

    # What an operation asks of its site

    @property
    def wire(self) -> str:
        return self._stems.name(self._assignment.results[0])

    @property
    def result(self) -> NdArrayType:
        return self._program.types[self._assignment.results[0]]

    @property
    def results(self) -> list[NdArrayType]:
        return [self._program.types[wire] for wire in self._assignment.results]

    @property
    def takes_conditions(self) -> bool:
        [wire] = self._assignment.results
        readers = self._readers.get(wire, [])
        return wire not in self._stems.results and all(
            self._takes_condition(reader, wire) for reader in readers
        )

    @property
    def clips_at_zero(self) -> bool:
        return self._assignment.results[0] in self._clips

    def helper(self, name: str) -> str:
        return self._module.helper(name)

    def table(self, name: str, entries: tuple[int, ...]) -> str:
        return self._module.table(name, entries)

    def definition(self, definition: Definition | Kernel | PythonOp) -> tuple[str, bool]:
        return self._module.definition(definition)

    def constant(self, name: str, code: Code) -> Code:
        return Code(self._module.constant(name, code.text))

    def once(self, code: Code, stem: str = "") -> Code:
        if not code.operations:
            return code
        if code.text not in self._copies:
            name = self._copies[code.text] = self._names.new(stem or self.wire)
            self._add(Line((name,), code))
        return Code(self._copies[code.text])

    def is_known(self, code: Code) -> bool:
        return code.text in self._copies

    def rounded(self, code: Code, form: Fixed) -> Code:
        key = _rounding(self._assignment)
        if self._roundings[key] == 1:
            return code
        if key not in self._rounded:
            [operand] = self._assignment.operands
            name = self._names.new(f"{self._stems.stems[operand]}_rounded")
            self._add(Line((name,), code, None, str(form)))
            self._rounded[key] = Code(name)
        return self._rounded[key]

    # Lines

    def _write(self, assignment: Assignment) -> None:
        self._assignment = assignment
        if self._program.is_fixed_point:
            for wire in assignment.results:
                self._require_width(wire, self._stems.name(wire))
        results = self._expressed(assignment)
        if len(results) > 1 and isinstance(assignment.operation, Function):
            self._unpack(assignment.results, results)
            return
        for wire, value in zip(assignment.results, results, strict=True):
            if self._is_free(wire, value) or self._folds(assignment, wire, value):
                self._values[wire] = value
            else:
                self._emit(wire, value)
        if isinstance(assignment.operation, ops.Reshape):
            self._straighten(assignment)

    def _straighten(self, reshape: Assignment) -> None:
        """Let an array that was copied to be reshaped be a view of the copy from now on.

        There its numbers follow each other, so that no one needs to copy it again.
        """
        [wire], [result] = reshape.operands, reshape.results
        x, copy = self._values[wire], self._values[result]
        if self._uses[wire] > 1 and x.permuted and copy.code.text in self._copies.values():
            self._values[wire] = reshaped(replace(copy, reshaped=None), x.type.shape)

    def _expressed(self, assignment: Assignment) -> list[Value]:
        """The results, with as many waiting operands folded in as stay readable."""
        operands = assignment.operands
        if isinstance(assignment.operation, Settled):
            for wire in operands:
                if not self._values[wire].is_condition:
                    self._settle(wire)
        if self.clips_at_zero:
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
        if value.number is not None or not self._uses[wire]:
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
        [reader] = self._readers[wire]
        if wire in self._constants and not self._constants.issuperset(reader.results):
            return False
        if self._is_fixed(wire):
            # Integers have lines of their own, which say their formats. What is counted needs none.
            counts = isinstance(reader.operation, Summing)
            return counts and value.is_condition and isinstance(assignment.operation, ops.Gt)
        if isinstance(assignment.operation, Contraction):
            return isinstance(reader.operation, ops.Add)
        inside, around = assignment.operation, reader.operation
        if not isinstance(inside, Arithmetic) or not isinstance(around, Enclosing):
            return False
        return not self._frees(assignment, value)

    def _frees(self, assignment: Assignment, value: Value) -> bool:
        """Whether a line of its own can write a value over a large array that is not read again."""
        if not value.code.ufunc or value.type.size < LARGE:
            return False
        last = {
            self._values[wire].code.text
            for wire in assignment.operands
            if wire not in self._stems.results and self._readers[wire][-1] is assignment
        }
        return any(x.text in last and x.text in self._owned for x in value.code.operands)

    def _takes_condition(self, reader: Assignment, wire: int) -> bool:
        """Whether an operation does with truth values what it does with ones and zeros."""
        match reader.operation:
            case ops.Mask():
                return reader.operands[0] != wire
            case ops.Select():
                return wire not in reader.operands[1:]
            case ops.Convert():
                return True
            case ops.Sum() | ops.NAdd():
                # A sum of truth values is an int64, as a sum of mantissas is.
                return self._is_fixed(wire)
            case ops.Gt() as comparison if comparison.T.dtype == comparison.second.dtype == BIT:
                # 1 > bit is the complement.
                one = self._stems.writers.get(reader.operands[0])
                return one is not None and _is_constant(one.operation, 1)
        return False

    def _is_clip(self, assignment: Assignment) -> bool:
        """Whether this is ``Mask(x, x > 0)``, that is max(x, 0)."""
        if not isinstance(assignment.operation, ops.Mask):
            return False
        x, bits = assignment.operands
        if self._program.types[x].dtype is Dtype.bool:
            return False
        comparison = self._stems.writers.get(bits)
        if not comparison or not isinstance(comparison.operation, ops.Gt):
            return False
        left, right = comparison.operands
        zero = self._stems.writers.get(right)
        return left == x and zero is not None and _is_constant(zero.operation, 0)

    def _is_fixed(self, wire: int) -> bool:
        return self._program.is_fixed_point and isinstance(self._program.types[wire].dtype, Fixed)

    def _settle(self, wire: int) -> None:
        """Give a value that waits a line of its own."""
        if self._values[wire].code.operations:
            self._emit(wire, self._values[wire])

    def _add(self, line: Line) -> None:
        self._lines.append(line)
        self._inside.update(line.names)

    def _emit(self, wire: int, value: Value) -> None:
        if wire in self._constants and self._inside.isdisjoint(names_in(value.code.text)):
            constant = self.constant(self._stems.name(wire), value.code)
            self._values[wire] = replace(value, code=constant, number=None)
            return
        name = self._names.new(self._stems.name(wire))
        T, dtype = value.type, value.type.dtype
        array = T if value.shape == T.shape else NdArrayType(value.shape, dtype)
        is_plain = not (value.is_condition or isinstance(dtype, Fixed))
        comment = str(dtype) if isinstance(dtype, Fixed) else ""
        self._add(Line((name,), value.code, array if is_plain else None, comment))
        if value.code.is_new and is_plain and array == T:
            self._owned.add(name)
        self._values[wire] = value.named(name)

    def _unpack(self, wires: Sequence[int], values: Sequence[Value]) -> None:
        """One line for all results of a function."""
        names = [self._names.new(self._stems.name(wire)) for wire in wires]
        self._add(Line(tuple(names), values[0].code))
        for wire, name, value in zip(wires, names, values, strict=True):
            self._values[wire] = Value(Code(name), value.type, value.shape)

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
