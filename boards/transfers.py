"""What the link does for a request: answer, pass a sample through, move parameters.

Each class adds its signals to the module it is given, its states to the machine around it, and its
first step to wherever a request is recognised.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import data, wiring

from boards.design import Design, Formats, bytes_of, bytes_of_all
from boards.frames import FrameWriter
from boards.protocol import ADDRESS_BYTES, ANSWER, COUNT_BYTES, COUNTER_BYTES, REFUSAL, Refusal
from catgrad.hdl.layout import elements

END = "END"
"""The state in which an answer has been given and is on its way out."""


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


class SampleTransfer:
    """A sample into the learner, and its prediction out.

    x and y are offered until each has been taken, perhaps in different cycles.
    """

    def __init__(
        self,
        m: Module,
        answer: Answer,
        design: Design,
        learner: wiring.PureInterface,
        payload: Value,
    ) -> None:
        self.m, self.answer, self.design, self.learner = m, answer, design, learner
        self.train, self.x_taken, self.y_taken = Signal(), Signal(), Signal()
        m.d.comb += Value.cast(learner.x.payload).eq(from_bytes(payload, design.x))
        if design.y:
            y = from_bytes(payload[8 * bytes_of_all(design.x) :], design.y)
            m.d.comb += Value.cast(learner.y.payload).eq(y)
        if design.learns:
            m.d.comb += learner.train.eq(self.train)

    def begin(self, learn: bool) -> None:
        """Start with the sample that is in the payload."""
        self.m.d.sync += [
            self.train.eq(learn),
            self.x_taken.eq(0),
            self.y_taken.eq(not learn),
        ]
        self.answer.begin("SAMPLE", bytes_of_all(self.design.prediction))

    def states(self) -> None:
        """Add the state of a sample that is in the learner's hands."""
        m, learner = self.m, self.learner
        with m.State("SAMPLE"):
            m.d.comb += learner.x.valid.eq(~self.x_taken)
            with m.If(learner.x.ready):
                m.d.sync += self.x_taken.eq(1)
            if self.design.y:
                m.d.comb += learner.y.valid.eq(~self.y_taken)
                with m.If(learner.y.ready):
                    m.d.sync += self.y_taken.eq(1)
            prediction = to_bytes(elements(learner.prediction.payload))
            given = self.answer.give(prediction, valid=learner.prediction.valid)
            m.d.comb += learner.prediction.ready.eq(given)


class ParameterTransfer:
    """A row of parameters, into the learner or out: `count` of them, from `address` on, remain.

    `loaded` is how many the payload of a load has room for, 0 if it has a part of one.
    """

    def __init__(
        self,
        m: Module,
        answer: Answer,
        design: Design,
        learner: wiring.PureInterface,
        payload: Value,
        size: Value,
    ) -> None:
        self.m, self.answer, self.design, self.learner = m, answer, design, learner
        self.address, self.count = Signal(8 * ADDRESS_BYTES), Signal(8 * COUNT_BYTES)
        self.first, rest = payload[: len(self.address)], payload[len(self.address) :]
        self.fetched, self.loaded = rest[: len(self.count)], Signal(len(self.count))
        self.value_bytes = bytes_of(design.value)
        with m.Switch(size):
            for number in range(1, design.load_limit + 1):
                with m.Case(ADDRESS_BYTES + number * self.value_bytes):
                    m.d.comb += self.loaded.eq(number)
        done = (self.loaded - self.count)[: len(self.count)]
        m.d.comb += [
            learner.load.payload.address.eq(self.address),
            learner.load.payload.value.eq(rest.word_select(done, 8 * self.value_bytes)),
            learner.fetch.payload.eq(self.address),
        ]

    def begin_load(self) -> None:
        """Start to load the values in the payload."""
        self._begin("LOAD", self.loaded, 0)

    def begin_fetch(self) -> None:
        """Start to fetch as many values as the payload says."""
        self._begin("FETCH", self.fetched, self.fetched * self.value_bytes)

    def _begin(self, state: str, number: Value, size: ValueLike) -> None:
        with self.m.If(self.first + number > len(self.design.parameters)):
            self.answer.refuse(Refusal.ADDRESS)
        with self.m.Else():
            self.m.d.sync += [self.address.eq(self.first), self.count.eq(number)]
            self.answer.begin(state, size)

    def states(self) -> None:
        """Add the states in which parameters are moved one by one."""
        m, learner = self.m, self.learner
        with m.State("LOAD"):
            m.d.comb += learner.load.valid.eq(self.count != 0)
            self._next(learner.load.ready, then="LOAD")
        with m.State("FETCH"):
            m.d.comb += [
                self.answer.writer.header.valid.eq(1),
                learner.fetch.valid.eq(self.count != 0),
            ]
            self._next(learner.fetch.ready, then="FETCHED")
        with m.State("FETCHED"):
            value = to_bytes([learner.fetched.payload])
            given = self.answer.give(value, valid=learner.fetched.valid, then="FETCH")
            m.d.comb += learner.fetched.ready.eq(given)

    def _next(self, moved: Value, then: str) -> None:
        with self.m.If(self.count == 0):
            self.m.next = END
        with self.m.Elif(moved):
            self.m.d.sync += [self.address.eq(self.address + 1), self.count.eq(self.count - 1)]
            self.m.next = then


def from_bytes(payload: Value, formats: Formats) -> Value:
    """The elements in a payload, side by side as `layout_of` has them."""
    bits, start = [], 0
    for format in formats:
        bits.append(payload[start : start + format.width])
        start += 8 * bytes_of(format)
    return Cat(*bits)


def to_bytes(values: Sequence[Value]) -> Value:
    """The elements of a payload, each extended to whole bytes."""
    extended = []
    for value in values:
        shape = value.shape()
        top = value[-1] if shape.signed else Const(0)
        extended.append(Cat(value, top.replicate(-shape.width % 8)))
    return Cat(*extended)
