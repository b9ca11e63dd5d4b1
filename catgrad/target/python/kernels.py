"""Kernels as functions of NumPy.

A nest is a few slices and what is computed of them at once. Where two indices run along one axis,
as in ``x[t + k]``, the one that runs less far is a loop, and what is written is added up:

    def depthwise_fir(x, h):
        y = np.zeros((6, 3), dtype=np.float32)
        for k in range(3):
            y += x[k : k + 6] * h[k]
        return y
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from catgrad.core import operation as ops
from catgrad.core.types import Dtype, Fixed, NdArrayType, Shape
from catgrad.errors import CatgradError
from catgrad.hypergraph import order
from catgrad.kernel.kernel import Kernel, Nest
from catgrad.target.assignments import Assignments
from catgrad.target.python import integers
from catgrad.target.python.code import Code, call, method
from catgrad.target.python.expressions import Site, express, written
from catgrad.target.python.finite import Finite
from catgrad.target.python.helpers import HELPERS
from catgrad.target.python.kernel_products import Factor, contraction
from catgrad.target.python.names import Names
from catgrad.target.python.nouns import noun_of
from catgrad.target.python.slices import places, view
from catgrad.target.python.slices import written as place_written
from catgrad.target.python.text import indented
from catgrad.target.python.values import Value, storage

MOST = 3
"""How many operations of a body a line holds, at most."""


class Surroundings(Protocol):
    """What a function finds around it in its module."""

    def helper(self, name: str) -> str: ...

    def table(self, name: str, entries: tuple[int, ...]) -> str: ...

    @property
    def finite(self) -> Finite: ...


@written.register
def _(operation: Kernel, operands: Sequence[Value], site: Site) -> list[Value]:
    name, _ = site.definition(operation)
    applied = call(name, *(x.full for x in operands))
    return [Value(applied, T, T.shape) for T in operation.target()]


def arguments(kernel: Kernel) -> list[str]:
    """What the function for a kernel calls its arguments."""
    n = len(kernel.sources)
    return Names(HELPERS).claim(kernel.arguments or [f"x{i}" for i in range(n)])


def function_text(kernel: Kernel, taken: Sequence[str], module: Surroundings) -> str:
    """The function for a kernel, from its arguments on; `taken` are names that it must avoid."""
    names = Names([*taken, *arguments(kernel)])
    lines = Writer(kernel, names, module).lines
    return "\n".join([f"({', '.join(arguments(kernel))}):", *indented(lines, 4)])


class Writer:
    """Writes the lines of one function."""

    def __init__(self, kernel: Kernel, names: Names, module: Surroundings) -> None:
        self.kernel, self.names, self.module = kernel, names, module
        self.arguments = arguments(kernel)
        self.lines: list[str] = []
        results = []
        n = len(kernel.targets)
        stems = kernel.results or (["y"] if n == 1 else [f"y{i}" for i in range(n)])
        for number, T in enumerate(kernel.targets):
            nests = [nest for nest in kernel.nests if nest.write.array == number]
            results.append(self._result(stems[number], T, nests))
        self.lines.append(f"return {', '.join(results)}")

    def _result(self, stem: str, T: NdArrayType, nests: Sequence[Nest]) -> str:
        """An expression for one result, all lines that it needs being written."""
        written = [nest for nest in nests if 0 not in nest.extents]
        plans = [Plan(self, nest, T) for nest in written]
        if len(plans) == 1 and plans[0].is_whole:
            return plans[0].whole().text
        name = self.names.new(stem)
        self.lines.append(f"{name} = {_empty(T, written or nests)}")
        for plan in plans:
            plan.write(name)
        return name


def _empty(T: NdArrayType, nests: Sequence[Nest]) -> str:
    """A new array, in which the terms of some nests will be gathered."""
    shape, dtype = T.shape, f"dtype=np.{storage(T)}"
    match nests[0].reduction if nests else "sum":
        case "product":
            return f"np.ones({shape}, {dtype})"
        case "max" | "min" as which:
            return f"np.full({shape}, {_extreme(T, which)}, {dtype})"
        case "sum":
            return f"np.zeros({shape}, {dtype})"
    return f"np.empty({shape}, {dtype})"


def _extreme(T: NdArrayType, which: str) -> str:
    """A number that no number of this type is below, or above."""
    if T.is_floating:
        return "-np.inf" if which == "max" else "np.inf"
    if isinstance(T.dtype, Fixed):
        return str(T.dtype.min if which == "max" else T.dtype.max)
    return f"np.iinfo(np.{storage(T)}).{'min' if which == 'max' else 'max'}"


@dataclass(frozen=True)
class BodySite:
    """The place of one operation of a body."""

    function: str
    wire: str
    result: NdArrayType
    takes_conditions: bool
    module: Surroundings
    masks_infinite: bool = False

    clips_at_zero = False

    @property
    def results(self) -> list[NdArrayType]:
        return [self.result]

    def helper(self, name: str) -> str:
        return self.module.helper(name)

    def table(self, name: str, entries: tuple[int, ...]) -> str:
        return self.module.table(name, entries)

    def constant(self, _name: str, code: Code) -> Code:
        return code

    def once(self, code: Code, _stem: str = "", _is_view: bool = False) -> Code:
        return code

    def is_known(self, _code: Code) -> bool:
        return False

    def rounded(self, code: Code, _form: Fixed) -> Code:
        return code

    def owned(self, _name: str, /) -> tuple[bool, ...]:
        return ()

    def definition(self, definition: Any) -> tuple[str, bool]:
        raise CatgradError(
            f"Kernel '{self.function}' has {definition.symbol()} in its body; "
            f"write the body in operations on single numbers."
        )


class Plan:
    """How one nest is written: which indices are loops, and what runs at once inside them."""

    def __init__(self, writer: Writer, nest: Nest, T: NdArrayType) -> None:
        self.writer, self.nest, self.T = writer, nest, T
        extents = nest.extents
        sources = writer.kernel.sources
        self.reads = [places(read, sources[read.array].shape, extents) for read in nest.reads]
        self.place = places(nest.write, T.shape, extents)
        looped = sorted(set().union(*(p.looped(extents) for p in [*self.reads, self.place])))
        indices = nest.indices or tuple(f"i{k}" for k in range(len(extents)))
        self.loops = {k: writer.names.new(_variable(indices[k])) for k in looped}
        self.indices = indices
        target = place_written(self.place, extents, self.loops)
        self.subscript = target.text
        # The array of the terms has first the axes of what is written, then those summed over.
        self.kept = [index for index in target.indices if index is not None]
        self.summed = [k for k in range(len(extents)) if k not in self.kept and k not in self.loops]
        self.order = [*self.kept, *self.summed]

    @property
    def is_whole(self) -> bool:
        """Whether the nest writes all of its target at once."""
        return not self.loops and not self.subscript

    def whole(self) -> Code:
        """An expression for all of the target."""
        return self._gathered(spreads=False)

    def write(self, name: str) -> None:
        """Write the lines that put the nest's results into the array called `name`."""
        lines, outer = self.writer.lines, len(self.loops)
        for depth, (index, variable) in enumerate(self.loops.items()):
            lines.append(f"{'    ' * depth}for {variable} in range({self.nest.extents[index]}):")
        before = len(lines)
        code = self._gathered(spreads=True)
        lines += self._put(name, code)
        for i in range(before, len(lines)):
            lines[i] = "    " * outer + lines[i]

    def _put(self, name: str, code: Code) -> list[str]:
        place = f"{name}{self.subscript}"
        match self.nest.reduction:
            case "sum":
                return [f"{place} += {code.text}"]
            case "product":
                return [f"{place} *= {code.text}"]
            case "max" | "min" as which:
                whole = place if self.subscript else f"{name}[...]"
                return [f"{whole} = np.{which}imum({place}, {code.text})"]
        return [f"{place if self.subscript else f'{name}[...]'} = {code.text}"]

    def _shape(self, indices: Sequence[int]) -> Shape:
        return tuple(self.nest.extents[index] for index in indices)

    def _gathered(self, spreads: bool) -> Code:
        """The terms at all points inside the loops, reduced to what is written there.

        `spreads`: whether what becomes of the array gives it its shape, as ``+=`` does.
        """
        contraction = self._contraction()
        if contraction is not None:
            return contraction
        term = self._term()
        if not self.summed:
            return term.code if spreads else term.full
        axes = range(len(self.kept), len(self.order))
        arguments = [f"axis={axes[0] if len(axes) == 1 else tuple(axes)}"] if self.kept else []
        name = {"product": "prod"}.get(self.nest.reduction or "", self.nest.reduction or "sum")
        dtype = self.T.dtype
        if dtype is Dtype.bool and name == "sum":
            name = "any"
        if dtype is Dtype.int32 and name in ("sum", "prod"):
            arguments.append("dtype=np.int32")  # NumPy would widen it
        return method(term.full, name, *arguments)

    def _operands(self) -> list[Value]:
        values = []
        for nest_read, read in zip(self.nest.reads, self.reads, strict=True):
            part = view(read, self.nest.extents, self.loops, self.order)
            T = self.writer.kernel.sources[nest_read.array]
            shape = tuple(1 if i is None else self.nest.extents[i] for i in part.indices)
            name = self.writer.arguments[read.array]
            values.append(Value(Code(name + part.text), self._type(T), shape))
        return values

    def _type(self, T: NdArrayType) -> NdArrayType:
        return NdArrayType(self._shape(self.order), T.dtype)

    def _term(self) -> Value:
        """What the body computes, at all points inside the loops at once."""
        body, module = self.nest.body, self.writer.module
        values = dict(zip(body.s.table.tolist(), self._operands(), strict=True))
        readers: dict[int, list[tuple[Any, int]]] = {}
        for i, x in enumerate(body.H.x):
            for port, wire in enumerate(body.H.s[i].table.tolist()):
                readers.setdefault(wire, []).append((x, port))
        result = body.t(0)
        readers.setdefault(result, []).append((None, 0))
        risky = module.finite.risky_masks(Assignments.of(body))
        for i in order(body).tolist():
            operation = body.H.x[i]
            [wire] = body.H.t[i].table.tolist()
            uses = readers.get(wire, [])
            T = self._type(body.H.w[wire])
            noun = noun_of(operation)
            if isinstance(T.dtype, Fixed):
                integers.require_width(self.writer.kernel.name, noun, T.fixed)
            site = BodySite(
                self.writer.kernel.name,
                noun,
                T,
                all(_takes_condition(*use) for use in uses),
                module,
                wire in risky,
            )
            operands = [values[k] for k in body.H.s[i].table.tolist()]
            [value] = express(widened(operation, T.shape), operands, site)
            if value.number is None and (len(uses) > 1 or value.code.operations > MOST):
                value = self._named(noun, value)
            values[wire] = value
        term: Value = values[result]
        return term

    def _named(self, noun: str, value: Value) -> Value:
        name = self.writer.names.new(noun)
        self.writer.lines.append(f"{name} = {value.code.text}")
        return value._replace(code=Code(name))

    def _contraction(self) -> Code | None:
        """A sum of products of two operands, where that is what the nest is."""
        nest, body = self.nest, self.nest.body
        if nest.reduction != "sum" or not self.summed or self.T.dtype is Dtype.bool:
            return None
        kinds = [type(operation) for operation in body.H.x]
        if kinds != [ops.Multiply] or len(nest.reads) != 2:
            return None
        inputs, multiplied = body.s.table.tolist(), body.H.s[0].table.tolist()
        if sorted(multiplied) != sorted(inputs):
            return None
        left, right = (self._factor(inputs.index(wire)) for wire in multiplied)
        return contraction(left, right, self.kept, self.summed, self.indices)

    def _factor(self, j: int) -> Factor:
        """Read `j` as it lies in its array."""
        read = self.reads[j]
        own = [i for along in read.axes for i in along.steps if i not in self.loops]
        part = view(read, self.nest.extents, self.loops, own)
        return Factor(Code(self.writer.arguments[read.array] + part.text), own)


def _variable(name: str) -> str:
    return name if name.isidentifier() else "i"


def _takes_condition(reader: Any, port: int) -> bool:
    """Whether an operation does with truth values what it does with ones and zeros."""
    return (isinstance(reader, ops.Select) and port == 0) or (
        isinstance(reader, ops.Mask) and port == 1
    )


def widened(operation: Any, shape: Shape) -> Any:
    """An operation on single numbers as the same on arrays of some shape."""
    given = {field.name: getattr(operation, field.name) for field in fields(operation)}
    arrays = {
        name: NdArrayType(shape, T.dtype) for name, T in given.items() if isinstance(T, NdArrayType)
    }
    return replace(operation, **arrays)
