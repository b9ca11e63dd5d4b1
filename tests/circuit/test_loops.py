"""Pipelines with loops: what a later sample reads is there in time."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.circuit.families import DELAYS, Delays, delays_of
from catgrad.circuit.loops import Loop, loops
from catgrad.circuit.pipeline import Pipeline, pipeline, smallest_interval
from catgrad.errors import CatgradError
from tests.circuit.learners import MODEL, in_flight, in_sequence, learners, random_samples

LONG = 60_000
families = st.sampled_from([None, *DELAYS.values()])


def planned(netlist: Netlist, period_ps: int, delays: Delays | None, distance: int = 1) -> Pipeline:
    closed = loops(netlist, distance=distance)
    return pipeline(netlist, period_ps, delays, loops=closed, free=("y",), together=False)


def longer(netlist: Netlist, period_ps: int, delays: Delays | None, distance: int = 1) -> int:
    """The period, or the shortest one that can be met."""
    try:
        planned(netlist, period_ps, delays, distance)
    except CatgradError as refused:
        return int(str(refused).split("ask for a period of ")[1].split(" ps")[0])
    return period_ps


@settings(max_examples=30, deadline=None)
@given(learners(), st.integers(1, 30_000), families, st.integers(0, 2**32))
def test_a_pipeline_computes_what_its_netlist_does_sample_by_sample(
    netlist: Netlist, period_ps: int, delays: Delays | None, seed: int
) -> None:
    plan = planned(netlist, longer(netlist, period_ps, delays), delays)
    samples = random_samples(netlist, 9, seed)
    assert in_flight(plan, samples) == in_sequence(netlist, samples)


@settings(max_examples=15, deadline=None)
@given(learners(), st.integers(1, 30_000), st.integers(1, 4))
def test_no_shorter_interval_will_do(netlist: Netlist, period_ps: int, distance: int) -> None:
    period_ps = longer(netlist, period_ps, MODEL, distance)
    closed = loops(netlist, distance=distance)
    interval = smallest_interval(netlist, period_ps, MODEL, closed)
    assert pipeline(netlist, period_ps, MODEL, loops=closed).interval == interval
    if interval > 1:
        with pytest.raises(CatgradError, match=rf"an interval of {interval} cycles[.,]"):
            pipeline(netlist, period_ps, MODEL, loops=closed, interval=interval - 1)


@settings(max_examples=15, deadline=None)
@given(learners(), st.integers(1, 30_000), families)
def test_a_shorter_period_than_the_one_that_is_asked_for_is_refused(
    netlist: Netlist, period_ps: int, delays: Delays | None
) -> None:
    shortest = longer(netlist, period_ps, delays)
    if shortest > period_ps:
        assert planned(netlist, shortest, delays).period_ps <= shortest
        with pytest.raises(CatgradError):
            planned(netlist, shortest - 1, delays)


@settings(max_examples=15, deadline=None)
@given(learners(cells=3), st.integers(5_000, 20_000))
def test_no_other_stages_and_pushes_have_fewer_register_bits(
    netlist: Netlist, period_ps: int
) -> None:
    """By exhaustion."""
    period_ps = longer(netlist, period_ps, MODEL)
    plan = planned(netlist, period_ps, MODEL)
    movable = [cell for cell in range(len(netlist)) if netlist.args[cell, 0] >= 0]
    movable += [loop.target for loop in plan.loops] + netlist.input("y").nets.tolist()
    choices = (plan.latency + 1) ** (len(movable) + len(plan.loops))
    if choices > 4_000:
        return
    for stages in product(range(plan.latency + 1), repeat=len(movable)):
        stage = np.zeros(len(netlist), dtype=np.int64)
        stage[movable] = stages
        for pushes in product(range(plan.latency + 1), repeat=len(plan.loops)):
            for events in range(plan.latency + 1):
                leaves = {"prediction": plan.leaves["prediction"], "events": events}
                other = replace(plan, stage=stage, pushes=pushes, leaves=leaves)
                try:
                    other.verify()
                except CatgradError:
                    continue
                assert other.register_bits >= plan.register_bits


def lms(taps: int = 4, delay: int = 0) -> Netlist:
    """An adaptive filter of so many taps, its gradients late by `delay` samples."""
    b = NetlistBuilder()
    s = Format(16, True)
    w, line = b.input("parameters", [s] * taps), b.input("state", [s] * (taps - 1))
    late = b.input("late", [Format(24, True)] * (taps * delay)).reshape(taps, delay)
    x, y = b.input("x", [s]), b.input("y", [s])
    samples = np.concatenate([x, line])
    terms = list(b.mul(w, samples))
    while len(terms) > 1:
        terms = [b.add(*terms[i : i + 2]) for i in range(0, len(terms), 2)]
    prediction = b.saturate(b.shr(terms[0], 14), s)
    error = b.saturate(b.sub(y, prediction), s)
    gradients = b.wrap(b.shr(b.mul(error, samples), 8), Format(24, True))
    applied = b.shr(late[:, -1] if delay else gradients, 7)
    b.output("prediction", prediction)
    b.output("parameters", b.saturate(b.add(w, applied), s))
    b.output("state", samples[:-1])
    entering = np.concatenate([gradients[:, None], late[:, :-1]], axis=1)
    b.output("late", entering if delay else [])
    return b.build()


def test_an_adaptive_filter_without_delay_waits_and_with_delay_does_not() -> None:
    assert planned(lms(), 6_000, MODEL).interval == 9
    plan = planned(lms(delay=10), 6_000, MODEL)
    assert plan.interval == 1
    assert {loop.distance for loop in plan.loops if loop.port == "late"} == {10}
    # Four times as many samples as there are learners: each waits as long as one alone.
    assert planned(lms(), 6_000, MODEL, distance=10).interval == 1


def test_what_loops_are_found() -> None:
    found = loops(lms(taps=2, delay=3))
    assert [(loop.port, loop.distance, loop.initial) for loop in found] == [
        ("parameters", 1, (0,)),
        ("parameters", 1, (1,)),
        ("state", 1, (0,)),
        ("late", 3, (2, 1, 0)),
        ("late", 3, (5, 4, 3)),
    ]
    assert [loop.is_memory for loop in loops(lms(taps=1, delay=4))] == [False, True]


def test_parameters_that_nothing_changes_need_no_registers() -> None:
    b = NetlistBuilder()
    w, x = b.input("parameters", [Format(8, True)]), b.input("x", [Format(8, True)])
    total = b.add(b.add(b.add(x, x), x), x)
    b.output("prediction", b.add(total, w))
    moving = pipeline(b.build(), 4_000, MODEL)
    fixed = pipeline(b.build(), 4_000, MODEL, fixed=("parameters",))
    assert moving.latency == fixed.latency == 3
    assert moving.register_bits - fixed.register_bits == 3 * 8


def refused(*arguments: object, **named: object) -> str:
    with pytest.raises(CatgradError) as caught:
        pipeline(*arguments, **named)  # type: ignore[arg-type]
    return str(caught.value)


def test_what_cannot_be_met_is_refused_with_the_way_and_the_period_that_can_be() -> None:
    netlist = lms(taps=1)
    closed = loops(netlist)
    assert refused(netlist, 2_000, MODEL, loops=closed) == (
        "Cell 12 (add) alone takes 3350 ps from register to register, but the period is 2000 ps; "
        "ask for a period of 3350 ps (298.5 MHz) or more."
    )
    assert refused(netlist, 6_000, MODEL, loops=closed, interval=4) == (
        "At a period of 6000 ps the loop through the cells 0 (input), 3 (mul), 4 (shr), "
        "5 (saturate), 7 (saturate), 8 (mul), 9 (shr), 10 (wrap), 11 (shr), 12 (add), "
        "13 (saturate) takes longer than the next sample waits, which comes after 4 cycles; no "
        "period is long enough; ask for an interval of 6 cycles, or try a delay of 1 sample."
    )


def test_a_delay_is_advised_once() -> None:
    """Not where there is one, whose queues cut the way of the gradient already."""
    late = lms(taps=1, delay=1)
    words = refused(late, 4_000, MODEL, loops=loops(late), interval=1)
    assert "an interval of" in words
    assert "a delay of" not in words


def test_too_few_stages_are_refused() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(8, True)])
    b.output("z", b.mux(b.gt(b.saturate(x, Format(3, True)), x), x, x))
    assert refused(b.build(), 5_000, MODEL, latency=0) == (
        "At a period of 5000 ps the result of the way through the cells 1 (saturate), 3 (mux) "
        "is right in stage 1, but was asked for in stage 0; ask for a period of 8585 ps "
        "(116.5 MHz) or more, or for stage 1."
    )


def test_each_fault_of_a_loop_is_named() -> None:
    plan = planned(lms(taps=1), 6_000, MODEL)
    with pytest.raises(CatgradError) as caught:
        replace(plan, pushes=(plan.latency + 1,)).verify()
    assert str(caught.value).startswith("The value of cell 0 for a later sample is put in at the ")
    with pytest.raises(CatgradError) as caught:
        replace(plan, leaves={"prediction": 0}).verify()
    assert str(caught.value) == (
        "Output port prediction leaves in stage 0, but cell 5 (saturate) is right from stage 2 "
        "on; let the port leave then."
    )
    with pytest.raises(CatgradError) as caught:
        replace(plan, period_asked=4_000).verify()
    assert str(caught.value).startswith("Cell ")


def test_ports_that_do_not_match_are_refused() -> None:
    b = NetlistBuilder()
    x = b.input("state", [Format(8, True)] * 2)
    b.output("state", x[:1])
    with pytest.raises(CatgradError) as caught:
        loops(b.build())
    assert str(caught.value) == (
        "Port state leads in 2 values and out 1, but what is carried from sample to sample leads "
        "in and out; make the ports equally long."
    )


def test_a_family_without_a_model_is_refused() -> None:
    with pytest.raises(CatgradError) as caught:
        delays_of("virtex")
    assert str(caught.value) == (
        "There is no delay model for the family 'virtex'; name one of ice40hx, ice40up, ecp5, "
        "gowin."
    )


def test_a_loop_says_whether_it_is_a_memory() -> None:
    assert not Loop(0, 0, 3, "late", (0,)).is_memory
    assert Loop(0, 0, 4, "late", (0,)).is_memory
    assert not Loop(0, 0, 4, "state", (0,)).is_memory
