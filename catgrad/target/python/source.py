"""Static NumPy source: a class of functions, as a person would write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catgrad.core.simplify import simplify
from catgrad.core.types import Fixed
from catgrad.errors import CatgradError
from catgrad.hypergraph import OpenHypergraph
from catgrad.special.definition import Definition, extract_definitions
from catgrad.target.assignments import Assignments
from catgrad.target.python.body import Body
from catgrad.target.python.expressions import Pointwise
from catgrad.target.python.integers import HELPERS
from catgrad.target.python.names import Names, require_identifier, snake_case
from catgrad.target.python.naming import Stems
from catgrad.target.python.text import docstring, indented, signature

FIXED_POINT = """

Arrays hold int64 mantissas. SQ(i,f) marks numbers of i + f bits, sign included, worth
mantissa / 2**f; UQ(i,f) marks those without a sign. Nothing overflows an int64."""

SHAPED = re.compile(r"np\.(full|broadcast_to)\(")
"""What in the text of an element-wise function depends on the shape of its arrays."""


@dataclass(frozen=True)
class Function:
    """A core program, and what to call its wires.

    - ``arguments``, ``results``: a name for each input and output; repeated ones are numbered
    - ``seeds``: the arguments from which changes flow back through the program, if any do: the
      targets of a training step, say. What is computed from them is named as a gradient.
    """

    program: OpenHypergraph
    arguments: Sequence[str] = ()
    results: Sequence[str] = ()
    seeds: Sequence[str] = ()

    def argument_names(self) -> list[str]:
        """The arguments as the source has them; without names they are x, or x0, x1 and so on."""
        n = len(self.program.s)
        if not self.arguments:
            return ["x"] if n == 1 else [f"x{i}" for i in range(n)]
        return Names(HELPERS).claim(self.arguments)

    def result_names(self) -> list[str]:
        """What the source calls the results, where no argument is called so."""
        return Names(HELPERS).claim(self.results)


Functions = Mapping[str, Function | OpenHypergraph]


def as_functions(functions: Functions) -> dict[str, Function]:
    """Named functions, having checked that they can be methods of a class."""
    checked = {}
    for name, f in functions.items():
        f = f if isinstance(f, Function) else Function(f)
        require_identifier(name)
        if name.startswith("_"):
            raise CatgradError(
                f"A function cannot be called '{name}', since names that begin with an underscore "
                f"are private; choose another name."
            )
        for kind, names, wires in (
            ("argument", f.arguments, f.program.s),
            ("result", f.results, f.program.t),
        ):
            if names and len(names) != len(wires):
                raise CatgradError(
                    f"{name}: the program has {len(wires)} {kind}s, but {len(names)} names were "
                    f"given for them ({', '.join(names)}); give one name for each."
                )
        checked[name] = f
    return checked


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
    require_identifier(class_name)
    return Module(as_functions(functions), class_name).text()


class Module:
    """What the functions of one class share: helpers, tables and definitions, each written once."""

    def __init__(self, functions: Mapping[str, Function], class_name: str) -> None:
        self._functions, self._class_name = functions, class_name
        used = [
            name for f in functions.values() for name in (*f.argument_names(), *f.result_names())
        ]
        self._names = Names([*HELPERS, class_name, *used])
        self._reserved = {*HELPERS, class_name}
        self._helpers: set[str] = set()
        self._tables: dict[tuple[int, ...], str] = {}
        self._definitions: dict[Definition, tuple[str, bool]] = {}
        self._bodies: dict[tuple[str, str], str] = {}
        programs = {name: simplify(f.program) for name, f in functions.items()}
        for definition, arrow in extract_definitions(programs.values()).items():
            self._definitions[definition] = self._define(definition.symbol(), simplify(arrow))
        self._methods = [
            self._method(name, f, Assignments.of(programs[name])) for name, f in functions.items()
        ]

    # What the functions find around them

    def helper(self, name: str) -> str:
        self._helpers.add(name)
        return name

    def table(self, name: str, entries: tuple[int, ...]) -> str:
        if entries not in self._tables:
            self._tables[entries] = self._names.new(snake_case(name).upper())
        return self._tables[entries]

    def definition(self, definition: Definition) -> tuple[str, bool]:
        return self._definitions[definition]

    # Text

    def text(self) -> str:
        """The source."""
        tables = [
            f"{name} = np.array([{', '.join(map(str, entries))}])"
            for entries, name in self._tables.items()
        ]
        helpers = [HELPERS[name].strip() for name in HELPERS if name in self._helpers]
        definitions = [f"def {name}{body}" for (_, body), name in self._bodies.items()]
        methods = "\n\n".join(self._methods) or "    pass"
        blocks = [*helpers, *definitions, f"class {self._class_name}:\n{methods}"]
        head = docstring(self._summary())
        if tables or any("np." in block for block in blocks):
            head += ["", "import numpy as np"]
        if tables:
            head += ["", *indented(tables, 0)]
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
        arguments = f.argument_names()
        names = Names([*self._reserved, *arguments])
        seeds = [i for i, argument in enumerate(f.arguments) if argument in f.seeds]
        stems = Stems(program, arguments, f.result_names(), seeds)
        body = Body(name, program, stems, names, self)
        results = body.named_results()
        described = signature(
            list(zip(arguments, f.program.source, strict=True)),
            list(zip(results, f.program.target, strict=True)),
        )
        lines = [*docstring(described), *body.lines, f"return [{', '.join(results)}]"]
        head = ["@staticmethod", f"def {name}({', '.join(arguments)}):"]
        return "\n".join([*indented(head, 4), *indented(lines, 8)])

    def _define(self, symbol: str, arrow: OpenHypergraph) -> tuple[str, bool]:
        """A function for a definition, and whether it works element by element.

        Definitions that come out alike share one.
        """
        program, arguments = Assignments.of(arrow), Function(arrow).argument_names()
        stem = snake_case(symbol)
        names = Names([*self._reserved, *arguments])
        body = Body(stem, program, Stems(program, arguments, ()), names, self, encloses=True)
        lines = [*body.lines, f"return {', '.join(body.results())}"]
        text = "\n".join([f"({', '.join(arguments)}):", *indented(lines, 4)])
        # A text without shapes is one for every shape.
        pointwise = not SHAPED.search(text) and all(
            self._is_pointwise(assignment.operation) for assignment in program.body
        )
        if (stem, text) not in self._bodies:
            self._bodies[stem, text] = self._names.new(stem)
            self._reserved.add(self._bodies[stem, text])
        return self._bodies[stem, text], pointwise

    def _is_pointwise(self, operation: object) -> bool:
        if isinstance(operation, Definition):
            return self._definitions[operation][1]
        return isinstance(operation, Pointwise)
