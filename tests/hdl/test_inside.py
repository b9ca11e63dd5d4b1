"""Blocks hold what loops carry, and change no number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.circuit.families import DELAYS
from catgrad.circuit.loops import loops
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.hdl.inside import inside
from catgrad.hdl.pipelined_learner import PipelinedLearner
from sim import expected, random_samples, simulate

S8, S16, S32 = Format(8, True), Format(16, True), Format(32, True)


def recursion(near: int, far: int, state: Format) -> Netlist:
    """``y[n] = (77 x[n] - far y[n-2] - near y[n-1]) >> 6``, wrapped; far * y[n-1] is kept."""
    b = NetlistBuilder()
    y, kept = b.input("state", [state, S32]).tolist()
    [x] = b.input("x", [S8]).tolist()
    total = b.sub(b.sub(b.mul(x, b.const(77)), kept), b.mul(b.const(near), y))
    after = int(b.wrap(b.shr(total, 6), state))
    b.output("prediction", after)
    b.output("state", np.array([after, int(b.mul(y, b.const(far)))]), [state, S32])
    return b.build()


def staged(netlist: Netlist) -> Pipeline:
    plan = pipeline(netlist, 10_000, DELAYS["ecp5"], loops=loops(netlist), together=False)
    assert plan.interval == 1
    return plan


@given(
    st.integers(9, 200),
    st.integers(-200, -9),
    st.sampled_from([S16, Format(15, False)]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=8, deadline=None)
def test_a_recursion_with_random_stalls(near: int, far: int, state: Format, seed: int) -> None:
    netlist = recursion(near, far, state)
    plan = staged(netlist)
    y, kept = netlist.input("state").nets.tolist()
    held = {carried.loop.target: carried.holds for carried in inside(plan, {y, kept}).values()}
    assert held == {y: "operands", kept: "product"}
    # What a block holds comes later than from a register.
    assert plan.timing.launch[kept] == DELAYS["ecp5"].block_out > plan.timing.register
    samples = random_samples(netlist, 40, seed)
    trace = simulate(PipelinedLearner(plan), samples, stall=0.4, seed=seed)
    assert trace.compare(expected(netlist, samples)) > 0


@pytest.mark.parametrize("initial", [(5, 0), (0, -700)])
def test_what_begins_with_a_number_is_in_a_register_of_its_own(initial: tuple[int, int]) -> None:
    """Blocks begin with zeros."""
    netlist = recursion(40, -30, S16)
    plan = staged(netlist)
    samples = random_samples(netlist, 30, 1)
    trace = simulate(PipelinedLearner(plan, state=initial), samples, seed=1)
    assert trace.compare(expected(netlist, samples, state=list(initial))) > 0
