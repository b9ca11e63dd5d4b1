"""A host and a simulated board: what comes back over the wires is what the netlist computes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from amaranth.hdl import signed
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.design import Design
from boards.host import ATTEMPTS, Counters, Device
from boards.protocol import ANSWER, REFUSAL, SYNC, VERSION, Frame, Kind, Refusal
from boards.simulated import SimulatedPort
from catgrad.circuit import Format, NetlistBuilder
from catgrad.errors import CatgradError
from catgrad.hdl.delay_line import DelayLine
from tests.boards.learners import Reference, lms, simulated
from tests.hdl.netlists import random_netlist, random_values


def exchange(port: SimulatedPort, request: bytes) -> Frame:
    """What a board answers to some bytes."""
    port.write(request)
    answer = port.read(1000)
    assert answer[0] == SYNC
    frame = Frame(answer[1], answer[2], answer[5:-2])
    assert frame.to_bytes() == answer
    return frame


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.booleans())
def test_a_board_computes_what_its_netlist_does(seed: int, learns: bool) -> None:
    netlist = random_netlist(seed, cells=20, learns=learns)
    rng = np.random.default_rng(seed)
    formats = {port.name: port.formats for port in netlist.inputs}
    initial, loaded = random_values(rng, formats["parameters"], 2)
    _, device = simulated(netlist, initial.tolist())
    reference = Reference(netlist, initial)

    for sample in range(4):
        if sample == 2:
            device.load(loaded)
            reference.parameters = loaded
        (x,) = random_values(rng, formats["x"], 1)
        if learns and rng.integers(2):
            (y,) = random_values(rng, formats["y"], 1)
            assert device.learn(x, y).tolist() == reference.step(x, y)
        else:
            assert device.predict(x).tolist() == reference.step(x)
        assert device.fetch().tolist() == list(reference.parameters)
    assert device.counters() == Counters(
        4, reference.forward_saturations, reference.learning_saturations, refused=0
    )


def test_a_board_learns() -> None:
    _, device = simulated(lms(2))
    reference = Reference(lms(2), [0, 0])
    rng = np.random.default_rng(0)
    for x in rng.integers(-1000, 1000, size=(20, 2)):
        y = [(3 * x[0] - x[1]) // 4]
        assert device.learn(x, y).tolist() == reference.step(x, y)
    weights = device.fetch()
    assert weights.tolist() == reference.parameters.tolist()
    assert np.abs(weights - [3072, -1024]).max() < 100


def test_a_delay_line_in_front_takes_one_number_a_sample() -> None:
    taps = 3
    _, device = simulated(lms(taps), front=DelayLine(signed(12), taps))
    reference = Reference(lms(taps), [0] * taps)
    window = [0] * taps
    for number in np.random.default_rng(1).integers(-2048, 2048, size=6):
        window = [int(number), *window[:-1]]
        y = [int(number) // 2]
        assert device.learn([number], y).tolist() == reference.step(window, y)
    assert device.fetch().tolist() == reference.parameters.tolist()


def test_parameters_travel_in_rows() -> None:
    """More parameters than fit in one answer, and several in a request."""
    b = NetlistBuilder()
    parameters = b.input("parameters", [Format(9, False)] * 260)
    x = b.input("x", [Format(12, True)] * 12)
    b.output("prediction", [b.add(parameters[259], x[0])])
    _, device = simulated(b.build())
    assert device.design.load_limit == 10
    values = np.arange(260)
    device.load(values)
    assert device.fetch().tolist() == values.tolist()
    assert device.predict([-1] * 12).tolist() == [258]


def test_a_design_without_parameters_only_predicts() -> None:
    b = NetlistBuilder()
    x = b.input("x", [Format(12, True)])
    b.output("prediction", [b.mul(x[0], x[0])])
    port, device = simulated(b.build())
    assert device.predict([-2048]).tolist() == [2048**2]
    assert device.fetch().tolist() == []
    device.load([])
    with pytest.raises(CatgradError) as error:
        device.learn([1], [1])
    assert str(error.value) == (
        "learner does not learn; use predict, or build a design with a learning rule."
    )
    for kind in (Kind.LEARN, Kind.LOAD, Kind.FETCH):
        answer = exchange(port, Frame(kind, 9, bytes(3)).to_bytes())
        assert answer == Frame(REFUSAL, 9, bytes([Refusal.KIND]))


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (Frame(0, 5, b""), Refusal.KIND),
        (Frame(99, 5, b""), Refusal.KIND),
        (Frame(Kind.PREDICT, 5, bytes(3)), Refusal.LENGTH),
        (Frame(Kind.LEARN, 5, bytes(4)), Refusal.LENGTH),
        (Frame(Kind.IDENTITY, 5, bytes(1)), Refusal.LENGTH),
        (Frame(Kind.PREDICT, 5, bytes(100)), Refusal.LENGTH),
        (Frame(Kind.FETCH, 5, bytes([1, 0, 0, 2])), Refusal.ADDRESS),
        (Frame(Kind.FETCH, 5, bytes([0, 1, 0, 1])), Refusal.ADDRESS),
        (Frame(Kind.LOAD, 5, bytes([2, 0, 0, 1, 7, 7])), Refusal.ADDRESS),
        (Frame(Kind.LOAD, 5, bytes([0, 0, 0, 1, 7])), Refusal.LENGTH),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(request_: Frame, refusal: Refusal) -> None:
    port, device = simulated(lms(2), [11, -12])
    assert exchange(port, request_.to_bytes()) == Frame(REFUSAL, 5, bytes([refusal]))
    assert device.fetch().tolist() == [11, -12]
    assert device.counters() == Counters(0, 0, 0, refused=1)


def test_a_wrong_checksum_is_refused() -> None:
    port, device = simulated(lms(2))
    sent = bytearray(Frame(Kind.PREDICT, 5, bytes(4)).to_bytes())
    sent[6] ^= 1
    assert exchange(port, bytes(sent)) == Frame(REFUSAL, 5, bytes([Refusal.CHECKSUM]))
    assert device.counters() == Counters(0, 0, 0, refused=1)


def test_a_request_that_breaks_off_is_refused() -> None:
    port, device = simulated(lms(2))
    sent = Frame(Kind.PREDICT, 5, bytes(4)).to_bytes()[:7]
    assert exchange(port, sent) == Frame(REFUSAL, 5, bytes([Refusal.BROKEN_OFF]))
    assert device.counters() == Counters(0, 0, 0, refused=1)


def test_the_answer_to_a_fetch_of_nothing() -> None:
    port, _ = simulated(lms(2))
    assert exchange(port, Frame(Kind.FETCH, 5, bytes(4)).to_bytes()) == Frame(
        Kind.FETCH + ANSWER, 5
    )


class Unreliable:
    """A port that turns a bit of one byte of what is written, as often as it is told."""

    def __init__(self, port: SimulatedPort, place: int = -1) -> None:
        self.port = port
        self.place = place
        self.faults = 0

    def write(self, data: bytes) -> None:
        if self.faults:
            self.faults -= 1
            damaged = bytearray(data)
            damaged[self.place] ^= 1
            data = bytes(damaged)
        self.port.write(data)

    def read(self, count: int) -> bytes:
        return self.port.read(count)

    def clear(self) -> None:
        self.port.clear()


@pytest.mark.parametrize("place", [1, 2, 3, 4, 5, -1])
def test_a_damaged_request_is_sent_again_and_learnt_once(place: int) -> None:
    """Wherever it was damaged: kind, tag, length, payload or checksum."""
    port, device = simulated(lms(2))
    unreliable = Unreliable(port, place)
    device = Device(unreliable, device.design)
    unreliable.faults = ATTEMPTS - 1
    device.learn([1000, 1000], [1000])
    reference = Reference(lms(2), [0, 0])
    reference.step([1000, 1000], [1000])
    assert device.fetch().tolist() == reference.parameters.tolist()
    assert device.counters()[:3] == (1, 0, 0)
    assert device.counters().refused >= ATTEMPTS - 1


def test_a_line_that_damages_every_request() -> None:
    port, device = simulated(lms(2))
    unreliable = Unreliable(port)
    device = Device(unreliable, device.design)
    unreliable.faults = ATTEMPTS
    with pytest.raises(CatgradError) as error:
        device.predict([1, 2])
    assert str(error.value) == (
        "The board refused the request PREDICT because its checksum was wrong; use a better cable "
        "or a lower baud rate."
    )


class Scripted:
    """A port that has the same bytes to say after every request."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.pending = b""

    def write(self, _data: bytes) -> None:
        self.pending += self.answers.pop(0)

    def read(self, count: int) -> bytes:
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def clear(self) -> None:
        self.pending = b""


