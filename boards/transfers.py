"""What the link does for a request: keep an answer, pass samples through, move parameters.

Each class adds its signals to the module it is given, its states to the machine around it, and its
first step to wherever a request is recognised.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

from boards.design import Design, bytes_of, element_bytes
from boards.frames import FrameReader, FrameWriter
from boards.protocol import ADDRESS_BYTES, ANSWER, COUNT_BYTES, REFUSAL, Refusal

SEND = "SEND"
"""The state in which an answer is complete, and on its way out."""

FETCH_BYTES = ADDRESS_BYTES + COUNT_BYTES
"""The payload of a request to fetch parameters."""


class Buffer:
    """The bytes of a request, and those of the last answer, in one memory.

    Requests lie from address 0 up, answers from the last address down, so that a frame that turns
    out to be damaged, and the same request once more, leave the answer as it is.
    """

    def __init__(self, m: Module, size: int, reader: FrameReader, writer: FrameWriter) -> None:
        m.submodules.buffer = memory = Memory(shape=unsigned(8), depth=size, init=[])
        write, read = memory.write_port(), memory.read_port()
        self.keeps, self.kept = Signal(), Signal(8)
        self.count = Signal(range(size))  # The bytes of the answer.
        self.address, self.byte = Signal(read.addr.shape()), read.data
        self.sending, settled = Signal(), Signal()
        with m.If(reader.store):
            m.d.comb += [write.addr.eq(reader.place), write.data.eq(reader.byte)]
        with m.Else():
            m.d.comb += [write.addr.eq(~self.count), write.data.eq(self.kept)]
        m.d.comb += [
            write.en.eq(reader.store | self.keeps),
            read.addr.eq(Mux(self.sending, ~writer.index, self.address)),
            writer.payload.payload.eq(read.data),
            writer.payload.valid.eq(settled),
        ]
        # The byte at an address is there in the cycle after it.
        m.d.sync += settled.eq(self.sending & ~writer.payload.ready)
        with m.If(self.keeps):
            m.d.sync += self.count.eq(self.count + 1)


class Answer:
    """The answer to a request: a kind, and bytes that go into the buffer as they become known."""

    def __init__(self, m: Module, buffer: Buffer, longest: int) -> None:
        self.m, self.buffer = m, buffer
        self.kind = Signal(8)
        self.index = Signal(range(longest))

    def begin(self, state: str, kind: int) -> None:
        """Carry out a request of this kind from this state on."""
        self.m.d.sync += self.kind.eq(kind + ANSWER)
        self.m.next = state

    def refuse(self, why: Refusal) -> None:
        """Answer that the request is not carried out."""
        self.m.d.sync += [self.kind.eq(REFUSAL + why), self.buffer.count.eq(0)]
        self.m.next = SEND

    def give(self, value: Value, valid: ValueLike = 1, then: str = SEND) -> Value:
        """Add the bytes of a value while it is valid. The result: the last is being taken."""
        m, last = self.m, Signal()
        m.d.comb += [
            self.buffer.keeps.eq(valid),
            self.buffer.kept.eq(value.word_select(self.index, 8)),
            last.eq(valid & (self.index == len(value) // 8 - 1)),
        ]
        with m.If(valid):
            m.d.sync += self.index.eq(Mux(last, 0, self.index + 1))
        with m.If(last):
            m.next = then
        return last


class Words:
    """The payload of a request, read byte by byte and put together to words, low bytes first.

    `number` counts what the states want counted. It starts from 0 with each request. `exhausted` is
    1 if all of the payload has been read.
    """

    def __init__(
        self, m: Module, buffer: Buffer, length: Value, longest: int, numbers: int
    ) -> None:
        self.m, self.buffer, self.length = m, buffer, length
        size = 1 << len(buffer.address)
        self.held = Signal(8 * longest)
        self.there = Signal(range(longest + 1))
        self.number = Signal(range(numbers + 1))
        self.position = Signal(range(size + 1))
        self.exhausted = Signal()
        self.moving = moving = Signal()
        # The byte at `position` is there in each cycle, since its address was in the one before.
        following = Signal.like(self.position)
        m.d.comb += [
            following.eq(self.position + moving),
            buffer.address.eq(following),
            self.exhausted.eq(self.position == length),
        ]
        m.d.sync += self.position.eq(following)

    def begin(self) -> None:
        """Start with the first byte of a payload."""
        self.m.d.comb += self.buffer.address.eq(0)
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
                self.held.eq(Cat(self.held[8:], self.buffer.byte)),
                self.there.eq(self.there + 1),
            ]
        return complete

    def used(self) -> None:
        """The word has been taken, the next may follow."""
        self.m.d.sync += [self.there.eq(0), self.number.eq(self.number + 1)]


class Counted:
    """Whether a payload has a head and then one or more items of equal size; if so, on."""

    def __init__(self, m: Module, answer: Answer, words: Words) -> None:
        self.m, self.answer, self.words = m, answer, words
        self.left, self.item = Signal(len(words.position)), Signal(len(words.position))
        self.samples = Signal()

    def begin(self, kind: int, item: int, samples: bool) -> None:
        """Find out of the payload that is there, and then carry out a request of this kind."""
        self.m.d.sync += [
            self.left.eq(self.words.length),
            self.item.eq(item),
            self.samples.eq(samples),
        ]
        self.answer.begin("COUNTED", kind)

    def states(self, loads: bool) -> None:
        """Add the state that takes one item after another away, until the head alone is left.

        Samples have none; parameters, if they are loaded here at all, that of their address.
        """
        m = self.m
        less = Signal(len(self.left) + 1)
        m.d.comb += less.eq(self.left - self.item)
        with m.State("COUNTED"):
            m.d.sync += self.left.eq(less)
            self.words.begin()
            with m.If(less[-1]):
                self.answer.refuse(Refusal.LENGTH)
            with m.Elif(self.samples & (less == 0)):
                m.next = "X"
            if loads:
                with m.Elif(~self.samples & (less == ADDRESS_BYTES)):
                    m.next = "ADDRESS"


class SampleTransfer:
    """Samples into the learner, element by element, and their predictions out."""

    def __init__(
        self, m: Module, answer: Answer, words: Words, design: Design, learner: wiring.PureInterface
    ) -> None:
        self.m, self.answer, self.words = m, answer, words
        self.design, self.learner = design, learner
        self.train = Signal()
        m.d.comb += learner.x.payload.eq(words.word(element_bytes(design.x)))
        if design.y:
            m.d.comb += learner.y.payload.eq(words.word(element_bytes(design.y)))
        if design.learns and not design.always:
            m.d.comb += learner.train.eq(self.train)

    def states(self) -> None:
        """Add the states of samples on their way in, and of predictions on their way out."""
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
            given = self.answer.give(prediction, learner.prediction.valid, then="PREDICTION")
            m.d.comb += learner.prediction.ready.eq(given)
            with m.If(given):
                m.d.sync += words.number.eq(words.number + 1)
                with m.If(words.number == len(design.prediction) - 1):
                    m.d.sync += words.number.eq(0)
                    m.next = "X"
                    with m.If(words.exhausted):
                        m.next = SEND


class ParameterTransfer:
    """Parameters from an address on, one after another, into the learner or out.

    `loaded` counts those that went in, up to one too many; the link sets it to 0.
    """

    def __init__(
        self, m: Module, answer: Answer, words: Words, design: Design, learner: wiring.PureInterface
    ) -> None:
        self.m, self.answer, self.words = m, answer, words
        self.design, self.learner = design, learner
        self.address = Signal(range(design.addresses + 1))
        self.count, self.loading = Signal(8 * COUNT_BYTES), Signal()
        self.value_bytes = bytes_of(design.value)
        self.loaded = Signal(range(len(design.parameters) + 2))
        m.d.comb += [
            learner.load.payload.address.eq(self.address),
            learner.load.payload.value.eq(words.word(self.value_bytes)),
            learner.fetch.payload.eq(self.address),
        ]

    def states(self) -> None:
        """Add the states in which parameters are moved one by one."""
        m, learner, words, answer = self.m, self.learner, self.words, self.answer
        addresses, limit = self.design.addresses, self.design.fetch_limit
        beyond = self.address == addresses
        with m.State("ADDRESS"), m.If(words.complete(ADDRESS_BYTES)):
            address = words.word(ADDRESS_BYTES)
            words.used()
            m.d.sync += self.address.eq(address)
            with m.If(address >= addresses):
                answer.refuse(Refusal.ADDRESS)
            with m.Elif(self.loading):
                m.next = "LOAD"
            with m.Else():
                m.next = "COUNT"
        with m.State("COUNT"), m.If(words.complete(COUNT_BYTES)):
            count = words.word(COUNT_BYTES)
            m.d.sync += self.count.eq(count)
            m.next = "FETCH"
            with m.If(count > limit):
                answer.refuse(Refusal.LENGTH)
        with m.State("LOAD"):
            with m.If(words.exhausted & (words.there == 0)):
                m.next = SEND
            with m.Elif(beyond):
                answer.refuse(Refusal.ADDRESS)
            with m.Else(), m.If(words.complete(self.value_bytes)):
                m.d.comb += learner.load.valid.eq(1)
                with m.If(learner.load.ready):
                    words.used()
                    m.d.sync += self.address.eq(self.address + 1)
                    with m.If(self.loaded <= len(self.design.parameters)):
                        m.d.sync += self.loaded.eq(self.loaded + 1)
        with m.State("FETCH"):
            with m.If(self.count == 0):
                m.next = SEND
            with m.Elif(beyond):
                answer.refuse(Refusal.ADDRESS)
            with m.Else():
                m.d.comb += learner.fetch.valid.eq(1)
                with m.If(learner.fetch.ready):
                    m.d.sync += [
                        self.address.eq(self.address + 1),
                        self.count.eq(self.count - 1),
                    ]
                    m.next = "FETCHED"
        with m.State("FETCHED"):
            value = to_bytes(learner.fetched.payload, self.value_bytes)
            given = answer.give(value, learner.fetched.valid, then="FETCH")
            m.d.comb += learner.fetched.ready.eq(given)


def to_bytes(value: Value, size: int) -> Value:
    """An element, extended to so many bytes."""
    bits = Value.cast(value)
    if len(bits) > 8 * size:  # numbers with a sign and without one have a bit more in common
        return bits[: 8 * size]
    top = bits[-1] if bits.shape().signed else Const(0)
    return Cat(bits, top.replicate(8 * size - len(bits)))
