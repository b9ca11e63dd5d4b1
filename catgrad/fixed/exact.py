"""Core programs over other numbers: the same operations, each exact, on given formats."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

from catgrad.combinators import identity
from catgrad.core import operation as ops
from catgrad.core.types import Fixed, NdArrayType, obj, op
from catgrad.errors import CatgradError
from catgrad.fixed.formats import Formats
from catgrad.hypergraph import Hypergraph, Labels, OpenHypergraph, drivers, order
from catgrad.special.definition import (
    Definition,
    Inline,
    definitions_in,
    extract_definitions,
    inline,
)

WIDEST = 62
"""The most bits of an exact result: what integer NumPy carries, through rounding too."""

GREATEST = 14
"""The most bits before the point that an operand keeps where the exact result has too many bits;
more, where the data have more."""


@dataclass(frozen=True)
class Exactly(Definition):
    """A float operation of C, taken to mean the same thing exactly on arrays of type `sources`.

    A function that has no exact form becomes a table, with results of a format that suits a wire
    of format `result`. Where exactness takes more than `WIDEST` bits, operands are rounded first if
    one of them is `computed` on the way or the operation goes through a table; otherwise the
    numbers of a model's own wires never are.
    """

    operation: object
    sources: tuple[NdArrayType, ...]
    result: Fixed
    formats: Formats
    computed: bool = False

    def source(self) -> Labels:
        return obj(*self.sources)

    def arrow(self) -> OpenHypergraph:
        f = exactly(self.operation, self)
        tabulated = isinstance(self.operation, ops.Divide | ops.Unary)
        if isinstance(self.operation, MOVING) or not (self.computed or tabulated):
            return f
        sources = list(self.sources)
        greatest = max(GREATEST, _whole(self.formats.data) + 4, _whole(self.result) + 4)
        while sources and (bits := _excess(self, sources, f)) > 0 and greatest > 0:
            k = max(range(len(sources)), key=lambda k: _whole(sources[k].fixed))
            finest = _finest(self.operation, sources)
            great = _whole(sources[k].fixed) - greatest
            if great > 0 and sources[k].fixed.width > 2:
                sources[k] = _shortened(sources[k], min(bits, great), 0)
            elif sources[finest].fixed.width > max(greatest, 2):
                # In small steps, so that no operand loses more than the others.
                sources[finest] = _shortened(sources[finest], 0, min(bits, 4))
            else:
                greatest -= 1
            f = exactly(self.operation, replace(self, sources=tuple(sources)))
        pairs = zip(self.sources, sources, strict=True)
        return OpenHypergraph.tensor_list([self.rounded(T, U.fixed) for T, U in pairs]) >> f

    def rounded(self, T: NdArrayType, form: Fixed) -> OpenHypergraph:
        """Change of format; a plain wire where there is none."""
        if T.dtype == form:
            return identity(obj(T))
        return op(Narrowed(T, form, self.formats.rounding, self.formats.overflow))


@dataclass(frozen=True)
class RaisedTo(ops.Power):
    """``x ** y`` where `y` is the same number throughout."""

    exponent: float


@dataclass(frozen=True)
class Raised(ops.Power):
    """``x ** y`` where `x` is the same number throughout."""

    base: float


class Narrowed(ops.Requantise):
    """A change of format that an operand of several steps undergoes on the way."""


def exact(
    f: OpenHypergraph,
    sources: Sequence[NdArrayType],
    result: Fixed,
    formats: Formats,
    computed: Collection[int] = (),
) -> OpenHypergraph:
    """The core program `f`, over floats, as an exact one on `sources` of `Fixed` dtype.

    Formats grow from operation to operation as far as exactness needs. Nothing is rounded but the
    operands of what reads a node in `computed` and needs more than `WIDEST` bits, and the tables
    that stand for non-linear functions.
    """
    types: list[NdArrayType] = list(f.H.w)
    for node, T in zip(f.s.table.tolist(), sources, strict=True):
        types[node] = T
    labels: dict[int, Exactly] = {}
    writers = drivers(f).tolist()
    for i in order(f).tolist():
        reads = f.H.s[i].table.tolist()
        late = any(node in computed for node in reads)
        labels[i] = Exactly(
            _known(f, writers, i), tuple(types[n] for n in reads), result, formats, late
        )
        for node, T in zip(f.H.t[i].table.tolist(), labels[i].target(), strict=True):
            types[node] = T
    x = Labels.of(labels[i] for i in range(len(f.H.x)))
    return inline(OpenHypergraph(f.s, f.t, Hypergraph(f.H.s, f.H.t, Labels.of(types), x)))


def opened(f: OpenHypergraph) -> OpenHypergraph:
    """A program with the definitions expanded that have no exact form of their own.

    Raises ``CatgradError`` where one expands to itself.
    """
    extract_definitions([f])  # which sees to it that there is an end
    while any(_has_to_open(x) for x in definitions_in(f)):
        f = Open()(f)
    return f


class Open(Inline):
    """Puts the program of each such definition in its place, one level deep."""

    def map_operation(self, label: Any) -> OpenHypergraph:
        return label.arrow() if _has_to_open(label) else op(label)


def _has_to_open(x: object) -> bool:
    undefined = exactly.dispatch(type(x)) is exactly.dispatch(object)
    return isinstance(x, Definition) and undefined


def _known(f: OpenHypergraph, writers: Sequence[int], i: int) -> object:
    """Operation `i`, with the constant operand of a power made known to it."""
    x = f.H.x[i]
    if isinstance(x, ops.Power):
        base, exponent = (constant_of(f, writers, node) for node in f.H.s[i].table.tolist())
        if exponent is not None:
            return RaisedTo(x.T, exponent)
        if base is not None:
            return Raised(x.T, base)
    return x


def constant_of(f: OpenHypergraph, writers: Sequence[int], node: int) -> float | None:
    """The number that an array holds throughout, if that is known."""
    if writers[node] < 0:
        return None
    x = f.H.x[writers[node]]
    if isinstance(x, ops.Constant):
        return x.x
    if isinstance(x, MOVING):
        return constant_of(f, writers, int(f.H.s[writers[node]].table[0]))
    return None


def computed_nodes(f: OpenHypergraph, sources: Sequence[bool] = ()) -> set[int]:
    """The nodes of a program that carry what it computes, not what it is given.

    `sources` tells which of its inputs were computed by another program, on the way to this one.
    """
    found = {node for node, late in zip(f.s.table.tolist(), sources, strict=False) if late}
    for i in order(f).tolist():
        moves = isinstance(f.H.x[i], MOVING)
        if not moves or not found.isdisjoint(f.H.s[i].table.tolist()):
            found |= {*f.H.t[i].table.tolist()}
    return found


MOVING = (
    ops.Copy,
    ops.NCopy,
    ops.Broadcast,
    ops.Repeat,
    ops.Reshape,
    ops.Permute,
    ops.Slice,
    ops.Window,
    ops.NSplit,
    ops.Constant,
    ops.Array,
)
"""Operations whose results are numbers that are there already."""

PRODUCTS = (ops.Multiply, ops.Compose, ops.MatrixMultiply, ops.ReduceProduct)
"""Operations to whose results the width of every operand adds."""


def _excess(at: Exactly, sources: Sequence[NdArrayType], f: OpenHypergraph) -> int:
    """How many bits too wide the widest result of an operation is, or its operands aligned.

    A result also has to fit with as many fraction bits as the wire that it may end in.
    """
    forms = [T.fixed for T in f.target]
    if isinstance(at.operation, ops.Elementwise) and not isinstance(at.operation, PRODUCTS):
        forms.append(common([T.fixed for T in sources[-2:]]))
    fraction = at.formats.finest()
    return max((_whole(form) + max(form.fraction, fraction) for form in forms), default=0) - WIDEST


def _whole(form: Fixed) -> int:
    """Bits before the binary point."""
    return form.width - form.fraction


def _shortened(T: NdArrayType, whole: int, fraction: int) -> NdArrayType:
    """An array with fewer bits on either side, of which two at least are left."""
    form = T.fixed
    whole = min(whole, max(form.width - 2, 0))
    fraction = min(fraction, max(form.width - whole - 2, 0))
    short = Fixed(form.width - whole - fraction, form.fraction - fraction, form.signed)
    return T.with_dtype(short)


def _finest(operation: object, sources: Sequence[NdArrayType]) -> int:
    """The operand that has fraction bits to spare."""
    if isinstance(operation, PRODUCTS):
        return max(range(len(sources)), key=lambda k: sources[k].fixed.width)
    return max(range(len(sources)), key=lambda k: sources[k].fixed.fraction)


def common(formats: Sequence[Fixed]) -> Fixed:
    """The narrowest format that holds all numbers of all these.

    >>> str(common([Fixed(8, 4), Fixed(4, 6, signed=False)]))
    'SQ(4,6)'
    """
    fraction = max((form.fraction for form in formats), default=0)
    return Fixed.holding(
        min((form.min << (fraction - form.fraction) for form in formats), default=0),
        max((form.max << (fraction - form.fraction) for form in formats), default=0),
        fraction,
    )


@singledispatch
def exactly(operation: object, at: Exactly) -> OpenHypergraph:
    """The exact form of one operation."""
    name = type(operation).__name__
    raise CatgradError(
        f"{name} has no exact fixed-point form on {', '.join(map(str, at.sources))}; "
        f"write the model without it, or as a function that can be tabulated."
    )
