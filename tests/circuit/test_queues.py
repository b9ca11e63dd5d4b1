"""Queues before the cells that read them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from catgrad.circuit import Format, Kind, Netlist, NetlistBuilder, to_text, verify
from catgrad.circuit.loops import loops
from catgrad.circuit.queues import narrow_queues
from tests.circuit.learners import in_sequence, learners, random_samples
from tests.circuit.test_loops import lms


@settings(max_examples=40, deadline=None)
@given(learners(), st.integers(0, 2**32))
def test_narrow_queues_change_nothing_but_their_bits(netlist: Netlist, seed: int) -> None:
    narrow = verify(narrow_queues(netlist))
    samples = random_samples(netlist, 12, seed)
    assert in_sequence(narrow, samples) == in_sequence(netlist, samples)
    assert waiting_bits(narrow) <= waiting_bits(netlist)


def waiting_bits(netlist: Netlist) -> int:
    return sum(int(netlist.width[loop.target]) * loop.distance for loop in loops(netlist, ["late"]))


def test_an_error_waits_rather_than_the_gradients_of_all_taps() -> None:
    netlist = lms(taps=4, delay=3)
    narrow = narrow_queues(netlist)
    sources = [loop.source for loop in loops(narrow, ["late"])]
    assert [str(narrow.format(net)) for net in sources] == ["s16"] * 5
    assert (narrow.kind == Kind.MUL).sum() == (netlist.kind == Kind.MUL).sum()
    assert narrow_queues(narrow) == narrow


def test_what_somebody_else_reads_does_not_move() -> None:
    b = NetlistBuilder()
    [late] = b.input("late", [Format(17, True)])
    x, y = b.input("x", [Format(8, True)] * 2)
    product = b.mul(x, y)
    b.output("prediction", [product, b.add(late, product)])
    b.output("late", product, [Format(17, True)])
    netlist = b.build()
    assert narrow_queues(netlist) == netlist


def test_what_is_not_zero_at_first_does_not_move() -> None:
    b = NetlistBuilder()
    late, x = b.input("late", [Format(17, True)]), b.input("x", [Format(4, True)])
    b.output("prediction", b.add(late, x))
    b.output("late", b.add(b.mul(x, x), b.const([5])), [Format(17, True)])
    netlist = b.build()
    assert narrow_queues(netlist) == netlist


def test_a_narrow_queue(golden: object) -> None:
    golden("queue.txt", to_text(narrow_queues(lms(taps=2, delay=2))))  # type: ignore[operator]
