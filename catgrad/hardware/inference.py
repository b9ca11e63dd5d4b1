"""The part of a learner that only predicts."""

from __future__ import annotations

from catgrad.combinators import keep_inputs, keep_outputs
from catgrad.core.operation import Constant
from catgrad.core.simplify import simplify
from catgrad.core.types import op
from catgrad.hypergraph import FiniteFunction, OpenHypergraph
from catgrad.learner import Learner


def inference(program: OpenHypergraph, learner: Learner) -> OpenHypergraph:
    """``P ● X → Y ● P ● early ● late`` of one tick ``K ● X ● Y' ● R → Y ● K' ● early ● late``.

    The parameters leave as they came, and nothing is counted in `late`.
    """
    p, k, x, y = learner.parameters, learner.kept, len(learner.X), len(learner.Y)
    forward = simplify(keep_outputs(program, [*range(y), y + k]))
    forward = keep_inputs(forward, [*range(p), *range(k, k + x)])
    late = op(Constant(program.target[y + k + 1], 0))
    both = forward @ late
    parameters = both.s.table[:p]
    outputs = both.t.table
    order = [*outputs[:y].tolist(), *parameters.tolist(), *outputs[y:].tolist()]
    return OpenHypergraph(both.s, FiniteFunction.of(order, len(both.H.w)), both.H)
