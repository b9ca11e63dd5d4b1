"""The gateware end of the protocol: requests in bytes become transfers on a learner's ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import Cat, Const, Module, ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from boards.design import Design, bytes_of, bytes_of_all
from boards.frames import FrameReader, FrameWriter
from boards.protocol import (
    ADDRESS_BYTES,
    COUNT_BYTES,
    COUNTER_BYTES,
    DIGEST_BYTES,
    VERSION,
    Kind,
    Refusal,
)
from boards.transfers import END, Answer, ParameterTransfer, SampleTransfer


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
        identity_bytes, counters_bytes = 1 + DIGEST_BYTES, 4 * COUNTER_BYTES
        longest = max(prediction_bytes, value_bytes, identity_bytes, counters_bytes)

        m = Module()
        m.submodules.reader = reader = FrameReader(design.request_limit, self.patience)
        m.submodules.writer = writer = FrameWriter()
        connect(m, flipped(self.i), reader.i)
        connect(m, writer.o, flipped(self.o))
        m.d.comb += reader.error.eq(self.i_error)

        request = reader.o.payload
        size, payload = request.header.length, request.payload.as_value()
        answer = Answer(m, writer, request.header, longest)
        samples = SampleTransfer(m, answer, design, learner, payload)
        if design.parameters:
            parameters = ParameterTransfer(m, answer, design, learner, payload, size)

        @contextmanager
        def request_of(kind: Kind, fits: ValueLike) -> Iterator[None]:
            with m.Case(kind):
                with m.If(fits):
                    yield
                with m.Else():
                    answer.refuse(Refusal.LENGTH)

        with m.FSM():
            with m.State("REQUEST"), m.If(reader.o.valid):
                with m.If(request.fault != 0):
                    answer.refuse(request.fault)
                with m.Else(), m.Switch(request.header.kind):
                    with request_of(Kind.IDENTITY, size == 0):
                        answer.begin("IDENTITY", identity_bytes)
                    with request_of(Kind.COUNTERS, size == 0):
                        answer.begin("COUNTERS", counters_bytes)
                    with request_of(Kind.PREDICT, size == x_bytes):
                        samples.begin(learn=False)
                    if design.learns:
                        with request_of(Kind.LEARN, size == x_bytes + y_bytes):
                            samples.begin(learn=True)
                    if design.parameters:
                        with request_of(Kind.LOAD, parameters.loaded != 0):
                            parameters.begin_load()
                        with request_of(Kind.FETCH, size == ADDRESS_BYTES + COUNT_BYTES):
                            parameters.begin_fetch()
                    with m.Default():
                        answer.refuse(Refusal.KIND)
            with m.State("REFUSE"):
                answer.give(answer.fault)
            with m.State("IDENTITY"):
                digest = int.from_bytes(bytes.fromhex(design.digest), "little")
                answer.give(Cat(Const(VERSION, 8), Const(digest, 8 * DIGEST_BYTES)))
            with m.State("COUNTERS"):
                saturations = [learner.forward_saturations, learner.learning_saturations]
                answer.give(Cat(learner.samples, *saturations, answer.refused))
            samples.states()
            if design.parameters:
                parameters.states()
            with m.State(END):
                m.d.comb += [writer.header.valid.eq(1), reader.o.ready.eq(writer.header.ready)]
                with m.If(writer.header.ready):
                    m.next = "REQUEST"
        return m
