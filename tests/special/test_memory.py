"""Laws of models with memory: feedback, delay, and time unrolled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import CatgradError, Dtype, Fixed, Formats, NdArrayType, compile_model, layers, obj, op
from catgrad.bidirectional import operation as B
from catgrad.bidirectional.block import Block, block
from catgrad.bidirectional.unrolled import unroll_time
from catgrad.bidirectional.wires import Wire, call, program
from catgrad.combinators import identity
from catgrad.fixed.ranges import Calibration
from catgrad.hardware import Folded, Spatial, compile_hardware
from catgrad.hypergraph import OpenHypergraph
from catgrad.hypergraph.isomorphism import isomorphic
from catgrad.learner import learner, transition
from catgrad.special.memory import Memory, delay, factor_memory, feedback, with_memory
from catgrad.special.parameter import factor_parameters
from sim import real_samples, reference_trace, simulate
from tests.bidirectional.differences import check

T = NdArrayType((2,), Dtype.float64)
A = obj(T)


def recurrence(a: float, b: float, initial: float) -> OpenHypergraph:
    """``s' = a s + x`` and ``y = s' + b s``."""

    def body(s: Wire, x: Wire) -> tuple[Wire, Wire]:
        after = a * s + x
        return after, after + b * s

    return feedback(program(A + A, body), initial)


def learned(initial: float = 0.5) -> OpenHypergraph:
    """``s' = w s + x`` with a learned `w`, and ``y = tanh(s')``."""

    def body(s: Wire, x: Wire) -> tuple[Wire, Wire]:
        [w] = s.draft.append(layers.parameter(A), [])
        after = w * s + x
        return after, call(B.Tanh(T), after)

    return feedback(program(A + A, body), initial, "hidden")


def ticks(model: OpenHypergraph, x: Any, *parameters: Any) -> np.ndarray:
    """What a model with one input and output gives, sample by sample."""
    compiled = compile_model(model, layers.sgd(0), layers.mse)[0]()
    memory, outputs = compiled.initial_memory(), []
    for sample in x:
        y, *memory = compiled.predict(*parameters, *memory, sample)
        outputs.append(y)
    return np.array(outputs)


numbers = st.floats(-1, 1, width=16)
signals = st.lists(numbers, min_size=1, max_size=8)


@given(a=numbers, b=numbers, initial=numbers, signal=signals)
@settings(max_examples=30, deadline=None)
def test_feedback_is_a_recurrence(a: float, b: float, initial: float, signal: list[float]) -> None:
    x = np.array(signal)[:, None] * [1.0, -2.0]
    s, wanted = np.full(2, initial), []
    for sample in x:
        after = a * s + sample
        wanted.append(after + b * s)
        s = after
    assert np.array_equal(ticks(recurrence(a, b, initial), x), wanted)


@given(n=st.integers(0, 5), initial=numbers, signal=signals)
@settings(max_examples=20, deadline=None)
def test_delay_is_late(n: int, initial: float, signal: list[float]) -> None:
    x = np.array(signal)[:, None] * [1.0, -2.0]
    late = np.concatenate([np.full((n, 2), initial), x])[: len(x)]
    assert np.array_equal(ticks(delay(T, n, initial), x), late)


@given(m=st.integers(0, 3), n=st.integers(0, 3))
def test_delays_add_up(m: int, n: int) -> None:
    assert isomorphic(delay(T, m) >> delay(T, n), delay(T, m + n))


def test_factoring_and_closing_are_inverse() -> None:
    for f in (recurrence(0.5, 1, 0.25) >> delay(T, 2), delay(T, 1) @ learned(), identity(A)):
        memories, d = factor_memory(f)
        assert len(d.source) == len(memories) + len(f.source)
        assert isomorphic(with_memory(memories, d), f)


def test_a_loop_of_wires_alone_is_a_memory_that_stays() -> None:
    held = feedback(identity(A + A), 0.25)
    assert isomorphic(factor_memory(held)[1], OpenHypergraph.twist(A, A))


def test_blocks_leave_memory_outside() -> None:
    f = learned()
    x = np.linspace(-1, 1, 10).reshape(5, 2)
    w = np.array([0.5, -0.25])
    assert np.array_equal(ticks(block("cell", f), x, w), ticks(f, x, w))
    assert [m.name for m in factor_memory(block("cell", f))[0]] == ["hidden"]


@given(signal=st.lists(numbers, min_size=1, max_size=6), w=numbers)
@settings(max_examples=8, deadline=None)
def test_time_unrolled_is_tick_after_tick(signal: list[float], w: float) -> None:
    x = np.array(signal)[:, None] * [1.0, -0.5]
    n = len(x)
    for model in (learned(), learned() >> delay(T, 2), recurrence(0.5, 0.25, 1)):
        weights = [np.array([w, 0.5])] if model.H.x and len(factor_parameters(model)[0].t) else []
        wanted = ticks(model, x, *weights)
        unrolled = unroll_time(model, n)
        assert np.array_equal(ticks(unrolled, [x], *weights)[0], wanted)
        blocks = ticks(unroll_time(model, 1, carry=True), x[:, None], *weights)
        assert np.array_equal(blocks.reshape(wanted.shape), wanted)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_the_gradient_through_time_is_exact(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    _, f = factor_parameters(unroll_time(learned() >> delay(T, 1), n))
    check(f, [random.uniform(-1, 1, U.shape) for U in f.source], random)


def test_within_a_sample_memory_is_a_constant() -> None:
    compiled = compile_model(learned(), layers.sgd(1), layers.mse)[0]()
    w, s, x, y = np.array([0.5, -1]), np.array([0.25, 0.5]), np.array([1.0, 2]), np.array([0.0, 1])
    prediction = np.tanh(w * s + x)
    gradient = (prediction - y) * (1 - prediction**2)
    new_w, new_s = compiled.step(w, s, x, y)
    np.testing.assert_allclose(new_w, w - gradient * s, rtol=1e-12)
    np.testing.assert_allclose(new_s, w * s + x, rtol=1e-12)
    np.testing.assert_allclose(compiled.rev(w, s, x, prediction - y)[1], gradient, rtol=1e-12)


def test_a_step_reports_beside_its_memory() -> None:
    model = compile_model(learned(), layers.momentum(0.1, 0.5), layers.mse, ["loss", "prediction"])
    compiled = model[0]()
    w = np.array([0.5, -1])
    results = compiled.step(
        w, *compiled.initial_state(), *compiled.initial_memory(), np.ones(2), np.zeros(2)
    )
    prediction = np.tanh(w * 0.5 + 1)
    assert len(results) == 5
    np.testing.assert_allclose(results[3], (prediction**2).sum() / 2)
    np.testing.assert_allclose(results[4], prediction)


def test_memory_begins_with_its_own_numbers() -> None:
    held = feedback(OpenHypergraph.twist(A, A), np.array([0.25, -1]), "pair")
    compiled = compile_model(held, layers.sgd(0), layers.mse)[0]
    assert compiled.initial_memory()[0].tolist() == [0.25, -1]
    assert "initial_memory" in compiled.source


F = NdArrayType((2,), Dtype.float32)
SMALL = Formats.uniform(12, 8, memory=Fixed(9, 6))


def cell(form: Fixed | None = None) -> OpenHypergraph:
    def body(s: Wire, x: Wire) -> tuple[Wire, Wire]:
        [w] = s.draft.append(layers.parameter(obj(F)), [])
        after = w * s + x
        return after, after * 1

    return feedback(program(obj(F, F), body), 0.5, "hidden", form)


@pytest.mark.parametrize("schedule", [Spatial(cycles=2), Folded(2)], ids=["spatial", "folded"])
@pytest.mark.parametrize("late", [0, 2])
@pytest.mark.parametrize("rule", [layers.sgd(2**-3), layers.momentum(2**-4, 0.5)])
def test_memory_in_every_evaluator(rule: Any, late: int, schedule: Any) -> None:
    model = cell() >> delay(F, late)
    hardware = compile_hardware(model, rule, layers.mse, SMALL, schedule)
    assert [S.fixed for S in hardware.memory_types] == [Fixed(9, 6)] * (1 + late)
    random = np.random.default_rng(0)
    x, y = random.uniform(-3, 3, (2, 30, 2))
    samples = real_samples(hardware, [x], [y], random.random(30) < 0.6)
    parameters = hardware.quantise_parameters([np.array([0.75, -0.5])])
    wanted = reference_trace(hardware, samples, parameters)
    assert wanted.forward_saturations[-1] > 0
    assert simulate(hardware.component(parameters), samples).compare(wanted) > 0


def test_memory_changes_with_samples_that_are_not_learned_from() -> None:
    hardware = compile_hardware(cell(), layers.sgd(2**-3), layers.mse, SMALL)
    samples = real_samples(hardware, [np.ones((4, 2))])
    trace = reference_trace(hardware, samples, hardware.quantise_parameters([np.full(2, 0.5)]))
    assert (np.diff(trace.predictions[:, 0]) > 0).all()
    assert (np.diff(trace.parameters, axis=0) == 0).all()


def test_a_memory_states_its_format_even_where_formats_are_profiled() -> None:
    known = learner(cell(Fixed(20, 15)), layers.sgd(2**-3), layers.mse)
    random = np.random.default_rng(0)
    x, y = random.uniform(-1, 1, (2, 20, 2)).astype(np.float32)
    calibration = Calibration([np.full(2, 0.5, np.float32)], [x], [y])
    formats = Formats.profile(known, calibration)
    hardware = compile_hardware(
        cell(Fixed(20, 15)), layers.sgd(2**-3), layers.mse, formats, calibration=calibration
    )
    assert hardware.memory_types[0].fixed == Fixed(20, 15)
    profiled = compile_hardware(
        cell(), layers.sgd(2**-3), layers.mse, Formats.profile(known, calibration)
    )
    assert profiled.memory_types[0].fixed.width == 16


def test_a_learner_has_its_memory_between_parameters_and_inputs() -> None:
    known = learner(learned(), layers.momentum(0.1, 0.5), layers.mse)
    assert list(known.M) == list(known.X) == list(known.Y) == [T]
    assert known.memory_names == ("hidden",)
    tick = transition(known.whole, known.kept, len(known.memories))
    assert len(tick.source) == len(tick.target) + 1 == 5


def refused(f: Any) -> str:
    with pytest.raises(CatgradError) as caught:
        f()
    return str(caught.value).partition("\nat ")[0]


def test_errors() -> None:
    assert refused(lambda: feedback(op(B.Sum(T, T)), 0)) == (
        "Feedback of 1 array needs a program that writes what it reads first, not "
        "[float64[2, 2]] → [float64[2]]; let both begin with the same types, and give one initial "
        "value for each."
    )
    assert refused(lambda: feedback(B.add(A) >> B.copy(A), [0], ["a", "b"])) == (
        "There are 2 names for 1 array of memory; give one for each, or one for all."
    )
    assert refused(lambda: delay(T, -1)) == (
        "A delay is a whole number of samples, at least 0, not -1; write delay(T, 4)."
    )
    assert refused(lambda: delay(T, True)) == (
        "A delay is a whole number of samples, at least 0, not True; write delay(T, 4)."
    )
    assert refused(lambda: Memory(T, (1.0,))) == (
        "A memory of type float64[2] holds 2 numbers, not 1; give one number for all, or one for "
        "each."
    )
    assert refused(lambda: unroll_time(learned(), 0)) == (
        "A model is unrolled for a whole number of samples, at least 1, not 0; write "
        "unroll_time(model, 16)."
    )
    assert refused(lambda: Block("cell", learned(), (), ())) == (
        "Block cell holds the parameter parameter; make it with block('cell', f), which leaves "
        "parameters outside."
    )
    assert refused(lambda: Block("late", delay(T), (), ())) == (
        "Block late holds memory; make it with block('late', f), which leaves memory outside."
    )
