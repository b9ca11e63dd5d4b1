"""The order of learning rules: one step with each parameter, and nothing known in front of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Dtype, Formats, NdArrayType, compile_hardware, layers, op
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.learning import SGD, Rule
from catgrad.bidirectional.wires import Wire, call, calls, program
from catgrad.combinators import Canonical, canonical, identity
from catgrad.core.types import obj
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.layers.split import Split
from catgrad.learner import Learner, learner

N, A, C = (NdArrayType((n,), Dtype.float32) for n in (5, 4, 3))
MODEL = layers.dense(N, A, C) >> layers.dense(N, C, A)


class Halved(Rule):
    """A rule of one's own."""

    def rev(self) -> OpenHypergraph:
        return program(obj(self.T, self.T), lambda p, g: (p + g) / 2)


own = canonical(lambda T: op(Halved(T)), "own")
STEPS = {
    "sgd": layers.sgd(0.1),
    "scheduled": layers.sgd(layers.rate()),
    "momentum": layers.momentum(0.1, 0.9),
    "sign_sgd": layers.sign_sgd(0.1),
    "lion": layers.lion(0.1, decay=0.1),
    "adam": layers.adam(layers.rate()),
    "adamw": layers.adam(0.1, decay=0.1),
    "delayed": layers.delayed(layers.adam(0.1), 2),
    "joined": layers.joined(layers.delayed(layers.adam(0.1), 2), 12),
    "joined twice": layers.joined(layers.joined(layers.momentum(0.1, 0.9), 12)),
}
PREPARING = {
    "weight_decay": layers.weight_decay(0.1),
    "clip": layers.clip(1),
    "clip_norm": layers.clip_norm(1.0),
    "delayed": layers.delayed(layers.clip(1), 2),
    "joined": layers.joined(layers.clip(1)),
    "identity": identity,
}
steps = st.sampled_from(sorted(STEPS)).map(STEPS.__getitem__)
preparing = st.lists(st.sampled_from(sorted(PREPARING)).map(PREPARING.__getitem__), max_size=3)


def made(rule: Canonical) -> Learner:
    return learner(MODEL, rule, layers.mse)


@settings(max_examples=15)
@given(first=steps, behind=preparing)
def test_a_step_and_what_prepares_gradients_behind_it(first: Canonical, behind: list) -> None:
    assert made(layers.chain(first, *behind)).parameters == 4


@settings(max_examples=15)
@given(first=steps, second=steps, between=preparing)
def test_one_step_and_not_two(first: Canonical, second: Canonical, between: list) -> None:
    with pytest.raises(CatgradError) as e:
        made(layers.chain(first, *between, second))
    assert str(e.value) == (
        "The learning rule takes two steps with weights_1, and takes the result of one for the "
        "gradient of the other; chain one rule that takes steps with others that prepare "
        "gradients, as in layers.chain(layers.adam(0.001), layers.clip(1))."
    )


@settings(max_examples=15)
@given(rules=preparing)
def test_a_rule_without_a_step(rules: list) -> None:
    with pytest.raises(CatgradError) as e:
        made(layers.chain(layers.clip(1), *rules))
    assert str(e.value).startswith(
        "The learning rule takes no step with weights_1, whose gradient would take its place; put "
        "a rule that takes the step first, as in layers.chain(layers.adam(0.001), layers."
    )


