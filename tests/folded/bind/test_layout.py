"""One layout an array serves forward, reverse and update, and each phase finds its mode."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catgrad.folded.bind import bind
from catgrad.folded.bind.layout import choose
from catgrad.folded.bind.loops import Loop, Nest, cuts, merged
from catgrad.folded.machine import Layout
from catgrad.folded.phase import Phases
from tests.folded.networks import Network


def modes(phases: Phases, lanes: int) -> dict[str, str]:
    """The mode of each phase."""
    *_, (_, plans) = choose(phases, lanes, range(len(phases.phases)))
    return {phases.phases[plan.phase].name: plan.mode.value for plan in plans}


@given(st.integers(2, 9), st.integers(1, 5), st.integers(1, 20), st.integers(1, 4))
def test_each_number_has_a_place_of_its_own(lanes, stride, extent, times):
    layout, size = Layout(lanes, stride, extent), stride * extent * times
    row, lane = layout.place(np.arange(size))
    assert len(set(zip(row.tolist(), lane.tolist(), strict=True))) == size
    assert row.max() < layout.rows(size)
    assert lane.max() < lanes


@given(st.integers(2, 9), st.integers(1, 5), st.integers(1, 20), st.integers(1, 4))
def test_neighbours_lie_in_neighbouring_lanes(lanes, stride, extent, times):
    """From any multiple of the lanes on, one row holds the next numbers of the axis."""
    layout = Layout(lanes, stride, extent)
    for start in range(0, extent, lanes):
        numbers = np.arange(start, min(start + lanes, extent)) * stride
        row, lane = layout.place(numbers + (times - 1) * stride * extent)
        assert len(set(row.tolist())) == 1
        assert lane.tolist() == list(range(len(numbers)))


def test_the_weights_of_a_dense_layer_serve_both_directions():
    assert modes(Network((64, 32, 10)).phases, 8) == {
        "forward 0": "tree",
        "forward 1": "tree",
        "reverse 1": "drain",
        "update 1": "parallel",
        "update 0": "parallel",
    }


def test_one_lane_works_alone():
    assert set(modes(Network((4, 3, 2)).phases, 1).values()) == {"drain"}


def test_a_wide_layer_from_one_number_is_parallel():
    assert modes(Network((1, 128, 1)).phases, 16) == {
        "forward 0": "parallel",
        "forward 1": "tree",
        "reverse 1": "parallel",
        "update 1": "parallel",
        "update 0": "parallel",
    }


def test_arrays_read_one_by_one_have_no_banks():
    phases = Network((64, 32, 10)).phases
    homes = zip(phases.arrays, bind(phases, 8).homes, strict=True)
    alone = [array.name for array, home in homes if home.layout.lanes == 1]
    assert alone == ["y", "prediction", "e1", "e2"]


@given(st.lists(st.integers(2, 5), min_size=1, max_size=4))
def test_loops_over_a_whole_array_are_one(extents):
    steps = np.cumprod([1, *extents[::-1]])[::-1][1:].tolist()
    loops = tuple(Loop(n, (step,)) for n, step in zip(extents, steps, strict=True))
    assert merged(Nest(loops, ())) == Nest((Loop(int(np.prod(extents)), (1,)),), ())


@given(st.integers(1, 4), st.integers(2, 5), st.integers(1, 4))
def test_a_cut_runs_over_an_axis(outer, extent, stride):
    whole = Nest((Loop(outer * extent * stride, (1,)),), ())
    [cut] = cuts(whole, 0, stride, extent)
    assert Loop(extent, (stride,)) in cut.kept
    assert merged(cut) == whole