DESIGN = Design(
    "lms",
    learns=True,
    x=(Format(12, True),) * 2,
    y=(Format(12, True),),
    prediction=(Format(12, True),),
    parameters=(Format(16, True),) * 2,
    digest="0123456789abcdef",
)


def identity(tag: int, version: int = VERSION, digest: str = DESIGN.digest) -> bytes:
    return Frame(Kind.IDENTITY + ANSWER, tag, bytes([version]) + bytes.fromhex(digest)).to_bytes()


def test_an_answer_is_found_among_noise_and_old_answers() -> None:
    old = Frame(Kind.IDENTITY + ANSWER, 200, bytes(9)).to_bytes()
    damaged = bytearray(identity(1))
    damaged[7] ^= 4
    device = Device(Scripted(b"\x00\xff" + old + bytes(damaged) + identity(1)), DESIGN)
    assert device.design == DESIGN


def test_another_design_on_the_board() -> None:
    with pytest.raises(CatgradError) as error:
        Device(Scripted(identity(1, digest="fedcba9876543210")), DESIGN)
    assert str(error.value) == (
        "The board runs design fedcba9876543210, not lms (0123456789abcdef); load the bitstream "
        "of lms, or open the design file of the one on the board."
    )


def test_another_version_of_the_protocol() -> None:
    with pytest.raises(CatgradError) as error:
        Device(Scripted(identity(1, version=3)), DESIGN)
    assert str(error.value) == (
        "The board speaks version 3 of the protocol and this program version 2; build the "
        "bitstream again with this version of catgrad."
    )


