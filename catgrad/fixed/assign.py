"""Which fixed-point format each wire of a learner gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import Dual, forget
from catgrad.core import operation as ops
from catgrad.core.types import BIT, Fixed, NdArrayType, op
from catgrad.errors import CatgradError
from catgrad.fixed.exact import exact, exact_constant
from catgrad.fixed.formats import Formats
from catgrad.fixed.numbers import FormatTooNarrow, format_for, representable, typed
from catgrad.fixed.ranges import Calibration, Range, measure
from catgrad.hypergraph import OpenHypergraph, drivers, order
from catgrad.learner import Learner

RELAYED = (
    B.Copy,
    B.NCopy,
    B.Broadcast,
    B.NSplit,
    B.NConcatenate,
    B.Reshape,
    B.Permute,
    B.ReLU,
    B.SGD,
    B.MSE,
)
"""Operations whose output numbers are among those of their input, and so need no new format."""

SUMMED = (B.Compose, B.MatrixMultiply, B.Multiply, B.NAdd, B.Sum, B.Add, B.Subtract)
"""Operations whose results stay exact where nothing but a further sum reads them."""

SUMS = (B.NAdd, B.Sum, B.Add, B.Subtract)


def assign(f: OpenHypergraph, formats: Formats, parameters: int) -> list[NdArrayType]:
    """Give each wire of a float learner its forward and reverse format.

    `f : P ● X → Y` is a model between a learning rule and a loss; the first `parameters` inputs
    are `P`. The result is the type of each node of `f`, with a `Dual` dtype.

    Sums are accumulated exactly: a product or sum that is only added to has the format that
    exactness needs, and the end of the chain is rounded, once.

    What flows in reverse at the inputs `P` are new parameters, and at the outputs targets, so
    these wires have the formats of those.
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
        role = formats.weights if position < parameters else formats.data
        forward[node] = chosen[node].forward if node in chosen else role
    reader = {node: x for i, x in enumerate(f.H.x) for node in f.H.s[i].table.tolist()}
    for i in order(f).tolist():
        operation, inputs = f.H.x[i], f.H.s[i].table.tolist()
        for node in f.H.t[i].table.tolist():
            if isinstance(operation, RELAYED):
                forward[node] = forward[inputs[0]]
            elif isinstance(operation, ops.Constant):
                forward[node] = exact_constant(operation.x, formats.data.fraction)[1]
            elif isinstance(operation, ops.Gt):
                forward[node] = BIT
            elif isinstance(operation, SUMMED) and isinstance(reader.get(node), SUMS):
                sources = [types[k].with_dtype(forward[k]) for k in inputs]
                [total] = exact(forget(op(operation)), sources, formats.data, formats).target
                forward[node] = total.fixed
            else:
                forward[node] = chosen[node].forward if node in chosen else formats.data
    reverse = {
        node: chosen[node].reverse if node in chosen else formats.gradients for node in forward
    }
    for node in f.s.table.tolist()[:parameters]:
        reverse[node] = forward[node]
    for node in f.t.table.tolist():
        reverse[node] = formats.targets or (
            chosen[node].reverse if node in chosen else formats.data
        )
    return [T.with_dtype(Dual(forward[i], reverse[i])) for i, T in enumerate(types)]


def check(learner: Learner, formats: Formats, samples: Calibration) -> None:
    """Refuse formats that cannot hold what a float run over `samples` puts on the wires.

    The first wire that does not fit is named, with its range and a format that would do.
    """
    types = assign(learner.whole, formats, learner.parameters)
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
        return f"parameter {learner.parameter_names[sources.index(node)]}"
    if node in sources:
        return f"input {sources.index(node) - learner.parameters}"
    if node in targets:
        return f"prediction {targets.index(node)}"
    driver = int(drivers(f)[node])
    return f"wire {node}, the result of operation {driver} ({type(f.H.x[driver]).__name__}),"


def change_name(learner: Learner, node: int) -> str:
    """What an error calls that which flows in reverse on a wire of ``learner.whole``."""
    f = learner.whole
    if node in f.s.table.tolist()[: learner.parameters]:
        return f"new {value_name(learner, node)}"
    if node in f.t.table.tolist():
        return f"target {f.t.table.tolist().index(node)}"
    return f"the gradient at {value_name(learner, node)}"


SLOWEST = 3
"""A rate of ``2**-k`` wants so many more than `k` fraction bits in the weights, at least."""


def rate_notes(learner: Learner, types: Sequence[NdArrayType]) -> tuple[str, ...]:
    """Which parameters have too few fraction bits for their rate, a sentence for each.

    With nearest rounding an update of less than half a unit is lost.
    """
    sources = learner.whole.s.table.tolist()
    notes = []
    for i, x in enumerate(learner.whole.H.x):
        if isinstance(x, B.SGD) and x.rate:
            k = sources.index(int(learner.whole.H.s[i].table[0]))
            wanted = math.ceil(-math.log2(abs(x.rate))) + SLOWEST
            form = types[k].fixed
            if form.fraction < wanted:
                notes.append(
                    f"parameter {learner.parameter_names[k]} has {form.fraction} fraction bits, "
                    f"but a rate of {x.rate:g} wants at least {wanted}; smaller updates are lost"
                )
    return tuple(notes)
