"""The body of a function: a program as lines of NumPy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from catgrad.core import operation as ops
from catgrad.core.types import Fixed, NdArrayType
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition
from catgrad.target.assignments import Assignment, Assignments
from catgrad.target.python import folding, integers
from catgrad.target.python.code import Code, Level, method
from catgrad.target.python.conditions import is_clip, takes_condition
from catgrad.target.python.expressions import express
from catgrad.target.python.folding import FUNCTION, Folding
from catgrad.target.python.helpers import HELPERS
from catgrad.target.python.kinds import Kind
from catgrad.target.python.lines import (
    Line,
    augmented,
    names_in,
    reusing_memory,
    without_unread,
)
from catgrad.target.python.names import Names
from catgrad.target.python.naming import Stems
from catgrad.target.python.nouns import Contraction
from catgrad.target.python.numbers import named_numbers
from catgrad.target.python.sharing import Memory
from catgrad.target.python.special import PythonOp
from catgrad.target.python.surroundings import Surroundings
from catgrad.target.python.values import Value
from catgrad.target.python.views import reshaped

Viewing = ops.NCopy | ops.NSplit | ops.Permute | ops.Reshape

SETTLED = Kind(Viewing | Contraction | ops.Gt)
"""Operations whose operands have names."""

MASK, RESHAPE = Kind(ops.Mask), Kind(ops.Reshape)


class Body:
    """Writes the lines of one function; for each operation in turn it is the `Site`.

    A value used once, and cheap, waits unwritten until its reader takes it into an expression of
    its own, if that stays short; every other value gets a line and a name. A function that
    ``encloses`` a formula and no more folds further, and returns values without a name; one that is
    for arrays of several types has lines that suit the `largest`. A method returns no
    array twice, and none that shares memory with the constants of its module.
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
        largest: int | None = None,
        given_away: frozenset[int] = frozenset(),
    ) -> None:
        self.function = function
        self._lines: list[Line] = []
        self._memory = Memory(module.is_apart, module.is_distinct)
        self._inside = {*HELPERS}  # what is not there yet when constants are made
        self._program, self._stems, self._names, self._module = program, stems, names, module
        self._is_method, self._largest = is_method, largest
        self._given_away = {stems.stems[program.arguments[i]]: i for i in given_away}
        self.written_over: set[str] = set()
        self._uses, self._readers = program.uses(), dict(stems.readers)
        self._clips = {
            a.results[0]
            for a in program.body
            if MASK.has(a.operation) and is_clip(a, program.types, stems.writers)
        }
        self._risky = module.finite.risky_masks(program, is_method)
        for assignment in program.body:
            if assignment.results and assignment.results[0] in self._clips:
                _, comparison = assignment.operands
                self._uses[comparison] -= 1
                readers = self._readers[comparison]
                self._readers[comparison] = [a for a in readers if a is not assignment]
        self._values: dict[int, Value] = {}
        self._folding = Folding(
            program, stems, self._uses, self._readers, self._values, encloses, largest
        )
        self._constants, self._owned = self._folding.constants, self._folding.owned
        self._copies: dict[str, str] = {}
        self._rounded: dict[tuple[object, ...], Code] = {}
        self._roundings = Counter(map(_rounding, program.body) if program.is_fixed_point else ())
        for wire in program.arguments:
            T = program.types[wire]
            self._require_width(wire, stems.stems[wire])
            self._values[wire] = Value(Code(stems.stems[wire]), T, T.shape)
        size = max((T.size for T in program.distinct_types if T.shape), default=0)
        self._names_numbers = (
            not is_method and (size if largest is None else largest) >= folding.LARGE
        )
        for assignment in program.body:
            self._write(assignment)

    def lines(self, results: Sequence[str]) -> tuple[list[str], list[str]]:
        """What the function does before it returns its results, which are as `returned`, and what
        it then returns."""
        types, given = self._program.types, self._given()
        own = {name: types[self._program.arguments[i]] for name, i in self._given_away.items()}
        lines = reusing_memory(without_unread(self._lines, results), results, self._largest, own)
        self._module.note_bytes(max((line.bytes for line in lines), default=0))
        self.written_over = {line.place for line in lines} & given
        lines, results = augmented(lines, results, given, self._is_method)
        return [str(line) for line in lines], results

    def returned(self) -> list[str]:
        """An expression for each result, in full shape."""
        results, memory = self._results(), self._memory
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
        memory, given = self._memory, self._given()
        return all(memory.behind(result).isdisjoint(given) for result in self._results())

    def is_distinct(self) -> bool:
        """Whether no two results share memory."""
        return not any(self._memory.repeated(self._results(), set()))

    def own(self) -> tuple[bool, ...]:
        """Which results are arrays of which no part is known outside the function."""
        others = self._given() | self._module.constants()
        return self._memory.own(self._results(), others)

    def _results(self) -> list[Code]:
        return [self._values[wire].full for wire in self._program.results]

    def _given(self) -> set[str]:
        """The names of the arguments."""
        return {self._stems.stems[wire] for wire in self._program.arguments}

    def returned_names(self) -> list[str]:
        """A name for each result."""
        for wire in self._program.results:
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
            takes_condition(reader, wire, self._stems.writers, self._folding.is_fixed(wire))
            for reader in readers
        )

    @property
    def clips_at_zero(self) -> bool:
        return self._assignment.results[0] in self._clips

    @property
    def masks_infinite(self) -> bool:
        return self._assignment.results[0] in self._risky

    def helper(self, name: str) -> str:
        return self._module.helper(name)

    def table(self, name: str, entries: tuple[int, ...]) -> str:
        return self._module.table(name, entries)

    def definition(self, definition: Definition | Kernel | PythonOp) -> tuple[str, bool]:
        return self._module.definition(definition)

    def owned(self, name: str) -> tuple[bool, ...]:
        return self._module.owned(name)

    def constant(self, name: str, code: Code) -> Code:
        return Code(self._module.constant(name, code.text))

    def once(self, code: Code, stem: str = "", is_view: bool = False) -> Code:
        if not code.operations and (not is_view or code.is_name):
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
        if len(results) > 1 and FUNCTION.has(assignment.operation):
            self._unpack(assignment.results, results)
            return
        for wire, value in zip(assignment.results, results, strict=True):
            if self._folding.is_free(wire, value) or self._folding.folds(assignment, wire, value):
                self._values[wire] = value
            else:
                self._emit(wire, value)
        if RESHAPE.has(assignment.operation):
            self._straighten(assignment)

    def _straighten(self, reshape: Assignment) -> None:
        """Let an array that was copied to be reshaped be a view of the copy from now on.

        There its numbers follow each other, so that no one needs to copy it again.
        """
        [wire], [result] = reshape.operands, reshape.results
        x, copy = self._values[wire], self._values[result]
        if self._uses[wire] > 1 and x.permuted and copy.code.text in self._copies.values():
            self._values[wire] = reshaped(copy._replace(reshaped=None), x.type.shape)

    def _expressed(self, assignment: Assignment) -> list[Value]:
        """The results, with as many waiting operands folded in as stay readable."""
        operands = assignment.operands
        if SETTLED.has(assignment.operation):
            for wire in operands:
                if not self._values[wire].is_condition:
                    self._settle(wire)
        if self.clips_at_zero:
            operands = operands[:1]
        while True:
            results = express(assignment.operation, self._operands(assignment), self)
            waiting = [wire for wire in operands if self._values[wire].code.operations]
            if not waiting or all(
                self._folding.is_readable(wire, value)
                for wire, value in zip(assignment.results, results, strict=True)
            ):
                return results
            self._settle(max(waiting, key=lambda wire: len(self._values[wire].code.text)))

    def _operands(self, assignment: Assignment) -> list[Value]:
        """The operands; in a function of large arrays, numbers next to arrays have names."""
        values = [self._values[wire] for wire in assignment.operands]
        if FUNCTION.has(assignment.operation):
            return self._given_to(assignment, values)
        if not self._names_numbers or self._constants.issuperset(assignment.results):
            return values
        if not self.result.is_floating:
            return values
        return named_numbers(
            assignment.operation, values, partial(self._module.number, self.result)
        )

    def _given_to(self, call: Assignment, values: Sequence[Value]) -> list[Value]:
        """The operands of a call, with copies of those that it writes over and others may read."""
        name, _ = self._module.definition(call.operation)
        over = self._module.written_over(name)
        return [
            value.materialised()._replace(code=method(value.full, "copy"))
            if i in over and value.number is None and not self._is_given_away(wire)
            else value
            for i, (wire, value) in enumerate(zip(call.operands, values, strict=True))
        ]

    def _is_given_away(self, wire: int) -> bool:
        """Whether this is an array that the function has made, and a call the only one to read.

        What stands for several wires has other readers, and what NumPy is to broadcast is read
        more than once, or cannot be written to.
        """
        value = self._values[wire]
        is_made = value.code.is_new or self._owned.get(value.code.text) == wire
        return is_made and self._uses[wire] == 1 and value.shape == value.type.shape

    def _settle(self, wire: int) -> None:
        """Give a value that waits a line of its own."""
        if self._values[wire].code.operations:
            self._emit(wire, self._values[wire])

    def _add(self, line: Line) -> None:
        self._lines.append(line)
        self._memory.add(line)
        self._inside.update(line.names)

    def _emit(self, wire: int, value: Value) -> None:
        if wire in self._constants and self._inside.isdisjoint(names_in(value.code.text)):
            constant = self.constant(self._stems.name(wire), value.code)
            self._values[wire] = value._replace(code=constant, number=None)
            return
        name = self._names.new(self._stems.name(wire))
        T, dtype = value.type, value.type.dtype
        array = T if value.shape == T.shape else NdArrayType(value.shape, dtype)
        is_plain = not (value.is_condition or isinstance(dtype, Fixed))
        comment = str(dtype) if isinstance(dtype, Fixed) else ""
        self._add(Line((name,), value.code, array if is_plain else None, comment))
        if value.code.is_new and is_plain and array == T:
            self._owned[name] = wire
        self._values[wire] = value.named(name)

    def _unpack(self, wires: Sequence[int], values: Sequence[Value]) -> None:
        """One line for all results of a function."""
        names = [self._names.new(self._stems.name(wire)) for wire in wires]
        own = self._module.owned(values[0].code.text.partition("(")[0])
        types = tuple(
            value.type if is_own and not self._folding.is_fixed(wire) else None
            for wire, value, is_own in zip(wires, values, own, strict=False)
        )
        self._add(Line(tuple(names), values[0].code, types=types))
        for wire, name, value in zip(wires, names, values, strict=True):
            self._values[wire] = Value(Code(name), value.type, value.shape)
        made = zip(names, wires, types, strict=False)
        self._owned.update({name: wire for name, wire, T in made if T})

    def _require_width(self, wire: int, name: str) -> None:
        if self._folding.is_fixed(wire):
            integers.require_width(self.function, name, self._program.types[wire].fixed)


def _rounding(assignment: Assignment) -> tuple[object, ...]:
    """What distinguishes one rounding from another, its range aside."""
    operation = assignment.operation
    if not isinstance(operation, ops.Requantise | ops.InRange):
        return ()
    return assignment.operands, integers.shift_of(operation), operation.rounding
