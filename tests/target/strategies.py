"""Random core programs, small enough to be interpreted and to be read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from catgrad.core import operation as ops
from catgrad.core.operation import Overflow, Rounding
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, obj, op
from catgrad.hypergraph import FiniteFunction, Hypergraph, Labels, OpenHypergraph, SegmentedArray
from catgrad.special.definition import Definition

Draw = Any

shapes = st.sampled_from([(), (3,), (1,), (2, 3), (3, 2), (1, 3), (2, 1), (2, 2, 3), (3, 1, 2)])
formats = st.builds(Fixed, st.integers(1, 8), st.integers(-2, 8), st.booleans())
dtypes = st.sampled_from([Dtype.float32, Dtype.float64, Dtype.int32, Dtype.bool])

WIDE = 20
"""Bits of a mantissa above which a random program only narrows it."""

DEEP = 3
"""Products of products of floats: a quarter of an integer stays exact in float32 through these."""


@dataclass(frozen=True)
class Doubled(Definition):
    """``x + x``, of any shape."""

    T: NdArrayType

    def arrow(self) -> OpenHypergraph:
        return op(ops.Copy(self.T)) >> op(ops.Add(self.T))


@dataclass(frozen=True)
class Summed(Definition):
    """The sum of ``x + x`` over all axes, and ``x`` again."""

    T: NdArrayType

    def arrow(self) -> OpenHypergraph:
        doubled = op(Doubled(self.T))
        [D] = doubled.target
        total = doubled >> op(ops.Sum(NdArrayType((), D.dtype), D))
        return op(ops.Copy(self.T)) >> (total @ OpenHypergraph.identity(obj(self.T)))


@dataclass
class Draft:
    """A program that grows by an operation at a time."""

    wires: list[NdArrayType] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    reads: list[list[int]] = field(default_factory=list)
    writes: list[list[int]] = field(default_factory=list)

    def wire(self, T: NdArrayType, depth: int = 0) -> int:
        self.wires.append(T)
        self.depth.append(depth)
        return len(self.wires) - 1

    def add(self, operation: Any, *operands: int) -> list[int]:
        assert list(operation.source()) == [self.wires[wire] for wire in operands]
        depths = [self.depth[wire] for wire in operands]
        depth = max(depths, default=0)
        if isinstance(operation, ops.Multiply | ops.Compose | ops.MatrixMultiply):
            depth = sum(depths) + 1
        results = [self.wire(T, depth) for T in operation.target()]
        self.labels.append(operation)
        self.reads.append(list(operands))
        self.writes.append(results)
        return results

    def program(self, inputs: list[int], outputs: list[int]) -> OpenHypergraph:
        W = len(self.wires)
        return OpenHypergraph(
            FiniteFunction.of(inputs, W),
            FiniteFunction.of(outputs, W),
            Hypergraph(
                segments(self.reads, W),
                segments(self.writes, W),
                Labels.of(self.wires),
                Labels.of(self.labels),
            ),
        )


def segments(lists: list[list[int]], W: int) -> SegmentedArray[FiniteFunction]:
    sizes = np.array([len(part) for part in lists], dtype=np.int64)
    return SegmentedArray(sizes, FiniteFunction.of([i for part in lists for i in part], W))


@st.composite
def programs(draw: Draw, fixed: bool | None = None, size: int = 12) -> OpenHypergraph:
    """A program over one dtype, or over fixed-point formats."""
    if fixed is None:
        fixed = draw(st.booleans())
    dtype = None if fixed else draw(dtypes)
    draft = Draft()
    inputs = [
        draft.wire(NdArrayType(draw(shapes), dtype or draw(formats)))
        for _ in range(draw(st.integers(1, 3)))
    ]
    steps = FIXED_STEPS if fixed else STEPS
    for _ in range(draw(st.integers(4, size))):
        # Late wires are likely to be read, so that programs are deep as well as wide.
        back = draw(st.integers(0, min(len(draft.wires) - 1, draw(st.sampled_from([2, 30])))))
        draw(st.sampled_from(steps))(draw, draft, len(draft.wires) - 1 - back)
    # Most of what nothing reads is given back, so that little of the program is dead.
    unread = sorted({*range(len(draft.wires))} - {wire for part in draft.reads for wire in part})
    dead = draw(st.sets(st.sampled_from(unread), max_size=2)) if unread else set()
    outputs = [wire for wire in unread if wire not in dead]
    outputs += draw(st.lists(st.integers(0, len(draft.wires) - 1), max_size=2))
    return draft.program(inputs, outputs)


@st.composite
def arguments(draw: Draw, f: OpenHypergraph) -> list[np.ndarray]:
    """Arrays that a program takes: quarters, integers, truth values or mantissas."""
    return [draw(arrays(T)) for T in f.source]


@st.composite
def arrays(draw: Draw, T: NdArrayType) -> np.ndarray:
    match T.dtype:
        case Fixed() as form:
            ends = [form.min, form.max, 0]
            numbers = st.integers(form.min, form.max) | st.sampled_from(ends)
            dtype: Any = np.int64
        case Dtype.float32 | Dtype.float64:
            numbers, dtype = st.integers(-16, 16).map(lambda x: x / 4), np.dtype(str(T.dtype))
        case Dtype.int32:
            # Small, since NumPy warns where single numbers (not arrays) of int32 wrap around.
            numbers, dtype = st.integers(-9, 9), np.int32
        case _:
            numbers, dtype = st.booleans(), np.bool
    flat = draw(st.lists(numbers, min_size=T.size, max_size=T.size))
    return np.array(flat, dtype=dtype).reshape(T.shape)


################################################################################
# Steps: each adds an operation that reads a given wire, or nothing where none fits

Step = Callable[[Draw, Draft, int], None]


def partner(draw: Draw, draft: Draft, wire: int) -> int:
    """A wire to go with another in an element-wise operation: maybe itself, maybe a constant."""
    T = draft.wires[wire]
    fitting = [
        i
        for i, U in enumerate(draft.wires)
        if U.shape == T.shape and (U.dtype == T.dtype or isinstance(T.dtype, Fixed))
    ]
    if draw(st.booleans()):
        return draw(st.sampled_from(fitting))
    return constant(draw, draft, T)


def constant(draw: Draw, draft: Draft, T: NdArrayType) -> int:
    if isinstance(T.dtype, Fixed):
        form = draw(formats)
        x = draw(st.sampled_from([form.min, form.max, 0, 1 if form.max else 0]))
        return draft.add(ops.Constant(T.with_dtype(form), x))[0]
    numbers = [0, 1] if T.dtype is Dtype.bool else [0, 1, -1, 2]
    if T.is_floating:
        numbers += [0.5, 1.0, -0.25]
    return draft.add(ops.Constant(T, draw(st.sampled_from(numbers))))[0]


def is_narrow(draft: Draft, *wires: int) -> bool:
    forms = [draft.wires[wire].dtype for wire in wires]
    return all(form.width <= WIDE for form in forms if isinstance(form, Fixed))


def copy(_draw: Draw, draft: Draft, wire: int) -> None:
    draft.add(ops.Copy(draft.wires[wire]), wire)


def discard(_draw: Draw, draft: Draft, wire: int) -> None:
    draft.add(ops.Discard(draft.wires[wire]), wire)


def elementwise(draw: Draw, draft: Draft, wire: int) -> None:
    other = partner(draw, draft, wire)
    if draw(st.booleans()):
        wire, other = other, wire
    T, U = draft.wires[wire], draft.wires[other]
    kind = draw(st.sampled_from([ops.Add, ops.Subtract, ops.Multiply, ops.Gt]))
    if not is_narrow(draft, wire, other) or (kind is ops.Subtract and T.dtype is Dtype.bool):
        return
    if kind is ops.Multiply and draft.depth[wire] + draft.depth[other] >= DEEP:
        return
    draft.add(kind(T, U), wire, other)


def negate(_draw: Draw, draft: Draft, wire: int) -> None:
    if draft.wires[wire].dtype is not Dtype.bool and is_narrow(draft, wire):
        draft.add(ops.Negate(draft.wires[wire]), wire)


def invert(_draw: Draw, draft: Draft, wire: int) -> None:
    if draft.wires[wire].dtype in (Dtype.int32, Dtype.bool):
        draft.add(ops.Invert(draft.wires[wire]), wire)


def divide(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    if T.is_floating:
        kind, x = draw(st.sampled_from([(ops.Divide, 2), (ops.Divide, 1), (ops.Power, 1)]))
        draft.add(kind(T), wire, draft.add(ops.Constant(T, x))[0])


def mask(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    if is_narrow(draft, wire):
        zero = draft.add(ops.Constant(T, 0))[0]
        [bits] = draft.add(ops.Gt(T), wire, zero)
        masked = draw(st.sampled_from([wire, zero]) | st.just(wire))
        for _ in range(draw(st.integers(1, 2))):
            draft.add(ops.Mask(T), masked, bits)


def mask_by_constant(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    bits = draft.add(ops.Constant(ops.Mask(T).bits, draw(st.sampled_from([0, 1]))))
    draft.add(ops.Mask(T), wire, *bits)


def split_shape(draw: Draw, T: NdArrayType) -> tuple[NdArrayType, NdArrayType]:
    at = draw(st.integers(0, len(T.shape)))
    return NdArrayType(T.shape[:at], T.dtype), NdArrayType(T.shape[at:], T.dtype)


def spread(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    N = NdArrayType(draw(st.lists(st.integers(1, 3), max_size=2).map(tuple)), T.dtype)
    if len(T.shape) < 4:
        draft.add(draw(st.sampled_from([ops.Broadcast, ops.NCopy]))(T, N), wire)


def total(draw: Draw, draft: Draft, wire: int) -> None:
    first, second = split_shape(draw, draft.wires[wire])
    kind = draw(st.sampled_from([ops.Sum, ops.NAdd, ops.NMax]))
    if is_narrow(draft, wire):
        draft.add(kind(second, first) if kind is ops.Sum else kind(first, second), wire)


def split(_draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    if T.shape:
        draft.add(ops.NSplit(NdArrayType(T.shape[:-1], T.dtype), T.shape[-1]), wire)


def stack(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    fitting = [i for i, U in enumerate(draft.wires) if T == U]
    parts = draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=3))
    if len(T.shape) < 4:
        draft.add(ops.NConcatenate(T, len(parts)), *parts)


def reshape(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    shape = draw(st.sampled_from([(T.size,), (1, T.size), (T.size, 1), T.shape[::-1], T.shape]))
    draft.add(ops.Reshape(T, NdArrayType(shape, T.dtype)), wire)


def permute(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    order = draw(st.permutations(range(len(T.shape))))
    draft.add(ops.Permute(T, tuple(order)), wire)


def compose(draw: Draw, draft: Draft, wire: int) -> None:
    A, B = split_shape(draw, draft.wires[wire])
    fitting = [
        i
        for i, U in enumerate(draft.wires)
        if U.shape[: len(B.shape)] == B.shape and (isinstance(U.dtype, Fixed) or U.dtype == A.dtype)
    ]
    if not fitting:
        return
    other = draw(st.sampled_from(fitting))
    U = draft.wires[other]
    C = NdArrayType(U.shape[len(B.shape) :], U.dtype)
    small = len(A.shape) + len(C.shape) <= 4 and draft.depth[wire] + draft.depth[other] < DEEP
    if small and is_narrow(draft, wire, other):
        draft.add(ops.Compose(A, B, C), wire, other)


def multiply(_draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    if len(T.shape) < 2 or not is_narrow(draft, wire) or 2 * draft.depth[wire] >= DEEP:
        return
    *n, a, b = T.shape
    order = (*range(len(n)), len(n) + 1, len(n))
    [other] = draft.add(ops.Permute(T, order), wire)
    N, A, B = (NdArrayType(tuple(shape), T.dtype) for shape in (n, [a], [b]))
    draft.add(ops.MatrixMultiply(N, A, B, A), wire, other)


def define(draw: Draw, draft: Draft, wire: int) -> None:
    if is_narrow(draft, wire):
        draft.add(draw(st.sampled_from([Doubled, Summed]))(draft.wires[wire]), wire)


def requantise(draw: Draw, draft: Draft, wire: int) -> None:
    T, form = draft.wires[wire], draw(formats)
    rounding = draw(st.sampled_from(Rounding))
    if draw(st.booleans()):
        draft.add(ops.Requantise(T, form, rounding, draw(st.sampled_from(Overflow))), wire)
    if draw(st.booleans()):
        draft.add(ops.InRange(T, form, rounding), wire)


def mask_in_range(draw: Draw, draft: Draft, wire: int) -> None:
    T, form = draft.wires[wire], draw(formats)
    [bits] = draft.add(ops.InRange(T, form), wire)
    draft.add(ops.Mask(T), wire, bits)
    if draw(st.booleans()):
        ones = T.with_dtype(draw(st.sampled_from([BIT, BIT, Fixed(3, 1), Fixed(1, -1, False)])))
        one = draft.add(ops.Constant(ones, 1))
        outside = draft.add(ops.Gt(ones, T.with_dtype(BIT)), *one, bits)
        draft.add(ops.Sum(NdArrayType((), BIT), T.with_dtype(BIT)), *outside)


def look_up(draw: Draw, draft: Draft, wire: int) -> None:
    T = draft.wires[wire]
    if T.fixed.width <= 4:
        form, n = draw(formats), 1 << T.fixed.width
        entries = draw(st.lists(st.integers(form.min, form.max), min_size=n, max_size=n))
        draft.add(ops.Lookup(T, form, tuple(entries), "table"), wire)


SHARED_STEPS: list[Step] = [
    copy,
    discard,
    elementwise,
    elementwise,
    negate,
    mask,
    mask_by_constant,
    spread,
    spread,
    total,
    split,
    stack,
    reshape,
    permute,
    permute,
    compose,
    multiply,
    define,
]
STEPS = [*SHARED_STEPS, invert, divide]
FIXED_STEPS = [*SHARED_STEPS, requantise, requantise, mask_in_range, look_up]