@settings(max_examples=15)
@given(first=steps, before=preparing, behind=preparing)
def test_rules_of_ones_own_stand_anywhere(first: Canonical, before: list, behind: list) -> None:
    for rule in (own, layers.chain(*before, own, *behind), layers.chain(own, first, own, first)):
        assert made(rule).parameters == 4


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            layers.chain(layers.clip_norm(1.0), layers.adam(1e-3)),
            (
                "The learning rule has layers.clip_norm(1.0) in front of the rule that takes the "
                "step, so that it changes weights_1 and not the gradient; put the step first, as "
                "in layers.chain(layers.adam(0.001), layers.clip_norm(1.0))."
            ),
        ),
        (
            layers.chain(own, layers.delayed(layers.clip(2), 3), layers.sgd(0.1)),
            (
                "The learning rule has layers.clip(2) in front of the rule that takes the step, so "
                "that it changes weights_1 and not the gradient; put the step first, as in "
                "layers.chain(layers.adam(0.001), layers.clip(2))."
            ),
        ),
        (
            layers.chain(layers.weight_decay(0.1), layers.momentum(0.1, 0.9)),
            (
                "The learning rule has layers.weight_decay(0.1) in front of the rule that takes "
                "the step, so that it changes weights_1 and not the gradient; put the step first, "
                "as in layers.chain(layers.adam(0.001), layers.weight_decay(0.1))."
            ),
        ),
        (
            layers.clip(2),
            (
                "The learning rule takes no step with weights_1, whose gradient would take its "
                "place; put a rule that takes the step first, as in "
                "layers.chain(layers.adam(0.001), layers.clip(2))."
            ),
        ),
        (
            lambda P: layers.sgd(0.1)(P[:3]) @ identity(P[3:]),
            (
                "The learning rule takes no step with bias_2, whose gradient would take its place; "
                "put a rule that takes the step first, as in layers.chain(layers.adam(0.001), "
                "layers.clip(1))."
            ),
        ),
        (
            layers.chain(layers.sgd(0.1), 1.0),  # type: ignore[arg-type]
            (
                "The rule in a chain has to be a family of programs, one for each object, not 1.0; "
                "give one such as layers.sgd(0.1)."
            ),
        ),
    ],
)
def test_what_makes_no_rule_is_a_sentence(rule: Canonical, sentence: str) -> None:
    formats = Formats.uniform(16, 12)
    for attempt in (made, lambda rule: compile_hardware(MODEL, rule, layers.mse, formats)):
        with pytest.raises(CatgradError) as e:
            attempt(rule)
        assert str(e.value) == sentence


def test_a_chain_has_a_rule() -> None:
    with pytest.raises(CatgradError) as e:
        layers.chain()
    assert str(e.value) == (
        "layers.chain has no rule in it; write layers.chain(layers.sgd(0.1), layers.clip(1))."
    )


def test_the_identity_gives_gradients() -> None:
    made(identity)


def test_a_list_is_no_chain() -> None:
    with pytest.raises(CatgradError) as e:
        layers.chain([layers.sgd(0.1), layers.clip(1)])  # type: ignore[arg-type]
    assert str(e.value) == (
        "layers.chain takes rules one by one, not a list of 2; write layers.chain(*rules)."
    )


def test_each_parameter_may_have_a_rule_of_its_own() -> None:
    def rule(P: Labels) -> OpenHypergraph:
        return layers.sgd(0.1)(P[:2]) @ layers.chain(layers.adam(0.1), layers.clip_norm(1))(P[2:])

    assert made(rule).state_names[0] == "steps"


def test_a_rule_of_ones_own_may_part_what_it_has_joined_in_another_way() -> None:
    """Each number takes one step; where the ways of the parameters part, nothing more is known."""

    def halves(P: Labels) -> OpenHypergraph:
        half = NdArrayType((sum(T.size for T in P) // 2,), Dtype.float32)
        whole, two = B.Concatenate(tuple(P), 0), B.Concatenate((half, half), 0)

        def body(*p: Wire) -> list[Wire]:
            parts = calls(Split(two), call(whole, *p))
            stepped = [call(SGD(half, 0.1), x) for x in parts]
            return calls(Split(whole), call(two, *stepped))

        return program(P, body)

    def unequal(P: Labels) -> OpenHypergraph:
        def body(a: Wire, b: Wire) -> list[Wire]:  # of 2 and 6 numbers
            there, back, other = (
                B.Concatenate(tuple(NdArrayType((n,), Dtype.float32) for n in sizes), 0)
                for sizes in ((2, 6), (6, 2), (2, 4, 2))
            )
            x, y = calls(Split(back), call(there, a, b))
            y = call(SGD(y.T, 0.1), y)
            u, v, w = calls(Split(other), call(back, x, y))
            u, v = call(SGD(u.T, 0.1), u), call(SGD(v.T, 0.1), v)
            return calls(Split(there), call(other, u, v, w))

        return program(P, body)

    six, two = (NdArrayType((n,), Dtype.float32) for n in (6, 2))
    assert learner(layers.bias(six) >> layers.bias(six) >> layers.bias(six), halves, layers.mse)
    assert learner(layers.bias(two) @ layers.bias(six), unequal, layers.mse)
