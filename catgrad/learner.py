"""A learner: a model between a learning rule and a loss, and the programs that it is made of.

              ┌──────┐     ┌───────┐     ┌──────┐
  P ──────────┤ rule ├─────┤       │     │      │
              └──────┘     │ model ├─────┤ loss ├── Y
  X ───────────────────────┤       │     │      │
                           └───────┘     └──────┘

Differentiated, the same diagram runs back from right to left: targets enter at `Y`, and new
parameters leave at `P` (Cruttwell et al., "Categorical foundations of gradient-based learning",
arXiv 2103.01931).
"""

from __future__ import annotations

from dataclasses import dataclass

from catgrad.bidirectional.functor import differentiate, forget
from catgrad.combinators import Canonical, identity, keep_outputs
from catgrad.core.simplify import simplify
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.special.parameter import Parameter, factor_parameters


@dataclass(frozen=True)
class Learner:
    """A model with its rule and loss.

    - `model`: ``P ● X → Y`` of B, its parameters factored out.
    - `whole`: ``P ● X → Y`` of B, the model between rule and loss.
    - `parameter_names`: one for each array of `P`.
    """

    model: OpenHypergraph
    whole: OpenHypergraph
    parameter_names: tuple[str, ...]

    @property
    def parameters(self) -> int:
        """How many arrays `P` consists of."""
        return len(self.parameter_names)

    @property
    def P(self) -> Labels:
        """The types of the parameters."""
        return Labels.of(list(self.whole.source)[: self.parameters])

    @property
    def X(self) -> Labels:
        """The types of the inputs."""
        return Labels.of(list(self.whole.source)[self.parameters :])

    @property
    def Y(self) -> Labels:
        """The types of the outputs."""
        return self.whole.target


def learner(model: OpenHypergraph, rule: Canonical, loss: Canonical) -> Learner:
    """Factor the parameters out of a model ``X → Y`` and set it between a rule and a loss."""
    drawn, factored = factor_parameters(model)
    P, X, Y = drawn.target, model.source, model.target
    whole = (rule(P) @ identity(X)) >> factored >> loss(Y)
    names = tuple(x.name for x in drawn.H.x if isinstance(x, Parameter))
    return Learner(factored, whole, names)


def predict(learner: Learner) -> OpenHypergraph:
    """``P ● X → Y`` of C."""
    return simplify(forget(learner.model))


def gradients(learner: Learner) -> OpenHypergraph:
    """``P ● X ● Y' → P' ● X'`` of C, the reverse derivative of the model."""
    f = differentiate(learner.model)
    return simplify(keep_outputs(f, range(len(learner.Y), len(f.target))))


def parameter_gradients(learner: Learner) -> OpenHypergraph:
    """``P ● X ● Y' → P'`` of C."""
    return simplify(keep_outputs(gradients(learner), range(learner.parameters)))


def transition(whole: OpenHypergraph, parameters: int) -> OpenHypergraph:
    """``P ● X ● Y' → Y ● P'`` of C: predict, and learn; one tick of the machine with state `P`.

    `whole` is the `Learner.whole` of a learner, over floats or quantised.
    """
    return simplify(keep_outputs(differentiate(whole), range(len(whole.target) + parameters)))


def step(learner: Learner) -> OpenHypergraph:
    """``P ● X ● Y' → P'`` of C: learn."""
    f = transition(learner.whole, learner.parameters)
    return simplify(keep_outputs(f, range(len(learner.Y), len(f.target))))


def numbered(name: str, count: int) -> list[str]:
    """What generated source calls `count` arrays of one role: ``x``, or ``x_0, x_1, ...``."""
    return [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
