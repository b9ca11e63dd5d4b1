"""A host and a simulated board: what comes back over the wires is what the netlist computes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from amaranth.hdl import signed
from hypothesis import example, given, settings
from hypothesis import strategies as st

from boards.host import Counters, Device, LinkError, Refused
from boards.port import Port
from boards.protocol import ANSWER, REFUSAL, Frame, Frames, Kind, Refusal
from boards.top import Top
from catgrad.circuit import Format, NetlistBuilder
from catgrad.errors import CatgradError
from catgrad.hdl.delay_line import DelayLine
from catgrad.hdl.transducer import Transducer
from tests.boards.learners import Reference, compiled, lms, simulated
from tests.hdl.netlists import random_netlist, random_values


class Wire:
    """Frames to a board and back, numbered by hand."""

    def __init__(self, port: Port) -> None:
        self.port = port

    def ask(self, kind: int, number: int, payload: bytes = b"") -> Frame | None:
        """What a board answers to a frame."""
        return self.exchange(Frame(kind, number, payload).to_bytes())

    def exchange(self, request: bytes) -> Frame | None:
        """What a board answers to some bytes."""
        self.port.clear()
        self.port.write(request)
        answer = self.port.read(10_000)
        frames = Frames().feed(answer)
        assert b"".join(frame.to_bytes() for frame in frames) == answer
        assert len(frames) < 2
        return frames[0] if frames else None


def refused(number: int, reason: Refusal) -> Frame:
    return Frame(REFUSAL + reason, number)


@settings(max_examples=4)
@given(st.integers(0, 2**32), st.booleans())
@example(336, False)  # bytes with a sign and without
def test_a_board_computes_what_its_netlist_does(seed: int, learns: bool) -> None:
    netlist = random_netlist(seed, cells=20, learns=learns)
    rng = np.random.default_rng(seed)
    formats = {port.name: port.formats for port in netlist.inputs}
    initial, loaded = random_values(rng, formats["parameters"], 2)
    _, device = simulated(netlist, initial.tolist())
    for parameters in (initial, loaded):
        reference = Reference(netlist, parameters)
        if parameters is loaded:
            device.load(loaded)
        for _ in range(2):
            if learns and rng.integers(2):
                x, y = (random_values(rng, formats[row], 3) for row in "xy")
                assert device.learn(x, y).tolist() == list(map(reference.step, x, y))
            else:
                (x,) = random_values(rng, formats["x"], 1)
                assert device.predict(x).tolist() == reference.step(x)
            assert device.fetch().tolist() == list(reference.parameters)
        assert device.counters() == Counters(
            reference.samples,
            reference.forward_saturations,
            reference.learning_saturations,
            damaged=0,
        )


def test_a_board_learns() -> None:
    _, device = compiled()
    reference = Reference(lms(2), [1, 2])
    rng = np.random.default_rng(0)
    x = rng.integers(-1000, 1000, size=(200, 2))
    y = (3 * x[:, :1] - x[:, 1:]) // 4
    assert device.learn(x, y).tolist() == list(map(reference.step, x, y))
    weights = device.fetch()
    assert weights.tolist() == reference.parameters.tolist()
    assert np.abs(weights - [3072, -1024]).max() < 100


def test_a_delay_line_in_front_takes_one_number_a_sample_and_is_empty_after_a_load() -> None:
    taps = 3
    _, device = simulated(lms(taps), front=DelayLine(signed(12), taps))
    assert device.design.history == 2
    for start in ([0] * taps, [500, -600, 700]):
        device.load(start)
        reference = Reference(lms(taps), start)
        window = [0] * taps
        for number in np.random.default_rng(1).integers(-2048, 2048, size=6):
            window = [int(number), *window[:-1]]
            y = [int(number) // 2]
            assert device.learn([number], y).tolist() == reference.step(window, y)
        assert device.fetch().tolist() == reference.parameters.tolist()
        assert device.counters().samples == 6


def test_parameters_travel_in_rows() -> None:
    """More parameters than fit in one answer, and in one request."""
    b = NetlistBuilder()
    parameters = b.input("parameters", [Format(9, False)] * 200)
    x = b.input("x", [Format(12, True)] * 12)
    b.output("prediction", [b.add(parameters[199], x[0])])
    _, device = simulated(b.build())
    assert (device.design.load_limit, device.design.fetch_limit) == (190, 64)
    values = np.arange(200)
    device.load(values)
    assert device.fetch().tolist() == values.tolist()
    assert device.predict([-1] * 12).tolist() == [198]


def test_a_design_without_parameters_only_predicts() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(12, True)])
    b.output("prediction", [b.mul(x[0], x[0])])
    port, device = simulated(b.build())
    assert device.predict([-2048]).tolist() == [2048**2]
    assert device.predict(np.zeros((0, 1), np.int64)).tolist() == []
    assert device.fetch().tolist() == []
    device.load([])
    assert device.counters().samples == 0
    with pytest.raises(CatgradError) as error:
        device.learn([1], [1])
    assert str(error.value) == (
        "learner does not learn; use predict, or build a design with a learning rule."
    )
    wire = Wire(port)
    wire.ask(Kind.HELLO, 8)
    for number, kind in enumerate((Kind.LEARN, Kind.LOAD, Kind.FETCH), start=9):
        assert wire.ask(kind, number, bytes(4)) == refused(number, Refusal.KIND)


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        (0, b"", Refusal.KIND),
        (99, b"", Refusal.KIND),
        (Kind.PREDICT, b"", Refusal.LENGTH),
        (Kind.PREDICT, bytes(3), Refusal.LENGTH),
        (Kind.PREDICT, bytes(9), Refusal.LENGTH),
        (Kind.LEARN, bytes(4), Refusal.LENGTH),
        (Kind.LEARN, bytes(11), Refusal.LENGTH),
        (Kind.COUNTERS, bytes(1), Refusal.LENGTH),
        (Kind.BEGIN, bytes(1), Refusal.LENGTH),
        (Kind.COMMIT, bytes(1), Refusal.LENGTH),
        (Kind.COMMIT, b"", Refusal.INCOMPLETE),
        (Kind.FETCH, bytes([0, 0, 0]), Refusal.LENGTH),
        (Kind.FETCH, bytes([0, 0, 0, 65]), Refusal.LENGTH),
        (Kind.FETCH, bytes([1, 0, 0, 2]), Refusal.ADDRESS),
        (Kind.FETCH, bytes([0, 1, 0, 1]), Refusal.ADDRESS),
        (Kind.LOAD, bytes([0, 0, 0, 7, 7]), Refusal.INCOMPLETE),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(kind: int, payload: bytes, reason: Refusal) -> None:
    port, device = compiled()
    wire = Wire(port)
    wire.ask(Kind.HELLO, 65_535)
    for _ in range(2):  # It is the answer to this request, and has the place of one.
        assert wire.ask(kind, 0, payload) == refused(0, reason)
    device.open()
    assert device.fetch().tolist() == [1, 2]
    assert device.counters() == Counters(0, 0, 0, damaged=0)


def test_a_request_is_carried_out_once_and_answered_as_often_as_it_comes() -> None:
    port, device = compiled()
    device.load([4096, 0])
    wire = Wire(port)
    wire.ask(Kind.HELLO, 500)
    sample = bytes([1, 0, 0, 0, 255, 7])
    answer = Frame(Kind.LEARN + ANSWER, 501, bytes([1, 0]))
    assert [wire.ask(Kind.LEARN, 501, sample) for _ in range(3)] == [answer] * 3
    # Neither is one that does not follow, nor does it drive the answer out.
    assert wire.ask(Kind.LEARN, 503, sample) == refused(503, Refusal.SEQUENCE)
    assert wire.ask(Kind.LEARN, 500, sample) == refused(500, Refusal.SEQUENCE)
    assert wire.ask(Kind.LEARN, 501, sample) == answer
    device.open()
    assert device.counters().samples == 1


def test_a_damaged_frame_is_not_answered_and_leaves_the_last_answer() -> None:
    port, device = compiled()
    device.load([4096, 0])
    wire = Wire(port)
    wire.ask(Kind.HELLO, 500)
    good = Frame(Kind.LEARN, 501, bytes([1, 0, 0, 0, 255, 7]) * 64).to_bytes()
    answer = wire.exchange(good)
    other = Frame(Kind.LEARN, 502, bytes([9] * 384)).to_bytes()
    assert wire.exchange(other[:-1] + bytes([other[-1] ^ 1])) is None
    assert wire.exchange(good) == answer
    device.open()
    assert device.counters() == Counters(64, 0, 0, damaged=1)


def test_a_board_that_was_reset_says_so() -> None:
    port, device = compiled()
    device.learn([1000, 1000], [1000])
    port.reset()
    with pytest.raises(LinkError) as error:
        device.predict([1, 2])
    assert str(error.value) == (
        "The board refused the request PREDICT because it has been reset since the host greeted "
        "it; load parameters, or restore a checkpoint, and go on from there."
    )
    with pytest.raises(LinkError) as error:
        device.counters()
    assert str(error.value) == (
        "The line to learner is closed, since a request was not answered; open it again, and load "
        "parameters or restore a checkpoint."
    )
    assert device.open()
    assert device.fetch().tolist() == [1, 2]


@pytest.mark.parametrize("steps", range(3))
def test_there_are_no_samples_in_the_middle_of_a_load(steps: int) -> None:
    port, device = compiled()
    wire = Wire(port)
    requests = [(Kind.BEGIN, b""), (Kind.LOAD, bytes(5)), (Kind.LOAD, bytes([1, 0, 0, 5, 0]))]
    wire.ask(Kind.HELLO, 0)
    for number, request in enumerate(requests[: steps + 1], start=1):
        answer = wire.ask(request[0], number, request[1])
        assert answer == Frame(request[0] + ANSWER, number)
    for number, (kind, payload) in enumerate(
        [(Kind.PREDICT, bytes(4)), (Kind.LEARN, bytes(6)), (Kind.FETCH, bytes(4))], steps + 2
    ):
        assert wire.ask(kind, number, payload) == refused(number, Refusal.UNLOADED)
    # Whoever comes next cannot end the load, nor add to it.
    assert not device.open()
    wire.ask(Kind.HELLO, 0)
    assert wire.ask(Kind.LOAD, 1, bytes(5)) == refused(1, Refusal.INCOMPLETE)
    assert wire.ask(Kind.COMMIT, 2) == refused(2, Refusal.INCOMPLETE)
    device.open()
    with pytest.raises(Refused) as error:
        device.predict([0, 0])
    assert str(error.value) == (
        "The board refused the request PREDICT because it holds no whole set of parameters; load "
        "parameters, or restore a checkpoint, and go on from there."
    )
    device.load([7, 8])
    assert device.fetch().tolist() == [7, 8]
    assert device.open()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (bytes([2, 0, 0, 7, 7]), Refusal.ADDRESS),
        (bytes([1, 0, 0, 7, 7, 8, 8]), Refusal.ADDRESS),
        (bytes([0, 0, 0, 7]), Refusal.LENGTH),
        (bytes([0, 0, 0, 7, 7, 7]), Refusal.LENGTH),
        (bytes([0, 0, 0]), Refusal.LENGTH),
        (bytes([0, 0]), Refusal.LENGTH),
    ],
)
def test_a_load_that_is_wrong_is_refused(payload: bytes, reason: Refusal) -> None:
    port, _ = compiled()
    wire = Wire(port)
    wire.ask(Kind.HELLO, 0)
    wire.ask(Kind.BEGIN, 1)
    assert wire.ask(Kind.LOAD, 2, payload) == refused(2, reason)
    assert wire.ask(Kind.COMMIT, 3) == refused(3, Refusal.INCOMPLETE)


@pytest.mark.parametrize("count", [1, 3, 4, 6, 8, 34])
def test_a_load_of_more_or_fewer_values_than_there_are_is_refused(count: int) -> None:
    port, _ = compiled()
    wire = Wire(port)
    wire.ask(Kind.HELLO, 0)
    wire.ask(Kind.BEGIN, 1)
    for number in range(2, 2 + count):
        assert wire.ask(Kind.LOAD, number, bytes(5)) == Frame(Kind.LOAD + ANSWER, number)
    assert wire.ask(Kind.COMMIT, 2 + count) == refused(2 + count, Refusal.INCOMPLETE)


def test_a_simulated_board_that_is_silent_spends_its_budget() -> None:
    port, _ = compiled()
    assert port.read(1) == b""


def test_a_request_that_the_board_will_never_carry_out() -> None:
    port, device = compiled()
    wider = dataclasses.replace(device.design, parameters=device.design.parameters * 2)
    with pytest.raises(Refused) as error:
        Device(port, wider).fetch()
    assert str(error.value) == (
        "The board refused the request FETCH because this design has no parameter at that "
        "address; open the design file that was written beside the bitstream on the board."
    )


def test_a_line_that_is_too_fast() -> None:
    with pytest.raises(CatgradError) as error:
        Top(Transducer(lms(2)), "lms", 1)
    assert str(error.value) == (
        "lms has too few clock cycles for a bit on its line, 1; give it at least 2, and a board "
        "at least 4."
    )
