"""From a model, a learning rule and a loss to a class with `predict` and `step`."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from catgrad.bidirectional.functor import rdiff
from catgrad.combinators import Canonical
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.learner import (
    gradients,
    initial_memory,
    initial_state,
    learner,
    parameter_gradients,
    predict,
    step,
)
from catgrad.special.definition import numbered
from catgrad.target.python import Function, to_python_class

__all__ = ["compile_model", "rdiff"]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Meanwhile no garbage in cycles is collected.

    A compiler makes very many small objects and drops hardly any. Each time that they have become
    a quarter more, the collector would look at all of them, and at all others of the process.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_uncollected()
def compile_model(
    model: OpenHypergraph, opt: Canonical, loss: Canonical, report: Sequence[str] = ()
) -> tuple[Any, Labels, ast.Module]:
    """Compile ``model : X → Y`` with its learning rule and loss to static NumPy source.

    Returns a class, the types `P` of the model's parameters, and the source as a syntax tree
    (``ast.unparse`` of which is the source). The methods of the class all return lists:

    - ``predict(*P, *X) -> [*Y]``
    - ``step(*P, *X, *Y) -> [*P]``, the parameters after one step of learning
    - ``rev(*P, *X, *Y) -> [*P, *X]``, the reverse derivative of the model
    - ``rev_p(*P, *X, *Y) -> [*P]``, its part at the parameters
    - ``initial_state() -> [*S]``, the state with which the learning rule begins

    A rule that keeps a state `S`, such as `layers.adam`, or has rates `R` that are given anew at
    each step, makes it ``step(*P, *S, *X, *Y, *R) -> [*P, *S]``. Where `report` names the
    ``"loss"`` or the ``"prediction"`` that the model gave before the step, these follow.

    A model with memory `M`, such as a filter (`catgrad.dsp`), is given it before each sample and
    gives what it is after: ``predict(*P, *M, *X) -> [*Y, *M]``,
    ``step(*P, *S, *M, *X, *Y, *R) -> [*P, *S, *M]``, and `rev` and `rev_p` take it before `X`.

    - ``initial_memory() -> [*M]``, the memory with which the model begins

    The gradient of a step takes the memory for a constant.

    A result that is an argument, or a part of one, may share memory with it. No array is
    returned twice.
    """
    compiled = learner(model, opt, loss)
    learnt = step(compiled, report)
    names, p = list(compiled.parameter_names), compiled.parameters
    states, rates = list(compiled.state_names), list(compiled.given_names)
    memories = list(compiled.memory_names)
    x, y = numbered("x", len(compiled.X)), numbered("y", len(compiled.Y))
    changes = [f"d_{name}" for name in [*names, *x]]
    outputs = numbered("prediction", len(compiled.Y))
    reported = {"loss": ["loss"], "prediction": outputs}
    news = [f"new_{name}" for name in [*names, *states, *memories]]
    new_memories = [f"new_{name}" for name in memories]
    given = [*memories, *x]
    d_y = [f"d_{name}" for name in y]
    news += [output for name in report for output in reported[name]]
    functions = {
        "predict": Function(
            predict(compiled), [*names, *given], [*outputs, *new_memories], learned=p
        ),
        "step": Function(
            learnt, [*names, *states, *given, *y, *rates], news, seeds=y, learned=compiled.kept
        ),
    }

    def rev() -> Function:
        f = gradients(compiled)
        return Function(f, [*names, *given, *d_y], changes, seeds=d_y, learned=p)

    def rev_p() -> Function:
        f = parameter_gradients(compiled)
        return Function(f, [*names, *given, *d_y], changes[:p], seeds=d_y, learned=p)

    if states:
        functions["initial_state"] = Function(initial_state(compiled), [], states)
    if memories:
        functions["initial_memory"] = Function(initial_memory(compiled), [], memories)
    compiled_class, tree = to_python_class(
        functions, "CompiledModel", return_ast=True, later={"rev": rev, "rev_p": rev_p}
    )
    if not states:
        compiled_class.initial_state = staticmethod(list)
    if not memories:
        compiled_class.initial_memory = staticmethod(list)
    return compiled_class, compiled.P, tree
