"""Simulation follows the rules of the memories, also where they make wrong numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.folded.bind import bind
from catgrad.folded.simulate import simulate
from tests.folded.networks import Network, agrees, networks

LANES = (1, 2, 3, 4, 8)


@settings(max_examples=12, deadline=None)
@given(networks(width=8), st.sampled_from(LANES), st.integers(0, 40), st.integers(0, 1 << 32))
def test_longer_waits_change_nothing(network, lanes, more, seed):
    machine = bind(network.phases, lanes)
    restart = (machine.restart[0] + more, machine.restart[1] + more)
    agrees(replace(machine, restart=restart), [True, False, True], seed)


def test_a_wait_that_is_too_short_shows_in_the_numbers():
    machine = bind(Network((5, 4, 3)).phases, 2)
    instructions = list(machine.instructions)
    instructions[1] = replace(instructions[1], wait=0)
    with pytest.raises(AssertionError):
        agrees(replace(machine, instructions=tuple(instructions)), [True, True], 0)


def test_samples_too_close_together_show_in_the_numbers():
    machine = bind(Network((3, 2)).phases, 4)
    with pytest.raises(AssertionError):
        agrees(replace(machine, restart=(0, 0)), [True] * 5, 0)


@given(st.integers(1, 6))
def test_the_cycles_of_a_run(samples):
    machine = bind(Network((3, 2)).phases, 2)
    state, x, y = np.ones(6, int), np.ones((samples, 3), int), np.ones((samples, 2), int)
    once, more = (simulate(machine, [state], [x[:n]], [y[:n]]).cycles for n in (1, samples))
    interval = sum(each.wait + each.cycles for each in machine.instructions) + machine.restart[1]
    assert more == once + (samples - 1) * interval


def test_samples_of_another_size():
    machine = bind(Network((3, 2)).phases, 2)
    with pytest.raises(CatgradError) as error:
        simulate(machine, [np.zeros(6, int)], [np.zeros((1, 4), int)], [np.zeros((1, 2), int)])
    assert str(error.value) == (
        "The machine takes x of sizes [3] a sample, not [4]; give an array [samples, size] for "
        "each."
    )


def test_learning_said_for_other_samples():
    machine = bind(Network((3, 2)).phases, 2)
    numbers = [np.zeros((2, 3), int)], [np.zeros((2, 2), int)]
    with pytest.raises(CatgradError) as error:
        simulate(machine, [np.zeros(6, int)], *numbers, train=[True])
    assert str(error.value) == (
        "There are 2 samples, but 1 times it is said whether the machine learns; say it once for "
        "each sample, or train=True for all."
    )
