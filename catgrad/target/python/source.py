"""Static NumPy source: a class of functions, as a person would write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from catgrad.core.functions import Scalar
from catgrad.core.simplify import simplify
from catgrad.core.types import Fixed, NdArrayType
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.kernel.kernel import Kernel
from catgrad.special.definition import Definition, Named, extract_definitions
from catgrad.target.assignments import Assignments
from catgrad.target.python.body import Body
from catgrad.target.python.code import literal
from catgrad.target.python.definitions import Expand, Parts, names_inside
from catgrad.target.python.expressions import Pointwise
from catgrad.target.python.finite import Finite
from catgrad.target.python.giving import Gifts
from catgrad.target.python.helpers import HELPERS
from catgrad.target.python.interface import Function, Functions, as_functions
from catgrad.target.python.joining import joined
from catgrad.target.python.kernels import function_text
from catgrad.target.python.lines import names_in
from catgrad.target.python.names import Names, numeral, require_identifier, snake_case
from catgrad.target.python.naming import Stems
from catgrad.target.python.relations import Relation, Relations, named
from catgrad.target.python.special import PythonOp, python_ops
from catgrad.target.python.text import docstring, indented, signature

FIXED_POINT = """

Arrays hold int64 mantissas. SQ(i,f) marks numbers of i + f bits, sign included, worth
mantissa / 2**f; UQ(i,f) marks those without a sign. Nothing overflows an int64."""

RETURNED = 2**15
"""Bytes of an array of which a few, once freed, are what the allocator of glibc gives back to the
system: 128 KiB at the end of its heap, or a block of that size."""

SUM = "# A product with ones is a sum, at which BLAS is fastest."
MEAN = "# A product with ones is a sum, and one with equal shares a mean; BLAS is fastest at both."

NUMBERS = "# Numbers as arrays, which NumPy reads in less time than numbers of Python."

KEEP_MEMORY = [
    "# Once it has freed a block this large, the allocator of glibc keeps what is freed, and does",
    "# not give it back to the system, only to be given it again, zeroed page by page.",
    "np.empty(31 * 2**20, np.uint8)",
]

CHANGE = "d_"
"""How the name of an argument begins from which changes flow back."""

SHAPED = re.compile(r"np\.(full|zeros|ones|broadcast_to)\(")
"""What in the text of an element-wise function depends on the shape of its arrays."""


def to_source(functions: Functions, class_name: str = "Model") -> str:
    """Python source of a module that holds one class, with a static method for each function.

    The source imports NumPy and nothing else. A method takes arrays and returns a list of arrays.
    Arrays of `Fixed` type are int64 mantissas; each line that makes one says its format.

    >>> from catgrad.core.operation import Add, Multiply
    >>> from catgrad.core.types import Dtype, NdArrayType, obj, op
    >>> T = NdArrayType((3,), Dtype.float32)
    >>> f = (op(Multiply(T)) @ OpenHypergraph.identity(obj(T))) >> op(Add(T))
    >>> source = to_source({"fuse": Function(f, ["x", "y", "z"], ["total"])})
    >>> for line in source.splitlines()[-2:]:
    ...     print(line.strip())
    total = x * y + z
    return [total]
    """
    written = Module.of(functions, class_name)
    if written.callbacks:
        raise CatgradError(
            f"{class_name} calls {', '.join(written.callbacks.values())}, Python code of this "
            f"process, and so has no source that stands alone; use to_python_class, or express "
            f"it by other operations."
        )
    return written.text()


class Module:
    """What the functions of one class share: helpers, tables and definitions, each written once."""

    def __init__(self, functions: Mapping[str, Function], class_name: str) -> None:
        self._functions, self._class_name = functions, class_name
        self._reserved = {*HELPERS, class_name}
        self._helpers: set[str] = set()
        self._bytes = 0
        self._constants: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._tables: dict[tuple[int, ...], str] = {}
        self._definitions: dict[Definition | Kernel, tuple[str, bool]] = {}
        self._bodies: dict[tuple[str, str], str] = {}
        self._apart: set[str] = set()
        self._distinct: set[str] = set()
        self._shapeless: set[Definition] = set()
        self._owned: dict[str, tuple[bool, ...]] = {}
        self._written_over: dict[str, frozenset[int]] = {}
        self._relations: dict[object, Relations] = {}
        self._parts = Parts()
        programs = {name: simplify(f.program) for name, f in functions.items()}
        self._expand = Expand.single(programs.values())
        programs = {name: self._expand.simplified(f) for name, f in programs.items()}
        definitions = extract_definitions(programs.values(), self._expand.known)
        self.finite = Finite(programs.values())
        used = [name for f in functions.values() for name in (*f.argument_names, *f.result_names)]
        inside = names_inside([*programs.values(), *definitions.values()])
        self._names = Names([*HELPERS, class_name, *used, *inside])
        self.callbacks = {
            operation: self._names.new(snake_case(operation.symbol()))
            for operation in python_ops([*programs.values(), *definitions.values()])
        }
        self._reserved |= {*self.callbacks.values()}
        self._methods = [
            self._method(name, f, self._linear(programs[name])) for name, f in functions.items()
        ]

    @classmethod
    def of(cls, functions: Functions, class_name: str) -> Module:
        """The module with one class that has these functions."""
        require_identifier(class_name)
        return cls(as_functions(functions), class_name)

    # What the functions find around them

    def helper(self, name: str) -> str:
        self._helpers.add(name)
        return name

    def table(self, name: str, entries: tuple[int, ...]) -> str:
        if entries not in self._tables:
            self._tables[entries] = self._names.new(snake_case(name).upper())
        return self._tables[entries]

    def constant(self, name: str, text: str) -> str:
        if text not in self._constants:
            self._constants[text] = self._names.new(snake_case(name).upper())
        return self._constants[text]

    def number(self, T: NdArrayType, role: str, x: Scalar) -> str:
        """The name of a number next to arrays of a type."""
        text = f"np.array({literal(x).text}, np.{T.dtype})"
        if text not in self._numbers:
            self._numbers[text] = self._names.new(f"{role}_{numeral(x)}".upper())
        return self._numbers[text]

    def holds(self, text: str) -> bool:
        """Whether an expression refers to such an array."""
        return not names_in(text).isdisjoint(self._constants.values())

    def constants(self) -> set[str]:
        """The names of such arrays. Of a table there are no views, since numbers look it up."""
        return {*self._constants.values()}

    def is_apart(self, name: str) -> bool:
        """Whether the results of a function share no memory with its arguments."""
        return name in self._apart

    def is_distinct(self, name: str) -> bool:
        """Whether the results of a function share no memory with one another."""
        return name in self._distinct

    def owned(self, name: str) -> tuple[bool, ...]:
        """Which results of a function are arrays of which no part is known outside it."""
        return self._owned.get(name, ())

    def written_over(self, name: str) -> frozenset[int]:
        """The places of the arguments that a function writes over."""
        return self._written_over.get(name, frozenset())

    def note_bytes(self, size: int) -> None:
        """Take note of the size of an array that a function makes."""
        self._bytes = max(self._bytes, size)

    def definition(
        self,
        definition: Definition | Kernel | PythonOp,
        known: Sequence[Relation] = (),
        given: frozenset[int] = frozenset(),
    ) -> tuple[str, bool]:
        if isinstance(definition, PythonOp):
            return self.callbacks[definition], False
        if definition not in self._definitions:
            self._definitions[definition] = (
                self._kernel(definition)
                if isinstance(definition, Kernel)
                else self._define(definition, known, given)
            )
        return self._definitions[definition]

    def relations(self, definition: object) -> Relations:
        """What a definition that is written already tells about its arguments and results."""
        return self._relations.get(definition, Relations())

    def _owned_of(self, operation: object) -> tuple[bool, ...]:
        """Which results of a definition, as far as it is written, are such arrays."""
        name, _ = self._definitions.get(operation, ("", False))  # type: ignore[call-overload]
        return self.owned(name)

    def _linear(self, f: OpenHypergraph) -> Assignments:
        """A program in straight-line form, the functions that it calls written already.

        So its variables can keep clear of their names.
        """
        program = self._parts.needed(Assignments.of(f))
        known: dict[int, Relation] = {}
        gifts = Gifts(program)
        written: dict[int, Relations | None] = {}  # by identity, since labels are shared
        for operation, operands, results in program.body:
            if id(operation) not in written:
                written[id(operation)] = None
                if isinstance(operation, Definition | Kernel):
                    relations = [known.get(wire, Relation()) for wire in operands]
                    given = gifts.places(operation, self._owned_of)
                    self.definition(operation, relations, given)
                    written[id(operation)] = self.relations(operation)
            if found := written[id(operation)]:
                for wire, relation in zip(operands, found.arguments, strict=False):
                    known.setdefault(wire, relation)
                known.update(zip(results, found.results, strict=False))
        return program

    # Text

    def text(self) -> str:
        """The source."""
        tables = [
            f"{name} = np.array([{', '.join(map(str, entries))}])"
            for entries, name in self._tables.items()
        ]
        helpers = [HELPERS[name].strip() for name in HELPERS if name in self._helpers]
        definitions = []
        for (_, body), name in self._bodies.items():
            first, _, rest = f"def {name}{body}".partition("\n")
            definitions.append("\n".join([*indented([first], 0), rest]))
        methods = "\n\n".join(self._methods) or "    pass"
        blocks = [*helpers, *definitions, f"class {self._class_name}:\n{methods}"]
        head = docstring(self._summary())
        used = any("np." in block for block in blocks) or self._bytes >= RETURNED
        if tables or self._constants or self._numbers or used:
            head += ["", "import numpy as np"]
        if self._bytes >= RETURNED:
            head += ["", *KEEP_MEMORY]
        if self._numbers:
            numbers = [f"{name} = {text}" for text, name in self._numbers.items()]
            head += ["", *indented([NUMBERS, *numbers], 0)]
        if tables or self._constants:
            constants = [f"{name} = {text}" for text, name in self._constants.items()]
            sums = [i for i, line in enumerate(constants) if line.startswith(("ONES_", "MEAN_"))]
            if sums:
                means = any(constants[i].startswith("MEAN_") for i in sums)
                constants.insert(sums[0], MEAN if means else SUM)
            head += ["", *indented([*tables, *constants], 0)]
        return "\n\n\n".join(["\n".join(head), *blocks]) + "\n"

    def _summary(self) -> str:
        summary = f"{self._class_name}: {', '.join(self._functions)}, as static NumPy programs."
        programs = [f.program for f in self._functions.values()]
        if any(
            isinstance(T.dtype, Fixed) for program in programs for T in program.H.w.distinct()[0]
        ):
            summary += FIXED_POINT
        return summary

    def _method(self, name: str, f: Function, program: Assignments) -> str:
        """A static method of the class."""
        arguments = f.argument_names
        names = Names([*self._reserved, *arguments])
        seeds = [i for i, argument in enumerate(f.arguments) if argument in f.seeds]
        stems = Stems(program, arguments, f.result_names, seeds, relations=self.relations)
        if found := joined(program, stems.stems, self._shapeless.__contains__):
            program = found.program
            for new, origin in found.origins.items():
                self._definitions[new] = self._definitions[origin]
            stems = Stems(
                program, arguments, f.result_names, seeds, (), self.relations, found.names
            )
        body = Body(name, program, stems, names, self, is_method=True)
        lines, results = body.lines(body.returned_names())
        described = signature(
            list(zip(arguments, f.program.source, strict=True)),
            [
                (name, T)
                for name, T in zip(f.result_names or results, f.program.target, strict=True)
            ],
        )
        lines = [*docstring(described), *lines, f"return [{', '.join(results)}]"]
        head = ["@staticmethod", f"def {name}({', '.join(arguments)}):"]
        return "\n".join([*indented(head, 4), *indented(lines, 8)])

    def _define(
        self, definition: Definition, known: Sequence[Relation], given_away: frozenset[int]
    ) -> tuple[str, bool]:
        """A function for a definition, and whether it works element by element.

        Definitions that come out alike share one. It may write over arguments that are given away.
        """
        arrow = self._expand.known.get(definition) or definition.arrow()
        arrow = self._expand.simplified(simplify(arrow))
        program = self._linear(arrow)
        given = definition if isinstance(definition, Named) else None
        f = Function(arrow)
        if given:
            f = Function(arrow, named(given.arguments, known), given.results)
        arguments, results = f.argument_names, f.result_names
        seeds = [i for i, name in enumerate(f.arguments) if name.startswith(CHANGE)]
        stem, one = snake_case(definition.symbol()), len(program.results) == 1
        names = Names([*self._reserved, *arguments])
        stems = Stems(program, arguments, results, seeds, known, self.relations)
        largest = self._expand.largest(definition)
        body = Body(
            stem, program, stems, names, self, one or not results, False, largest, given_away
        )
        returned = body.returned_names() if results and not one else body.returned()
        lines, returned = body.lines(returned)
        if given:
            self._relations[definition] = stems.relations(results, returned)
        lines.append(f"return {', '.join(returned)}")
        over = [i for i, argument in enumerate(arguments) if argument in body.written_over]
        if over:
            lines = [*docstring(f"Writes over {_listed([arguments[i] for i in over])}."), *lines]
        text = "\n".join([f"({', '.join(arguments)}):", *indented(lines, 4)])
        # A text without shapes is one for every shape.
        shaped = SHAPED.search(text) or self.holds(text)
        if not shaped:
            self._shapeless.add(definition)
        pointwise = not shaped and all(
            self._is_pointwise(assignment.operation) for assignment in program.body
        )
        name = self._named(stem, text)
        self._owned[name] = body.own()
        self._written_over[name] = frozenset(over)
        if body.is_apart():
            self._apart.add(name)
        if body.is_distinct():
            self._distinct.add(name)
        return name, pointwise

    def _kernel(self, kernel: Kernel) -> tuple[str, bool]:
        """A function for a kernel, which wants its arrays in full shape."""
        stem = snake_case(kernel.name)
        return self._named(stem, function_text(kernel, [*self._reserved], self)), False

    def _named(self, stem: str, text: str) -> str:
        """The name of the function that has this text."""
        if (stem, text) not in self._bodies:
            self._bodies[stem, text] = self._names.new(stem)
            self._reserved.add(self._bodies[stem, text])
        return self._bodies[stem, text]

    def _is_pointwise(self, operation: object) -> bool:
        if isinstance(operation, Definition):
            return self.definition(operation)[1]
        return isinstance(operation, Pointwise)


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
