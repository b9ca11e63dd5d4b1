"""Which fixed-point format each wire of a learner gets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.fixed_form import Formatted, Reach, Recursion, Unrounded, Wrap, Written
from catgrad.bidirectional.functor import Dual, forget
from catgrad.bidirectional.learning import Loss, Rule
from catgrad.core import operation as ops
from catgrad.core.types import BIT, Dtype, Fixed, NdArrayType, op
from catgrad.errors import CatgradError
from catgrad.fixed.constants import exact_array, exact_constant
from catgrad.fixed.exact import exact
from catgrad.fixed.formats import Formats
from catgrad.fixed.numbers import FormatTooNarrow, format_for, representable, typed
from catgrad.fixed.ranges import Calibration, Range, measure
from catgrad.hypergraph import Labels, OpenHypergraph, drivers, order
from catgrad.layers.order import rates
from catgrad.layers.split import Split
from catgrad.layers.steps import Delay
from catgrad.learner import Learner
from catgrad.parameters import array_names
from catgrad.special.memory import Memory

RELAYED = (
    B.Copy,
    B.NCopy,
    B.Broadcast,
    B.Repeat,
    B.NSplit,
    B.NConcatenate,
    B.Reshape,
    B.Permute,
    B.Slice,
    B.Window,
    B.ReLU,
    B.NMax,
    B.ReduceMax,
    B.ReduceMin,
    B.Mask,
    Split,
    Rule,
    Unrounded,
    Recursion,
    Reach,
)
"""Operations whose output numbers are among those of their first input (or 0), and so need no new
format."""

NARROW = (
    ops.Concatenate,
    ops.Maximum,
    ops.Minimum,
    ops.Select,
    ops.Pad,
    ops.Abs,
    ops.Negate,
)
"""Operations whose exact results have few bits more than their operands, if any; where they have
as few as the data, they stay exact."""

WHOLE = (ops.Comparison, ops.ArgMax, ops.OneHot, ops.Iota, ops.Sign, Loss, Wrap, Written)
"""Operations whose results are exact in any case: small integers, and what a loss hands on."""

SUMMED = (
    B.Compose,
    B.MatrixMultiply,
    B.Multiply,
    B.NAdd,
    B.Sum,
    B.ReduceSum,
    B.Add,
    B.Subtract,
)
"""Operations whose results stay exact where nothing but a further sum reads them."""

INT32 = Fixed(32, 0)
"""The numbers of `Dtype.int32`, all of them."""

WRITTEN = (
    ops.Constant,
    ops.Array,
    ops.Concatenate,
    ops.Reshape,
    ops.NCopy,
    ops.Broadcast,
    ops.Copy,
)
"""Operations that arrays of written numbers are made of; these stay as exact as the numbers."""

SUMS = (B.NAdd, B.Sum, B.ReduceSum, B.Add, B.Subtract, Unrounded, Wrap, Formatted)
"""Operations that read sums and products exactly."""


def assign(
    f: OpenHypergraph,
    formats: Formats,
    kept: int,
    given: int = 0,
    memories: Sequence[Memory] = (),
) -> list[NdArrayType]:
    """Give each wire of a float learner its forward and reverse format.

    `f : K ● M ● X ● R → Y ● M` is a model between a learning rule and a loss; the first `kept`
    inputs are `K`, the parameters and the state of the rule, `memories` are those of the arrays
    `M`, and the last `given` inputs are `R`, what the rule is given at each step. The result is the
    type of each node of `f`, with a `Dual` dtype.

    Sums are accumulated exactly: a product or sum that is only added to has the format that
    exactness needs, and the end of the chain is rounded, once.

    What flows in reverse at the inputs `K` are new parameters and states, and at the outputs
    targets, so these wires have the formats of those. What is written to a memory has the format
    that it is read with.
    """
    if formats.profiled not in (None, f.H.w):
        raise CatgradError(
            f"These formats were profiled on another model (its wires are {formats.profiled}, "
            f"those of this one {f.H.w}); profile this model."
        )
    types: list[NdArrayType] = list(f.H.w)
    chosen = dict(formats.wires)
    forward: dict[int, Fixed] = {}
    for position, node in enumerate(f.s.table.tolist()):
        role = formats.weights if position < kept else formats.data
        if kept <= position < kept + len(memories):
            role = memories[position - kept].form or formats.memory or formats.data
        if position >= len(f.s) - given:
            role = formats.given
        stated = position - kept in range(len(memories)) and memories[position - kept].form
        forward[node] = chosen[node].forward if node in chosen and not stated else role
        if not types[node].is_floating:
            forward[node] = _integers(f, node)
    outputs = f.t.table.tolist()[: len(f.t) - len(memories)]
    remembered = _remembered(f, forward, kept, len(memories))
    constants: set[int] = set()
    ordered = order(f).tolist()
    joined = _joined(f, kept, ordered)
    joiner, parts = dict[int, object](), dict[int, list[int]]()  # what joins nodes, and which
    reader = {node: x for i, x in enumerate(f.H.x) for node in f.H.s[i].table.tolist()}
    for i in ordered:
        operation, inputs = f.H.x[i], f.H.s[i].table.tolist()
        sources = [types[k].with_dtype(forward[k]) for k in inputs]
        for place, node in enumerate(f.H.t[i].table.tolist()):
            T, summed = types[node], isinstance(reader.get(node), SUMS)
            if constants.issuperset(inputs) and isinstance(operation, WRITTEN):
                constants.add(node)
            result = chosen[node].forward if node in chosen else formats.data
            if node in joined and isinstance(operation, ops.Concatenate):
                joiner[node], parts[node] = operation, inputs
                result = _hull([forward[k] for k in inputs])
            elif isinstance(operation, Split) and operation.joined == joiner.get(inputs[0]):
                part = parts[inputs[0]][place]
                result = forward[part]
                if part in parts:
                    joiner[node], parts[node] = joiner[part], parts[part]
            elif isinstance(operation, RELAYED):
                result = forward[inputs[0]]
                if isinstance(operation, Rule) and inputs[0] in parts:
                    joiner[node], parts[node] = joiner[inputs[0]], parts[inputs[0]]
            elif isinstance(operation, Formatted):
                result = operation.form
            elif isinstance(operation, ops.Constant):
                result = exact_constant(operation.x, formats.data.fraction)[1]
            elif isinstance(operation, ops.Array):
                result = exact_array(operation.numbers, formats.data.fraction)[1]
            elif isinstance(operation, WHOLE) or not T.is_floating:
                result = _exact(operation, sources, formats)[place].fixed
            elif isinstance(operation, NARROW) or (isinstance(operation, SUMMED) and summed):
                form = _exact(operation, sources, formats)[place].fixed
                if summed or node in constants or form.width <= formats.data.width:
                    result = form
            forward[node] = remembered.get(node, result)
    reverse = {
        node: chosen[node].reverse if node in chosen else formats.gradients for node in forward
    }
    for node in _steps(f):
        if node not in chosen and (finer := formats.weights.fraction - reverse[node].fraction) > 0:
            reverse[node] = Fixed(reverse[node].width + finer, formats.weights.fraction)
    for i, x in enumerate(f.H.x):
        if isinstance(x, Delay):  # which hands gradients on as they come
            forward[int(f.H.s[i].table[1])] = reverse[int(f.H.t[i].table[0])]
    for node in (*f.s.table.tolist()[:kept], *joined):
        reverse[node] = forward[node]
    for node in outputs:
        reverse[node] = formats.targets or (
            chosen[node].reverse if node in chosen else formats.data
        )
    for node in (node for node, T in enumerate(types) if not T.is_floating):
        reverse[node] = forward[node]
    return [T.with_dtype(Dual(forward[i], reverse[i])) for i, T in enumerate(types)]


def _remembered(
    f: OpenHypergraph, forward: dict[int, Fixed], kept: int, memories: int
) -> dict[int, Fixed]:
    """The formats of the wires on which memory is written.

    Where that is an input, or another memory, what reads it takes the format of that.
    """
    reads = f.s.table.tolist()[kept : kept + memories]
    writes = f.t.table.tolist()[len(f.t) - memories :]
    written = dict(zip(reads, writes, strict=True))
    inputs = {*f.s.table.tolist()}
    for read in reads:
        forward[read] = forward[_origin(read, written, inputs)]
    return {write: forward[read] for read, write in written.items() if write not in inputs}


def _origin(read: int, written: dict[int, int], inputs: set[int]) -> int:
    """The input whose numbers a memory holds, if those come through nothing but memories."""
    line = [read]
    while (node := written.get(line[-1])) in inputs:
        if node in line:
            return min(line)
        line.append(node)
    return line[-1]


def _steps(f: OpenHypergraph) -> Iterator[int]:
    """The nodes between two rules, where what flows in reverse is a step for a parameter, and is
    to be no coarser than that."""
    written = {int(f.H.t[i].table[0]) for i, x in enumerate(f.H.x) if isinstance(x, Rule)}
    for i, x in enumerate(f.H.x):
        if isinstance(x, Rule) and (node := int(f.H.s[i].table[0])) in written:
            yield node


def _joined(f: OpenHypergraph, kept: int, ordered: Sequence[int]) -> set[int]:
    """The nodes on which parameters travel together, between the inputs and the rule that takes the
    step: in reverse, new parameters."""
    moves = [i for i in ordered if isinstance(f.H.x[i], ops.Concatenate | ops.Reshape)]
    reads, writes = ({i: side[i].table.tolist() for i in moves} for side in (f.H.s, f.H.t))
    inputs = {*f.s.table.tolist()[:kept]}
    moved = {*inputs}
    for i in moves:
        if moved.issuperset(reads[i]):
            moved.update(writes[i])
    ruled = {int(f.H.s[i].table[0]) for i, x in enumerate(f.H.x) if isinstance(x, Rule)}
    for i in reversed(moves):
        if ruled.issuperset(writes[i]):
            ruled.update(reads[i])
    return (moved & ruled) - inputs


def _hull(forms: Sequence[Fixed]) -> Fixed:
    """The narrowest format that holds all numbers of some formats."""
    fraction = max(form.fraction for form in forms)
    ends = [
        (form.min << fraction - form.fraction, form.max << fraction - form.fraction)
        for form in forms
    ]
    return Fixed.holding(min(lo for lo, _ in ends), max(hi for _, hi in ends), fraction)


def _integers(f: OpenHypergraph, node: int) -> Fixed:
    """The format of integers or bits that a model is given: where they are indices, as many as
    there are rows for them to name, and else all that their dtype has."""
    if f.H.w[node].dtype is Dtype.bool:
        return BIT
    rows = min(_rows(f, node), default=1 << 31)
    return INT32 if rows == 1 << 31 else Fixed.holding(0, max(rows - 1, 0), 0)


def _rows(f: OpenHypergraph, node: int) -> Iterator[int]:
    """Of each operation that reads indices from a node, how many rows these can name."""
    for i, x in enumerate(f.H.x):
        reads = f.H.s[i].table.tolist()
        if node in reads and isinstance(x, RELAYED):
            for written in f.H.t[i].table.tolist():
                yield from _rows(f, written)
        elif isinstance(x, ops.Gather | ops.ScatterAdd):
            index = reads[1] if isinstance(x, ops.Gather) else reads[0]
            if node == index:
                yield x.T.shape[0]
        elif isinstance(x, ops.OneHot) and node in reads:
            yield x.n


def _exact(operation: Any, sources: Sequence[NdArrayType], formats: Formats) -> Labels:
    """The types of the exact results of an operation."""
    return exact(forget(op(operation)), sources, formats.data, formats).target


def check(learner: Learner, formats: Formats, samples: Calibration) -> None:
    """Refuse formats that cannot hold what a float run over `samples` puts on the wires.

    The first wire that does not fit is named, with its range and a format that would do.
    """
    learner = learner.expanded()
    types = assign(learner.whole, formats, learner.kept, len(learner.R), learner.memories)
    for node, (forward, reverse) in enumerate(measure(learner, samples)):
        dual = types[node].dtype
        assert isinstance(dual, Dual)
        _check(value_name(learner, node), forward, dual.forward)
        _check(change_name(learner, node), reverse, dual.reverse)


def _check(name: str, measured: Range, form: Fixed) -> None:
    lo, hi = measured
    if lo <= hi and not representable(lo, hi, form):
        raise FormatTooNarrow(
            f"{name} ranges from {lo:.6g} to {hi:.6g}, but {form} holds "
            f"{form.min * form.step:.6g} to {form.max * form.step:.6g}; "
            f"use {typed(format_for(lo, hi, form.width))}."
        )


def value_name(learner: Learner, node: int) -> str:
    """What an error calls the forward value on a wire of ``learner.whole``."""
    f = learner.whole
    sources, targets = f.s.table.tolist(), f.t.table.tolist()
    if node in sources[: learner.parameters]:
        return f"parameter {array_names(learner.parameter_names)[sources.index(node)]}"
    if node in sources[: learner.kept]:
        return f"state {array_names(learner.kept_names)[sources.index(node)]}"
    before = learner.kept + len(learner.memories)
    if node in sources[:before]:
        return f"memory {learner.memory_names[sources.index(node) - learner.kept]}"
    if node in sources and (given := sources.index(node) - before - len(learner.X)) >= 0:
        return f"the {learner.given_names[given]} of the rule"
    if node in sources:
        return f"input {sources.index(node) - before}"
    if node in targets[: len(learner.L)]:
        return f"prediction {targets.index(node)}"
    if node in targets:
        return f"new memory {learner.memory_names[targets.index(node) - len(learner.L)]}"
    driver = int(drivers(f)[node])
    return f"wire {node}, the result of operation {driver} ({type(f.H.x[driver]).__name__}),"


def change_name(learner: Learner, node: int) -> str:
    """What an error calls that which flows in reverse on a wire of ``learner.whole``."""
    f = learner.whole
    if node in f.s.table.tolist()[: learner.kept]:
        return f"new {value_name(learner, node)}"
    if node in f.t.table.tolist()[: len(learner.L)]:
        return f"target {f.t.table.tolist().index(node)}"
    return f"the gradient at {value_name(learner, node)}"


SLOWEST = 3
"""A rate of ``2**-k`` wants so many more than `k` fraction bits in the weights, at least."""


def rate_notes(learner: Learner, types: Sequence[NdArrayType]) -> tuple[str, ...]:
    """Which parameters have too few fraction bits for their rate, a sentence for each.

    With nearest rounding an update of less than half a unit is lost.
    """
    names = array_names(learner.parameter_names)
    notes = []
    for k, rate in rates(learner.rule).items():
        wanted = math.ceil(-math.log2(abs(rate))) + SLOWEST if rate else 0
        if (fraction := types[k].fixed.fraction) < wanted:
            notes.append(
                f"parameter {names[k]} has {fraction} fraction bits, "
                f"but a rate of {rate:g} wants at least {wanted}; smaller updates are lost"
            )
    return tuple(notes)
