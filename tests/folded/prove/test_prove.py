"""The proof accepts what is bound, and names the first fault of what is not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catgrad.errors import CatgradError
from catgrad.folded.bind import bind
from catgrad.folded.machine import Access, Layout, Machine, Mode
from catgrad.folded.prove import prove
from tests.folded.networks import Network, networks

LANES = (1, 2, 3, 4, 8)


@cache
def machine() -> Machine:
    """A network 5-4-3 on two lanes."""
    return bind(Network((5, 4, 3)).phases, 2)


def instruction(name: str) -> int:
    """The number of the instruction that runs a phase."""
    names = [machine().phases.phases[i.phase].name for i in machine().instructions]
    return names.index(name)


def changed(name: str, **changes: object) -> Machine:
    """The machine with one instruction changed."""
    instructions = list(machine().instructions)
    number = instruction(name)
    instructions[number] = replace(instructions[number], **changes)
    return replace(machine(), instructions=tuple(instructions))


def refusal(broken: Machine) -> str:
    with pytest.raises(CatgradError) as error:
        prove(broken)
    return str(error.value)


@settings(max_examples=8, deadline=None)
@given(networks(width=10), st.sampled_from(LANES), st.data())
def test_no_wait_can_be_shorter(network, lanes, data):
    """The schedule and its proof know nothing of each other, and agree to the cycle."""
    bound = bind(network.phases, lanes)
    waiting = [i for i, each in enumerate(bound.instructions) if each.wait]
    assume(waiting)
    number = data.draw(st.sampled_from(waiting))
    early = list(bound.instructions)
    early[number] = replace(early[number], wait=early[number].wait - 1)
    refusal(replace(bound, instructions=tuple(early)))


@settings(max_examples=8, deadline=None)
@given(networks(width=10), st.sampled_from(LANES))
def test_the_next_sample_cannot_begin_earlier(network, lanes):
    bound = bind(network.phases, lanes)
    predict, train = bound.restart
    assume(train)
    refusal(replace(bound, restart=(predict, train - 1)))


@settings(max_examples=8, deadline=None)
@given(networks(width=10), st.sampled_from(LANES), st.integers(1, 50))
def test_the_next_sample_may_begin_later(network, lanes, more):
    bound = bind(network.phases, lanes)
    predict, train = bound.restart
    assert prove(replace(bound, restart=(predict + more, train + more)))


def moved(access: Access, **changes: object) -> Access:
    return replace(access, **changes)


def test_a_read_before_its_write():
    wait = machine().instructions[instruction("forward 1")].wait
    assert refusal(changed("forward 1", wait=wait - 1)) == (
        "Phase forward 1 of sample 0 reads a1 in cycle 16, before phase forward 0 of sample 0 has "
        "written it; let forward 1 wait longer."
    )


def test_a_number_written_over_before_its_last_read():
    calm = [replace(each, wait=50) for each in machine().instructions]
    one, two = instruction("reverse 1"), instruction("update 1")
    calm[one], calm[two] = calm[two], calm[one]
    assert refusal(replace(machine(), instructions=tuple(calm))) == (
        "Phase reverse 1 of sample 1 reads w1 in cycle 342, when phase update 1 of sample 1 has "
        "already written over it; let update 1 wait longer."
    )


def test_samples_too_close_together():
    assert refusal(replace(machine(), restart=(0, machine().restart[1]))) == (
        "Memory x_y_e2 is read for sample 1 in cycle 22, x by phase forward 0, and for sample 0 "
        "still in cycle 25, y by phase forward 1; let samples wait 4 cycles longer."
    )


def test_two_arrays_at_one_port():
    assert refusal(changed("reverse 1", wait=0)) == (
        "Memory x_y_e2 is read twice in cycle 49: y by phase forward 1 and e2 by phase reverse 1; "
        "give the arrays memories of their own, or let the later phase wait."
    )


def test_the_address_of_another_number():
    factors = machine().instructions[instruction("forward 1")].factors
    wrong = (factors[0], moved(factors[1], strides=(1, 2)))
    assert refusal(changed("forward 1", factors=wrong)) == (
        "Phase forward 1 does not go to the numbers that it means, in mode tree over loops (3, 2); "
        "correct the addresses of its instruction."
    )


def test_an_address_beyond_the_memory():
    factors = machine().instructions[instruction("forward 1")].factors
    wrong = (factors[0], moved(factors[1], base=12))
    assert refusal(changed("forward 1", factors=wrong)) == (
        "Phase forward 1 asks for w1 in row 16, lane 0 of memory w0_w1, which has 16 rows of 2; "
        "correct the address of its factor."
    )


def test_results_that_meet_at_the_body():
    bound = bind(Network((40, 16, 6)).phases, 8)
    [number] = [i for i, each in enumerate(bound.instructions) if each.gap]
    instructions = list(bound.instructions)
    instructions[number] = replace(instructions[number], gap=instructions[number].gap - 1)
    assert refusal(replace(bound, instructions=tuple(instructions))) == (
        "Two results of phase reverse 1 enter the body in cycle 218; give it a longer gap."
    )


def at_home(name: str, **changes: object) -> Machine:
    """The machine with an array in another home."""
    homes = list(machine().homes)
    [number] = [i for i, a in enumerate(machine().phases.arrays) if a.name == name]
    homes[number] = replace(homes[number], **changes)
    return replace(machine(), homes=tuple(homes))


def test_a_layout_in_which_two_lanes_meet():
    assert refusal(at_home("w1", layout=Layout(2, 1, 2))) == (
        "Phase forward 1 does not go to the numbers that it means, in mode tree over loops (3, 2); "
        "correct the addresses of its instruction."
    )


def test_a_home_beyond_the_memory():
    assert refusal(at_home("w1", base=12)) == (
        "Array w1 takes rows 12 to 17 of 2 lanes, but memory w0_w1 has 16 rows of 2; give it a "
        "home that is large enough."
    )


def test_two_parameters_in_one_row():
    assert refusal(at_home("w1", base=9)) == (
        "Arrays w0 and w1 both take row 9 of memory w0_w1; give them rows of their own."
    )


def test_padding_that_is_written_to():
    """Seven numbers in two rows of four lanes: the last lane of the second row stays 0."""
    bound = bind(Network((9, 7, 5)).phases, 4)
    names = [a.name for a in bound.phases.arrays]
    homes, e1 = list(bound.homes), names.index("e1")
    homes[e1] = replace(homes[e1], base=homes[names.index("a1")].base + 1)
    instructions = list(bound.instructions)
    for number, each in enumerate(instructions):
        phase = bound.phases.phases[each.phase]
        factors, stores = (
            tuple(
                moved(access, base=access.base - (1 if access.vector else 4))
                if place.array == e1
                else access
                for access, place in zip(accesses, places, strict=True)
            )
            for accesses, places in (
                (each.factors, phase.factors),
                (each.stores, [store.place for store in phase.stores]),
            )
        )
        instructions[number] = replace(each, factors=factors, stores=stores)
    broken = replace(bound, homes=tuple(homes), instructions=tuple(instructions))
    assert refusal(broken) == (
        "Phase forward 1 reads padding of a1 that another phase writes to; give the arrays rows of "
        "their own."
    )


################################################################################
# Promises


def test_a_phase_that_is_left_out():
    assert refusal(replace(machine(), instructions=machine().instructions[:-1])) == (
        "The program runs phases [0, 1, 2, 3], but there are 5; let it run each of them once."
    )


def test_predictions_that_begin_with_learning():
    assert refusal(replace(machine(), forward=3)) == (
        "A prediction runs phases [0, 1, 2], but takes the first 2; let the program begin with "
        "those."
    )


def test_samples_that_overlap():
    assert refusal(replace(machine(), restart=(-1, 0))) == (
        "The machine waits (-1, 0) cycles between samples; let that be at least 0."
    )


def test_a_narrow_memory():
    memories = [replace(memory, width=7) for memory in machine().memories]
    assert refusal(replace(machine(), memories=tuple(memories))) == (
        "Array w0 has numbers of 8 bits, but memory w0_w1 has 7; give it a memory that is wide "
        "enough."
    )


def test_copies_of_what_comes_with_samples():
    assert refusal(at_home("x", buffer=0)) == (
        "Array x, of kind x, has one copy; give two to just x, y and predictions."
    )
    assert refusal(at_home("e1", buffer=4)) == (
        "Array e1, of kind temporary, has two copies; give two to just x, y and predictions."
    )
    assert refusal(at_home("x", buffer=6)) == (
        "The two copies of array x begin 6 rows apart at row 0; choose a power of two from 5 on, "
        "and a first row that is a multiple of twice that."
    )


def test_a_layout_that_does_not_divide_the_array():
    assert refusal(at_home("w1", layout=Layout(2, 1, 5))) == (
        "Array w1 of 12 numbers lies from row 10 on in axes of 5 numbers 1 apart; let it begin at "
        "row 0 or later, and be whole axes."
    )


def test_addresses_of_other_places():
    here = machine().instructions[instruction("forward 1")]
    elsewhere = 1 - here.factors[1].memory
    assert refusal(changed("forward 1", factors=here.factors[:1])) == (
        "The instruction of phase forward 1 has 4 addresses for 5 places; give one for each "
        "factor, operand and store."
    )
    wrong = (here.factors[0], moved(here.factors[1], memory=elsewhere))
    assert refusal(changed("forward 1", factors=wrong)) == (
        "Phase forward 1 looks for w1 in memory x_y_e2, but it lives in w0_w1; correct the address."
    )
    wrong = (here.factors[0], moved(here.factors[1], buffer=1))
    assert refusal(changed("forward 1", factors=wrong)) == (
        "Phase forward 1 finds the second copy of w1 1 addresses on, but it is 0 on; correct the "
        "address."
    )
    wrong = (here.factors[0], moved(here.factors[1], strides=(1,)))
    assert refusal(changed("forward 1", factors=wrong)) == (
        "Phase forward 1 has an address over 1 loops, a row at a time, where 2 loops run; correct "
        "the address."
    )


def test_lanes_over_a_loop_of_another_kind():
    assert refusal(changed("forward 1", tile=0)) == (
        "Phase forward 1 runs in mode tree with 1 kept loops, and the lanes over loop 0, 2 of "
        "them in the last row; correct its instruction."
    )
    assert refusal(changed("forward 1", mode=Mode.SERIAL)) == (
        "Phase forward 1 runs in mode serial, which is right for phases that neither multiply nor "
        "add; choose another mode."
    )
    assert refusal(changed("forward 1", wait=-1)) == (
        "Phase forward 1 waits -1 cycles, and 0 after each result; let both be at least 0."
    )


def test_the_body_of_another_phase():
    bodies = {each.phase: each.body for each in machine().instructions}
    assert refusal(changed("forward 1", body=bodies[0])) == (
        "Port operands of body 0 has 0 elements, and phase forward 1 has 1 for it; choose the body "
        "of the phase."
    )


def test_a_body_that_computes_something_else():
    phases = list(machine().phases.phases)
    number = machine().instructions[instruction("forward 1")].phase
    phases[number] = replace(phases[number], events=(replace(phases[number].events[0], output=0),))
    broken = replace(machine(), phases=replace(machine().phases, phases=tuple(phases)))
    assert refusal(broken) == (
        "From [-2, -1] the body of phase forward 1 makes 1 for element 0 of forward, not 0; choose "
        "the body of the phase."
    )
