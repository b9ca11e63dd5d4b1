"""Machines compute what their phases mean, for any network, lanes and latencies, at their price."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad import layers, op
from catgrad.bidirectional import operation
from catgrad.combinators import identity
from catgrad.errors import CatgradError
from catgrad.folded.bind import bind, bind_bodies, block_rams
from catgrad.folded.bodies import bodies
from catgrad.folded.cycles import machine_cycles
from catgrad.folded.machine import Instruction, Machine, Mode, Timing
from catgrad.folded.phase import Phases
from tests.folded.networks import Network, agrees, networks
from tests.folded.programs import MODELS, T, digits, hardware, phases_of

LANES = (1, 2, 3, 4, 5, 8, 16, 32)


@settings(max_examples=15, deadline=None)
@given(
    networks(),
    st.sampled_from(LANES),
    st.builds(Timing, st.integers(1, 2), st.integers(1, 4)),
    st.lists(st.booleans(), min_size=1, max_size=5),
    st.lists(st.integers(0, 9), min_size=9, max_size=9),
    st.integers(0, 1 << 32),
)
def test_a_machine_computes_its_phases(network, lanes, timing, learns, slower, seed):
    phases = network.phases
    pipelines, kinds = bodies(phases, 6000)
    # A pipeline gives its outputs some cycles later: deeper ones compute the same.
    late = [replace(p, latency=p.latency + n) for p, n in zip(pipelines, slower, strict=False)]
    agrees(bind_bodies(phases, lanes, timing, late, kinds), learns, seed)


@pytest.mark.parametrize("name", ["batch", "cross_entropy batch", "max_pool", "momentum"])
def test_learners(name):
    """Samples that learn and samples that do not, in any order."""
    agrees(bind(phases_of(MODELS[name]()), 3), [True, False, False, True, True, False], 0)


@pytest.mark.slow
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("name", MODELS)
def test_all_learners(name, lanes):
    agrees(bind(phases_of(MODELS[name]()), lanes), [True, False, False, True, True, False], lanes)


@pytest.mark.parametrize(("lanes", "most"), [(8, 660), (16, 360), (32, 190)])
def test_digits_keep_the_lanes_busy(lanes, most):
    phases = phases_of(digits())
    machine = bind(phases, lanes)
    cycles = machine_cycles(machine)
    assert cycles.multiplications == 64 * 32 * 2 + 32 * 10 * 3
    assert cycles.train <= most
    agrees(machine, [True, False, True], lanes)


def pooled(channels: int) -> Phases:
    """A convolution, the means of 2 x 2 points of what it sees, and a dense layer."""
    flat, shape = T(4 * channels), T(4, 4, channels)
    seen = layers.conv2d(T(1), T(6, 6, 1), T(channels), 3, activation=layers.relu)
    means = seen >> layers.mean_pool(T(1), shape, 2)
    reshaped = means >> op(operation.Reshape(means.target[0], T(1) + flat))
    return phases_of(hardware(reshaped >> layers.dense(T(1), flat, T(3), identity)))


def elementwise(machine: Machine) -> list[Instruction]:
    """The instructions without factors."""
    return [each for each in machine.instructions if not each.factors]


def test_the_lanes_share_what_is_not_multiplied():
    machine = bind(pooled(4), 4)
    [spread] = elementwise(machine)
    assert (spread.mode, spread.cycles) == (Mode.PARALLEL, 16)
    assert all(access.vector for access in (*spread.operands, *spread.stores))
    assert machine_cycles(machine).use >= 0.8
    agrees(machine, [True, False, True], 4)


def test_one_lane_does_what_hardly_takes_time():
    machine = bind(pooled(4), 2)
    [alone] = elementwise(machine)
    assert (alone.mode, alone.cycles) == (Mode.SERIAL, 64)
    assert alone.cycles < 0.1 * machine_cycles(machine).train


def test_digits_fit_the_block_rams_of_an_up5k():
    assert block_rams(bind(phases_of(digits()), 8), "ice40") <= 30


def test_a_wide_layer_between_single_numbers_runs_in_parallel():
    machine = bind(Network((1, 128, 1)).phases, 16)
    assert machine_cycles(machine).train <= 100
    agrees(machine, [True] * 5, 0)


def test_two_large_layers():
    machine = bind(Network((784, 128, 10)).phases, 16)
    assert machine_cycles(machine).use >= 0.92
    agrees(machine, [True, True], 1)


def test_no_lanes():
    with pytest.raises(CatgradError) as error:
        bind(Network((2, 2)).phases, 0)
    assert str(error.value) == (
        "A folded engine needs at least one lane, not 0; give Folded(lanes=8), for example."
    )
