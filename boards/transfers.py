"""What the link does for a request: answer, pass a sample through, move parameters.

Each class adds its signals to the module it is given, its states to the machine around it, and its
first step to wherever a request is recognised.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import data, wiring

from boards.design import Design, bytes_of, element_bytes, row_bytes
from boards.frames import FrameReader, FrameWriter
from boards.protocol import ADDRESS_BYTES, ANSWER, COUNT_BYTES, COUNTER_BYTES, REFUSAL, Refusal

END = "END"
"""The state in which an answer has been given and is on its way out."""

HEAD_BYTES = ADDRESS_BYTES + COUNT_BYTES
"""What a request about parameters begins with."""


class Answer:
    """The answer to a request: a header, and then bytes, as they become known."""

    def __init__(self, m: Module, writer: FrameWriter, header: data.View, longest: int) -> None:
        self.m = m
        self.writer = writer
        self.request_kind = header.kind
        self.kind, self.length = Signal(8), Signal(16)
        self.fault, self.refused = Signal(8), Signal(8 * COUNTER_BYTES)
        self.index = Signal(range(longest))
        m.d.comb += writer.header.payload.eq(Cat(self.kind, header.tag, self.length))

    def begin(self, state: str, size: ValueLike) -> None:
        """Carry out the request from this state on; its answer will have `size` bytes."""
        self.m.d.sync += [self.kind.eq(self.request_kind + ANSWER), self.length.eq(size)]
        self.m.next = state

    def refuse(self, why: ValueLike) -> None:
        """Answer that the request is not carried out."""
        self.m.d.sync += [
            self.kind.eq(REFUSAL),
            self.length.eq(1),
            self.fault.eq(why),
            self.refused.eq(self.refused + 1),
        ]
        self.m.next = "REFUSE"

    def give(self, value: Value, valid: ValueLike = 1, then: str = END) -> Value:
        """Send the bytes of a value while it is valid. The result: the last is being taken."""
        m, payload = self.m, self.writer.payload
        m.d.comb += [
            self.writer.header.valid.eq(1),
            payload.valid.eq(valid),
            payload.payload.eq(value.word_select(self.index, 8)),
        ]
        last = self.index == len(value) // 8 - 1
        with m.If(payload.valid & payload.ready):
            m.d.sync += self.index.eq(Mux(last, 0, self.index + 1))
            with m.If(last):
                m.next = then
        return payload.valid & payload.ready & last


class Words:
    """The payload of a request, read byte by byte and put together to words, low bytes first.

    `number` counts what the states want counted. Both start from 0 with each request.
    """

    def __init__(self, m: Module, reader: FrameReader, longest: int, numbers: int) -> None:
        self.m = m
        self.byte, self.address = reader.byte, reader.address
        self.held = Signal(8 * longest)
        self.there = Signal(range(longest + 1))
        self.number = Signal(range(numbers + 1))
        self.position = Signal.like(reader.address)
        self.moving = Signal()
        # The byte at `position` is there in each cycle, since its address was in the one before.
        m.d.comb += reader.address.eq(self.position + self.moving)
        with m.If(self.moving):
            m.d.sync += self.position.eq(self.position + 1)

    def begin(self) -> None:
        """Start with the first byte of a payload."""
        self.m.d.comb += self.address.eq(0)
        self.m.d.sync += [self.position.eq(0), self.there.eq(0), self.number.eq(0)]

    def word(self, size: int) -> Value:
        """The word of `size` bytes that is complete when `complete(size)` is."""
        return self.held[-8 * size :]

    def complete(self, size: int) -> Value:
        """Read on until a word of `size` bytes is there. The result: it is."""
        m, complete = self.m, self.there == size
        with m.If(~complete):
            m.d.comb += self.moving.eq(1)
            m.d.sync += [
                self.held.eq(Cat(self.held[8:], self.byte)),
                self.there.eq(self.there + 1),
            ]
        return complete

    def used(self) -> None:
        """The word has been taken, the next may follow."""
        self.m.d.sync += [self.there.eq(0), self.number.eq(self.number + 1)]


class SampleTransfer:
    """A sample into the learner, element by element, and its prediction out."""

    def __init__(
        self, m: Module, answer: Answer, words: Words, design: Design, learner: wiring.PureInterface
    ) -> None:
        self.m, self.answer, self.words = m, answer, words
        self.design, self.learner = design, learner
        self.train = Signal()
        m.d.comb += learner.x.payload.eq(words.word(element_bytes(design.x)))
        if design.y:
            m.d.comb += learner.y.payload.eq(words.word(element_bytes(design.y)))
        if design.learns:
            m.d.comb += learner.train.eq(self.train)

    def begin(self, learn: bool) -> None:
        """Start with the sample that is in the payload."""
        self.m.d.sync += self.train.eq(learn)
        self.words.begin()
        self.answer.begin("X", row_bytes(self.design.prediction))

    def states(self) -> None:
        """Add the states of a sample on its way in, and of its prediction on its way out."""
        m, design, learner, words = self.m, self.design, self.learner, self.words
        with m.State("X"), m.If(words.complete(element_bytes(design.x))):
            m.d.comb += learner.x.valid.eq(1)
            with m.If(learner.x.ready):
                words.used()
                with m.If(words.number == len(design.x) - 1):
                    m.d.sync += words.number.eq(0)
                    m.next = "PREDICTION"
                    if design.y:
                        with m.If(self.train):
                            m.next = "Y"
        if design.y:
            with m.State("Y"), m.If(words.complete(element_bytes(design.y))):
                m.d.comb += learner.y.valid.eq(1)
                with m.If(learner.y.ready):
                    words.used()
                    with m.If(words.number == len(design.y) - 1):
                        m.d.sync += words.number.eq(0)
                        m.next = "PREDICTION"
        with m.State("PREDICTION"):
            prediction = to_bytes(learner.prediction.payload, element_bytes(design.prediction))
            given = self.answer.give(prediction, valid=learner.prediction.valid, then="PREDICTION")
            m.d.comb += learner.prediction.ready.eq(given)
            with m.If(given):
                m.d.sync += words.number.eq(words.number + 1)
                with m.If(words.number == len(design.prediction) - 1):
                    m.next = END


class ParameterTransfer:
    """A row of parameters, into the learner or out: `count` of them, from `address` on, remain."""

    def __init__(
        self, m: Module, answer: Answer, words: Words, design: Design, learner: wiring.PureInterface
    ) -> None:
        self.m, self.answer, self.words = m, answer, words
        self.design, self.learner = design, learner
        self.address, self.count = Signal(8 * ADDRESS_BYTES), Signal(8 * COUNT_BYTES)
        self.value_bytes = bytes_of(design.value)
        self.loading, self.size = Signal(), Signal(16)
        m.d.comb += [
            learner.load.payload.address.eq(self.address),
            learner.load.payload.value.eq(words.word(self.value_bytes)),
            learner.fetch.payload.eq(self.address),
        ]

    def begin(self, size: Value, loading: bool) -> None:
        """Start to read where the parameters are, and how many, from a payload of this size."""
        self.m.d.sync += [self.loading.eq(loading), self.size.eq(size)]
        self.words.begin()
        self.m.next = "PARAMETERS"

    def states(self) -> None:
        """Add the states in which parameters are moved one by one."""
        m, learner, words, answer = self.m, self.learner, self.words, self.answer
        with m.State("PARAMETERS"), m.If(words.complete(HEAD_BYTES)):
            head = words.word(HEAD_BYTES)
            address, count = head[: len(self.address)], head[len(self.address) :]
            words.used()
            m.d.sync += [self.address.eq(address), self.count.eq(count)]
            values = count * self.value_bytes
            with m.If(self.loading & (self.size != HEAD_BYTES + values)):
                answer.refuse(Refusal.LENGTH)
            with m.Elif(address + count > self.design.addresses):
                answer.refuse(Refusal.ADDRESS)
            with m.Elif(self.loading):
                answer.begin("LOAD", 0)
            with m.Else():
                answer.begin("FETCH", values)
        with m.State("LOAD"):
            with m.If(self.count == 0):
                m.next = END
            with m.Elif(words.complete(self.value_bytes)):
                m.d.comb += learner.load.valid.eq(1)
                with m.If(learner.load.ready):
                    words.used()
                    self._next()
        with m.State("FETCH"):
            m.d.comb += [
                answer.writer.header.valid.eq(1),
                learner.fetch.valid.eq(self.count != 0),
            ]
            with m.If(self.count == 0):
                m.next = END
            with m.Elif(learner.fetch.ready):
                self._next()
                m.next = "FETCHED"
        with m.State("FETCHED"):
            value = to_bytes(learner.fetched.payload, self.value_bytes)
            given = answer.give(value, valid=learner.fetched.valid, then="FETCH")
            m.d.comb += learner.fetched.ready.eq(given)

    def _next(self) -> None:
        self.m.d.sync += [self.address.eq(self.address + 1), self.count.eq(self.count - 1)]


def to_bytes(value: Value, size: int) -> Value:
    """An element, extended to so many bytes."""
    bits = Value.cast(value)
    top = bits[-1] if bits.shape().signed else Const(0)
    return Cat(bits, top.replicate(8 * size - len(bits)))
