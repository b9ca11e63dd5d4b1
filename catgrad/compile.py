"""From a model, a learning rule and a loss to a class with `predict` and `step`."""

from __future__ import annotations

import ast
from typing import Any

from catgrad.combinators import Canonical
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.learner import gradients, learner, numbered, parameter_gradients, predict, step
from catgrad.target.python import Function, to_python_class


def compile_model(
    model: OpenHypergraph, opt: Canonical, loss: Canonical
) -> tuple[Any, Labels, ast.Module]:
    """Compile ``model : X → Y`` with its learning rule and loss to static NumPy source.

    Returns a class, the types `P` of the model's parameters, and the source as a syntax tree
    (``ast.unparse`` of which is the source). The methods of the class all return lists:

    - ``predict(*P, *X) -> [*Y]``
    - ``step(*P, *X, *Y) -> [*P]``, the parameters after one step of learning
    - ``rev(*P, *X, *Y) -> [*P, *X]``, the reverse derivative of the model
    - ``rev_p(*P, *X, *Y) -> [*P]``, its part at the parameters
    """
    compiled = learner(model, opt, loss)
    names = list(compiled.parameter_names)
    x, y = numbered("x", len(compiled.X)), numbered("y", len(compiled.Y))
    changes = [f"d_{name}" for name in [*names, *x]]
    outputs = numbered("prediction", len(compiled.Y))
    news = [f"new_{name}" for name in names]
    d_y = [f"d_{name}" for name in y]
    functions = {
        "predict": Function(predict(compiled), [*names, *x], outputs),
        "step": Function(step(compiled), [*names, *x, *y], news, seeds=y),
        "rev": Function(gradients(compiled), [*names, *x, *d_y], changes, seeds=d_y),
        "rev_p": Function(
            parameter_gradients(compiled),
            [*names, *x, *d_y],
            changes[: len(names)],
            seeds=d_y,
        ),
    }
    compiled_class, tree = to_python_class(functions, "CompiledModel", return_ast=True)
    return compiled_class, compiled.P, tree
