"""A host that talks to a script: what it makes of answers, and what it says of errors."""

from __future__ import annotations

import pytest

from boards.design import Design
from boards.host import Device, LinkError
from boards.protocol import ANSWER, VERSION, Frame, Frames, Kind
from catgrad.circuit import Format
from catgrad.errors import CatgradError


class Scripted:
    """A port that has something to say after every request, given its number."""

    def __init__(self, *answers: bytes, number: bool = True) -> None:
        self.answers = list(answers)
        self.number = number
        self.pending = b""

    def write(self, data: bytes) -> None:
        (request,) = Frames().feed(data)
        answer = self.answers.pop(0) if self.answers else b""
        for frame in Frames().feed(answer) if self.number else []:
            numbered = Frame(frame.kind, request.sequence, frame.payload)
            answer = answer.replace(frame.to_bytes(), numbered.to_bytes())
        self.pending += answer

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


def hello(version: int = VERSION, digest: str = DESIGN.digest) -> bytes:
    payload = bytes([version]) + bytes.fromhex(digest) + bytes([1])
    return Frame(Kind.HELLO + ANSWER, 0, payload).to_bytes()


def test_an_answer_is_found_among_noise_and_damaged_answers() -> None:
    damaged = bytearray(hello())
    damaged[7] ^= 4
    port = Scripted(b"\x00\xff", bytes(damaged), b"\x00\x7e\x7e\x01" + hello())
    device = Device(port, DESIGN)
    assert device.resent == 2


def test_an_old_answer_is_none() -> None:
    with pytest.raises(LinkError):
        Device(Scripted(*[hello()] * 5, number=False), DESIGN)


def test_another_design_on_the_board() -> None:
    with pytest.raises(CatgradError) as error:
        Device(Scripted(hello(digest="fedcba9876543210")), DESIGN)
    assert str(error.value) == (
        "The board runs design fedcba9876543210, not lms (0123456789abcdef); load the bitstream "
        "of lms, or open the design file of the one on the board."
    )


def test_another_version_of_the_protocol() -> None:
    with pytest.raises(CatgradError) as error:
        Device(Scripted(hello(version=4)), DESIGN)
    assert str(error.value) == (
        "The board speaks version 4 of the protocol and this program version 3; build the "
        "bitstream again with this version of catgrad."
    )


@pytest.mark.parametrize("answer", [b"", b"\x7e", bytes(50), hello()[:-1]])
def test_no_answer(answer: bytes) -> None:
    with pytest.raises(LinkError) as error:
        Device(Scripted(answer, number=False), DESIGN)
    assert str(error.value) == (
        "The board did not answer the request HELLO; check its cable and power, that lms is "
        "loaded, and that both ends use the same baud rate."
    )


def test_numbers_of_the_wrong_shape() -> None:
    device = Device(Scripted(hello()), DESIGN)
    with pytest.raises(CatgradError) as error:
        device.predict([1, 2, 3])
    assert str(error.value) == (
        "This design takes x of shape (2,), not (3,); give one integer for each element."
    )


def test_numbers_out_of_range() -> None:
    device = Device(Scripted(hello()), DESIGN)
    with pytest.raises(CatgradError) as error:
        device.learn([1, 2], [2048])
    assert str(error.value) == (
        "Element 0 of y is 2048, which s12 does not hold: its range is -2048 to 2047; scale or "
        "clip it first."
    )
