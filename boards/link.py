"""The gateware end of the protocol: requests in bytes become transfers on a learner's ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from boards.design import Design, Formats, bytes_of, bytes_of_all
from boards.frames import FrameReader, FrameWriter
from boards.protocol import (
    ADDRESS_BYTES,
    ANSWER,
    COUNT_BYTES,
    COUNTER_BYTES,
    DIGEST_BYTES,
    REFUSAL,
    VERSION,
    Kind,
    Refusal,
)
from catgrad.hdl.layout import elements


class Link(wiring.Component):
    """Carries out the requests of `boards.protocol`, one after another, and answers each.

    A request touches the learner only after its checksum has been found right. A request for which
    the learner has no ports is of an unknown kind. Until an answer is out, no byte is listened to.

    Members: `i`, `i_error` and `o`, the bytes; `learner`, the ports of a `catgrad.hdl.Transducer`,
    or of anything with ports like it, from the other side.
    """

    def __init__(self, design: Design, learner: wiring.Signature, patience: int) -> None:
        self.design = design
        self.patience = patience
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "i_error": In(1),
                "o": Out(stream.Signature(8)),
                "learner": In(learner),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        design, learner = self.design, self.learner
        x_bytes, y_bytes = bytes_of_all(design.x), bytes_of_all(design.y)
        prediction_bytes, value_bytes = bytes_of_all(design.prediction), bytes_of(design.value)
        identity_bytes, counter_bytes = 1 + DIGEST_BYTES, 4 * COUNTER_BYTES
        longest = max(prediction_bytes, value_bytes, identity_bytes, counter_bytes)

        m = Module()
        m.submodules.reader = reader = FrameReader(design.request_limit, self.patience)
        m.submodules.writer = writer = FrameWriter()
        connect(m, flipped(self.i), reader.i)
        connect(m, writer.o, flipped(self.o))

        request, answer = reader.o.payload, writer.header.payload
        size, payload = request.header.length, request.payload.as_value()
        kind, length, fault = Signal(8), Signal(16), Signal(8)
        refused = Signal(8 * COUNTER_BYTES)
        m.d.comb += [
            reader.error.eq(self.i_error),
            answer.eq(Cat(kind, request.header.tag, length)),
        ]

        def begin(state: str, answer_bytes: ValueLike) -> None:
            """Carry out the request in this state; its answer will have so many bytes."""
            m.d.sync += [kind.eq(request.header.kind + ANSWER), length.eq(answer_bytes)]
            m.next = state

        def refuse(why: ValueLike) -> None:
            m.d.sync += [kind.eq(REFUSAL), length.eq(1), fault.eq(why), refused.eq(refused + 1)]
            m.next = "REFUSE"

        index = Signal(range(longest))

        def give(value: Value, valid: ValueLike = 1, then: str = "END") -> Value:
            """Send the bytes of a value while it is valid. The result: the last is being taken."""
            m.d.comb += [
                writer.header.valid.eq(1),
                writer.payload.valid.eq(valid),
                writer.payload.payload.eq(value.word_select(index, 8)),
            ]
            taken = writer.payload.valid & writer.payload.ready
            last = index == len(value) // 8 - 1
            with m.If(taken):
                m.d.sync += index.eq(Mux(last, 0, index + 1))
                with m.If(last):
                    m.next = then
            return taken & last

        # A sample: x and y are offered until each has been taken, perhaps in different cycles.
        train, x_taken, y_taken = Signal(), Signal(), Signal()
        m.d.comb += Value.cast(learner.x.payload).eq(from_bytes(payload, design.x))
        if design.learns:
            m.d.comb += learner.train.eq(train)
        if design.y:
            y = from_bytes(payload[8 * x_bytes :], design.y)
            m.d.comb += Value.cast(learner.y.payload).eq(y)

        def sample(learn: bool) -> None:
            m.d.sync += [train.eq(learn), x_taken.eq(0), y_taken.eq(not learn)]
            begin("SAMPLE", prediction_bytes)

        # A row of parameters: `count` of them, from `address` on, are still to be moved.
        address, count = Signal(8 * ADDRESS_BYTES), Signal(8 * COUNT_BYTES)
        first, rest = payload[: len(address)], payload[len(address) :]
        loaded, fetched = Signal.like(count), rest[: len(count)]
        if design.parameters:
            with m.Switch(size):
                for number in range(1, design.load_limit + 1):
                    with m.Case(ADDRESS_BYTES + number * value_bytes):
                        m.d.comb += loaded.eq(number)
            done = (loaded - count)[: len(count)]
            m.d.comb += [
                learner.load.payload.address.eq(address),
                learner.load.payload.value.eq(rest.word_select(done, 8 * value_bytes)),
                learner.fetch.payload.eq(address),
            ]

        def move(state: str, number: Value, answer_bytes: ValueLike) -> None:
            with m.If(first + number > len(design.parameters)):
                refuse(Refusal.ADDRESS)
            with m.Else():
                m.d.sync += [address.eq(first), count.eq(number)]
                begin(state, answer_bytes)

        def one_moved() -> None:
            m.d.sync += [address.eq(address + 1), count.eq(count - 1)]

        @contextmanager
        def request_of(kind: Kind, fits: ValueLike) -> Iterator[None]:
            with m.Case(kind):
                with m.If(fits):
                    yield
                with m.Else():
                    refuse(Refusal.LENGTH)

        with m.FSM():
            with m.State("REQUEST"), m.If(reader.o.valid):
                with m.If(request.fault != 0):
                    refuse(request.fault)
                with m.Else(), m.Switch(request.header.kind):
                    with request_of(Kind.IDENTITY, size == 0):
                        begin("IDENTITY", identity_bytes)
                    with request_of(Kind.COUNTERS, size == 0):
                        begin("COUNTERS", counter_bytes)
                    with request_of(Kind.PREDICT, size == x_bytes):
                        sample(learn=False)
                    if design.learns:
                        with request_of(Kind.LEARN, size == x_bytes + y_bytes):
                            sample(learn=True)
                    if design.parameters:
                        with request_of(Kind.LOAD, loaded != 0):
                            move("LOAD", loaded, 0)
                        with request_of(Kind.FETCH, size == ADDRESS_BYTES + COUNT_BYTES):
                            move("FETCH", fetched, fetched * value_bytes)
                    with m.Default():
                        refuse(Refusal.KIND)
            with m.State("REFUSE"):
                give(fault)
            with m.State("IDENTITY"):
                give(Cat(*(Const(byte, 8) for byte in [VERSION, *bytes.fromhex(design.digest)])))
            with m.State("COUNTERS"):
                saturations = Cat(learner.forward_saturations, learner.learning_saturations)
                give(Cat(learner.samples, saturations, refused))
            with m.State("SAMPLE"):
                m.d.comb += learner.x.valid.eq(~x_taken)
                with m.If(learner.x.ready):
                    m.d.sync += x_taken.eq(1)
                if design.y:
                    m.d.comb += learner.y.valid.eq(~y_taken)
                    with m.If(learner.y.ready):
                        m.d.sync += y_taken.eq(1)
                prediction = to_bytes(elements(learner.prediction.payload))
                taken = give(prediction, valid=learner.prediction.valid)
                m.d.comb += learner.prediction.ready.eq(taken)
            if design.parameters:
                with m.State("LOAD"):
                    m.d.comb += learner.load.valid.eq(count != 0)
                    with m.If(count == 0):
                        m.next = "END"
                    with m.Elif(learner.load.ready):
                        one_moved()
                with m.State("FETCH"):
                    m.d.comb += [writer.header.valid.eq(1), learner.fetch.valid.eq(count != 0)]
                    with m.If(count == 0):
                        m.next = "END"
                    with m.Elif(learner.fetch.ready):
                        one_moved()
                        m.next = "FETCHED"
                with m.State("FETCHED"):
                    value = to_bytes([learner.fetched.payload])
                    taken = give(value, valid=learner.fetched.valid, then="FETCH")
                    m.d.comb += learner.fetched.ready.eq(taken)
            with m.State("END"):
                m.d.comb += [writer.header.valid.eq(1), reader.o.ready.eq(writer.header.ready)]
                with m.If(writer.header.ready):
                    m.next = "REQUEST"
        return m


def from_bytes(payload: Value, formats: Formats) -> Value:
    """The elements in a payload, side by side as `layout_of` has them."""
    elements, start = [], 0
    for format in formats:
        elements.append(payload[start : start + format.width])
        start += 8 * bytes_of(format)
    return Cat(*elements)


def to_bytes(values: Sequence[Value]) -> Value:
    """The elements of a payload, each extended to whole bytes."""
    extended = []
    for value in values:
        shape = value.shape()
        top = value[-1] if shape.signed else Const(0)
        extended.append(Cat(value, top.replicate(-shape.width % 8)))
    return Cat(*extended)
