"""Sums that loops hold before they are saturated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Netlist, NetlistBuilder
from catgrad.circuit.families import delays_of
from catgrad.circuit.loops import Loop, loops
from catgrad.circuit.pipeline import Pipeline, pipeline
from catgrad.circuit.sums import with_sums
from catgrad.errors import CatgradError
from tests.circuit.learners import MODEL, in_flight, in_sequence, random_samples
from tests.circuit.strategies import draw_cell

S8 = Format(8, True)
LONG = 1_000_000


@st.composite
def adders(draw: st.DrawFn) -> Netlist:
    """Netlists whose parameters are saturated sums of themselves and of what samples say."""
    b = NetlistBuilder()
    formats = draw(st.lists(st.integers(2, 9).map(lambda n: Format(n, True)), min_size=1))[:3]
    w = b.input("parameters", formats)
    line = b.input("state", [S8])
    x, y = b.input("x", [S8]), b.input("y", [S8])
    nets = [*w.tolist(), *line.tolist(), *x.tolist(), *y.tolist()]
    for _ in range(draw(st.integers(0, 10))):
        nets.append(draw_cell(draw, b, nets, 40))
    addends = [
        b.wrap(draw(st.sampled_from(nets)), Format(draw(st.integers(1, f.width)), True))
        for f in formats
    ]
    totals = [int(b.add(*draw(st.permutations(pair)))) for pair in zip(w, addends, strict=True)]
    following = [b.saturate(*pair) for pair in zip(totals, formats, strict=True)]
    b.output("prediction", draw(st.lists(st.sampled_from(nets), min_size=1, max_size=3)))
    b.output("events", draw(st.lists(st.sampled_from(nets + totals), max_size=1)))
    fit = [b.fits(*pair) for pair in zip(totals, formats, strict=True)]
    b.output("learning_saturations", draw(st.lists(st.sampled_from(fit), max_size=1)))
    b.output("parameters", following, formats)
    b.output("state", x)
    return b.build()


def planned(netlist: Netlist, period_ps: int) -> Pipeline:
    summed, closed = with_sums(netlist, loops(netlist))
    return pipeline(summed, period_ps, MODEL, loops=closed, free=("y",), together=False)


@settings(max_examples=40, deadline=None)
@given(adders(), st.integers(3_000, 30_000), st.integers(0, 2**32))
def test_what_is_read_is_the_same_for_every_sample(
    netlist: Netlist, period_ps: int, seed: int
) -> None:
    try:
        plan = planned(netlist, period_ps)
    except CatgradError:
        plan = planned(netlist, LONG)
    samples = random_samples(netlist, 12, seed)
    assert in_flight(plan, samples) == in_sequence(netlist, samples)


def adapting(wide: int = 8, saturates: bool = True, shows: bool = False) -> Netlist:
    """One weight, to which the input is added; `shows` the sum."""
    b = NetlistBuilder()
    (w,), (x,) = b.input("parameters", [S8]), b.input("x", [Format(wide, True)])
    total = b.add(w, x)
    b.output("prediction", [total if shows else w])
    b.output("parameters", [b.saturate(total, S8) if saturates else b.wrap(total, S8)])
    return b.build()


def test_a_saturated_sum_is_held() -> None:
    netlist = adapting()
    summed, (loop,) = with_sums(netlist, loops(netlist))
    assert summed.format(loop.source) == Format(9, True)
    assert loop.addend == summed.input("x").nets[0]
    assert len(summed) == len(netlist) - 1, "the saturation is gone"


@pytest.mark.parametrize(
    ("netlist", "distance"),
    [
        (adapting(9), 1),
        (adapting(saturates=False), 1),
        (adapting(shows=True), 1),
        (adapting(), 2),
    ],
    ids=["two bits wider", "wraps", "shown", "channels"],
)
def test_others_stay(netlist: Netlist, distance: int) -> None:
    closed = loops(netlist, distance=distance)
    assert with_sums(netlist, closed) == (netlist, closed)


def test_no_cycle_has_both_to_do() -> None:
    """The addition and the saturation of a weight of 24 bits."""
    b = NetlistBuilder()
    s24 = Format(24, True)
    (w,), (x,) = b.input("parameters", [s24]), b.input("x", [Format(20, True)])
    b.output("prediction", [w])
    b.output("parameters", [b.saturate(b.add(w, x), s24)])
    netlist, ecp5 = b.build(), delays_of("ecp5")

    def shortest(netlist: Netlist, closed: tuple[Loop, ...]) -> int:
        try:
            pipeline(netlist, 3500, ecp5, loops=closed, interval=1)
        except CatgradError as refused:
            return int(str(refused).split("ask for a period of ")[1].split(" ps")[0])
        return 3500

    closed = loops(netlist)
    assert shortest(*with_sums(netlist, closed)) < shortest(netlist, closed)


def test_a_sum_is_put_in_as_it_leaves_its_adder() -> None:
    netlist = adapting()
    summed, closed = with_sums(netlist, loops(netlist))
    plan = pipeline(summed, LONG, MODEL, loops=closed, interval=3)
    (loop,) = closed
    late = plan.pushes[0] + 1
    with pytest.raises(CatgradError) as caught:
        replace(plan, pushes=(late,), latency=late).verify()
    assert str(caught.value) == (
        f"The sum for cell {loop.target} is held as it leaves its adder, in stage "
        f"{plan.stage[loop.source]}, but is put in at the end of stage {late}; put it in then."
    )


def test_memories_and_sums_are_read_later_than_registers() -> None:
    """In every stage in which what a loop holds is read, not only in the first."""
    b = NetlistBuilder()
    (w,), (x,) = b.input("parameters", [S8]), b.input("x", [S8])
    total = b.add(b.add(b.mul(x, b.const(3)), b.const(1)), w)
    b.output("prediction", [b.add(total, w)])
    b.output("parameters", [b.saturate(b.add(w, x), S8)])
    netlist = b.build()
    rows = loops(netlist, distance=4)
    plan = pipeline(netlist, LONG, MODEL, loops=rows)
    readers = (plan.netlist.args == w).any(axis=1)
    assert (plan.timing.start[readers] == MODEL.queue_out).all()
    assert (plan.timing.start[~readers] == MODEL.register).all()
    summed, closed = with_sums(netlist, loops(netlist))
    plan = pipeline(summed, LONG, MODEL, loops=closed)
    target = closed[0].target
    readers = (plan.netlist.args == target).any(axis=1)
    assert (plan.timing.start[readers] == MODEL.register + MODEL.lut + MODEL.fanout).all()
    assert np.all(plan.timing.start[~readers] == MODEL.register)
