"""Numbers that are held as sums, beside others, are loaded and fetched as what they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.circuit.families import DELAYS
from catgrad.circuit.loops import loops
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.circuit.sums import with_sums
from catgrad.errors import CatgradError
from catgrad.hardware.circuits import pipeline_of
from catgrad.hardware.schedules import Spatial
from catgrad.hdl.pipelined_learner import PipelinedLearner
from sim import expected, random_samples, simulate
from tests.circuit.test_sums import adders

S8, S9 = Format(8, True), Format(9, True)


def planned(netlist: Netlist) -> Pipeline:
    summed, closed = with_sums(netlist, loops(netlist))
    return pipeline(summed, 12_000, DELAYS["ecp5"], loops=closed, free=("y",), together=False)


def equally_wide(formats: tuple[Format, Format]) -> Netlist:
    """Of 8 bits a sum of 9 that is held, of 9 bits one of 12, that is saturated first."""
    b = NetlistBuilder()
    weights, (x,) = b.input("parameters", formats), b.input("x", [S8])
    steps = [x if format == S8 else b.shl(x, 3) for format in formats]
    totals = [b.add(*pair) for pair in zip(weights, steps, strict=True)]
    b.output("prediction", [b.wrap(weights[0], S8)])
    b.output("parameters", [b.saturate(*pair) for pair in zip(totals, formats, strict=True)])
    return b.build()


@pytest.mark.parametrize("formats", [(S8, S9), (S9, S8)])
def test_sums_beside_numbers_as_wide(formats: tuple[Format, Format]) -> None:
    netlist = equally_wide(formats)
    plan = planned(netlist)
    assert [loop.addend is not None for loop in plan.loops] == [f == S8 for f in formats]
    samples = random_samples(netlist, 16)
    initial = [50 if format == S8 else -200 for format in formats]
    trace = simulate(PipelinedLearner(plan), samples, load=initial, stall=0.3, alone=True)
    assert trace.compare(expected(netlist, samples, initial)) > 0


@settings(max_examples=15, deadline=None)
@given(adders(), st.sampled_from([0.0, 0.6]), st.booleans(), st.integers(0, 2**32 - 1))
def test_any_sums(netlist: Netlist, stall: float, alone: bool, seed: int) -> None:
    weights = replace(netlist.input("parameters"), name="prediction")  # they depend on no target
    others = [p for p in netlist.outputs if p.name not in ("prediction", "events") and len(p)]
    netlist = replace(netlist, outputs=(weights, *others))
    plan = planned(netlist)
    assume(any(loop.addend is not None for loop in plan.loops))
    random = np.random.default_rng(seed)
    initial = [
        int(random.integers(format.min, format.max + 1))
        for format in netlist.input("parameters").formats
    ]
    samples = random_samples(netlist, 12, seed)
    design = PipelinedLearner(plan)
    trace = simulate(design, samples, load=initial, stall=stall, seed=seed, alone=alone)
    assert trace.compare(expected(netlist, samples, initial)) > 0


def test_held_sums_need_no_stages_for_the_others() -> None:
    """At an interval for which there are stages only if the sum is saturated where it is read."""
    b = NetlistBuilder()
    [w], x = b.input("parameters", [S8]), b.input("x", [S8] * 2)
    step = b.wrap(b.add(w, x[1]), S8)
    b.output("prediction", [b.wrap(b.shr(b.mul(w, x[0]), 3), S8)])
    b.output("parameters", [b.saturate(b.add(w, step), S8)])
    netlist = b.build()
    with pytest.raises(CatgradError):
        pipeline(netlist, 5_000, DELAYS["ecp5"], loops=loops(netlist), together=False, beat=2)
    plan = pipeline_of(netlist, Spatial(clock=200e6, family="ecp5", interval=2))
    assert plan.interval == 2
    assert plan.loops[0].addend is not None
