"""A learner: a model between a learning rule and a loss, and the programs that it is made of.

              ┌──────┐     ┌───────┐     ┌──────┐
  P ──────────┤      ├─────┤       │     │      │
  S, R ───────┤ rule │     │       ├─────┤ loss ├── Y
              └──────┘     │ model │     └──────┘
  M ───────────────────────┤       ├─────────────── M
  X ───────────────────────┤       │
                           └───────┘

Differentiated, the same diagram runs back from right to left: targets enter at `Y`, and new
parameters leave at `P`, and the new state of the rule at `S` (Cruttwell et al., "Categorical
foundations of gradient-based learning", arXiv 2103.01931).

A model with memory `M` reads what it wrote with the sample before, and within one sample that is a
constant: no change enters in reverse at what it writes. So the gradient is the instantaneous one,
which is that of LMS (Widrow and Hoff, 1960). `unroll_time` makes a model of a block of samples,
whose gradient goes back through all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from catgrad.bidirectional.arrays import constant_array
from catgrad.bidirectional.block import expand
from catgrad.bidirectional.functor import differentiate, forget
from catgrad.bidirectional.learning import Loss, Rule
from catgrad.bidirectional.operation import copy
from catgrad.bidirectional.optic import zero_core
from catgrad.bidirectional.wires import Wire, program
from catgrad.combinators import Canonical, applied, identity, keep_inputs, keep_outputs, twist
from catgrad.core.simplify import remove_dead, simplify
from catgrad.core.types import obj
from catgrad.errors import CatgradError
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.hypergraph.boundary import require_program
from catgrad.layers.observed import Observe
from catgrad.layers.order import is_built_in, require_one_step
from catgrad.layers.steps import ClipNorm, Corrections
from catgrad.parameters import array_names
from catgrad.special.memory import Memory, factor_memory
from catgrad.special.parameter import Parameter, factor, factor_parameters
from catgrad.special.state import Drawn, Given, Queue, State


@dataclass(frozen=True)
class Learner:
    """A model with its rule and loss.

    - `model`: ``P ● M ● X → Y ● M`` of B, its parameters and its memory factored out.
    - `rule`: ``P ● S ● R → P`` of B; `S` is its state and `R` what it is given at each step.
    - `loss`: ``Y → L`` of B, `L` the types of the targets.
    - `parameter_names`, `state_names`, `given_names`: one for each array of `P`, `S` and `R`.
    - `memories`: one for each array of `M`.
    - `late`: which arrays of `P ● S` are the queues of a delayed rule.
    """

    model: OpenHypergraph
    rule: OpenHypergraph
    loss: OpenHypergraph
    parameter_names: tuple[str, ...]
    state_names: tuple[str, ...] = ()
    given_names: tuple[str, ...] = ()
    memories: tuple[Memory, ...] = ()
    late: tuple[int, ...] = ()

    @cached_property
    def whole(self) -> OpenHypergraph:
        """``P ● S ● M ● X ● R → L ● M`` of B, the model between rule and loss."""
        given = self.M + self.X
        f = (self.rule @ identity(given)) >> self.model >> (self.loss @ identity(self.M))
        k, r, x = self.kept, len(self.R), len(given)
        return keep_inputs(f, [*range(k), *range(k + r, k + r + x), *range(k, k + r)]) if r else f

    @property
    def parameters(self) -> int:
        """How many arrays `P` consists of."""
        return len(self.parameter_names)

    @property
    def kept(self) -> int:
        """How many arrays are kept from one step to the next, those of `P` and of `S`."""
        return len(self.parameter_names) + len(self.state_names)

    @property
    def memory_names(self) -> tuple[str, ...]:
        """The names of the arrays of `M`."""
        return tuple(memory.name for memory in self.memories)

    @property
    def kept_names(self) -> tuple[str, ...]:
        """The names of the arrays of `P` and `S`."""
        return self.parameter_names + self.state_names

    @property
    def delay(self) -> int:
        """How many steps late the rule gets each gradient, all of its delays together."""
        waiting = sum(self.rule.source[i].size for i in self.late)
        return int(waiting // max(1, sum(T.size for T in self.P)))

    @property
    def P(self) -> Labels:
        """The types of the parameters."""
        return self.rule.target

    @property
    def S(self) -> Labels:
        """The types of the state of the rule."""
        return self.rule.source[self.parameters : self.kept]

    @property
    def R(self) -> Labels:
        """The types of what the rule is given at each step."""
        return self.rule.source[self.kept :]

    @property
    def M(self) -> Labels:
        """The types of the memory."""
        return self.model.source[self.parameters : self.parameters + len(self.memories)]

    @property
    def X(self) -> Labels:
        """The types of the inputs."""
        return self.model.source[self.parameters + len(self.memories) :]

    @property
    def Y(self) -> Labels:
        """The types of the outputs."""
        return self.model.target[: len(self.model.target) - len(self.memories)]

    @property
    def L(self) -> Labels:
        """The types of the targets."""
        return self.loss.target

    def expanded(self) -> Learner:
        """The same learner, each block replaced by its program."""
        return replace(
            self, model=expand(self.model), rule=expand(self.rule), loss=expand(self.loss)
        )


def learner(model: OpenHypergraph, rule: Canonical, loss: Canonical) -> Learner:
    """Factor parameters and memory out of a model ``X → Y``; set it between a rule and a loss."""
    require_program("A model", model)
    memories, with_memory = factor_memory(model)
    drawn, factored = factor_parameters(with_memory)
    names = tuple(x.name for x in drawn.H.x if isinstance(x, Parameter))
    played = _played("learning rule", rule, drawn.target)
    require_one_step(played, array_names(names))
    played_loss = _played("loss", loss, model.target)
    factored_rule, given_names = _factor_rule(played)
    states = [x for x in played.H.x if isinstance(x, State)]
    return Learner(
        factored,
        factored_rule,
        played_loss,
        names,
        _state_names(played, array_names(names)),
        given_names,
        tuple(memories),
        tuple(len(names) + i for i, x in enumerate(states) if isinstance(x, Queue)),
    )


RULES = (Rule, ClipNorm, Corrections)
"""What learning rules are made of."""

ROLES = {"learning rule": (RULES, "layers.sgd(0.1)"), "loss": ((Loss,), "layers.mse")}
"""What the two families of programs that a model is set between are made of, and one of each."""


def _played(role: str, family: Any, A: Labels) -> OpenHypergraph:
    """The rule of these parameters, or the loss of these outputs, refused where it is neither.

    Operations of one's own may be either; those of this package have to be what is asked for.
    """
    kinds, example = ROLES[role]
    f = applied(role, example, family, A)
    found = [x for x in dict.fromkeys(expand(f).H.x) if not isinstance(x, Drawn)]
    [other] = [kinds for name, (kinds, _) in ROLES.items() if name != role]
    others = [x for x in found if isinstance(x, other)]
    if others or (found and not any(isinstance(x, kinds) or not is_built_in(x) for x in found)):
        raise CatgradError(
            f"{type((others or found)[0]).__name__} is no part of a {role}; "
            f"give one such as {example}."
        )
    return f


def _factor_rule(f: OpenHypergraph) -> tuple[OpenHypergraph, tuple[str, ...]]:
    """``f : P → P`` as ``P ● S ● R → P``, and the names of `R`; equal labels of `R` are shared."""
    drawn, factored = factor(f, lambda x: isinstance(x, Drawn))
    P, labels = f.source, list(drawn.H.x)
    if not labels:
        return f, ()
    states = [x for x in labels if isinstance(x, State)]
    given = list(dict.fromkeys(x for x in labels if isinstance(x, Given)))

    def wiring(*wires: Wire) -> list[Wire]:
        p, s, r = wires[: len(P)], iter(wires[len(P) :]), wires[len(P) + len(states) :]
        kept = [next(s) if isinstance(x, State) else r[given.index(x)] for x in labels]
        return [*kept, *p]

    A = P + obj(*(x.T for x in (*states, *given)))
    return program(A, wiring) >> factored, tuple(x.name for x in given)


def _state_names(f: OpenHypergraph, parameter_names: Sequence[str]) -> tuple[str, ...]:
    """What to call each state: after the parameter that it belongs to, if it is one's alone."""
    reader = dict(zip(f.H.s.values, f.H.s.owners.tolist(), strict=True))
    position = {node: k for k, node in enumerate(f.t.table.tolist())}
    names = []
    for i, x in enumerate(f.H.x):
        if isinstance(x, State):
            [node] = f.H.t[i].table.tolist()
            while node in reader and isinstance(f.H.x[reader[node]], Rule):
                [node] = f.H.t[reader[node]].table.tolist()
            owned = node in position
            names.append(f"{parameter_names[position[node]]}_{x.name}" if owned else x.name)
    return tuple(names)


