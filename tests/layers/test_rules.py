"""Learning rules: how they compose, what they keep, what a step is given and returns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Dtype, NdArrayType, compile_model, layers
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.functor import differentiate
from catgrad.bidirectional.learning import Rule
from catgrad.combinators import Canonical, identity
from catgrad.core.types import TypeMismatch, obj, op
from catgrad.hypergraph import Labels, OpenHypergraph
from catgrad.kernel import evaluate, to_kernels
from catgrad.layers.order import rates
from catgrad.learner import learner, step
from catgrad.special.parameter import Parameter

N, A, C = (NdArrayType((n,), Dtype.float64) for n in (5, 4, 3))
MODEL = layers.dense(N, A, C)
RULES = {
    "sgd": layers.sgd(0.5),
    "sign_sgd": layers.sign_sgd(0.25),
    "weight_decay": layers.weight_decay(0.125),
    "clip": layers.clip(0.5),
    "clip_norm": layers.clip_norm(2.0),
    "joined": layers.joined(layers.chain(layers.sgd(0.5), layers.clip(0.25))),
}
rules = st.sampled_from(sorted(RULES)).map(RULES.__getitem__)


def run(rule: Canonical, seed: int) -> list[np.ndarray]:
    """What a rule without state makes of two parameters and their gradients."""
    P = obj(A + C, C)
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=T.shape) for T in P + P]
    return evaluate(to_kernels(differentiate(rule(P))), arrays)[2:]


@settings(max_examples=20)
@given(f=rules, g=rules, h=rules, seed=st.integers(0, 99))
def test_chains_are_a_monoid(f: Canonical, g: Canonical, h: Canonical, seed: int) -> None:
    left = run(layers.chain(layers.chain(f, g), h), seed)
    right = run(layers.chain(f, layers.chain(g, h)), seed)
    assert all(map(np.array_equal, left, right))
    for unit in (layers.chain(f), layers.chain(identity, f), layers.chain(f, identity)):
        assert all(map(np.array_equal, run(unit, seed), run(f, seed)))


def test_gradients_flow_from_right_to_left() -> None:
    """Clipped before the decay is added, the step may be larger than the limit."""
    P = obj(C)
    p, g = np.full(3, 10.0), np.full(3, 7.0)
    rule = layers.chain(layers.sgd(1), layers.weight_decay(0.5), layers.clip(1))
    _, new = evaluate(to_kernels(differentiate(rule(P))), [p, g])
    np.testing.assert_array_equal(new, p - (0.5 * p + 1))


def test_a_rule_keeps_a_state_for_each_parameter() -> None:
    found = learner(MODEL, layers.adam(0.1), layers.mse)
    assert found.state_names == (
        "steps",
        "weights_velocity",
        "weights_square",
        "bias_velocity",
        "bias_square",
    )
    W = A + C
    assert obj(NdArrayType((), Dtype.float64), W, W, C, C) == found.S
    assert found.parameters == 2
    assert found.kept_names == ("weights", "bias", *found.state_names)
    assert obj() == learner(MODEL, layers.sgd(0.1), layers.mse).S


def test_states_of_like_parameters_are_told_apart() -> None:
    model = layers.linear(N, A, C) >> layers.linear(N, C, A)
    found = learner(model, layers.momentum(0.1, 0.5), layers.mse)
    assert found.state_names == ("weights_1_velocity", "weights_2_velocity")


def test_rates_of_one_name_are_one_input() -> None:
    def rule(P: Labels) -> OpenHypergraph:
        return layers.momentum(layers.rate(), 0.9)(P[:1]) @ layers.sgd(layers.rate())(P[1:])

    found = learner(MODEL, rule, layers.mse)
    assert found.given_names == ("rate",)
    assert obj(NdArrayType((), Dtype.float64)) == found.R


def test_a_given_rate_does_what_the_number_does() -> None:
    random = np.random.default_rng(0)
    w, b, x, y = (random.normal(size=s) for s in ((4, 3), 3, (5, 4), (5, 3)))
    for make in (layers.sgd, layers.sign_sgd, lambda r: layers.momentum(r, 0.5, nesterov=True)):
        constant, _, _ = compile_model(MODEL, make(0.125), layers.mse)
        scheduled, _, _ = compile_model(MODEL, make(layers.rate()), layers.mse)
        kept = [w, b, *constant().initial_state()]
        for found, wanted in zip(
            scheduled().step(*kept, x, y, 0.125), constant().step(*kept, x, y), strict=True
        ):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_the_initial_state_is_zero() -> None:
    compiled, P, _ = compile_model(MODEL, layers.adam(0.1), layers.mse)
    state = compiled().initial_state()
    assert [s.shape for s in state] == [(), (4, 3), (4, 3), (3,), (3,)]
    assert all(s.dtype == np.float64 and not s.any() for s in state)
    assert len(P) == 2
    plain, _, _ = compile_model(MODEL, layers.sgd(0.1), layers.mse)
    assert plain().initial_state() == []


JOINED = {
    "sgd": layers.sgd(0.25),
    "scheduled": layers.sgd(layers.rate()),
    "momentum": layers.momentum(0.25, 0.5, nesterov=True),
    "lion": layers.lion(0.25, decay=0.5),
    "adam": layers.adam(0.25, decay=0.125),
    "delayed": layers.delayed(layers.adam(layers.rate()), 2),
    "chain": layers.chain(layers.adam(0.25), layers.weight_decay(0.5), layers.clip(0.125)),
}


@settings(max_examples=15)
@given(st.sampled_from(sorted(JOINED)), st.integers(0, 20), st.integers(0, 99))
def test_a_joined_rule_learns_the_same(name: str, most: int, seed: int) -> None:
    """To the last bit: numbers stand elsewhere, and nothing else has changed."""
    model = layers.layer_norm(N, A) >> layers.dense(N, A, C) >> layers.dense(N, C, A)
    apart, P, _ = compile_model(model, JOINED[name], layers.mse)
    once, _, _ = compile_model(model, layers.joined(JOINED[name], most), layers.mse)
    random = np.random.default_rng(seed)
    parameters = [random.normal(size=T.shape) for T in P]
    kept, others = [*parameters, *apart.initial_state()], [*parameters, *once.initial_state()]
    rate = [0.25] if learner(model, JOINED[name], layers.mse).R else []
    for _ in range(4):
        x, y = random.normal(size=(5, 4)), random.normal(size=(5, 4))
        kept, others = apart.step(*kept, x, y, *rate), once.step(*others, x, y, *rate)
        for wanted, found in zip(kept[: len(P)], others[: len(P)], strict=True):
            assert wanted.tobytes() == found.tobytes()


def test_a_joined_rule_keeps_one_state_for_all_that_is_small() -> None:
    model = MODEL >> layers.dense(N, C, A)
    found = learner(model, layers.joined(layers.adam(0.1), 4), layers.mse)
    assert found.state_names == (
        *("steps", "weights_1_velocity", "weights_1_square", "velocity", "square"),
        *("weights_2_velocity", "weights_2_square"),
    )
    assert [T.shape for T in found.S] == [(), (4, 3), (4, 3), (7,), (7,), (3, 4), (3, 4)]
    assert [T.shape for T in found.P] == [(4, 3), (3,), (3, 4), (4,)]
    whole = learner(model, layers.joined(layers.delayed(layers.momentum(0.1, 0.5), 3)), layers.mse)
    assert [(name, T.shape) for name, T in zip(whole.state_names, whole.S, strict=True)] == [
        ("velocity", (31,)),
        ("late", (3, 31)),
    ]
    assert whole.delay == 3


@pytest.mark.parametrize("wrapped", [layers.joined, lambda rule: rule])
def test_the_rate_of_each_parameter(wrapped: Callable[[Canonical], Canonical]) -> None:
    """However its rule holds it; a rate that a step is given is not known."""
    for rule in (layers.sgd(0.1), layers.momentum(0.1, 0.5), layers.adam(0.1)):
        found = learner(MODEL, wrapped(rule), layers.mse)
        assert rates(found.rule) == {0: 0.1, 1: 0.1}
    for rule in (layers.sgd(layers.rate()), layers.adam(layers.rate())):
        assert rates(learner(MODEL, wrapped(rule), layers.mse).rule) == {}


def test_to_join_what_does_nothing_does_nothing() -> None:
    P = obj(A + C, C)
    assert layers.joined(identity)(P) == identity(P)
    found = learner(MODEL, layers.joined(identity), layers.mse)
    assert (found.parameters, found.S) == (2, obj())


def test_joined_numbers_of_no_axis_are_parts_too() -> None:
    offset = op(Parameter(NdArrayType((), Dtype.float64)))
    N_1 = NdArrayType((1,), Dtype.float64)
    model = (layers.bias(N_1) @ (offset >> op(B.Reshape(offset.target[0], N_1)))) >> op(B.Add(N_1))
    compiled, P, _ = compile_model(model, layers.joined(layers.sgd(0.5)), layers.mse)
    assert ".copy()" not in compiled.source.partition("def step")[2].partition("def rev")[0]
    new = compiled.step(*(np.zeros(T.shape) for T in P), np.zeros(1), np.ones(1))
    assert sorted((x.shape, float(x.sum())) for x in new) == [((), 0.5), ((1,), 0.5)]


def test_arrays_are_joined_with_those_of_their_dtype() -> None:
    P = obj(C, NdArrayType((2,), Dtype.float32), NdArrayType((), Dtype.float64), A)
    f = layers.joined(layers.momentum(0.1, 0.5))(P)
    assert (f.source, f.target) == (P, P)
    assert sorted(x.T.shape for x in f.H.x if isinstance(x, Rule)) == [(2,), (2,), (8,), (8,)]


def test_the_norm_of_joined_gradients_is_that_of_all() -> None:
    rule = layers.chain(layers.sgd(0.5), layers.clip_norm(0.25))
    for wanted, found in zip(run(rule, 0), run(layers.joined(rule), 0), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_the_extent_of_what_is_joined_may_be_an_integer_of_numpy() -> None:
    P = obj(A + C, C)
    assert layers.joined(layers.sgd(0.1), np.int64(3))(P) == layers.joined(layers.sgd(0.1), 3)(P)


@pytest.mark.parametrize("most", [-1, 0.5, True, "all"])
def test_only_a_number_of_numbers_can_be_joined(most: object) -> None:
    with pytest.raises(CatgradError) as e:
        layers.joined(layers.sgd(0.1), most)  # type: ignore[arg-type]
    assert str(e.value) == (
        f"layers.joined joins parameters of at most a number of numbers, at least 0, not {most!r}; "
        f"write layers.joined(layers.adam(0.001), 8192)."
    )


def test_several_rules_are_chained_before_they_are_joined() -> None:
    with pytest.raises(CatgradError) as e:
        layers.joined(layers.sgd(0.1), layers.clip(1))  # type: ignore[arg-type]
    assert str(e.value) == (
        "layers.joined joins parameters for one rule, not for sgd(0.1) and clip(1); write "
        "layers.joined(layers.chain(layers.adam(0.001), layers.clip(1)))."
    )


def test_only_a_rule_can_be_joined() -> None:
    with pytest.raises(CatgradError) as e:
        learner(MODEL, layers.joined(0.1), layers.mse)  # type: ignore[arg-type]
    assert "rule to join" in str(e.value)


def test_a_step_reports_what_it_is_asked_for() -> None:
    random = np.random.default_rng(0)
    w, b, x, y = (random.normal(size=s) for s in ((4, 3), 3, (5, 4), (5, 3)))
    silent, _, _ = compile_model(MODEL, layers.sgd(0.1), layers.mse)
    wanted, [prediction] = silent().step(w, b, x, y), silent().predict(w, b, x)
    loss = ((prediction - y) ** 2).sum() / 2
    for report, extra in {
        ("loss",): [loss],
        ("prediction",): [prediction],
        ("loss", "prediction"): [loss, prediction],
        ("prediction", "loss"): [prediction, loss],
    }.items():
        compiled, _, _ = compile_model(MODEL, layers.sgd(0.1), layers.mse, report)
        found = compiled().step(w, b, x, y)
        assert len(found) == 2 + len(extra)
        for a, b_ in zip(found, [*wanted, *extra], strict=True):
            np.testing.assert_allclose(a, b_, rtol=1e-14)


def test_losses_of_several_outputs_add_up() -> None:
    two = layers.linear(N, A, C) @ layers.linear(N, A, A)

    def loss(Y: Labels) -> OpenHypergraph:
        return layers.mse(Y[:1]) @ layers.l1(Y[1:])

    compiled, P, _ = compile_model(two, layers.sgd(0.1), loss, ["loss", "prediction"])
    random = np.random.default_rng(0)
    p = [random.normal(size=T.shape) for T in P]
    x = [random.normal(size=(5, 4)) for _ in range(2)]
    y = [random.normal(size=T.shape) for T in two.target]
    _, _, found, *predictions = compiled().step(*p, *x, *y)
    expected = ((predictions[0] - y[0]) ** 2).sum() / 2 + abs(predictions[1] - y[1]).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_normalised_steps_do_not_depend_on_the_power_of_the_input() -> None:
    """At rate 1 a step on one sample leaves no error, whatever the scale (Haykin)."""
    random = np.random.default_rng(0)
    one = NdArrayType((1,), Dtype.float64)
    compiled, _, _ = compile_model(layers.nlms(one, A, C), layers.lms(1), layers.mse)
    program = compiled()
    for scale in (1e-1, 1, 1e3):
        w, x, y = random.normal(size=(4, 3)), scale * random.normal(size=(1, 4)), np.ones((1, 3))
        [w] = program.step(w, x, y)
        np.testing.assert_allclose(program.predict(w, x)[0], y, rtol=1e-3)


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        (
            lambda: step(learner(MODEL, layers.sgd(1), layers.mse), ["accuracy"]),
            "A step cannot report 'accuracy'; name any of 'loss', 'prediction'.",
        ),
        (
            lambda: step(learner(MODEL, layers.sgd(1), identity), ["loss"]),
            (
                "The loss has no value to report, since nothing in it is a loss; "
                "use one such as layers.mse."
            ),
        ),
        (
            lambda: layers.clip(0)(obj(A)),
            "Clip cannot clip to 0; give a positive limit.",
        ),
        (
            lambda: layers.clip_norm(-1)(obj(A)),
            "ClipNorm cannot clip to -1; give a positive limit.",
        ),
        (
            lambda: layers.clip_norm(1)(obj(A, A.with_dtype(Dtype.float32))),
            (
                "ClipNorm needs gradients of one dtype, not of float32, float64; "
                "give all parameters one dtype."
            ),
        ),
        (
            lambda: layers.nlms(N, A, C, epsilon=0),
            "Normalised would divide by 0 where an input is 0; give a positive epsilon.",
        ),
    ],
)
def test_mistakes(mistake, sentence: str) -> None:
    with pytest.raises(CatgradError) as error:
        mistake()
    assert str(error.value) == sentence
    assert isinstance(error.value, TypeMismatch) or "report" in sentence
