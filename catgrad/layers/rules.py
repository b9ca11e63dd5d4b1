"""Learning rules: lenses from parameters to parameters, which compose.

Gradients flow through a chain of rules from right to left. What stands at the far left takes the
last step; what stands to the right of it prepares the gradient::

                 ┌─────────┐   ┌───────┐   ┌──────────┐
    P ───────────┤ descend ├───┤ decay ├───┤ momentum ├─── to the model
                 └─────────┘   └───────┘   └──────────┘
    new P ◀── p - rate * g ◀── g + c * p ◀── v = μ v + g ◀── gradient

A rule may keep a state from step to step, and may read inputs that each step is given, such as a
rate that follows a schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from numbers import Integral

from catgrad.bidirectional import learning
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.combinators import Canonical, applied, canonical, identity
from catgrad.core.operation import Scalar
from catgrad.core.types import NdArrayType, TypeMismatch, obj, op, require_numbers
from catgrad.errors import CatgradError
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers import steps
from catgrad.layers.ends import Ends
from catgrad.special.state import Given, Queue, State


@dataclass(frozen=True)
class Rate:
    """A rate that is an input of each step, called `name`."""

    name: str = "rate"


def rate(name: str = "rate") -> Rate:
    """A rate that each step is given, last of its arguments; for schedules.

    Rules that share the name share the input.
    """
    if not isinstance(name, str):
        raise CatgradError(
            f"layers.rate names a rate that each step is given, so it takes a name, not {name!r}; "
            f'write layers.rate("rate"), or for a rate that stays layers.sgd(0.1).'
        )
    return Rate(name)


def chain(*rules: Canonical) -> Canonical:
    """Rules one after another, first the one that takes the step.

    ``chain(sgd(0.1), weight_decay(0.01), clip(1))`` clips gradients, then adds the decay, then
    descends: what prepares gradients stands behind what takes the step. Only one rule takes steps.
    """
    if not rules:
        raise CatgradError(
            "layers.chain has no rule in it; write layers.chain(layers.sgd(0.1), layers.clip(1))."
        )
    if len(rules) == 1 and isinstance(rules[0], list | tuple):
        raise CatgradError(
            f"layers.chain takes rules one by one, not a {type(rules[0]).__name__} of "
            f"{len(rules[0])}; write layers.chain(*rules)."
        )

    def played(P: Labels) -> OpenHypergraph:
        parts = (applied("rule in a chain", "layers.sgd(0.1)", rule, P) for rule in rules)
        return reduce(OpenHypergraph.__rshift__, parts, identity(P))

    return played


def sgd(rate: Scalar | Rate) -> Canonical:
    """Gradient descent: ``p - rate * g``."""
    _require_rate("layers.sgd", rate)
    if isinstance(rate, Rate):
        return chain(learning.sgd(1), _scaled(rate))
    return learning.sgd(rate)


lms = sgd
"""Least mean squares, which is gradient descent on the squared error of a linear model."""


def momentum(rate: Scalar | Rate, decay: Scalar, nesterov: bool = False) -> Canonical:
    """Gradient descent with momentum: ``v = decay * v + g``, then ``p - rate * v``.

    With `nesterov` the step is along ``g + decay * v`` instead (Sutskever et al., "On the
    importance of initialization and momentum in deep learning", ICML 2013).
    """
    _require_rate("layers.momentum", rate)
    require_numbers("layers.momentum", decay=decay)
    return chain(sgd(rate), _stateful(lambda T: steps.Momentum(T, decay, nesterov), "velocity"))


def sign_sgd(rate: Scalar | Rate) -> Canonical:
    """``p - rate * sign(g)`` (Bernstein et al., "signSGD", arXiv 1802.04434)."""
    _require_rate("layers.sign_sgd", rate)
    return chain(sgd(rate), canonical(lambda T: op(steps.Sign(T)), "sign"))


def lion(
    rate: Scalar | Rate, beta1: float = 0.9, beta2: float = 0.99, decay: Scalar = 0
) -> Canonical:
    """``p - rate * (sign(beta1 * m + (1 - beta1) * g) + decay * p)``, with a moving average `m`.

    (Chen et al., "Symbolic discovery of optimization algorithms", arXiv 2302.06675.)
    """
    _require_rate("layers.lion", rate)
    require_numbers("layers.lion", decay=decay)
    steps.require_averages("layers.lion", beta1=beta1, beta2=beta2)
    return _decayed(rate, decay, _stateful(lambda T: steps.Lion(T, beta1, beta2), "moving_average"))


def adam(
    rate: Scalar | Rate,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    decay: Scalar = 0,
) -> Canonical:
    """Adam, with decoupled weight decay where one is given, which makes it AdamW.

    ``p - rate * (m / (sqrt(v) + epsilon) + decay * p)``, `m` and `v` the moving averages of the
    gradient and its square, both corrected for their start at 0 (Kingma and Ba,
    arXiv 1412.6980; Loshchilov and Hutter, arXiv 1711.05101). The state holds them without
    ``1 - beta1`` and ``1 - beta2``: ``velocity = beta1 * velocity + g``, and
    ``square = beta2 * square + g**2``.
    """
    _require_rate("layers.adam", rate)
    require_numbers("layers.adam", epsilon=epsilon, decay=decay)
    steps.require_averages("layers.adam", beta1=beta1, beta2=beta2)
    if epsilon < 0:
        raise TypeMismatch(
            f"layers.adam cannot add {epsilon} to a root; give an epsilon of at least 0."
        )

    def along(rate: Scalar | Rate) -> Canonical:
        return lambda P: program(P, lambda *p: _adam(p, beta1, beta2, epsilon, rate))

    if decay:
        return _decayed(rate, decay, along(1))
    return chain(learning.sgd(1), along(rate))


def joined(rule: Canonical, most: int = 2**13) -> Canonical:
    """The rule, with parameters of at most `most` numbers laid end to end, those of each dtype.

    What the rule does number by number it does as before, in fewer and longer operations, and it
    keeps one state for all of these parameters. What a rule of one's own computes from a parameter
    as a whole, it computes from all of them. In fixed point the state and the gradients of joined
    parameters have one format.
    """
    if callable(most):
        raise CatgradError(
            f"layers.joined joins parameters for one rule, not for {rule} and {most}; write "
            f"layers.joined(layers.chain(layers.adam(0.001), layers.clip(1)))."
        )
    if not isinstance(most, Integral) or isinstance(most, bool) or most < 0:
        raise CatgradError(
            f"layers.joined joins parameters of at most a number of numbers, at least 0, not "
            f"{most!r}; write layers.joined(layers.adam(0.001), 8192)."
        )

    def played(P: Labels) -> OpenHypergraph:
        ends = Ends.of(P, int(most))
        join = ends.join()
        inner = applied("rule to join", "layers.adam(0.001)", rule, join.target)
        return join >> inner >> ends.part() if inner.H.X else identity(P)

    return played


def delayed(rule: Canonical, n: int) -> Canonical:
    """The rule, given each gradient `n` steps after it was computed, and 0 in the first steps.

    With ``sgd`` this is delayed LMS, ``w[n+1] = w[n] + rate * e[n-D] * x[n-D]``, which a pipeline
    can compute with one sample a clock (Long, Ling and Proakis, "The LMS algorithm with delayed
    coefficient adaptation", IEEE Transactions on ASSP 37, 1989).
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise CatgradError(
            f"A rule is delayed by a whole number of steps, at least 0, not {n!r}; write "
            f"layers.delayed(layers.lms(2**-6), 8)."
        )
    return chain(rule, canonical(lambda T: _queued(T, n), f"delay({n})")) if n else rule


def weight_decay(c: Scalar) -> Canonical:
    """``g + c * p``: pull parameters towards 0.

    Behind a rule that takes steps, in a `chain`, this is the derivative of ``c / 2 * sum(p**2)`` as
    a part of the loss. For decoupled weight decay give `adam` or `lion` a `decay`.
    """
    require_numbers("layers.weight_decay", c=c)
    return canonical(lambda T: op(steps.Decay(T, c)), f"weight_decay({c})")


def clip(limit: Scalar) -> Canonical:
    """Bring each number of a gradient into ``-limit .. limit``."""
    require_numbers("layers.clip", limit=limit)
    return canonical(lambda T: op(steps.Clip(T, limit)), f"clip({limit})")


def clip_norm(limit: Scalar) -> Canonical:
    """Scale all gradients down together where their Euclidean norm exceeds `limit`.

    (Pascanu et al., "On the difficulty of training recurrent neural networks", arXiv 1211.5063.)
    """
    require_numbers("layers.clip_norm", limit=limit)
    return lambda P: op(steps.ClipNorm(tuple(P), limit))


def _require_rate(name: str, rate: Scalar | Rate) -> None:
    if not isinstance(rate, Rate):
        require_numbers(name, rate=rate)


def _scaled(rate: Rate) -> Canonical:
    def component(T: NdArrayType) -> OpenHypergraph:
        number = op(Given(NdArrayType((), T.dtype), rate.name))
        return (identity(obj(T)) @ number) >> op(steps.Scaled(T))

    return canonical(component, f"scaled by the {rate.name}")


def _stateful(rule: Callable[[NdArrayType], learning.Rule], name: str) -> Canonical:
    def component(T: NdArrayType) -> OpenHypergraph:
        return (identity(obj(T)) @ op(State(T, name))) >> op(rule(T))

    return canonical(component, name)


def _queued(T: NdArrayType, n: int) -> OpenHypergraph:
    delay = steps.Delay(T, n)
    return (identity(obj(T)) @ op(Queue(delay.queue(), "late"))) >> op(delay)


def _adam(
    parameters: Sequence[Wire], beta1: float, beta2: float, epsilon: float, rate: Scalar | Rate
) -> Iterator[Wire]:
    """Adam on every wire, times the rate; those of one dtype count their steps together."""
    corrections: dict[NdArrayType, list[Wire]] = {}
    for p in parameters:
        scalar = NdArrayType((), p.T.dtype)
        if scalar not in corrections:
            read = p.draft.apply(State(scalar, "steps"))
            if isinstance(rate, Rate):
                read += p.draft.apply(Given(scalar, rate.name))
            constant = None if isinstance(rate, Rate) else rate
            counted = steps.Corrections(scalar, beta1, beta2, epsilon, constant)
            corrections[scalar] = calls(counted, *read)
        moments = (p.draft.apply(State(p.T, name))[0] for name in ("velocity", "square"))
        yield call(steps.Adam(p.T, beta1, beta2), p, *moments, *corrections[scalar])


def _decayed(rate: Scalar | Rate, decay: Scalar, direction: Canonical) -> Canonical:
    decays = [weight_decay(decay)] if decay else []
    return chain(sgd(rate), *decays, direction)