################################################################################
# The programs of C that it is made of


def predict(learner: Learner) -> OpenHypergraph:
    """``P ● M ● X → Y ● M`` of C."""
    return simplify(forget(learner.model))


def gradients(learner: Learner) -> OpenHypergraph:
    """``P ● M ● X ● Y' → P' ● X'`` of C, the reverse derivative of the model."""
    y, p, m, x = len(learner.Y), learner.parameters, len(learner.memories), len(learner.X)
    start = y + m
    changes = [*range(start, start + p), *range(start + p + m, start + p + m + x)]
    return simplify(keep_outputs(instantaneous(learner.model, m), changes))


def parameter_gradients(learner: Learner) -> OpenHypergraph:
    """``P ● M ● X ● Y' → P'`` of C."""
    return remove_dead(keep_outputs(gradients(learner), range(learner.parameters)))


def instantaneous(f: OpenHypergraph, memories: int) -> OpenHypergraph:
    """``f : A → B ● M`` of B differentiated with no change at `M`: ``A ● B' → B ● M ● A'`` of C."""
    both = differentiate(f)
    rest = len(both.source) - memories
    return (identity(both.source[:rest]) @ zero_core(both.source[rest:])) >> both


def transition(whole: OpenHypergraph, kept: int, memories: int = 0) -> OpenHypergraph:
    """``K ● M ● X ● Y' → Y ● K' ● M'`` of C: predict, and learn; one tick of a machine.

    `whole` is the `Learner.whole` of a learner, over floats or quantised; `kept` is the number of
    the arrays `K`, its parameters and the state of its rule, and `memories` that of `M`.
    """
    y, m = len(whole.target) - memories, memories
    positions = [*range(y), *range(y + m, y + m + kept), *range(y, y + m)]
    return simplify(keep_outputs(instantaneous(whole, m), positions))


