"""What a host knows of the design on its board, and how that design's numbers become bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from boards.protocol import ADDRESS_BYTES, ADDRESS_LIMIT, COUNT_LIMIT, PAYLOAD_LIMIT
from catgrad.circuit.format import Format, Integers, integers
from catgrad.errors import CatgradError

Formats = tuple[Format, ...]


def bytes_of(format: Format) -> int:
    """How many bytes an element takes: they are whole.

    >>> bytes_of(Format(12, True))
    2
    """
    return -(-format.width // 8)


def element_bytes(formats: Sequence[Format]) -> int:
    """How many bytes each element of a row takes: those of the widest."""
    return max(map(bytes_of, formats), default=1)


def row_bytes(formats: Sequence[Format]) -> int:
    """How many bytes a row of elements takes."""
    return len(formats) * element_bytes(formats)


def pack(values: ArrayLike, formats: Sequence[Format], what: str) -> bytes:
    """Integers, one for each format, as they are sent.

    CatgradError, which calls them `what`, if they are not that many or one does not fit.

    >>> pack([1, -2], [Format(12, True)] * 2, "x").hex(" ")
    '01 00 fe ff'
    """
    numbers = integers(values)
    if numbers.shape != (len(formats),):
        raise CatgradError(
            f"This design takes {what} of shape {(len(formats),)}, not {numbers.shape}; "
            f"give one integer for each element."
        )
    for position, (number, format) in enumerate(zip(numbers, formats, strict=True)):
        if not format.min <= number <= format.max:
            raise CatgradError(
                f"Element {position} of {what} is {number}, which {format} does not hold: its "
                f"range is {format.min} to {format.max}; scale or clip it first."
            )
    size = element_bytes(formats)
    return b"".join(
        int(number).to_bytes(size, "little", signed=format.signed)
        for number, format in zip(numbers, formats, strict=True)
    )


def unpack(payload: bytes, formats: Sequence[Format]) -> Integers:
    """The integers in a payload, one for each format.

    >>> unpack(bytes.fromhex("0100feff"), [Format(12, True)] * 2)
    array([ 1, -2])
    """
    size = element_bytes(formats)
    values = [
        int.from_bytes(payload[i * size : (i + 1) * size], "little", signed=format.signed)
        for i, format in enumerate(formats)
    ]
    return integers(np.array(values, dtype=object))


def spoken(formats: Sequence[Format]) -> str:
    """How many numbers there are, and how wide, in words; and of their signs, if not all have one.

    >>> spoken([Format(12, True)] * 3), spoken([Format(8, False)])
    ('3 numbers of 12 bits', '1 unsigned number of 8 bits')
    """
    widths = " and ".join(str(width) for width in sorted({f.width for f in formats}))
    signs = {f.signed for f in formats}
    kind = "signed and unsigned " if len(signs) > 1 else "" if signs != {False} else "unsigned "
    noun = "number" if len(formats) == 1 else "numbers"
    return f"{len(formats)} {kind}{noun} of {widths or 'no'} bits"


def told_apart(one: Sequence[Format], other: Sequence[Format]) -> tuple[str, str]:
    """Two rows that differ, in words that do: with the first place, where they sound the same.

    >>> told_apart([Format(8, True), Format(9, True)], [Format(9, True), Format(8, True)])
    ('2 numbers of 8 and 9 bits (element 0: s8)', '2 numbers of 8 and 9 bits (element 0: s9)')
    """
    texts = spoken(one), spoken(other)
    if texts[0] != texts[1]:
        return texts
    place = next(i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    first, second = (f"{spoken(row)} (element {place}: {row[place]})" for row in (one, other))
    return first, second


BUFFER_BYTES = 512
"""The least room for a request and the answer to the one before: one block RAM of an iCE40."""


REQUEST_CYCLES = 50_000
"""How many clock cycles of computing a host asks for at once: 4 ms at 12 MHz, so that it need not
wait long before it knows that an answer is lost."""


@dataclass(frozen=True)
class Design:
    """What a host has to know of the design on a board.

    - `name`: that of its files.
    - `learns`: whether its parameters change with a sample.
    - `x`, `y`, `prediction`, `parameters`: the format of each element.
    - `digest`: the design's identity, in hexadecimal.
    - `places`: the address of each parameter; None where they are numbered from 0.
    - `history`: of how many samples before it a prediction is made as well, because a delay line
      keeps them; None if what the design keeps besides its parameters can not be had again.
    - `channels`: how many learners take turns, sample by sample.
    - `always`: whether it learns from every sample.
    - `interval`: clock cycles from one sample to the next, without the time on the line.
    - `memory`: how many numbers of a model's memory neither a load nor a reset brings back.
    - `baud`, `clock_hz`: bits a second on the line and clock cycles a second; None where it was
      built for no board.

    CatgradError if the protocol has no room for it.
    """

    name: str
    learns: bool
    x: Formats
    y: Formats
    prediction: Formats
    parameters: Formats
    digest: str
    places: tuple[int, ...] | None = None
    history: int | None = 0
    channels: int = 1
    always: bool = False
    interval: int = 1
    memory: int = 0
    baud: int | None = None
    clock_hz: float | None = None

    def __post_init__(self) -> None:
        sample, prediction = self.sample_bytes, row_bytes(self.prediction)
        for what, need, limit in (
            ("addresses of parameters", self.addresses, ADDRESS_LIMIT),
            ("bytes in a sample", sample, PAYLOAD_LIMIT),
            ("bytes in a prediction", prediction, PAYLOAD_LIMIT),
        ):
            if need > limit:
                raise CatgradError(
                    f"{self.name} has {need} {what} and the link to a host carries {limit}; make "
                    f"the model or its formats smaller."
                )

    @property
    def sample_bytes(self) -> int:
        """How many bytes x and y take."""
        return row_bytes(self.x) + row_bytes(self.y)

    @property
    def addresses(self) -> int:
        """One more than the last address of a parameter."""
        return len(self.parameters) if self.places is None else max(self.places) + 1

    @property
    def value(self) -> Format:
        """The signed format that all parameters share on the line."""
        widths = [format.width + (not format.signed) for format in self.parameters]
        return Format(max(widths, default=1), True)

    @property
    def buffer_bytes(self) -> int:
        """The bytes of the board's buffer, a power of two: requests from below, answers from above.

        It has room for a sample and a prediction; three quarters at most are for samples.
        """
        least = self.sample_bytes + max(row_bytes(self.prediction), self.sample_bytes // 3)
        return max(BUFFER_BYTES, 1 << (least - 1).bit_length())

    @property
    def batch(self) -> int:
        """The most samples that there is room for in one request."""
        both = self.sample_bytes + row_bytes(self.prediction)
        return min(self.buffer_bytes // both, self.buffer_bytes * 3 // 4 // self.sample_bytes)

    @property
    def together(self) -> int:
        """The most samples in one request of a host: `REQUEST_CYCLES` are enough, or it is one."""
        return min(self.batch, max(1, REQUEST_CYCLES // self.interval))

    @property
    def silent_cycles(self) -> int:
        """The clock cycles that a board may say nothing while it computes, at most."""
        # An answer may wait for the step before it to end, and for what is still in a pipeline.
        return REQUEST_CYCLES + 2 * self.interval

    @property
    def answer_limit(self) -> int:
        """The most bytes in the payload of an answer."""
        return max(self.batch * row_bytes(self.prediction), self.buffer_bytes // 4)

    @property
    def request_limit(self) -> int:
        """The most bytes in the payload of a request."""
        return min(self.buffer_bytes - self.answer_limit, PAYLOAD_LIMIT)

    @property
    def load_limit(self) -> int:
        """The most parameters in one request to load them."""
        return (self.request_limit - ADDRESS_BYTES) // bytes_of(self.value)

    @property
    def fetch_limit(self) -> int:
        """The most parameters in one answer."""
        return min(self.answer_limit // bytes_of(self.value), COUNT_LIMIT)

    def again(self, position: int) -> int | None:
        """How many samples up to `position` bring it to where it was there, its parameters aside.

        They are predicted from once more; None if they would not do.
        """
        if self.history is None:
            return None
        seen = min(self.history * self.channels, position)
        seen += (position - seen) % self.channels
        return None if seen and self.always else seen

    def to_json(self) -> str:
        """The text of a design file."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Design:
        """The design that `to_json` wrote; CatgradError if it is anything else."""
        try:
            fields = json.loads(text)
            for row in ("x", "y", "prediction", "parameters"):
                fields[row] = tuple(Format(*format) for format in fields[row])
            if fields["places"] is not None:
                fields["places"] = tuple(fields["places"])
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise CatgradError(
                "This is not the description of a design; give the .design.json file that stands "
                "beside the bitstream."
            ) from error

    @classmethod
    def read(cls, path: Path | str) -> Design:
        """The design in a design file."""
        try:
            text = Path(path).read_text()
        except OSError:
            raise CatgradError(
                f"There is no design file {path}; name the .design.json beside the bitstream."
            ) from None
        return cls.from_json(text)