@pytest.mark.parametrize("answer", [b"", b"\xa5", bytes(50), identity(1)[:-1], identity(77)])
def test_no_answer(answer: bytes) -> None:
    with pytest.raises(CatgradError) as error:
        Device(Scripted(answer), DESIGN)
    assert str(error.value) == (
        "The board did not answer the request IDENTITY; check its cable and power, that lms is "
        "loaded, and that both ends use the same baud rate."
    )


def test_a_simulated_board_that_is_silent_spends_its_budget() -> None:
    port, _ = simulated(lms(2))
    assert port.read(1) == b""


def test_a_request_that_the_board_will_never_carry_out() -> None:
    port, device = simulated(lms(2))
    wider = dataclasses.replace(device.design, parameters=device.design.parameters * 2)
    with pytest.raises(CatgradError) as error:
        Device(port, wider).fetch()
    assert str(error.value) == (
        "The board refused the request FETCH because this design has no parameter at that "
        "address; open the design file that was written beside the bitstream on the board."
    )


def test_numbers_of_the_wrong_shape() -> None:
    device = Device(Scripted(identity(1)), DESIGN)
    with pytest.raises(CatgradError) as error:
        device.predict([1, 2, 3])
    assert str(error.value) == (
        "This design takes x of shape (2,), not (3,); give one integer for each element."
    )


def test_numbers_out_of_range() -> None:
    device = Device(Scripted(identity(1)), DESIGN)
    with pytest.raises(CatgradError) as error:
        device.learn([1, 2], [2048])
    assert str(error.value) == (
        "Element 0 of y is 2048, which s12 does not hold: its range is -2048 to 2047; scale or "
        "clip it first."
    )