def initial_state(learner: Learner) -> OpenHypergraph:
    """``I → S`` of C: the state with which the rule begins, which is 0 throughout."""
    return zero_core(learner.S)


def initial_memory(learner: Learner) -> OpenHypergraph:
    """``I → M`` of C: the memory with which the model begins."""
    return forget(
        OpenHypergraph.tensor_list([constant_array(x.T, x.initial) for x in learner.memories])
    )


REPORTS = ("loss", "prediction")
"""What a step can return beside what it learns."""


def step(learner: Learner, report: Sequence[str] = ()) -> OpenHypergraph:
    """``P ● S ● M ● X ● Y' ● R → P' ● S' ● M'`` of C: learn.

    `report` names what else is returned, in this order: the ``"loss"``, a scalar, and the
    ``"prediction"``, which is what the model gave before the step.
    """
    if isinstance(report, str):
        raise CatgradError(f"A report is a list of names, not {report!r}; write [{report!r}].")
    for i, name in enumerate(report):
        if name in report[:i]:
            raise CatgradError(f"A step cannot report {name!r} twice; name it once.")
        if name not in REPORTS:
            raise CatgradError(
                f"A step cannot report {name!r}; name any of {', '.join(map(repr, REPORTS))}."
            )
    k, m, r, y = learner.kept, len(learner.memories), len(learner.R), len(learner.L)
    if report:
        f = simplify(_reporting(learner, report))
    else:
        f = keep_outputs(transition(learner.whole, k, m), range(y, y + k + m))
    given = k + m + len(learner.X)
    order = [*range(given), *range(given + r, given + r + y), *range(given, given + r)]
    return remove_dead(keep_inputs(f, order) if r else f)


################################################################################
# Reports


def _reporting(learner: Learner, report: Sequence[str]) -> OpenHypergraph:
    """``P ● S ● M ● X ● R ● Y' → P' ● S' ● M' ● report``."""
    values, observed = factor(Observe()(learner.loss), lambda x: isinstance(x, Given))
    V, Y = values.target, learner.Y
    if "loss" in report and not V:
        raise CatgradError(
            "The loss has no value to report, since nothing in it is a loss; "
            "use one such as layers.mse."
        )
    # The prediction is an output of its own, from which nothing flows back.
    #
    #   Y ──●────── Y
    #       ╰─┬──────┐
    #   V ────┤ loss ├── L
    #         └──────┘
    seen = twist(Y, V) >> (identity(V) @ copy(Y)) >> (observed @ identity(Y))
    y, m, v, k, x = len(Y), len(learner.memories), len(V), learner.kept, len(learner.X)
    model = learner.model @ identity(V)
    model = keep_outputs(model, [*range(y), *range(y + m, y + m + v), *range(y, y + m)])
    whole = replace(learner, model=model, loss=seen).whole
    f = (identity(whole.source + learner.L) @ zero_core(Y)) >> instantaneous(whole, m)

    changes = 2 * y + m
    start = changes + k + m + x
    kept = [*range(changes, changes + k), *range(2 * y, 2 * y + m)]
    f = keep_outputs(f, [*kept, *range(start, start + v), *range(y, 2 * y)])
    added = program(V, lambda *values: sum(values[1:], values[0])) if v else identity(V)
    k += m
    f = simplify(f >> (identity(f.target[:k]) @ forget(added) @ identity(Y)))
    positions = {"loss": range(k, k + 1), "prediction": range(len(f.t) - y, len(f.t))}
    f = keep_outputs(f, [*range(k), *(i for name in report for i in positions[name])])
    return keep_inputs(f, [*range(k + x), *range(k + x + v, len(f.s))])
