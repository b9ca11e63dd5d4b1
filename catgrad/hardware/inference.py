"""The part of a learner that only predicts."""

from __future__ import annotations

from catgrad.combinators import keep_inputs, keep_outputs
from catgrad.core.operation import Constant
from catgrad.core.simplify import simplify
from catgrad.core.types import op
from catgrad.hypergraph import FiniteFunction, OpenHypergraph
from catgrad.learner import Learner


def inference(program: OpenHypergraph, learner: Learner) -> OpenHypergraph:
    """``P ● M ● X → Y ● P ● M' ● early ● late`` of the tick of a learner.

    That is ``K ● M ● X ● Y' ● R → Y ● K' ● M' ● early ● late``. The parameters leave as they came,
    and nothing is counted in `late`.
    """
    p, k, y, m = learner.parameters, learner.kept, len(learner.Y), len(learner.memories)
    forward = simplify(keep_outputs(program, [*range(y), *range(y + k, y + k + m + 1)]))
    forward = keep_inputs(forward, [*range(p), *range(k, k + m + len(learner.X))])
    late = op(Constant(program.target[y + k + m + 1], 0))
    both = forward @ late
    parameters = both.s.table[:p]
    outputs = both.t.table
    order = [*outputs[:y].tolist(), *parameters.tolist(), *outputs[y:].tolist()]
    return OpenHypergraph(both.s, FiniteFunction.of(order, len(both.H.w)), both.H)
