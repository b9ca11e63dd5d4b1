"""What each kind of cell takes by the model of a family, and which cells are apart."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder
from catgrad.circuit.paths import apart, ends_ps
from catgrad.circuit.timing import Timing, in_block, timing
from tests.circuit.learners import MODEL
from tests.circuit.strategies import netlists


def test_what_each_kind_takes() -> None:
    b = NetlistBuilder()
    x, y, z = b.input("x", [Format(16, True)] * 3)
    bit = b.gt(x, y)
    b.add(y, z)
    b.sub(z, y)
    b.mux(bit, z, z)
    b.saturate(x, Format(8, True))
    b.saturate(x, Format(15, True))
    b.fits(y, Format(8, True))
    b.lookup(x, range(16))
    b.gt(b.const(0), z)
    assert timing(b.build(), MODEL, None).through[3:].tolist() == [
        2000 + 16 * 50 + 1000,
        2000 + 16 * 50,
        2000 + 16 * 50,
        1000 + 2 * 100,  # the select leads to sixteen bits, which is four doubled twice
        3170 + 1000 + 100,  # look-up tables on nine bits, then on each of eight
        1500 + 190,
        3170,
        1000,
        0,
        0,
    ]


def test_additions_in_a_row_wait_for_one_carry() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(16, True)] * 3)
    b.output("z", b.add(b.shr(b.add(x[0], x[1]), 2), x[2]))
    netlist = b.build()
    ends = ends_ps(netlist, timing(netlist, MODEL, None), np.zeros(len(netlist), np.int64))
    # Of the 16 bits of the first one, 14 are left, while which the second one has begun.
    assert ends.max() == 500 + (2000 + 16 * 50) + (2000 + (16 - 14) * 50)


def test_blocks_and_memories_have_registers_inside() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(16, True), Format(19, True), Format(3, True)])
    products = b.mul(x[0], x)
    entry = b.lookup(x[0], range(128))
    b.output("z", [*products, entry])
    netlist = b.build()
    assert in_block(netlist, MODEL)[products].tolist() == [True, False, False]
    assert not in_block(netlist, None).any()
    slow, fast = (timing(netlist, MODEL, period_ps) for period_ps in (6_000, 3_000))
    assert (slow.cycles[products[0]], slow.inside[products[0]]) == (2, 4000)
    assert (fast.cycles[products[0]], fast.inside[products[0]]) == (3, 2000)
    assert (slow.cycles[entry], slow.launch[entry]) == (1, 4000)


def longest_ps(netlist: Netlist, times: Timing, path: list[int]) -> int:
    """What a path of cells takes, from the registers before the first one on."""
    total = times.register + int(times.through[path[0]])
    for before, cell in pairwise(path):
        operands = np.flatnonzero(netlist.args[cell] == before)
        total += int(times.through[cell] - times.saves[cell, operands].min())
    return total


@settings(max_examples=60, deadline=None)
@given(netlists(cells=8), st.integers(1_000, 20_000))
def test_a_stage_ends_on_each_path_that_takes_too_long(netlist: Netlist, period_ps: int) -> None:
    """By exhaustion over all paths between cells with logic."""
    times = timing(netlist, MODEL, period_ps)
    if times.cycles.any():
        return
    pairs = {(first, second) for first, second in apart(netlist, times, period_ps).tolist()}
    stack = [[cell] for cell in range(len(netlist)) if times.through[cell] > 0]
    while stack:
        path = stack.pop()
        many = (times.through[path] > 0).sum() > 1
        if many and longest_ps(netlist, times, path[::-1]) > period_ps:
            inside = set(path)
            assert any(first in inside and second in inside for first, second in pairs)
            continue
        for arg in netlist.args[path[-1]].tolist():
            if arg >= 0 and netlist.kind[arg] not in (Kind.INPUT, Kind.CONST):
                stack.append([*path, arg])
